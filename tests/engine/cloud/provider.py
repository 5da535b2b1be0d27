# ruff: noqa: N802 - the protocol names the methods
"""The engine's provider protocol, answered by a :class:`Cloud`, with the faults that a test ordered on the way.

https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from tests.engine.cloud.account import Account, Resource
from tests.engine.cloud.cloud import Cloud, RefusedError
from tests.engine.cloud.diff import Change, changes, deletes_first
from tests.engine.cloud.kubeconfig import facts as kubeconfig_facts
from tests.engine.cloud.rules import table
from tests.engine.cloud.schema import Schema
from tests.engine.cloud.steering import Order, Steering
from tests.engine.cloud.values import message, plain, secrets

_KINDS = {"add": provider_pb2.PropertyDiff.ADD, "delete": provider_pb2.PropertyDiff.DELETE}


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """The plugin of `package`. Accounts, orders and the schema are files in `folder`."""

    def __init__(self, package: str, folder: Path) -> None:
        self.package = package
        self.folder = folder
        self.table = table(package)
        self.schema = Schema.read(folder / f"schema-{package}.json")
        self.account_file = account_file(folder, package, {})
        self.facts: dict[str, str] = {}
        self.cancelled = threading.Event()

    # What the engine asks first.

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self.schema.version)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.GetSchemaResponse:
        described = {
            token: {
                "inputProperties": {name: {"$ref": "pulumi.json#/Any"} for name in one["inputs"]},
                "properties": {name: {"$ref": "pulumi.json#/Any"} for name in one["outputs"]},
                "requiredInputs": one["required"],
            }
            for token, one in self.schema.resources.items()
        }
        schema = {"name": self.package, "version": self.schema.version, "resources": described}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        return _checked(request.news, self.schema.config_mistakes(plain(request.news)))

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        before, asked = plain(request.old_inputs), plain(request.news)
        changed = sorted(key for key in before.keys() | asked.keys() if before.get(key) != asked.get(key))
        return provider_pb2.DiffResponse(
            changes=_some(bool(changed)),
            diffs=changed,
            replaces=[key for key in changed if key in self.table.replace_provider],
        )

    def Configure(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ConfigureResponse:
        config = plain(request.args)
        self.account_file = account_file(self.folder, self.package, config)
        self.facts = {"region": config["region"]} if config.get("region") else {}
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    # What a resource goes through.

    def Check(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        token = _token(request)
        if token not in self.schema.resources:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"unrecognized resource type (Check): {token}")
        return _checked(request.news, self.schema.mistakes(token, plain(request.news)))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        rule, now, asked = self.table.resources[_token(request)], plain(request.olds), plain(request.news)
        found = changes(rule, now, plain(request.old_inputs), asked, list(request.ignoreChanges))
        replaces = sorted({one.top for one in found if one.replaces})
        return provider_pb2.DiffResponse(
            changes=_some(bool(found)),
            diffs=sorted({one.top for one in found}),
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and deletes_first(rule, now, asked),
            detailedDiff=_detailed(found),
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        token, asked, secret = _token(request), plain(request.properties), secrets(request.properties)
        if request.preview:
            known = self._cloud().preview(token, asked)
            return provider_pb2.CreateResponse(properties=self._message(token, known, secret))
        orders = self._begin("create", request, context)
        try:
            made = self._cloud().create(token, asked, self._steering().data().get("quotas", {}))
        except RefusedError as refused:
            context.abort(grpc.StatusCode.UNKNOWN, f"creating {token} ({request.name}): {refused}")
        self._note("create", request, made.id)
        properties = self._message(token, made.properties, secret)
        self._end(orders, made, properties, context)
        return provider_pb2.CreateResponse(id=made.id, properties=properties)

    def Read(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        token = _token(request)
        self._begin("read", request, context)
        found = self._cloud().read(token, request.id)
        if found is None:
            return provider_pb2.ReadResponse()
        secret = secrets(request.inputs)
        return provider_pb2.ReadResponse(
            id=found.id,
            properties=self._message(token, found.properties, secret),
            inputs=message(found.inputs(), secret & found.inputs().keys()),
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        token, before, asked = _token(request), plain(request.old_inputs), plain(request.news)
        secret = secrets(request.news)
        if request.preview:
            known = self._cloud().preview_update(token, plain(request.olds), before, asked)
            return provider_pb2.UpdateResponse(properties=self._message(token, known, secret))
        orders = self._begin("update", request, context)
        try:
            changed = self._cloud().update(token, request.id, before, asked)
        except RefusedError as refused:
            context.abort(grpc.StatusCode.UNKNOWN, f"updating {token} ({request.name}): {refused}")
        self._note("update", request, request.id)
        properties = self._message(token, changed.properties, secret)
        self._end(orders, changed, properties, context)
        return provider_pb2.UpdateResponse(properties=properties)

    def Delete(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        orders = self._begin("delete", request, context)
        try:
            self._cloud().delete(_token(request), request.id)
        except RefusedError as refused:
            context.abort(grpc.StatusCode.UNKNOWN, f"deleting {_token(request)} ({request.name}): {refused}")
        self._note("delete", request, request.id)
        self._end(orders, None, None, context)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        if request.tok not in self.schema.functions:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"unrecognized function (Invoke): {request.tok}")
        args = {key: value for key, value in plain(request.args).items() if not key.startswith("__")}
        if mistakes := self.schema.mistakes(request.tok, args):
            return provider_pb2.InvokeResponse(failures=_failures(mistakes))
        for order in self._steering().take("invoke", request.tok, ""):
            if order.fault == "fail":
                context.abort(grpc.StatusCode.UNKNOWN, f"invoking {request.tok}: {order.message}")
        try:
            return provider_pb2.InvokeResponse(**{"return": message(self._cloud().call(request.tok, args))})
        except RefusedError as refused:
            context.abort(grpc.StatusCode.UNKNOWN, f"invoking {request.tok}: {refused}")

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self.cancelled.set()
        return empty_pb2.Empty()

    # Faults.

    def _begin(self, on: str, request: Any, context: grpc.ServicerContext) -> list[Order]:
        """Be slow, refuse, or kill the engine; what comes after the deed is given back."""
        orders = self._steering().take(on, _token(request), request.name)
        for order in orders:
            if order.fault == "slow" and not self._waited(order.seconds):
                context.abort(grpc.StatusCode.CANCELLED, f"{on} of {request.name} was cancelled")
            if order.fault == "fail":
                context.abort(grpc.StatusCode.UNKNOWN, f"{on} of {request.name}: {order.message}")
            if order.fault == "kill-before":
                _kill_engine()
        return orders

    def _waited(self, seconds: float) -> bool:
        """Whether nobody cancelled it; no longer than there are orders at all."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._steering().data().get("orders"):
            if self.cancelled.wait(0.1):
                return False
        return True

    def _end(self, orders: list[Order], made: Resource | None, properties: Any, context: grpc.ServicerContext) -> None:
        """Lose the reply, kill the engine, or say that what was made does not work."""
        for order in orders:
            if order.fault == "kill-after":
                _kill_engine()
            if order.fault == "lost":
                os._exit(1)
            if order.fault == "broken" and made:
                detail = provider_pb2.ErrorResourceInitFailed(
                    id=made.id, properties=properties, reasons=[order.message], inputs=message(made.inputs())
                )
                status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=order.message)
                status.details.add().Pack(detail)
                context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
                context.abort(grpc.StatusCode.UNKNOWN, order.message)

    def _note(self, on: str, request: Any, id_: str) -> None:
        line = json.dumps({"on": on, "type": _token(request), "name": request.name, "id": id_})
        with Account(self.account_file).calls.open("a", encoding="utf-8") as calls:
            calls.write(f"{line}\n")

    def _steering(self) -> Steering:
        return Steering(self.folder / "steering.json")

    def _cloud(self) -> Cloud:
        given = kubeconfig_facts(self._steering().data().get("kubeconfig", ""))
        return Cloud(self.table, Account(self.account_file), {**given, **self.facts})

    def _message(self, token: str, properties: Mapping[str, Any], secret: set[str]) -> Any:
        return message(properties, secret | {*self.table.resources[token].secret})


