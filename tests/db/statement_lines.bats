#!/usr/bin/env bats
# statement_lines.bats - storing lines on the real server: in any order, duplicates, contradictions,
# two consumers at once.

load ../helper

setup() {
	WALLET=$(cat /proc/sys/kernel/random/uuid)
	OWNER=$(cat /proc/sys/kernel/random/uuid)
}
# These lines have no transactions, so remove them before the invariants run.
teardown() {
	sql statement "DELETE FROM line WHERE wallet_id IN (SELECT wallet_id FROM wallet WHERE owner_id = '$OWNER');
		DELETE FROM line_unsigned WHERE wallet_id IN (SELECT wallet_id FROM wallet WHERE owner_id = '$OWNER');
		DELETE FROM job WHERE owner_id = '$OWNER'; DELETE FROM wallet WHERE owner_id = '$OWNER'"
}

app() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$STATEMENT_DATABASE_URL" -c "$1"; }

# store VERSION... - stores lines of +100 each, as the run-time role; prints the positions of
# contradictory lines.
store() { app "$(storing "$@")"; }
storing() {
	echo "SELECT lines_store(array_agg('$WALLET'::uuid), array_agg(v), array_agg(md5('$WALLET' || v)::uuid), array_agg('$OWNER'::uuid),
		array_agg('EUR'::text), array_agg(CASE v WHEN 1 THEN 'opening' ELSE 'deposit' END),
		array_agg(CASE v WHEN 1 THEN 0 ELSE 100 END::bigint), array_agg((v - 1) * 100), array_agg('Shop'::text), array_agg(NULL::text),
		array_agg(NULL::uuid), array_agg('2026-01-01'::timestamptz + v * interval '1 s'))
		FROM unnest('{$(IFS=,; echo "$*")}'::bigint[]) AS v;"
}
# store_one VERSION KIND AMOUNT BALANCE [CHANGE] - older events have no CHANGE
store_one() {
	app "SELECT lines_store(ARRAY['$WALLET'::uuid], ARRAY[$1::bigint], ARRAY[md5('$WALLET' || $1)::uuid], ARRAY['$OWNER'::uuid], ARRAY['EUR'],
		ARRAY['$2'], ARRAY[$3::bigint], ARRAY[$4::bigint], ARRAY[NULL::text], ARRAY[NULL::text], ARRAY[NULL::uuid],
		ARRAY['2026-01-01'::timestamptz + $1 * interval '1 s'], ARRAY[NULL::uuid], ARRAY[NULL::uuid], ARRAY[${5:-NULL}::bigint])"
}
amounts() { sql statement "SELECT string_agg(version || ':' || amount, ' ' ORDER BY version) FROM line WHERE wallet_id = '$WALLET'"; }
unsigned() { sql statement "SELECT string_agg(version::text, ' ' ORDER BY version) FROM line_unsigned WHERE wallet_id = '$WALLET'"; }
heads() { sql statement "SELECT version, newest, gap_since IS NOT NULL FROM wallet WHERE wallet_id = '$WALLET'"; }

@test "lines in order move the head" {
	store 1 2 3
	[ "$(heads)" = "3|3|f" ]
	store 4
	store 5 6
	[ "$(heads)" = "6|6|f" ]
}

@test "out-of-order lines wait behind the gap, and the head moves as the gap fills" {
	store 5 3
	[ "$(heads)" = "0|5|t" ]
	store 2
	[ "$(heads)" = "0|5|t" ]
	store 1
	[ "$(heads)" = "3|5|t" ]
	store 7 4
	[ "$(heads)" = "5|7|t" ]
	store 6
	[ "$(heads)" = "7|7|f" ]
	[ "$(sql statement "SELECT sum(amount) FROM line WHERE wallet_id = '$WALLET'")" = 600 ]
}

@test "every order of five lines ends the same, however they are batched" {
	python3 - <<-'END' >"$BATS_TEST_TMPDIR/orders"
		import itertools, random
		random.seed(1)
		for order in random.sample(list(itertools.permutations(range(1, 6))), 20):
		    cut = random.randrange(1, 5)
		    print(*order[:cut], "|", *order[cut:])
	END
	while IFS='|' read -r first second; do
		WALLET=$(cat /proc/sys/kernel/random/uuid)
		# shellcheck disable=SC2086
		{ storing $first && storing $second; } >>"$BATS_TEST_TMPDIR/all"
	done <"$BATS_TEST_TMPDIR/orders"
	psql -XAtq -v ON_ERROR_STOP=1 -d "$STATEMENT_DATABASE_URL" -f "$BATS_TEST_TMPDIR/all"
	[ "$(sql statement "SELECT string_agg(DISTINCT concat_ws(' ', version, newest, gap_since), ',') || ' ' || count(*) FROM wallet WHERE owner_id = '$OWNER'")" = "5 5 20" ]
}

