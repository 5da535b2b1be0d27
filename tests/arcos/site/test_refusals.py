"""Every mistake in a site file is refused at its place, with what is accepted and the nearest right spelling."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arcos.site.diagnostics import Finding

Check = Callable[[str | bytes], list[Finding]]
Swap = Callable[[str, str], str]


def test_a_good_file_has_no_findings(check: Check, good: str) -> None:
    assert check(good) == [], "the file that all refusals are made from must itself be accepted"


#: What is replaced, by what; line:column of the finding; pieces of what is wrong, accepted and hint.
REFUSALS = {
    "unknown key of a site": ("domain: a", "domian: a", "4:5", "unknown key `domian`", "domain", "`domain`"),
    "unknown key of a cluster": ("nodePools:", "node_pools:", "10:7", "unknown key", "nodePools", "`nodePools`"),
    "unknown key of a pool": ("flavor:", "flavour:", "11:24", "unknown key `flavour`", "flavor", "`flavor`"),
    "unknown key of an app": ("message:", "mesage:", "15:17", "unknown key `mesage`", "message", "`message`"),
    "unknown key of a deviation": ("reason:", "reasn:", "17:39", "unknown key `reasn`", "reason", "`reason`"),
    "key of another cluster kind": ("nodePools:", "httpPort:", "10:7", "unknown key `httpPort`", "nodePools", ""),
    "the site's name": ("title:", "name: a\n    title:", "3:5", "unknown key `name`", "title", ""),
    "a secret inside the site": ("title: A site", "title: {secure: x}", "3:12", "`title` is a mapping", "text", ""),
    "key of two words": (
        "title: A site",
        "title: A site\n    Contact: x",
        "4:5",
        "unknown key",
        "contact",
        "`contact`",
    ),
    "app that does not exist": ("welcome:", "welcom:", "15:7", "there is no app `welcom`", "ingress", "`welcome`"),
    "release that does not exist": ('"2026.11"', '"2026.10"', "6:14", "there is no release", "2026.11", "`2026.11`"),
    "release without quotes": ('"2026.11"', "2026.10", "6:14", "a number with a fraction", "text", '"2026.10"'),
    "text as number": ("title: A site", "title: 5", "3:12", "`title` is a number, not text", "text", '"5"'),
    "text as date": ("title: A site", "title: 2026-11-01", "3:12", "is a date, not text", "text", '"2026-11-01"'),
    "text as truth": ("title: A site", "title: true", "3:12", "is `true`, not text", "text", '"true"'),
    "text as list": ("title: A site", "title: [a]", "3:12", "is a list, not text", "text", ""),
    "number as text": ("min: 3", 'min: "3"', "11:47", "is text, not a whole number", "0 to 1000", "without quotes"),
    "number with a fraction": ("min: 3", "min: 3.5", "11:47", "not a whole number", "0 to 1000", ""),
    "number as truth": ("min: 3", "min: true", "11:47", "is `true`", "0 to 1000", ""),
    "number too small": ("min: 3", "min: -1", "11:47", "is -1, too small", "from 0 to 1000", ""),
    "number too large": ("max: 6", "max: 1001", "11:55", "is 1001, too large", "from 1 to 1000", ""),
    "min greater than max": ("max: 6", "max: 2", "11:55", "`max` is less than `min` (3)", "3 to 1000", ""),
    "list as text": ("max: 6}", "max: 6, taints: gpu}", "11:66", "not a list", "a list", "[gpu]"),
    "value of a fixed set": ("max: 6}", "max: 6, gpu: nvidai}", "11:63", "`gpu`", "amd, intel, nvidia", "`nvidia`"),
    "empty list": (
        "        - {name: core, flavor: m3.large, min: 3, max: 6}",
        "          []",
        "11:11",
        "empty",
        "at least 1",
        "",
    ),
    "app as truth": ("ingress: {}", "ingress: true", "14:16", "is `true`, not a mapping", "mapping", "write {}"),
    "app without value": ("ingress: {}", "ingress:", "14:7", "`ingress` has no value", "`{}`", ""),
    "value null": ("{message: Hello}", "{message: ~}", "15:17", "`message` has no value", "leave the key out", ""),
    "domain with a capital": (
        "a.example.org",
        "A.example.org",
        "4:13",
        "not a domain",
        "lower-case",
        "`a.example.org`",
    ),
    "domain with a scheme": ("a.example.org", "https://a.example.org/", "4:13", "not a domain", "", "`a.example.org`"),
    "domain of one label": ("a.example.org", "localhost", "4:13", "not a domain", "two or more labels", ""),
    "domain with a space": ("a.example.org", "a example.org", "4:13", "not a domain", "labels", ""),
    "domain of another script": ("a.example.org", "bücher.example.org", "4:13", "not a domain", "xn--", ""),
    "e-mail without domain": ("ops@example.org", "ops", "5:14", "not an e-mail", "platform-ops@", ""),
    "e-mail with a name": (
        "ops@example.org",
        "Ops <ops@example.org>",
        "5:14",
        "not an e-mail",
        "",
        "`ops@example.org`",
    ),
    "kind misspelt": (
        "openstack-magnum",
        "openstack-magnm",
        "9:13",
        "`kind` is unknown",
        "aws-eks",
        "`openstack-magnum`",
    ),
    "kind missing": ("      kind: openstack-magnum\n", "", "8:5", "`kind` is missing", "local, existing", ""),
    "field missing": ("    title: A site\n", "", "2:3", "`title` is missing", "What people call the site", ""),
    "registry missing": (
        "    registry: registry.example.org/arcos\n",
        "",
        "2:3",
        "`registry` is missing",
        "registry.",
        "",
    ),
    "registry with a scheme": (
        "registry.example.org/arcos",
        "https://r.example.org/arcos",
        "7:15",
        "registry",
        "",
        "`r.example",
    ),
    "date that is none": ("2027-06-30", "2027-02-30", "17:73", "no day of the calendar", "2027-06-30", ""),
    "date of another order": ("2027-06-30", "30.06.2027", "17:73", "is not a date", "2027-06-30", ""),
    "date as number": ("2027-06-30", "2027", "17:73", "is a number, not a date", "2027-06-30", ""),
    "deviation expired": ("2027-06-30", "2026-11-21", "17:73", "expired on 2026-11-21", "2026-11-22", "standard"),
    "deviation without reason": ('reason: "only one node", ', "", "17:9", "`reason` is missing", "Why", ""),
    "deviation with empty reason": ('"only one node"', '""', "17:47", "`reason` is empty", "8 characters", ""),
    "deviation to nowhere": (
        "apps.ingress.replicas",
        "apps.ingres.replicas",
        "17:16",
        "no `ingres`",
        "ingress",
        "`ingress`",
    ),
    "deviation below a value": ("apps.ingress.replicas", "title.x", "17:16", "nothing below", "`title`", ""),
    "two lines in a title": (
        "title: A site",
        'title: "A\\nsite"',
        "3:12",
        "more than one line",
        "one line",
        "`A site`",
    ),
    "text too long": ("message: Hello", "message: " + "x" * 2001, "15:26", "2001 characters, too many", "2000", ""),
}


@pytest.mark.parametrize("case", REFUSALS, ids=str)
def test_refused_at_its_place(case: str, check: Check, swap: Swap) -> None:
    old, new, place, what, accepted, hint = REFUSALS[case]
    findings = check(swap(old, new))
    assert len(findings) >= 1, f"{case}: must be refused"
    best = next((finding for finding in findings if f"{finding.line}:{finding.column}" == place), None)
    assert best, f"{case}: expected at {place}, found {[(f.line, f.column, f.what) for f in findings]}"
    assert what in best.what, f"{case}: says what is wrong"
    assert accepted in best.accepted, f"{case}: says what is accepted"
    assert hint in best.hint, f"{case}: gives the nearest right spelling"
    assert best.source, f"{case}: shows the source line"


def test_a_pool_of_a_fixed_size_is_taken(check: Check, swap: Swap) -> None:
    assert check(swap("max: 6", "max: 3")) == [], "min and max may be the same"


def test_a_misspelt_key_is_one_finding_not_two(check: Check, swap: Swap) -> None:
    findings = check(swap("domain: a", "domian: a"))
    assert [finding.what for finding in findings] == ["unknown key `domian`"], "`domain` is missing only because of it"


def test_two_entries_with_one_name_name_each_other(check: Check, swap: Swap) -> None:
    pool = "        - {name: core, flavor: m3.large, min: 3, max: 6}\n"
    (finding,) = check(swap(pool, pool * 2))
    assert (finding.line, finding.column, finding.hint) == (12, 18, "line 11 has it already")


def test_unknown_keys_are_found_below_an_unknown_kind(check: Check, swap: Swap) -> None:
    text = swap("openstack-magnum", "zzzzz").replace("flavor:", "flavuor:")
    findings = [finding.what for finding in check(text)]
    assert "unknown key `flavuor`" in findings, "no variant takes it, whichever kind was meant"


def test_values_are_checked_below_a_misspelt_kind(check: Check, swap: Swap) -> None:
    text = swap("openstack-magnum", "openstack-magnm").replace("min: 3", "min: -3")
    assert [f.what for f in check(text)] == ["`kind` is unknown: `openstack-magnm`", "`min` is -3, too small"]


def test_a_key_of_another_kind_is_unknown_below_a_misspelt_kind(check: Check, swap: Swap) -> None:
    text = swap("openstack-magnum", "openstack-magnm\n      httpPort: 80")
    assert "unknown key `httpPort`" in [finding.what for finding in check(text)], (
        "the kind that was meant has no such key"
    )


def test_a_word_that_readers_dispute_is_one_finding_not_two(check: Check, swap: Swap) -> None:
    (finding,) = check(swap("min: 3", "min: yes"))
    assert "`yes` unquoted" in finding.what, "what it would be as text is not asked"


def test_ports_of_a_local_site_differ(check: Check, good: str) -> None:
    start, end = good.index("    cluster:"), good.index("    apps:")
    text = good[:start] + "    cluster: {kind: local, httpPort: 80, apiPort: 80}\n" + good[end:]
    (finding,) = check(text)
    assert finding.what == "`apiPort` is the same port as `httpPort`"


def test_all_mistakes_of_a_file_come_in_one_run_in_its_order(check: Check, good: str) -> None:
    text = (
        good.replace("title: A site", "title: 5")
        .replace("a.example.org", "A B")
        .replace("contact:", "contakt:")
        .replace("min: 3, max: 6", "min: 3, max: 2")
        .replace("Hello", "yes")
        .replace("welcome:", "welcom:")
        .replace("2027-06-30", "2020-01-01")
        .replace("registry: registry", "registry: &x registry")
    )
    lines = [finding.line for finding in check(text)]
    assert lines == [3, 4, 5, 7, 11, 15, 15, 17], "one mistake does not hide another"