def account_file(folder: Path, package: str, config: Mapping[str, Any]) -> Path:
    """Where the account that a provider's settings name is kept: `cloud` names it on OpenStack, `profile` on AWS."""
    return folder / f"{package}-{config.get('cloud') or config.get('profile') or 'default'}.json"


def _kill_engine() -> NoReturn:
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(1)


def _token(request: Any) -> str:
    """A resource's type; its parents' stand before it in the URN."""
    kind: str = request.type or request.urn.split("::")[2].rpartition("$")[2]
    return kind


def _checked(news: Any, mistakes: list[tuple[str, str]]) -> provider_pb2.CheckResponse:
    return provider_pb2.CheckResponse(inputs=news, failures=_failures(mistakes))


def _failures(mistakes: list[tuple[str, str]]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=path, reason=f"{path} {why}") for path, why in mistakes]


def _some(changed: bool) -> Any:
    return provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE


def _detailed(found: list[Change]) -> dict[str, provider_pb2.PropertyDiff]:
    """By whole property: a path's dots and brackets would have to be quoted."""
    detailed = {}
    for one in found:
        whole = one.path == one.top
        kind = _KINDS.get(one.kind if whole else "", provider_pb2.PropertyDiff.UPDATE)
        before = detailed.get(one.top)
        replaces = one.replaces or (before is not None and before.kind % 2 == 1)
        detailed[one.top] = provider_pb2.PropertyDiff(kind=kind + 1 if replaces else kind)
    return detailed
