#!/usr/bin/env bats
# outbox.bats - what the relay reads: rows in commit order, no late commit skipped, no transaction
# split.

load helper

@test "a late commit is not skipped: nothing past an open transaction is read, then everything, in order" {
	early=$(value "pg_temp.wallet()") late=$(value "pg_temp.wallet()")
	after=$(value "pg_current_xact_id()")
	mine="FROM outbox_read('$after', 100000) WHERE wallet_id IN ('$early', '$late')"
	mkfifo "$BATS_TEST_TMPDIR/gate"
	sql <<-E >"$BATS_TEST_TMPDIR/late" &
		SET application_name = 'late $late';
		BEGIN;
		SELECT pg_temp.try('$late', 'deposit', 1);
		\\! timeout 60 cat "$BATS_TEST_TMPDIR/gate"
		COMMIT;
	E
	until_true "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'late $late' AND state = 'idle in transaction')"
	sql <<<"SELECT pg_temp.try('$early', 'deposit', 2);"
	[ "$(value "count(*) $mine")" -eq 0 ]
	echo >"$BATS_TEST_TMPDIR/gate"
	wait
	until_true "(SELECT count(*) = 2 $mine)"
	[ "$(value "string_agg(amount::text, ' ') FROM (SELECT amount $mine) AS m")" = "1 2" ]
}

