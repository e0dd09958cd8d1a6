#!/usr/bin/env bats
# transfers.bats - money from wallet to wallet: both sides or neither, each refusal, reversals, and
# 64 parallel clients.

load helper

@test "a transfer: two rows in one commit that name each other" {
	sql <<-'E'
		DO $$ DECLARE a uuid := pg_temp.filled(100); b uuid := pg_temp.filled(5); x uuid := gen_random_uuid(); p posted; s transaction_shown; r transaction_shown; BEGIN
			SELECT * INTO p FROM pg_temp.batch(json_build_array(json_build_object('wallet', a, 'kind', 'transfer', 'amount', 30, 'to', b, 'op', x,
				'description', 'for the bread', 'metadata', '{"a":1}', 'merchant', 'M', 'key', 'k', 'body', 'b')));
			PERFORM pg_temp.gives(pg_temp.word(p), 'ok -30 =70');
			PERFORM pg_temp.gives((p.counterpart_wallet, p.held_change), (b, 0::bigint));
			SELECT * INTO s FROM transaction_shown WHERE id = x;
			SELECT * INTO r FROM transaction_shown WHERE id = p.counterpart_id;
			PERFORM pg_temp.gives(format('%s %s %s v%s', r.kind, r.amount, r.balance_after, r.version), 'transfer 30 35 v3');
			PERFORM pg_temp.gives((s.counterpart_wallet, s.counterpart_id), (b, r.id));
			PERFORM pg_temp.gives((r.counterpart_wallet, r.counterpart_id, r.wallet_id), (a, s.id, b));
			PERFORM pg_temp.gives(format('%s %s %s', r.description, r.merchant, r.metadata), 'for the bread  ', 'what the receiver sees');
			PERFORM pg_temp.gives((SELECT count(*) FROM transaction WHERE wallet_id = b AND idempotency_key IS NOT NULL), 0);
			PERFORM pg_temp.gives(s.xid, r.xid);
			PERFORM pg_temp.gives(pg_temp.try(a, 'transfer', 30, "to" => b, key => 'k', body => 'b'), 'replayed -30 =70');
			PERFORM pg_temp.gives(pg_temp.try(a, 'transfer', 30, "to" => b, op => x, again => true), 'ok -30 =70', 'the call repeated');
			PERFORM pg_temp.gives(pg_temp.funds(b), '=35 held 0 available 35');
			PERFORM pg_temp.gives(pg_temp.try(a, 'transfer', 70, "to" => b), 'ok -70 =0', 'to the last unit');
			PERFORM pg_temp.gives((SELECT string_agg(contra || sum, ' ') FROM (SELECT contra, sum(amount) FROM transaction
				WHERE wallet_id IN (a, b) AND kind = 'transfer' GROUP BY contra) AS c), 'transfer0');
		END $$;
	E
}

@test "each refusal of a transfer leaves both sides unchanged" {
	sql <<-'E'
		DO $$ DECLARE me uuid := gen_random_uuid(); a uuid := pg_temp.filled(100, me); b uuid := pg_temp.wallet(); brimful uuid := pg_temp.filled(9007199254740991);
			chf uuid := gen_random_uuid(); frozen uuid := pg_temp.wallet(); debit uuid := pg_temp.wallet(); closed uuid := pg_temp.wallet();
			nobody uuid := gen_random_uuid(); r record; p posted; BEGIN
			PERFORM wallet_open(chf, gen_random_uuid(), gen_random_uuid(), 'CHF', NULL, NULL, NULL, 5);
			PERFORM wallet_change(gen_random_uuid(), frozen, 'freeze', 2, 'both', 'x', NULL, NULL);
			PERFORM wallet_change(gen_random_uuid(), debit, 'freeze', 2, 'debit', 'x', NULL, NULL);
			PERFORM wallet_change(gen_random_uuid(), closed, 'close', 2, NULL, 'x', NULL, NULL);
			PERFORM pg_temp.try(a, 'hold', 40);
			FOR r IN SELECT * FROM (VALUES (61, b, 'insufficient_funds', NULL::uuid), (1, nobody, 'not_found', nobody), (1, chf, 'currency_mismatch', chf),
				(1, frozen, 'wallet_frozen', frozen), (1, closed, 'wallet_closed', closed), (1, brimful, 'balance_limit', brimful),
				(1, NULL, 'invalid_request', NULL), (1, a, 'invalid_request', NULL), (NULL, b, 'invalid_request', NULL), (0, b, 'invalid_request', NULL),
				(-1, b, 'invalid_request', NULL)) AS c(amount, receiver, want, names) LOOP
				SELECT * INTO p FROM pg_temp.batch(json_build_array(json_build_object('wallet', a, 'kind', 'transfer', 'amount', r.amount, 'to', r.receiver)));
				PERFORM pg_temp.gives(p.error, r.want);
				PERFORM pg_temp.gives((p.refusal ->> 'wallet_id')::uuid, r.names, r.want || ' names the other side');
			END LOOP;
			PERFORM pg_temp.gives(pg_temp.try(a, 'transfer', 1, who => gen_random_uuid(), roles => 1, "to" => b), 'not_found', 'another''s');
			PERFORM pg_temp.gives(pg_temp.try(a, 'transfer', 1, who => me, roles => 1, "to" => b), 'ok -1 =99');
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'transfer', 1, who => me, roles => 1, "to" => debit), 'ok -1 =98', 'money can come in');
			PERFORM pg_temp.gives(pg_temp.state(a), '=98 v5 rows 5');
			PERFORM pg_temp.gives((SELECT sum(version) FROM wallet WHERE id IN (chf, frozen, closed, brimful)), 1 + 2 + 2 + 2);
		END $$;
	E
}

