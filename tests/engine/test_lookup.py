"""After a crash everything can be found again: a way for each type, real questions, each thing one of a kind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from arcos.engine.lookup import AFTERLIFE, AGAIN, LOOKUPS, MEMBER, MOUNT, REFUSED, TAGGED, questions
from tests.engine.cloud.install import PACKAGES
from tests.engine.cloud.schema import Schema
from tests.engine.cloud.sdk import write_schema
from tests.engine.half import KINDS, Half
from tests.engine.life import used

pytestmark = pytest.mark.engine

EVERY = {*LOOKUPS, *TAGGED, *AGAIN, *REFUSED, MEMBER, MOUNT}


def test_every_type_that_a_kind_uses_can_be_found() -> None:
    assert used("aws") | used("openstack") <= EVERY


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_one_of_a_kind_in_what_it_is_found_by(kind: str, halves: Callable[[str], Half]) -> None:
    asked = Counter(
        (one.type, json.dumps([question.args for question in questions(one.type, one.inputs())], sort_keys=True))
        for one in halves(kind).ours
        if one.type not in {*AGAIN, *REFUSED, MEMBER}
    )

    assert [what for what, count in asked.items() if count > 1 or what[1] == "[]"] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_question_is_one_of_the_real_provider(package: str, schemas: Path) -> None:
    file = schemas / f"schema-{package}.json"
    if not file.exists():
        write_schema(package, file)
    schema = Schema.read(file)

    ways = [way for some in LOOKUPS.values() for way in some if way.function.startswith(f"{package}:")]
    assert ways
    for way in ways:
        function = schema.functions[way.function]
        assert way.by.keys() <= function["inputs"].keys(), way
        assert way.if_ in ("found", *function["outputs"]), way
    for one in (one for one in AFTERLIFE.values() if one.function.startswith(f"{package}:")):
        function = schema.functions[one.function]
        assert one.by in function["inputs"], one
        assert one.state in function["outputs"], one
