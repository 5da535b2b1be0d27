#!/bin/sh
# Keeps PostgreSQL's roles and databases in step with the Secrets that are mounted below /run/roles, one folder an app.
# Runs beside the server and never ends; a changed password or certificate is taken over within seconds.
set -u

data=$1
folder=${ARCOS_ROLES:-/run/roles}
tls=${ARCOS_TLS:-/run/tls}
config=${ARCOS_CONFIG:-/etc/arcos}
run=${ARCOS_RUN:-/run/postgresql}
bin=${ARCOS_BIN:-$(echo /usr/lib/postgresql/*/bin)}
export PGHOST="$run" PGUSER=arcos PGDATABASE=postgres PGCONNECT_TIMEOUT=5

role() {
    ARCOS_FILE=$1/password "$bin/psql" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=role="${1##*/}" \
        --file="$config/role.sql" >/dev/null
}

# All that is taken over, as one line; it holds no secret itself.
seen() { cat "$folder"/*/password "$tls/tls.crt" 2>/dev/null | sha256sum; }

done_=
while sleep 1; do
    now=$(seen)
    [ "$now" = "$done_" ] && continue
    "$bin/pg_isready" --quiet || continue
    whole=yes
    for one in "$folder"/*/; do
        [ -e "$one/password" ] || continue
        role "${one%/}" || whole=no
    done
    [ -z "$done_" ] || "$bin/pg_ctl" reload --silent --pgdata="$data" || whole=no
    if [ $whole = yes ]; then
        done_=$now
        touch "$run/roles-ready"
    fi
done
