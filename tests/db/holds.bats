#!/usr/bin/env bats
# holds.bats - hold, capture, release and expiry: each rule, each refusal, and which one wins a
# race.

load helper

@test "a hold reserves money: the balance stays, the available amount falls" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.filled(100); h uuid := gen_random_uuid(); p posted; s transaction_shown; BEGIN
			PERFORM pg_temp.gives(pg_temp.try(w, 'hold', 70, op => h), 'ok 0 =100 h70');
			PERFORM pg_temp.gives(pg_temp.funds(w), '=100 held 70 available 30');
			SELECT * INTO p FROM pg_temp.batch(json_build_array(json_build_object('wallet', w, 'kind', 'hold', 'amount', 31)));
			PERFORM pg_temp.gives(format('%s %s %s %s', p.error, p.available, p.held, p.required), 'insufficient_funds 30 70 31');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 31), 'insufficient_funds');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 30), 'ok -30 =70');
			SELECT * INTO s FROM transaction_shown WHERE id = h;
			PERFORM pg_temp.gives(format('%s %s %s %s', s.kind, s.amount, s.held_change, s.held_after), 'hold 0 70 70');
			PERFORM pg_temp.gives(s.expires_at - s.created_at BETWEEN '7 days' AND '7 days 1 second', true, 'seven days by default');
			PERFORM pg_temp.gives((SELECT held_after FROM transaction_shown WHERE wallet_id = w AND version = 4), 70, 'rows of other kinds have it too');
		END $$;
	E
}

@test "hold: invalid_request if the amount is missing or invalid, or expires_at has passed" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.filled(100); a bigint; BEGIN
			FOREACH a IN ARRAY ARRAY[0, -1, 9007199254740992, NULL] LOOP
				PERFORM pg_temp.gives(pg_temp.try(w, 'hold', a), 'invalid_request', a::text);
			END LOOP;
			PERFORM pg_temp.gives(pg_temp.try(w, 'hold', 1, ends => now() - interval '1 second'), 'invalid_request');
			PERFORM pg_temp.gives(pg_temp.try(w, 'hold', 1, ends => now() + interval '1 hour'), 'ok 0 =100 h1');
			PERFORM pg_temp.gives((SELECT count(*) FROM wallet_holds(w, NULL, 10) WHERE expires_at = now() + interval '1 hour'), 1);
		END $$;
	E
}

@test "capture: the whole hold, a part that releases the rest, or one part after another" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.filled(100); a uuid := gen_random_uuid(); b uuid := gen_random_uuid(); c uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.try(w, 'hold', 30, op => a);
			PERFORM pg_temp.try(w, 'hold', 30, op => b);
			PERFORM pg_temp.try(w, 'hold', 30, op => c);
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', NULL, a), 'ok -30 =70 h-30', 'all');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 10, b), 'ok -10 =60 h-30', 'a part, the rest released');
			PERFORM pg_temp.gives(pg_temp.funds(w), '=60 held 30 available 30');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 10, c, final => false), 'ok -10 =50 h-10', 'a part, the rest kept');
			PERFORM pg_temp.gives((SELECT format('%s of %s', remaining, amount) FROM wallet_holds(w, NULL, 10)), '20 of 30');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 21, c), 'exceeds_hold');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 5, c, final => false), 'ok -5 =45 h-5', 'another part');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 15, c, final => false), 'ok -15 =30 h-15', 'the last part closes it');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 1, c), 'hold_closed');
			PERFORM pg_temp.gives(pg_temp.funds(w), '=30 held 0 available 30');
			PERFORM pg_temp.gives((SELECT count(*) FROM wallet_holds(w, NULL, 10)), 0);
		END $$;
	E
}

