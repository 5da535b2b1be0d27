#!/bin/sh
# Starts Keycloak in its pod. Secrets are mounted files and become variables of this process only.
set -eu

KC_DB_PASSWORD=$(cat /run/database/password)
KC_BOOTSTRAP_ADMIN_CLIENT_SECRET=$(cat /run/bootstrap/password)
export KC_DB_PASSWORD KC_BOOTSTRAP_ADMIN_CLIENT_SECRET
# The client with which `images/realm` makes the realm; made by Keycloak when its database is empty. Not `arcos-realm`:
# that is what Keycloak itself calls the client with the rights over the realm `arcos`.
export KC_BOOTSTRAP_ADMIN_CLIENT_ID=arcos-bootstrap

exec /opt/keycloak/bin/kc.sh --config-file=/etc/arcos/keycloak.conf start --optimized "$@"
