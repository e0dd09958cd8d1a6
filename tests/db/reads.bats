#!/usr/bin/env bats
# reads.bats - past balances, pages of transactions, and proof that each read touches only the rows
# it returns.

load helper

# Defines fill(), which writes one row a second from 2030-01-01. The fake clock is rolled back with
# the transaction.
clocked() {
	cat <<-'E'
		BEGIN;
		SET LOCAL test.clock = '2030-01-01 00:00:00Z';
		CREATE OR REPLACE FUNCTION wallet_clock() RETURNS timestamptz LANGUAGE sql VOLATILE
			AS $$ SELECT current_setting('test.clock')::timestamptz $$;
		CREATE FUNCTION pg_temp.second(i int) RETURNS timestamptz LANGUAGE sql AS $$ SELECT '2030-01-01Z'::timestamptz + i * interval '1 s' $$;
		CREATE FUNCTION pg_temp.fill(w uuid, first int, last int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
			FOR i IN first .. last LOOP
				PERFORM set_config('test.clock', pg_temp.second(i)::text, true);
				PERFORM pg_temp.try(w, CASE WHEN i % 10 = 0 THEN 'purchase' ELSE 'deposit' END, 1);
			END LOOP;
		END $$;
	E
}

@test "the balance at an instant: before, at and after each row" {
	{ clocked; cat <<-'E'; } | as_owner
		DO $$ DECLARE w uuid := pg_temp.wallet(); BEGIN
			PERFORM pg_temp.fill(w, 1, 99);
			FOR i IN 0 .. 99 LOOP
				PERFORM pg_temp.gives((SELECT version FROM wallet_balance_at(w, pg_temp.second(i))), i + 1, 'at ' || i);
				PERFORM pg_temp.gives((SELECT version FROM wallet_balance_at(w, pg_temp.second(i) + interval '999999 us')), i + 1, 'after ' || i);
				PERFORM pg_temp.gives(version_at(w, pg_temp.second(i), false), i, 'strictly before ' || i);
			END LOOP;
			PERFORM pg_temp.gives((SELECT format('%s %s %s', balance, held, available) FROM wallet_balance_at(w, pg_temp.second(12))), '10 0 10');
			PERFORM pg_temp.gives((SELECT count(*) FROM wallet_balance_at(w, pg_temp.second(0) - interval '1 us')), 0, 'before it was opened');
			PERFORM pg_temp.gives((SELECT count(*) FROM wallet_balance_at(gen_random_uuid(), now())), 0, 'no such wallet');
		END $$;
		ROLLBACK;
	E
}

@test "if the clock is set back, created_at stands still and never decreases" {
	{ clocked; cat <<-'E'; } | as_owner
		DO $$ DECLARE w uuid := pg_temp.wallet(); BEGIN
			PERFORM pg_temp.fill(w, 5, 5);
			PERFORM pg_temp.fill(w, 2, 3);
			PERFORM pg_temp.gives((SELECT string_agg(extract(second FROM created_at)::int::text, ' ' ORDER BY version) FROM transaction
				WHERE wallet_id = w), '0 5 5 5');
			PERFORM pg_temp.gives(version_at(w, pg_temp.second(5), false), 1);
			PERFORM pg_temp.gives(version_at(w, pg_temp.second(5), true), 4);
		END $$;
		ROLLBACK;
	E
}

@test "pages: newest first, every row once, for one wallet and for all of an owner's wallets" {
	{ clocked; cat <<-'E'; } | as_owner
		CREATE FUNCTION pg_temp.walk(me uuid, wallet uuid, kind text, since timestamptz, until timestamptz, size int) RETURNS text
		LANGUAGE plpgsql AS $$ DECLARE seen text := ''; r record; n int; at timestamptz; cw uuid; cv bigint; BEGIN
			LOOP
				n := 0;
				FOR r IN SELECT * FROM transaction_search(me, wallet, kind, since, until, at, cw, cv, size) LOOP
					n := n + 1; at := r.created_at; cw := r.wallet_id; cv := r.version;
					seen := seen || r.id || ' ';
				END LOOP;
				EXIT WHEN n = 0 OR length(seen) > 100000;
			END LOOP;
			RETURN seen;
		END $$;
		DO $$ DECLARE me uuid := gen_random_uuid(); a uuid := pg_temp.wallet(me); b uuid := pg_temp.wallet(me); other uuid := pg_temp.wallet();
			size int; all_rows text; BEGIN
			PERFORM pg_temp.fill(a, 1, 20); PERFORM pg_temp.fill(b, 1, 30); PERFORM pg_temp.fill(other, 1, 3);
			PERFORM pg_temp.gives((SELECT count(*) FROM transaction WHERE wallet_id IN (a, b)), 52);
			SELECT string_agg(id || ' ', '' ORDER BY created_at DESC, wallet_id DESC, version DESC) INTO all_rows
			FROM transaction WHERE wallet_id IN (a, b);
			FOREACH size IN ARRAY ARRAY[1, 2, 7, 50, 200] LOOP
				PERFORM pg_temp.gives(pg_temp.walk(me, NULL, NULL, NULL, NULL, size), all_rows, 'pages of ' || size);
			END LOOP;
			PERFORM pg_temp.gives(pg_temp.walk(me, a, NULL, NULL, NULL, 3), (SELECT string_agg(id || ' ', '' ORDER BY version DESC)
				FROM transaction WHERE wallet_id = a), 'one wallet');
			PERFORM pg_temp.gives(pg_temp.walk(NULL, a, 'purchase', NULL, NULL, 1), (SELECT string_agg(id || ' ', '' ORDER BY version DESC)
				FROM transaction WHERE wallet_id = a AND kind = 'purchase'), 'one kind, as an operator');
			PERFORM pg_temp.gives(pg_temp.walk(me, NULL, NULL, pg_temp.second(3), pg_temp.second(9), 4), (SELECT string_agg(id || ' ', ''
				ORDER BY created_at DESC, wallet_id DESC) FROM transaction WHERE wallet_id IN (a, b)
				AND created_at >= pg_temp.second(3) AND created_at < pg_temp.second(9)), 'from … to, half open');
			PERFORM pg_temp.gives(pg_temp.walk(me, other, NULL, NULL, NULL, 5), '', 'another''s wallet');
			PERFORM pg_temp.gives(pg_temp.walk(NULL, NULL, NULL, NULL, NULL, 5), '', 'no owner and no wallet');
		END $$;
		ROLLBACK;
	E
}

@test "balances over time: at the end of each UTC hour, day and month, with held and credit limit as they were" {
	{ clocked; cat <<-'E'; } | as_owner
		CREATE FUNCTION pg_temp.history(w uuid, since timestamptz, until timestamptz, step text) RETURNS text LANGUAGE sql AS $$
			SELECT string_agg(format('%s-%s =%s held %s can %s v%s', to_char(starts_at AT TIME ZONE 'UTC', 'MMDD HH24MI'),
				to_char(ends_at AT TIME ZONE 'UTC', 'MMDD HH24MI'), balance, held, available, version), '; ')
			FROM balance_history(w, since, until, step) $$;
		DO $$ DECLARE w uuid; h uuid := gen_random_uuid(); BEGIN
			SET LOCAL timezone = 'Asia/Kathmandu';  -- the buckets are in UTC, whatever the session's time zone
			PERFORM set_config('test.clock', '2030-01-01 10:30:00Z', true);
			w := pg_temp.filled(100);
			PERFORM set_config('test.clock', '2030-01-01 11:00:00Z', true);
			PERFORM pg_temp.try(w, 'hold', 40, op => h);
			PERFORM set_config('test.clock', '2030-01-02 12:30:00Z', true);
			PERFORM pg_temp.try(w, 'capture', 30, h);
			PERFORM set_config('test.clock', '2030-02-03 00:00:00Z', true);
			PERFORM wallet_limits_set(gen_random_uuid(), w, '{}', '{}', '{}', 500, 2, 'x', NULL, NULL);
			PERFORM pg_temp.gives(pg_temp.history(w, '2030-01-01 08:15Z', '2030-01-01 12:15Z', 'hour'), '0101 1000-0101 1100 =100 held 0 can 100 v2; '
				|| '0101 1100-0101 1200 =100 held 40 can 60 v3; 0101 1200-0101 1215 =100 held 40 can 60 v3');
			PERFORM pg_temp.gives(pg_temp.history(w, '2030-01-01Z', '2030-01-04Z', 'day'), '0101 0000-0102 0000 =100 held 40 can 60 v3; '
				|| '0102 0000-0103 0000 =70 held 0 can 70 v4; 0103 0000-0104 0000 =70 held 0 can 70 v4');
			PERFORM pg_temp.gives(pg_temp.history(w, '2029-01-01Z', '2030-02-03 00:00:01Z', 'month'), '0101 0000-0201 0000 =70 held 0 can 70 v4; '
				|| '0201 0000-0203 0000 =70 held 0 can 570 v5');
			PERFORM pg_temp.gives(pg_temp.history(w, '2028-01-01Z', '2029-01-01Z', 'day'), NULL, 'before it was opened');
			PERFORM pg_temp.gives(pg_temp.history(w, '2031-01-01Z', '2031-01-01Z', 'day'), NULL, 'an empty period');
			PERFORM pg_temp.gives((SELECT count(*) FROM balance_history(w, '2030-01-01Z', '2040-01-01Z', 'hour')), 1001, 'at most 1001');
			PERFORM pg_temp.gives((SELECT count(*) FROM balance_history(gen_random_uuid(), '2030-01-01Z', '2030-01-04Z', 'hour')), 0);
		END $$;
		ROLLBACK;
	E
}

@test "filters of a page: merchant, amount as shown, text, metadata, kind; combined; across pages" {
	sql <<-'E'
		CREATE FUNCTION pg_temp.found(w uuid, kind text DEFAULT NULL, merchant text DEFAULT NULL, low bigint DEFAULT NULL, high bigint DEFAULT NULL,
			words text DEFAULT NULL, keys text[] DEFAULT NULL, vals text[] DEFAULT NULL, size int DEFAULT 50) RETURNS text LANGUAGE plpgsql AS $$
		DECLARE r record; n int; at timestamptz; cv bigint; seen text := ''; BEGIN
			LOOP
				n := 0;
				FOR r IN SELECT * FROM transaction_search(NULL, w, kind, NULL, NULL, at, w, cv, size, merchant, low, high, words, keys, vals) LOOP
					n := n + 1; at := r.created_at; cv := r.version; seen := seen || ' ' || r.version;
				END LOOP;
				EXIT WHEN n < size OR n = 0;
			END LOOP;
			RETURN ltrim(seen);
		END $$;
		DO $$ DECLARE w uuid := pg_temp.wallet(); h uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.batch(json_build_array(
				json_build_object('wallet', w, 'kind', 'deposit', 'amount', 1000, 'description', 'Salary of May', 'metadata', '{"ref":"a1","n":7,"deep":{"x":1},"yes":true}'),
				json_build_object('wallet', w, 'kind', 'purchase', 'amount', 30, 'merchant', 'Café', 'description', '100% _real_'),
				json_build_object('wallet', w, 'kind', 'purchase', 'amount', 31, 'merchant', 'café', 'metadata', '{"ref":"a1","n":"8"}'),
				json_build_object('wallet', w, 'kind', 'hold', 'amount', 50, 'op', h, 'merchant', 'Hotel', 'description', 'may 7'),
				json_build_object('wallet', w, 'kind', 'capture', 'amount', 45, 'ref', h, 'description', 'MAYBE'),
				json_build_object('wallet', w, 'kind', 'withdrawal', 'amount', 9, 'metadata', '{"ref":null}')));
			PERFORM pg_temp.gives(pg_temp.found(w), '7 6 5 4 3 2 1');
			PERFORM pg_temp.gives(pg_temp.found(w, merchant => 'Café'), '3', 'an exact merchant');
			PERFORM pg_temp.gives(pg_temp.found(w, merchant => 'Hotel'), '6 5', 'a hold and its capture');
			PERFORM pg_temp.gives(pg_temp.found(w, low => 31), '6 5 4 2', 'without the sign, a hold by what it holds');
			PERFORM pg_temp.gives(pg_temp.found(w, low => 9, high => 31), '7 4 3', 'both ends included');
			PERFORM pg_temp.gives(pg_temp.found(w, high => 0), '1');
			PERFORM pg_temp.gives(pg_temp.found(w, words => 'may'), '6 5 2', 'case-insensitive');
			PERFORM pg_temp.gives(pg_temp.found(w, words => '% _'), '3', 'no wildcards');
			PERFORM pg_temp.gives(pg_temp.found(w, words => '\'), '');
			PERFORM pg_temp.gives(pg_temp.found(w, keys => '{ref}', vals => '{a1}'), '4 2');
			PERFORM pg_temp.gives(pg_temp.found(w, keys => '{ref,n}', vals => '{a1,8}'), '4', 'all of them');
			PERFORM pg_temp.gives(pg_temp.found(w, keys => '{n}', vals => '{7}'), '2', 'a number matches its text');
			PERFORM pg_temp.gives(pg_temp.found(w, keys => '{yes}', vals => '{true}'), '2');
			PERFORM pg_temp.gives(pg_temp.found(w, keys => '{none}', vals => '{a1}'), '', 'no such member');
			PERFORM pg_temp.gives(pg_temp.found(w, kind => 'purchase', merchant => 'café', low => 31, high => 31, keys => '{ref}', vals => '{a1}'), '4');
			PERFORM pg_temp.gives(pg_temp.found(w, low => 31, size => 1), '6 5 4 2', 'page by page');
			PERFORM pg_temp.gives(pg_temp.found(w, words => 'may', size => 2), '6 5 2', 'page by page');
		END $$;
	E
}

@test "EXPLAIN: a page with every filter reads nothing but an index scan of the wallet's rows" {
	sql <<-'E' >"$BATS_TEST_TMPDIR/plan"
		-- The function's own query with numbered parameters and a generic plan.
		SET plan_cache_mode = force_generic_plan;
		DO $$ DECLARE body text; types text; i int; BEGIN
			SELECT regexp_replace(substring(prosrc FROM 'RETURN QUERY(.*);\s*GET DIAGNOSTICS'), 'stop\.\w+|\mmost\M', 'NULL', 'g'), pg_get_function_identity_arguments(oid) INTO body, types
			FROM pg_proc WHERE proname = 'transaction_search';
			FOR i IN REVERSE (SELECT pronargs FROM pg_proc WHERE proname = 'transaction_search') .. 1 LOOP
				body := regexp_replace(body, '\m' || (SELECT proargnames[i] FROM pg_proc WHERE proname = 'transaction_search') || '\M', '$' || i, 'g');
			END LOOP;
			EXECUTE format('PREPARE page(%s) AS %s', regexp_replace(types, 'p_\w+ ', '', 'g'), body);
		END $$;
		EXPLAIN EXECUTE page(gen_random_uuid(), NULL, 'purchase', now(), now(), now(), gen_random_uuid(), 5, 50, 'Shop', 1, 2, 'text', '{a}', '{b}');
	E
	cat "$BATS_TEST_TMPDIR/plan"
	grep -qF 'Index Scan Backward using transaction_pkey on transaction' "$BATS_TEST_TMPDIR/plan"
	grep -qE 'Index Cond: \(\(wallet_id = .*\.id\) AND \(version > ' "$BATS_TEST_TMPDIR/plan"
	[ "$(grep -cF ' on transaction ' "$BATS_TEST_TMPDIR/plan")" -eq 1 ]
	[ "$(grep -cF 'Seq Scan' "$BATS_TEST_TMPDIR/plan")" -eq 0 ]
}

@test "reads and postings fetch only what they need, by index, however long the history" {
	me=$(value "gen_random_uuid()") w=$(value "pg_temp.wallet('$me')")
	for _ in 1 2 3 4 5; do
		sql <<<"SELECT count(*) FROM pg_temp.batch((SELECT json_agg(json_build_object('wallet', '$w', 'kind', 'deposit', 'amount', 1,
			'key', gen_random_uuid(), 'body', 'x')) FROM generate_series(1, 1000)));" >/dev/null
	done
	# touched CALL MOST NAME - checks the call's statistics: no sequential scan, at most MOST
	# rows fetched.
	touched() {
		sql <<-E
			BEGIN;
			SELECT count(*) FROM $1 \\gset
			SELECT pg_temp.gives(sum(seq_scan)::bigint, 0, 'sequential scans of $3') FROM pg_stat_xact_user_tables WHERE schemaname = 'public';
			SELECT pg_temp.gives(sum(idx_tup_fetch) <= $2, true, 'rows fetched by $3: ' || sum(idx_tup_fetch))
			FROM pg_stat_xact_user_tables WHERE schemaname = 'public';
			ROLLBACK;
		E
	}
	at="(SELECT created_at FROM transaction WHERE wallet_id = '$w' AND version = 2500)"
	touched "transaction_search('$me', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 50)" 60 'a first page'
	touched "transaction_search(NULL, '$w', NULL, $at, NULL, $at + interval '1 s', '$w', 3000, 50)" 120 'a page in the middle'
	touched "wallet_balance_at('$w', $at)" 25 'a balance as of'
	touched "transaction_shown WHERE id = (SELECT id FROM transaction WHERE wallet_id = '$w' AND version = 9)" 5 'one transaction'
	touched "wallet_shown WHERE owner_id = '$me' AND id > '00000000-0000-0000-0000-000000000000'" 2 'the wallets'
	touched "transaction_search('$me', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 50, NULL, 1, 1)" 60 'a filtered page, all of it found'
	touched "transaction_search('$me', '$w', 'deposit', NULL, NULL, NULL, NULL, NULL, 50, 'Nobody', 5, 9, 'text', '{a}', '{b}')" 5100 'a filtered page of nothing'
	touched "balance_history('$w', $at - interval '30 days', $at + interval '30 days', 'day')" 1200 'balances over time'
	touched "wallet_holds('$w', NULL, 50)" 5 'the open holds'
	touched "outbox_read((SELECT xid FROM transaction WHERE wallet_id = '$w' AND version = 4500), 1)" 2100 'the relay'
	touched "post(ARRAY[gen_random_uuid()], ARRAY['$w'::uuid], ARRAY[null::uuid], ARRAY[6], '{reversal}', ARRAY[1],
		ARRAY[(SELECT id FROM transaction WHERE wallet_id = '$w' AND version = 9)], '{k}', ARRAY[null::bytea], ARRAY[null], ARRAY[null],
		ARRAY[null], 604800000, true, NULL)" 10 'a outcome'
}

