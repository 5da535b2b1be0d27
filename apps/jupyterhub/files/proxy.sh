#!/bin/sh
# Starts the proxy; the token with which the hub changes its routes is a mounted file and a variable of this process only.
set -eu
CONFIGPROXY_AUTH_TOKEN=$(cat /run/secrets/arcos/proxy/password)
export CONFIGPROXY_AUTH_TOKEN
exec /usr/bin/node /opt/node/node_modules/configurable-http-proxy/bin/configurable-http-proxy "$@"
