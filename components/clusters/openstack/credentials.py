"""How a site signs in at its OpenStack cloud: by an application credential, never as a person. No Pulumi here.

An application credential is good for one project, ends on a day, is narrowed by access rules
(`docs/permissions/`), and can be taken back without changing anybody's password. Best it stands in no stack file at
all but in `clouds.yaml`, which `openstack:cloud` names.
https://docs.openstack.org/keystone/latest/user/application_credentials.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from components.clusters.surroundings import Misfit, Surroundings

#: Settings of the provider that sign in as a person.
#: https://www.pulumi.com/registry/packages/openstack/installation-configuration/
PERSONAL = ("openstack:password", "openstack:token", "openstack:userId", "openstack:userName")
#: Settings that are no text for git, whoever they belong to.
SECRET = ("openstack:applicationCredentialSecret",)
ACCEPTED = "openstack:cloud: with the name of a cloud in clouds.yaml that has an application credential"


def misfits(around: Surroundings) -> Iterator[Misfit]:
    """What the stack file may not hold."""
    for key in PERSONAL:
        # Encrypted it is a person's all the same.
        if key in around.provider or key in around.encrypted:
            what = f"`{key}` signs in as a person; only an application credential may"
            yield Misfit(what=what, accepted=ACCEPTED, beside=key, hint="openstack application credential create arcos")
    for key in SECRET:
        if around.provider.get(key):
            hint = f"pulumi config set --secret {key}, and have a new one made: this one was in the open"
            yield Misfit(what=f"`{key}` stands in the open", accepted=ACCEPTED, beside=key, hint=hint)


def personal(cloud: Mapping[str, object]) -> str:
    """Why one cloud of a `clouds.yaml` signs in as a person; "" where it has an application credential."""
    auth = cloud.get("auth")
    named = auth if isinstance(auth, dict) else {}
    if cloud.get("auth_type") == "v3applicationcredential" and "application_credential_secret" in named:
        return ""
    if found := next((key for key in ("password", "token", "username", "user_id") if key in named), ""):
        return f"its `auth` has a `{found}`"
    return "its `auth_type` is not `v3applicationcredential`"
