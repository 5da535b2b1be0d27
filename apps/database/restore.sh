#!/bin/sh
# Puts one app's database back as a dump has it: restore.sh DATABASE [TIME]. Without a time, the newest one.
# All or nothing: it is one transaction, and nothing is touched before the dump is here and whole.
set -eu
. "${ARCOS_CONFIG:-/etc/arcos}/common.sh"

name=${1:?the database to restore}
stamp=${2:-}
[ -d "$roles/$name" ] || { echo "error: there is no database $name; there is: $(ls "$roles" | xargs)" >&2; exit 2; }
all=$(store lsf "store:$ARCOS_BUCKET/$name/" | sed -n "s/^\($stamp_pattern\)\.dump\$/\1/p" | sort)
[ -n "$all" ] || { echo "error: there is no dump of $name" >&2; exit 2; }
[ -n "$stamp" ] || stamp=$(echo "$all" | tail -n 1)
echo "$all" | grep -qx "$stamp" || { echo "error: there is no dump $name/$stamp; there is: $(echo "$all" | xargs)" >&2; exit 2; }

store copyto "store:$ARCOS_BUCKET/$name/$stamp.dump" "$work/$name.dump"
"$bin/pg_restore" --list "$work/$name.dump" >/dev/null
as "$name"
# The app is stopped by who calls this; a session that is left would wait on a lock for ever.
"$bin/psql" --no-psqlrc --quiet --tuples-only --set=ON_ERROR_STOP=1 \
    --command="SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()" >/dev/null
# Tables made since the dump go as well: what is there afterwards is the dump and nothing else.
{
    echo 'DROP OWNED BY CURRENT_USER; CREATE SCHEMA IF NOT EXISTS public AUTHORIZATION CURRENT_USER;'
    "$bin/pg_restore" --no-owner --no-privileges --file=- "$work/$name.dump"
    echo '-- whole'
} >"$work/$name.sql"
# In a pipe, a dump that breaks off would be committed.
[ "$(tail -n 1 "$work/$name.sql")" = '-- whole' ]
PGOPTIONS="--client-min-messages=warning" "$bin/psql" --no-psqlrc --quiet --single-transaction --set=ON_ERROR_STOP=1 --file="$work/$name.sql" >/dev/null
rm "$work/$name.sql"
rm "$work/$name.dump"
echo "restored $name from $name/$stamp.dump"
