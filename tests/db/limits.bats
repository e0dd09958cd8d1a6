#!/usr/bin/env bats
# limits.bats - credit limits, and limits on each kind: per transaction, day and month, for a
# currency and for a wallet.

load helper

# A currency's rules outlive a test, so each test has its own currency; tests that fake the clock
# roll everything back.
setup() {
	cur=$(value "string_agg(chr(65 + floor(random() * 26)::int), '') FROM generate_series(1, 3)")
}
teardown() {
	sql <<<"SELECT currency_limits_set('$cur', 0, '{}', '{}', '{}');" >/dev/null
}
words() {
	cat <<-E
		CREATE FUNCTION pg_temp.rich(cur text DEFAULT '$cur') RETURNS uuid LANGUAGE plpgsql AS \$\$ DECLARE w uuid := gen_random_uuid(); BEGIN
			PERFORM wallet_open(w, gen_random_uuid(), gen_random_uuid(), cur, NULL, NULL, NULL, 100);
			PERFORM pg_temp.try(w, 'deposit', 1000000);
			RETURN w;
		END \$\$;
		CREATE FUNCTION pg_temp.limit(w uuid, kinds text[], pers text[], amounts bigint[], credit bigint DEFAULT NULL) RETURNS text LANGUAGE sql AS
			\$\$ SELECT pg_temp.word(p) FROM wallet_limits_set(gen_random_uuid(), w, kinds, pers, amounts, credit, 2, 'because', NULL, NULL) AS q,
				LATERAL (SELECT (0, q.*)::posted AS p) AS x \$\$;
		CREATE FUNCTION pg_temp.refusal(w uuid, kind text, amount bigint) RETURNS text LANGUAGE sql AS
			\$\$ SELECT p.error || ' ' || coalesce(p.refusal::text, '') FROM pg_temp.batch(json_build_array(json_build_object('wallet', w, 'kind', kind,
				'amount', amount, 'to', (SELECT pg_temp.rich(currency) FROM wallet WHERE id = w)))) AS p \$\$;
	E
}

@test "per transaction, for each kind: the limit itself passes; one more is limit_exceeded, with the details" {
	{ words; cat <<-'E'; } | sql
		DO $$ DECLARE w uuid := pg_temp.rich(); h uuid := gen_random_uuid(); k text; BEGIN
			PERFORM pg_temp.try(w, 'hold', 500, op => h);
			PERFORM pg_temp.gives(pg_temp.limit(w, '{deposit,withdrawal,purchase,hold,capture,transfer}', array_fill('transaction'::text, ARRAY[6]),
				array_fill(100::bigint, ARRAY[6])), 'ok 0 =1000000');
			FOREACH k IN ARRAY ARRAY['deposit', 'withdrawal', 'purchase', 'hold', 'transfer'] LOOP
				PERFORM pg_temp.gives(pg_temp.refusal(w, k, 101), format('limit_exceeded {"limit" : {"kind" : "%s", "per" : "transaction", "amount" : 100, '
					|| '"of" : "wallet"}, "used" : 0, "requested" : 101, "frees_at" : null}', k));
				PERFORM pg_temp.gives(pg_temp.refusal(w, k, 100), 'ok ', k);
			END LOOP;
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 101, h, final => false), 'limit_exceeded');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', NULL, h), 'limit_exceeded', 'the remainder exceeds the limit');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 100, h) LIKE 'ok -100 %', true, 'the captured amount counts, not the hold''s');
			PERFORM pg_temp.gives((SELECT count(*) FROM wallet_limits(w) WHERE used IS NULL AND frees_at IS NULL), 6);
		END $$;
	E
}

