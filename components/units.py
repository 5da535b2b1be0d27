"""The typed values that site files and component arguments are made of: domains, quantities, durations, ports.

Each type refuses with :func:`refuse`, which carries what is accepted and, where it can be told, the right spelling;
`arcos.site` turns that into file, line and column. The JSON Schema pattern stands beside each type, so an editor and
`./arcosctl check` agree. What several fields mean together is not decided here but in the model that holds them.

Sources: DNS names RFC 1123 and RFC 1035; e-mail the RFC 5322 dot-atom form; quantities
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


class Settings(BaseModel):
    """What every part of a site file is: frozen, strict, without unknown keys, camelCase in YAML, snake_case in Python.

    The docstring below a field is its description in the JSON Schema: its meaning, unit, and why its default is so.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        # Not while it is imported: most of a site's classes are of apps and clouds that it does not use.
        defer_build=True,
        field_title_generator=lambda name, _: name.replace("_", " ").capitalize(),
    )

    #: Fields that stand in no file, since the file's own name says them, or what stands beside it.
    outside: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @cache
    def described(cls) -> dict[str, str]:
        """The docstring below each field, by the field's name in Python.

        Read from the source when somebody asks: reading all of it was a third of the time of importing the models.
        """
        found: dict[str, str] = {}
        for model in reversed([one for one in cls.__mro__ if issubclass(one, Settings) and one is not Settings]):
            [definition] = ast.parse(textwrap.dedent(inspect.getsource(model))).body
            for field, below in pairwise(cast("ast.ClassDef", definition).body):
                match field, below:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                        found[name] = inspect.cleandoc(text)
        return found

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """With each field's description, and without what no file says."""
        schema = handler(core)
        resolved = handler.resolve_ref_schema(schema)
        properties = resolved["properties"]
        for name in cls.outside:
            properties.pop(cls.model_fields[name].alias or name)
            resolved["required"] = [key for key in resolved["required"] if key != name]
        for name, text in cls.described().items():
            if name in cls.model_fields and name not in cls.outside:
                properties[cls.model_fields[name].alias or name]["description"] = text
        return schema


def refuse(what: str, accepted: str, hint: str = "") -> PydanticCustomError:
    """The error for a value that has the right YAML type and is still wrong.

    Args:
        what: What is wrong, as it follows the key ("is not a domain name").
        accepted: What is accepted, with an example.
        hint: The right spelling of this very value, where it can be told.
    """
    context: dict[str, Any] = {"what": what, "accepted": accepted, "hint": hint}
    return PydanticCustomError("refused", "{what}; accepted: {accepted}", context)


