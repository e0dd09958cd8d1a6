#!/usr/bin/env bats
# restore.bats - sessions of the database that pg_restore has made useless are replaced.

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
# restore SERVICE - dumps the database and restores it over itself, while all programs run
restore() {
	(
		. "$ROOT/tools/lib/common.sh"
		. "$ROOT/tools/lib/settings.sh"
		export PGPASSWORD=${STATE[PASSWORD_POSTGRES]} PGHOST=$RUN/postgres PGPORT=${STATE[POSTGRES_PORT]} PGUSER=postgres
		pg_dump -Fc -d "purse_$1" >"$BATS_TEST_TMPDIR/$1.dump"
		pg_restore --clean --if-exists -d "purse_$1" "$BATS_TEST_TMPDIR/$1.dump"
	)
}
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
	for service in auth wallet statement; do restore $service; done
	reads
	deposit
	for service in auth wallet statement; do
		api GET /health/$service
		expect 200
	done
	eventually statement_has 3
	[ "$(sql statement 'SELECT count(*) FROM wallet WHERE gap_since IS NOT NULL')" = 0 ]
}