@test "per day and per month, until midnight UTC: used, requested, frees_at; several in one batch" {
	{ words; cat <<-'E'; } | as_owner
		BEGIN;
		SET LOCAL test.clock = '2030-01-30 23:00:00Z';
		CREATE OR REPLACE FUNCTION wallet_clock() RETURNS timestamptz LANGUAGE sql VOLATILE
			AS $$ SELECT current_setting('test.clock')::timestamptz $$;
		DO $$ DECLARE w uuid := pg_temp.rich(); BEGIN
			PERFORM pg_temp.try(w, 'purchase', 30);         -- before the rules exist: it counts, because usage comes from the rows
			PERFORM pg_temp.limit(w, '{purchase,purchase}', '{day,month}', '{100,150}');
			PERFORM pg_temp.gives(pg_temp.words(json_build_array(
				json_build_object('wallet', w, 'kind', 'purchase', 'amount', 40), json_build_object('wallet', w, 'kind', 'withdrawal', 'amount', 5000),
				json_build_object('wallet', w, 'kind', 'purchase', 'amount', 31), json_build_object('wallet', w, 'kind', 'purchase', 'amount', 30),
				json_build_object('wallet', w, 'kind', 'purchase', 'amount', 1))),
				'ok -40 =999930, ok -5000 =994930, limit_exceeded, ok -30 =994900, limit_exceeded');
			PERFORM pg_temp.gives(pg_temp.refusal(w, 'purchase', 7), 'limit_exceeded {"limit" : {"kind" : "purchase", "per" : "day", "amount" : 100, '
				|| '"of" : "wallet"}, "used" : 100, "requested" : 7, "frees_at" : "2030-01-31T00:00:00.000000Z"}');
			PERFORM pg_temp.gives((SELECT string_agg(format('%s %s %s %s', per, amount, used, frees_at AT TIME ZONE 'UTC'), ', ') FROM wallet_limits(w)),
				'day 100 100 2030-01-31 00:00:00, month 150 100 2030-02-01 00:00:00');
			PERFORM set_config('test.clock', '2030-01-30 23:59:59.999999Z', true);
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 1), 'limit_exceeded', 'the last microsecond');
			PERFORM set_config('test.clock', '2030-01-31 00:00:00Z', true);
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 50), 'ok -50 =994850', 'a new day');
			PERFORM pg_temp.gives(pg_temp.refusal(w, 'purchase', 1), 'limit_exceeded {"limit" : {"kind" : "purchase", "per" : "month", "amount" : 150, '
				|| '"of" : "wallet"}, "used" : 150, "requested" : 1, "frees_at" : "2030-02-01T00:00:00.000000Z"}');
			PERFORM set_config('test.clock', '2030-02-01 00:00:00Z', true);
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 100), 'ok -100 =994750', 'a new month');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 1), 'limit_exceeded');
			-- The stored usage is only a cache: without it the rows give the same result.
			DELETE FROM limit_usage WHERE wallet_id = w;
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 1), 'limit_exceeded', 'from the rows');
			-- Without rules for a while, and then with rules again.
			PERFORM pg_temp.limit(w, '{}', '{}', '{}');
			PERFORM pg_temp.try(w, 'purchase', 20);
			PERFORM pg_temp.limit(w, '{purchase}', '{day}', '{130}');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 11), 'limit_exceeded');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 10), 'ok -10 =994720');
		END $$;
		ROLLBACK;
	E
}

