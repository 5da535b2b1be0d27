"""Two sets of objects: what is on one side only, which fields differ, and when only words differ."""

from __future__ import annotations

from typing import Any

import pytest

from arcos.compare.objects import between, beyond_text


def config(data: dict[str, Any], name: str = "a", kind: str = "ConfigMap") -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": "x"}, "data": data}


def test_objects_and_fields_are_named() -> None:
    first = [config({"k": "1", "same": "s"}), config({}, "old")]
    second = [config({"k": "2", "same": "s"}), config({}, "new")]
    found = between(first, second)
    assert found.only_first == ("ConfigMap x/old",)
    assert found.only_second == ("ConfigMap x/new",)
    assert found.changed == {"ConfigMap x/a": ("data.k",)}


def test_a_digest_says_nothing_that_its_content_does_not() -> None:
    first, second = config({"k": "1"}, "seed-0123abcd", "Job"), config({"k": "2"}, "seed-89abcdef", "Job")
    assert between([first], [second]).changed == {"Job x/seed": ("data.k",)}
    noted = [{**config({}), "spec": {"annotations": {"arcos.dev/config": text}}} for text in "ab"]
    assert not between(noted[:1], noted[1:])


WORDS = {"local": "perth", "a.example.org": "b.example.net"}


@pytest.mark.parametrize(
    ("before", "after", "alike"),
    [
        ("https://hub.a.example.org/", "https://hub.b.example.net/", True),
        ("svc.cluster.local at local", "svc.cluster.local at perth", True),
        ("svc.cluster.local at local", "svc.cluster.local at local", True),
        (r"^hub\.a\.example\.org$", r"^hub\.b\.example\.net$", True),
        ("a.example.org twice", "b.example.net thrice", False),
        ("nothing of it", "something else", False),
        (1, 2, False),
    ],
)
def test_only_words_may_differ(before: object, after: object, alike: bool) -> None:
    found = beyond_text([config({"k": before})], [config({"k": after})], WORDS)
    assert bool(found) is not alike
