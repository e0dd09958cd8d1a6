#!/usr/bin/env bats
# lost.bats - commits that were published and then lost: they are noticed and mended, and
# RELAY_STANDBY prevents them.

load events

setup() { drop_dead_letters; }
teardown() {
	[ -z "${receiver:-}" ] || kill "$receiver"
	[ -z "${relay:-}" ] || kill "$relay"
	admin "REVOKE pg_read_all_stats FROM purse_wallet_app"
	start_stopped_services
	drop_dead_letters
}

@test "a lost commit: the statement is 500, the log has the command, and is right again after a rebuild" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	expect 201
	wallet=$(json .id)
	deposit() {
		api POST /v1/transactions "{\"kind\":\"deposit\",\"amount\":$1}"
		expect 201
	}
	closing_is() {
		api GET "/v1/statements?wallet_id=$wallet&from=$(date -u +%F)&to=$(date -u +%F)&min_version=$2"
		[ "$status_code" = 200 ] && [ "$(json .closing_balance)" = "$1" ]
	}
	deposit 100
	deposit 50
	eventually closing_is 150 3
	# As after a promoted standby that did not have the last commit.
	sql wallet "BEGIN; DELETE FROM transaction WHERE wallet_id = '$wallet' AND version = 3;
		UPDATE wallet SET balance = 100, version = 2 WHERE id = '$wallet'; COMMIT"
	deposit 7
	deposit 3
	eventually waiting statement_queue.dead 1
	[[ $("$PURSE" dead show statement_queue | gojq -r .reason) == "inconsistent: "*"purse statement rebuild --wallet $wallet" ]]
	grep -q "alarm: wallet $wallet, version 3: the statement has a line that the ledger lost or never had: run purse statement rebuild --wallet $wallet" "$DATA_DIR/log/statement_consumer/current"
	broken() { api GET "/v1/statements?wallet_id=$wallet&from=$(date -u +%F)&to=$(date -u +%F)" && [ "$status_code" = 500 ]; }
	eventually broken
	"$PURSE" statement rebuild --wallet "$wallet"
	closing_is 110 4
	# Its dead letter is no longer needed, and does no harm.
	"$PURSE" dead replay statement_queue --all
	eventually waiting statement_queue 0
	waiting statement_queue.dead 0
}

relay() {
	LOG_LEVEL=debug RELAY_STANDBY=$1 "$BUILD/outbox_relay" 2>"$BATS_TEST_TMPDIR/relay" 3>&- &
	relay=$!
}
said() { grep -q "$1" "$BATS_TEST_TMPDIR/relay"; }

@test "RELAY_STANDBY=any: nothing is published before a standby has it; without the right to look, the log names it" {
	USER=$(new_uuid)
	stop_service outbox_relay
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":5}")"
	eventually balance_is "$USER" 5
	relay any
	eventually said 'GRANT pg_read_all_stats TO the role of WALLET_DATABASE_URL'
	admin "GRANT pg_read_all_stats TO purse_wallet_app"
	eventually said 'waiting for a standby'
	[ "$(lines_of statement "$USER")" = '' ]
	# pg_receivewal writes the log to its disk as a standby does.
	mkdir "$BATS_TEST_TMPDIR/wal"
	PGPASSWORD=$(sed -n 's/^PASSWORD_POSTGRES=//p' "$DATA_DIR/state.env") pg_receivewal --synchronous -D "$BATS_TEST_TMPDIR/wal" \
		-h 127.0.0.1 -p "$(sed -n 's/^POSTGRES_PORT=//p' "$DATA_DIR/state.env")" -U postgres 3>&- &
	receiver=$!
	eventually statement_has_all "$USER"
}

@test "an invalid RELAY_STANDBY is refused" {
	run env RELAY_STANDBY=some "$BUILD/outbox_relay" --drain
	[ "$status" = 1 ]
	[[ $output == *"RELAY_STANDBY must be none, any or sync, not \"some\""* ]]
}
