"""A document against a model: the model's instance, or every mistake at its place.

pydantic decides, `words` says it, and this module finds line and column. It knows no site.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from arcos.site.diagnostics import Finding, nearest
from arcos.site.document import Document, Path
from arcos.site.shape import TAG, fields, unknown_keys, untagged
from arcos.site.words import Mistake, explain, kind_of, kinds, meant, subject

M = TypeVar("M", bound=BaseModel)


def validate(
    model: type[M],
    data: object,
    document: Document,
    *,
    at: Path = (),
    extra: Mapping[str, object] | None = None,
    beside: Mapping[str, str] | None = None,
) -> tuple[M | None, list[Finding]]:
    """Check what stands at a path of a document.

    Args:
        model: What it has to be.
        data: What stands there.
        document: Where mistakes are shown; its own findings are part of the result.
        at: Path of `data` in the document.
        extra: Fields that stand in no file.
        beside: What models may see of the rest of the file, as `info.context`.

    Returns:
        The instance when nothing is wrong, else None; and the findings, in the order of the file.
    """
    findings = list(document.findings)
    if document.is_broken(at):
        return None, in_order(findings)
    if not isinstance(data, dict):
        what = f"{subject(at)}is {kind_of(data)}, not a mapping".removeprefix(" ")
        findings.append(document.finding(document.value(at), what, f"a mapping with {', '.join(fields((model,)))}"))
        return None, in_order(findings)
    unknown = list(unknown_keys(model, data))
    findings += [_unknown(document, (*at, *path), known) for path, known in unknown]
    instance, mistakes = _ask(model, data, extra or {}, beside or {})
    typos = {(*path[:-1], nearest(str(path[-1]), known)) for path, known in unknown}
    for path, mistake in mistakes:
        # A missing key whose misspelling is a finding already would be said twice.
        if not document.is_broken((*at, *path)) and not (mistake.type == "missing" and path in typos):
            findings.append(_finding(document, (*at, *path), mistake))
    return (None if findings else instance), in_order(findings)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, in the order of the file."""
    return sorted(dict.fromkeys(findings), key=lambda finding: (finding.path, finding.line, finding.column))


def _finding(document: Document, path: Path, mistake: Mistake) -> Finding:
    mistake = Mistake(**(vars(mistake) | {"raw": document.raw.get(path, "")}))
    what, accepted, hint = explain(mistake)
    mark = document.key(path) if mistake.of_key else document.value(path)
    return document.finding(mark, subject(path) + what, accepted, hint)


def _unknown(document: Document, path: Path, known: list[str]) -> Finding:
    key = str(path[-1])
    hint = meant(key, known)
    if key == "secure":
        hint = "a secret is a key of its own beside arcos:site: pulumi config set --secret arcos:<name>"
    thing = f"there is no app `{key}`" if path[-2:-1] == ("apps",) else f"unknown key `{key}`"
    return document.finding(document.key(path), thing, ", ".join(sorted(known)), hint)


def _ask(
    model: type[M], data: dict[str, Any], extra: Mapping[str, object], beside: Mapping[str, str]
) -> tuple[M | None, list[tuple[Path, Mistake]]]:
    """What pydantic says, also of what stands under a misspelt `kind`.

    pydantic does not look below a `kind` it does not know. It is asked again with the kind that was most likely meant,
    until no kind is left that can be mended; each round mends at least one.
    """
    found: list[tuple[Path, Mistake]] = []
    while True:
        try:
            whole = dict(data) | dict(extra)
            instance = model.model_validate(whole, by_alias=True, by_name=False, context=beside)
        except ValidationError as error:
            mistakes = list(_mistakes(model, error))
        else:
            return (None if found else instance), found
        mended = copy.deepcopy(data)
        again = [(path, mistake) for path, mistake in mistakes if _mend(mended, path, mistake)]
        found += again
        if not again:
            return None, found + mistakes
        data = mended


def _mistakes(model: type[BaseModel], error: ValidationError) -> Iterator[tuple[Path, Mistake]]:
    for detail in error.errors(include_url=False):
        kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
        if kind == "extra_forbidden" or (kind == "too_short" and len(value) >= context["min_length"]):
            continue  # said by unknown_keys, and by the errors of the list's own entries
        path, field, about = untagged(model, detail["loc"])
        if kind.startswith("union_tag"):
            path = (*path, TAG)
        yield path, Mistake(kind, value, context, detail["msg"], field, "", detail["loc"][-1:] == ("[key]",), about)


def _mend(data: dict[str, Any], path: Path, mistake: Mistake) -> bool:
    """Put the kind that was most likely meant in place of an unknown one."""
    better = nearest(str(mistake.context["tag"]), kinds(mistake.field)) if mistake.type == "union_tag_invalid" else ""
    if not better:
        return False
    node: Any = data
    for item in path[:-1]:
        node = node[item]
    node[TAG] = better
    return True