@test "capture and release need an open hold of this wallet, and work once" {
	sql <<-'E'
		DO $$ DECLARE me uuid := gen_random_uuid(); w uuid := pg_temp.filled(100, me); v uuid := pg_temp.filled(100, me); k text; first text;
			h uuid; d uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.try(w, 'deposit', 1, op => d);
			FOREACH k IN ARRAY ARRAY['capture', 'release'] LOOP
				PERFORM pg_temp.gives(pg_temp.try(w, k, NULL, d), 'not_a_hold', k);
				PERFORM pg_temp.gives(pg_temp.try(w, k, NULL, gen_random_uuid()), 'not_found', k);
				PERFORM pg_temp.gives(pg_temp.try(w, k, NULL, NULL), 'invalid_request', k);
				FOREACH first IN ARRAY ARRAY['capture', 'release'] LOOP
					h := gen_random_uuid();
					PERFORM pg_temp.try(w, 'hold', 10, op => h);
					PERFORM pg_temp.gives(pg_temp.try(v, k, NULL, h), 'not_found', k || ' from another wallet');
					PERFORM pg_temp.gives(pg_temp.try(w, first, NULL, h) LIKE 'ok %', true, first);
					PERFORM pg_temp.gives(pg_temp.try(w, k, NULL, h), 'hold_closed', k || ' after ' || first);
				END LOOP;
			END LOOP;
			h := gen_random_uuid();
			PERFORM pg_temp.try(w, 'hold', 10, op => h);
			PERFORM pg_temp.gives(pg_temp.try(w, 'release', 5, h), 'invalid_request', 'a release takes no amount');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 0, h), 'invalid_request');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', -1, h), 'invalid_request');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', NULL, h, who => gen_random_uuid(), roles => 1), 'not_found', 'another''s');
			PERFORM pg_temp.gives(pg_temp.try(w, 'release', NULL, h, who => gen_random_uuid(), roles => 1), 'not_found', 'another''s');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 4, h, who => me, roles => 1, final => false) LIKE 'ok %', true, 'the owner');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 4, h, roles => 4, final => false) LIKE 'ok %', true, 'a service');
			PERFORM pg_temp.gives(pg_temp.try(w, 'release', NULL, h, roles => 2) LIKE 'ok 0 =% h-2', true, 'an operator');
		END $$;
	E
}

@test "a capture is a purchase at the hold's merchant: it can be cancelled in the window, and reversed; a hold or release cannot" {
	sql <<-'E'
		DO $$ DECLARE me uuid := gen_random_uuid(); w uuid := pg_temp.filled(100, me); h uuid := gen_random_uuid(); i uuid := gen_random_uuid();
			c uuid := gen_random_uuid(); r uuid := gen_random_uuid(); k text; BEGIN
			PERFORM pg_temp.batch(json_build_array(json_build_object('wallet', w, 'kind', 'hold', 'amount', 50, 'op', h, 'merchant', 'Hotel')));
			PERFORM pg_temp.try(w, 'hold', 20, op => i);
			PERFORM pg_temp.try(w, 'capture', 40, h, op => c);
			PERFORM pg_temp.try(w, 'release', NULL, i, op => r);
			PERFORM pg_temp.gives((SELECT merchant || ' ' || contra FROM transaction WHERE id = c), 'Hotel merchant');
			FOREACH k IN ARRAY ARRAY['cancellation', 'reversal'] LOOP
				PERFORM pg_temp.gives(pg_temp.try(w, k, NULL, h), 'not_undoable', k || ' of a hold');
				PERFORM pg_temp.gives(pg_temp.try(w, k, NULL, r), 'not_undoable', k || ' of a release');
			END LOOP;
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 10, c, who => me, roles => 1), 'ok 10 =70');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 1, c, win => '0'), 'not_undoable', 'too late');
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', NULL, c), 'ok 30 =100');
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', NULL, c), 'already_undone');
		END $$;
	E
}

