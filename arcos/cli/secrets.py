"""``arcosctl secrets``: the generated secrets of a site. Their values never pass through here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arcos.errors import USAGE, ArcosError
from arcos.progress import Progress

if TYPE_CHECKING:
    from arcos.site.model import Site

app = typer.Typer(no_args_is_help=True, help="Generated secrets: list them, rotate one.")
Manifest = dict[str, Any]


@app.command("list", epilog="Example: ./arcosctl secrets list local")
def list_(name: Annotated[str, typer.Argument(metavar="SITE")]) -> None:
    """List the secrets that the site's seeder makes, as namespace/name."""
    from arcos.site.loader import load_site

    for secret in sorted(_seed_jobs(load_site(name))):
        typer.echo(secret)


@app.command(epilog="Example: ./arcosctl secrets rotate local ingress/ingress-tls")
def rotate(
    name: Annotated[str, typer.Argument(metavar="SITE")],
    secret: Annotated[str, typer.Argument(metavar="NAMESPACE/NAME")],
) -> None:
    """Make a generated secret anew and restart what uses it."""
    from arcos.apply.users import users
    from arcos.cli.connect import kubectl_for
    from arcos.site.loader import load_site

    site = load_site(name)
    jobs = _seed_jobs(site)
    if secret not in jobs:
        raise ArcosError(
            f"'{secret}' is not a generated secret of site '{name}'",
            fix=f"one of: {', '.join(sorted(jobs)) or 'none'}",
            exit_code=USAGE,
        )
    namespace, _, secret_name = secret.partition("/")
    job = jobs[secret]
    kubectl = kubectl_for(site)
    progress = Progress()
    with progress.step(f"make {secret} anew"):
        kubectl.run("delete", "secret", secret_name, "-n", namespace, "--ignore-not-found")
        kubectl.run("delete", "job", job["metadata"]["name"], "-n", namespace, "--ignore-not-found", "--wait")
        kubectl.run("apply", "--server-side", "--field-manager=arcos", "-f", "-", stdin=json.dumps(job))
        kubectl.run(
            "wait",
            "--for=condition=Complete",
            f"job/{job['metadata']['name']}",
            "-n",
            namespace,
            "--timeout=120s",
        )
    with progress.step(f"restart what uses {secret}"):
        for space, one in _places(job):
            for workload in users(kubectl.json("get", "deployments,statefulsets", "-n", space), one):
                kubectl.run("rollout", "restart", workload, "-n", space)
                kubectl.run("rollout", "status", workload, "-n", space, "--timeout=180s")


def _places(job: Manifest) -> list[tuple[str, str]]:
    """Namespace and name of the secret that a Job makes, and of its copies."""
    seed = _seed(job)
    return [(one["namespace"], one["name"]) for one in (seed, *seed.get("copies", ()))]


def _seed(job: Manifest) -> dict[str, Any]:
    """What a Job is told to make; nothing for other Jobs."""
    for container in job["spec"]["template"]["spec"]["containers"]:
        for variable in container.get("env", []):
            if variable["name"] == "ARCOS_SEED":
                return dict(json.loads(variable["value"]))
    return {}


def _seed_jobs(site: Site) -> dict[str, Manifest]:
    """``namespace/secret`` to the Job that makes it."""
    from arcos.render.evaluate import evaluate

    found = {}
    for manifest in evaluate(site):
        if manifest["kind"] != "Job":
            continue
        if seed := _seed(manifest):
            found[f"{seed['namespace']}/{seed['name']}"] = manifest
    return found
