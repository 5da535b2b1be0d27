"""Whatever stands in a site file, the answer is a site or findings, never a traceback.

1,000 broken files from a fixed seed on every run, and `ARCOS_FUZZ=10000` (12 s of CPU) before a release, in which the
first 1,000 are the same; and what Hypothesis thinks of.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arcos.errors import ArcosError
from arcos.paths import STACKS
from arcos.site.diagnostics import SiteErrors, render_findings
from arcos.site.document import parse
from arcos.site.loader import load_site, site_from_config
from arcos.site.schema import site_schema

FILES = int(os.environ.get("ARCOS_FUZZ", "1000"))
TODAY = date(2026, 11, 22)

#: Pieces that parsers trip over.
WORDS = r"""
    : - ? , [ ] { } # & * ! | > ' " % @ ` ~ << --- ... &a *a !!python/name:os.system !!binary null true yes 0x1f
    1e400 .nan 9999999999999999999999 2027-06-30 2027-02-30 -1 0 kind local aws-eks openstack-magnm {} [] secure:
    %YAML arcos:site: config: cluster: apps: deviations: [[[[ {{{{ '' "" |- >+ cluster.nodePools[0].max
    title domain contact release name
"""
NASTY = WORDS.split()
NASTY += [
    "\n",
    "\r",
    "\t",
    " ",
    "  ",
    "\n- ",
    "\n    ",
    "\\",
    "x" * 300,
    "\U0001f389",
    "\u202e",
    "\x00",
    "\ufeff",
    "\x85",
    "\u2028",
]

VALIDATOR = jsonschema.Draft202012Validator(site_schema())


def _flip(text: bytes, rng: random.Random) -> bytes:
    data = bytearray(text)
    for _ in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def _insert(text: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(NASTY).encode() + text[at + rng.choice((0, 0, 1, 5)) :]


def _cut(text: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(text))
    return text[:start] + text[start + rng.randint(1, 60) :]


def _lines(text: bytes, rng: random.Random) -> bytes:
    lines = text.split(b"\n")
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    action = rng.randrange(4)
    if action == 0:
        lines[a], lines[b] = lines[b], lines[a]
    elif action == 1:
        lines.insert(a, lines[b])
    elif action == 2:
        lines[a] = b" " * rng.randint(0, 9) + lines[a].lstrip()
    else:
        del lines[min(a, b) : max(a, b)]
    return b"\n".join(lines)


def _value(text: bytes, rng: random.Random) -> bytes:
    """Another value behind a key."""
    lines = text.split(b"\n")
    keyed = [index for index, line in enumerate(lines) if b": " in line]
    if not keyed:
        return text
    index = rng.choice(keyed)
    head, tail = lines[index].split(b": ", 1)
    lines[index] = (
        head + b": " + rng.choice((rng.choice(NASTY).encode(), tail * 2, tail[::-1], b'"' + tail + b'"', b""))
    )
    return b"\n".join(lines)


def _recode(text: bytes, rng: random.Random) -> bytes:
    return text.decode(errors="replace").encode(
        rng.choice(("utf-16", "utf-16-le", "utf-8-sig", "utf-32", "cp500")), errors="replace"
    )


MUTATORS: tuple[tuple[Callable[[bytes, random.Random], bytes], int], ...] = (
    (_flip, 3),
    (_insert, 6),
    (_cut, 2),
    (_lines, 4),
    (_value, 6),
    (_recode, 1),
)


def _hold(stacks: Path) -> bool:
    """Load the file; hold that findings are in it and can be printed, and that what is taken fits the schema."""
    text = (stacks / "Pulumi.a.yaml").read_bytes()
    try:
        site = load_site("a", stacks, today=TODAY)
    except SiteErrors as error:
        _hold_findings(error, text.count(b"\n") + 1)
        return False
    data = parse("a", text.decode()).data
    VALIDATOR.validate(json.loads(json.dumps(data, default=str)))
    assert site_from_config(json.loads(json.dumps(data["config"]["arcos:site"], default=str)), "a", stacks) == site
    return True


def _hold_findings(error: SiteErrors, lines: int) -> None:
    for finding in error.findings:
        assert 1 <= finding.line <= lines, f"the line is in the file: {finding}"
        assert 1 <= finding.column <= len(finding.source) + 1, f"the column is in the line: {finding}"
    assert all(line.isprintable() for line in error.lines()), "nothing of the file moves a terminal's cursor"
    assert render_findings(error.findings, "github").count("\n") == len(error.findings) - 1, "one command a finding"
    json.loads(render_findings(error.findings, "json"))


def test_broken_files(stacks: Path) -> None:
    seeds = [file.read_bytes() for file in sorted(STACKS.glob("Pulumi.*.yaml"))]
    mutators, weights = zip(*MUTATORS, strict=True)
    rng = random.Random(os.environ.get("ARCOS_FUZZ_SEED", "20261122"))
    taken = 0
    for _ in range(FILES):
        text = rng.choice(seeds)
        for mutate in rng.choices(mutators, weights, k=rng.choice((1, 1, 1, 2, 4))):
            text = mutate(text, rng) or b" "
        (stacks / "Pulumi.a.yaml").write_bytes(text)
        taken += _hold(stacks)
    assert 0 < taken < FILES / 2, (
        f"{taken} of {FILES} were taken: some edits hit comments and free text, most break something"
    )


YAML_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=20) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9) | st.integers(), inner, max_size=4),
    max_leaves=12,
)
KEYS = ["title", "domain", "contact", "release", "registry", "cluster", "apps", "deviations", "name"]


@pytest.mark.parametrize("kind", ["local", "existing", "openstack-magnum", "openstack-vm", "aws-eks"])
@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_any_yaml_at_any_key(kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    stacks = tmp_path_factory.getbasetemp() / "any"
    stacks.mkdir(exist_ok=True)
    site = {
        "cluster": {"kind": kind} | data.draw(st.dictionaries(st.sampled_from(["nodePools", "httpPort"]), YAML_VALUES))
    }
    site |= data.draw(st.dictionaries(st.sampled_from(KEYS), YAML_VALUES, max_size=4))
    site = data.draw(st.just(site) | YAML_VALUES)
    root = data.draw(st.sampled_from([{"config": {"arcos:site": site}}, {"config": site}, site]))
    (stacks / "Pulumi.a.yaml").write_text(
        yaml.safe_dump(root, allow_unicode=data.draw(st.booleans())), encoding="utf-8"
    )
    _hold(stacks)
    with suppress(ArcosError):
        site_from_config(site, "a", stacks)
