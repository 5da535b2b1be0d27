"""What a model accepts at a path: its keys, and which variant of a union a mapping means.

Works on any :class:`components.units.Settings`, without knowing sites. Errors of pydantic name the variant of a union
in their location (`cluster`, `local`, `httpPort`); a file does not, and :func:`untagged` takes it out again.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from arcos.site.diagnostics import nearest
from arcos.site.document import Path
from components.units import Settings

#: The key that says which variant of a union a mapping is.
TAG = "kind"

Model = type[BaseModel]


def variants(annotation: object) -> tuple[Any, ...]:
    """The annotation without `Annotated`, and a union as its members."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(found for member in get_args(annotation) for found in variants(member))
    return (annotation,)


def models(annotations: tuple[Any, ...]) -> tuple[Model, ...]:
    """The models among annotations."""
    members = (member for annotation in annotations for member in variants(annotation))
    return tuple(member for member in members if isinstance(member, type) and issubclass(member, BaseModel))


def entries(annotations: tuple[Any, ...]) -> tuple[Any, ...]:
    """What the entries of a list (`tuple[X, ...]`) or of a free mapping (`dict[str, X]`) are."""
    found = []
    for annotation in annotations:
        for member in variants(annotation):
            if get_origin(member) is tuple:
                found.append(get_args(member)[0])
            elif get_origin(member) is dict:
                found.append(get_args(member)[1])
    return tuple(found)


def fields(candidates: tuple[Model, ...]) -> dict[str, tuple[FieldInfo, ...]]:
    """Every key that at least one of the models takes in a file."""
    found: dict[str, tuple[FieldInfo, ...]] = {}
    for model in candidates:
        for name, info in model.model_fields.items():
            alias = info.alias or name
            if name not in getattr(model, "outside", ()):
                found[alias] = (*found.get(alias, ()), info)
    return found


def tags(model: Model) -> tuple[str, ...]:
    """The values of `kind` that mean this model."""
    info = model.model_fields.get(TAG)
    return tuple(get_args(info.annotation)) if info and get_origin(info.annotation) is Literal else ()


def chosen(candidates: tuple[Model, ...], data: object) -> tuple[Model, ...]:
    """The variant that a mapping means, by its `kind` or by what that was most likely to be; else all of them."""
    if len(candidates) < 2 or not isinstance(data, dict) or not isinstance(data.get(TAG), str):
        return candidates
    by_tag = {tag: model for model in candidates for tag in tags(model)}
    model = by_tag.get(data[TAG]) or by_tag.get(nearest(data[TAG], by_tag))
    return (model,) if model else candidates


def unknown_keys(root: Model, data: object) -> Iterator[tuple[Path, list[str]]]:
    """Every key that no variant takes, with the keys that are taken beside it."""
    yield from _unknown((root,), data, ())


def _unknown(annotations: tuple[Any, ...], data: object, path: Path) -> Iterator[tuple[Path, list[str]]]:
    if isinstance(data, list):
        for index, value in enumerate(data):
            yield from _unknown(entries(annotations), value, (*path, index))
    elif isinstance(data, dict) and (candidates := models(annotations)):
        known = fields(chosen(candidates, data))
        for key, value in data.items():
            if key in known:
                yield from _unknown(tuple(info.annotation for info in known[key]), value, (*path, key))
            else:
                yield (*path, key), list(known)
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _unknown(entries(annotations), value, (*path, key))


def about(candidates: tuple[Model, ...], key: str) -> str:
    """What the docstring of a model's field says, in one line."""
    for model in candidates:
        for name, info in model.model_fields.items():
            if key == (info.alias or name) and issubclass(model, Settings):
                return " ".join(model.described().get(name, "").split())
    return ""


def untagged(root: Model, location: tuple[str | int, ...]) -> tuple[Path, FieldInfo | None, str]:
    """The path in the file that a pydantic location means, the field at its end, and what that is about."""
    annotations: tuple[Any, ...] = (root,)
    path: Path = ()
    info: FieldInfo | None = None
    words = ""
    for item in location:
        if item == "[key]":  # pydantic's way to say that the key itself is wrong
            break
        candidates = models(annotations)
        if len(candidates) > 1:
            annotations = tuple(model for model in candidates if item in tags(model))
            continue
        if candidates:
            found = fields(candidates).get(str(item))
            info = found[0] if found else None
            words = about(candidates, str(item))
            annotations = (info.annotation,) if info else ()
        else:
            annotations = entries(annotations)
        path = (*path, item)
    return path, info, words
