"""The fake cloud's tables against the real providers' SDKs: the same names, the same reasons for a new resource."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pulumi import _types

from tests.engine.cloud.install import PACKAGES
from tests.engine.cloud.rules import table
from tests.engine.cloud.schema import Schema
from tests.engine.cloud.sdk import args_class, write_schema

pytestmark = pytest.mark.engine

_NEW = re.compile(r"changing this (creates|will create) a new|forces? (a )?new resource", re.IGNORECASE)
#: Where the documents are wrong, for the provider's schema changes these in place, or speak of some cases only.
_IN_PLACE = {
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"privateDnsEnabled"},
    "openstack:containerinfra/cluster:Cluster": {"clusterTemplateId"},
    "openstack:loadbalancer/pool:Pool": {"persistence"},
}
_TYPES = [(package, token) for package in PACKAGES for token in table(package).resources]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_in_a_table_is_one_of_the_real_sdk(package: str, schemas: Path) -> None:
    file = schemas / f"schema-{package}.json"
    if not file.exists():
        write_schema(package, file)
    schema = Schema.read(file)

    unknown = []
    for token, rule in table(package).resources.items():
        inputs, outputs = schema.resources[token]["inputs"], schema.resources[token]["outputs"]
        asked = [*rule.replace, *rule.unique, *rule.refs, *rule.goes_with, rule.named or "region"]
        unknown += [(token, path) for path in asked if _top(path) not in inputs and path != "region"]
        unknown += [(token, path) for path in [*rule.computed, *rule.secret, *rule.grows] if _top(path) not in outputs]
    for token, function in table(package).functions.items():
        known = {*schema.functions[token]["outputs"], *schema.functions[token]["inputs"]}
        names = [*function.answer, *(name for one in function.known for name in one)]
        unknown += [(token, name) for name in names if name not in known]
    assert not unknown, "names that the real provider does not have"


@pytest.mark.parametrize(("package", "token"), _TYPES)
def test_what_the_documents_say_makes_a_new_resource_does_so_here(package: str, token: str) -> None:
    args = args_class(token)
    says = {
        pulumi_name
        for name, pulumi_name in _types.input_type_py_to_pulumi_names(args).items()
        if _NEW.search(getattr(args, name).__doc__ or "")
    }

    missing = says - {_top(path) for path in table(package).resources[token].replace} - _IN_PLACE.get(token, set())
    assert not missing, "the documents say that a change of these makes a new one"


@pytest.mark.parametrize(("package", "token"), _TYPES)
def test_what_cannot_change_in_place_has_no_input_that_could(package: str, token: str) -> None:
    rule = table(package).resources[token]
    inputs = set(_types.input_type_py_to_pulumi_names(args_class(token)).values())

    assert rule.in_place is bool(inputs - {_top(path) for path in rule.replace})


def _top(path: str) -> str:
    return path.rstrip("?").partition(".")[0]
