"""Asking a cloud through Pulumi's own providers: the site's settings and credentials, and no other program.

Runs a program of nothing but questions as a preview of an empty stack that is forgotten afterwards.
https://www.pulumi.com/docs/iac/automation-api/
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arcos.engine.lookup import Question
from arcos.engine.pulumi import run
from arcos.errors import ArcosError

if TYPE_CHECKING:
    from pulumi.automation import ConfigMap

#: How the providers say that nothing fits a question; everything else is a failure.
_NOTHING = re.compile(
    r"no results|not found|notfound|couldn't find|could not find|could not be found|no matching|does not exist"
    r"|nosuch|no \w+( \w+)? found|empty result|unable to find|unable to retrieve|\b404\b",
    re.IGNORECASE,
)
Answer = Mapping[str, Any] | None


def ask(site: str, questions: Sequence[Question]) -> list[Answer]:
    """An answer to each; None where the cloud has no such thing.

    Raises:
        ArcosError: A question could not be asked: no credentials, no network; or the engine is missing.
    """
    if not questions:
        return []
    from pulumi import automation

    answers: list[Answer] = []
    failures: list[str] = []

    def program() -> None:
        answers.extend(_answer(one, failures) for one in questions)

    with tempfile.TemporaryDirectory(prefix="arcos-ask-") as folder:
        options = automation.LocalWorkspaceOptions(
            work_dir=folder,
            project_settings=automation.ProjectSettings(name="arcos", runtime="python"),
            env_vars={
                "PULUMI_BACKEND_URL": f"file://{folder}",
                "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex(16),
                "PULUMI_SKIP_UPDATE_CHECK": "true",
            },
        )
        try:
            stack = automation.create_stack("ask", project_name="arcos", program=program, opts=options)
            stack.set_all_config(_settings(site))
            stack.preview()
        except automation.CommandError as error:
            why = failures[0] if failures else str(error)
            raise ArcosError("the cloud could not be asked", where=f"site {site}", why=why) from None
    return answers


def _answer(one: Question, failures: list[str]) -> Answer:
    from pulumi import InvokeOptions, runtime

    package = one.function.partition(":")[0]
    options = InvokeOptions(version=importlib.metadata.version(f"pulumi-{package}"))
    try:
        found: dict[str, Any] = runtime.invoke(one.function, dict(one.args), options).value
    except Exception as error:
        if _NOTHING.search(str(error)):
            return None
        failures.append(f"{one.function}: {error}")
        raise
    return found


def _settings(site: str) -> ConfigMap:
    """The providers' part of the stack's settings, secrets as such."""
    from pulumi.automation import ConfigValue

    told: dict[str, dict[str, Any]] = json.loads(run(site, "config", "--show-secrets", "--json"))
    return {
        key: ConfigValue(value=one["value"], secret=one["secret"])
        for key, one in told.items()
        if key.partition(":")[0] in ("aws", "openstack")
    }
