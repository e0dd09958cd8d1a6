#!/usr/bin/env bats
# alarms.bats - what goes wrong in silence is in the log, at level error, and in health: rows that
# wait to be published or sealed, and queues that are nearly full.
#
# A second relay stands by, but watches; so these tests choose its options.

load ../helper
. "$ROOT/tests/db/helper.bash"

# watch OPTION=VALUE... - starts a relay that logs to $BATS_TEST_TMPDIR/log
watch() {
	env "$@" "$BUILD/outbox_relay" 2>"$BATS_TEST_TMPDIR/log" 3>&- &
	WATCH=$!
}
watch_end() {
	kill "$WATCH" && wait "$WATCH" || true
	WATCH=
}
teardown() { [ -z "${WATCH:-}" ] || watch_end; }
# logged PATTERN - whether a line of level error has that message
logged() { grep '"level":"error"' "$BATS_TEST_TMPDIR/log" | grep -qE "\"message\":\"alarm: $1"; }
alarms() { curl -sS "$BASE_URL/health/$1/alarms"; }

@test "rows that a forgotten transaction holds back: who holds them, in the log; the code, in health" {
	before=$(value "pg_temp.wallet()")
	mkfifo "$BATS_TEST_TMPDIR/gate"
	sql <<-E >"$BATS_TEST_TMPDIR/holder" &
		SET application_name = 'forgotten $before';
		BEGIN;
		SELECT pg_temp.try('$before', 'deposit', 1);
		\\! timeout 60 cat "$BATS_TEST_TMPDIR/gate"
		COMMIT;
	E
	holder=$!
	until_true "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'forgotten $before' AND state = 'idle in transaction')"
	value "pg_temp.wallet()" >/dev/null
	until_true "(SELECT count(*) = 2 FROM wallet_alarms(10) WHERE code IN ('unpublished', 'unsealed') AND detail ~ 'an open transaction of process [0-9]+ .* holds it back')"
	watch RELAY_ALARM=10ms
	eventually logged 'rows are not published: the oldest transaction is of .*, and an open transaction of process [0-9]+ \(.*\) holds it back'
	eventually logged 'rows are not sealed: the oldest is of'
	[[ $(REQUEST_METHOD=GET SCRIPT_NAME=/health/wallet/alarms RELAY_ALARM=10ms "$BUILD/wallet") == *'{"code":"unpublished","subject":"transaction","since":"'* ]]
	echo >"$BATS_TEST_TMPDIR/gate"
	wait $holder
	until_true "NOT EXISTS (SELECT FROM wallet_alarms(10000) WHERE code NOT IN ('queue', 'broker'))"
	[[ $(alarms wallet) == '{"alarms":['* && $(alarms wallet) != *unpublished* ]]
}

@test "rows that a prepared transaction holds back: its name" {
	# The server allows none, so a view of the same name, found before the catalog's, has one.
	sql <<-'E'
		SET search_path = pg_temp, public, pg_catalog;
		CREATE VIEW pg_prepared_xacts AS SELECT pg_snapshot_xmin(pg_current_snapshot())::xid AS transaction, 'forgotten' AS gid, now() AS prepared;
		SELECT pg_temp.gives(outbox_obstacle(pg_snapshot_xmin(pg_current_snapshot())) LIKE 'the prepared transaction "forgotten" of % holds it back', true);
		DROP VIEW pg_prepared_xacts;
		SELECT pg_temp.gives(outbox_obstacle(pg_snapshot_xmin(pg_current_snapshot())) LIKE '%prepared%', false);
	E
}

@test "a job that is not published, and a line that does not arrive" {
	[[ $(alarms statement) == '{"alarms":['* ]]
	PGOPTIONS='' psql -XAtq -v ON_ERROR_STOP=1 -d "$STATEMENT_DATABASE_OWNER_URL" <<-'E' >"$BATS_TEST_TMPDIR/found"
		BEGIN;
		INSERT INTO job (id, owner_id, wallet_id, from_at, to_at, created_at, due_at, min_version, format, asked)
		VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), now(), now(), now() - interval '2 min', now() + interval '1 d', 0, 'json', 'x');
		INSERT INTO wallet (wallet_id, owner_id, currency, version, newest, gap_since)
		VALUES (gen_random_uuid(), gen_random_uuid(), 'EUR', 1, 3, now() - interval '100 years');
		SELECT code, subject, detail FROM statement_alarms(60000, 60000);
		ROLLBACK;
	E
	grep -qE '^unpublished\|job\|jobs are not published: the oldest is of ' "$BATS_TEST_TMPDIR/found"
	grep -qE '^gap\|line\|lines are missing: wallet .* has been missing line 2 since ' "$BATS_TEST_TMPDIR/found"
}

@test "a queue with 80 % of its messages" {
	queue=statement_queue.dead
	seq 800 | "$BUILD/purse" publish --lines $queue
	watch QUEUE_LENGTH=1000
	eventually logged "a queue is nearly full: $queue has 8[0-9][0-9] of 1000 messages"
	[[ $(alarms wallet) == *"{\"code\":\"queue\",\"subject\":\"$queue\",\"since\":"* ]]
	watch_end
	"$BUILD/purse" dead drop statement_queue --all >/dev/null
	watch QUEUE_LENGTH=1000
	until_true "NOT EXISTS (SELECT FROM alarm WHERE code = 'queue')"
}
