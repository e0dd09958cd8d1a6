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
		OWNER_URL=$(at $service made_$service "${!url}") "$ROOT/tools/migrate" $service "purse_${service}_app"
	done
	psql -Xq -v ON_ERROR_STOP=1 -d "$(at wallet made_wallet "$WALLET_DATABASE_OWNER_URL")" -f "$BATS_TEST_DIRNAME/verify.sql" >/dev/null
	send_lines made
	psql -Xq -v ON_ERROR_STOP=1 -d "$(at statement made_statement "$STATEMENT_DATABASE_OWNER_URL")" -c "INSERT INTO job (id, owner_id, wallet_id, from_at, to_at,
		created_at, due_at, min_version, first_version, last_version, head_version, opening_balance, closing_balance, format, asked)
		SELECT gen_random_uuid(), owner_id, wallet_id, now(), now(), now(), now(), 0, 2, version, version, 0,
		(SELECT balance_after FROM line l WHERE l.wallet_id = w.wallet_id AND l.version = w.version), 'json', 'all' FROM wallet w ORDER BY newest DESC LIMIT 1" >/dev/null
	# Elsewhere the relay does it, every second. Rows can be sealed once no transaction runs that is
	# older, in any database of the server.
	eventually all_sealed
}
all_sealed() {
	seal made >"$BATS_FILE_TMPDIR/head" &&
		[ "$(psql -XAtq -d "$(at wallet made_wallet "$WALLET_DATABASE_OWNER_URL")" -c "SELECT (SELECT sum(length(members) / 56) FROM seal) = (SELECT count(*) FROM sealed_row)")" = t ]
}
seal() { WALLET_DATABASE_URL=$(at wallet "$1_wallet" "$WALLET_DATABASE_URL") "$BUILD/purse" seal export; }
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
tables() {
	case $1 in
	wallet) echo wallet owner owner_past transaction undone hold limit_rule limit_usage credit_limit_change currency_default currency_limit_change \
		rejection batch_key outbox_cursor seal arrival ;;
	statement) echo wallet line line_unsigned job outbox_cursor arrival ;;
	esac
}
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
verify() { # PREFIX [ARGUMENT...] - with the run-time roles' rights
	WALLET_DATABASE_URL=$(at wallet "$1_wallet" "$WALLET_DATABASE_URL") STATEMENT_DATABASE_URL=$(at statement "$1_statement" "$STATEMENT_DATABASE_URL") \
		"$BUILD/purse" verify "${@:2}"
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
	[[ $output != *behind* && $output != *"not sealed"* ]]
	[[ $output == *"100 %: "* ]]
	for check in 'held = open holds' 'holds' 'undone amounts' 'transfers' 'sums' times 'first wallets of owners' limits 'credit limits' \
		'usage of limits' positions 'sealed rows' seals signatures 'heads of the statement' 'statement jobs'; do
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

@test "owners: their first wallet is the oldest that is open, or else the one closed last" {
	w=$(row wallet_id close) o=$(row "(SELECT owner_id FROM wallet WHERE wallet.id = wallet_id)" close) second=$(row wallet_id second)
	finds wallet "UPDATE owner SET wallet_id = '$(row wallet_id purchase)' WHERE owner_id = '$o'" "owner $o: their first wallet is $(row wallet_id purchase), which is not theirs"
	finds wallet "UPDATE owner SET wallet_id = '$w' WHERE owner_id = '$o'" "owner $o: their first wallet is $w, but should be $second"
	finds wallet "UPDATE owner SET wallet_id = (SELECT id FROM wallet WHERE name = 'Third') WHERE owner_id = '$o'" "owner $o: their first wallet is .*, but should be $second"
	finds wallet "UPDATE owner SET owner_id = gen_random_uuid() WHERE owner_id = '$o'" "owner $o: the row that names their first wallet is missing" "they have no wallet, but the row"
	finds wallet "DELETE FROM owner_past WHERE owner_id = '$o'" "owner $o: $w was their first wallet until it was closed, but is not recorded"
	finds wallet "UPDATE owner_past SET wallet_id = '$second' WHERE owner_id = '$o'" "owner $o: $second is recorded as their first wallet of before, but is not closed"
	finds wallet "UPDATE owner_past SET owner_id = gen_random_uuid() WHERE owner_id = '$o'" "$w is recorded as their first wallet of before, but is not theirs"
	finds wallet "DELETE FROM owner WHERE owner_id = '$o'" "owner $o: the row that names their first wallet is missing"
}

@test "limits: rules, credit limits, their history and their usage" {
	w=$(row wallet_id limit) n=$(row version limit)
	finds wallet "UPDATE limit_rule SET amount = amount + 1 WHERE scope = '$w'" "limits of $w: a deposit per day is 100001, but 100000 by the last change"
	finds wallet "UPDATE limit_rule SET per = 'month' WHERE scope = '$w'" "limits of $w: a deposit per month is 100000, but not limited" "limits of $w: a deposit per day is not limited, but 100000"
	finds wallet "DELETE FROM limit_rule WHERE scope = '$w'" "limits of $w: a deposit per day is not limited, but 100000"
	finds wallet "DELETE FROM limit_rule WHERE scope = 'EUR' AND kind = 'deposit'" "limits of EUR: a deposit per month is not limited, but 9000000"
	finds wallet "INSERT INTO limit_rule VALUES ('USD', 'deposit', 'day', 1)" "limits of USD: a deposit per day is 1, but not limited"
	finds wallet "UPDATE currency_default SET credit_limit = 51 WHERE currency = 'EUR'" "limits of EUR: the credit limit of new wallets is 51, but 50"
	finds wallet "DELETE FROM currency_default" "limits of EUR: the credit limit of new wallets is , but 50"
	finds wallet "UPDATE credit_limit_change SET credit_limit_before = 7" "wallet $w, version $n: the credit limit before is recorded as 7, but is 0 by its row"
	finds wallet "DELETE FROM credit_limit_change" "wallet $w, version $n: the credit limit before is recorded as unchanged, but is 0"
	finds wallet "INSERT INTO credit_limit_change VALUES ('$w', 1, 5)" "wallet $w, version 1: the credit limit before is recorded as 5, but is unchanged"
	finds wallet "UPDATE limit_usage SET day_used = day_used + 1" "wallet $w: its usage of deposit is [0-9]+ on .* by its rows"
	finds wallet "UPDATE limit_usage SET month_used = 0" "wallet $w: its usage of deposit is [0-9]+ on .* and 0 in that month"
	finds wallet "UPDATE limit_usage SET kind = 'purchase'" "wallet $w: its usage of purchase"
	finds wallet "UPDATE limit_usage SET version = version + 1" "wallet $w: its usage of deposit"
	finds wallet "UPDATE limit_usage SET day = day + 1" "wallet $w: its usage of deposit"
	finds wallet "UPDATE limit_usage SET since = since + 1" "wallet $w: its usage of deposit"
	finds wallet "UPDATE limit_usage SET since_at = now()" "wallet $w: its usage of deposit"
	finds wallet "UPDATE limit_usage SET wallet_id = gen_random_uuid()" "its usage of deposit"
	tamper wallet "SELECT setval('limit_change', 1, false)"
	finds wallet '' "the sequence limit_change was reset"
	tamper wallet "SELECT setval('limit_change', 9, true)"
}

@test "times and transaction ids that lie ahead" {
	w=$(row wallet_id purchase) id=$(row t.id purchase)
	finds wallet "UPDATE wallet SET changed_at = changed_at + interval '1 year' WHERE id = '$w'" "wallet $w: its last change is of .*, but its last row of"
	finds wallet "UPDATE wallet SET created_at = created_at - interval '1 s' WHERE id = '$w'" "wallet $w: it was opened at .*, but at .* by its rows"
	finds wallet "UPDATE transaction SET xid = '9000000000' WHERE id = '$id'" "$id: its transaction id lies in the future"
	finds wallet "UPDATE rejection SET xid = '9000000000'" "rejection .*: its transaction id lies in the future"
	finds wallet "UPDATE currency_limit_change SET xid = '9000000000'" "limits of EUR, version 1: its transaction id lies in the future"
	finds wallet "INSERT INTO outbox_cursor SELECT 'transaction', system_identifier, '9000000000', now() FROM pg_control_system()" "the position transaction of the relay lies in the future"
	finds statement "INSERT INTO outbox_cursor SELECT 'job', system_identifier, '9000000000', now() FROM pg_control_system()" "the position job of the relay lies in the future"
}

@test "the statement's own tables: heads and jobs" {
	w=$(row wallet_id purchase)
	finds statement "UPDATE wallet SET version = version - 1, gap_since = now() WHERE wallet_id = '$w'" "wallet $w: the statement is at version .*, but its lines reach"
	finds statement "UPDATE wallet SET newest = newest + 1, gap_since = now() WHERE wallet_id = '$w'" "wallet $w: the statement is at version"
	finds statement "UPDATE job SET opening_balance = 1" "statement .*: its balances are 1 and"
	finds statement "UPDATE job SET closing_balance = closing_balance + 1" "statement .*: its balances are"
	finds statement "UPDATE job SET wallet_id = gen_random_uuid()" "statement .*: its wallet .* does not exist"
}

# sweep TABLE FROM PLACE - prints a line for each column of TABLE that is sealed: SQL that changes
# it, each in another row of FROM; the column; and that row's PLACE.
sweep() {
	psql -XAtq -F '|' -d "$(at wallet made_wallet "$WALLET_DATABASE_OWNER_URL")" -c "SELECT format('UPDATE %s SET %s = %s WHERE id = %L;', '$1', column_name, CASE
		WHEN column_name = 'currency' THEN '''GBP''' WHEN udt_name = 'text' THEN '''changed'''
		WHEN udt_name = 'json' THEN '''[]''' WHEN udt_name = 'bytea' THEN '''\xff''' WHEN udt_name = 'uuid' THEN 'gen_random_uuid()'
		WHEN udt_name = 'timestamptz' THEN '''2001-01-01''' ELSE '123456' END, id), column_name, place
		FROM (SELECT *, row_number() OVER () AS n FROM information_schema.columns WHERE table_name = '$1' AND column_name <> 'xid') AS c
		JOIN (SELECT id, $3 AS place, row_number() OVER (ORDER BY id) AS n FROM $2) AS t USING (n)"
}

