"""The JSON Schema of a stack file, generated from the models; editors complete and check with it.

Written to `stacks/site.schema.json` by `./arcosctl schema --write`; a test holds that it is fresh. It says what JSON
Schema can say; `./arcosctl check` says the rest (dates, releases, deviations, names used twice).
"""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import NullableSchema, WithDefaultSchema

from arcos.site.model import Site
from arcos.site.rules import AT, STACK_KEYS


class _Generator(GenerateJsonSchema):
    """pydantic's generator, but an optional key is left out, not set to null."""

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        generated = super().default_schema(schema)
        if generated.get("default", ...) in (None, "", []):
            generated.pop("default", None)
        return generated


def site_schema() -> dict[str, Any]:
    """The schema of a whole `stacks/Pulumi.<site>.yaml`."""
    site = Site.model_json_schema(by_alias=True, schema_generator=_Generator)
    definitions = site.pop("$defs")
    # Only a local site has images without a registry.
    local = {"properties": {"cluster": {"properties": {"kind": {"const": "local"}}}}}
    site |= {"if": local, "else": {"required": ["registry"]}}
    config = {
        "description": "Pulumi's configuration of the stack; the platform's part is arcos:site.",
        "type": "object",
        "required": [AT[-1]],
        "properties": {AT[-1]: {"$ref": "#/$defs/Site"}},
        "patternProperties": {
            "^arcos:(?!site$)": {
                "description": "A secret of the site: pulumi config set --secret arcos:<name>.",
                "type": "object",
                "required": ["secure"],
                "properties": {"secure": {"type": "string"}},
                "additionalProperties": False,
            }
        },
        "propertyNames": {"pattern": ":"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ARCOS site",
        "description": "A site of the platform: a Pulumi stack file with one structured value, arcos:site.",
        "type": "object",
        "required": ["config"],
        "properties": {key: config if key == "config" else {"description": "Pulumi's own."} for key in STACK_KEYS},
        "additionalProperties": False,
        "$defs": dict(sorted((definitions | {"Site": site}).items())),
    }


def schema_text() -> str:
    """The schema as it stands in the file."""
    return json.dumps(site_schema(), indent=2) + "\n"
