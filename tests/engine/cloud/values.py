"""Plain data in and out of the engine's messages: secrets taken out of their envelope and put back, unknowns kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

#: What stands for a value that is not known before the cloud has made something.
UNKNOWN = rpc.UNKNOWN

Data = dict[str, Any]


def plain(message: struct_pb2.Struct) -> Data:
    """The properties in a message, without the envelopes that mark secrets."""
    return {key: _opened(value) for key, value in _as_data(message).items()}


def secrets(message: struct_pb2.Struct) -> set[str]:
    """The properties in which something is secret."""
    return {key for key, value in _as_data(message).items() if _holds_secret(value)}


def message(properties: Mapping[str, Any], secret: Iterable[str] = ()) -> struct_pb2.Struct:
    """Properties as the engine takes them, those named in `secret` marked as such."""
    wanted = set(secret)
    marked = {
        key: {rpc._special_sig_key: rpc._special_secret_sig, "value": value} if key in wanted else value
        for key, value in properties.items()
    }
    return json_format.ParseDict(marked, struct_pb2.Struct())


def is_unknown(value: object) -> bool:
    """Whether something in a value is not known yet."""
    if isinstance(value, dict):
        return any(is_unknown(inner) for inner in value.values())
    if isinstance(value, list):
        return any(is_unknown(inner) for inner in value)
    return value == UNKNOWN


def _as_data(message: struct_pb2.Struct) -> Data:
    found: Data = json_format.MessageToDict(message)
    return found


def _opened(value: Any) -> Any:
    if isinstance(value, list):
        return [_opened(inner) for inner in value]
    if isinstance(value, dict):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
            return _opened(value["value"])
        return {key: _opened(inner) for key, inner in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _holds_secret(value: Any) -> bool:
    if isinstance(value, list):
        return any(_holds_secret(inner) for inner in value)
    if isinstance(value, dict):
        secret = value.get(rpc._special_sig_key) == rpc._special_secret_sig
        return secret or any(_holds_secret(inner) for inner in value.values())
    return False
