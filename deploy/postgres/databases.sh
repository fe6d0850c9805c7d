#!/usr/bin/env bash
# Runs once, on an empty volume: a database and its owner for each service. Nobody else may connect to it: what a service
# knows of another comes by events, never by a look into its tables.
set -euo pipefail
for file in "${SECRETS:-/run/secrets}"/*_store; do
  service=$(basename "$file" _store)
  password=$(sed -E 's|^postgresql://[^:]+:([^@]+)@.*$|\1|' "$file")
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --set "name=$service" --set "password=$password" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
  echo "database $service: made"
done
