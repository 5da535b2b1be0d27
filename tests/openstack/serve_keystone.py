"""Runs in `.venv-openstack`: the real Keystone at an address of this machine, empty but for its administrator.

`serve_keystone.py FOLDER PORT`: everything is kept in FOLDER (SQLite); `admin.json` there says how the administrator
signs in, once it serves. Imports nothing of ours. https://docs.openstack.org/keystone/latest/install/
"""

from __future__ import annotations

import json
import secrets
import sys
import warnings
from pathlib import Path

_CONF = """\
[DEFAULT]
log_dir = {folder}
[database]
connection = sqlite:///{folder}/keystone.db
[cache]
backend = oslo_cache.dict
[fernet_tokens]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
"""
_REGION = "here"


def serve(folder: Path, port: int) -> None:
    """Make the database, its keys and the administrator, then answer until killed."""
    import keystone.conf
    import keystone.server
    from keystone.cmd.bootstrap import Bootstrapper
    from keystone.common import fernet_utils
    from keystone.common.sql import upgrades
    from keystone.server.flask import application, core
    from werkzeug.serving import make_server

    conf = folder / "keystone.conf"
    conf.write_text(_CONF.format(folder=folder), encoding="utf-8")
    keystone.server.configure(config_files=[str(conf)])
    upgrades.offline_sync_database_to_version()
    for section, repository in (("fernet_tokens", "fernet"), ("credential", "credential")):
        keys = fernet_utils.FernetUtils(str(folder / repository), 3, section)
        keys.create_key_directory()
        keys.initialize_key_repository()
    first = Bootstrapper()
    first.admin_username = first.project_name = first.admin_role_name = "admin"
    first.admin_password, first.region_id, first.service_name = secrets.token_hex(16), _REGION, "keystone"
    first.public_url = first.internal_url = f"http://127.0.0.1:{port}/v3"
    first.bootstrap()
    server = make_server("127.0.0.1", port, core.setup_app_middleware(application.application_factory()), threaded=True)
    told = {"auth_url": first.public_url, "password": first.admin_password}
    (folder / "admin.json").write_text(json.dumps(told), encoding="utf-8")
    server.serve_forever()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    place, number = Path(sys.argv[1]), int(sys.argv[2])
    # Keystone reads the command line as its own.
    del sys.argv[1:]
    serve(place, number)
