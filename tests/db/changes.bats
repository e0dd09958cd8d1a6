#!/usr/bin/env bats
# changes.bats - freezing, unfreezing and closing a wallet: who can do it, what the wallet then
# refuses, and the row in its history.

load helper

# Defines change(WALLET, KIND, MODE, POWERS, KEY, BODY), which returns the result of a wallet change
# as one word.
words() {
	cat <<-'E'
		CREATE FUNCTION pg_temp.change(w uuid, kind text, mode text DEFAULT NULL, roles int DEFAULT 2, key text DEFAULT NULL, body text DEFAULT NULL,
			op uuid DEFAULT gen_random_uuid()) RETURNS text LANGUAGE sql VOLATILE AS $$
			SELECT error || coalesce(' v' || version, '') FROM wallet_change(op, w, kind, roles, mode, 'because', key, convert_to(body, 'UTF8')) $$;
	E
}

@test "mode both: nothing moves; mode debit: money comes in but not out; unfrozen: as before" {
	{ words; cat <<-'E'; } | sql
		DO $$ DECLARE w uuid := pg_temp.filled(1000); v uuid := pg_temp.filled(1000); h uuid := gen_random_uuid(); i uuid := gen_random_uuid();
			p uuid := gen_random_uuid(); d uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.try(w, 'hold', 10, op => h);
			PERFORM pg_temp.try(w, 'hold', 10, op => i);
			PERFORM pg_temp.try(w, 'purchase', 100, op => p);
			PERFORM pg_temp.try(w, 'deposit', 100, op => d);
			PERFORM pg_temp.gives(pg_temp.change(w, 'freeze', 'both'), 'ok v7');
			PERFORM pg_temp.gives(pg_temp.try(w, k, a, r, "to" => t), 'wallet_frozen', k) FROM (VALUES ('deposit', 1, NULL::uuid, NULL::uuid),
				('withdrawal', 1, NULL, NULL), ('purchase', 1, NULL, NULL), ('hold', 1, NULL, NULL), ('capture', NULL, h, NULL), ('release', NULL, h, NULL),
				('cancellation', 1, p, NULL), ('reversal', 1, p, NULL), ('reversal', 1, d, NULL), ('transfer', 1, NULL, v)) AS c(k, a, r, t);
			PERFORM pg_temp.gives(pg_temp.try(v, 'transfer', 1, "to" => w), 'wallet_frozen');
			PERFORM pg_temp.gives((SELECT status || ' ' || freeze_mode FROM wallet_shown WHERE id = w), 'frozen both');
			PERFORM pg_temp.gives(pg_temp.change(w, 'freeze', 'debit'), 'ok v8', 'the mode changes');
			PERFORM pg_temp.gives((SELECT status || ' ' || freeze_mode FROM wallet_shown WHERE id = w), 'frozen debit');
			PERFORM pg_temp.gives(pg_temp.try(w, k, a, r, "to" => t), 'wallet_frozen', k) FROM (VALUES ('withdrawal', 1, NULL::uuid, NULL::uuid),
				('purchase', 1, NULL, NULL), ('hold', 1, NULL, NULL), ('capture', NULL, h, NULL), ('reversal', 1, d, NULL), ('transfer', 1, NULL, v)) AS c(k, a, r, t);
			PERFORM pg_temp.gives(pg_temp.words(json_build_array(
				json_build_object('wallet', w, 'kind', 'deposit', 'amount', 1), json_build_object('wallet', w, 'kind', 'cancellation', 'amount', 1, 'ref', p),
				json_build_object('wallet', w, 'kind', 'reversal', 'amount', 1, 'ref', p), json_build_object('wallet', w, 'kind', 'release', 'ref', h),
				json_build_object('wallet', v, 'kind', 'transfer', 'amount', 1, 'to', w))),
				'ok 1 =1001, ok 1 =1002, ok 1 =1003, ok 0 =1003 h-10, ok -1 =999');
			PERFORM pg_temp.gives(pg_temp.change(w, 'unfreeze'), 'ok v14');
			PERFORM pg_temp.gives((SELECT status || coalesce(freeze_mode, '') FROM wallet_shown WHERE id = w), 'open');
			PERFORM pg_temp.gives(pg_temp.try(w, 'capture', NULL, i), 'ok -10 =994 h-10');
			PERFORM pg_temp.gives((SELECT string_agg(kind || coalesce(metadata ->> 'mode', '') || ' ' || description || ' ' || amount, ', ' ORDER BY version)
				FROM transaction_shown WHERE wallet_id = w AND kind LIKE '%freeze'), 'freezeboth because 0, freezedebit because 0, unfreeze because 0');
		END $$;
	E
}