@test "day and month, for each kind: an incoming transfer does not count; refusals and undos do not change the usage" {
	{ words; cat <<-'E'; } | sql
		DO $$ DECLARE w uuid := pg_temp.rich(); v uuid := pg_temp.rich(); k text; per text; h uuid; p uuid := gen_random_uuid(); BEGIN
			FOREACH per IN ARRAY ARRAY['day', 'month'] LOOP
				FOREACH k IN ARRAY ARRAY['withdrawal', 'purchase', 'hold', 'transfer', 'deposit'] LOOP
					w := pg_temp.rich();
					PERFORM pg_temp.limit(w, ARRAY[k], ARRAY[per], ARRAY[CASE k WHEN 'deposit' THEN 1000100 ELSE 100 END]);
					PERFORM pg_temp.try(v, 'transfer', 500, "to" => w);
					PERFORM pg_temp.gives(pg_temp.refusal(w, k, 60), 'ok ', k || per);
					PERFORM pg_temp.gives(pg_temp.refusal(w, k, 41) LIKE 'limit_exceeded %', true, k || per);
					PERFORM pg_temp.gives(pg_temp.refusal(w, k, 40), 'ok ', k || per);
					PERFORM pg_temp.gives(pg_temp.refusal(w, k, 1) LIKE 'limit_exceeded %', true, k || per);
				END LOOP;
				w := pg_temp.rich();  h := gen_random_uuid();
				PERFORM pg_temp.try(w, 'hold', 500, op => h);
				PERFORM pg_temp.limit(w, '{capture}', ARRAY[per], '{100}');
				PERFORM pg_temp.try(w, 'capture', 60, h, final => false);
				PERFORM pg_temp.gives(pg_temp.try(w, 'capture', 41, h), 'limit_exceeded');
				PERFORM pg_temp.gives(pg_temp.try(w, 'release', NULL, h) LIKE 'ok %', true, 'a release is not limited');
			END LOOP;
			PERFORM pg_temp.try(w, 'purchase', 70, op => p);
			PERFORM pg_temp.limit(w, '{purchase}', '{day}', '{100}');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', NULL, p) LIKE 'ok 70 %', true);
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 31), 'limit_exceeded', 'an undone purchase still counts');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 99000000), 'insufficient_funds', 'reported first');
		END $$;
	E
}

@test "a currency's rules apply to each wallet, unless the wallet overrides or removes them" {
	{ words; cat <<-E; } | sql
		SELECT pg_temp.gives(currency_limits_set('$cur', 0, '{purchase,withdrawal}', '{transaction,transaction}', '{50,60}'), 'ok');
		SELECT pg_temp.gives((SELECT string_agg(kind || amount, ' ') FROM currency_limits('$cur')), 'purchase50 withdrawal60');
	E
	{ words; cat <<-'E'; } | sql
		DO $$ DECLARE w uuid := pg_temp.rich(); BEGIN
			PERFORM pg_temp.gives(pg_temp.refusal(w, 'purchase', 51) LIKE '%"amount" : 50, "of" : "currency"}%', true);
			PERFORM pg_temp.gives(pg_temp.try(pg_temp.rich('EUR'), 'purchase', 51) LIKE 'ok %', true, 'another currency');
			PERFORM pg_temp.limit(w, '{purchase}', '{transaction}', '{70}');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 70) LIKE 'ok %', true, 'its own');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 71), 'limit_exceeded');
			PERFORM pg_temp.gives(pg_temp.try(w, 'withdrawal', 61), 'limit_exceeded', 'the other is still the currency''s');
			PERFORM pg_temp.gives((SELECT string_agg(format('%s %s %s', kind, amount, source), ', ') FROM wallet_limits(w)),
				'purchase 70 wallet, withdrawal 60 currency');
			PERFORM pg_temp.limit(w, '{purchase}', '{transaction}', '{NULL}');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 5000) LIKE 'ok %', true, 'removed for this wallet');
			PERFORM pg_temp.limit(w, '{}', '{}', '{}');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 51), 'limit_exceeded', 'the currency''s again');
		END $$;
	E
}

