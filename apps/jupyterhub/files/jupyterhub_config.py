"""JupyterHub's own configuration, read by JupyterHub itself: https://jupyterhub.readthedocs.io/en/stable/reference/config-reference.html

What differs between sites stands in `site.json` beside it (made by `apps/jupyterhub/settings.py`); secrets are mounted
files. KubeSpawner: https://jupyterhub-kubespawner.readthedocs.io/en/latest/spawner.html
"""

import base64
import json
import os
import re
from pathlib import Path
from urllib.parse import urlencode

from jupyterhub.orm import APIToken
from kubernetes_asyncio.client import V1PersistentVolumeClaimVolumeSource, V1Volume, V1VolumeMount
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.oauth2 import OAuthLogoutHandler
from tornado.web import HTTPError
from traitlets.config import get_config

c = get_config()
here = Path(os.environ.get("ARCOS_CONFIG", "/etc/jupyterhub"))
secrets = Path(os.environ.get("ARCOS_SECRETS", "/run/secrets/arcos"))
site = json.loads((here / "site.json").read_text(encoding="utf-8"))


def secret(name: str) -> str:
    """The content of a mounted Secret's file."""
    return (secrets / name).read_text(encoding="utf-8").strip()


# --- The hub itself -------------------------------------------------------------------------------------------------

c.JupyterHub.bind_url = "http://0.0.0.0:8000"
c.JupyterHub.public_url = site["url"] + "/"
c.JupyterHub.hub_bind_url = "http://0.0.0.0:8081"
c.JupyterHub.hub_connect_url = site["hub"]
c.JupyterHub.db_url = (
    f"postgresql+psycopg://{site['database']['user']}:{secret('database/password')}@{site['database']['host']}"
    f"/{site['database']['user']}?sslmode=verify-full&sslrootcert={secrets}/database-ca/ca.crt"
)
c.JupyterHub.upgrade_db = True
c.JupyterHub.cookie_secret = base64.b64decode(secret("keys/cookie"))
c.CryptKeeper.keys = [base64.b64decode(secret("keys/crypt"))]
c.JupyterHub.cookie_max_age_days = 1

# The proxy is a pod of its own: a restart of the hub leaves it and all servers alone.
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = site["proxy"]
c.ConfigurableHTTPProxy.auth_token = secret("proxy/password")
c.JupyterHub.cleanup_proxy = False
c.JupyterHub.cleanup_servers = False

c.JupyterHub.allow_named_servers = site["namedServers"] > 0
c.JupyterHub.named_server_limit_per_user = site["namedServers"]
c.JupyterHub.active_server_limit = site["servers"]
c.JupyterHub.concurrent_spawn_limit = 40
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0}
c.JupyterHub.template_vars = {"announcement": ""}

# --- Sign-on --------------------------------------------------------------------------------------------------------


class SignOutEverywhere(OAuthLogoutHandler):
    """Signing out here ends the session at the sign-on too, and with it that of every other service."""

    async def get(self):
        """Keep what proves the session to the sign-on, before it is forgotten."""
        user = self.current_user
        state = await user.get_auth_state() if user else None
        self.proof = (state or {}).get("id_token") or ""
        await super().get()

    async def render_logout_page(self):
        """Go there, and come back to where one can sign in again."""
        query = {"client_id": "jupyterhub", "post_logout_redirect_uri": site["afterSignOut"]}
        if self.proof:
            query["id_token_hint"] = self.proof
        self.redirect(f"{site['signOn']['public']}/protocol/openid-connect/logout?{urlencode(query)}")


class SignOn(GenericOAuthenticator):
    """OpenID Connect at the site's own Keycloak."""

    logout_handler = SignOutEverywhere

    async def refresh_user(self, user, handler=None, **kwargs):
        """Whose session at the sign-on is over is out of running servers too.

        By itself the hub asks only its own pages for a new sign-in; what opens a server to its person would go on doing so
        for a day. Tokens that people made themselves stay, and so does what a server tells the hub with.
        """
        told = await super().refresh_user(user, handler, **kwargs)
        if not told:
            opened = APIToken.client_id.startswith("jupyterhub-user-")
            for token in user.db.query(APIToken).filter(APIToken.user_id == user.id, opened):
                token.expires_at = APIToken.now()
            user.db.commit()
        return told


c.JupyterHub.authenticator_class = SignOn
public, inside = site["signOn"]["public"], site["signOn"]["inside"]
c.SignOn.login_service = site["title"]
c.SignOn.client_id = "jupyterhub"
c.SignOn.client_secret = secret("oidc/client-secret")
c.SignOn.oauth_callback_url = site["url"] + "/hub/oauth_callback"
c.SignOn.authorize_url = f"{public}/protocol/openid-connect/auth"
# Servers ask inside the cluster: no need to reach or to trust the public address from here.
c.SignOn.token_url = f"{inside}/protocol/openid-connect/token"
c.SignOn.userdata_url = f"{inside}/protocol/openid-connect/userinfo"
c.SignOn.scope = ["openid", "profile", "email", "groups"]
c.SignOn.enable_pkce = True
c.SignOn.username_claim = "preferred_username"
c.SignOn.manage_groups = True
c.SignOn.auth_state_groups_key = "oauth_user.groups"
c.SignOn.allowed_groups = set(site["allowedGroups"])
c.SignOn.admin_groups = set(site["adminGroups"])
c.SignOn.auto_login = True
# Every minute of use the sign-on is asked whether the session still holds: signed out there is signed out here.
c.SignOn.enable_auth_state = True
c.SignOn.auth_refresh_age = 60
c.SignOn.refresh_pre_spawn = True

# --- Notebook servers -----------------------------------------------------------------------------------------------

