"""What a site says in different places has to fit together; what does not is refused at its field."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from arcos.site.diagnostics import Finding

Check = Callable[[str | bytes], list[Finding]]

SITE = """\
config:
  arcos:site:
    title: A site
    domain: a.example.org
    contact: ops@example.org
    release: "2026.11"
    registry: registry.example.org/arcos
    cluster:
      kind: openstack-magnum
      nodePools:
        - {name: core, flavor: m3.large, min: 3, max: 6, cpu: 8, memory: 32Gi}
        - {name: gpu, flavor: g1.xlarge, min: 0, max: 1, gpu: nvidia, cpu: 16, memory: 64Gi}
      template: kubernetes-1.37
    apps:
      ingress: {}
      database: {backup: {kind: none, reason: the cloud saves volumes}}
      auth:
        groups: [{name: chem-lab}]
        federations:
          - {kind: oidc, name: aaf, issuer: https://aaf.example.org, clientId: x,
             admit: [{group: chem-lab, values: [a]}]}
      jupyterhub:
        servers: 100
        profiles:
          - {name: small, image: notebook-minimal, memory: 2Gi, cpu: 2, groups: [chem-lab]}
          - {name: gpu, image: notebook-scipy, memory: 32Gi, cpu: 4, gpu: 1}
"""


def test_a_site_whose_parts_fit_is_taken(check: Check) -> None:
    assert check(SITE) == []


#: What is replaced, by what; what the finding points at; pieces of what is wrong, accepted and hint.
MISFITS = {
    "image misspelt": (
        *("notebook-scipy", "notebook-scpy", "notebook-scpy"),
        *("there is no image `notebook-scpy`", "notebook-minimal", "`notebook-scipy`"),
    ),
    "image of a service": (
        *("notebook-scipy", "keycloak", "keycloak"),
        *("`keycloak` is no notebook", "notebook-scipy", ""),
    ),
    "two profiles of one name": (
        *("{name: gpu, image", "{name: small, image", "small, image: notebook-scipy"),
        *("the name `small` is used twice", "every name once", "line 25"),
    ),
    "a profile for nobody": (
        *("2, groups: [chem-lab]", "2, groups: [chemlab]", "chemlab]"),
        *("no group `chemlab` is defined", "researchers", "`chem-lab`"),
    ),
    "members of no group": (
        *("[{group: chem-lab", "[{group: physics", "physics,"),
        *("no group `physics` is defined", "chem-lab", "apps.auth.groups"),
    ),
    "dashboards for nobody": (
        *(
            "ingress: {}",
            "ingress: {}\n      monitoring: {grafana: {editors: [chem-lab], viewers: [chemlab]}}",
            "chemlab]",
        ),
        *("no group `chemlab` is defined", "researchers", "`chem-lab`"),
    ),
    "GPUs where there are none": (
        *("max: 1, gpu: nvidia", "max: 1", "gpu: 1}"),
        *("needs the cluster's `gpu`", "`gpu`", "`gpu: 0`"),
    ),
    "GPUs of nobody knows whom": (
        *("max: 6, cpu: 8", "max: 6, gpu: amd, cpu: 8", "gpu: 1}"),
        *("has GPUs of amd and nvidia, and nothing says whose", "gpuVendor: amd or nvidia", ""),
    ),
    "GPUs of another vendor": (
        *("gpu: 1}", "gpu: 1, gpuVendor: intel}", "intel}"),
        *("the cluster has no GPUs of intel", "gpuVendor: nvidia", ""),
    ),
    "more memory than a node": (
        *("memory: 32Gi, cpu: 4", "memory: 65Gi, cpu: 4", "65Gi"),
        *("`memory` is more than any node has (64Gi)", "64Gi", ""),
    ),
    "more cores than a node": (
        *("cpu: 4", "cpu: 17", "17,"),
        *("`cpu` is more than any node has (16)", "16", ""),
    ),
    "more servers than the site holds": (
        *("servers: 100", "servers: 129", "129"),
        *("`servers` is 129", "up to 128 of the smallest", "more nodes"),
    ),
    "a folder that many write where one may": (
        *("servers: 100", "servers: 100\n        shared: [{group: chem-lab}]", "shared:"),
        *("`jupyterhub.shared` needs the cluster's `rwxStorageClass`", "rwxStorageClass", ""),
    ),
    "names outside of their zone": (
        *("ingress: {}", "ingress: {}\n      dns: {provider: {kind: designate}, zone: example.com}", "example.com"),
        *("domain a.example.org is not in the zone example.com", "a zone above it", ""),
    ),
    "a certificate that nobody signs": (
        *("ingress: {}", "ingress: {tls: {kind: local-ca}}", "local-ca"),
        *("`local-ca` signs on sites of cluster kind `local` only", "{kind: secret}", "prints the command"),
    ),
    "issuer without TLS": (
        *("https://aaf", "http://aaf", "http://aaf"),
        *("is not an https address", "https://", ""),
    ),
}


@pytest.mark.parametrize("case", MISFITS, ids=str)
def test_what_does_not_fit_is_refused_at_its_field(case: str, check: Check) -> None:
    old, new, pointed, what, accepted, hint = MISFITS[case]
    assert SITE.count(old) == 1, f"{old!r} stands {SITE.count(old)} times in the file"
    findings = check(SITE.replace(old, new))
    assert len(findings) == 1, [(f.line, f.column, f.what) for f in findings]
    [finding] = findings
    assert finding.source[finding.column - 1 :].startswith(pointed)
    assert what in finding.what
    assert accepted in finding.accepted
    assert hint in finding.hint


@pytest.mark.parametrize("zone", ["a.example.org", "example.org"])
def test_a_zone_may_be_the_domain_or_lie_above_it(zone: str, check: Check) -> None:
    dns = f"ingress: {{}}\n      dns: {{provider: {{kind: designate}}, zone: {zone}}}"
    assert check(SITE.replace("ingress: {}", dns)) == []


def test_what_a_site_does_not_tell_is_not_guessed(check: Check) -> None:
    text = SITE.replace("cpu: 8, memory: 32Gi}", "cpu: 8}").replace("memory: 32Gi, cpu: 4", "memory: 900Gi, cpu: 4")
    assert check(text) == [], "the pool that does not tell may be the largest"


def test_a_promise_counts_not_the_most(check: Check) -> None:
    text = SITE.replace("memory: 32Gi, cpu: 4", "memory: 128Gi, memoryRequest: 8Gi, cpu: 4")
    assert check(text) == [], "it starts, and a kernel that takes too much is ended"
