"""The names and types of a provider's resources and functions, read from its Python SDK, as `schema.py` checks them.

Importing such an SDK takes seconds, so a test run reads it once and the plugins read what it wrote.
"""

from __future__ import annotations

import collections.abc
import importlib
import inspect
import json
import re
import typing
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pulumi import _types

from tests.engine.cloud.account import write
from tests.engine.cloud.rules import table
from tests.engine.cloud.schema import Schema

_PLAIN = {str: "string", bool: "boolean", int: "integer", float: "number"}


def write_schema(package: str, file: Path) -> None:
    """Read the SDK of `aws` or `openstack` for everything in its table and write what was found."""
    known = table(package)
    schema = Schema(
        version=version(f"pulumi-{package}"),
        resources={token: _resource(token) for token in known.resources},
        functions={token: _function(token) for token in known.functions},
        provider=sorted(_types.input_type_types(_sdk(f"pulumi_{package}", "ProviderArgs"))),
    )
    write(file, json.dumps(schema.as_data()))


def args_class(token: str) -> type:
    """What the SDK's class of a resource type takes, as `pulumi_aws.ec2.VpcArgs` for `aws:ec2/vpc:Vpc`."""
    word = token.rpartition(":")[2]
    try:
        found: type = _member(token, f"{word}InitArgs")  # where a nested type has the plain name
    except AttributeError:
        found = _member(token, f"{word}Args")
    return found


def _member(token: str, name: str) -> Any:
    """What stands beside a type or function in the SDK."""
    package, path, _ = token.split(":")
    folder = path.partition("/")[0]
    return _sdk(f"pulumi_{package}" if folder == "index" else f"pulumi_{package}.{folder}", name)


def _sdk(module: str, name: str) -> Any:
    """A member of a module; it may be loaded only now, and old names in it warn when they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return getattr(importlib.import_module(module), name)


def _resource(token: str) -> dict[str, Any]:
    outputs = _types.resource_types(_member(token, token.rpartition(":")[2]))
    return {**_inputs(args_class(token)), "outputs": {name: _shape(kind) for name, kind in outputs.items()}}


def _function(token: str) -> dict[str, Any]:
    word = token.rpartition(":")[2]
    function = _member(token, _snake(word))
    skipped = {"opts"}
    parameters = {key: one for key, one in inspect.signature(function).parameters.items() if key not in skipped}
    result = _member(token, f"{word[0].upper()}{word[1:]}Result")
    return {
        "inputs": {_camel(key): "any" for key in parameters},
        "required": [],
        "outputs": {name: _shape(kind) for name, kind in _types.output_type_types(result).items()},
    }


def _inputs(args: type) -> dict[str, Any]:
    names = _types.input_type_py_to_pulumi_names(args)
    parameters = inspect.signature(args).parameters
    return {
        "inputs": {name: _shape(kind) for name, kind in _types.input_type_types(args).items()},
        "required": sorted(names[key] for key, one in parameters.items() if one.default is inspect.Parameter.empty),
    }


def _shape(kind: Any) -> Any:
    """A type as plain data: a word, {list: T}, {map: T} or {object: {name: T}, required: [...]}."""
    kind = _types.unwrap_type(kind)
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (list, collections.abc.Sequence):
        return {"list": _shape(inner[0])}
    if origin in (dict, collections.abc.Mapping):
        return {"map": _shape(inner[1])}
    if isinstance(kind, type) and _types.is_input_type(kind):
        described = _inputs(kind)
        return {"object": described["inputs"], "required": described["required"]}
    if isinstance(kind, type) and _types.is_output_type(kind):
        return {"object": {name: _shape(one) for name, one in _types.output_type_types(kind).items()}}
    return "any"


def _snake(word: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", word).lower()


def _camel(word: str) -> str:
    head, *rest = word.split("_")
    return head + "".join(part.capitalize() for part in rest)
