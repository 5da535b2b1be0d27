"""The bill of materials of an image, as CycloneDX 1.6: what its program was made from.

A Go program is described by what its linker wrote into it, so one that somebody else compiled is described as
truthfully as our own; a tree of packages by its locks. It holds no time and no serial number: the same image gives the
same bytes.
https://cyclonedx.org/docs/1.6/json/ , https://github.com/package-url/purl-spec
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from arcos.images.catalogue import Image
from arcos.images.debian import Package
from arcos.images.layers import Tree
from arcos.images.sources import Material
from arcos.toolchain.go import Go

MEDIA_TYPE = "application/vnd.cyclonedx+json"


def sbom(image: Image, made: Material, compiler: Go) -> dict[str, Any]:
    """Describe an image that was made of `made`; `compiler` reads what stands in a Go program."""
    parts = _wheels(made.wheels)
    if made.program:
        told = json.loads(compiler.run(["version", "-m", "-json", str(made.program)], made.program.parent))
        parts = [*_modules(told if isinstance(told, dict) else told[0]), *_debian(made.packages), *parts]
    if made.tree:
        parts = [
            *_debian(made.tree.packages),
            *_wheels(made.tree.wheels),
            *_node(made.tree.modules),
            *_archives(made.tree),
        ]
    own = _purl("generic", image.name, image.version)
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


def _debian(packages: Iterable[Package]) -> list[dict[str, Any]]:
    return [
        _part(_purl("deb/debian", one.name, one.version), one.name, one.version, "SHA-256", one.sha256)
        for one in packages
    ]


def _node(modules: dict[str, str]) -> list[dict[str, Any]]:
    parts = []
    for requirement, digest in sorted(modules.items()):
        name, _, version = requirement.rpartition("==")
        parts.append(_part(_purl("npm", name.replace("@", "%40"), version), name, version, "SHA-512", digest))
    # One package may be there twice, below two others.
    return list({str(part["bom-ref"]): part for part in parts}.values())


def _archives(tree: Tree) -> list[dict[str, Any]]:
    return [
        _part(f"pkg:generic/{name}?download_url={one.url}", name, "", "SHA-256", one.sha256)
        for one in tree.archives
        for name in [one.url.rpartition("/")[2]]
    ]


def _part(purl: str, name: str, version: str, algorithm: str, digest: str) -> dict[str, Any]:
    hashes = [{"alg": algorithm, "content": digest}]
    part: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "purl": purl, "hashes": hashes}
    return part | {"version": version} if version else part


def _purl(kind: str, name: str, version: str) -> str:
    return f"pkg:{kind}/{name}@{version.replace('+', '%2B')}" if version else f"pkg:{kind}/{name}"
