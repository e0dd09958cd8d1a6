#!/usr/bin/env bats
# migrate.bats - migrations: applying them twice changes nothing, a broken one leaves no trace, old sources refuse newer databases.

load ../helper

# schema SERVICE - prints everything that a migration can change: tables, functions, privileges, and its own records.
schema() {
	local url=${1^^}_DATABASE_OWNER_URL
	pg_dump --schema-only -d "${!url}" | grep -vE '^\\(un)?restrict '
	sql "$1" 'SELECT version, name, applied_at FROM schema_migration ORDER BY version'
}

migrate() {
	local url=${1^^}_DATABASE_OWNER_URL
	"$ROOT/tools/migrate" "${!url}" "$1" "purse_$1_app"
}

# Copies the sources, so that a test can add migrations.
copy_sources() {
	COPY=$BATS_TEST_TMPDIR/sources
	mkdir -p "$COPY"
	cp -r "$ROOT/tools" "$ROOT/sql" "$COPY/"
}

@test "applying everything twice changes nothing" {
	for service in auth wallet statement; do
		schema "$service" >"$BATS_TEST_TMPDIR/before"
		[ "$(sql "$service" 'SELECT count(*) FROM schema_migration')" -ge 1 ]
		run migrate "$service"
		[ "$status" -eq 0 ]
		[ -z "$output" ]
		schema "$service" >"$BATS_TEST_TMPDIR/after"
		diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	done
}

@test "each migration file is recorded once, under its number" {
	for service in auth wallet statement; do
		files=$(find "$ROOT/sql/$service" -maxdepth 1 -name '[0-9][0-9][0-9]_*.sql' -printf '%f\n' | sort | sed 's/^0*//; s/_/|/; s/\.sql$//')
		[ "$(sql "$service" 'SELECT version, name FROM schema_migration ORDER BY version')" = "$files" ]
	done
}

@test "of two at once one waits for the other, and both succeed" {
	migrate auth 3>&- &
	first=$!
	migrate auth
	wait "$first"
}

@test "a broken migration leaves no trace" {
	copy_sources
	printf 'CREATE TABLE half_done (id int);\nSELECT 1 / 0;\n' >"$COPY/sql/auth/900_broken.sql"
	schema auth >"$BATS_TEST_TMPDIR/before"
	run "$COPY/tools/migrate" "$AUTH_DATABASE_OWNER_URL" auth purse_auth_app
	[ "$status" -ne 0 ]
	[[ $output == *"division by zero"* ]]
	schema auth >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "a new migration is applied once, and older sources then refuse the database" {
	copy_sources
	echo 'CREATE TABLE from_the_future (id int);' >"$COPY/sql/auth/901_future.sql"
	run "$COPY/tools/migrate" "$AUTH_DATABASE_OWNER_URL" auth purse_auth_app
	[ "$status" -eq 0 ]
	[[ $output == *901_future.sql* ]]
	run "$COPY/tools/migrate" "$AUTH_DATABASE_OWNER_URL" auth purse_auth_app
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	run migrate auth
	sql auth 'DROP TABLE from_the_future; DELETE FROM schema_migration WHERE version = 901'
	[ "$status" -ne 0 ]
	[[ $output == *"too old"* ]]
}

@test "the run-time roles own nothing and cannot create tables" {
	for service in auth wallet statement; do
		url=${service^^}_DATABASE_URL
		[ "$(sql "$service" "SELECT count(*) FROM pg_class WHERE relowner = 'purse_${service}_app'::regrole")" = 0 ]
		run psql -X -q -d "${!url}" -c 'CREATE TABLE mine (id int)'
		[ "$status" -ne 0 ]
		[[ $output == *"permission denied"* ]]
	done
}
