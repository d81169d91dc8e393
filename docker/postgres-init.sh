#!/bin/sh
# Run by the postgres image once, on an empty volume: the two roles and the database (docs/operations.md).
# Migrations run as basis_owner; the application runs as basis_app, which owns nothing.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner_password DB_OWNER_PASSWORD
\getenv app_password DB_APP_PASSWORD
CREATE ROLE basis_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE basis_app LOGIN PASSWORD :'app_password';
CREATE DATABASE basis OWNER basis_owner;
REVOKE ALL ON DATABASE basis FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE basis TO basis_app;
SQL
