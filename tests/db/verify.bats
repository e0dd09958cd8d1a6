#!/usr/bin/env bats
# verify.bats - `purse verify` on separate databases: it accepts correct ones, even during writes,
# and for each kind of tampering it names the wrong row.

load ../helper

setup_file() {
	local service url
	for service in wallet statement; do
		url=${service^^}_DATABASE_OWNER_URL
		drop "made_$service"
		admin "CREATE DATABASE made_$service OWNER purse_${service}_owner"
		"$ROOT/tools/migrate" "$(at $service made_$service "${!url}")" $service "purse_${service}_app"
	done
	psql -Xq -v ON_ERROR_STOP=1 -d "$(at wallet made_wallet "$WALLET_DATABASE_OWNER_URL")" -f "$BATS_TEST_DIRNAME/verify.sql" >/dev/null
	send_lines made
}
teardown_file() {
	for service in wallet statement; do drop "made_$service" "tried_$service"; done
}
drop() {
	local name
	for name; do admin "DROP DATABASE IF EXISTS $name WITH (FORCE)"; done
}

# send_lines PREFIX - copies all rows of PREFIX_wallet to PREFIX_statement, as their events would
send_lines() {
	{
		echo 'CREATE TEMP TABLE came (LIKE line); ALTER TABLE came ADD owner_id uuid, ADD currency text, ADD change bigint;'
		echo 'COPY came (wallet_id, version, transaction_id, owner_id, currency, kind, amount, balance_after, merchant, description, reference_id, created_at, counterpart_wallet, counterpart_id, change) FROM STDIN;'
		psql -Xq -d "$(at wallet "$1_wallet" "$WALLET_DATABASE_OWNER_URL")" -c "COPY (SELECT wallet_id, version, id, owner_id, currency, kind, amount_shown(amount, held_change),
			balance_after, merchant, description, reference_id, created_at, counterpart_wallet, counterpart_id, amount FROM transaction_shown) TO STDOUT"
		echo '\.'
		echo "SELECT lines_store(w, v, t, o, c, k, a, b, m, d, r, s, x, y, z) FROM (SELECT array_agg(wallet_id) w, array_agg(version) v, array_agg(transaction_id) t,
			array_agg(owner_id) o, array_agg(currency) c, array_agg(kind) k, array_agg(amount) a, array_agg(balance_after) b, array_agg(merchant) m,
			array_agg(description) d, array_agg(reference_id) r, array_agg(created_at) s,
			array_agg(counterpart_wallet) x, array_agg(counterpart_id) y, array_agg(change) z FROM came) AS a;"
	} | psql -XAtq -v ON_ERROR_STOP=1 -d "$(at statement "$1_statement" "$STATEMENT_DATABASE_OWNER_URL")" >/dev/null
}

# Creates copies to tamper with, each with a saved original.
fresh() {
	local service table
	for service in wallet statement; do
		admin "DROP DATABASE IF EXISTS tried_$service WITH (FORCE)" "CREATE DATABASE tried_$service OWNER purse_${service}_owner TEMPLATE made_$service"
		tamper $service "CREATE SCHEMA saved"
		for table in $(tables $service); do tamper $service "CREATE TABLE saved.$table AS TABLE public.$table"; done
	done
}
tables() { case $1 in wallet) echo wallet transaction undone hold ;; statement) echo wallet line ;; esac; }
# restoring SERVICE - prints the SQL that deletes changed rows and inserts missing ones
restoring() {
	local table
	for table in $(tables "$1"); do
		echo "DELETE FROM public.$table AS now WHERE now::text NOT IN (SELECT was::text FROM saved.$table AS was);"
		echo "INSERT INTO public.$table SELECT was.* FROM saved.$table AS was WHERE was::text NOT IN (SELECT now::text FROM public.$table AS now);"
	done
}
restore() { tamper "$1" "$(restoring "$1")"; }
tamper() {
	local url=${1^^}_DATABASE_OWNER_URL
	psql -XAtq -v ON_ERROR_STOP=1 -d "$(at "$1" "tried_$1" "${!url}")" -c "$2"
}
verify() { # PREFIX - with the run-time roles' rights
	WALLET_DATABASE_URL=$(at wallet "$1_wallet" "$WALLET_DATABASE_URL") STATEMENT_DATABASE_URL=$(at statement "$1_statement" "$STATEMENT_DATABASE_URL") \
		"$BUILD/purse" verify
}

