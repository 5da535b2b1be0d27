#!/bin/sh
# Starts PostgreSQL in its pod: makes its data folder once, then runs it and keeps its roles in step with the Secrets.
# May be killed at any moment: the data folder gets its name only when it is whole.
set -eu

root=${ARCOS_DATA:-/var/lib/postgresql}
config=${ARCOS_CONFIG:-/etc/arcos}
run=${ARCOS_RUN:-/run/postgresql}
bin=${ARCOS_BIN:-$(echo /usr/lib/postgresql/*/bin)}
major=$("$bin/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
data=$root/$major

# Another major's data is somebody's data: an empty database beside it would look like a loss.
if [ ! -d "$data" ]; then
    for other in "$root"/[0-9]*; do
        case $other in *.new) continue ;; esac
        [ -d "$other" ] || continue
        [ -e "$root/upgrade-to-$major" ] && continue
        echo "error: the volume holds the data of PostgreSQL ${other##*/}, this is PostgreSQL $major." >&2
        echo "To upgrade: go back to the release before, ./arcosctl backup SITE, then follow 'Upgrade to a new major' in apps/database/README.md" >&2
        exit 1
    done
    rm -rf "$data.new"
    "$bin/initdb" --pgdata="$data.new" --username=arcos --encoding=UTF8 --locale=C.UTF-8 --data-checksums \
        --auth-local=peer --auth-host=reject >&2
    sync
    mv "$data.new" "$data"
fi
# A volume plugin may have opened the folder to the pod's group, which PostgreSQL refuses.
chmod 0700 "$data"
# Left by a killed pod: the process numbers in it are of another world.
rm -f "$data/postmaster.pid" "$run/roles-ready"

"$bin/postgres" -D "$data" -c config_file="$config/postgresql.conf" "$@" &
server=$!
# INT lets go of the clients at once; TERM would wait until the last of them leaves by itself.
trap 'kill -INT $server 2>/dev/null || true' TERM INT
/bin/sh "$config/roles.sh" "$data" &
roles=$!
status=0
wait $server || status=$?
# `wait` also returns when a signal came; the server is still writing its last checkpoint then.
while kill -0 $server 2>/dev/null; do
    status=0
    wait $server || status=$?
done
kill $roles 2>/dev/null || true
exit $status
