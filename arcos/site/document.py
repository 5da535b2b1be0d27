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

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from arcos.site.diagnostics import Finding
from arcos.site.scalars import DisputedError, scalar
from arcos.site.syntax import UNSEEN, Mark, syntax, unseen

#: Keys and list positions from the root down.
Path = tuple[str | int, ...]

#: Levels of nesting; a site needs seven.
MAX_DEPTH = 32

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
        if self.lines and line > len(self.lines):  # libyaml counts on behind a last line without an end
            line, column = len(self.lines), len(self.lines[-1]) + 1
        source = self.lines[line - 1] if self.lines else ""
        return Finding(self.file, line, column, source, _cut(what), _cut(accepted), _cut(hint))

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
    text = text.replace("\r\n", "\n")
    document = Document(file, text.split("\n"))
    for number, line in enumerate(document.lines, start=1):
        # Once a line for each character: a line of tabs is one mistake.
        for char in sorted(set(UNSEEN.findall(line))):
            document.refuse((number, line.index(char) + 1), *unseen(char))
    seen = not document.findings
    try:
        # What cannot be seen is refused already; without it, the same run finds the other mistakes.
        _Builder(document, strict_under, nulls).build(UNSEEN.sub(" ", text.removeprefix("\ufeff")))
    except yaml.YAMLError as error:
        if seen:
            document.refuse(*syntax(error))
        document.broken.add(())
    return document


def _cut(text: str) -> str:
    """A key or value can be as long as the file."""
    return text if len(text) <= 300 else text[:300] + "..."


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