# finds SERVICE CHANGE PATTERN... - restores the copy and applies the change; `purse verify` must
# then fail, with a line that matches each pattern.
finds() {
	local service=$1 change=$2 pattern
	shift 2
	tamper "$service" "$(restoring "$service") $change"
	run verify tried
	[ "$status" -eq 1 ] || { echo "$change: status $status" && return 1; }
	for pattern; do
		grep -qE -- "$pattern" <<<"$output" || { echo "$change: not reported: $pattern" && echo "$output" && return 1; }
	done
}
row() { psql -XAtq -d "$(at wallet made_wallet "$WALLET_DATABASE_OWNER_URL")" -c "SELECT $1 FROM named JOIN transaction t USING (id) WHERE name = '$2'"; }

setup() { { restore wallet && restore statement; } 2>/dev/null || fresh; }

@test "correct books: it reports nothing else, and needs no owner's rights" {
	run verify made
	[ "$status" -eq 0 ]
	[[ $output == *" rows of "*" wallets in "*" s: no errors found."* ]]
	[[ $output != *behind* ]]
	[[ $output == *"100 %: "* ]]
	for check in 'held = open holds' 'holds' 'undone amounts' 'transfers' 'sums'; do
		grep -qxF "checked: $check" <<<"$output"
	done
}

@test "a progress bar on a terminal" {
	export -f verify at
	# Only bash imports functions from the environment, whatever the caller's shell is.
	SHELL=$(command -v bash) run script -qec 'verify made' /dev/null
	[ "$status" -eq 0 ]
	[[ $output == *'[########################################] 100 %'* ]]
}

@test "a changed row: its number, its amounts, its time, its kind" {
	p=$(row wallet_id purchase) n=$(row version purchase) id=$(row t.id purchase)
	here="wallet $p, version $n, $id"
	finds wallet "UPDATE transaction SET amount = amount - 1 WHERE id = '$id'" "$here: the balance is not the previous" "$here: the statement has a different amount: -30, not -31"
	finds wallet "UPDATE transaction SET amount = amount - 1, balance_after = balance_after - 1 WHERE id = '$id'" "version $((n + 1)), .*: the balance is not the previous"
	finds wallet "UPDATE transaction SET amount = -amount WHERE id = '$id'" "$here: the amount has the wrong sign for its kind"
	finds wallet "UPDATE transaction SET version = 1000 WHERE id = '$id'" "wallet $p: version $((n + 1)) follows $((n - 1))"
	finds wallet "DELETE FROM transaction WHERE id = '$id'" "wallet $p: version $((n + 1)) follows $((n - 1))" "$here: the statement has a line without a row"
	finds wallet "UPDATE transaction SET created_at = created_at - interval '1 year' WHERE id = '$id'" "$here: it is older than the previous row" "$here: the statement has a different time"
	finds wallet "UPDATE transaction SET kind = 'gift' WHERE id = '$id'" "$here: unknown kind" "$here: the statement has a different kind: purchase, not gift"
	finds wallet "UPDATE transaction SET kind = 'opening' WHERE id = '$id'" "$here: version 1, and no other, must be the opening"
	finds wallet "UPDATE transaction SET contra = 'funding' WHERE id = '$id'" "$here: it is on the wrong contra account for its kind"
	finds wallet "UPDATE transaction SET contra = NULL WHERE id = '$id'" "$here: it is on the wrong contra account for its kind" "EUR: the wallets have"
	finds wallet "UPDATE transaction SET reference_id = id WHERE id = '$id'" "$here: the reference is missing, or not allowed for its kind"
	finds wallet "UPDATE transaction SET expires_at = now() WHERE id = '$id'" "$here: a hold, and nothing else, must expire"
}

