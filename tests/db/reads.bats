#!/usr/bin/env bats
# reads.bats - balances as they were, pages of transactions, and that each read touches only the rows it answers.

load helper

# A wallet with one row a second from 2030-01-01: 1 opening and 2 … 100 deposits of 1, by a clock that is rolled back.
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

@test "the balance at an instant, before, at and after each row" {
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

@test "the clock set back: created_at stands still, and never decreases" {
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

@test "pages: newest first, every row once, over one wallet and over all of an owner's" {
	{ clocked; cat <<-'E'; } | as_owner
		CREATE FUNCTION pg_temp.walk(me uuid, wallet uuid, kind text, since timestamptz, until timestamptz, size int) RETURNS text
		LANGUAGE plpgsql AS $$ DECLARE seen text := ''; r record; n int; at timestamptz; cw uuid; cv bigint; BEGIN
			LOOP
				n := 0;
				FOR r IN SELECT * FROM transaction_page(me, wallet, kind, since, until, at, cw, cv, size) LOOP
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
			PERFORM pg_temp.gives(pg_temp.walk(NULL, NULL, NULL, NULL, NULL, 5), '', 'nobody''s');
		END $$;
		ROLLBACK;
	E
}

@test "reads and postings fetch by index what they need, whatever the size of the history" {
	me=$(value "gen_random_uuid()") w=$(value "pg_temp.wallet('$me')")
	for _ in 1 2 3 4 5; do
		sql <<<"SELECT count(*) FROM pg_temp.batch((SELECT json_agg(json_build_object('wallet', '$w', 'kind', 'deposit', 'amount', 1,
			'key', gen_random_uuid(), 'body', 'x')) FROM generate_series(1, 1000)));" >/dev/null
	done
	# touched CALL MOST - the call's own statistics: no sequential scan, at most MOST rows fetched.
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
	touched "transaction_page('$me', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 50)" 60 'a first page'
	touched "transaction_page(NULL, '$w', NULL, $at, NULL, $at + interval '1 s', '$w', 3000, 50)" 120 'a page in the middle'
	touched "wallet_balance_at('$w', $at)" 25 'a balance as of'
	touched "transaction_shown WHERE id = (SELECT id FROM transaction WHERE wallet_id = '$w' AND version = 9)" 5 'one transaction'
	touched "wallet_shown WHERE owner_id = '$me' AND id > '00000000-0000-0000-0000-000000000000'" 2 'the wallets'
	touched "outbox_read((SELECT xid FROM transaction WHERE wallet_id = '$w' AND version = 4500), 1)" 2100 'the relay'
	touched "post(ARRAY[gen_random_uuid()], ARRAY['$w'::uuid], ARRAY[null::uuid], ARRAY[6], '{reversal}', ARRAY[1],
		ARRAY[(SELECT id FROM transaction WHERE wallet_id = '$w' AND version = 9)], '{k}', ARRAY[null::bytea], ARRAY[null], ARRAY[null],
		ARRAY[null], '7 days', true, NULL)" 10 'a posting'
}
