"""Notebook servers: bounded, apart from each other, and as hardened as the platform itself."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest
from pydantic import ValidationError

from apps.jupyterhub.config import JupyterHubConfig
from apps.jupyterhub.jupyterhub import JupyterHub, JupyterHubArgs, needs, quotas
from apps.jupyterhub.notebooks import PRIVATE, internet, rules
from apps.jupyterhub.settings import profile, site
from arcos.render.evaluate import run
from components.facts import Facts

FACTS = Facts(
    name="x", title="X", contact="a@b.org", domain="x.org", https_port=8443, storage_class="block", gpu=("nvidia",)
)


def _image(name: str) -> str:
    return f"r/{name}:1@sha256:" + "0" * 64


def _made() -> list[dict]:
    args = JupyterHubArgs(config=JupyterHubConfig(), facts=FACTS, images=_image)
    return run(lambda: JupyterHub("jupyterhub", args), stack="toy")


def test_servers_reach_the_internet_and_nothing_of_the_site():
    """The address at which clouds hand out credentials, the Kubernetes API and other people's servers are private."""
    [anywhere, _] = internet()["to"]
    assert anywhere["ip_block"]["except_"] == list(PRIVATE)
    assert {"169.254.0.0/16", "10.0.0.0/8"} <= set(PRIVATE)


def test_only_the_hub_and_its_proxy_reach_a_server():
    [policy] = [m for m in _made() if m["kind"] == "NetworkPolicy" and m["metadata"]["namespace"] == "notebooks"]
    sources = [rule["from"][0]["podSelector"]["matchLabels"] for rule in policy["spec"]["ingress"]]
    assert [one["app.kubernetes.io/name"] for one in sources] == ["jupyterhub", "proxy"]


def test_the_hub_can_never_delete_files_nor_read_secrets():
    allowed = {(resource, verb) for rule in rules() for resource in rule["resources"] for verb in rule["verbs"]}
    assert ("persistentvolumeclaims", "delete") not in allowed
    assert not [resource for resource, _ in allowed if resource == "secrets"]


def test_every_image_is_on_every_node_before_anybody_waits():
    [bringer] = [m for m in _made() if m["kind"] == "DaemonSet"]
    images = [one["image"] for one in bringer["spec"]["template"]["spec"]["initContainers"]]
    assert images == [_image("notebook-minimal"), _image("notebook-scipy")]


def test_a_profile_is_for_those_groups_that_it_names():
    config = JupyterHubConfig.model_validate(
        {
            "profiles": [
                {"name": "a", "image": "notebook-minimal"},
                {"name": "b", "image": "notebook-scipy", "groups": ["lab"]},
            ]
        }
    )
    told = site(config, FACTS, _image)
    assert [one["groups"] for one in told["profiles"]] == [["operators", "researchers"], ["lab"]]
    assert told["allowedGroups"] == ["lab", "operators", "researchers"]


def test_a_profile_becomes_limits_in_cores_and_bytes():
    config = JupyterHubConfig.model_validate(
        {"profiles": [{"name": "g", "image": "notebook-scipy", "cpu": 4, "memory": "8Gi", "gpu": 2, "longest": "12h"}]}
    )
    override = profile(config.profiles[0], FACTS, _image, first=True)["kubespawner_override"]
    assert (override["cpu_limit"], override["cpu_guarantee"], override["mem_limit"]) == (4.0, 0.1, 8 * 2**30)
    assert override["extra_resource_limits"] == {"nvidia.com/gpu": "2"}
    assert override["extra_pod_config"]["activeDeadlineSeconds"] == 12 * 3600
    assert override["extra_pod_config"]["automountServiceAccountToken"] is False, "it replaces what all pods have"


def test_a_profile_gets_the_gpus_of_the_vendor_that_it_names():
    both = replace(FACTS, gpu=("amd", "nvidia"))
    named = {"name": "g", "image": "notebook-scipy", "gpu": 1, "gpuVendor": "nvidia"}
    config = JupyterHubConfig.model_validate({"profiles": [named]})
    override = profile(config.profiles[0], both, _image, first=True)["kubespawner_override"]
    assert override["extra_resource_limits"] == {"nvidia.com/gpu": "1"}


def test_a_promise_of_more_memory_than_the_limit_is_refused():
    with pytest.raises(ValidationError, match=r"is more than `memory` \(1Gi\)"):
        JupyterHubConfig.model_validate(
            {"profiles": [{"name": "a", "image": "x", "memory": "1Gi", "memoryRequest": "2Gi"}]}
        )


def test_the_quota_fits_as_many_servers_as_may_run():
    small = JupyterHubConfig.model_validate({"servers": 1, "profiles": [{"name": "a", "image": "x", "memory": "1Gi"}]})
    assert quotas(small)["notebooks"].memory == f"{1024 + 16000}Mi"


def test_sign_out_may_lead_back_to_the_landing_page_only_or_the_hub():
    [client] = needs(JupyterHubConfig(), FACTS).clients
    assert client.redirect_urls == ("https://hub.x.org:8443/hub/oauth_callback",)
    assert client.post_logout_urls == ("https://x.org:8443/", "https://hub.x.org:8443/*")


SHARED = {"shared": [{"group": "chem", "size": "1Ti"}, {"group": "bio"}]}


def test_each_group_that_shares_a_folder_has_a_volume_of_its_own_that_is_never_thrown_away():
    facts = dataclasses.replace(FACTS, rwx_storage_class="files")
    config = JupyterHubConfig.model_validate(SHARED)
    made = run(lambda: JupyterHub("hub", JupyterHubArgs(config=config, facts=facts, images=_image)), stack="toy")
    claims = {m["metadata"]["name"]: m["spec"] for m in made if m["kind"] == "PersistentVolumeClaim"}
    assert {name: spec["resources"]["requests"]["storage"] for name, spec in claims.items()} == {
        "group-chem": "1Ti",
        "group-bio": "100Gi",
    }
    assert {(tuple(spec["accessModes"]), spec["storageClassName"]) for spec in claims.values()} == {
        (("ReadWriteMany",), "files")
    }
    labels = {m["metadata"]["name"]: m["metadata"]["labels"] for m in made if m["kind"] == "PersistentVolumeClaim"}
    counted = {name: each["arcos.dev/group"] for name, each in labels.items()}
    assert counted == {"group-chem": "chem", "group-bio": "bio"}, "monitoring counts it for its group"
    told = site(config, facts, _image)["shared"]
    assert told == [{"group": "chem", "claim": "group-chem"}, {"group": "bio", "claim": "group-bio"}]


def test_a_group_has_one_folder():
    with pytest.raises(ValidationError, match="two folders of `chem`"):
        JupyterHubConfig.model_validate({"shared": [{"group": "chem"}, {"group": "chem"}]})