@test "the wallet itself: its balance, held amount, version, state, and existence" {
	w=$(row wallet_id purchase)
	finds wallet "UPDATE wallet SET balance = balance + 1 WHERE id = '$w'" "wallet $w: balance [0-9]+, held [0-9]+, version [0-9]+; its last row has" "EUR: the wallets have"
	finds wallet "UPDATE wallet SET held = held + 1 WHERE id = '$w'" "wallet $w: held is [0-9]+, but its open holds add up to"
	finds wallet "UPDATE wallet SET version = version + 1 WHERE id = '$w'" "wallet $w: balance .*; its last row has"
	finds wallet "UPDATE wallet SET status = 'frozen' WHERE id = '$w'" "wallet $w: its status is frozen, but open by its rows"
	finds wallet "UPDATE wallet SET status = 'open' WHERE id = '$(row wallet_id freeze)'" "wallet $(row wallet_id freeze): its status is open, but frozen_debit by its rows"
	finds wallet "UPDATE wallet SET status = 'open' WHERE id = '$(row wallet_id close)'" "wallet $(row wallet_id close): its status is open, but closed by its rows"
	finds wallet "UPDATE wallet SET credit_limit = 7777 WHERE id = '$(row wallet_id limit)'" "wallet $(row wallet_id limit): its credit limit is 7777, but 500 by its rows"
	finds wallet "DELETE FROM wallet WHERE id = '$w'" "wallet $w: it has rows or lines, but does not exist"
	finds wallet "DELETE FROM transaction WHERE wallet_id = '$w'" "wallet $w: balance .*; its last row has 0, 0, 0"
}

@test "holds: open with the right remainder, or closed with nothing left" {
	w=$(row wallet_id hold) h=$(row t.id hold) c=$(row t.id capture)
	finds wallet "UPDATE transaction SET held_change = held_change + 1 WHERE id = '$h'" "$h: the held amount is not the previous one" "wallet $w: the open hold $h has 60 of 100 left until .*, but 61 of 101 until"
	finds wallet "UPDATE transaction SET held_after = held_after + 1 WHERE id = '$h'" "$h: the held amount is not the previous one"
	finds wallet "UPDATE transaction SET held_change = -held_change WHERE id = '$h'" "$h: the change of the held amount has the wrong sign for its kind"
	finds wallet "UPDATE transaction SET held_change = -1 WHERE id = '$c'" "$c: it captured more than it released"
	finds wallet "UPDATE hold SET remaining = remaining - 1 WHERE transaction_id = '$h'" "wallet $w: held is [0-9]+, but its open holds add up to" "the open hold $h has 59 of 100 left until .*, but 60 of 100 until"
	finds wallet "DELETE FROM hold WHERE transaction_id = '$h'" "the hold $h is not open, but 60 of it remain"
	finds wallet "INSERT INTO hold VALUES ('$w', gen_random_uuid(), 5, 5, now())" "wallet $w: the open hold .* has no row"
	finds wallet "UPDATE hold SET expires_at = expires_at + interval '1 day' WHERE transaction_id = '$h'" "the open hold $h"
	finds wallet "UPDATE transaction SET reference_id = '$(row t.id purchase)' WHERE id = '$c'" "captures or releases refer to $(row t.id purchase), which is not a hold"
}

@test "undone amounts: they match the rows, and never exceed the original" {
	p=$(row t.id purchase) c=$(row t.id cancellation)
	finds wallet "UPDATE undone SET undone = undone + 1 WHERE transaction_id = '$p'" "$p: 11 of 30 are recorded as undone, but its rows undo 10 of 30"
	finds wallet "DELETE FROM undone WHERE transaction_id = '$p'" "$p: 0 of  are recorded as undone, but its rows undo 10 of 30"
	finds wallet "UPDATE undone SET amount = amount + 1 WHERE transaction_id = '$p'" "$p: 10 of 31 are recorded as undone"
	finds wallet "UPDATE transaction SET amount = 31 WHERE id = '$c'" "$p: 31 of 30 were undone, which is too much"
	finds wallet "UPDATE transaction SET reference_id = '$(row t.id deposit)' WHERE id = '$c'" "$(row t.id deposit): was undone with the wrong sign" "$p: 10 of 30 are recorded"
	finds wallet "UPDATE transaction SET reference_id = '$(row t.id reversal)' WHERE id = '$c'" "$(row t.id reversal): a reversal was undone"
	finds wallet "UPDATE transaction SET reference_id = gen_random_uuid() WHERE id = '$c'" "which is not in this wallet"
	finds wallet "UPDATE transaction SET reference_id = NULL WHERE id = '$c'" "$c: the reference is missing"
	t=$(row t.id transfer)
	finds wallet "UPDATE undone SET undone = undone - 1 WHERE transaction_id = '$t'" "$t: 14 of 50 are recorded as undone, but its rows undo 15 of 50" "$(row counterpart_id transfer): 14 of 50 are recorded as undone"
}

