"""The record's form: every id survives writing and reading, and it stays small."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcos.apply.inventory import decode, encode
from arcos.apply.manifest import Id

names = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?", fullmatch=True)
kinds = st.from_regex(r"[A-Z][A-Za-z]{0,20}", fullmatch=True)
ids = st.builds(Id, st.one_of(st.just(""), names), kinds, st.one_of(st.just(""), names), names)


@given(st.frozensets(ids))
def test_what_is_written_is_read_back(some):
    assert decode(encode(some)) == some


@given(st.lists(ids, unique=True))
def test_the_order_of_objects_does_not_matter(some):
    assert encode(some) == encode(reversed(some))


def test_role_names_with_colons_survive():
    one = frozenset([Id("rbac.authorization.k8s.io", "ClusterRole", "", "system:arcos:reader")])
    assert decode(encode(one)) == one


def test_nonsense_is_an_error_never_an_empty_record():
    with pytest.raises(ValueError):
        decode("ConfigMap without any names\n")


def test_ten_thousand_objects_fit_into_a_config_map():
    many = [Id("apps", "Deployment", f"team-{n % 100}", f"service-number-{n}") for n in range(10_000)]
    assert len(encode(many)) < 300_000, "a ConfigMap holds 1 MiB"