c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.KubeSpawner.namespace = site["notebooks"]["namespace"]
# Every notebook image starts its server itself; what KubeSpawner calls the command are that program's arguments. It asks
# the hub twice a minute whether somebody may still come in; unsaid, every five minutes.
c.KubeSpawner.cmd = ["--HubOAuth.cache_max_age=30"]
c.KubeSpawner.default_url = "/lab"
c.KubeSpawner.notebook_dir = "/home/jovyan"
c.KubeSpawner.working_dir = "/home/jovyan"
c.KubeSpawner.port = 8888
c.KubeSpawner.start_timeout = 300
c.KubeSpawner.http_timeout = 120
c.KubeSpawner.image_pull_policy = "IfNotPresent"
c.KubeSpawner.pod_name_template = "notebook-{user_server}"
c.KubeSpawner.common_labels = {"app.kubernetes.io/name": "notebook", "app.kubernetes.io/part-of": "arcos"}
c.KubeSpawner.priority_class_name = site["notebooks"]["priorityClass"]
c.KubeSpawner.environment = {"JUPYTER_RUNTIME_DIR": "/tmp/jupyter-runtime", "MPLCONFIGDIR": "/tmp/matplotlib"}

# Pod Security `restricted` and beyond: what people start is held to the same bar as the platform.
user = site["notebooks"]["user"]
c.KubeSpawner.uid, c.KubeSpawner.gid, c.KubeSpawner.fs_gid = user, user, user
c.KubeSpawner.allow_privilege_escalation = False
c.KubeSpawner.automount_service_account_token = False
c.KubeSpawner.service_account = None
c.KubeSpawner.pod_security_context = {
    "runAsNonRoot": True,
    "runAsUser": user,
    "runAsGroup": user,
    "fsGroup": user,
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
c.KubeSpawner.container_security_context = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "privileged": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": user,
    "runAsGroup": user,
    "seccompProfile": {"type": "RuntimeDefault"},
}
c.KubeSpawner.extra_pod_config = {"enableServiceLinks": False, "automountServiceAccountToken": False}

# Each person's files: a volume that outlives every server.
c.KubeSpawner.storage_pvc_ensure = True
c.KubeSpawner.delete_pvc = False
c.KubeSpawner.pvc_name_template = "home-{username}"
c.KubeSpawner.storage_capacity = site["notebooks"]["home"]
c.KubeSpawner.storage_class = site["notebooks"]["storageClass"]
c.KubeSpawner.storage_access_modes = ["ReadWriteOnce"]
c.KubeSpawner.volumes = [
    {"name": "home", "persistentVolumeClaim": {"claimName": "home-{username}"}},
    {"name": "tmp", "emptyDir": {"sizeLimit": "2Gi"}},
]
c.KubeSpawner.volume_mounts = [
    {"name": "home", "mountPath": "/home/jovyan"},
    {"name": "tmp", "mountPath": "/tmp"},
]


async def profiles(spawner):
    """The profiles that this person's groups may choose."""
    mine = {group.name for group in spawner.user.groups}
    allowed = [one["profile"] for one in site["profiles"] if mine & set(one["groups"])]
    if not allowed:
        # Without a list, KubeSpawner would start an image of its own choice.
        raise HTTPError(403, "You are in no group that may start a server. Ask those who run this site.")
    return allowed


c.KubeSpawner.profile_list = profiles

# --- What groups share, and which one a server and a home folder count for -------------------------------------------


def before_start(spawner):
    """A home folder that is made now counts for the group that its first server counts for, and goes on to.

    KubeSpawner makes it before the pod, and the hub may not change it later: it may change no claim at all.
    """
    if counted := counted_group({group.name for group in spawner.user.groups}):
        spawner.storage_extra_labels = {"arcos.dev/group": counted}


c.KubeSpawner.pre_spawn_hook = before_start


def for_groups(spawner, pod):
    """Fit a pod to its person's groups."""
    mine = {group.name for group in spawner.user.groups}
    add_shared_folders(pod, mine)
    if counted := counted_group(mine):
        pod.metadata.labels["arcos.dev/group"] = counted
    return pod


def counted_group(mine):
    """The group that monitoring counts somebody's use for: the first by name that is not everybody's, or "" for none.

    Groups are named by people; what is no valid label counts for nobody rather than keep the pod from starting.
    """
    own = sorted(mine - set(site["everybodysGroups"])) or sorted(mine)
    return next((one for one in own if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", one)), "")


def add_shared_folders(pod, mine):
    """The folders of this person's groups, and no other: what is not mounted cannot be read.

    All servers run as one user, so what one member writes another may change. Who leaves a group loses its folder with
    the next start of the server.
    """
    for number, one in enumerate(site["shared"]):
        if one["group"] in mine:
            claim = V1PersistentVolumeClaimVolumeSource(claim_name=one["claim"])
            pod.spec.volumes.append(V1Volume(name=f"group-{number}", persistent_volume_claim=claim))
            folder = f"/home/jovyan/shared/{one['group']}"
            pod.spec.containers[0].volume_mounts.append(V1VolumeMount(name=f"group-{number}", mount_path=folder))


c.KubeSpawner.modify_pod_hook = for_groups

# --- Stopping what nobody uses --------------------------------------------------------------------------------------

c.JupyterHub.services = [
    {
        "name": "idle-culler",
        "command": [
            *("/opt/venv/bin/python3", "-m", "jupyterhub_idle_culler"),
            *(f"--timeout={site['idleSeconds']}", "--cull-every=60", "--remove-named-servers=true"),
        ],
    }
]
c.JupyterHub.load_roles = [
    {
        "name": "idle-culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["idle-culler"],
    }
]
