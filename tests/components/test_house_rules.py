"""How a component is written, so that whoever knows one knows them all (CONTRIBUTING.md)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from arcos.paths import ROOT

FILES = [
    *sorted((ROOT / "components").glob("*.py")),
    *sorted((ROOT / "apps").glob("*/*.py")),
    *sorted((ROOT / "arcos/platform").glob("*.py")),
]
LAYERS = {"components": "components", "apps": "apps", "arcos": "platform"}


def _components() -> Iterator[tuple[Path, ast.ClassDef]]:
    for file in FILES:
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and "ComponentResource" in [ast.unparse(base) for base in node.bases]:
                yield file, node


COMPONENTS = [pytest.param(file, node, id=node.name) for file, node in _components()]


def _init(node: ast.ClassDef) -> ast.FunctionDef:
    return next(item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")


def test_components_are_found():
    assert len(COMPONENTS) >= 9


@pytest.mark.parametrize(("file", "node"), COMPONENTS)
def test_the_type_token_is_literal_and_says_layer_and_class(file, node):
    call = _init(node).body[0]
    assert isinstance(call, ast.Expr), "super().__init__ comes first"
    token = ast.literal_eval(call.value.args[0])
    assert token == f"arcos:{LAYERS[file.relative_to(ROOT).parts[0]]}:{node.name}", "it is part of every URN"


@pytest.mark.parametrize(("file", "node"), COMPONENTS)
def test_children_have_their_parent_and_outputs_are_registered_last(file, node):
    body = _init(node).body
    assert any(ast.unparse(line).startswith("child = ResourceOptions(parent=self") for line in body[1:3])
    assert ast.unparse(body[-1]).startswith("self.register_outputs(")


@pytest.mark.parametrize(("file", "node"), COMPONENTS)
def test_the_constructor_is_a_table_of_contents(file, node):
    init = _init(node)
    assert init.end_lineno - init.lineno <= 40
    names = [argument.arg for argument in init.args.args]
    assert names == ["self", "name", "args", "opts"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_arguments_are_frozen_and_named(file):
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name.endswith("Args"):
            assert [ast.unparse(line) for line in node.decorator_list] == ["dataclass(frozen=True, kw_only=True)"], (
                node.name
            )
