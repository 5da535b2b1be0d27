"""``arcosctl status``, ``logs`` and ``doctor``: how a site is, what it says, and what the machine lacks."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcos.errors import USAGE, ArcosError

if TYPE_CHECKING:
    from arcos.site.model import Site

JSON = Annotated[bool, typer.Option("--json", help="For scripts.")]


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.command(epilog="Example: ./arcosctl status local --json")(status)
    app.command(epilog="Example: ./arcosctl logs local welcome --follow")(logs)
    app.command(epilog="Example: ./arcosctl doctor")(doctor)


def status(name: Annotated[str, typer.Argument(metavar="SITE")], as_json: JSON = False) -> None:
    """Show the site's node, its workloads and addresses. Exit code 1 when something is not ready."""
    from rich.console import Console
    from rich.table import Table

    from arcos.site.loader import load_site

    site = load_site(name)
    report = _report(site)
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        out = Console(soft_wrap=True, highlight=False)
        out.print(
            f"{site.title} ({site.name}, {site.cluster.kind}): {report['summary']}",
            style="bold",
            markup=False,
        )
        if site.cluster.kind == "local" and not site.cluster.capabilities.network_policy:
            out.print("network policies are declared but not enforced on this site", markup=False)
        table = Table("namespace", "workload", "ready", "", box=None, header_style="bold")
        for row in report["workloads"]:
            table.add_row(row["namespace"], row["workload"], row["ready"], row["why"])
        out.print(table)
        for url in report["addresses"]:
            out.print(url, markup=False)
        if first := report.get("firstOperator"):
            out.print(f"first operator: {first['user']}, one-time password: {first['reveal']}", markup=False)
    if report["summary"] != "ready":
        raise typer.Exit(1)


def _report(site: Site) -> dict[str, Any]:
    """What `status` says: summary (stopped, not ready, ready), node, workloads, addresses."""
    from arcos.apply.jobs import by_hand
    from arcos.apply.readiness import State, assess
    from arcos.cli.connect import kubectl_for
    from arcos.cli.up import address

    node: dict[str, Any] = {}
    if site.cluster.kind == "local":
        from arcos.local.node import state

        node = state(site).as_dict()
        if not node["running"]:
            return {"site": site.name, "summary": "stopped", "node": node, "workloads": [], "addresses": []}
    live = kubectl_for(site).json(
        "get", "deployments,daemonsets,statefulsets,jobs", "-A", "-l", "app.kubernetes.io/part-of=arcos"
    )
    rows = []
    for item in (one for one in live["items"] if not by_hand(one)):
        verdict = assess(item)
        rows.append(
            {
                "namespace": item["metadata"]["namespace"],
                "workload": f"{item['kind'].lower()}/{item['metadata']['name']}",
                "ready": "yes" if verdict.state is State.READY else "no",
                "why": verdict.reason,
            }
        )
    ready = bool(rows) and all(row["ready"] == "yes" for row in rows)
    return {
        "site": site.name,
        "summary": "ready" if ready else "not ready",
        "node": node,
        "workloads": rows,
        "addresses": [address(site)],
        **_first_operator(site),
    }


def _first_operator(site: Site) -> dict[str, Any]:
    """Who signs in first, and how the one-time password is read; never the password."""
    if site.apps.auth is None:
        return {}
    from apps.auth.realm_job import ADMIN
    from components.oidc import AUTH

    secret = f"get secret {ADMIN} -n {AUTH} -o jsonpath={{.data.password}}"
    reveal = f"./arcosctl kubectl {site.name} -- {secret} | base64 -d"
    return {"firstOperator": {"user": site.apps.auth.admin, "reveal": reveal}}


def logs(
    name: Annotated[str, typer.Argument(metavar="SITE")],
    app: Annotated[str, typer.Argument(metavar="[APP|PROCESS]", help="An app, or a process of a local node.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    tail: Annotated[int, typer.Option(min=0, help="Lines to begin with.")] = 100,
) -> None:
    """Show what an app, or a process of the local node (kubelet, etcd ...), has logged."""
    from arcos.cli.connect import kubectl_for
    from arcos.site.loader import load_site

    site = load_site(name)
    apps = [field for field in type(site.apps).model_fields if getattr(site.apps, field) is not None]
    if app in apps:
        arguments = [
            "logs",
            "-n",
            app,
            "-l",
            "app.kubernetes.io/part-of=arcos",
            "--all-containers",
            "--prefix",
        ]
        command = kubectl_for(site).command(*arguments, f"--tail={tail}", *(["--follow"] if follow else []))
        os.execvp(command[0], command)  # noqa: S606  (kubectl takes over, Ctrl-C and all)
    processes = {}
    if site.cluster.kind == "local":
        from arcos.local.state import log_files

        processes = log_files(site.name)
    if app not in processes:
        raise ArcosError(
            f"nothing called '{app}' logs at site '{name}'" if app else "whose logs?",
            fix=f"./arcosctl logs {name} NAME, with one of: {', '.join([*apps, *sorted(processes)])}",
            exit_code=USAGE,
        )
    tail_command = ["tail", f"--lines={tail}", *(["--follow=name"] if follow else []), str(processes[app])]
    os.execvp("tail", tail_command)  # noqa: S606


def doctor(
    name: Annotated[str, typer.Argument(metavar="[SITE]")] = "local",
    as_json: JSON = False,
) -> None:
    """Say what this machine lacks for the site, each with the command that mends it. Changes nothing."""
    from arcos.cli.preflight import show
    from arcos.doctor import examine

    show(examine(name), as_json=as_json)
