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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from arcos.engine.lookup import Question
from arcos.engine.pulumi import run
from arcos.engine.unheard import Wanted, claimed
from arcos.errors import ArcosError

if TYPE_CHECKING:
    from pulumi.automation import ConfigMap, Stack

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
    from pulumi.automation import CommandError

    answers: list[Answer] = []
    failures: list[str] = []

    def program() -> None:
        answers.extend(_answer(one, failures) for one in questions)

    with _stack(site, program) as stack:
        try:
            stack.preview()
        except CommandError as error:
            raise _unasked(site, failures or [str(error)]) from None
    return answers


def claim(site: str, wanted: Sequence[Wanted]) -> dict[str, str]:
    """What `pulumi import` calls these, by URN: the cloud refuses a second one and names the first, or makes it.

    Raises:
        ArcosError: One is neither made nor refused by its name; or as :func:`ask`.
    """
    from pulumi import CustomResource, ResourceOptions
    from pulumi.automation import CommandError, EngineEvent

    events: list[EngineEvent] = []

    def program() -> None:
        for number, one in enumerate(wanted):
            CustomResource(one.type, str(number), dict(one.asked), ResourceOptions(version=_version(one.type)))

    with _stack(site, program) as stack:
        # What is refused is a failure of the run.
        with suppress(CommandError):
            stack.up(continue_on_error=True, on_event=events.append)
        state: Mapping[str, Any] = stack.export_stack().deployment or {}
    told = [(one.urn or "", one.message) for event in events if (one := event.diagnostic_event)]
    ids = {one["urn"]: str(one.get("id") or "") for one in state.get("resources") or []}
    try:
        return {one.urn: claimed(one, str(number), ids, told) for number, one in enumerate(wanted)}
    except LookupError:
        raise _unasked(site, [message.strip() for _, message in told if message.strip()]) from None


@contextmanager
def _stack(site: str, program: Callable[[], None]) -> Iterator[Stack]:
    """An empty stack with the site's settings for its providers, forgotten afterwards."""
    from pulumi import automation

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
        except automation.CommandError as error:
            raise _unasked(site, [str(error)]) from None
        yield stack


def _unasked(site: str, why: Sequence[str]) -> ArcosError:
    return ArcosError("the cloud could not be asked", where=f"site {site}", why=why[0] if why else "it gave no reason")


def _answer(one: Question, failures: list[str]) -> Answer:
    from pulumi import InvokeOptions, runtime

    options = InvokeOptions(version=_version(one.function))
    try:
        found: dict[str, Any] = runtime.invoke(one.function, dict(one.args), options).value
    except Exception as error:
        if _NOTHING.search(str(error)):
            return None
        failures.append(f"{one.function}: {error}")
        raise
    return found


def _version(token: str) -> str:
    """Of the SDK whose type or function it is, and so of its provider."""
    return importlib.metadata.version(f"pulumi-{token.partition(':')[0]}")


def _settings(site: str) -> ConfigMap:
    """The providers' part of the stack's settings, secrets as such."""
    from pulumi.automation import ConfigValue

    told: dict[str, dict[str, Any]] = json.loads(run(site, "config", "--show-secrets", "--json"))
    return {
        key: ConfigValue(value=one["value"], secret=one["secret"])
        for key, one in told.items()
        if key.partition(":")[0] in ("aws", "openstack")
    }
