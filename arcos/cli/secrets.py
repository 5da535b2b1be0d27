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
        for workload in _users(kubectl.json("get", "deployments,statefulsets", "-n", namespace), secret_name):
            kubectl.run("rollout", "restart", workload, "-n", namespace)
            kubectl.run("rollout", "status", workload, "-n", namespace, "--timeout=180s")


def _seed_jobs(site: Site) -> dict[str, Manifest]:
    """``namespace/secret`` to the Job that makes it."""
    from arcos.render.evaluate import evaluate

    found = {}
    for manifest in evaluate(site):
        if manifest["kind"] != "Job":
            continue
        for container in manifest["spec"]["template"]["spec"]["containers"]:
            for variable in container.get("env", []):
                if variable["name"] == "ARCOS_SEED":
                    seed = json.loads(variable["value"])
                    found[f"{seed['namespace']}/{seed['name']}"] = manifest
    return found


def _users(listed: Manifest, secret_name: str) -> list[str]:
    """The workloads, as kind/name, whose pods mount the secret or read it into their environment."""
    users = []
    for item in listed["items"]:
        pod = item["spec"]["template"]["spec"]
        mounted = {volume.get("secret", {}).get("secretName") for volume in pod.get("volumes", [])}
        read = {
            variable.get("valueFrom", {}).get("secretKeyRef", {}).get("name")
            for container in pod["containers"]
            for variable in container.get("env", [])
        }
        if secret_name in mounted | read:
            users.append(f"{item['kind'].lower()}/{item['metadata']['name']}")
    return users