@test "sealed history: every column of a row, whatever its age" {
	local changes=() expected=()
	while IFS='|' read -r change column place; do
		changes+=("$change")
		case $column in
		wallet_id | version) expected+=("${place%, *}, gone: it was sealed at .* \(seal 1\), but does not exist") ;;
		id) expected+=("${place%, *}, .*: it is not as it was when sealed") ;;
		*) expected+=("$place: it is not as it was when sealed") ;;
		esac
	done < <(sweep transaction "transaction WHERE version > 1" "format('wallet %s, version %s, %s', wallet_id, version, id)")
	[ "${#changes[@]}" -eq "$(psql -XAtq -d "$(at wallet made_wallet "$WALLET_DATABASE_OWNER_URL")" -c "SELECT count(*) - 1 FROM information_schema.columns WHERE table_name = 'transaction'")" ]
	finds wallet "${changes[*]}" "${expected[@]}"
	w=$(row wallet_id keyed) n=$(row version keyed) id=$(row t.id keyed)
	finds wallet "UPDATE transaction SET idempotency_key = NULL WHERE id = '$id'" "$id: it is not as it was when sealed"
	finds wallet "UPDATE transaction SET metadata = '{\"order\":7}' WHERE id = '$id'" "$id: it is not as it was when sealed"
	finds wallet "DELETE FROM transaction WHERE id = '$id'" "wallet $w, version $n, gone: it was sealed at"
	finds wallet "INSERT INTO transaction (wallet_id, version, id, kind, amount, balance_after, created_at, xid, contra)
		SELECT wallet_id, version + 1, gen_random_uuid(), 'deposit', 1, balance_after + 1, created_at, xid, 'funding' FROM transaction WHERE id = '$id'" \
		"wallet $w, version $((n + 1)), .*: it is not sealed, but later rows are: it was inserted"
	finds wallet "UPDATE transaction SET xid = pg_current_xact_id() WHERE id = '$id'" "$id: it was sealed \(seal 1\), but its transaction id is that of a later row"
}

