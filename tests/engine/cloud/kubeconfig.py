"""What a made cluster says of how it is reached: the parts of a real cluster's kubeconfig, which the test named."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml

#: What a cluster says of itself where no real one stands behind it.
_NOWHERE = {
    "kubeconfig_raw": "",
    "kubeconfig_host": "https://203.0.113.10:6443",
    "kubeconfig_ca": "",
    "kubeconfig_ca_base64": "",
    "kubeconfig_certificate": "",
    "kubeconfig_key": "",
    "kubeconfig_token": "",
}


def facts(path: str) -> dict[str, str]:
    """The words that templates may use, from the kubeconfig at `path`; "" where there is none."""
    if not path or not Path(path).exists():
        return dict(_NOWHERE)
    text = Path(path).read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    cluster, user = data["clusters"][0]["cluster"], data["users"][0]["user"]
    ca = _content(cluster, "certificate-authority")
    return {
        "kubeconfig_raw": text,
        "kubeconfig_host": cluster["server"],
        "kubeconfig_ca": ca,
        "kubeconfig_ca_base64": base64.b64encode(ca.encode()).decode(),
        "kubeconfig_certificate": _content(user, "client-certificate"),
        "kubeconfig_key": _content(user, "client-key"),
        "kubeconfig_token": user.get("token", ""),
    }


def _content(part: dict[str, Any], key: str) -> str:
    """What stands in it, or in the file that it names."""
    if data := part.get(f"{key}-data"):
        return base64.b64decode(data).decode()
    return Path(part[key]).read_text(encoding="utf-8") if key in part else ""