@test "a transfer is reversed whole or in parts, by either side's row; it cannot be cancelled, or reversed by its owner" {
	sql <<-'E'
		DO $$ DECLARE me uuid := gen_random_uuid(); a uuid := pg_temp.filled(100, me); b uuid := pg_temp.filled(5); x uuid := gen_random_uuid(); y uuid; p posted; q posted; BEGIN
			SELECT * INTO p FROM pg_temp.batch(json_build_array(json_build_object('wallet', a, 'kind', 'transfer', 'amount', 60, 'to', b, 'op', x)));
			y := p.counterpart_id;
			PERFORM pg_temp.gives(pg_temp.try(a, 'reversal', NULL, x, who => me, roles => 1), 'forbidden');
			PERFORM pg_temp.gives(pg_temp.try(a, 'cancellation', NULL, x), 'not_undoable');
			PERFORM pg_temp.gives(pg_temp.try(b, 'cancellation', NULL, y), 'not_undoable');
			PERFORM pg_temp.gives(pg_temp.try(b, 'reversal', NULL, x), 'not_found', 'the other wallet''s row');
			SELECT * INTO q FROM pg_temp.batch(json_build_array(json_build_object('wallet', a, 'kind', 'reversal', 'amount', 10, 'ref', x)));
			PERFORM pg_temp.gives(pg_temp.word(q), 'ok 10 =50');
			PERFORM pg_temp.gives(q.counterpart_wallet, b);
			PERFORM pg_temp.gives((SELECT format('%s %s %s', kind, amount, reference_id) FROM transaction WHERE id = q.counterpart_id), 'reversal -10 ' || y);
			PERFORM pg_temp.gives(pg_temp.try(b, 'reversal', 20, y), 'ok -20 =35', 'named by the receiver''s row');
			PERFORM pg_temp.gives(pg_temp.funds(a), '=70 held 0 available 70');
			PERFORM pg_temp.gives(pg_temp.try(a, 'reversal', 31, x), 'exceeds_original');
			PERFORM pg_temp.gives(pg_temp.try(b, 'reversal', 31, y), 'exceeds_original');
			PERFORM pg_temp.gives(pg_temp.try(a, 'reversal', NULL, q.id), 'not_undoable', 'a reversal cannot be undone');
			PERFORM pg_temp.gives(pg_temp.try(b, 'reversal', NULL, q.counterpart_id), 'not_undoable', 'on neither side');
			PERFORM pg_temp.gives(pg_temp.try(b, 'reversal', NULL, y), 'ok -30 =5');
			PERFORM pg_temp.gives(pg_temp.try(a, 'reversal', NULL, x), 'already_undone');
			PERFORM pg_temp.gives(pg_temp.try(b, 'reversal', 1, y), 'already_undone');
			PERFORM pg_temp.gives(pg_temp.funds(a), '=100 held 0 available 100');
		END $$;
	E
}

