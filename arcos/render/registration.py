"""How a resource is registered while a site is rendered: at once and in this process, without a message.

Owns what takes the place of the SDK's two functions for it. Values go through the SDK's own serialization, so that
what is rendered is what an engine is sent. What only an engine uses is not followed up, and was most of the time of a
render: dependencies, aliases, providers, places in the source, the message itself.
https://github.com/pulumi/pulumi/blob/master/sdk/python/lib/pulumi/runtime/resource.py
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from types import ModuleType
from typing import Any, Protocol

from pulumi import Resource, ResourceOptions, _types, resource
from pulumi.runtime import rpc
from pulumi.runtime.resource import resource_output
from pulumi.runtime.settings import _get_rpc_manager

Resolve = Callable[[Any, bool, bool, Exception | None], None]

#: What the SDK asks its own classes anew for every value. An answer never changes.
_unwrap_type = cache(_types.unwrap_type)
_input_names = cache(_types.input_type_py_to_pulumi_names)
_input_types = cache(_types.input_type_types)


class Registrar(Protocol):
    """Who is told of what a program registers."""

    def register(self, type_: str, name: str, inputs: dict[str, Any]) -> Mapping[str, Any]:
        """Take a resource with its inputs as plain data; returns those of its outputs that are known."""

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The resource's full name."""


@contextmanager
def registered_by(registrar: Registrar) -> Iterator[None]:
    """For as long as it lasts, whatever a program registers goes to `registrar`."""

    def register_resource(
        res: Resource,
        ty: str,
        name: str,
        custom: bool,
        remote: bool,  # noqa: ARG001 - the SDK's own parameters, all of them
        new_dependency: object,  # noqa: ARG001
        props: Mapping[str, Any],
        opts: ResourceOptions,
        typ: type | None = None,
        package_ref: object = None,  # noqa: ARG001
    ) -> None:
        above = opts.parent.urn._data if opts.parent else None
        # Not done: the parent is read from a running cluster, which is refused in a moment.
        parent = above.result().value if above and above.done() else ""
        _output(res, "urn")(registrar.make_urn(parent, ty, name), True, False, None)
        if not custom:
            return
        _Registration(registrar, res, props, typ).start()

    with ExitStack() as replaced:
        for module, name, ours in (
            (resource, "register_resource", register_resource),
            # A component's outputs are its Python attributes already; the message tells them to the engine.
            (resource, "register_resource_outputs", lambda _res, _outputs: None),
            (resource, "collapse_alias_to_urn", lambda *_: None),
            (_types, "unwrap_type", _unwrap_type),
            (_types, "input_type_py_to_pulumi_names", _input_names),
            (_types, "input_type_types", _input_types),
        ):
            replaced.enter_context(_in_place_of(module, name, ours))
        yield


@contextmanager
def _in_place_of(module: ModuleType, name: str, ours: object) -> Iterator[None]:
    theirs = getattr(module, name)
    setattr(module, name, ours)
    try:
        yield
    finally:
        setattr(module, name, theirs)


def _output(res: Resource, name: str) -> Resolve:
    """Make one of the resource's attributes a value that is still to come; returns what brings it."""
    resolve, res.__dict__[name] = resource_output(res)
    return resolve


class _Registration:
    """One resource, from its inputs to its outputs."""

    def __init__(self, registrar: Registrar, res: Resource, props: Mapping[str, Any], typ: type | None) -> None:
        self._registrar = registrar
        self._res = res
        self._props = props
        self._typ = typ
        self._id = _output(res, "id")
        self._outputs = {name: _output(res, name) for name in props if name not in ("urn", "id")}

    def start(self) -> None:
        """Finish at once, unless an input waits for what another resource brings."""
        inputs = self._inputs()
        try:
            waits_for = inputs.send(None)
        except StopIteration as done:
            self._take(done.value)
        else:
            # Begun anew by a task; what it waits for must not believe that somebody waits already.
            inputs.close()
            waits_for._asyncio_future_blocking = False
            # The SDK keeps it among its calls, and `wait_for_rpcs` awaits it.
            asyncio.ensure_future(_get_rpc_manager().do_rpc("register resource", self._later)())  # noqa: RUF006

    async def _later(self) -> None:
        try:
            self._take(await self._inputs())
        except Exception as error:
            for resolve in (self._id, *self._outputs.values()):
                resolve(None, False, False, error)
            raise

    async def _inputs(self) -> dict[str, Any]:
        """What the SDK would send, by the names it would send it under."""
        names = _input_names(self._typ) if self._typ else {}
        types = _input_types(self._typ) if self._typ else {}
        translate = None if self._typ else self._res.translate_input_property
        sent = {}
        for key, value in self._props.items():
            name = names.get(key, key) if self._typ else self._res.translate_input_property(key)
            plain = await rpc.serialize_property(value, None, key, self._res, translate, types.get(name))
            if plain is not None:
                sent[name] = plain
        return sent

    def _take(self, inputs: dict[str, Any]) -> None:
        known = self._registrar.register(self._res._type, self._res._name, inputs)
        types = _types.resource_types(type(self._res))
        names = _types.resource_pulumi_to_py_names(type(self._res))
        brought = {
            names.get(key, key): rpc.translate_output_properties(
                value, _same, types.get(key), True, path=rpc._Path(key)
            )
            for key, value in known.items()
        }
        # Not before it runs does anybody know it.
        self._id(None, False, False, None)
        for name, resolve in self._outputs.items():
            resolve(brought.get(name), brought.get(name) is not None, False, None)


def _same(name: str) -> str:
    return name
