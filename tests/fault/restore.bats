#!/usr/bin/env bats
# restore.bats - what pg_restore brings back: sessions that it has made useless are replaced, and
# lines that the statement database lost are published again.

load ../helper

setup() {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
}

# reads - calls reads in parallel, so that every connection of the pools runs statements
reads() {
	local path job
	for path in "/v1/wallets/$WALLET" "/v1/transactions?wallet_id=$WALLET" "/v1/statements?wallet_id=$WALLET" /v1/auth/me /v1/auth/sessions; do
		for _ in 1 2 3 4 5 6; do (api GET "$path" && expect 200) & done
	done
	for job in $(jobs -p); do wait "$job"; done
}
# as_superuser COMMAND...
as_superuser() {
	(
		. "$ROOT/tools/lib/common.sh"
		. "$ROOT/tools/lib/settings.sh"
		export PGPASSWORD=${STATE[PASSWORD_POSTGRES]} PGHOST=$RUN/postgres PGPORT=${STATE[POSTGRES_PORT]} PGUSER=postgres
		"$@"
	)
}
# dump SERVICE, restore SERVICE - over itself, while all programs run
dump() { as_superuser pg_dump -Fc -d "purse_$1" >"$BATS_TEST_TMPDIR/$1.dump"; }
restore() { as_superuser pg_restore --clean --if-exists -d "purse_$1" "$BATS_TEST_TMPDIR/$1.dump"; }
statement_has() {
	api GET "/v1/statements?wallet_id=$WALLET&limit=1"
	[ "$status_code" = 200 ] && [ "$(json .version)" = "$1" ]
}
deposit() {
	api POST /v1/transactions "{\"kind\":\"deposit\",\"amount\":5,\"wallet_id\":\"$WALLET\"}"
	expect 201
}

@test "after pg_restore under running programs each request succeeds, and events flow" {
	deposit
	eventually statement_has 2
	reads
	for service in auth wallet statement; do dump $service && restore $service; done
	reads
	deposit
	for service in auth wallet statement; do
		api GET /health/$service
		expect 200
	done
	eventually statement_has 3
	[ "$(sql statement 'SELECT count(*) FROM wallet WHERE gap_since IS NOT NULL')" = 0 ]
}

@test "the owner of a database can restore their own dump, and the run-time role still makes no large objects" {
	for service in auth wallet statement; do
		admin "DROP DATABASE IF EXISTS again_$service WITH (FORCE)" "CREATE DATABASE again_$service OWNER purse_${service}_owner"
	done
	sed 's/^\\connect purse_/\\connect again_/' "$ROOT/sql/administrator.sql" >"$BATS_TEST_TMPDIR/administrator.sql"
	as_superuser psql -Xq -v ON_ERROR_STOP=1 -d postgres -f "$BATS_TEST_TMPDIR/administrator.sql"
	for service in auth wallet statement; do
		owner=${service^^}_DATABASE_OWNER_URL app=${service^^}_DATABASE_URL
		pg_dump -Fc -d "${!owner}" >"$BATS_TEST_TMPDIR/owner.dump"
		pg_restore --single-transaction -d "$(at $service again_$service "${!owner}")" "$BATS_TEST_TMPDIR/owner.dump"
		pg_restore --clean --if-exists --single-transaction -d "$(at $service again_$service "${!owner}")" "$BATS_TEST_TMPDIR/owner.dump"
		for call in 'lo_create(0)' 'lo_creat(-1)' "lo_from_bytea(0, 'x')"; do
			run psql -XAtq -d "$(at $service again_$service "${!app}")" -c "SELECT $call"
			[ "$status" -ne 0 ]
			[[ $output == *"permission denied for function lo_"* ]]
		done
		psql -XAtq -d "$(at $service again_$service "${!app}")" -c 'SELECT max(version) FROM schema_migration'
		admin "DROP DATABASE again_$service WITH (FORCE)"
	done
}

alarm_of_statement() { [[ $(curl -sS "$BASE_URL/health/statement/alarms") == *'"code":"restored","subject":"line"'* ]]; }
no_alarm_of_statement() { [[ $(curl -sS "$BASE_URL/health/statement/alarms") != *restored* ]]; }
# The mark of what has arrived; marked: both databases have it.
mark() { sql "$1" 'SELECT mark FROM arrival'; }
marked() { [ "$(mark statement)" -gt "$1" ] && [ "$(mark wallet)" = "$(mark statement)" ]; }

