# Sourced by backup.sh and restore.sh: where PostgreSQL and the bucket are, and how this pod may use them.
# Passwords are read from mounted files into this process only.

roles=${ARCOS_ROLES:-/run/roles}
bucket_keys=${ARCOS_BUCKET_KEYS:-/run/bucket}
work=${ARCOS_WORK:-/tmp}
bin=${ARCOS_BIN:-$(echo /usr/lib/postgresql/*/bin)}
stamp_pattern='[0-9]\{8\}T[0-9]\{6\}Z'
export PGCONNECT_TIMEOUT=10

export RCLONE_CONFIG=/dev/null RCLONE_CONFIG_STORE_TYPE=s3 RCLONE_CONFIG_STORE_PROVIDER=Other
export RCLONE_CONFIG_STORE_ENDPOINT="$ARCOS_ENDPOINT" RCLONE_CONFIG_STORE_REGION="$ARCOS_REGION"
export RCLONE_CONFIG_STORE_FORCE_PATH_STYLE=true RCLONE_S3_NO_CHECK_BUCKET=true
export RCLONE_CA_CERT="${ARCOS_BUCKET_CA:-/etc/ssl/certs/ca-certificates.crt}"
RCLONE_CONFIG_STORE_ACCESS_KEY_ID=$(cat "$bucket_keys/access-key")
RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY=$(cat "$bucket_keys/secret-key")
export RCLONE_CONFIG_STORE_ACCESS_KEY_ID RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY

# Connect as one app's role.
as() {
    PGHOST=$ARCOS_HOST PGUSER=$1 PGDATABASE=$1 PGPASSWORD=$(cat "$roles/$1/password")
    PGSSLMODE=verify-full PGSSLROOTCERT=${ARCOS_CA:-/run/ca/ca.crt}
    export PGHOST PGUSER PGDATABASE PGPASSWORD PGSSLMODE PGSSLROOTCERT
}
