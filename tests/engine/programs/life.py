"""One of each type, as the table beside this file has it, at a stage of its life (a setting): see `test_lives.py`."""

import re
from pathlib import Path
from typing import Any

import pulumi
import yaml

settings = pulumi.Config()
package, stages = settings.require("package"), settings.require_object("stages")
table = yaml.safe_load(Path("life.yaml").read_text(encoding="utf-8"))
made: dict[str, pulumi.CustomResource] = {}


def filled(value: Any) -> Any:
    """With each `$name.property` as that property."""
    if isinstance(value, dict):
        return {key: filled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner) for inner in value]
    if isinstance(value, str) and (found := re.fullmatch(r"\$([\w-]+)\.(\w+)", value)):
        return getattr(one(found[1]), found[2])
    return value


def one(name: str) -> pulumi.CustomResource:
    """Made once, when it is first asked for."""
    if name not in made:
        entry = table[name]
        asked = {key: value for stage in stages for key, value in entry.get(stage, {}).items()}
        # What others name of it is an output as well.
        outputs = dict.fromkeys(re.findall(rf"\${name}\.(\w+)", str(table)))
        outputs.pop("id", None)
        made[name] = pulumi.CustomResource(f"{package}:{entry['type']}", name, outputs | filled(asked))
    return made[name]


for name in table:
    one(name)