@test "a transaction is never split, and the next read continues after it" {
	w=$(value "pg_temp.wallet()") after=$(value "pg_current_xact_id()")
	for _ in 1 2; do
		sql <<<"SELECT pg_temp.words('[{\"wallet\":\"$w\",\"kind\":\"deposit\",\"amount\":1},{\"wallet\":\"$w\",\"kind\":\"deposit\",\"amount\":1},
			{\"wallet\":\"$w\",\"kind\":\"deposit\",\"amount\":1}]');"
	done
	until_true "(SELECT count(*) = 6 FROM outbox_read('$after', 1000000) WHERE wallet_id = '$w')"
	sql <<-E
		DO \$\$ DECLARE at xid8 := '$after'; n int; reads int := 0; total int := 0; BEGIN
			LOOP
				SELECT count(*) FILTER (WHERE wallet_id = '$w'), max(xid::text::bigint)::text::xid8 INTO n, at FROM outbox_read(at, 1);
				EXIT WHEN at IS NULL;
				PERFORM pg_temp.gives(n IN (0, 3), true, 'rows of one transaction');
				total := total + n;
			END LOOP;
			PERFORM pg_temp.gives(total, 6);
		END \$\$;
	E
}

@test "rows carry everything the event needs" {
	w=$(value "pg_temp.wallet()") after=$(value "pg_current_xact_id()")
	sql <<<"SELECT pg_temp.try('$w', 'deposit', 3);"
	until_true "(SELECT count(*) = 1 FROM outbox_read('$after', 1000000) WHERE wallet_id = '$w')"
	[ "$(value "format('%s %s %s v%s', kind, amount, currency, version) FROM outbox_read('$after', 1000000) WHERE wallet_id = '$w'
		AND owner_id = (SELECT owner_id FROM wallet WHERE id = '$w')")" = "deposit 3 EUR v2" ]
}

# sealed WALLET VERSION - SQL: whether that row is sealed
sealed() { echo "EXISTS (SELECT FROM seal WHERE position(uuid_send('$1') || int8send($2) IN members) % 56 = 1)"; }

@test "the relay seals each row and signs the head; a late commit is sealed, too" {
	w=$(value "pg_temp.wallet()")
	mkfifo "$BATS_TEST_TMPDIR/gate"
	sql <<-E >"$BATS_TEST_TMPDIR/late" &
		SET application_name = 'sealed late $w';
		BEGIN;
		SELECT pg_temp.try('$w', 'deposit', 1);
		\\! timeout 60 cat "$BATS_TEST_TMPDIR/gate"
		COMMIT;
	E
	until_true "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'sealed late $w' AND state = 'idle in transaction')"
	until_true "$(sealed "$w" 1)"
	early=$(value "pg_temp.wallet()")
	echo >"$BATS_TEST_TMPDIR/gate"
	wait
	until_true "$(sealed "$w" 2) AND $(sealed "$early" 1)"
	until_true "EXISTS (SELECT FROM seal WHERE signature IS NOT NULL)"
}

@test "rejections are stored once, and read like transactions" {
	id=$(value "gen_random_uuid()") after=$(value "pg_current_xact_id()")
	sql <<<"SELECT reject(ARRAY['$id'::uuid], ARRAY['{\"code\": \"insufficient_funds\"}']); SELECT reject(ARRAY['$id'::uuid], ARRAY['{}']);"
	until_true "(SELECT count(*) = 1 FROM outbox_read_rejections('$after', 1000000) WHERE id = '$id')"
	[ "$(value "body FROM outbox_read_rejections('$after', 1000000) WHERE id = '$id'")" = '{"code": "insufficient_funds"}' ]
}

@test "the position is stored, never moves back, and is void on another server" {
	name=test-$(value "gen_random_uuid()")
	[ "$(value "outbox_position('$name')")" = 0 ]
	sql <<-E
		SELECT outbox_advance('$name', '100'), outbox_advance('$name', '50');
		SELECT pg_temp.gives(outbox_position('$name')::text, '100');
	E
	as_owner <<<"UPDATE outbox_cursor SET system_identifier = system_identifier + 1 WHERE name = '$name';"
	sql <<-E
		SELECT pg_temp.gives(outbox_position('$name')::text, '0', 'on another server');
		SELECT outbox_advance('$name', '50');
		SELECT pg_temp.gives(outbox_position('$name')::text, '50', 'starts over there');
	E
	as_owner <<<"DELETE FROM outbox_cursor WHERE name = '$name';"
}

@test "rows restored from a server with higher transaction ids get the current id, a few at a time" {
	w=$(value "pg_temp.wallet()") after=$(value "pg_current_xact_id()")
	sql <<<"SELECT pg_temp.try('$w', 'deposit', 1), pg_temp.try('$w', 'deposit', 2), pg_temp.try('$w', 'deposit', 3);"
	as_owner <<<"UPDATE transaction SET xid = '9000000000000' WHERE wallet_id = '$w';"
	[ "$(value "count(*) FROM outbox_read('$after', 1000000) WHERE wallet_id = '$w'")" -eq 0 ]
	[ "$(value "outbox_adopt(3)")" -eq 3 ]
	[ "$(value "outbox_adopt(3)")" -eq 1 ]
	[ "$(value "outbox_adopt(3)")" -eq 0 ]
	until_true "(SELECT count(*) = 4 FROM outbox_read('$after', 1000000) WHERE wallet_id = '$w')"
}

@test "refused events are forgotten when they are old and published, batch keys when they are old; in small steps" {
	as_owner <<-'E'
		BEGIN;
		DELETE FROM rejection; DELETE FROM batch_key;
		INSERT INTO rejection (id, body, created_at, xid) SELECT gen_random_uuid(), '{}', now() - n * interval '1 day', (100 - n)::text::xid8
			FROM generate_series(1, 20) AS n;
		INSERT INTO batch_key SELECT gen_random_uuid(), 'k', 'x', now() - n * interval '1 day' FROM generate_series(1, 20) AS n;
		DELETE FROM outbox_cursor WHERE name = 'rejection';
		SELECT pg_temp.gives(rejections_forget(10 * 86400000::bigint, 4), 0, 'never published');
		SELECT outbox_advance('rejection', '87');
		SELECT pg_temp.gives(rejections_forget(10 * 86400000::bigint, 4), 4);
		SELECT pg_temp.gives((SELECT max(created_at) < now() - interval '16 days' FROM rejection) IS NOT TRUE, true);
		SELECT pg_temp.gives((SELECT min(created_at) > now() - interval '16 days 1 hour' FROM rejection), true, 'the oldest first');
		SELECT pg_temp.gives(rejections_forget(10 * 86400000::bigint, 4), 4), pg_temp.gives(rejections_forget(10 * 86400000::bigint, 4), 0);
		SELECT pg_temp.gives(count(*), 12, 'those after the relay''s position stay') FROM rejection;
		SELECT outbox_advance('rejection', '99');
		SELECT pg_temp.gives(rejections_forget(10 * 86400000::bigint, 100), 3);
		SELECT pg_temp.gives(batch_keys_forget(10 * 86400000::bigint, 4), 4);
		SELECT pg_temp.gives(batch_keys_forget(10 * 86400000::bigint, 100), 7);
		SELECT pg_temp.gives((SELECT min(created_at) > now() - interval '10 days' FROM batch_key), true);
		ROLLBACK;
	E
}