@test "a wallet is closed only when empty, and stays closed" {
	{ words; cat <<-'E'; } | sql
		DO $$ DECLARE me uuid := gen_random_uuid(); w uuid := pg_temp.filled(10, me); v uuid := pg_temp.wallet(me); x uuid; h uuid := gen_random_uuid(); p uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.gives(pg_temp.change(w, 'close'), 'wallet_not_empty', 'it holds money');
			PERFORM wallet_limits_set(gen_random_uuid(), w, '{}', '{}', '{}', 100, 2, 'x', NULL, NULL);
			PERFORM pg_temp.try(w, 'purchase', 10, op => p);
			PERFORM pg_temp.try(w, 'hold', 5, op => h);
			PERFORM pg_temp.gives(pg_temp.change(w, 'close'), 'wallet_not_empty', 'something is held');
			PERFORM pg_temp.try(w, 'release', NULL, h);
			PERFORM pg_temp.try(w, 'withdrawal', 5);
			PERFORM pg_temp.gives(pg_temp.change(w, 'close'), 'wallet_not_empty', 'something is owed');
			PERFORM pg_temp.try(w, 'deposit', 5);
			PERFORM pg_temp.change(w, 'freeze', 'both');
			PERFORM pg_temp.gives(pg_temp.change(w, 'close'), 'ok v10', 'even if frozen');
			PERFORM pg_temp.gives((SELECT status || coalesce(freeze_mode, '') FROM wallet_shown WHERE id = w), 'closed');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 1), 'wallet_closed');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 1, p), 'wallet_closed');
			PERFORM pg_temp.gives(pg_temp.change(w, k, m), 'wallet_closed', k) FROM (VALUES ('freeze', 'both'), ('unfreeze', NULL), ('close', NULL)) AS c(k, m);
			PERFORM pg_temp.gives((SELECT error FROM wallet_limits_set(gen_random_uuid(), w, '{}', '{}', '{}', 0, 2, 'x', NULL, NULL)), 'wallet_closed');
			PERFORM pg_temp.gives(pg_temp.state(w), '=0 v10 rows 10');
			-- The next wallet is now the owner's oldest; once all are closed, it is the next one they open.
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'deposit', 3, who => me, roles => 1), 'ok 3 =3');
			PERFORM pg_temp.gives((SELECT balance FROM wallet WHERE id = v), 3);
			PERFORM pg_temp.try(v, 'withdrawal', 3);
			PERFORM pg_temp.change(v, 'close');
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'deposit', 3, who => me, roles => 1), 'wallet_closed');
			x := pg_temp.wallet(me);
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'deposit', 4, who => me, roles => 1), 'ok 4 =4');
			PERFORM pg_temp.gives((SELECT balance FROM wallet WHERE id = x), 4);
		END $$;
	E
}

@test "only an operator, an existing wallet and a valid mode are accepted; a repeated key replays" {
	{ words; cat <<-'E'; } | sql
		DO $$ DECLARE w uuid := pg_temp.wallet(); op uuid := gen_random_uuid(); n int; BEGIN
			FOREACH n IN ARRAY ARRAY[0, 1, 4, 5, NULL] LOOP
				PERFORM pg_temp.gives(pg_temp.change(w, k, m, n), 'forbidden') FROM (VALUES ('freeze', 'both'), ('unfreeze', NULL), ('close', NULL)) AS c(k, m);
			END LOOP;
			PERFORM pg_temp.gives(pg_temp.change(gen_random_uuid(), 'freeze', 'both'), 'not_found');
			PERFORM pg_temp.gives(pg_temp.change(w, k, m), 'invalid_request', k) FROM (VALUES ('freeze', NULL), ('freeze', 'credit'), ('unfreeze', 'both'),
				('close', 'debit'), ('melt', NULL), (NULL, NULL), ('limit', NULL), ('deposit', NULL)) AS c(k, m);
			PERFORM pg_temp.gives(pg_temp.state(w), '=0 v1 rows 1');
			PERFORM pg_temp.gives(pg_temp.change(w, 'freeze', 'both', key => 'k', body => 'x', op => op), 'ok v2');
			PERFORM pg_temp.gives(pg_temp.change(w, 'freeze', 'both', key => 'k', body => 'x'), 'replayed v2');
			PERFORM pg_temp.gives(pg_temp.change(w, 'freeze', 'both', op => op), 'ok v2', 'the call repeated');
			PERFORM pg_temp.gives(pg_temp.change(w, 'freeze', 'debit', key => 'k', body => 'y'), 'idempotency_key_reused');
			PERFORM pg_temp.gives(pg_temp.change(w, 'close', key => 'c', body => 'x'), 'ok v3');
			PERFORM pg_temp.gives(pg_temp.change(w, 'close', key => 'c', body => 'x'), 'replayed v3', 'even if closed');
			-- post() does not accept these kinds.
			PERFORM pg_temp.gives(pg_temp.try(pg_temp.wallet(), k, 1), 'invalid_request', k) FROM unnest(ARRAY['freeze', 'unfreeze', 'close', 'limit']) AS k;
		END $$;
	E
}

@test "64 clients freeze, unfreeze, post and close: a wallet's state follows from its rows" {
	me=$(value "gen_random_uuid()")
	sql <<<"SELECT pg_temp.wallet('$me') FROM generate_series(1, 4);" >/dev/null
	w="(SELECT (array_agg(id))[1 + floor(random() * 4)::int] FROM wallet WHERE owner_id = '$me')"
	change() { # KIND MODE
		echo "SELECT error FROM wallet_change(gen_random_uuid(), $w, '$1', 2, $2, 'x', null, null);"
	}
	parallel 64 2 "$(change freeze "'debit'") $(one "$w" deposit 5 null null) $(one "$w" withdrawal 5 null null) $(change unfreeze "null")
		$(change freeze "'both'") $(one "$w" purchase 5 null null) $(change unfreeze "null")"
	sql <<<"SELECT pg_temp.try(id, 'withdrawal', balance) FROM wallet WHERE owner_id = '$me' AND balance > 0;" >/dev/null
	parallel 64 2 "$(change close null) $(one "null" deposit 5 null null)
		$(one "$w" deposit 1 null null) $(one "$w" withdrawal 1 null null) SELECT error FROM wallet_open(gen_random_uuid(), '$me', gen_random_uuid(), 'EUR', null, null, null, 6);"
	# Nothing moves in a closed wallet; the invariants check the rest.
	[ "$(value "count(*) FROM transaction t JOIN wallet w ON w.id = t.wallet_id WHERE w.owner_id = '$me' AND t.kind = 'close' AND t.version <> w.version")" -eq 0 ]
}
