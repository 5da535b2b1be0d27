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
# Swift takes 1000 parts of an upload where others take 10000, so a large dump has larger ones: one in memory at a time.
export RCLONE_S3_MAX_UPLOAD_PARTS=1000 RCLONE_S3_UPLOAD_CONCURRENCY=1
export RCLONE_CA_CERT="${ARCOS_BUCKET_CA:-/etc/ssl/certs/ca-certificates.crt}"

# rclone with the keys that the bucket has; or with those of the pod's role, which are good for some hours, so asked for
# each time. Debian's rclone is older than EKS Pod Identity and does not ask by itself.
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
store() {
    if [ -d "$bucket_keys" ]; then
        access=$(cat "$bucket_keys/access-key") secret=$(cat "$bucket_keys/secret-key") session=
    else
        : "${AWS_CONTAINER_CREDENTIALS_FULL_URI:?neither keys nor a role for the bucket}"
        role=$(RCLONE_HEADER="Authorization: $(cat "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")" \
            rclone copyurl --stdout "$AWS_CONTAINER_CREDENTIALS_FULL_URI" | tr -d '\n')
        access=$(told AccessKeyId) secret=$(told SecretAccessKey) session=$(told Token)
        [ "$access" ] && [ "$secret" ] && [ "$session" ] || { echo "error: the pod's role gave no keys" >&2; exit 1; }
    fi
    RCLONE_CONFIG_STORE_ACCESS_KEY_ID=$access RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY=$secret \
        RCLONE_CONFIG_STORE_SESSION_TOKEN=$session rclone "$@"
}

# One text of the JSON that the role's agent answers with.
told() {
    printf '%s' "$role" | sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"
}

# Connect as one app's role.
as() {
    PGHOST=$ARCOS_HOST PGUSER=$1 PGDATABASE=$1 PGPASSWORD=$(cat "$roles/$1/password")
    PGSSLMODE=verify-full PGSSLROOTCERT=${ARCOS_CA:-/run/ca/ca.crt}
    export PGHOST PGUSER PGDATABASE PGPASSWORD PGSSLMODE PGSSLROOTCERT
}