@test "duplicates are dropped, in the same batch and later" {
	[ -z "$(store 1 2 2 1)" ]
	[ -z "$(store 2 1)" ]
	[ "$(heads)" = "2|2|f" ]
	[ "$(sql statement "SELECT count(*) FROM line WHERE wallet_id = '$WALLET'")" = 2 ]
}

@test "a duplicate with different contents is reported, and changes nothing" {
	store 1 2
	[ "$(store_one 2 deposit 100 100)" = 1 ] # no merchant
	[ "$(store_one 2 deposit 101 101)" = 1 ]
	[ "$(store_one 2 purchase 100 100)" = 1 ]
	right=$OWNER
	OWNER=$(cat /proc/sys/kernel/random/uuid)
	[ "$(store 3)" = 1 ] # another owner
	OWNER=$right
	[ "$(heads)" = "2|2|f" ]
	[ "$(sql statement "SELECT count(*), sum(amount) FROM line WHERE wallet_id = '$WALLET'")" = "2|100" ]
	store 3
	[ "$(heads)" = "3|3|f" ]
}

@test "the sign comes from the event's balance change, whatever its kind" {
	store_one 1 opening 0 0 0
	store_one 4 reversal 15 45 -15
	store_one 3 a_kind_of_tomorrow 40 60 -40
	store_one 2 deposit 100 100 100
	store_one 5 hold 30 45 0
	[ "$(amounts)" = "1:0 2:100 3:-40 4:-15 5:0" ]
	[ "$(heads)" = "5|5|f" ]
	[ -z "$(unsigned)" ]
	# Duplicates match, also without the change, as in older events.
	[ -z "$(store_one 4 reversal 15 45 -15)" ]
	[ -z "$(store_one 4 reversal 15 45)" ]
	[ -z "$(store_one 5 hold 30 45)" ]
	[ "$(store_one 4 reversal 15 45 15)" = 1 ]
	[ "$(store_one 4 reversal 16 45)" = 1 ]
}

@test "older events: the kind implies the sign; a reversal's follows from the line before it, even if that arrives later" {
	store_one 1 opening 0 0
	store_one 2 deposit 100 100
	store_one 3 withdrawal 10 90
	store_one 4 purchase 20 70
	store_one 5 cancellation 5 75
	store_one 6 reversal 15 60
	store_one 8 reversal 40 90
	[ "$(heads)" = "6|8|t" ]
	[ "$(unsigned)" = 8 ]
	# Duplicates and contradictions of waiting lines are detected too.
	[ -z "$(store_one 8 reversal 40 90)" ]
	[ "$(store_one 8 reversal 41 90)" = 1 ]
	store_one 7 reversal 10 50
	[ "$(amounts)" = "1:0 2:100 3:-10 4:-20 5:5 6:-15 7:-10 8:40" ]
	[ "$(heads)" = "8|8|f" ]
	[ -z "$(unsigned)" ]
	[ -z "$(store_one 6 reversal 15 60)" ]
	[ -z "$(store_one 7 reversal 10 50)" ]
	[ -z "$(unsigned)" ]
}

@test "older and current events, in any order and in one batch: the same lines" {
	# version kind amount balance change
	cat >"$BATS_TEST_TMPDIR/events" <<-END
		1 opening 0 0 0
		2 deposit 100 100 100
		3 transfer 60 40 -60
		4 reversal 20 60 20
		5 reversal 10 50 -10
		6 transfer 5 55 5
	END
	python3 - "$BATS_TEST_TMPDIR/events" "$OWNER" <<-'END' >"$BATS_TEST_TMPDIR/all"
		import random, sys, uuid
		random.seed(7)
		events = [line.split() for line in open(sys.argv[1])]
		for n in range(40):
		    wallet, order = uuid.uuid4(), random.sample(events, len(events))
		    cut = random.randrange(0, len(order) + 1)
		    for part in (order[:cut], order[cut:], order[:2]):
		        rows = ", ".join("('%s'::uuid, %s::bigint, md5('%s' || %s)::uuid, '%s', %s::bigint, %s::bigint, %s::bigint)" % (wallet, v, wallet, v, kind, amount, balance,
		            random.choice((change, "NULL"))) for v, kind, amount, balance, change in part)
		        if rows:
		            print(f"""SELECT lines_store(array_agg(w), array_agg(v), array_agg(t), array_agg('{sys.argv[2]}'::uuid), array_agg('EUR'::text), array_agg(k::text),
		                array_agg(a), array_agg(b), array_agg(NULL::text), array_agg(NULL::text), array_agg(NULL::uuid), array_agg('2026-01-01'::timestamptz + v * interval '1 s'),
		                array_agg(NULL::uuid), array_agg(NULL::uuid), array_agg(c)) FROM (VALUES {rows}) AS e(w, v, t, k, a, b, c);""")
	END
	[ -z "$(psql -XAtq -v ON_ERROR_STOP=1 -d "$STATEMENT_DATABASE_URL" -f "$BATS_TEST_TMPDIR/all")" ]
	[ "$(sql statement "SELECT DISTINCT string_agg(l.amount::text, ' ' ORDER BY l.version) FROM line l JOIN wallet w USING (wallet_id)
		WHERE w.owner_id = '$OWNER' GROUP BY l.wallet_id")" = "0 100 -60 20 -10 5" ]
	[ "$(sql statement "SELECT DISTINCT concat_ws(' ', version, newest, gap_since) FROM wallet WHERE owner_id = '$OWNER'")" = "6 6" ]
	[ "$(sql statement "SELECT count(*) FROM line_unsigned u JOIN wallet w USING (wallet_id) WHERE w.owner_id = '$OWNER'")" = 0 ]
}

