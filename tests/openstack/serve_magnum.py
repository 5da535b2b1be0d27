"""Runs in `.venv-openstack`: the real API of Magnum at an address of this machine, with rows as its conductor leaves.

`serve_magnum.py FOLDER PORT`: everything is kept in FOLDER (SQLite). `magnum.json` there says how it signs in at
Keystone, and which templates, clusters and node groups there are, by Magnum's own fields. Nothing is ever made: that is
its conductor's. Imports nothing of ours. https://docs.openstack.org/magnum/latest/install/
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

_CONF = """\
[DEFAULT]
transport_url = fake:/
log_dir = {folder}
[api]
api_paste_config = {paste}
[database]
connection = sqlite:///{folder}/magnum.db
[keystone_authtoken]
auth_type = password
auth_url = {auth_url}
www_authenticate_uri = {auth_url}
username = admin
password = {password}
project_name = admin
user_domain_id = default
project_domain_id = default
service_type = container-infra
"""


def serve(folder: Path, port: int) -> None:
    """Make the database and its rows, then answer until killed."""
    from magnum.api import app
    from magnum.common import context, rpc, service
    from magnum.db.sqlalchemy import models
    from magnum.objects import Cluster, ClusterTemplate, NodeGroup
    from oslo_db.sqlalchemy import enginefacade
    from werkzeug.serving import make_server

    told: dict[str, Any] = json.loads((folder / "magnum.json").read_text(encoding="utf-8"))
    paste = Path(sys.prefix) / "etc" / "magnum" / "api-paste.ini"
    conf = folder / "magnum.conf"
    conf.write_text(_CONF.format(folder=folder, paste=paste, **told["keystone"]), encoding="utf-8")
    service.prepare_service(["magnum-api", "--config-file", str(conf)])
    rpc.init(app.CONF)
    models.Base.metadata.create_all(enginefacade.writer.get_engine())
    admin = context.make_admin_context()
    for kind, rows in ((ClusterTemplate, "templates"), (Cluster, "clusters"), (NodeGroup, "groups")):
        for row in told[rows]:
            kind(admin, **row).create()
    server = make_server("127.0.0.1", port, app.load_app(), threaded=True)
    (folder / "ready").touch()
    server.serve_forever()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    serve(Path(sys.argv[1]), int(sys.argv[2]))
