"""What components cost: `pulumi preview` of a whole site, beside the same resources written by hand with none.

In the fake cloud of `tests/engine`, nothing made yet. The program by hand has the very inputs, one line a resource;
what a site waits for in a cloud is the first resource's id there.
"""

from __future__ import annotations

import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SITE = "nectar-qld"
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_HEAD = """\
import pulumi
import pulumi_kubernetes as k8s
import pulumi_openstack as openstack

"""
Row = tuple[str, str, str]


def preview() -> Iterator[Row]:
    """Both, whole processes, median of five after a warm-up."""
    if not shutil.which("pulumi"):
        sys.exit("the engine is not on the PATH: see CONTRIBUTING.md, tier `engine`")
    from tests.engine.site import cloud_site

    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "site").mkdir()
        (base / "schemas").mkdir()
        with cloud_site(base / "site", SITE, base / "schemas") as site:
            steps = site.project.json("preview")["steps"]
            components, count = _timed(site.project), _count(steps)
            main = site.project.folder / "__main__.py"
            main.write_text(by_hand(steps), encoding="utf-8")
            assert _count(site.project.json("preview")["steps"]) == count, "as many of both"
            hand = _timed(site.project)
    yield f"`pulumi preview` of {count} resources by hand", f"{hand:.2f} s", ""
    yield f"`pulumi preview` of {SITE}, the same resources", f"{components:.2f} s", f"1.3x that = {1.3 * hand:.2f} s"


def by_hand(steps: list[dict[str, Any]]) -> str:
    """A program that asks for what these steps ask for."""
    lines, first = [_HEAD], ""
    made = [one["newState"] for one in steps if one["op"] == "create" and one["newState"].get("custom")]
    for number, state in enumerate(one for one in made if not one["type"].startswith("pulumi:providers:openstack")):
        name = state["urn"].rpartition("::")[2]
        if state["type"] == "pulumi:providers:kubernetes":
            # Not known before the cluster is, as in the site.
            cls, asked = "k8s.Provider", f"kubeconfig={first}.id"
        else:
            cls, asked = _class(state["type"]), ", ".join(_asked(state["inputs"], first))
        provider = (
            "opts=pulumi.ResourceOptions(provider=cluster)" if cls.startswith("k8s.") and "Prov" not in cls else ""
        )
        variable = "cluster" if cls == "k8s.Provider" else f"r{number}"
        lines.append(f"{variable} = {cls}({', '.join(filter(None, (repr(name), asked, provider)))})\n")
        first = first or variable
    return "".join(lines)


def _class(type_: str) -> str:
    """`k8s.apps.v1.Deployment` of `kubernetes:apps/v1:Deployment`."""
    package, path, word = type_.split(":")
    if package == "openstack":
        return f"openstack.{path.partition('/')[0]}.{word}"
    group, _, version = path.partition("/")
    return f"k8s.{group.partition('.')[0]}.{version}.{word}"


def _asked(inputs: dict[str, Any], first: str) -> Iterator[str]:
    for key, value in inputs.items():
        if key not in ("apiVersion", "kind") and not key.startswith("__"):
            text = re.sub(rf"'{_UNKNOWN}'", f"{first}.id", repr(value))
            yield f"{re.sub('(?<!^)(?=[A-Z])', '_', key).lower()}={text}"


def _count(steps: list[dict[str, Any]]) -> int:
    made = [one["newState"] for one in steps if one["op"] == "create"]
    return sum(bool(one.get("custom")) and not one["type"].startswith("pulumi:") for one in made)


def _timed(project: Any) -> float:
    seconds = []
    for _ in range(6):
        started = time.perf_counter()
        project.pulumi("preview")
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:])
