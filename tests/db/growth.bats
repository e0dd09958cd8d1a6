#!/usr/bin/env bats
# growth.bats - what a statement reads does not grow with the history: the same call is measured
# with few and with many rows in each table. `make growth` does it with 10,000 and 1,000,000.
#
# Takes turns with the other files: its long transactions would hold back what they wait for, as
# outboxes and seals are read only below pg_snapshot_xmin().

load ../helper

setup_file() {
	local service url
	for service in auth wallet statement; do
		url=${service^^}_DATABASE_OWNER_URL
		admin "DROP DATABASE IF EXISTS growth_$service" "CREATE DATABASE growth_$service OWNER $(psql -XAtq -d "${!url}" -c 'SELECT current_user')"
		export "${service^^}_URL=$(sed "s,/purse_$service?,/growth_$service?,; s,/purse_$service\$,/growth_$service," <<<"${!url}")"
	done
}
teardown_file() {
	admin 'DROP DATABASE growth_auth' 'DROP DATABASE growth_wallet' 'DROP DATABASE growth_statement'
}

@test "no statement reads more when tables are sixty times as long" {
	for service in auth wallet statement; do
		url=${service^^}_URL
		OWNER_URL=${!url} "$ROOT/tools/migrate" "$service" "purse_${service}_app" 3>&-
	done
	# shellcheck disable=SC2086
	"$ROOT/tests/db/growth/growth.py" ${GROWTH:-1000 60000}
}
