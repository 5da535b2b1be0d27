"""The programs that run in the store's container, which no package holds."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from arcos.paths import ROOT


@pytest.fixture(scope="session")
def serve() -> ModuleType:
    """`serve.py`; it needs nothing but Python."""
    file = Path(ROOT) / "apps" / "objectstore" / "files" / "serve.py"
    spec = importlib.util.spec_from_file_location("objectstore_serve", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