@test "a filter that matches next to nothing: pages end after a bounded number of rows, and miss nothing" {
	{ clocked; cat <<-'E'; } | as_owner
		CREATE FUNCTION pg_temp.pages(me uuid, wallet uuid, wanted text, OUT pages int, OUT seen text) LANGUAGE plpgsql AS $$
		DECLARE r record; at timestamptz; cw uuid; cv bigint; more boolean := true; BEGIN
			pages := 0;  seen := '';
			WHILE more AND pages < 100 LOOP
				pages := pages + 1;  more := false;
				FOR r IN SELECT * FROM transaction_search(me, wallet, NULL, NULL, NULL, at, cw, cv, 3, wanted) LOOP
					at := r.created_at;  cw := r.wallet_id;  cv := r.version;  more := true;
					seen := seen || CASE WHEN r.id IS NULL THEN '' ELSE r.description || ' ' END;
				END LOOP;
			END LOOP;
		END $$;
		DO $$ DECLARE me uuid := gen_random_uuid(); a uuid := pg_temp.wallet(me); b uuid := pg_temp.wallet(me); p record; BEGIN
			-- Every 5,000th row of the first wallet, the second one's oldest, and between them a row a second.
			INSERT INTO transaction (version, amount, balance_after, created_at, wallet_id, id, kind, merchant, description)
			SELECT n, 0, 0, pg_temp.second(n), w, gen_random_uuid(), 'release', CASE WHEN w = a AND n % 5000 = 2 OR w = b AND n = 2 THEN 'Shop' END,
				CASE w WHEN a THEN 'a' ELSE 'b' END || n
			FROM generate_series(2, 22000) AS n, unnest(ARRAY[a, b]) AS w;
			UPDATE wallet SET version = 22000, changed_at = pg_temp.second(22000) WHERE id IN (a, b);
			SELECT * INTO p FROM pg_temp.pages(NULL, a, 'Shop');
			PERFORM pg_temp.gives(p.seen, 'a20002 a15002 a10002 a5002 a2 ');
			PERFORM pg_temp.gives(p.pages BETWEEN 4 AND 6, true, p::text);
			SELECT * INTO p FROM pg_temp.pages(me, NULL, 'Shop');
			PERFORM pg_temp.gives(p.seen, CASE WHEN a < b THEN 'a20002 a15002 a10002 a5002 b2 a2 ' ELSE 'a20002 a15002 a10002 a5002 a2 b2 ' END);
			PERFORM pg_temp.gives((SELECT count(*) FROM transaction_search(NULL, b, NULL, NULL, NULL, NULL, NULL, NULL, 50, 'Nobody')
				WHERE id IS NULL AND version = 12001), 1, 'none, and where to go on');
			PERFORM pg_temp.gives((SELECT count(*) FROM transaction_search(NULL, b, NULL, NULL, pg_temp.second(9000), NULL, NULL, NULL, 50, 'Nobody')), 0,
				'none, and no more');
		END $$;
		ROLLBACK;
	E
}
