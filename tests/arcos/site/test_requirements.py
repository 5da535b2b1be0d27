"""An app whose dependency is off is refused at the field that asks for it; every other choice of apps is a site."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import get_args

import pytest
import yaml

from arcos.site.diagnostics import Finding
from arcos.site.model import Apps
from components.requirement import Requiring

Check = Callable[[str | bytes], list[Finding]]
Swap = Callable[[str, str], str]


def test_a_page_for_some_groups_needs_to_know_who_is_in_them(check: Check, swap: Swap) -> None:
    [finding] = check(swap("{message: Hello}", "{groups: [operators]}"))
    assert (finding.line, finding.column) == (15, 17), "at the field, not at the app"
    assert "`welcome.groups` needs the app `auth`" in finding.what
    assert "`auth: {}`" in finding.accepted


def test_grafana_needs_somebody_who_signs_people_in_and_keeps_what_they_make(check: Check, swap: Swap) -> None:
    findings = check(swap("{message: Hello}", "{}\n      monitoring: {page: false, grafana: {}}"))
    said = [finding for finding in findings if "`monitoring.grafana` needs the app" in finding.what]
    assert [finding.what.split("`")[3] for finding in said] == ["auth", "database"]
    assert {(finding.line, finding.column) for finding in said} == {(16, 33)}, "at the field"


#: An app with its defaults is `{}`; one whose defaults ask for another app that it can do without is told so.
_ALONE = {"database": "{backup: {kind: none, reason: the centre saves its volumes}}"}
_CLUSTER = """\
      kind: existing
      capabilities: {defaultStorageClass: block, rwxStorageClass: files, loadBalancer: true, hostedZone: Z01234567}
"""


def _site(good: str, apps: tuple[str, ...]) -> str:
    start, end = good.index("      kind:"), good.index("    apps:")
    lines = [f"      {app}: {_ALONE.get(app, '{}')}\n" for app in apps]
    return good[:start] + _CLUSTER + good[end : end + len("    apps:")] + ("\n" + "".join(lines) if apps else " {}\n")


def _asked(app: str) -> set[str]:
    """What an app's settings ask for, with the defaults used here."""
    field = get_args(Apps.model_fields[app].annotation)[0]
    config = field.model_validate(yaml.safe_load(_ALONE.get(app, "{}")))
    return {need.app for need in config.requires() if need.app} if isinstance(config, Requiring) else set()


SUBSETS = [
    subset for size in range(len(Apps.model_fields) + 1) for subset in itertools.combinations(Apps.model_fields, size)
]


@pytest.mark.parametrize("apps", SUBSETS, ids=lambda apps: "+".join(apps) or "none")
def test_a_choice_of_apps_is_taken_or_each_missing_one_is_named(apps: tuple[str, ...], check: Check, good: str) -> None:
    missing = {(app, need) for app in apps for need in _asked(app) - set(apps)}
    text = _site(good, apps)
    said = set()
    for finding in check(text):
        app, need = re.fullmatch(r"`(\w+)[\w.]*` needs the app `(\w+)`, which is not there: .+", finding.what).groups()  # type: ignore[union-attr]
        assert text.splitlines()[finding.line - 1].strip().startswith(f"{app}:"), "shown at the app that asks"
        said.add((app, need))
    assert said == missing


def test_names_need_an_address_that_they_can_lead_to_and_a_zone_that_may_be_changed(check: Check, good: str) -> None:
    text = _site(good, ("ingress", "dns")).replace(", loadBalancer: true, hostedZone: Z01234567", "")
    address, zone = [finding.what for finding in check(text)]
    assert "`dns` needs the cluster's `loadBalancer`" in address
    assert "`dns.provider` needs the cluster's `hostedZone`" in zone
    other = "dns: {provider: {kind: rfc2136, server: ns1.example.org, key: arcos}}"
    [only] = check(text.replace("dns: {}", other))
    assert "loadBalancer" in only.what, "the zone of AWS is asked for where AWS keeps the records"
