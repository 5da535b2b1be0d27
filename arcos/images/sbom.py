"""The bill of materials of an image, as CycloneDX 1.6: what its program was made from.

Everything comes from what the Go linker wrote into the program itself, so a program that somebody else compiled is
described as truthfully as our own. It holds no time and no serial number: the same program gives the same bytes.
https://cyclonedx.org/docs/1.6/json/ , https://github.com/package-url/purl-spec
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from arcos.images.catalogue import Image
from arcos.toolchain.go import Go

MEDIA_TYPE = "application/vnd.cyclonedx+json"


def sbom(image: Image, program: Path, compiler: Go, wheels: dict[str, str]) -> dict[str, Any]:
    """Describe an image.

    Args:
        image: The image.
        program: Its program.
        compiler: Reads what stands in the program.
        wheels: SHA-256 of each wheel by `name==version`.
    """
    told = json.loads(compiler.run(["version", "-m", "-json", str(program)], program.parent))
    about = told if isinstance(told, dict) else told[0]
    own = _purl("generic", image.name, image.version)
    parts = [*_modules(about), *_wheels(wheels)]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": own,
                "name": image.name,
                "version": image.version,
                "description": image.description,
                "authors": [{"name": author} for author in image.authors],
                "licenses": [{"expression": image.licence}],
                "purl": own,
            }
        },
        "components": parts,
        "dependencies": [{"ref": own, "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def _modules(about: dict[str, Any]) -> list[dict[str, Any]]:
    """Go's standard library, the main module if it is a published one, and every module that went in."""
    modules = [{"Path": "stdlib", "Version": about["GoVersion"].removeprefix("go").split()[0]}]
    if about["Main"].get("Version", "(devel)") != "(devel)":
        modules.append(about["Main"])
    modules += [module.get("Replace") or module for module in about.get("Deps") or ()]
    return sorted((_module(module) for module in modules), key=lambda part: str(part["bom-ref"]))


def _module(module: dict[str, str]) -> dict[str, Any]:
    purl = _purl("golang", module["Path"], module.get("Version", ""))
    part: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": module["Path"], "purl": purl}
    if module.get("Version"):
        part["version"] = module["Version"]
    if module.get("Sum"):  # a hash over the module's files, not over one file
        part["properties"] = [{"name": "arcos:go-sum", "value": module["Sum"]}]
    return part


def _wheels(wheels: dict[str, str]) -> list[dict[str, Any]]:
    parts = []
    for requirement, digest in sorted(wheels.items()):
        name, version = requirement.split("==")
        purl = _purl("pypi", name, version)
        hashes = [{"alg": "SHA-256", "content": digest}]
        part = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl, "hashes": hashes}
        parts.append(part)
    return parts


def _purl(kind: str, name: str, version: str) -> str:
    return f"pkg:{kind}/{name}@{version.replace('+', '%2B')}" if version else f"pkg:{kind}/{name}"
