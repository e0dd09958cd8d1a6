#!/bin/bash
# postgres-init.sh - run once by the postgres image: creates the three databases, each with an
# owner, which migrates, and a run-time role.
set -euo pipefail

for service in auth wallet statement; do
	# All users of the host can read arguments, so the passwords are in the environment.
	psql -X -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d postgres <<-END
		\\getenv owner_password PASSWORD_${service^^}_OWNER
		\\getenv app_password PASSWORD_${service^^}_APP
		CREATE ROLE purse_${service}_owner LOGIN PASSWORD :'owner_password';
		CREATE ROLE purse_${service}_app LOGIN PASSWORD :'app_password';
		CREATE DATABASE purse_$service OWNER purse_${service}_owner;
		REVOKE ALL ON DATABASE purse_$service FROM PUBLIC;
		GRANT CONNECT ON DATABASE purse_$service TO purse_${service}_app;
	END
done
