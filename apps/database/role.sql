-- Makes one role and its database what they should be; run by roles.sh, again and again.
-- The password stands in no command line and, since errors quote no statement, in no log.
SET log_min_error_statement = panic;
SET log_statement = none;
SET log_min_duration_statement = -1;
\set password `cat "$ARCOS_FILE"`
SELECT format('CREATE ROLE %I', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'role', :'role')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'role') \gexec
REVOKE ALL ON DATABASE :"role" FROM PUBLIC;
