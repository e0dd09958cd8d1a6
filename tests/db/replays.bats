#!/usr/bin/env bats
# replays.bats - a repeated request happens once: keys, duplicates in one batch, calls repeated
# after a lost answer.

load helper

@test "same key and body: the first answer; different body: idempotency_key_reused" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); a posted; b posted; BEGIN
			SELECT * INTO a FROM pg_temp.batch(json_build_array(json_build_object('wallet', w, 'kind', 'deposit', 'amount', 5,
				'key', 'k', 'body', 'x', 'merchant', 'M', 'metadata', '{"z":1, "a": 2}')));
			PERFORM pg_temp.try(w, 'deposit', 7);
			SELECT * INTO b FROM pg_temp.batch(json_build_array(json_build_object('wallet', w, 'kind', 'deposit', 'amount', 5,
				'key', 'k', 'body', 'x', 'merchant', 'M', 'metadata', '{"z":1, "a": 2}')));
			PERFORM pg_temp.gives(b.error, 'replayed');
			b.error := a.error; b.op_id := a.op_id;
			PERFORM pg_temp.gives(b::text, a::text, 'every column of the first answer');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 5, key => 'k', body => 'y'), 'idempotency_key_reused');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 5, key => 'K', body => 'y'), 'ok 5 =17', 'keys are case-sensitive');
			PERFORM pg_temp.gives(pg_temp.state(w), '=17 v4 rows 4');
		END $$;
	E
}

@test "a refused operation does not use up its key" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); BEGIN
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 5, key => 'k', body => 'x'), 'insufficient_funds');
			PERFORM pg_temp.try(w, 'deposit', 5);
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 5, key => 'k', body => 'x'), 'ok -5 =0');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 5, key => 'k', body => 'x'), 'replayed -5 =0', 'although the money is gone');
		END $$;
	E
}

@test "a key belongs to its wallet: in another wallet it is another operation" {
	sql <<-'E'
		DO $$ DECLARE a uuid := pg_temp.wallet(); b uuid := pg_temp.wallet(); BEGIN
			PERFORM pg_temp.gives(pg_temp.words(json_build_array(
				json_build_object('wallet', a, 'kind', 'deposit', 'amount', 5, 'key', 'k', 'body', 'x'),
				json_build_object('wallet', b, 'kind', 'deposit', 'amount', 6, 'key', 'k', 'body', 'y'))), 'ok 5 =5, ok 6 =6');
		END $$;
	E
}

@test "duplicates in one batch: the same key two and three times, as if one after another" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); BEGIN
			PERFORM pg_temp.gives(pg_temp.words(json_build_array(
				json_build_object('wallet', w, 'kind', 'purchase', 'amount', 5, 'key', 'k', 'body', 'x'),
				json_build_object('wallet', w, 'kind', 'deposit', 'amount', 9, 'key', 'l', 'body', 'x'),
				json_build_object('wallet', w, 'kind', 'purchase', 'amount', 5, 'key', 'k', 'body', 'x'),
				json_build_object('wallet', w, 'kind', 'purchase', 'amount', 5, 'key', 'k', 'body', 'x'),
				json_build_object('wallet', w, 'kind', 'purchase', 'amount', 4, 'key', 'k', 'body', 'y'),
				json_build_object('wallet', w, 'kind', 'purchase', 'amount', 4, 'key', 'm', 'body', 'y'))),
				'insufficient_funds, ok 9 =9, ok -5 =4, replayed -5 =4, idempotency_key_reused, ok -4 =0');
			PERFORM pg_temp.gives(pg_temp.state(w), '=0 v4 rows 4');
		END $$;
	E
}

@test "dependent operations in one batch: two undos of one original, never more than the original" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); p uuid := gen_random_uuid(); q uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.try(w, 'deposit', 100);
			PERFORM pg_temp.try(w, 'purchase', 50, op => p);
			PERFORM pg_temp.try(w, 'purchase', 50, op => q);
			PERFORM pg_temp.gives(pg_temp.words(json_build_array(
				json_build_object('wallet', w, 'kind', 'cancellation', 'ref', p, 'amount', 30),
				json_build_object('wallet', w, 'kind', 'cancellation', 'ref', q),
				json_build_object('wallet', w, 'kind', 'cancellation', 'ref', p, 'amount', 30),
				json_build_object('wallet', w, 'kind', 'reversal', 'ref', p),
				json_build_object('wallet', w, 'kind', 'cancellation', 'ref', p))),
				'ok 30 =30, ok 50 =80, exceeds_original, ok 20 =100, already_undone');
		END $$;
	E
}

