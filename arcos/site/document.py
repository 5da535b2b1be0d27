"""One YAML file as plain data, with the place of every key and value.

It knows YAML, not sites. It reads the events of libyaml and builds text, numbers, lists and mappings itself: no tag is
ever obeyed and no Python object is made. It takes the part of YAML that every reader understands in one way:

- Anchors, aliases and merge keys are refused. A site file is read by people who look for one key; with an alias the
  value stands elsewhere, a message points at the wrong line, and nine lines can stand for gigabytes.
- Tags are refused: `!!python/...` runs code in careless readers, and others change a type behind the reader's back.
- Disputed words (see `scalars`) and empty values are refused, since the Pulumi engine may read them otherwise.
- Tabs, a BOM, control and invisible characters are refused everywhere: what is seen is what is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from arcos.site.diagnostics import Finding
from arcos.site.scalars import DisputedError, scalar

#: Keys and list positions from the root down.
Path = tuple[str | int, ...]
#: Line and column, both from 1.
Mark = tuple[int, int]

#: Levels of nesting; a site needs seven.
MAX_DEPTH = 32

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_UNSEEN = re.compile(
    "[\x00-\x08\t\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]"
)


@dataclass
class Document:
    """A YAML file: its data, where everything stands, and what is wrong with it as YAML.

    Attributes:
        file: The file as messages name it.
        lines: Its lines without their ends.
        data: What could be read.
        keys: Where the key of each path stands.
        values: Where the value of each path stands.
        raw: How each scalar is spelled.
        findings: What is wrong with it as YAML.
        broken: Paths whose value is a finding already.
    """

    file: str
    lines: list[str]
    data: Any = None
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)
    raw: dict[Path, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    broken: set[Path] = field(default_factory=set)

    def finding(self, mark: Mark, what: str, accepted: str = "", hint: str = "") -> Finding:
        """A finding at a place of this file."""
        line, column = mark
        source = self.lines[line - 1] if line <= len(self.lines) else ""
        return Finding(self.file, line, column, source, _cut(what), accepted, _cut(hint))

    def refuse(self, mark: Mark, what: str, accepted: str = "", hint: str = "") -> None:
        """Note that the file is wrong at a place."""
        self.findings.append(self.finding(mark, what, accepted, hint))

    def key(self, path: Path) -> Mark:
        """Where the key stands, or the nearest thing above it that is there."""
        while path and path not in self.keys and path not in self.values:
            path = path[:-1]
        return self.keys.get(path) or self.values.get(path) or (1, 1)

    def value(self, path: Path) -> Mark:
        """Where the value stands, or the nearest key above it that is there."""
        return self.values.get(path) or self.key(path)

    def is_broken(self, path: Path) -> bool:
        """Whether the value, or one around it, is a finding already."""
        return any(path[:length] in self.broken for length in range(len(path) + 1))


def parse(file: str, text: str, *, strict_under: Path = (), nulls: bool = False) -> Document:
    """Read one YAML document.

    Args:
        file: The file's name in messages.
        text: What it holds.
        strict_under: Where disputed words and empty values are refused; elsewhere they are the Pulumi engine's own.
        nulls: Take an empty value.

    Returns:
        The document; when `findings` is not empty, its data is what could be read of it.
    """
    document = Document(file, text.replace("\r\n", "\n").split("\n"))
    for number, line in enumerate(document.lines, start=1):
        for found in _UNSEEN.finditer(line):
            document.refuse((number, found.start() + 1), *_unseen(found[0]))
    if document.findings:
        return document
    try:
        _Builder(document, strict_under, nulls).build(text)
    except yaml.MarkedYAMLError as error:
        place = error.problem_mark or error.context_mark
        mark = (place.line + 1, place.column + 1) if place else (1, 1)
        document.refuse(mark, f"is not YAML: {error.problem or error.context}", *_syntax_help(error))
    except yaml.YAMLError as error:
        document.refuse((1, 1), f"is not YAML: {error}", "YAML in UTF-8")
    return document


def _cut(text: str) -> str:
    """A key can be as long as the file."""
    return text if len(text) <= 300 else text[:300] + "..."


def _unseen(char: str) -> tuple[str, str, str]:
    if char == "\t":
        return "holds a tab", "spaces", r"replace it with spaces; inside text write \t in double quotes"
    if char == "\x00":
        return "holds a NUL byte", "text in UTF-8", "save the file as UTF-8; this one is binary or UTF-16"
    if char == "\ufeff":
        return "holds a byte order mark (BOM)", "UTF-8 without one", "save the file as UTF-8 without BOM"
    code = f"{ord(char):04X}"
    hint = rf"delete it, or write \u{code} in double quotes"
    return f"holds the invisible character U+{code}", "what can be seen", hint


def _syntax_help(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    problem = str(error.problem)
    if "mapping values are not allowed" in problem:
        return "one `key: value` a line", "quote a text that holds `: `, and put keys of one mapping in one column"
    if "could not find expected ':'" in problem:
        return "`key: value`", "put `: ` behind the key"
    if "cannot start any token" in problem:
        return "text that starts with a letter or digit", "quote a text that starts with @, ` or %"
    if "block" in str(error.context) or "indent" in problem:
        return "keys of one mapping in one column, list entries behind `- `", "check how far the line is indented"
    return "YAML", "check brackets, quotes and indentation just before this place"


@dataclass
class _Open:
    """A mapping or list that is being read; `into` is None where it is only skipped."""

    path: Path
    into: dict[str, Any] | list[Any] | None
    #: The key whose value comes next; None where a key is expected, or where the value is skipped.
    key: str | None = None
    value_next: bool = False


class _Builder:
    """Turns events into data, without recursion, so that no nesting can exhaust the stack."""

    def __init__(self, document: Document, strict_under: Path, nulls: bool) -> None:
        self.document = document
        self.strict_under = strict_under
        self.nulls = nulls
        self.open: list[_Open] = []

    def build(self, text: str) -> None:
        """Read all events; what is wrong becomes a finding of the document."""
        events: Iterator[Any] = iter(yaml.parse(text, Loader=_LOADER))
        documents = 0
        for event in events:
            mark = (event.start_mark.line + 1, event.start_mark.column + 1)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.document.refuse(mark, "a second YAML document starts", "one document", "delete from `---` on")
                    return
                if event.tags or event.version:
                    self.document.refuse(mark, "has a YAML directive", "no %TAG and no %YAML", "delete the line")
            elif isinstance(event, yaml.CollectionEndEvent):
                self.open.pop()
            elif isinstance(event, yaml.AliasEvent | yaml.ScalarEvent | yaml.CollectionStartEvent):
                if len(self.open) >= MAX_DEPTH:
                    self.document.refuse(mark, f"is nested deeper than {MAX_DEPTH} levels", "a flat file")
                    self.document.broken.add(())
                    return
                self._node(event, mark)

    def _node(self, event: yaml.AliasEvent | yaml.ScalarEvent | yaml.CollectionStartEvent, mark: Mark) -> None:
        if isinstance(event, yaml.AliasEvent):
            self.document.refuse(mark, f"has the alias `*{event.anchor}`", "the value itself", "write it out here")
        elif event.anchor is not None:
            self.document.refuse(mark, f"has the anchor `&{event.anchor}`", "the value itself", "delete the anchor")
        if not isinstance(event, yaml.AliasEvent) and event.tag is not None:
            self.document.refuse(mark, f"has the tag `{event.tag}`", "a value without a tag", "delete the tag")
        parent = self.open[-1] if self.open else None
        if parent is not None and isinstance(parent.into, dict) and not parent.value_next:
            self._key(parent, event, mark)
            return
        path = self._next_path(parent)
        if isinstance(event, yaml.CollectionStartEvent):
            into: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
            self._place(parent, path, mark, into)
            self.open.append(_Open(path or (), None if path is None else into))
        elif path is not None:
            self._place(parent, path, mark, self._value(event, path, mark))

    def _key(self, parent: _Open, event: yaml.NodeEvent, mark: Mark) -> None:
        """A key of a mapping. A key that is refused leaves its value to be skipped."""
        assert isinstance(parent.into, dict)  # noqa: S101 (for mypy)
        parent.value_next, parent.key = True, None
        if not isinstance(event, yaml.ScalarEvent):
            if not isinstance(event, yaml.AliasEvent):
                self.document.refuse(mark, "has a list or mapping as key", "text as key")
                self.open.append(_Open((), None))
            return
        key = event.value
        path = (*parent.path, key)
        if event.implicit[0] and not self._key_is_text(key, path, mark):
            return
        if path in self.document.keys:
            line = self.document.keys[path][0]
            self.document.refuse(mark, f"repeats the key `{key}`", "every key once", f"line {line} has it already")
            return
        parent.key = key
        self.document.keys[path] = mark

    def _key_is_text(self, key: str, path: Path, mark: Mark) -> bool:
        if key == "<<":
            self.document.refuse(mark, "has the merge key `<<`", "the keys themselves", "write them out here")
            return False
        try:
            if isinstance(scalar(key), str) or not self._strict(path):
                return True
        except DisputedError:
            if not self._strict(path):
                return True
        self.document.refuse(mark, f"has the key `{key}`, which is not text", "text as key")
        return False

    def _next_path(self, parent: _Open | None) -> Path | None:
        """Where the next value belongs; None when it is skipped."""
        if parent is None:
            return ()
        if isinstance(parent.into, list):
            return (*parent.path, len(parent.into))
        parent.value_next = False
        return None if parent.into is None or parent.key is None else (*parent.path, parent.key)

    def _place(self, parent: _Open | None, path: Path | None, mark: Mark, value: object) -> None:
        if path is None:
            return
        self.document.values[path] = mark
        if parent is None:
            self.document.data = value
        elif isinstance(parent.into, list):
            parent.into.append(value)
        elif isinstance(parent.into, dict):
            parent.into[str(path[-1])] = value

    def _value(self, event: yaml.NodeEvent, path: Path, mark: Mark) -> object:
        if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
            self.document.broken.add(path)
            return None
        self.document.raw[path] = event.value
        if not event.implicit[0]:
            return event.value
        try:
            value = scalar(event.value)
        except DisputedError as error:
            if self._strict(path):
                self.document.refuse(mark, str(error), error.accepted)
                self.document.broken.add(path)
            return event.value
        if value is None and path and not self.nulls and self._strict(path):
            accepted = "a value; `{}` for an empty mapping, or leave the key out for its default"
            self.document.refuse(self.document.key(path), f"`{path[-1]}` has no value", accepted)
            self.document.broken.add(path)
        return value

    def _strict(self, path: Path) -> bool:
        return path[: len(self.strict_under)] == self.strict_under