@test "transfers: two rows that name each other and add up to zero" {
	t=$(row t.id transfer) o=$(row counterpart_id transfer)
	finds wallet "UPDATE transaction SET counterpart_id = gen_random_uuid() WHERE id = '$t'" "$t: its counterpart .* is missing" "$o: its counterpart $t .* does not match"
	finds wallet "UPDATE transaction SET counterpart_wallet = gen_random_uuid() WHERE id = '$o'" "$o: its counterpart $t"
	finds wallet "UPDATE transaction SET counterpart_id = NULL WHERE id = '$o'" "$o: the counterpart is missing"
	finds wallet "UPDATE transaction SET amount = 49 WHERE id = '$o'" "$t: its counterpart $o .* does not match" "EUR: the wallets have .* transfers add up to -1"
}

@test "the statement: each line matches its row, none is missing below the head, none is extra" {
	w=$(row wallet_id purchase) n=$(row version purchase) id=$(row t.id purchase)
	here="wallet $w, version $n, $id"
	finds statement "UPDATE line SET amount = amount - 1 WHERE transaction_id = '$id'" "$here: the statement has a different amount: -31, not -30"
	finds statement "UPDATE line SET balance_after = 7 WHERE transaction_id = '$id'" "$here: the statement has a different balance: 7, not"
	finds statement "UPDATE line SET description = 'x' WHERE transaction_id = '$id'" "$here: the statement has a different description: x, not none"
	finds statement "UPDATE line SET merchant = NULL WHERE transaction_id = '$id'" "$here: the statement has a different merchant: none, not Shop"
	finds statement "UPDATE line SET transaction_id = gen_random_uuid() WHERE transaction_id = '$id'" "$here: the statement has a different id"
	finds statement "DELETE FROM line WHERE transaction_id = '$id'" "$here: its line is missing in the statement"
	finds statement "UPDATE line SET counterpart_wallet = gen_random_uuid() WHERE transaction_id = '$(row t.id transfer)'" "the statement has a different counterpart wallet"
	finds statement "UPDATE line SET counterpart_id = NULL WHERE transaction_id = '$(row t.id transfer)'" "the statement has a different counterpart transaction: none, not $(row counterpart_id transfer)"
	finds statement "UPDATE line SET version = 1000 WHERE transaction_id = '$id'" "$here: its line is missing in the statement" "wallet $w, version 1000, $id: the statement has a line without a row"
	finds statement "UPDATE wallet SET owner_id = gen_random_uuid() WHERE wallet_id = '$w'" "wallet $w: the statement has a different owner or currency"
	finds statement "UPDATE wallet SET version = 1000, newest = 1000 WHERE wallet_id = '$w'" "wallet $w: the statement is at version 1000"
}

@test "lines still on their way are counted, and are not errors" {
	w=$(row wallet_id purchase)
	tamper statement "DELETE FROM line WHERE wallet_id = '$w' AND version IN (4, 5);
		UPDATE wallet SET version = 3, gap_since = now() WHERE wallet_id = '$w';
		DELETE FROM line WHERE wallet_id = '$(row wallet_id freeze)'; DELETE FROM wallet WHERE wallet_id = '$(row wallet_id freeze)'"
	run verify tried
	[ "$status" -eq 0 ]
	[[ $output == *"The statement is 5 lines behind."* ]]
	[[ $output == *"no errors found."* ]]
}

@test "it finds no errors while money moves" {
	url=$(at wallet tried_wallet "$WALLET_DATABASE_URL")
	"${PGBENCH:-$(pg_config --bindir)/pgbench}" -n -c 8 -t 90 -f "$BATS_TEST_DIRNAME/verify_load.sql" "$url" >"$BATS_TEST_TMPDIR/load" 2>&1 3>&- &
	load=$!
	for _ in 1 2 3; do
		run verify tried
		[ "$status" -eq 0 ]
		# Meanwhile some of it arrives in the statement.
		send_lines tried
	done
	wait $load
	grep -qF '720/720' "$BATS_TEST_TMPDIR/load"
	send_lines tried
	run verify tried
	[ "$status" -eq 0 ]
	[[ $output != *behind* ]]
}

@test "if it cannot read a database, it reports that nothing is verified" {
	drop tried_statement
	run verify tried
	[ "$status" -eq 1 ]
	[[ $output == *"nothing is verified"* ]]
	run "$BUILD/purse" verify everything
	[ "$status" -eq 2 ]
}