@test "the credit limit: of a wallet and of new wallets; never below what is owed; and as of an instant" {
	{ words; cat <<-E; } | sql
		SELECT pg_temp.gives(currency_limits_set('$cur', 300, '{}', '{}', '{}'), 'ok');
	E
	{ words; cat <<-'E'; } | sql
		DO $$ DECLARE w uuid := gen_random_uuid(); v uuid := pg_temp.wallet(); me uuid := gen_random_uuid(); rich uuid := pg_temp.rich(); o record; p outcome; BEGIN
			SELECT * INTO o FROM wallet_open(w, me, gen_random_uuid(), (SELECT currency FROM wallet WHERE id = rich), NULL, 'k', 'x', 5);
			PERFORM pg_temp.gives(o.available, 300);
			PERFORM pg_temp.gives(pg_temp.funds(v), '=0 held 0 available 0', 'another currency');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 301), 'insufficient_funds');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 200), 'ok -200 =-200');
			SELECT * INTO p FROM wallet_limits_set(gen_random_uuid(), w, '{}', '{}', '{}', 199, 2, 'less', NULL, NULL);
			PERFORM pg_temp.gives(format('%s %s %s %s', p.error, p.available, p.held, p.required), 'insufficient_funds 100 0 101');
			PERFORM pg_temp.gives(pg_temp.limit(w, '{}', '{}', '{}', 200), 'ok 0 =-200');
			PERFORM pg_temp.gives(pg_temp.funds(w), '=-200 held 0 available 0');
			PERFORM pg_temp.gives(pg_temp.limit(w, '{}', '{}', '{}', 1000), 'ok 0 =-200');
			PERFORM pg_temp.gives((SELECT string_agg(credit_limit_at(w, n)::text, ' ') FROM generate_series(1, 4) AS n), '300 300 200 1000');
			PERFORM pg_temp.gives((SELECT string_agg(available::text, ' ') FROM generate_series(1, 4) AS n, LATERAL wallet_balance_at(w,
				(SELECT created_at FROM transaction WHERE wallet_id = w AND version = n)) AS b), '300 100 0 800');
			SELECT * INTO o FROM wallet_open(gen_random_uuid(), me, gen_random_uuid(), 'EUR', NULL, 'k', 'x', 5);
			PERFORM pg_temp.gives(format('%s %s', o.error, o.available), 'replayed 300', 'as it was opened');
		END $$;
	E
}

@test "limits: who can set them, valid values, the row in the history; a repeated key replays" {
	{ words; cat <<-'E'; } | sql
		DO $$ DECLARE w uuid := pg_temp.rich(); op uuid := gen_random_uuid(); r record; p outcome; q outcome; BEGIN
			FOR r IN SELECT * FROM (VALUES
				(w, 1, 0, '{purchase}', '{day}', '{1}', 'forbidden'), (w, 4, 0, '{purchase}', '{day}', '{1}', 'forbidden'),
				(w, NULL, 0, '{purchase}', '{day}', '{1}', 'forbidden'), (gen_random_uuid(), 2, 0, '{}', '{}', '{}', 'not_found'),
				(w, 2, 0, '{gift}', '{day}', '{1}', 'invalid_request'), (w, 2, 0, '{cancellation}', '{day}', '{1}', 'invalid_request'),
				(w, 2, 0, '{purchase}', '{week}', '{1}', 'invalid_request'), (w, 2, 0, '{purchase}', '{day}', '{-1}', 'invalid_request'),
				(w, 2, 0, '{purchase}', '{day}', '{9007199254740992}', 'invalid_request'), (w, 2, 0, '{NULL}', '{day}', '{1}', 'invalid_request'),
				(w, 2, 0, '{purchase}', '{NULL}', '{1}', 'invalid_request'), (w, 2, 0, '{purchase,purchase}', '{day,day}', '{1,2}', 'invalid_request'),
				(w, 2, -1, '{}', '{}', '{}', 'invalid_request'), (w, 2, 9007199254740992, '{}', '{}', '{}', 'invalid_request'))
				AS c(wallet, roles, credit, kinds, pers, amounts, want) LOOP
				SELECT * INTO p FROM wallet_limits_set(gen_random_uuid(), r.wallet, r.kinds::text[], r.pers::text[], r.amounts::bigint[], r.credit, r.roles,
					'x', NULL, NULL);
				PERFORM pg_temp.gives(p.error, r.want, r::text);
			END LOOP;
			PERFORM pg_temp.gives(pg_temp.state(w), '=1000000 v2 rows 2');
			SELECT * INTO p FROM wallet_limits_set(op, w, '{purchase}', '{day}', '{7}', 5, 2, 'because', 'k', 'x');
			PERFORM pg_temp.gives(format('%s %s v%s %s %s', p.error, p.kind, p.version, p.description, p.metadata),
				'ok limit v3 because {"credit_limit" : {"from" : 0, "to" : 5}, "limits" : [{"kind" : "purchase", "per" : "day", "amount" : 7}]}');
			SELECT * INTO q FROM wallet_limits_set(gen_random_uuid(), w, '{purchase}', '{day}', '{7}', 5, 2, 'because', 'k', 'x');
			PERFORM pg_temp.gives((q.error, q.id), ('replayed'::text, op));
			SELECT * INTO q FROM wallet_limits_set(op, w, '{purchase}', '{day}', '{7}', 5, 2, 'because', NULL, NULL);
			PERFORM pg_temp.gives(q::text, p::text, 'the call repeated');
			SELECT * INTO q FROM wallet_limits_set(gen_random_uuid(), w, '{}', '{}', '{}', 6, 2, 'because', 'k', 'y');
			PERFORM pg_temp.gives(q.error, 'idempotency_key_reused');
			PERFORM pg_temp.gives(pg_temp.state(w), '=1000000 v3 rows 3');
		END $$;
		SELECT pg_temp.gives(currency_limits_set('eur', 0, '{}', '{}', '{}'), 'invalid_request');
		SELECT pg_temp.gives(currency_limits_set('EUR', -1, '{}', '{}', '{}'), 'invalid_request');
		SELECT pg_temp.gives(currency_limits_set('EUR', NULL, '{}', '{}', '{}'), 'invalid_request');
		SELECT pg_temp.gives(currency_limits_set('EUR', 0, '{purchase}', '{day}', '{NULL}'), 'invalid_request');
	E
}

