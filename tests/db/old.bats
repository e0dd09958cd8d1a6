#!/usr/bin/env bats
# old.bats - programs older than 004_outcomes.sql keep working during and after its migration: runs
# exactly their statements.

load helper

# The columns that these programs select.
POSTING="id, wallet_id, owner_id, kind, amount, currency, balance_after, version, reference_id, merchant, description, metadata,
	created_at, held_change, counterpart_wallet, counterpart_id, expires_at"

# as_prepared STATEMENT VALUES - prepares the statement without types, as libpq does, runs it, and
# prints the rows.
as_prepared() {
	sql <<<"PREPARE s AS $1; EXECUTE s($2);"
}

@test "an old program posts, and reads what it posted" {
	w=$(value "pg_temp.filled(100)") op=$(value "gen_random_uuid()") me=$(value "owner_id FROM wallet WHERE id = '$w'")
	post="SELECT op_id, status, available, held, required, refusal, $POSTING
		FROM post(\$1, \$2, \$3, \$4, \$5, \$6, \$7, \$8, \$9, \$10, \$11, \$12, \$13::interval, \$14::boolean, \$15, \$16, \$17, \$18)"
	call="'{$op}', '{$w}', '{$me}', '{1}', '{purchase}', '{30}', '{NULL}', '{NULL}', '{NULL}', '{Shop}', '{NULL}', '{NULL}', '86400000 milliseconds'"
	run as_prepared "$post" "$call, 'f', NULL, NULL, NULL, NULL"
	[[ $output == "$op|ok|||||$op|$w|$me|purchase|-30|EUR|70|3||Shop||"* ]]
	run as_prepared "$post" "$call, 't', NULL, NULL, NULL, NULL"
	[[ $output == "$op|ok|||||$op|$w|$me|purchase|-30|EUR|70|3||Shop||"* ]]
	op=$(value "gen_random_uuid()")
	run as_prepared "$post" "'{$op}', '{$w}', '{$me}', '{1}', '{hold}', '{71}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}',
		'86400000 milliseconds', 'f', NULL, '{NULL}', '{2099-01-01}', '{t}'"
	[[ $output == "$op|insufficient_funds|70|0|71||||"* ]]
}

@test "the cancellation window of an old program still applies" {
	w=$(value "pg_temp.filled(100)") p=$(value "gen_random_uuid()")
	sql <<<"SELECT pg_temp.gives(pg_temp.try('$w', 'purchase', 5, op => '$p'), 'ok -5 =95');"
	cancel() {
		sql <<<"SELECT status FROM post(ARRAY[gen_random_uuid()], ARRAY['$w'::uuid], ARRAY[null::uuid], ARRAY[2], ARRAY['cancellation'],
			ARRAY[null::bigint], ARRAY['$p'::uuid], ARRAY[null], ARRAY[null::bytea], ARRAY[null], ARRAY[null], ARRAY[null],
			interval '$1', false, null);"
	}
	[ "$(cancel '0 ms')" = not_undoable ]
	[ "$(cancel '1 day')" = ok ]
}

@test "an old program opens, changes and limits wallets" {
	id=$(value "gen_random_uuid()") me=$(value "gen_random_uuid()")
	run as_prepared "SELECT status, id, owner_id, currency, name, wallet_status, balance, held, available, version
		FROM wallet_open(\$1, \$2, \$3, \$4, \$5, \$6, \$7::integer, \$8)" "'$id', '$me', 'EUR', 'Main', NULL, NULL, '5', '$(value "gen_random_uuid()")'"
	[ "$output" = "ok|$id|$me|EUR|Main|open|0|0|0|1" ]
	run as_prepared "SELECT status, kind, version, description FROM wallet_change(\$1, \$2, \$3::integer, \$4, \$5, \$6, \$7, \$8)" \
		"'$(value "gen_random_uuid()")', '$id', '2', 'freeze', 'debit', 'because', NULL, NULL"
	[ "$output" = "ok|freeze|2|because" ]
	run as_prepared "SELECT status, kind, version FROM wallet_limits_set(\$1, \$2, \$3::integer, \$4::bigint, \$5, \$6, \$7, \$8, \$9, \$10)" \
		"'$(value "gen_random_uuid()")', '$id', '2', '100', '{deposit}', '{day}', '{7}', 'because', NULL, NULL"
	[ "$output" = "ok|limit|3" ]
	run as_prepared "SELECT status FROM wallet_change(\$1, \$2, \$3::integer, \$4, \$5, \$6, \$7, \$8)" \
		"'$(value "gen_random_uuid()")', '$id', '1', 'close', NULL, 'because', NULL, NULL"
	[ "$output" = forbidden ]
}

@test "an old program lists transactions" {
	w=$(value "pg_temp.filled(100)")
	run as_prepared "SELECT $POSTING FROM transaction_page(NULL, \$1, NULL, NULL, NULL, NULL, NULL, NULL, \$2::integer)" "'$w', '1'"
	[[ $output == *"|$w|"*"|deposit|100|EUR|100|2|"* ]]
}
