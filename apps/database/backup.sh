#!/bin/sh
# Dumps every app's database into the bucket, as <database>/<time>.dump, and removes dumps that are older than `keep`.
# A dump gets its name only when it is whole, and old ones go only when today's are there.
set -eu
. "${ARCOS_CONFIG:-/etc/arcos}/common.sh"

now=$(date -u +%Y%m%dT%H%M%SZ)
for folder in "$roles"/*/; do
    name=$(basename "$folder")
    as "$name"
    "$bin/pg_dump" --format=custom --file="$work/$name.dump"
    "$bin/pg_restore" --list "$work/$name.dump" >/dev/null
    store copyto "$work/$name.dump" "store:$ARCOS_BUCKET/$name/$now.dump"
    echo "saved $name as $name/$now.dump ($(wc -c <"$work/$name.dump") bytes)"
    rm "$work/$name.dump"
done
store delete --min-age "$ARCOS_KEEP" --include '*.dump' "store:$ARCOS_BUCKET"