def _pattern(pattern: str, what: str, accepted: str, mend: Callable[[str], str]) -> AfterValidator:
    """A text that matches `pattern` whole; `mend` makes the hint, which is only given when it matches."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if compiled.fullmatch(value):
            return value
        better = mend(value)
        raise refuse(what, accepted, better if compiled.fullmatch(better) else "")

    return AfterValidator(check)


_T = TypeVar("_T")

#: A list in YAML, a tuple in Python, so that a site stays frozen all the way down.
Many = Annotated[tuple[_T, ...], Strict(False)]

_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_DOMAIN = rf"(?=.{{1,200}}$)(?:{_LABEL}\.)+[a-z](?:[-a-z0-9]{{0,61}}[a-z0-9])"
_EMAIL = rf"(?=.{{1,254}}$)[A-Za-z0-9_%+'-]+(?:\.[A-Za-z0-9_%+'-]+)*@(?:{_LABEL}\.)+[a-z](?:[-a-z0-9]{{0,61}}[a-z0-9])"
_CPU = r"[1-9][0-9]{0,4}m?|0\.[0-9]{0,2}[1-9]|[1-9][0-9]{0,3}\.[0-9]{1,3}"
_MEMORY = r"[1-9][0-9]{0,8}(?:\.[0-9]{1,2})?(?:Ki|Mi|Gi|Ti|Pi)"
_DURATION = r"[1-9][0-9]{0,5}(?:s|m|h|d|w)"
_URL = rf"https://(?:{_LABEL}\.)*{_LABEL}(?::[1-9][0-9]{{0,4}})?(?:/[^\s<>\"\\^`{{|}}\x00-\x20]*)?"
_REGISTRY = rf"(?:{_LABEL}\.)*{_LABEL}(?::[1-9][0-9]{{0,4}})?(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*"


def _schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^(?:{pattern})$", "examples": [example]})


def _lower(value: str) -> str:
    return re.sub(r"^[a-z]+://|/.*$", "", value.strip().lower()).rstrip(".").replace("_", "-")


def _label(value: str) -> str:
    plain = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.strip().lower()).strip("-")


DnsLabel = Annotated[
    str,
    _pattern(_LABEL, "is not a DNS label", "1 to 63 of a-z, 0-9 and `-`, no `-` at either end, as in `core-1`", _label),
    _schema(_LABEL, "core-1"),
]
Domain = Annotated[
    str,
    _pattern(
        _DOMAIN,
        "is not a domain name",
        "a lower-case DNS name of two or more labels, as in `qld.example.edu.au`; xn-- for other scripts",
        _lower,
    ),
    _schema(_DOMAIN, "qld.example.edu.au"),
]
Email = Annotated[
    str,
    _pattern(
        _EMAIL,
        "is not an e-mail address",
        "one address, as in `platform-ops@example.edu.au`",
        lambda value: re.sub(r"^mailto:|^.*<|>.*$|\s", "", value).rstrip("."),
    ),
    _schema(_EMAIL, "platform-ops@example.edu.au"),
]
HttpsUrl = Annotated[
    str,
    Field(max_length=2000),
    _pattern(
        _URL,
        "is not an https address",
        "an address that starts with https://, as in `https://docs.example.edu.au/start`",
        lambda value: "https://" + re.sub(r"^(\w+:/{0,2}|//)", "", value.strip()) if "." in value else "",
    ),
    WithJsonSchema({"type": "string", "pattern": "^https://", "format": "uri", "maxLength": 2000}),
]
Registry = Annotated[
    str,
    _pattern(
        _REGISTRY,
        "is not the address of an image registry",
        "host[:port][/path] in lower case, without https://, as in `registry.example.edu.au/arcos`",
        lambda value: re.sub(r"^https?://", "", value.strip().lower()).rstrip("/"),
    ),
    _schema(_REGISTRY, "registry.example.edu.au/arcos"),
]
Memory = Annotated[
    str,
    _pattern(
        _MEMORY,
        "is not an amount of memory",
        "a number with the unit Ki, Mi, Gi, Ti or Pi, as in `512Mi` or `2Gi`",
        lambda value: re.sub(r"\s*([kmgtp])i?b?$", lambda unit: unit[1].upper() + "i", value.strip().lower()),
    ),
    _schema(_MEMORY, "2Gi"),
]
Duration = Annotated[
    str,
    _pattern(
        _DURATION,
        "is not a duration",
        "a whole number with the unit s, m, h, d or w, as in `30d` or `12h`",
        lambda value: re.sub(r"\s*(second|minute|hour|day|week)s?$", lambda m: m[1][0], value.strip().lower()),
    ),
    _schema(_DURATION, "30d"),
]


def _cpu(value: object) -> object:
    """YAML reads `2` and `0.5` as numbers; Kubernetes takes both as text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}"
    return value


Cpu = Annotated[
    str,
    _pattern(
        _CPU,
        "is not an amount of CPU",
        "cores as a number with at most three decimals (`2`, `0.5`) or thousandths of a core (`500m`)",
        lambda value: re.sub(r"\s*(cores?|cpus?)$", "", value.strip().lower()),
    ),
    BeforeValidator(_cpu),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": f"^(?:{_CPU})$"}]}
    ),
]

Port = Annotated[int, Field(ge=1, le=65535)]


def _line(value: str) -> str:
    better = " ".join(value.split())
    if "\n" in value or "\r" in value:
        raise refuse("has more than one line", "one line of text", better)
    if value != value.strip():
        raise refuse("starts or ends with a space", "one line of text without spaces around it", better)
    return value


#: One line of text that people read.
Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]


def _day(value: object) -> object:
    """A date as YAML reads it, as text, or as the Pulumi engine passes it on: midnight UTC in RFC 3339."""
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}(T00:00:00Z)?", value, flags=re.ASCII):
        try:
            return date.fromisoformat(value[:10])
        except ValueError:
            raise refuse("is no day of the calendar", "a date as year-month-day, as in 2027-06-30") from None
    raise refuse("is not a date", "a date as year-month-day, as in 2027-06-30")


Day = Annotated[
    date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date", "examples": ["2027-06-30"]})
]