@test "a statement database that went back in time gets its lines again by itself, and tells meanwhile" {
	eventually statement_has 1
	dump statement
	before=$(mark statement)
	for _ in 1 2 3; do deposit; done
	eventually statement_has 4
	eventually marked "$before"
	stop_service statement_consumer # so that the alarm lasts until we have seen it
	restore statement
	deposit
	statement_has 1
	eventually alarm_of_statement
	grep -q 'alarm: the database went back in time, as after a restore' "$DATA_DIR/log/outbox_relay/current"
	start_service statement_consumer
	eventually statement_has 5
	eventually no_alarm_of_statement
	[ "$(sql statement 'SELECT count(*) FROM wallet WHERE gap_since IS NOT NULL')" = 0 ]
	deposit
	eventually statement_has 6
	run "$BUILD/purse" verify
	[ "$status" = 0 ]
}

@test "lines that are lost before the next mark, as by a promoted standby, are published again" {
	deposit
	eventually statement_has 2
	stop_service outbox_relay
	# It was published and acknowledged, but a standby without it was promoted.
	sql statement "DELETE FROM line WHERE wallet_id = '$WALLET'; DELETE FROM wallet WHERE wallet_id = '$WALLET'"
	sql wallet "UPDATE arrival SET passed = outbox_position('transaction'),
		checked = (SELECT min(xid::text::bigint) - 1 FROM transaction WHERE wallet_id = '$WALLET')::text::xid8"
	run "$BUILD/purse" verify
	[ "$status" = 1 ]
	[[ $output == *"wallet $WALLET, version 2, "*": its line is missing, though it was published GAP_ALARM ago"* ]]
	[[ $output == *"purse statement rebuild --wallet $WALLET"* ]]
	GAP_ALARM=1s "$BUILD/outbox_relay" 2>"$BATS_TEST_TMPDIR/relay" 3>&- &
	relay=$!
	eventually statement_has 2
	eventually no_alarm_of_statement
	grep -q 'alarm: lines that were published did not arrive, or were lost again' "$BATS_TEST_TMPDIR/relay"
	kill "$relay"
	wait "$relay" || true
	start_service outbox_relay
}

@test "lines that do not arrive even so: the alarm names the command that mends them" {
	deposit
	eventually statement_has 2
	sql statement "BEGIN; SELECT arrival_missed('x', 3);
		DELETE FROM line WHERE wallet_id = '$WALLET'; DELETE FROM wallet WHERE wallet_id = '$WALLET'; COMMIT" >/dev/null
	named() { [ "$(sql statement "SELECT detail FROM statement_alarms(60000, 60000) WHERE code = 'restored'")" = 'lines were lost, and 2 do not arrive: run purse statement rebuild --all' ]; }
	eventually named
	"$BUILD/purse" statement rebuild --all
	statement_has 2
	eventually no_alarm_of_statement
}

# documented HEADING - the commands below that heading of docs/running.md
documented() { awk -v heading="## $1" '/^## / { here = $0 == heading } here && /^```/ { block = !block; next } here && block' "$ROOT/docs/running.md"; }
# as_documented HEADING - runs them as in a user's shell, without a build
as_documented() {
	(cd "$ROOT" && env -u TOKEN BACKUP="$BATS_TEST_TMPDIR/backup" bash -euo pipefail -c "make() { tools/\"\$1\"; }
		$(documented "$1")") 3>&-
}

@test "the backup and the restore of the documents: all that was saved is there again, and nothing is left to mend" {
	deposit
	eventually statement_has 2
	as_documented Backup
	[ "$(ls "$BATS_TEST_TMPDIR/backup")" = "$(printf '%s\n' auth.dump keys state.env statement.dump wallet.dump)" ]
	diff -r "$DATA_DIR/keys" "$BATS_TEST_TMPDIR/backup/keys"
	deposit
	eventually statement_has 3
	as_documented Restore
	# For the other tests, as in tests/lib/environment.sh.
	admin "GRANT TEMPORARY ON DATABASE purse_wallet TO purse_wallet_app" "GRANT TEMPORARY ON DATABASE purse_statement TO purse_statement_app" \
		"GRANT TEMPORARY ON DATABASE purse_auth TO purse_auth_app"
	statement_has 2
	deposit
	eventually statement_has 3
	eventually no_alarm_of_statement
	run "$BUILD/purse" verify
	[ "$status" = 0 ]
}
