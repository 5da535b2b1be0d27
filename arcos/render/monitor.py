"""Pulumi's resource monitor without an engine: it writes down what the program asks for.

Built on the SDK's published test hook (`pulumi.runtime.mocks`), it takes the same messages the engine would and keeps
each Kubernetes object as it stands in them. It answers with what is certain before a cluster runs, an object's name
and namespace; everything else is unknown, as in a preview. Where something unknown or secret would stand in an object,
it refuses. https://github.com/pulumi/pulumi/blob/master/proto/pulumi/resource.proto
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2
from pulumi_kubernetes.meta.v1 import ObjectMetaArgsDict

from arcos.errors import ArcosError
from arcos.render.order import Manifest

_OBJECT = "kubernetes:"
_PROVIDER = "pulumi:providers:"
#: Kinds that a plain `kubernetes:` type stands for without being one object.
_NOT_AN_OBJECT = ("kubernetes:helm.sh/", "kubernetes:yaml", "kubernetes:kustomize")
#: The parts of an object's metadata that only the cluster can tell, whatever the program wrote there.
_UNKNOWN_META = sorted(
    {
        "".join(w if i == 0 else w.capitalize() for i, w in enumerate(key.split("_")))
        for key in ObjectMetaArgsDict.__annotations__
    }
    - {"name", "namespace"}
)


class _NoMocks(mocks.Mocks):
    """The hook wants one; the monitor below never asks it."""

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise RuntimeError(f"{args.token} reached the mocks: the recorder answers every call itself")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        raise RuntimeError(f"{args.name} reached the mocks: the recorder takes every resource itself")


class Recorder(mocks.MockMonitor):
    """Collects `manifests`, and `errors` about what cannot be rendered."""

    def __init__(self) -> None:
        super().__init__(_NoMocks())
        self.manifests: list[Manifest] = []
        self.errors: list[ArcosError] = []

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:  # noqa: N802
        """Keep an object, pass components and providers, refuse what needs an engine."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if request.type.startswith(_PROVIDER):
            return resource_pb2.RegisterResourceResponse(urn=urn, id=request.name)
        if not request.type.startswith(_OBJECT) or request.type.startswith(_NOT_AN_OBJECT):
            self._refuse(request, "is no Kubernetes object", "only the engine can make it")
            return resource_pb2.RegisterResourceResponse(urn=urn)
        manifest = _plain_map(request.object)
        if self._is_certain(request, manifest):
            self.manifests.append(manifest)
        return resource_pb2.RegisterResourceResponse(urn=urn, object=_certain(manifest))

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        """Refuse: a function of a provider asks a running cluster or cloud."""
        raise self._error(request.tok, "asks a running cluster", "the program calls a provider's function")

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:  # noqa: N802
        """Refuse: what exists in the cluster already is not known here."""
        raise self._error(request.name, "reads a running cluster", "the program gets an existing object")

    def _is_certain(self, request: resource_pb2.RegisterResourceRequest, manifest: Manifest) -> bool:
        """Refuse an object that is not named, or not known, or secret."""
        before = len(self.errors)
        for path, value in leaves(manifest):
            if value == rpc.UNKNOWN:
                why = "only a running cluster knows this value"
                self._refuse(request, f"field {path} is not known before the cluster runs", why)
            elif path.endswith(rpc._special_sig_key):
                self._refuse(request, f"field {path.rpartition('.')[0]} is secret", "nothing secret is ever rendered")
        meta = manifest.get("metadata")
        if not isinstance(meta, dict) or not meta.get("name"):
            self._refuse(request, "field metadata.name is missing", "the engine would invent a name")
        if manifest.get("kind") == "Secret" and (manifest.get("data") or manifest.get("stringData")):
            self._refuse(request, "is a Secret with data", "nothing secret is ever rendered; let a Seeder make it")
        return len(self.errors) == before

    def _refuse(self, request: resource_pb2.RegisterResourceRequest, what: str, why: str) -> None:
        self._error(f"{request.name} ({request.type})", what, why)

    def _error(self, where: str, what: str, why: str) -> ArcosError:
        error = ArcosError(
            f"{where}: {what}",
            where=where,
            why=why,
            fix="give the value in the program itself, or deliver this site with `pulumi up`",
        )
        self.errors.append(error)
        return error


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every scalar of plain data with its path, as in `spec.ports[0].port`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def _plain_map(struct: struct_pb2.Struct) -> dict[str, Any]:
    return {key: _plain(value) for key, value in struct.fields.items()}


def _plain(value: struct_pb2.Value) -> Any:  # noqa: ANN401 - any JSON value
    """A protobuf value as JSON has it; whole numbers become integers again."""
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _plain_map(value.struct_value)
    if kind == "list_value":
        return [_plain(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return value.string_value
    return value.bool_value if kind == "bool_value" else None


def _certain(manifest: Manifest) -> struct_pb2.Struct:
    """The answer to a registration. What the cluster may change or add is unknown, so no object can be built on it."""
    known = manifest.get("metadata")
    meta: dict[str, Any] = dict.fromkeys(_UNKNOWN_META, rpc.UNKNOWN)
    if isinstance(known, dict):
        meta |= {key: known[key] for key in ("name", "namespace") if key in known}
    answer = struct_pb2.Struct()
    answer.update({"apiVersion": manifest.get("apiVersion"), "kind": manifest.get("kind"), "metadata": meta})
    return answer