@test "64 clients against a daily limit: every posting that fits succeeds, and no more" {
	w=$(value "pg_temp.filled(100000)")
	sql <<<"SELECT wallet_limits_set(gen_random_uuid(), '$w', '{purchase,withdrawal}', '{day,month}', '{1000,500}', NULL, 2, 'x', NULL, NULL);"
	parallel 64 3 "$(one "'$w'" purchase 7 null null) $(one "'$w'" withdrawal 3 null null)"
	[ "$(value "string_agg(kind || total, ' ' ORDER BY kind) FROM (SELECT kind, sum(-amount) AS total FROM transaction WHERE wallet_id = '$w'
		AND kind IN ('purchase', 'withdrawal') GROUP BY kind) AS t")" = "purchase994 withdrawal498" ]
}

@test "a limit's first use adds up at most 1,000 earlier rows; until all are added, it is unavailable, then exact" {
	{ words; cat <<-'E'; } | as_owner
		BEGIN;
		DO $$ DECLARE w uuid := pg_temp.rich(); at timestamptz := (SELECT changed_at FROM wallet WHERE id = w); BEGIN
			-- 25,000 purchases of 1, in today's history.
			INSERT INTO transaction (version, amount, balance_after, created_at, wallet_id, id, kind, contra)
			SELECT n + 2, -1, 1000000 - n, at, w, gen_random_uuid(), 'purchase', 'merchant' FROM generate_series(1, 25000) AS n;
			UPDATE wallet SET balance = 1000000 - 25000, version = 25002 WHERE id = w;
			PERFORM pg_temp.limit(w, '{purchase,withdrawal}', '{day,month}', '{25100,10}');
			PERFORM pg_temp.gives(pg_temp.refusal(w, 'purchase', 1), format('unavailable {"wallet_id" : "%s", "kind" : "purchase"}', w));
			PERFORM pg_temp.gives((SELECT day_used FROM limit_usage WHERE wallet_id = w), 999, 'the limit''s own row and 999 purchases');
			PERFORM pg_temp.gives((SELECT used IS NULL FROM wallet_limits(w) WHERE kind = 'purchase'), true, 'not known yet');
			PERFORM pg_temp.gives(pg_temp.try(w, 'withdrawal', 1), 'unavailable');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 1) LIKE 'ok %', true, 'its neighbours do not wait');
			PERFORM pg_temp.gives(limit_fill(w, 'purchase'), false);
			PERFORM pg_temp.gives((SELECT day_used FROM limit_usage WHERE wallet_id = w AND kind = 'purchase'), 10999, 'in steps');
			PERFORM pg_temp.gives(limit_fill(w, 'purchase'), false);
			PERFORM pg_temp.gives(limit_fill(w, 'purchase'), true);
			PERFORM pg_temp.gives(limit_fill(gen_random_uuid(), 'purchase'), true, 'no such wallet');
			PERFORM pg_temp.gives((SELECT used FROM wallet_limits(w) WHERE kind = 'purchase'), 25000);
			PERFORM pg_temp.gives(pg_temp.refusal(w, 'purchase', 101) LIKE '%"used" : 25000, "requested" : 101%', true, 'exact');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 100) LIKE 'ok %', true);
			-- A kind's counter is kept while no rule needs it.
			PERFORM pg_temp.limit(w, '{}', '{}', '{}');
			PERFORM pg_temp.try(w, 'purchase', 50);
			PERFORM pg_temp.limit(w, '{purchase}', '{day}', '{25200}');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 51), 'limit_exceeded');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 50) LIKE 'ok %', true);
			-- One from before migration 005 is counted again.
			UPDATE limit_usage SET since = NULL, since_at = NULL, day_used = 5, month_used = 5 WHERE wallet_id = w AND kind = 'purchase';
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 1), 'unavailable');
			WHILE NOT limit_fill(w, 'purchase') LOOP NULL; END LOOP;
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 1), 'limit_exceeded');
		END $$;
		ROLLBACK;
	E
}

