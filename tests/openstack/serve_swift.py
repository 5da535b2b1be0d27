"""Runs in `.venv-openstack`: the real Swift with its S3 API at an address of this machine, one copy of everything.

`serve_swift.py FOLDER PORT`: everything is kept in FOLDER, whose file system must have extended attributes.
`swift.json` there says how it signs in at Keystone; `ready` is made once it serves. Proxy, account, container and
object server are one process, so that one kill ends them all. Imports nothing of ours.
https://docs.openstack.org/swift/latest/deployment_guide.html
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

_SWIFT = """\
[swift-hash]
swift_hash_path_suffix = of-a-test
"""
_BACKEND = """\
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
disable_fallocate = true
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
_PROXY = """\
[DEFAULT]
swift_dir = {folder}
[pipeline:main]
pipeline = {pipeline} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
{filters}
"""
#: What stands before the proxy, in this order, and with what. https://docs.openstack.org/swift/latest/middleware.html
_FILTERS = {
    "catch_errors": "",
    "gatekeeper": "",
    "healthcheck": "",
    "listing_formats": "",
    "bulk": "",
    "authtoken": "delay_auth_decision = true\nwww_authenticate_uri = {auth_url}\nauth_type = password\n{sign_in}",
    "s3api": "location = {region}",
    "s3token": "delay_auth_decision = true\nauth_uri = {auth_url}\n{sign_in}",
    "keystoneauth": "operator_roles = {role}",
    "copy": "",
    "slo": "",
    "dlo": "",
    "versioned_writes": "allow_object_versioning = true",
    "symlink": "",
}
_SIGN_IN = """\
auth_url = {auth_url}
username = admin
password = {password}
project_name = admin
user_domain_id = default
project_domain_id = default
"""
_KINDS = ("account", "container", "object")
_DEVICE = "disk"


def serve(folder: Path, port: int) -> None:
    """Make the rings and the files, then answer until killed."""
    import eventlet
    from swift.common import utils

    # Before anything of it is loaded that waits, as its own servers do.
    utils.monkey_patch()
    # From the first that does so on, every log of it goes to stderr.
    utils.get_logger({}, log_to_console=True)
    told: dict[str, Any] = json.loads((folder / "swift.json").read_text(encoding="utf-8"))
    (folder / "swift.conf").write_text(_SWIFT, encoding="utf-8")
    (folder / "devices" / _DEVICE).mkdir(parents=True)
    utils.set_swift_dir(str(folder))
    sockets = {kind: eventlet.listen(("127.0.0.1", 0)) for kind in _KINDS}
    for kind, socket in sockets.items():
        _ring(folder / f"{kind}.ring.gz", socket.getsockname()[1])
        eventlet.spawn(_answer, folder, kind, _BACKEND.format(folder=folder, kind=kind), socket)
    filters = "\n".join(_filter(name, said, told) for name, said in _FILTERS.items())
    proxy = _PROXY.format(folder=folder, pipeline=" ".join(_FILTERS), filters=filters)
    _answer(folder, "proxy", proxy, eventlet.listen(("127.0.0.1", port)), folder / "ready")


def _filter(name: str, said: str, told: dict[str, Any]) -> str:
    """Its section; only one of them is not Swift's own."""
    other = "paste.filter_factory = keystonemiddleware.auth_token:filter_factory"
    use = other if name == "authtoken" else f"use = egg:swift#{name}"
    return f"[filter:{name}]\n{use}\n{said.format(sign_in=_SIGN_IN.format(**told), **told)}"


def _ring(file: Path, port: int) -> None:
    """One copy, on our one device."""
    from swift.common.ring import RingBuilder

    builder = RingBuilder(part_power=2, replicas=1, min_part_hours=1)
    where = {"ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port}
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1, "device": _DEVICE, **where})
    builder.rebalance()
    builder.get_ring().save(str(file))


def _answer(folder: Path, kind: str, text: str, socket: Any, sign: Path | None = None) -> None:
    """Be one of its servers, as `swift.common.wsgi.run_server` is."""
    from eventlet import wsgi
    from swift.common.http_protocol import SwiftHttpProtocol
    from swift.common.wsgi import loadapp

    conf = folder / f"{kind}.conf"
    conf.write_text(text, encoding="utf-8")
    app = loadapp(str(conf), global_conf={"log_name": kind})
    if sign:
        sign.touch()
    # S3's programs look for `ETag`, written so.
    wsgi.server(socket, app, protocol=SwiftHttpProtocol, capitalize_response_headers=False)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    serve(Path(sys.argv[1]), int(sys.argv[2]))