@test "a repeated key replays a hold and a capture; one batch can open, capture and close a hold" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.filled(100); h uuid := gen_random_uuid(); a posted; b posted; BEGIN
			SELECT * INTO a FROM pg_temp.batch(json_build_array(json_build_object('wallet', w, 'kind', 'hold', 'amount', 50, 'op', h, 'key', 'k', 'body', 'x')));
			PERFORM pg_temp.try(w, 'capture', 20, h, key => 'c', body => 'x');
			SELECT * INTO b FROM pg_temp.batch(json_build_array(json_build_object('wallet', w, 'kind', 'hold', 'amount', 50, 'key', 'k', 'body', 'x')));
			PERFORM pg_temp.gives(b.error, 'replayed');
			b.error := a.error; b.op_id := a.op_id;
			PERFORM pg_temp.gives(b::text, a::text, 'every column, its end too');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 20, h, key => 'c', body => 'x'), 'replayed -20 =80 h-50');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 20, h, key => 'c', body => 'y'), 'idempotency_key_reused');
			h := gen_random_uuid();
			PERFORM pg_temp.gives(pg_temp.words(json_build_array(
				json_build_object('wallet', w, 'kind', 'hold', 'amount', 60, 'op', h),
				json_build_object('wallet', w, 'kind', 'withdrawal', 'amount', 30),
				json_build_object('wallet', w, 'kind', 'capture', 'amount', 10, 'ref', h, 'final', false),
				json_build_object('wallet', w, 'kind', 'capture', 'amount', 51, 'ref', h),
				json_build_object('wallet', w, 'kind', 'release', 'ref', h),
				json_build_object('wallet', w, 'kind', 'capture', 'ref', h),
				json_build_object('wallet', w, 'kind', 'withdrawal', 'amount', 70))),
				'ok 0 =80 h60, insufficient_funds, ok -10 =70 h-10, exceeds_hold, ok 0 =70 h-50, hold_closed, ok -70 =0');
		END $$;
	E
}

@test "an expired hold cannot be captured or released by hand; it is released automatically, even in a frozen wallet" {
	as_owner <<-'E'
		BEGIN;
		SET LOCAL test.clock = '2030-01-01 00:00:00Z';
		CREATE OR REPLACE FUNCTION wallet_clock() RETURNS timestamptz LANGUAGE sql VOLATILE
			AS $$ SELECT current_setting('test.clock')::timestamptz $$;
		DO $$ DECLARE w uuid := pg_temp.filled(100); v uuid := pg_temp.filled(100); h uuid := gen_random_uuid(); i uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.try(w, 'hold', 40, op => h, ends => '2030-01-01 00:01:00Z');
			PERFORM pg_temp.try(w, 'hold', 10, ends => '2030-01-01 00:02:00Z');
			PERFORM pg_temp.try(v, 'hold', 30, op => i, ends => '2030-01-01 00:01:00Z');
			PERFORM wallet_change(gen_random_uuid(), v, 'freeze', 2, 'both', 'because', NULL, NULL);
			PERFORM set_config('test.clock', '2030-01-01 00:00:59.999999Z', true);
			PERFORM pg_temp.gives((SELECT count(*) FROM hold WHERE transaction_id IN (h, i) AND hold_expire(1000) >= 0), 2, 'not a microsecond early');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 5, h, final => false), 'ok -5 =95 h-5');
			PERFORM set_config('test.clock', '2030-01-01 00:01:00Z', true);
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', NULL, h), 'hold_closed');
			PERFORM pg_temp.gives(pg_temp.try(w, 'release', NULL, h), 'hold_closed');
			WHILE hold_expire(1) > 0 LOOP END LOOP;
			PERFORM pg_temp.gives(pg_temp.funds(w), '=95 held 10 available 85');
			PERFORM pg_temp.gives(pg_temp.funds(v), '=100 held 0 available 100');
			PERFORM pg_temp.gives((SELECT format('%s %s %s %s', kind, description, reference_id, held_change) FROM transaction
				WHERE wallet_id = w ORDER BY version DESC LIMIT 1), format('release expired %s -35', h));
			PERFORM pg_temp.gives(hold_expire(1000), 0);
		END $$;
		ROLLBACK;
	E
}

