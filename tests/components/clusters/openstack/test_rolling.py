"""Around the replacement of a machine: who is asked what, before it goes and when it comes; with a cluster that is a
script. The real engine, kubectl and control plane: tests/engine/test_rolling.py.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components.clusters.openstack_vm import choices, nodes, rolling
from components.clusters.openstack_vm.config import OpenStackVm
from tests.components.clusters.openstack.test_machines import PLAIN


def test_what_a_drain_asks_and_which_node_is_ready() -> None:
    assert rolling.drain("n")[:2] == ("drain", "n")
    assert "--force" in rolling.drain("n"), "one notebook would keep every other pod from leaving"
    node = {"status": {"nodeInfo": {"bootID": "b"}, "conditions": [{"type": "Ready", "status": "True"}]}}
    assert nodes.ready(json.dumps(node))
    assert nodes.boot(json.dumps(node)) == "b"
    node["status"]["conditions"] = [{"type": "Ready", "status": "Unknown"}]
    assert not nodes.ready(json.dumps(node))
    assert not nodes.ready("error: connection refused")


def test_a_machine_is_waited_for_until_it_has_started_anew_and_is_ready() -> None:
    def node(name: str, before: str, boot: str, ready: str = "True") -> dict[str, Any]:
        marks = {nodes.AWAITED: before} if before else {}
        status = {"nodeInfo": {"bootID": boot}, "conditions": [{"type": "Ready", "status": ready}]}
        return {"metadata": {"name": name, "annotations": marks}, "status": status}

    there = [
        node("never-replaced", "", "a", "Unknown"), node("back", "a", "b"), node("looks-ready", "a", "a"),
        node("broken", "a", "b", "False"), {"metadata": {"name": "empty"}, "status": {}},
    ]  # fmt: skip
    assert nodes.awaited(json.dumps({"items": there})) == ["looks-ready", "broken"]
    assert nodes.awaited("error: connection refused") == []


def test_a_node_that_was_there_gets_the_labels_and_taints_that_its_pool_has_now() -> None:
    config = OpenStackVm.model_validate(PLAIN)
    core, _, gpu = choices.workers(config, "uni")
    label, taint = (
        {"arcos.dev/pool": "gpu", "arcos.dev/gpu": "nvidia"},
        {"key": "arcos.dev/gpu", "effect": "NoSchedule"},
    )

    def node(labels: dict[str, str], *taints: dict[str, str]) -> str:
        return json.dumps({"metadata": {"labels": labels | {"arcos.dev/other": "x"}}, "spec": {"taints": taints}})

    assert list(nodes.amended(node(label, taint), gpu)) == []
    assert list(nodes.amended(node({"arcos.dev/pool": "gpu"}, taint | {"key": "arcos.dev/old"}), gpu)) == [
        ("label", "node", "arcos-uni-gpu-1", "--overwrite", "arcos.dev/gpu=nvidia"),
        ("taint", "node", "arcos-uni-gpu-1", "--overwrite", "arcos.dev/gpu=:NoSchedule", "arcos.dev/old:NoSchedule-"),
    ]
    mine = {"key": "example.org/mine", "value": "a", "effect": "NoExecute"}
    assert list(nodes.amended(node(label | {"arcos.dev/pool": "core"}, taint, mine), core)) == [
        ("label", "node", "arcos-uni-core-1", "--overwrite", "arcos.dev/gpu-"),
        ("taint", "node", "arcos-uni-core-1", "--overwrite", "arcos.dev/gpu:NoSchedule-"),
    ], "what is not ours stays"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, ""),
        ({"podRange": "10.99.0.0/16"}, "`podRange` is 10.99.0.0/16"),
        ({"serviceRange": "10.98.0.0/16"}, "`serviceRange` is 10.98.0.0/16"),
    ],
)
def test_no_machine_is_replaced_by_one_with_another_range(changed: dict[str, str], said: str) -> None:
    config = OpenStackVm.model_validate(PLAIN | changed)
    there = json.dumps({"items": [{"spec": {}}, {"spec": {"podCIDR": "10.71.3.0/24"}}]})
    api = json.dumps({"spec": {"clusterIP": "10.96.0.1"}})
    why = nodes.elsewhere(there, api, config)
    assert why.endswith(said)
    assert bool(why) is bool(said)
    assert nodes.elsewhere("error: connection refused", "", config) == "", "nobody answers, nobody is held up"


class Asked:
    """A cluster that answers every question with the same node, and keeps what it was asked."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: dict[str, Any]) -> None:
        self._calls = tmp_path / "calls"
        answer = tmp_path / "answer"
        answer.write_text(json.dumps(node), encoding="utf-8")
        program = tmp_path / "kubectl"
        program.write_text(f'#!/bin/sh\nshift 2\necho "$@" >>{self._calls}\ncat {answer}\n', encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        # A hook is registered with an engine, which there is none of here.
        monkeypatch.setattr(rolling, "ResourceHook", lambda *_: None)

    def rolling(self, **changes: Any) -> rolling.Rolling:
        async def kubeconfig() -> str:
            return "{}"

        config = OpenStackVm.model_validate(PLAIN | changes)
        wanted = [*choices.control_plane(config, "uni"), *choices.workers(config, "uni")]
        return rolling.Rolling(SimpleNamespace(future=kubeconfig), "uni", config, wanted)  # type: ignore[arg-type]

    def changes(self) -> list[str]:
        """What it was told, beside questions."""
        said = self._calls.read_text(encoding="utf-8").splitlines()
        return [one for one in said if not one.startswith("get ")]


READY = {"nodeInfo": {"bootID": "b"}, "conditions": [{"type": "Ready", "status": "True"}]}


def hook(name: str) -> Any:
    return SimpleNamespace(name=name)


def test_a_machine_that_is_replaced_keeps_its_node_and_one_that_is_not_wanted_any_more_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(tmp_path, monkeypatch, {"status": READY})
    asyncio.run(asked.rolling()._before_delete(hook("arcos-uni-core-2")))
    assert [one.split()[0] for one in asked.changes()] == ["drain"], "its volume knows the node's password"

    less = [PLAIN["nodePools"][0] | {"min": 1, "max": 1}]
    asyncio.run(asked.rolling(nodePools=less)._before_delete(hook("arcos-uni-core-2")))
    assert asked.changes()[-1].startswith("delete node arcos-uni-core-2"), "one day another volume comes by this name"


def test_a_machine_that_came_back_has_what_its_pool_says_before_it_takes_pods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(tmp_path, monkeypatch, {"status": READY, "metadata": {"labels": {"arcos.dev/pool": "gpu"}}})
    asyncio.run(asked.rolling()._after_create(hook("arcos-uni-gpu-1")))
    assert [one.split()[0] for one in asked.changes()] == ["label", "taint", "uncordon", "annotate"]


@pytest.mark.parametrize("moment", ["_before_delete", "_after_create"])
def test_without_kubectl_no_machine_is_touched_and_none_is_waited_for(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "READY_SECONDS", 0.1)
    monkeypatch.setattr(rolling, "_PAUSE", 0.1)
    asked = Asked(tmp_path, monkeypatch, {"status": READY}).rolling()
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(pulumi.RunError, match="kubectl is not on the PATH"):
        asyncio.run(getattr(asked, moment)(hook("arcos-uni-core-1")))


def test_with_another_range_the_first_machine_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(tmp_path, monkeypatch, {"items": [{"metadata": {"name": "n"}, "spec": {"podCIDR": "10.71.0.0/24"}}]})
    with pytest.raises(pulumi.RunError, match=r"stays: .*`podRange` is 10\.99\.0\.0/16"):
        asyncio.run(asked.rolling(podRange="10.99.0.0/16")._before_delete(hook("arcos-uni-control-1")))
    assert asked.changes() == []
