"""From a resource to the calls of OpenStack's APIs that the provider makes of it.

What each type becomes stands in `magnum_api.py` and `machines_api.py`, read off the provider's source. What is not
there cannot be made of a resource, so a property that the provider does not pass on fails here.
https://github.com/terraform-provider-openstack/terraform-provider-openstack/tree/main/openstack
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.recording import Made

#: Gives a property's place in the body (`a.b` is a mapping in a mapping), or the part of the body itself.
Place = str | Callable[[Any], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Api:
    """How a type of resource is made: where its body goes, how each property is called there, what is always sent."""

    service: str
    path: str
    names: Mapping[str, Place]
    method: str = "POST"
    #: The key that the body stands under, "" where it stands alone; and keys that stand beside it.
    wrapped: str = ""
    beside: tuple[str, ...] = ()
    always: Mapping[str, Any] = field(default_factory=dict)
    #: Properties that are no part of the body: in the path, or for the provider only.
    aside: tuple[str, ...] = ()
    #: Every other call: to look at it, to change it, to take it away; `*` stands for an id.
    later: tuple[str, ...] = ()


@dataclass(frozen=True)
class Call:
    """One request that makes something."""

    service: str
    path: str
    body: Any
    of: str


Rule = tuple[str, str, str]


def snake(*names: str, **other: Place) -> dict[str, Place]:
    """Properties that are called in the body as here, but with `_`; and those called otherwise."""

    def spelled(name: str) -> str:
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)

    return {name: spelled(name) for name in names} | other


def call(made: Made, apis: Mapping[str, Api]) -> Call:
    """The request that the provider makes of a resource.

    Raises:
        KeyError: A type or a property that the provider knows no request for.
    """
    api = apis[made.type]
    inner: dict[str, Any] = dict(api.always)
    for name, value in made.inputs.items():
        if name in api.aside:
            continue
        place = api.names[name]
        if callable(place):
            inner |= place(value)
        else:
            _put(inner, place.split("."), value)
    outer = {key: inner.pop(key) for key in api.beside if key in inner}
    return Call(api.service, api.path, {api.wrapped: inner} | outer if api.wrapped else inner, made.name)


def permissions(
    made: list[Made], looked_up: list[str], apis: Mapping[str, Api], look_ups: Mapping[str, Rule]
) -> set[Rule]:
    """All calls of these resources' whole lives, and of the look-ups: service, method and path."""
    found = {(apis[one.type].service, apis[one.type].method, apis[one.type].path) for one in made}
    for one in made:
        for later in apis[one.type].later:
            method, _, path = later.partition(" ")
            found.add((apis[one.type].service, method, path))
    return found | {look_ups[token] for token in looked_up}


def _put(body: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        body = body.setdefault(part, {})
    body[path[-1]] = value
