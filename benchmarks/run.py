"""The figures ARCOS promises, measured and printed as a Markdown table.

    .venv/bin/python benchmarks/run.py [render] [scale] [up] [warm] [checkov] [memory] [servers] [api] [preview]

`up` and `warm` need root and start the site `local`; `memory`, `servers` and `api` (memory.py, hub.py) need it running;
`preview` (preview.py) needs Pulumi's programs on the PATH; the others need nothing. No test asserts a time: these
numbers are for `benchmarks/README.md`, with the machine they were taken on.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import hub
import memory
import preview

ROOT = Path(__file__).resolve().parent.parent
ARCOSCTL = str(ROOT / "arcosctl")
Row = tuple[str, str, str]


def timed(*command: str, env: dict[str, str] | None = None) -> float:
    """Seconds of wall time of one whole process; its failure ends the benchmark with its own words."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=env or os.environ, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def render() -> Iterator[Row]:
    """One site, whole process, median of five after a warm-up."""
    with tempfile.TemporaryDirectory() as out:
        command = (ARCOSCTL, "render", "local", "--out", f"{out}/rendered")
        timed(*command)
        seconds = statistics.median(timed(*command) for _ in range(5))
    yield "`render` of one site, whole process", f"{seconds:.2f} s", "1.5 s"


def scale() -> Iterator[Row]:
    """Generated sites: time at 25, 50 and 100, and the memory of the largest process."""
    for count in (25, 50, 100):
        with tempfile.TemporaryDirectory() as folder:
            stacks = Path(folder, "stacks")
            _generate_sites(stacks, count)
            seconds = timed(
                ARCOSCTL,
                "render",
                "--out",
                f"{folder}/rendered",
                env={**os.environ, "ARCOS_STACKS": str(stacks)},
            )
        yield f"`render` of {count} sites", f"{seconds:.1f} s", "30 s" if count == 100 else ""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    yield "memory of the largest process then", f"{peak:.0f} MB", "500 MB"


def _generate_sites(stacks: Path, count: int) -> None:
    """Copies of the four real sites under new names and domains."""
    stacks.mkdir()
    templates = sorted((ROOT / "stacks").glob("Pulumi.*.yaml"))
    for number in range(count):
        text = templates[number % len(templates)].read_text(encoding="utf-8")
        lines = [
            f"    domain: s{number}.sites.localhost" if line.startswith("    domain:") else line
            for line in text.splitlines()
        ]
        (stacks / f"Pulumi.site-{number}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def up() -> Iterator[Row]:
    """`up` with nothing to change, beside kubectl's own server-side apply of the same files."""
    timed(ARCOSCTL, "up", "local")
    with tempfile.TemporaryDirectory() as out:
        timed(ARCOSCTL, "render", "local", "--out", f"{out}/rendered")
        kubectl = _kubectl()
        apply = (
            "apply",
            "--server-side",
            "--field-manager=arcos",
            "--recursive",
            "-f",
            f"{out}/rendered/local",
        )
        plain = statistics.median(timed(*kubectl, *apply) for _ in range(5))
    ours = statistics.median(timed(ARCOSCTL, "up", "local") for _ in range(5))
    yield "`kubectl apply --server-side` of the same files", f"{plain:.2f} s", ""
    yield "`up` with nothing to change", f"{ours:.2f} s", f"2x that + 1 s = {2 * plain + 1:.2f} s"


def _kubectl() -> tuple[str, ...]:
    """The very kubectl that `up` uses, with its kubeconfig."""
    from arcos.cli.connect import kubectl_for
    from arcos.site.loader import load_site

    return tuple(kubectl_for(load_site("local")).command())


def warm() -> Iterator[Row]:
    """`up local` of a stopped and of a new site, programs and images cached."""
    timed(ARCOSCTL, "up", "local")
    timed(ARCOSCTL, "down", "local")
    yield "`up local`, stopped site, all cached", f"{timed(ARCOSCTL, 'up', 'local'):.0f} s", "60 s"
    timed(ARCOSCTL, "down", "local", "--delete-data")
    yield "`up local`, new site, all cached", f"{timed(ARCOSCTL, 'up', 'local'):.0f} s", "60 s"


def checkov() -> Iterator[Row]:
    """Failed checks a workload of the rendered local site, accepted ones counted too."""
    program = ROOT / ".venv-policy" / "bin" / "checkov"
    if not program.exists():
        sys.exit("Checkov is not installed yet: ./arcosctl test fast does it")
    with tempfile.TemporaryDirectory() as out:
        timed(ARCOSCTL, "render", "local", "--out", f"{out}/rendered")
        done = subprocess.run(
            [str(program), "--framework", "kubernetes", "-d", f"{out}/rendered", "-o", "json", "--compact", "--quiet"],
            capture_output=True, text=True, check=False, env={**os.environ, "LOG_LEVEL": "ERROR"},
        )  # fmt: skip
        report = json.loads(done.stdout)
        kinds = ("deployment-", "daemonset-", "statefulset-", "job-", "cronjob-")
        workloads = sum(path.name.startswith(kinds) for path in Path(out).rglob("*.yaml"))
    failed = len(report["results"]["failed_checks"])
    yield f"failed Checkov checks a workload ({failed} over {workloads})", f"{failed / workloads:.2f}", "1.0"


BENCHMARKS: dict[str, Callable[[], Iterator[Row]]] = {
    "render": render,
    "scale": scale,
    "up": up,
    "warm": warm,
    "checkov": checkov,
    "memory": memory.memory,
    "servers": hub.servers,
    "api": hub.api,
    "preview": preview.preview,
}


def main() -> None:
    """Run the named benchmarks, or all."""
    names = sys.argv[1:] or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        sys.exit(f"no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    disk = shutil.disk_usage(ROOT).total / 2**30
    print(f"{os.cpu_count()} cores, {total:.0f} GiB, disk {disk:.0f} GiB, Linux {platform.release()}, "
          f"Python {platform.python_version()}\n")  # fmt: skip
    print("| figure | measured | must reach |\n|---|---|---|")
    for name in names:
        for row in BENCHMARKS[name]():
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