@test "two consumers with the same wallets in opposite order: no deadlock, every line once" {
	# A hundred wallets; both write all their lines, one upwards and one downwards, ten versions
	# a batch.
	batch() {
		echo "SELECT lines_store(array_agg(md5('$OWNER' || w)::uuid ORDER BY w $1), array_agg(v::bigint ORDER BY w $1),
			array_agg(md5('$OWNER' || w || 't' || v)::uuid ORDER BY w $1), array_agg('$OWNER'::uuid), array_agg('EUR'::text),
			array_agg(CASE v WHEN 1 THEN 'opening' ELSE 'deposit' END ORDER BY w $1),
			array_agg(CASE v WHEN 1 THEN 0 ELSE 100 END::bigint ORDER BY w $1), array_agg((v - 1) * 100::bigint ORDER BY w $1),
			array_agg(NULL::text), array_agg(NULL::text), array_agg(NULL::uuid),
			array_agg('2026-01-01'::timestamptz + v * interval '1 s' ORDER BY w $1))
			FROM generate_series(1, 100) AS w, generate_series($2, $2 + 1) AS v;"
	}
	for v in $(seq 1 2 19); do batch ASC "$v"; done >"$BATS_TEST_TMPDIR/up"
	for v in $(seq 19 -2 1); do batch DESC "$v"; done >"$BATS_TEST_TMPDIR/down"
	psql -X -q -At -v ON_ERROR_STOP=1 -d "$STATEMENT_DATABASE_URL" -f "$BATS_TEST_TMPDIR/up" >"$BATS_TEST_TMPDIR/up.out" 2>&1 &
	psql -X -q -At -v ON_ERROR_STOP=1 -d "$STATEMENT_DATABASE_URL" -f "$BATS_TEST_TMPDIR/down"
	wait $!
	[ ! -s "$BATS_TEST_TMPDIR/up.out" ]
	[ "$(sql statement "SELECT count(*), min(version), max(version), min(newest) FROM wallet WHERE owner_id = '$OWNER'")" = "100|20|20|20" ]
	[ "$(sql statement "SELECT count(*) FROM line l JOIN wallet w USING (wallet_id) WHERE w.owner_id = '$OWNER'")" = 2000 ]
}

@test "a binary search finds the last version before an instant" {
	store 1 2 3 4 5
	at() { app "SELECT version_at('$WALLET', '2026-01-01'::timestamptz + $1 * interval '1 s', $2)"; }
	[ "$(at 0 5)" = 0 ]
	[ "$(at 1 5)" = 0 ]
	[ "$(at 1.5 5)" = 1 ]
	[ "$(at 3 5)" = 2 ]
	[ "$(at 5 5)" = 4 ]
	[ "$(at 6 5)" = 5 ]
	[ "$(at 6 3)" = 3 ]
	[ "$(at 2.5 3)" = 2 ]
	[ "$(at 6 0)" = 0 ]
}

