"""Who a program registers with while it is rendered: it writes down what the program asks for.

Keeps each Kubernetes object as an engine would be sent it (`registration.py`). It answers with what is certain before a
cluster runs, an object's name and namespace; everything else is unknown, as in a preview. Where something unknown or
secret would stand in an object, it refuses. So it does what would ask a cluster, through the SDK's published test hook
(`pulumi.runtime.mocks`). https://github.com/pulumi/pulumi/blob/master/proto/pulumi/resource.proto
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pulumi.output import UNKNOWN
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

    def register(self, type_: str, name: str, inputs: dict[str, Any]) -> Manifest:
        """Keep an object, pass providers, refuse what needs an engine."""
        if type_.startswith(_PROVIDER):
            return {}
        at = f"{name} ({type_})"
        if not type_.startswith(_OBJECT) or type_.startswith(_NOT_AN_OBJECT):
            self._error(at, "is no Kubernetes object", "only the engine can make it")
            return {}
        manifest: Manifest = as_sent(inputs)
        if self._is_certain(at, manifest):
            self.manifests.append(manifest)
        return _certain(manifest)

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        """Refuse: a function of a provider asks a running cluster or cloud."""
        raise self._error(request.tok, "asks a running cluster", "the program calls a provider's function")

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:  # noqa: N802
        """Refuse: what exists in the cluster already is not known here."""
        raise self._error(request.name, "reads a running cluster", "the program gets an existing object")

    def _is_certain(self, at: str, manifest: Manifest) -> bool:
        """Refuse an object that is not named, or not known, or secret."""
        before = len(self.errors)
        for path, value in leaves(manifest):
            if value == rpc.UNKNOWN:
                why = "only a running cluster knows this value"
                self._error(at, f"field {path} is not known before the cluster runs", why)
            elif path.endswith(rpc._special_sig_key):
                self._error(at, f"field {path.rpartition('.')[0]} is secret", "nothing secret is ever rendered")
        meta = manifest.get("metadata")
        if not isinstance(meta, dict) or not meta.get("name"):
            self._error(at, "field metadata.name is missing", "the engine would invent a name")
        if manifest.get("kind") == "Secret" and (manifest.get("data") or manifest.get("stringData")):
            self._error(at, "is a Secret with data", "nothing secret is ever rendered; let a Seeder make it")
        return len(self.errors) == before

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


def as_sent(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Plain data as it arrives at an engine: texts without a class of their own, whole numbers as integers."""
    if isinstance(value, dict):
        return {str(key): as_sent(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_sent(inner) for inner in value]
    if isinstance(value, str):
        return value if type(value) is str else str.__str__(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _certain(manifest: Manifest) -> Manifest:
    """The answer to a registration. What the cluster may change or add is unknown, so no object can be built on it."""
    given = manifest.get("metadata")
    meta = dict.fromkeys(_UNKNOWN_META, UNKNOWN)
    if isinstance(given, dict):
        meta |= {key: given[key] for key in ("name", "namespace") if key in given}
    return {"apiVersion": manifest.get("apiVersion"), "kind": manifest.get("kind"), "metadata": meta}