@test "reversing a transfer needs the receiver's money, and wallets that are not frozen or closed" {
	sql <<-'E'
		DO $$ DECLARE a uuid := pg_temp.filled(100); b uuid := pg_temp.wallet(); x uuid := gen_random_uuid(); y uuid; p posted; m text; BEGIN
			PERFORM pg_temp.try(a, 'transfer', 60, op => x, "to" => b);
			y := (SELECT counterpart_id FROM transaction WHERE id = x);
			PERFORM pg_temp.try(b, 'purchase', 50);
			PERFORM pg_temp.try(b, 'hold', 5);
			SELECT * INTO p FROM pg_temp.batch(json_build_array(json_build_object('wallet', a, 'kind', 'reversal', 'ref', x)));
			PERFORM pg_temp.gives(format('%s %s %s %s', p.error, p.available, p.held, p.required), 'insufficient_funds 5 5 60');
			PERFORM pg_temp.gives((p.refusal ->> 'wallet_id')::uuid, b);
			SELECT * INTO p FROM pg_temp.batch(json_build_array(json_build_object('wallet', b, 'kind', 'reversal', 'ref', y)));
			PERFORM pg_temp.gives(format('%s %s %s %s %s', p.error, p.available, p.held, p.required, p.refusal), 'insufficient_funds 5 5 60 ');
			FOREACH m IN ARRAY ARRAY['debit', 'both'] LOOP
				PERFORM wallet_change(gen_random_uuid(), b, 'freeze', 2, m, 'x', NULL, NULL);
				PERFORM pg_temp.gives(pg_temp.try(a, 'reversal', 1, x), 'wallet_frozen', m || ', the other side');
				PERFORM pg_temp.gives(pg_temp.try(b, 'reversal', 1, y), 'wallet_frozen', m || ', this side');
			END LOOP;
			PERFORM wallet_change(gen_random_uuid(), b, 'unfreeze', 2, NULL, 'x', NULL, NULL);
			PERFORM wallet_change(gen_random_uuid(), a, 'freeze', 2, 'debit', 'x', NULL, NULL);
			PERFORM pg_temp.gives(pg_temp.try(a, 'reversal', 2, x), 'ok 2 =42', 'it can receive');
			PERFORM pg_temp.gives(pg_temp.try(b, 'reversal', 3, y), 'ok -3 =5');
		END $$;
	E
}

@test "transfers in a batch are judged in order, across wallets; dependent ones are split into parts" {
	sql <<-'E'
		DO $$ DECLARE a uuid := pg_temp.filled(10); b uuid := pg_temp.wallet(); c uuid := pg_temp.wallet(); x uuid := gen_random_uuid(); y uuid; BEGIN
			PERFORM pg_temp.gives(pg_temp.words(json_build_array(
				json_build_object('wallet', b, 'kind', 'transfer', 'amount', 1, 'to', c),
				json_build_object('wallet', a, 'kind', 'transfer', 'amount', 10, 'to', b),
				json_build_object('wallet', a, 'kind', 'withdrawal', 'amount', 1),
				json_build_object('wallet', b, 'kind', 'transfer', 'amount', 7, 'to', c),
				json_build_object('wallet', c, 'kind', 'hold', 'amount', 5),
				json_build_object('wallet', c, 'kind', 'transfer', 'amount', 3, 'to', a),
				json_build_object('wallet', c, 'kind', 'transfer', 'amount', 2, 'to', a),
				json_build_object('wallet', a, 'kind', 'deposit', 'amount', 4),
				json_build_object('wallet', a, 'kind', 'transfer', 'amount', 4, 'to', b, 'op', x),
				json_build_object('wallet', a, 'kind', 'reversal', 'amount', 1, 'ref', x),
				json_build_object('wallet', a, 'kind', 'reversal', 'amount', 4, 'ref', x),
				json_build_object('wallet', a, 'kind', 'reversal', 'ref', x))),
				'insufficient_funds, ok -10 =0, insufficient_funds, ok -7 =3, ok 0 =7 h5, insufficient_funds, ok -2 =5, ok 4 =6, ok -4 =2, '
				|| 'ok 1 =3, exceeds_original, ok 3 =6');
			PERFORM pg_temp.gives((SELECT string_agg(balance || ' ' || held || ' v' || version, ', ' ORDER BY array_position(ARRAY[a, b, c], id))
				FROM wallet WHERE id IN (a, b, c)), '6 0 v8, 3 0 v6, 5 5 v4');
			-- The two rows of a transfer are one original: reversed by both rows at once, it is undone once.
			x := gen_random_uuid();
			PERFORM pg_temp.try(a, 'transfer', 6, op => x, "to" => b);
			y := (SELECT counterpart_id FROM transaction WHERE id = x);
			PERFORM pg_temp.gives(pg_temp.words(json_build_array(
				json_build_object('wallet', b, 'kind', 'reversal', 'ref', y),
				json_build_object('wallet', a, 'kind', 'reversal', 'ref', x))), 'ok -6 =3, already_undone');
		END $$;
	E
}