@test "lines dated ahead of the clock belong to today, with the closing balance and in the files of jobs; not to a period that has ended" {
	store 1 2 3
	sql statement "UPDATE line SET created_at = CASE version WHEN 1 THEN now() - interval '1 h' ELSE now() + interval '1 d' END WHERE wallet_id = '$WALLET'"
	span() { app "SELECT after, until, opening, closing, sum, count, dated, ahead FROM statement_span('$WALLET', $1, $2, ${3:-NULL}, true${4:+, $4})"; }
	[ "$(span "now() - interval '2 h'" "now() + interval '1 h'")" = "0|3|0|200|200|3|1|2" ]
	[ "$(span "now() - interval '2 h'" "now() - interval '1 s'")" = "0|3|0|200|200|3|1|2" ]
	[ "$(span "now() - interval '2 h'" "now() - interval '10 s'")" = "0|1|0|0|0|1|1|" ]
	# As begun: once the clock has caught up, the file is still the same.
	sql statement "UPDATE line SET created_at = created_at - interval '2 d' WHERE wallet_id = '$WALLET'"
	[ "$(span "now() - interval '3 d'" "now() - interval '47 h'" 3)" = "0|1|0|0|0|1|1|" ]
	[ "$(span "now() - interval '3 d'" "now() - interval '47 h'" 3 3)" = "0|3|0|200|200|3|1|" ]
	# A line that follows within the last seconds is not dated ahead.
	sql statement "UPDATE line SET created_at = now() - interval '1 s' WHERE wallet_id = '$WALLET' AND version > 1"
	[ "$(span "now() - interval '3 d'" "now() - interval '2 s'")" = "0|1|0|0|0|1|1|" ]
}

@test "without an id the oldest wallet that is not closed is used, else the oldest" {
	found() { app "SELECT wallet_id FROM wallet_find(NULL, '$OWNER', false)"; }
	for n in 1 2 3; do
		WALLET=0000000$n-${OWNER#*-}
		store_one 1 opening 0 0
	done
	oldest=00000001-${OWNER#*-}
	WALLET=$oldest store_one 2 close 0 0
	[ "$(found)" = "00000002-${OWNER#*-}" ]
	WALLET=00000002-${OWNER#*-} store_one 2 close 0 0
	[ "$(found)" = "$WALLET" ]
	store_one 2 close 0 0
	[ "$(found)" = "$oldest" ]
	[ "$(app "SELECT wallet_id FROM wallet_find('$oldest', '$OWNER', false)")" = "$oldest" ]
	[ -z "$(app "SELECT wallet_id FROM wallet_find(NULL, '$WALLET', true)")" ]
}

@test "the run-time role can read and call functions, but cannot change a row itself" {
	store 1 2
	for change in "UPDATE line SET amount = 1" "DELETE FROM line" "TRUNCATE line" "INSERT INTO wallet (wallet_id) VALUES (gen_random_uuid())" \
		"UPDATE wallet SET version = 9" "UPDATE job SET status = 'ready'" "DELETE FROM outbox_cursor" "INSERT INTO line_unsigned (version) VALUES (1)" \
		"SELECT lines_sign('{}')" "SELECT heads_move('{}', '{}', '{}', '{}')" \
		"CREATE TABLE mine (a int)" "DROP TABLE line"; do
		! app "$change" 2>"$BATS_TEST_TMPDIR/refusal" || { echo "$change was allowed"; return 1; }
		grep -qE 'permission denied|must be owner' "$BATS_TEST_TMPDIR/refusal"
	done
}

@test "a job is claimed once; the claim of a lost connection is free again" {
	stop_service statement_consumer
	store 1 2
	id=$(cat /proc/sys/kernel/random/uuid)
	ask() {
		app "SELECT outcome, id, (made).id, (made).status FROM job_request('$id', '$OWNER', '$WALLET', '2026-01-01', '2026-02-01',
			'csv', 0, 'x', NULL, 10)"
	}
	[ "$(ask)" = "queued|$id|$id|queued" ]
	# Far in the past, so that it is claimed first. No one else can claim it while the lease
	# holds.
	sql statement "UPDATE job SET due_at = '2020-01-01' WHERE id = '$id'"
	claim() { app "SELECT id FROM job_claim('$(cat /proc/sys/kernel/random/uuid)', '1 hour')"; }
	coproc HOLDER { exec psql -X -q -At -d "$STATEMENT_DATABASE_URL" 2>&1 3>&-; }
	echo "SELECT id FROM job_claim('$WALLET', '1 hour');" >&"${HOLDER[1]}"
	read -r -t "$PATIENCE" got <&"${HOLDER[0]}"
	[ "$got" = "$id" ]
	[ -z "$(claim)" ]
	[ "$(ask)" = "same|$id|$id|running" ]
	kill -9 "$HOLDER_PID"
	taken() { [ "$(claim)" = "$id" ]; }
	eventually taken
	# The first holder has lost it.
	[ "$(app "SELECT job_progress('$id', '$WALLET', '1 hour', 50, 1, 0, 10)")" = f ]
	[ "$(app "SELECT job_finish('$id', '$WALLET', 1, '\\x00', false)")" = f ]
	start_service statement_consumer
}
