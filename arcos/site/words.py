"""What pydantic's error types mean in plain words: what is wrong, what is accepted, and the nearest right spelling.

The words come from the models' own docstrings, bounds and examples; nothing here knows a site.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from arcos.site.diagnostics import nearest
from arcos.site.document import Path
from arcos.site.shape import models, tags


class Words(NamedTuple):
    """What a finding says."""

    what: str
    accepted: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Mistake:
    """One error of pydantic.

    Attributes:
        type: pydantic's name of it.
        value: The value.
        context: What pydantic adds: bounds, expected values, or the arguments of `components.units.refuse`.
        message: pydantic's own sentence.
        field: The field it is about, where it is one.
        raw: How the value is spelled in the file, or "".
        of_key: Whether the key is wrong, not its value.
        about: What the field's docstring says.
    """

    type: str
    value: Any
    context: Mapping[str, Any]
    message: str
    field: FieldInfo | None
    raw: str
    of_key: bool = False
    about: str = ""


def explain(mistake: Mistake) -> Words:
    """The mistake in words that follow the name of the key."""
    if mistake.value is None and mistake.type.endswith("_type"):
        return Words("has no value", mistake.about, "give it one, or leave the key out for its default")
    say = _SAY.get(mistake.type)
    return say(mistake) if say else Words(f"is refused: {mistake.message}", mistake.about)


def kind_of(value: object) -> str:
    """A value's YAML type in words."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    words: dict[type, str] = {str: "text", dict: "a mapping", list: "a list", date: "a date"}
    words |= {int: "a number", float: "a number with a fraction", type(None): "empty"}
    return words.get(type(value), type(value).__name__)


def subject(path: Path) -> str:
    """The key that a sentence starts with: "`taints[0]` "."""
    name = ""
    for item in reversed(path):
        if isinstance(item, str):
            return f"`{item}{name}` "
        name = f"[{item}]{name}"
    return ""


def kinds(field: FieldInfo | None) -> list[str]:
    """The values of `kind` that a field's union takes."""
    return [tag for model in models((field.annotation,)) for tag in tags(model)] if field else []


def meant(word: object, options: list[str]) -> str:
    """A question that names the option which is nearest, or ""."""
    better = nearest(word, options) if isinstance(word, str) else ""
    return f"did you mean `{better}`?" if better else ""


def _text(mistake: Mistake) -> Words:
    hint = f'write it in quotes: "{mistake.raw}"' if mistake.raw and len(mistake.raw) < 100 else ""
    return Words(f"is {kind_of(mistake.value)}, not text", f"text: {mistake.about}", hint)


def _number(mistake: Mistake) -> Words:
    bare = isinstance(mistake.value, str) and mistake.value.strip().isdecimal()
    hint = f"write {mistake.value.strip()} without quotes" if bare else ""
    return Words(f"is {kind_of(mistake.value)}, not a whole number", _bounds(mistake), hint)


def _bounds(mistake: Mistake) -> str:
    metadata = mistake.field.metadata if mistake.field else []
    low = next((item.ge for item in metadata if isinstance(item, Ge)), None)
    high = next((item.le for item in metadata if isinstance(item, Le)), None)
    return "a whole number" + (f" from {low} to {high}" if low is not None and high is not None else "")


def _switch(mistake: Mistake) -> Words:
    return Words(f"is {kind_of(mistake.value)}", "true or false, without quotes")


def _day(mistake: Mistake) -> Words:
    return Words(f"is {kind_of(mistake.value)}, not a date", "a date as year-month-day, as in 2027-06-30")


def _list(mistake: Mistake) -> Words:
    hint = f"put it in brackets: [{mistake.raw}]" if mistake.raw and len(mistake.raw) < 100 else ""
    return Words(f"is {kind_of(mistake.value)}, not a list", f"a list: {mistake.about}", hint)


def _mapping(mistake: Mistake) -> Words:
    hint = "write {} for an app with its defaults, and leave it out for off" if isinstance(mistake.value, bool) else ""
    return Words(f"is {kind_of(mistake.value)}, not a mapping", "a mapping: " + mistake.about, hint)


def _choice(mistake: Mistake) -> Words:
    options = [part.strip().strip("'") for part in str(mistake.context["expected"]).replace(" or ", ", ").split(",")]
    return Words("is none of the values that are accepted", ", ".join(options), meant(mistake.value, options))


def _kind(mistake: Mistake) -> Words:
    tag, options = str(mistake.context["tag"]), kinds(mistake.field)
    return Words(f"is unknown: `{tag}`", ", ".join(options), meant(tag, options))


def _short(mistake: Mistake) -> Words:
    unit = "characters" if isinstance(mistake.value, str) else "entries"
    what = f"has too few {unit}" if mistake.value else "is empty"
    return Words(what, f"at least {mistake.context['min_length']} {unit}: {mistake.about}")


def _long(mistake: Mistake) -> Words:
    unit = "characters" if isinstance(mistake.value, str) else "entries"
    return Words(f"has {len(mistake.value)} {unit}, too many", f"at most {mistake.context['max_length']} {unit}")


def _pattern(mistake: Mistake) -> Words:
    return Words("is not spelled as it must be", mistake.about or str(mistake.context.get("pattern")))


def _refused(mistake: Mistake) -> Words:
    context = mistake.context
    return Words(context["what"], context["accepted"], f"did you mean `{context['hint']}`?" if context["hint"] else "")


_SAY: dict[str, Callable[[Mistake], Words]] = {
    "refused": _refused,
    "missing": lambda mistake: Words("is missing", mistake.about),
    "string_type": _text,
    "string_pattern_mismatch": _pattern,
    "int_type": _number,
    "int_from_float": _number,
    "greater_than_equal": lambda mistake: Words(f"is {mistake.value}, too small", _bounds(mistake)),
    "less_than_equal": lambda mistake: Words(f"is {mistake.value}, too large", _bounds(mistake)),
    "bool_type": _switch,
    "date_type": _day,
    "tuple_type": _list,
    "dict_type": _mapping,
    "model_type": _mapping,
    "model_attributes_type": _mapping,
    "literal_error": _choice,
    "union_tag_invalid": _kind,
    "union_tag_not_found": lambda mistake: Words("is missing", ", ".join(kinds(mistake.field))),
    "string_too_short": _short,
    "too_short": _short,
    "string_too_long": _long,
    "too_long": _long,
}
