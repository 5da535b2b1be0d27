"""Runs a Pulumi program against a cloud that only writes down what it is asked for, with every option of it."""

from __future__ import annotations

import asyncio
import uuid
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_pulumi_func

from arcos.render.monitor import _NoMocks, as_sent

with warnings.catch_warnings():
    # The SDK warns of its own old names while it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    import pulumi_openstack  # noqa: F401


class _Inline(ThreadPoolExecutor):
    """Runs what the SDK hands to a thread right away: the cloud below answers at once."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - handed on to whoever awaits the result
            future.set_exception(error)
        return future


def id_of(name: str) -> str:
    """What the cloud calls the thing of that name: services insist on the shape of their ids."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


@dataclass(frozen=True)
class Made:
    """One resource as the engine would be asked for it; `secrets` are the inputs that it keeps encrypted."""

    type: str
    name: str
    inputs: dict[str, Any]
    secrets: frozenset[str]
    asked: resource_pb2.RegisterResourceRequest

    @property
    def protected(self) -> bool:
        return bool(self.asked.protect)

    @property
    def needs(self) -> list[str]:
        """Names of what it waits for."""
        return [urn.rpartition("::")[2] for urn in self.asked.dependencies]


@dataclass
class Cloud:
    """Answers with what it is asked for; `outputs` adds what only the cloud knows, `found` answers look-ups."""

    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    found: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    looked_up: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    components: list[resource_pb2.RegisterResourceRequest] = field(default_factory=list)


class _Monitor(mocks.MockMonitor):
    """Answers at once: the hook's own waits for its mocks in loops of their own, which it leaves open."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(_NoMocks())
        self.cloud = cloud
        self.made: list[Made] = []

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        if not request.custom:
            self.cloud.components.append(request)
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = as_sent(json_format.MessageToDict(request.object))
        secrets = frozenset(name for name, value in inputs.items() if _secret(value))
        self.made.append(Made(request.type, request.name, _open(inputs), secrets, request))
        answer = struct_pb2.Struct()
        answer.CopyFrom(request.object)
        json_format.ParseDict({**json_format.MessageToDict(answer), **self.cloud.outputs.get(request.type, {})}, answer)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_of(f"{request.type} {request.name}"), object=answer)

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        asked = as_sent(json_format.MessageToDict(request.args))
        self.cloud.looked_up.append((request.tok, asked))
        answer = struct_pb2.Struct()
        json_format.ParseDict({**asked, **self.cloud.found[request.tok]}, answer)
        return resource_pb2.ResourceInvokeResponse(**{"return": answer})


class _NoServer:
    """In place of the server through which an engine calls hooks back: here no one does."""

    def register_resource_hook(self, hook: object) -> None:
        pass


def record(program: Callable[[], object], cloud: Cloud) -> list[Made]:
    """Everything that `program` asks the cloud for, in order."""
    monitor = _Monitor(cloud)

    def start() -> None:
        program()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(_Inline())
        # After a refusal, whatever waited for it fails too, and nobody asks it why.
        loop.set_exception_handler(lambda _loop, _context: None)
        mocks.set_mocks(monitor.mocks, project="arcos", stack="toy", preview=False, monitor=monitor)
        SETTINGS.outputs = set()
        SETTINGS.callbacks = _NoServer()  # type: ignore[assignment]
        await run_pulumi_func(start)

    asyncio.run(main())
    return monitor.made


def _secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(rpc._special_sig_key) == rpc._special_secret_sig


def _open(value: Any) -> Any:
    """Plain data, with secrets as what they hold."""
    if _secret(value):
        return _open(value["value"])
    if isinstance(value, dict):
        return {key: _open(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_open(inner) for inner in value]
    return value
