"""Run by the Python of the hub's image: what JupyterHub reads in our file, and the pods that its KubeSpawner makes.

Prints JSON. Its argument is a list of `[groups, options]`, one for each server that is asked for.
"""

import asyncio
import json
import sys
from types import SimpleNamespace

from jupyterhub import orm
from jupyterhub.app import JupyterHub
from kubernetes_asyncio.client import ApiClient
from kubespawner import KubeSpawner
from tornado.web import HTTPError
from traitlets.config.loader import PyFileConfigLoader


async def pod(hub: JupyterHub, groups: list[str], options: dict[str, str]) -> object:
    """The pod's manifest and in it, as `home`, that of the person's volume; or why there is none."""
    user = SimpleNamespace(
        name="ada", escaped_name="ada", id=1, groups=[SimpleNamespace(name=one) for one in groups], url="/user/ada/"
    )
    spawner = KubeSpawner(config=hub.config, hub=hub.hub, user=user, _mock=True)
    spawner.user_options = options
    try:
        await spawner.load_user_options()
    except (HTTPError, ValueError) as error:
        return {"refused": str(error)}
    spawner.pre_spawn_hook(spawner)
    home, made = spawner.get_pvc_manifest(), await spawner.get_pod_manifest()
    whole = ApiClient().sanitize_for_serialization(spawner.modify_pod_hook(spawner, made))
    return whole | {"home": ApiClient().sanitize_for_serialization(home)}


async def ended(hub: JupyterHub) -> dict[str, bool]:
    """Which of somebody's tokens are over once the sign-on knows no session of theirs, by whom each was given for."""
    db = orm.new_session_factory("sqlite://")()
    ada = orm.User(name="ada")
    db.add(ada)
    for number, client in enumerate(("jupyterhub", "jupyterhub-user-ada")):
        db.add(orm.OAuthClient(identifier=client, secret="x"))
        db.add(orm.APIToken(user=ada, client_id=client, prefix=f"{number:04}", hashed=f"x:1:y:{number}"))
    db.commit()

    async def state() -> None:
        """Nothing that could be renewed."""

    user = SimpleNamespace(name="ada", id=ada.id, db=db, get_auth_state=state)
    assert not await hub.config.JupyterHub.authenticator_class(config=hub.config).refresh_user(user)
    return {token.client_id: token.expires_at is not None for token in db.query(orm.APIToken)}


async def main() -> None:
    """Load the file as JupyterHub itself does."""
    hub = JupyterHub.instance()  # whose configuration the file asks for
    PyFileConfigLoader(sys.argv[1]).load_config()
    hub.init_hub()
    pods = [await pod(hub, groups, options) for groups, options in json.loads(sys.argv[2])]
    print(json.dumps({"config": hub.config, "pods": pods, "ended": await ended(hub)}, default=str))


asyncio.run(main())