@test "what is available, held and used never passes 2^53-1: the balance and the credit limit together do not" {
	{ words; cat <<-'E'; } | sql
		DO $$ DECLARE most bigint := 9007199254740991; w uuid := pg_temp.wallet(); v uuid := pg_temp.wallet(); h uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.gives(pg_temp.limit(w, '{}', '{}', '{}', most - 10), 'ok 0 =0');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 11), 'balance_limit');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 10), 'ok 10 =10');
			PERFORM pg_temp.gives(pg_temp.funds(w), format('=10 held 0 available %s', most));
			PERFORM pg_temp.gives(pg_temp.try(w, 'hold', most, op => h) LIKE 'ok %', true);
			PERFORM pg_temp.gives(pg_temp.funds(w), format('=10 held %s available 0', most));
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 1), 'balance_limit', 'it would be available after a release');
			PERFORM pg_temp.gives(pg_temp.limit(w, '{}', '{}', '{}', most - 9), 'balance_limit');
			PERFORM pg_temp.try(v, 'deposit', 5);
			PERFORM pg_temp.gives(pg_temp.try(v, 'transfer', 1, "to" => w), 'balance_limit', 'the other side');
			PERFORM pg_temp.gives(pg_temp.try(w, 'release', NULL, h) LIKE 'ok %', true);
			PERFORM pg_temp.gives(pg_temp.try(w, 'transfer', 7, "to" => v), 'ok -7 =3');
			-- A day's usage can.
			PERFORM pg_temp.try(w, 'withdrawal', most - 10);
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', most - 10) LIKE 'ok %', true);
			PERFORM pg_temp.try(w, 'withdrawal', most - 10);
			PERFORM pg_temp.gives(pg_temp.limit(w, '{withdrawal}', '{day}', '{5}') LIKE 'ok %', true);
			PERFORM pg_temp.gives((SELECT used FROM wallet_limits(w)), most);
			PERFORM pg_temp.gives(pg_temp.refusal(w, 'withdrawal', 1) LIKE '%"used" : 9007199254740991,%', true);
		END $$;
	E
}
