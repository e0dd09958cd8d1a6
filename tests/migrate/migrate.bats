#!/usr/bin/env bats
# migrate.bats - migrations: applying them twice changes nothing, a broken one leaves no trace, old
# sources refuse newer databases.

load ../helper

# schema SERVICE - prints everything that a migration can change: tables, functions, privileges, and
# its own records.
schema() {
	local url=${1^^}_DATABASE_OWNER_URL
	pg_dump --schema-only -d "${!url}" | grep -vE '^\\(un)?restrict '
	sql "$1" 'SELECT version, name, applied_at FROM schema_migration ORDER BY version'
}

migrate() {
	local url=${1^^}_DATABASE_OWNER_URL
	OWNER_URL=${!url} "$ROOT/tools/migrate" "$1" "purse_$1_app"
}

# Copies the sources, so that a test can add migrations.
copy_sources() {
	COPY=$BATS_TEST_TMPDIR/sources
	mkdir -p "$COPY"
	cp -r "$ROOT/tools" "$ROOT/sql" "$COPY/"
}

# other_form FORM - sets REPLY to the auth database's connection string in another form, and SECRET to its password.
other_form() {
	local user host database
	[[ $AUTH_DATABASE_OWNER_URL =~ ^postgresql://([^:]*):([^@]*)@([^:/]*):([0-9]*)/(.*)$ ]] || return 1
	user=${BASH_REMATCH[1]} SECRET=${BASH_REMATCH[2]} host=${BASH_REMATCH[3]} port=${BASH_REMATCH[4]} database=${BASH_REMATCH[5]}
	case $1 in
	url) REPLY=$AUTH_DATABASE_OWNER_URL ;;
	encoded) REPLY="postgres://$user:$(printf '%s' "$SECRET" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g')@$host:$port/$database?application_name=x" ;;
	query) REPLY="postgresql://$host:$port/$database?user=$user&password=$SECRET&connect_timeout=10" ;;
	last) REPLY="postgresql://$host:$port/$database?user=$user&password=$SECRET" ;;
	keywords) REPLY="host=$host port=$port dbname=$database user=$user password=$SECRET connect_timeout=10" ;;
	quoted) REPLY="password = '$SECRET' host=$host port=$port dbname=$database user=$user" ;;
	esac
}

@test "no argument of a program shows the database's password" {
	real=$(command -v psql)
	cat >"$BATS_TEST_TMPDIR/psql" <<-END
		#!/bin/sh
		printf '%s\n' "\$@" >>'$BATS_TEST_TMPDIR/arguments'
		exec '$real' "\$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/psql"
	for form in url encoded query last keywords quoted; do
		other_form $form
		: >"$BATS_TEST_TMPDIR/arguments"
		PATH=$BATS_TEST_TMPDIR:$PATH OWNER_URL=$REPLY "$ROOT/tools/migrate" auth purse_auth_app
		[ "$(wc -l <"$BATS_TEST_TMPDIR/arguments")" -gt 5 ]
		[ "$(grep -ciE "$SECRET|%3|password" "$BATS_TEST_TMPDIR/arguments")" = 0 ] || { cat "$BATS_TEST_TMPDIR/arguments" && return 1; }
	done
	# A password of characters that mean something to a shell or in a URL.
	. "$ROOT/tools/lib/common.sh"
	password=
	connection_split 'postgresql://u:a%5Cx41%25%24%20b%27@h/d'
	[ "$password $REPLY" = "a\\x41%\$ b' postgresql://u@h/d" ]
	connection_split "host=h password='a b\\'c\\\\d' user=u"
	[ "$password" = "a b'c\\d" ]
	connection_split postgresql://u@h/d
	[ "$password$REPLY" = postgresql://u@h/d ]
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

@test "of several migrations all are applied or none: no program meets tables without their functions" {
	copy_sources
	echo 'CREATE TABLE first_half (id int);' >"$COPY/sql/auth/900_first.sql"
	mkdir -p "$COPY/sql/auth/functions"
	echo 'SELECT 1 / 0;' >"$COPY/sql/auth/functions/zz_broken.sql"
	run "$COPY/tools/migrate" "$AUTH_DATABASE_OWNER_URL" auth purse_auth_app
	[ "$status" -ne 0 ]
	[ "$(sql auth "SELECT to_regclass('first_half') IS NULL AND NOT EXISTS (SELECT FROM schema_migration WHERE version = 900)")" = t ]
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

@test "a line whose sign was open: signed where the line before it is here, else kept until that comes" {
	url=$(at statement purse_statement_before "$STATEMENT_DATABASE_OWNER_URL")
	[ "$url" != "$STATEMENT_DATABASE_OWNER_URL" ]
	admin "DROP DATABASE IF EXISTS purse_statement_before" "CREATE DATABASE purse_statement_before OWNER purse_statement_owner"
	copy_sources
	rm "$COPY"/sql/statement/00[4-9]_*.sql
	"$COPY/tools/migrate" "$url" statement purse_statement_app
	before() { psql -XAtq -v ON_ERROR_STOP=1 -d "$url" -c "$1"; }
	# Lines 4 and 6 were there first; 3 came, and its sign was still open when everything stood
	# still. 5 is missing.
	before "INSERT INTO wallet VALUES (md5('w')::uuid, md5('o')::uuid, 4, 7, now(), 'EUR');
		INSERT INTO line (wallet_id, version, transaction_id, kind, amount, balance_after, created_at, sign_open)
		SELECT md5('w')::uuid, v, md5(v::text)::uuid, k, a, b, '2026-01-01'::timestamptz + v * interval '1 s', o
		FROM (VALUES (1, 'opening', 0, 0, false), (2, 'deposit', 100, 100, false), (3, 'reversal', 40, 60, true),
			(4, 'reversal', 10, 70, true), (6, 'reversal', 5, 60, true), (7, 'transfer', 20, 40, true)) AS l(v, k, a, b, o);"
	"$ROOT/tools/migrate" "$url" statement purse_statement_app
	signed() { before "SELECT string_agg(version || ':' || amount, ' ' ORDER BY version) FROM line"; }
	[ "$(signed)" = "1:0 2:100 3:-40 4:10 7:-20" ]
	# The program of before sends the missing one, by the form that it knows.
	before "SELECT lines_store(ARRAY[md5('w')::uuid], ARRAY[5::bigint], ARRAY[md5('5')::uuid], ARRAY[md5('o')::uuid], ARRAY['EUR'], ARRAY['purchase'], ARRAY[5::bigint],
		ARRAY[65::bigint], ARRAY[NULL], ARRAY[NULL], ARRAY[NULL::uuid], ARRAY['2026-01-01'::timestamptz + 5 * interval '1 s'], ARRAY[NULL::uuid], ARRAY[NULL::uuid])"
	[ "$(signed)" = "1:0 2:100 3:-40 4:10 5:-5 6:-5 7:-20" ]
	[ "$(before "SELECT version, newest, gap_since IS NULL FROM wallet")" = "7|7|t" ]
	[ "$(before "SELECT count(*) FROM line_unsigned")" = 0 ]
	admin "DROP DATABASE purse_statement_before"
}
