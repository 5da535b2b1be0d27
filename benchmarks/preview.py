"""What components cost: `pulumi preview` of a whole site, beside the same resources written by hand with none.

In the fake cloud of `tests/engine`, nothing made yet. The program by hand asks for the very inputs, one line a
resource; what a site waits for in a cloud is the first resource's id there. CPU time, of the engine and all that it
starts, says what the programs cost where others use the machine too.
"""

from __future__ import annotations

import re
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.engine.cloud.values import UNKNOWN  # noqa: E402
from tests.engine.project import Project  # noqa: E402
from tests.engine.site import cloud_site  # noqa: E402

Row = tuple[str, str, str]
SITE = "nectar-qld"
_PROGRAMS = ("pulumi", "pulumi-language-python", "pulumi-resource-kubernetes")
_HEAD = """\
import pulumi
import pulumi_kubernetes as k8s
import pulumi_openstack as openstack

"""


def preview() -> Iterator[Row]:
    """Whole processes, one of each in turn so that both meet the same machine; medians of five after a warm-up."""
    if missing := [name for name in _PROGRAMS if not shutil.which(name)]:
        sys.exit(f"preview: needs {', '.join(missing)} on the PATH, as the tests of tier `engine` do")
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        for name in ("site", "schemas"):
            (base / name).mkdir()
        with cloud_site(base / "site", SITE, base / "schemas") as site:
            yield from _compared(_as_at_home(site.project))


def _as_at_home(project: Project) -> Project:
    """Python keeps what it has compiled, as it does unless told otherwise: else only one program is compiled anew."""
    return replace(project, env={key: one for key, one in project.env.items() if key != "PYTHONDONTWRITEBYTECODE"})


def _compared(project: Project) -> Iterator[Row]:
    main = project.folder / "__main__.py"
    steps = project.json("preview")["steps"]
    programs = {"components": main.read_text(encoding="utf-8"), "hand": by_hand(steps)}
    main.write_text(programs["hand"], encoding="utf-8")
    count = made(steps)
    if (others := made(project.json("preview")["steps"])) != count:
        sys.exit(f"preview: {count} resources by components, {others} by hand")
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for _ in range(5):
        for name, text in programs.items():
            main.write_text(text, encoding="utf-8")
            taken[name].append(_preview(project))
    wall, cpu = ([statistics.median(one[i] for one in taken[name]) for name in ("hand", "components")] for i in (0, 1))
    yield f"`pulumi preview` of {count} resources by hand", f"{wall[0]:.2f} s", ""
    yield f"`pulumi preview` of {SITE}, the same resources", f"{wall[1]:.2f} s", f"1.3x that = {1.3 * wall[0]:.2f} s"
    yield "CPU time by hand", f"{cpu[0]:.2f} s", ""
    yield f"CPU time of {SITE}", f"{cpu[1]:.2f} s", f"1.3x that = {1.3 * cpu[0]:.2f} s"


def _preview(project: Project) -> tuple[float, float]:
    """Seconds: on the wall, and of the processor for the engine and all that it waited for."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    project.pulumi("preview")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, spent


def made(steps: list[dict[str, Any]]) -> int:
    """How many resources these steps make, without components and providers."""
    return sum(not one["type"].startswith("pulumi:") for one in _custom(steps))


def by_hand(steps: list[dict[str, Any]]) -> str:
    """A program that asks for what these steps ask for."""
    lines, first = [_HEAD], ""
    asked = [one for one in _custom(steps) if not one["type"].startswith("pulumi:providers:openstack")]
    for number, state in enumerate(asked):
        name, options = repr(state["urn"].rpartition("::")[2]), ""
        if state["type"] == "pulumi:providers:kubernetes":
            # Not known before the cluster is, as in the site.
            variable, class_, inputs = "cluster", "k8s.Provider", f"kubeconfig={first}.id"
        else:
            variable, class_, inputs = f"r{number}", _class(state["type"]), ", ".join(_inputs(state["inputs"], first))
            options = "opts=pulumi.ResourceOptions(provider=cluster)" if class_.startswith("k8s.") else ""
        lines.append(f"{variable} = {class_}({', '.join(filter(None, (name, inputs, options)))})\n")
        first = first or variable
    return "".join(lines)


def _custom(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one["newState"] for one in steps if one["op"] == "create" and one["newState"].get("custom")]


def _class(type_: str) -> str:
    """`k8s.apps.v1.Deployment` of `kubernetes:apps/v1:Deployment`."""
    package, path, word = type_.split(":")
    folder, _, version = path.partition("/")
    if package == "openstack":
        return f"openstack.{folder}.{word}"
    return f"k8s.{folder.partition('.')[0]}.{version}.{word}"


def _inputs(inputs: dict[str, Any], first: str) -> Iterator[str]:
    for key, value in inputs.items():
        if key not in ("apiVersion", "kind") and not key.startswith("__"):
            yield f"{re.sub('(?<!^)(?=[A-Z])', '_', key).lower()}={repr(value).replace(repr(UNKNOWN), f'{first}.id')}"
