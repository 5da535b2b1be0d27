"""Steps of a plan as `pulumi preview --json` has them."""

from __future__ import annotations

from typing import Any

Data = dict[str, Any]


def step(op: str, type_: str, name: str, inputs: Data | None = None, **state: Any) -> Data:
    """One step of a resource; `state` is what the engine keeps of it, as in `protect=True`."""
    whole = {"type": type_, "custom": True, "inputs": inputs or {}, **state}
    sides = {"create": ("newState",), "delete": ("oldState",)}.get(op, ("oldState", "newState"))
    return {"op": op, "urn": f"urn:pulumi:site::arcos::{type_}::{name}", **dict.fromkeys(sides, whole)}


def kept(kind: str, name: str, namespace: str = "", spec: Data | None = None) -> Data:
    """A Kubernetes object's inputs."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"kind": kind, "metadata": metadata} | ({"spec": spec} if spec else {})


def preview(*steps: Data) -> Data:
    """A plan of these steps, beside what no plan lacks: the stack itself and a component."""
    stack = {"type": "pulumi:pulumi:Stack", "custom": False}
    component = {"type": "arcos:platform:Platform", "custom": False}
    return {
        "steps": [
            {"op": "same", "urn": "urn:pulumi:site::arcos::pulumi:pulumi:Stack::arcos-site", "oldState": stack},
            {"op": "create", "urn": "urn:pulumi:site::arcos::arcos:platform:Platform::site", "newState": component},
            *steps,
        ]
    }