@test "sealed history: how a wallet was opened, and what is set for a currency" {
	local changes=() expected=() w id change column place
	# Each change in another wallet.
	for change in "owner_id = gen_random_uuid()" "currency = 'GBP'" "name = 'Other'" "name = NULL" "created_at = '2001-01-01'" "idempotency_key = NULL" "fingerprint = '\xff'" "credit_limit = 1"; do
		read -r w id < <(psql -XAtq -F ' ' -d "$(at wallet made_wallet "$WALLET_DATABASE_OWNER_URL")" -c "SELECT w.id, t.id FROM wallet w JOIN transaction t ON t.wallet_id = w.id AND t.version = 1
			ORDER BY w.name = 'Third' DESC NULLS LAST, w.name = 'Second' DESC NULLS LAST, w.balance < 0, w.id OFFSET $(case $change in 'name = NULL') echo 0 ;; idem*) echo 1 ;; *) echo $((${#changes[@]} + 2)) ;; esac) LIMIT 1")
		changes+=("UPDATE wallet SET $change WHERE id = '$w';")
		expected+=("wallet $w, version 1, $id: it, or its wallet's owner, currency, name, key or first credit limit, is not as it was when sealed")
	done
	finds wallet "${changes[*]}" "${expected[@]}"
	changes=() expected=()
	while IFS='|' read -r change column place; do
		changes+=("$change")
		case $column in
		id) expected+=("limits of a currency, gone: it was sealed at") ;;
		*) expected+=("limits of a currency, $place: it is not as it was when sealed") ;;
		esac
	done < <(sweep currency_limit_change currency_limit_change id)
	finds wallet "${changes[*]}" "${expected[@]}"
	finds wallet "DELETE FROM currency_limit_change WHERE currency = 'CZK'" "limits of a currency, gone: it was sealed"
}

