#!/bin/sh
# Starts Keycloak in its pod. Secrets are mounted files and become variables of this process only.
set -eu

# Keycloak assembled for this database, once a pod: the image cannot hold it and stay the same bit for bit (ADR 18).
assembled=/opt/keycloak/lib/quarkus
if [ ! -f "$assembled/arcos-assembled" ]; then
    cp -r /opt/keycloak/lib/quarkus.published/. "$assembled/"
    /opt/keycloak/bin/kc.sh build --db=postgres --health-enabled=true --metrics-enabled=true --features-disabled=impersonation
    touch "$assembled/arcos-assembled"
fi

KC_DB_PASSWORD=$(cat /run/database/password)
KC_BOOTSTRAP_ADMIN_CLIENT_SECRET=$(cat /run/bootstrap/password)
export KC_DB_PASSWORD KC_BOOTSTRAP_ADMIN_CLIENT_SECRET
# The client with which `images/realm` makes the realm; made by Keycloak when its database is empty. Not `arcos-realm`:
# that is what Keycloak itself calls the client with the rights over the realm `arcos`.
export KC_BOOTSTRAP_ADMIN_CLIENT_ID=arcos-bootstrap

exec /opt/keycloak/bin/kc.sh --config-file=/etc/arcos/keycloak.conf start --optimized "$@"