@test "dependent operations in one batch: a purchase and its cancellation" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); p uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.gives(pg_temp.words(json_build_array(
				json_build_object('wallet', w, 'kind', 'deposit', 'amount', 50),
				json_build_object('wallet', w, 'kind', 'purchase', 'amount', 50, 'op', p),
				json_build_object('wallet', w, 'kind', 'cancellation', 'ref', p))), 'ok 50 =50, ok -50 =0, ok 50 =50');
		END $$;
	E
}

@test "512 operations in a call, 1,000, and 512 duplicates" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); BEGIN
			PERFORM pg_temp.gives((SELECT count(*) FROM pg_temp.batch((SELECT json_agg(json_build_object('wallet', w, 'kind', 'deposit',
				'amount', 1, 'key', i, 'body', 'x')) FROM generate_series(1, 512) i)) WHERE error = 'ok'), 512);
			PERFORM pg_temp.gives((SELECT count(*) FROM pg_temp.batch((SELECT json_agg(json_build_object('wallet', w, 'kind', 'purchase',
				'amount', 1)) FROM generate_series(1, 1000) i)) WHERE error = 'ok'), 512);
			PERFORM pg_temp.gives((SELECT string_agg(DISTINCT error, ',') FROM pg_temp.batch((SELECT json_agg(json_build_object('wallet', w,
				'kind', 'deposit', 'amount', 1, 'key', '7', 'body', 'x')) FROM generate_series(1, 512) i))), 'replayed');
			PERFORM pg_temp.gives((SELECT string_agg(error || ' ' || n, ',' ORDER BY error) FROM (SELECT error, count(*) n FROM pg_temp.batch(
				(SELECT json_agg(json_build_object('wallet', w, 'kind', 'deposit', 'amount', 1, 'key', 'new', 'body', 'x'))
				FROM generate_series(1, 512) i)) GROUP BY error) s), 'ok 1,replayed 511');
			PERFORM pg_temp.gives(pg_temp.state(w), '=1 v1026 rows 1026');
		END $$;
	E
}

@test "retry: a call repeated with the same ids returns its first result, with a key and without" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); a uuid := gen_random_uuid(); b uuid := gen_random_uuid(); ops json; BEGIN
			ops := json_build_array(json_build_object('wallet', w, 'op', a, 'kind', 'deposit', 'amount', 9, 'key', 'k', 'body', 'x'),
				json_build_object('wallet', w, 'op', b, 'kind', 'purchase', 'amount', 9));
			PERFORM pg_temp.gives(pg_temp.words(ops), 'ok 9 =9, ok -9 =0');
			PERFORM pg_temp.gives(pg_temp.words(ops, again => true), 'ok 9 =9, ok -9 =0');
			PERFORM pg_temp.gives(pg_temp.state(w), '=0 v3 rows 3');
		END $$;
	E
}

@test "retry: a late first attempt fails and does not post twice" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); a uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 9, op => a, again => true), 'ok 9 =9');
			BEGIN
				PERFORM pg_temp.try(w, 'deposit', 9, op => a);
				RAISE EXCEPTION 'the late attempt went through';
			EXCEPTION WHEN unique_violation THEN NULL;
			END;
			PERFORM pg_temp.gives(pg_temp.state(w), '=9 v2 rows 2');
		END $$;
	E
}

@test "retry: it waits for a first attempt that is still committing, and finds it" {
	w=$(value "pg_temp.wallet()") op=$(value "gen_random_uuid()")
	sql <<-E >"$BATS_TEST_TMPDIR/first" &
		SET application_name = 'first $op';
		BEGIN;
		SELECT pg_temp.try('$w', 'deposit', 9, op => '$op');
		SELECT pg_sleep(1);
		COMMIT;
	E
	until_true "EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'first $op' AND wait_event = 'PgSleep')"
	sql <<<"SELECT pg_temp.gives(pg_temp.try('$w', 'deposit', 9, op => '$op', again => true), 'ok 9 =9');"
	wait
	sql <<<"SELECT pg_temp.gives(pg_temp.state('$w'), '=9 v2 rows 2');"
}

