#!/usr/bin/env bats
# parallel.bats - the rules under 64 parallel clients, and batches over shuffled wallets that never
# deadlock.

load helper

rows() {
	value "count(*) FROM transaction WHERE wallet_id = '$1' AND kind = '$2'"
}

@test "64 clients spend from one wallet: up to the last purchase that fits, and never below its limit" {
	w=$(value "pg_temp.wallet()")
	sql <<<"SELECT pg_temp.try('$w', 'deposit', 1000);"
	parallel 64 3 "$(one "'$w'" purchase 7 null null)"
	[ "$(rows "$w" purchase)" -eq 142 ]
	[ "$(value "balance FROM wallet WHERE id = '$w'")" -eq 6 ]
}

@test "64 clients cancel one purchase: exactly once" {
	w=$(value "pg_temp.wallet()") p=$(value "gen_random_uuid()")
	sql <<<"SELECT pg_temp.try('$w', 'deposit', 300); SELECT pg_temp.try('$w', 'purchase', 300, op => '$p');"
	parallel 64 3 "$(one "'$w'" cancellation null "'$p'" null)"
	[ "$(rows "$w" cancellation)" -eq 1 ]
	[ "$(value "balance FROM wallet WHERE id = '$w'")" -eq 300 ]
}

@test "64 clients undo one purchase in parts, both ways: never more than its amount" {
	w=$(value "pg_temp.wallet()") p=$(value "gen_random_uuid()")
	sql <<<"SELECT pg_temp.try('$w', 'deposit', 300); SELECT pg_temp.try('$w', 'purchase', 300, op => '$p');"
	parallel 64 2 "$(one "'$w'" cancellation 10 "'$p'" null) $(one "'$w'" reversal 7 "'$p'" null)"
	[ "$(value "undone <= 300 AND undone > 300 - 7 FROM undone WHERE transaction_id = '$p'")" = t ]
	[ "$(value "balance = (SELECT undone FROM undone WHERE transaction_id = '$p') FROM wallet WHERE id = '$w'")" = t ]
}

@test "64 clients with one key: one transaction" {
	w=$(value "pg_temp.wallet()")
	parallel 64 2 "$(one "'$w'" deposit 5 null "'same'")"
	[ "$(rows "$w" deposit)" -eq 1 ]
}

@test "64 first deposits of one user open one wallet" {
	he=$(value "gen_random_uuid()")
	parallel 64 2 "SELECT error FROM post(ARRAY[gen_random_uuid()], ARRAY[null::uuid], ARRAY['$he'::uuid], ARRAY[6], ARRAY['deposit'], ARRAY[5],
		ARRAY[null::uuid], ARRAY[null], ARRAY[null::bytea], ARRAY[null], ARRAY[null], ARRAY[null], 604800000, false, 'EUR');"
	[ "$(value "count(*) || ' ' || sum(balance) FROM wallet WHERE owner_id = '$he'")" = "1 640" ]
}

@test "64 openings: one wallet for one key, and no more wallets than the limit" {
	he=$(value "gen_random_uuid()") she=$(value "gen_random_uuid()")
	parallel 64 1 "SELECT error FROM wallet_open(gen_random_uuid(), '$he', gen_random_uuid(), 'EUR', null, 'k', '\\x01', 5);"
	[ "$(value "count(*) FROM wallet WHERE owner_id = '$he'")" -eq 1 ]
	parallel 64 1 "SELECT error FROM wallet_open(gen_random_uuid(), '$she', gen_random_uuid(), 'EUR', null, null, null, 5);"
	[ "$(value "count(*) FROM wallet WHERE owner_id = '$she'")" -eq 5 ]
}

@test "batches over shuffled wallets and new users: no deadlock, every operation answered" {
	she=$(value "gen_random_uuid()") mark=$(value "gen_random_uuid()")
	sql <<<"SELECT pg_temp.wallet('$she') FROM generate_series(1, 8);" >/dev/null
	# Each call: 24 operations on the eight wallets in random order, and deposits for 8 users
	# whose wallets other clients open too.
	parallel 32 4 "WITH o AS MATERIALIZED (
			SELECT w.id AS wallet, null::uuid AS who, (ARRAY['deposit','purchase','withdrawal'])[1 + floor(random() * 3)::int] AS kind
			FROM wallet w, generate_series(1, 3) WHERE w.owner_id = '$she'
			UNION ALL SELECT null, md5('$mark' || (i + (random() * 40)::int))::uuid, 'deposit' FROM generate_series(1, 8) i),
		a AS MATERIALIZED (SELECT array_agg(gen_random_uuid()) AS op, array_agg(wallet ORDER BY random_order) AS wallet,
			array_agg(who ORDER BY random_order) AS who, array_agg(kind ORDER BY random_order) AS kind, count(*)::int AS n
			FROM (SELECT o.*, random() AS random_order FROM o) AS shuffled)
		SELECT 1 / (count(p.error) = a.n)::int FROM a, post(a.op, a.wallet, a.who, array_fill(6, ARRAY[a.n]), a.kind,
			array_fill(1::bigint, ARRAY[a.n]), array_fill(null::uuid, ARRAY[a.n]), array_fill(null::text, ARRAY[a.n]),
			array_fill(null::bytea, ARRAY[a.n]), array_fill(null::text, ARRAY[a.n]), array_fill(null::text, ARRAY[a.n]),
			array_fill(null::text, ARRAY[a.n]), 604800000, false, 'EUR') AS p GROUP BY a.n;"
	[ "$(value "min(balance) >= 0 AND sum(version) > 500 FROM wallet WHERE owner_id = '$she'")" = t ]
	# 32 x 4 x 8 deposits of new users: none is lost, and each user has one wallet.
	[ "$(value "sum(w.balance) || ' ' || count(*) - count(DISTINCT w.owner_id) FROM wallet w
		JOIN (SELECT md5('$mark' || i)::uuid AS id FROM generate_series(1, 48) i) u ON u.id = w.owner_id")" = "1024 0" ]
}