@test "more than a thousand transfers in one call" {
	sql <<-'E'
		DO $$ DECLARE me uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.filled(1000, me) FROM generate_series(1, 10);
			PERFORM pg_temp.gives((SELECT string_agg(DISTINCT p.error, ' ') || count(*) FROM pg_temp.batch((SELECT json_agg(json_build_object('wallet', a.id,
				'kind', 'transfer', 'amount', 3, 'to', b.id, 'key', gen_random_uuid()) ORDER BY random()) FROM generate_series(1, 12),
				(SELECT id FROM wallet WHERE owner_id = me) AS a JOIN (SELECT id FROM wallet WHERE owner_id = me) AS b ON a.id <> b.id)) AS p), 'ok1080');
			PERFORM pg_temp.gives((SELECT sum(balance) || ' ' || sum(version) FROM wallet WHERE owner_id = me), '10000 2180');
		END $$;
	E
}

@test "64 clients move money between 8 wallets, singly and in batches, and reverse it: no deadlock, the sum unchanged" {
	me=$(value "gen_random_uuid()")
	sql <<<"SELECT pg_temp.filled(1000, '$me') FROM generate_series(1, 8);" >/dev/null
	batch() { # N - N transfers between random wallets
		echo "WITH o AS MATERIALIZED (SELECT ids[1 + floor(random() * 8)::int] AS a, ids[1 + floor(random() * 8)::int] AS b, 1 + floor(random() * 50)::bigint AS n
				FROM (SELECT array_agg(id) AS ids FROM wallet WHERE owner_id = '$me') AS w, generate_series(1, $1)),
			a AS MATERIALIZED (SELECT array_agg(gen_random_uuid()) AS op, array_agg(a) AS a, array_agg(b) AS b, array_agg(n) AS n, array_agg('transfer'::text) AS kind,
				array_agg(6) AS roles, array_agg(null::uuid) AS nobody, array_agg(null::text) AS nothing, array_agg(null::bytea) AS fp FROM o)
		SELECT 1 / (count(p.error) = $1 AND bool_and(p.error IN ('ok', 'insufficient_funds', 'invalid_request')))::int FROM a,
			post(a.op, a.a, a.nobody, a.roles, a.kind, a.n, a.nobody, a.nothing, a.fp, a.nothing, a.nothing, a.nothing, 604800000, false, null, a.b) AS p;"
	}
	undo="WITH x AS MATERIALIZED (SELECT t.wallet_id, t.id FROM wallet w CROSS JOIN LATERAL (SELECT * FROM transaction t WHERE t.wallet_id = w.id
			AND t.version > w.version - 20 AND t.kind = 'transfer' ORDER BY random() LIMIT 1) AS t WHERE w.owner_id = '$me' ORDER BY random() LIMIT 1)
		SELECT count(*) FROM x, post(ARRAY[gen_random_uuid()], ARRAY[x.wallet_id], ARRAY[null::uuid], ARRAY[6], ARRAY['reversal'], ARRAY[null::bigint], ARRAY[x.id],
			ARRAY[null], ARRAY[null::bytea], ARRAY[null], ARRAY[null], ARRAY[null], 604800000, false, null);"
	parallel 64 2 "$(batch 1) $(batch 12) $undo"
	[ "$(value "sum(balance) || ' ' || (min(balance) >= 0) FROM wallet WHERE owner_id = '$me'")" = "8000 true" ]
	[ "$(value "count(*) > 800 FROM transaction t JOIN wallet w ON w.id = t.wallet_id WHERE w.owner_id = '$me' AND t.kind = 'transfer'")" = t ]
	[ "$(value "count(*) > 20 FROM transaction t JOIN wallet w ON w.id = t.wallet_id WHERE w.owner_id = '$me' AND t.kind = 'reversal'")" = t ]
}