@test "opening: a key makes it safe to repeat, the limit holds, a replay shows the wallet as opened" {
	sql <<-'E'
		DO $$ DECLARE me uuid := gen_random_uuid(); a uuid := gen_random_uuid(); r record; BEGIN
			SELECT * INTO r FROM wallet_open(a, me, gen_random_uuid(), 'EUR', 'Main', 'k', '\x01', 2);
			PERFORM pg_temp.gives(r.error, 'ok');
			PERFORM pg_temp.try(a, 'deposit', 5);
			SELECT * INTO r FROM wallet_open(gen_random_uuid(), me, gen_random_uuid(), 'EUR', 'Main', 'k', '\x01', 2);
			PERFORM pg_temp.gives(format('%s %s %s v%s', r.error, r.id = a, r.balance, r.version), 'replayed t 0 v1');
			SELECT * INTO r FROM wallet_open(a, me, gen_random_uuid(), 'EUR', 'Main', 'k', '\x01', 2);
			PERFORM pg_temp.gives(r.error, 'ok', 'the same id is the same call');
			SELECT * INTO r FROM wallet_open(gen_random_uuid(), me, gen_random_uuid(), 'USD', 'Main', 'k', '\x02', 2);
			PERFORM pg_temp.gives(r.error, 'idempotency_key_reused');
			SELECT * INTO r FROM wallet_open(gen_random_uuid(), me, gen_random_uuid(), 'USD', NULL, NULL, NULL, 2);
			PERFORM pg_temp.gives(r.error, 'ok');
			SELECT * INTO r FROM wallet_open(gen_random_uuid(), me, gen_random_uuid(), 'USD', NULL, NULL, NULL, 2);
			PERFORM pg_temp.gives(r.error, 'wallet_limit');
			PERFORM pg_temp.gives((SELECT wallet_id FROM owner WHERE owner_id = me), a, 'the oldest');
			SELECT * INTO r FROM wallet_open(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'USD', NULL, 'k', '\x03', 2);
			PERFORM pg_temp.gives(r.error, 'ok', 'a key is the owner''s');
		END $$;
	E
	run value "(SELECT error FROM wallet_open(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'eur', NULL, NULL, NULL, 2))"
	[[ "$output" == *'violates check constraint "currency_check"'* ]]
}

@test "a key without a wallet_id is found wherever the first operation went: the oldest wallet closed since, or another one" {
	sql <<-'E'
		DO $$ DECLARE me uuid := gen_random_uuid(); a uuid := pg_temp.wallet(me); b uuid := pg_temp.wallet(me); c uuid; op uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'deposit', 5, who => me, roles => 1, key => 'k', body => 'x'), 'ok 5 =5');
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'withdrawal', 5, who => me, roles => 1, key => 'l', body => 'x', op => op), 'ok -5 =0');
			PERFORM wallet_change(gen_random_uuid(), a, 'close', 2, NULL, NULL, NULL, NULL);
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'deposit', 5, who => me, roles => 1, key => 'k', body => 'x'), 'replayed 5 =5');
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'deposit', 6, who => me, roles => 1, key => 'k', body => 'y'), 'idempotency_key_reused');
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'withdrawal', 5, who => me, roles => 1, op => op, again => true), 'ok -5 =0', 'a call repeated');
			PERFORM pg_temp.gives(pg_temp.state(b), '=0 v1 rows 1');
			-- Twice moved, several in one batch, and one key of another wallet.
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'deposit', 7, who => me, roles => 1, key => 'm', body => 'x'), 'ok 7 =7');
			PERFORM pg_temp.try(NULL, 'withdrawal', 7, who => me, roles => 1);
			PERFORM wallet_change(gen_random_uuid(), b, 'close', 2, NULL, NULL, NULL, NULL);
			c := pg_temp.wallet(me);
			PERFORM pg_temp.try(pg_temp.wallet(me), 'deposit', 9, who => me, roles => 1, key => 'n', body => 'x');
			PERFORM pg_temp.gives(pg_temp.words(json_build_array(
				json_build_object('who', me, 'roles', 1, 'kind', 'deposit', 'amount', 5, 'key', 'k', 'body', 'x'),
				json_build_object('who', me, 'roles', 1, 'kind', 'deposit', 'amount', 7, 'key', 'm', 'body', 'x'),
				json_build_object('who', me, 'roles', 1, 'kind', 'deposit', 'amount', 9, 'key', 'n', 'body', 'x'),
				json_build_object('who', me, 'roles', 1, 'kind', 'deposit', 'amount', 8, 'key', 'o', 'body', 'x'),
				json_build_object('who', me, 'roles', 1, 'kind', 'deposit', 'amount', 1))),
				'replayed 5 =5, replayed 7 =7, replayed 9 =9, ok 8 =8, ok 1 =9');
			PERFORM pg_temp.gives(pg_temp.state(c), '=9 v3 rows 3');
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'deposit', 5, who => gen_random_uuid(), roles => 1, key => 'k', body => 'x'), 'not_found', 'another owner');
		END $$;
	E
}
