#!/usr/bin/env bats
# rebuild.bats - `purse statement rebuild` mends whatever is wrong with lines, while everything runs.

load events

setup() {
	USER=$(new_uuid)
	drop_dead_letters
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":100}")"
	emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"purchase\",\"amount\":40,\"merchant\":\"Shop\",\"description\":\"é\"}")"
	eventually balance_is "$USER" 60
	eventually statement_has_all "$USER"
	wallet=$(sql wallet "SELECT id FROM wallet WHERE owner_id = '$USER'")
}
teardown() {
	start_stopped_services
	sql statement "DELETE FROM line WHERE wallet_id = md5('$USER')::uuid; DELETE FROM wallet WHERE wallet_id = md5('$USER')::uuid"
	drop_dead_letters
}

# Everything that lines have, of both databases
all_columns() {
	sql wallet "SELECT version, id, kind, amount, balance_after, merchant, description, reference_id, created_at, counterpart_wallet, counterpart_id FROM transaction WHERE wallet_id = '$wallet' ORDER BY 1"
	sql wallet "SELECT owner_id, currency, version FROM wallet WHERE id = '$wallet'"
}
all_lines() {
	sql statement "SELECT version, transaction_id, kind, amount, balance_after, merchant, description, reference_id, created_at, counterpart_wallet, counterpart_id FROM line WHERE wallet_id = '$wallet' ORDER BY 1"
	sql statement "SELECT owner_id, currency, version FROM wallet WHERE wallet_id = '$wallet' AND version = newest AND gap_since IS NULL"
}
is_mended() { diff <(all_columns) <(all_lines); }

@test "each kind of damage is mended, verify suggests it, and again it changes nothing" {
	for damage in \
		"DELETE FROM line WHERE wallet_id = '$wallet' AND version = 2" \
		"DELETE FROM line WHERE wallet_id = '$wallet'; DELETE FROM wallet WHERE wallet_id = '$wallet'" \
		"UPDATE line SET amount = 1, balance_after = 7, kind = 'refund', created_at = now(), merchant = NULL WHERE wallet_id = '$wallet' AND version = 3" \
		"UPDATE line SET reference_id = transaction_id, counterpart_id = transaction_id, counterpart_wallet = wallet_id, description = 'x' WHERE wallet_id = '$wallet'" \
		"UPDATE wallet SET owner_id = md5('other')::uuid, currency = 'USD' WHERE wallet_id = '$wallet'" \
		"UPDATE wallet SET version = 1, gap_since = now() WHERE wallet_id = '$wallet'" \
		"INSERT INTO line (wallet_id, version, transaction_id, kind, amount, balance_after, created_at) VALUES ('$wallet', 4, gen_random_uuid(), 'deposit', 9, 69, now()); UPDATE wallet SET version = 4, newest = 4 WHERE wallet_id = '$wallet'" \
		"INSERT INTO line_unsigned (wallet_id, version, transaction_id, kind, amount, balance_after, created_at) VALUES ('$wallet', 9, gen_random_uuid(), 'reversal', 9, 69, now()); UPDATE wallet SET newest = 9, gap_since = now() WHERE wallet_id = '$wallet'"; do
		sql statement "$damage"
		! diff -q <(all_columns) <(all_lines) >/dev/null || { echo "no damage: $damage" && return 1; }
		"$PURSE" statement rebuild --wallet "$wallet" 2>"$BATS_TEST_TMPDIR/progress"
		grep -q '100 %: 3 rows' "$BATS_TEST_TMPDIR/progress"
		is_mended
	done
	[ "$("$PURSE" statement rebuild --wallet "$wallet" 2>/dev/null)" = "Wallets: 1. Lines added or replaced: 0, removed: 0." ]
	sql statement "UPDATE line SET merchant = 'Other' WHERE wallet_id = '$wallet' AND version = 3"
	run "$PURSE" verify
	[ "$status" -ne 0 ]
	[[ $output == *"purse statement rebuild --wallet $wallet"* ]]
	"$PURSE" statement rebuild --wallet "$wallet"
}

@test "--all, while events flow: wrong, missing and stray lines are mended, and none is lost" {
	sql statement "INSERT INTO wallet (wallet_id, owner_id, currency, version, newest) VALUES (md5('$USER')::uuid, '$USER', 'EUR', 1, 1);
		INSERT INTO line (wallet_id, version, transaction_id, kind, amount, balance_after, created_at) VALUES (md5('$USER')::uuid, 1, gen_random_uuid(), 'deposit', 5, 5, now())"
	load_of 1500 "$USER" | "$PURSE" publish --lines wallet_queue &
	for _ in 1 2; do
		sql statement "UPDATE line SET amount = amount + 1 WHERE wallet_id = '$wallet' AND version % 3 = 0;
			DELETE FROM line WHERE wallet_id = '$wallet' AND version % 5 = 0"
		"$PURSE" statement rebuild --all
	done
	wait $!
	eventually balance_is "$USER" 1560
	eventually is_mended
	[ "$(sql statement "SELECT count(*) FROM wallet WHERE wallet_id = md5('$USER')::uuid")" = 0 ]
	waiting statement_queue.dead 0
}

@test "the run-time role cannot rebuild, and wrong usage gets its sentence" {
	run env STATEMENT_DATABASE_OWNER_URL="$STATEMENT_DATABASE_URL" "$PURSE" statement rebuild --wallet "$wallet"
	[ "$status" = 1 ]
	[[ $output == *"permission denied"* ]]
	run "$PURSE" statement rebuild
	[ "$status" = 2 ]
	[[ $output == *"usage: purse statement rebuild --wallet ID|--all"* ]]
	run "$PURSE" statement rebuild --wallet mine
	[ "$status" = 2 ]
	[[ $output == *"mine is not the id of a wallet"* ]]
	nowhere=$(new_uuid)
	run "$PURSE" statement rebuild --wallet "$nowhere"
	[ "$status" = 1 ]
	[ "$output" = "purse: there is no wallet $nowhere" ]
	# One that only the statement has is removed.
	sql statement "INSERT INTO line (wallet_id, version, transaction_id, kind, amount, balance_after, created_at) VALUES ('$nowhere', 1, gen_random_uuid(), 'deposit', 5, 5, now())"
	run "$PURSE" statement rebuild --wallet "$nowhere"
	[ "$status" = 0 ]
	[[ $output == *"Lines added or replaced: 0, removed: 1."* ]]
}