@test "sealed history: the seals themselves, and the exported head" {
	finds wallet "UPDATE seal SET members = substring(members FROM 57)" "seal 1: its head does not follow" ": it is not sealed, but later rows are"
	finds wallet "UPDATE seal SET head = sha256(head)" "seal 1: its head does not follow" "seal 1: its signature is not valid"
	finds wallet "UPDATE seal SET made_at = made_at + interval '1 s'" "seal 1: its head does not follow"
	finds wallet "UPDATE seal SET number = 2" "seal 2: it follows seal 0"
	finds wallet "UPDATE seal SET signed_at = signed_at + interval '1 s'" "seal 1: its signature is not valid"
	finds wallet "UPDATE seal SET signature = sha512(signature)" "seal 1: its signature is not valid"
	finds wallet "UPDATE seal SET signer = sha256(signer)" "seal 1: its signature is not valid"
	finds wallet "UPDATE outbox_cursor SET xid = '1' WHERE name = 'seal'" "it was sealed \(seal 1\), but its transaction id is that of a later row"
	finds wallet "DELETE FROM outbox_cursor WHERE name = 'seal'; INSERT INTO outbox_cursor SELECT 'transaction', system_identifier, '1', now() FROM pg_control_system()" "the position of the seals is missing"
	# Someone who can change everything in the database makes the history again, without the key.
	restore wallet
	tamper wallet "UPDATE transaction SET merchant = 'Other' WHERE id = '$(row t.id keyed)'; DELETE FROM seal; DELETE FROM outbox_cursor; SELECT seal_append(1000)"
	KEY_DIR=$BATS_TEST_TMPDIR/other seal tried >/dev/null
	run verify tried
	[ "$status" -eq 1 ]
	[[ $output == *"seal 1: it was signed with another key"* ]]
	run verify tried --head "$BATS_FILE_TMPDIR/head"
	[ "$status" -eq 1 ]
	[[ $output == *"seal 1: it is not the one that was exported"* ]]
	# With the key, only the exported head tells.
	tamper wallet "UPDATE seal SET signed_at = NULL, signature = NULL, signer = NULL"
	seal tried >/dev/null
	run verify tried
	[[ $output != *"seal 1"* ]]
	run verify tried --head "$BATS_FILE_TMPDIR/head"
	[ "$status" -eq 1 ]
	[[ $output == *"seal 1: it is not the one that was exported"* ]]
	# Without the key there is only what was signed before, and no other key is made.
	KEY_DIR=$BATS_TEST_TMPDIR/empty run seal tried
	[ "$status" -eq 0 ]
	[[ $output == *"the last head that the relay signed."* && ! -e $BATS_TEST_TMPDIR/empty ]]
	tamper wallet "DELETE FROM seal"
	run verify tried --head "$BATS_FILE_TMPDIR/head"
	[ "$status" -eq 1 ]
	[[ $output == *"seal 1: it was exported, but does not exist"* ]]
	sed 's/"number": 1/"number": 2/' "$BATS_FILE_TMPDIR/head" >"$BATS_TEST_TMPDIR/forged"
	run verify tried --head "$BATS_TEST_TMPDIR/forged"
	[ "$status" -eq 1 ]
	[[ $output == *"is not a head that"* ]]
	run verify made --head "$BATS_FILE_TMPDIR/head"
	[ "$status" -eq 0 ]
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

@test "lines that were published GAP_ALARM ago are missing, not on their way, whether later ones have arrived or not" {
	w=$(row wallet_id purchase)
	n=$(tamper statement "SELECT version FROM wallet WHERE wallet_id = '$w'")
	tamper wallet "UPDATE transaction SET xid = '3' WHERE wallet_id = '$w' AND version = $n - 1; UPDATE arrival SET passed = '3'"
	late='its line is missing, though it was published GAP_ALARM ago'
	tamper statement "DELETE FROM line WHERE wallet_id = '$w' AND version >= $n - 1; UPDATE wallet SET version = $n - 2, newest = $n - 2 WHERE wallet_id = '$w'"
	run verify tried
	[ "$status" -eq 1 ]
	[[ $output == *"wallet $w, version $((n - 1)), "*": $late"*"purse statement rebuild --wallet $w"*"The statement is 1 lines behind."* ]]
	restore statement
	tamper statement "DELETE FROM line WHERE wallet_id = '$w' AND version = $n - 1; UPDATE wallet SET version = $n - 2, gap_since = now() WHERE wallet_id = '$w'"
	run verify tried
	[ "$status" -eq 1 ]
	[[ $output == *"wallet $w, version $((n - 1)), "*": $late"*"purse statement rebuild --wallet $w"* && $output != *behind* ]]
}

@test "it finds no errors while money moves" {
	url=$(at wallet tried_wallet "$WALLET_DATABASE_URL")
	"${PGBENCH:-$(pg_config --bindir)/pgbench}" -n -c 8 -t 90 -f "$BATS_TEST_DIRNAME/verify_load.sql" "$url" >"$BATS_TEST_TMPDIR/load" 2>&1 3>&- &
	load=$!
	for _ in 1 2 3; do
		run verify tried
		[ "$status" -eq 0 ]
		# Meanwhile some of it arrives in the statement, and is sealed by two at once.
		seal tried >/dev/null 3>&- &
		sealing=$!
		seal tried >/dev/null
		wait $sealing
		send_lines tried
	done
	wait $load
	grep -qF '720/720' "$BATS_TEST_TMPDIR/load"
	send_lines tried
	seal tried >/dev/null
	run verify tried
	[ "$status" -eq 0 ]
	[[ $output != *behind* && $output != *"not sealed"* ]]
	[ "$(tamper wallet 'SELECT count(*) > 2 FROM seal')" = t ]
}

@test "after a restore on another server, each row is still sealed once" {
	# As after a restore: the position is another server's, one sealed row has an id that is not
	# reached here, and so has a row that was not sealed yet.
	new="INSERT INTO transaction (wallet_id, version, id, kind, amount, balance_after, created_at, contra, xid)
		SELECT id, version + 1, gen_random_uuid(), 'deposit', 1, balance + 1, changed_at, 'funding'"
	tamper wallet "UPDATE outbox_cursor SET system_identifier = 1; $new, '9000000000' FROM wallet WHERE id = '$(row wallet_id purchase)';
		$new, '4' FROM wallet WHERE id = '$(row wallet_id freeze)'; UPDATE wallet SET version = version + 1, balance = balance + 1 WHERE id IN ('$(row wallet_id purchase)', '$(row wallet_id freeze)');
		UPDATE transaction SET xid = '9000000000' WHERE id = '$(row t.id keyed)'"
	run verify tried
	[ "$status" -eq 0 ]
	[[ $output == *"2 rows are not sealed yet."* ]]
	seal tried >"$BATS_TEST_TMPDIR/head"
	run verify tried --head "$BATS_TEST_TMPDIR/head"
	[ "$status" -eq 0 ]
	[[ $output != *"not sealed"* ]]
	run verify tried --head "$BATS_FILE_TMPDIR/head"
	[ "$status" -eq 0 ]
	[ "$(tamper wallet "SELECT string_agg(length(members) / 56 || '', ' ' ORDER BY number) FROM seal OFFSET 0")" = "$(tamper wallet "SELECT (count(*) - 2 + (SELECT count(*) FROM currency_limit_change)) || ' 2' FROM transaction")" ]
}

@test "a clock that ran ahead: health and the log say so until it has caught up" {
	w=$(row wallet_id purchase)
	tamper wallet "UPDATE wallet SET changed_at = now() + interval '1 hour' WHERE id = '$w'"
	tamper wallet "SELECT post(ARRAY[gen_random_uuid()], ARRAY['$w'::uuid], ARRAY[NULL::uuid], ARRAY[6], '{deposit}', '{1}', ARRAY[NULL::uuid], ARRAY[NULL::text],
		ARRAY[NULL::bytea], ARRAY[NULL::text], ARRAY[NULL::text], ARRAY[NULL::text], 604800000, false, NULL)" >/dev/null
	[ -z "$(tamper wallet "SELECT * FROM wallet_alarms(86400000)")" ]
	seal tried >/dev/null
	n=$(tamper wallet "SELECT version FROM wallet WHERE id = '$w'")
	[[ $(tamper wallet "SELECT code, subject, detail FROM wallet_alarms(86400000)") == "clock|wallet|rows are dated ahead: the clock of the database is at "*"; among them wallet $w up to version $n" ]]
	run verify tried
	[ "$status" -eq 0 ]
	grep -qE "^Dated ahead of the clock: wallet $w, version $n to $n, until " <<<"$output"
	WALLET_DATABASE_URL=$(at wallet tried_wallet "$WALLET_DATABASE_URL") RELAY_ALARM=1d REQUEST_METHOD=GET SCRIPT_NAME=/health/wallet/alarms run "$BUILD/wallet"
	[[ $output == *'{"alarms":[{"code":"clock","subject":"wallet","since":"'* ]]
}

@test "if it cannot read a database, it reports that nothing is verified" {
	drop tried_statement
	run verify tried
	[ "$status" -eq 1 ]
	[[ $output == *"nothing is verified"* ]]
	run "$BUILD/purse" verify everything
	[ "$status" -eq 2 ]
}