@test "open holds are listed newest first, in pages" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.filled(100); seen text := ''; last uuid; n int; r record; BEGIN
			FOR i IN 1 .. 7 LOOP PERFORM pg_temp.try(w, 'hold', i); END LOOP;
			PERFORM pg_temp.try(w, 'release', NULL, (SELECT transaction_id FROM hold WHERE wallet_id = w AND amount = 3));
			LOOP
				n := 0;
				FOR r IN SELECT * FROM wallet_holds(w, last, 2) LOOP n := n + 1; last := r.id; seen := seen || r.id || ' '; END LOOP;
				EXIT WHEN n = 0;
			END LOOP;
			PERFORM pg_temp.gives(seen, (SELECT string_agg(transaction_id || ' ', '' ORDER BY transaction_id DESC) FROM hold WHERE wallet_id = w));
			PERFORM pg_temp.gives((SELECT format('%s %s %s %s', count(*), sum(amount), sum(remaining), min(currency)) FROM wallet_holds(w, NULL, 10)), '6 25 25 EUR');
		END $$;
	E
}

@test "64 clients capture, release and expire the same holds: each ends once, and no held money is lost or duplicated" {
	me=$(value "gen_random_uuid()")
	# Forty holds of 10 over four wallets, which expire while the clients run.
	sql <<-E
		CREATE TEMP TABLE made AS SELECT pg_temp.filled(1000, '$me') AS w FROM generate_series(1, 4);
		SELECT pg_temp.words((SELECT json_agg(json_build_object('wallet', w, 'kind', 'hold', 'amount', 10,
			'ends', clock_timestamp() + interval '1.5 s' + i * interval '50 ms')) FROM made, generate_series(1, 10) AS i));
	E
	mine="h AS (SELECT t.wallet_id, t.id FROM transaction t JOIN wallet w ON w.id = t.wallet_id
		WHERE w.owner_id = '$me' AND t.kind = 'hold' ORDER BY random() LIMIT 1)"
	call() {
		echo "WITH $mine SELECT error FROM h, post(ARRAY[gen_random_uuid()], ARRAY[h.wallet_id], ARRAY[null::uuid], ARRAY[6], ARRAY['$1'],
			ARRAY[$2::bigint], ARRAY[h.id], ARRAY[null], ARRAY[null::bytea], ARRAY[null], ARRAY[null], ARRAY[null], 604800000, false, null,
			null, null, ARRAY[$3::boolean]);"
	}
	# Run until the last hold has ended.
	while [ "$(value "count(*) FROM hold h JOIN wallet w ON w.id = h.wallet_id WHERE w.owner_id = '$me'")" -gt 0 ]; do
		parallel 64 1 "$(call capture 3 false) $(call capture 4 true) $(call release null null) SELECT hold_expire(10);"
	done
	[ "$(value "string_agg(held::text, ' ') FROM wallet WHERE owner_id = '$me'")" = "0 0 0 0" ]
	# For every hold, captures and at most one release take it to exactly 0. Captured money has
	# left the balance.
	[ "$(value "count(*) FROM (SELECT h.id FROM transaction h JOIN wallet w ON w.id = h.wallet_id JOIN transaction c ON c.reference_id = h.id
		AND c.wallet_id = h.wallet_id WHERE w.owner_id = '$me' AND h.kind = 'hold' GROUP BY h.id, h.held_change
		HAVING h.held_change + sum(c.held_change) = 0 AND sum(c.held_change - c.amount) <= 0 AND count(*) FILTER (WHERE c.kind = 'release') <= 1) AS ended")" -eq 40 ]
}

@test "64 clients capture, release and expire one hold: exactly one wins" {
	for _ in 1 2; do
		w=$(value "pg_temp.filled(1000)") h=$(value "gen_random_uuid()")
		sql <<<"SELECT pg_temp.try('$w', 'hold', 600, op => '$h', ends => clock_timestamp() + interval '300 ms');"
		parallel 64 2 "$(one "'$w'" capture null "'$h'" null) SELECT hold_expire(100); $(one "'$w'" release null "'$h'" null)"
		until_true "(SELECT count(*) = 1 FROM transaction WHERE wallet_id = '$w' AND reference_id = '$h')"
		[ "$(value "held || ' ' || (balance = CASE t.kind WHEN 'capture' THEN 400 ELSE 1000 END) FROM wallet w
			JOIN transaction t ON t.wallet_id = w.id AND t.reference_id = '$h' WHERE w.id = '$w'")" = "0 true" ]
	done
}
