#!/usr/bin/env bats
# rules.bats - the table of rules, row by row: what each kind does, and each refusal, which changes
# nothing.

load helper

@test "deposit, withdrawal and purchase move the balance and count the version" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); BEGIN
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 100), 'ok 100 =100');
			PERFORM pg_temp.gives(pg_temp.try(w, 'withdrawal', 30), 'ok -30 =70');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 70), 'ok -70 =0');
			PERFORM pg_temp.gives(pg_temp.state(w), '=0 v4 rows 4');
			PERFORM pg_temp.gives((SELECT string_agg(format('%s %s %s %s', version, kind, amount, contra), ', ' ORDER BY version)
				FROM transaction WHERE wallet_id = w),
				'1 opening 0 , 2 deposit 100 funding, 3 withdrawal -30 payout, 4 purchase -70 merchant');
		END $$;
	E
}

@test "the row returns what was sent, metadata byte for byte" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); p posted; BEGIN
			SELECT * INTO p FROM pg_temp.batch(json_build_array(json_build_object('wallet', w, 'kind', 'deposit', 'amount', 5,
				'merchant', 'M', 'description', 'D', 'metadata', '{"b": 1,  "a":[1.50]}')));
			PERFORM pg_temp.gives(format('%s|%s|%s|%s', p.merchant, p.description, p.metadata, p.currency), 'M|D|{"b": 1,  "a":[1.50]}|EUR');
			PERFORM pg_temp.gives((SELECT s.metadata::text FROM transaction_shown s WHERE s.id = p.id), '{"b": 1,  "a":[1.50]}');
			PERFORM pg_temp.gives(p.owner_id, (SELECT owner_id FROM wallet WHERE id = w));
		END $$;
	E
}

@test "insufficient_funds reports the available, held and required amounts" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); k text; p posted; BEGIN
			PERFORM pg_temp.try(w, 'deposit', 99);
			FOREACH k IN ARRAY ARRAY['withdrawal', 'purchase'] LOOP
				SELECT * INTO p FROM pg_temp.batch(json_build_array(json_build_object('wallet', w, 'kind', k, 'amount', 100)));
				PERFORM pg_temp.gives(format('%s %s %s %s', p.error, p.available, p.held, p.required), 'insufficient_funds 99 0 100', k);
			END LOOP;
			PERFORM pg_temp.gives(pg_temp.state(w), '=99 v2 rows 2');
		END $$;
	E
}

@test "held money is not available; credit is" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); BEGIN
			PERFORM wallet_limits_set(gen_random_uuid(), w, '{}', '{}', '{}', 50, 2, 'an overdraft', NULL, NULL);
			PERFORM pg_temp.gives(pg_temp.try(w, 'hold', 30), 'ok 0 =0 h30');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 21), 'insufficient_funds');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 20), 'ok -20 =-20');
			PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', 1), 'insufficient_funds');
			PERFORM pg_temp.gives(pg_temp.funds(w), '=-20 held 30 available 0');
		END $$;
	E
}

@test "balance_limit: 2^53-1, and not one more" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); BEGIN
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 9007199254740991), 'ok 9007199254740991 =9007199254740991');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 1), 'balance_limit');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 9007199254740991), 'balance_limit');
			PERFORM pg_temp.gives(pg_temp.state(w), '=9007199254740991 v2 rows 2');
			PERFORM pg_temp.try(w, 'withdrawal', 9007199254740991);
		END $$;
	E
}

@test "invalid_request: values that handlers and consumers never let through" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); a bigint; BEGIN
			FOREACH a IN ARRAY ARRAY[0, -1, 9007199254740992, 9223372036854775807, -9223372036854775808, NULL] LOOP
				PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', a), 'invalid_request', a::text);
				PERFORM pg_temp.gives(pg_temp.try(w, 'purchase', a), 'invalid_request', a::text);
			END LOOP;
			PERFORM pg_temp.gives(pg_temp.try(w, 'opening', 1), 'invalid_request');
			PERFORM pg_temp.gives(pg_temp.try(w, 'gift', 1), 'invalid_request');
			PERFORM pg_temp.gives(pg_temp.try(w, NULL, 1), 'invalid_request');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 1), 'invalid_request');
			PERFORM pg_temp.gives(pg_temp.state(w), '=0 v1 rows 1');
		END $$;
	E
}

@test "users reach only their own wallets, and get not_found for others; operators and services reach any" {
	sql <<-'E'
		DO $$ DECLARE me uuid := gen_random_uuid(); she uuid := gen_random_uuid(); w uuid := pg_temp.wallet(me); BEGIN
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 5, who => me, roles => 1), 'ok 5 =5');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 5, who => she, roles => 1), 'not_found');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 5, who => she, roles => 0), 'not_found');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 5, who => NULL, roles => 1), 'not_found');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 5, who => she, roles => 2), 'ok 5 =10');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 5, who => she, roles => 4), 'ok 5 =15');
			PERFORM pg_temp.gives(pg_temp.try(gen_random_uuid(), 'deposit', 5, who => me, roles => 7), 'not_found');
			-- NULL roles mean none, not all.
			PERFORM pg_temp.gives((SELECT error FROM post(ARRAY[gen_random_uuid()], ARRAY[w], ARRAY[she], ARRAY[NULL::int], '{deposit}',
				'{5}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', 604800000, false, NULL)), 'not_found');
			-- With 16, the roles do not reach the wallet of another user.
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 5, who => she, roles => 6 | 16), 'not_found');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 5, who => she, roles => 4 | 16), 'not_found');
			-- The owner's key does not reveal the wallet either.
			PERFORM pg_temp.try(w, 'deposit', 5, who => me, roles => 1, key => 'k', body => 'b');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 5, who => she, roles => 1, key => 'k', body => 'b'), 'not_found');
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 5, who => she, roles => 1, key => 'k', body => 'x'), 'not_found');
		END $$;
	E
}

@test "with the bit 16 an owner has the rights of the other roles" {
	sql <<-'E'
		DO $$ DECLARE me uuid := gen_random_uuid(); w uuid := pg_temp.wallet(me); d uuid; BEGIN
			PERFORM pg_temp.gives(pg_temp.try(w, 'deposit', 5, who => me, roles => 6 | 16), 'ok 5 =5');
			d := (SELECT id FROM transaction WHERE wallet_id = w AND kind = 'deposit');
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', 5, d, who => me, roles => 6 | 16), 'ok -5 =0');
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', 5, d, who => me, roles => 16), 'forbidden');
		END $$;
	E
}

@test "without a wallet_id the oldest wallet is used; without any wallet, not_found" {
	sql <<-'E'
		DO $$ DECLARE me uuid := gen_random_uuid(); first uuid := pg_temp.wallet(me); later uuid := pg_temp.wallet(me); BEGIN
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'deposit', 5, who => me, roles => 1), 'ok 5 =5');
			PERFORM pg_temp.gives(pg_temp.state(first), '=5 v2 rows 2');
			PERFORM pg_temp.gives(pg_temp.state(later), '=0 v1 rows 1');
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'deposit', 5, who => gen_random_uuid(), roles => 7), 'not_found');
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'deposit', 5, who => NULL, roles => 6), 'not_found');
		END $$;
	E
}

@test "a deposit by event opens a user's first wallet; a refused operation opens none" {
	sql <<-'E'
		DO $$ DECLARE he uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'purchase', 5, who => he, open => 'CHF'), 'insufficient_funds');
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'purchase', NULL, who => he, open => 'CHF'), 'not_found');
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'reversal', 5, who => he, ref => he, open => 'CHF'), 'not_found');
			PERFORM pg_temp.gives(pg_temp.try(gen_random_uuid(), 'purchase', 5, who => he, open => 'CHF'), 'not_found');
			PERFORM pg_temp.gives(pg_temp.try(NULL, 'deposit', 0, who => he, open => 'CHF'), 'not_found');
			PERFORM pg_temp.gives((SELECT count(*) FROM wallet WHERE owner_id = he), 0);
			PERFORM pg_temp.gives(pg_temp.words(json_build_array(
				json_build_object('who', he, 'kind', 'deposit', 'amount', 50),
				json_build_object('who', he, 'kind', 'purchase', 'amount', 20)), open => 'CHF'), 'ok 50 =50, ok -20 =30');
			PERFORM pg_temp.gives((SELECT string_agg(format('%s %s v%s', currency, balance, version), ',') FROM wallet WHERE owner_id = he),
				'CHF 30 v3');
			PERFORM pg_temp.gives((SELECT substr(id::text, 15, 1) FROM wallet WHERE owner_id = he), '7', 'the id is a UUIDv7');
		END $$;
	E
}

@test "cancellation: whole, in parts, never more than the purchase" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); a uuid := gen_random_uuid(); b uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.try(w, 'deposit', 1000);
			PERFORM pg_temp.try(w, 'purchase', 300, op => a);
			PERFORM pg_temp.try(w, 'purchase', 100, op => b);
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 100, a), 'ok 100 =700', 'part');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 201, a), 'exceeds_original', 'more than is left');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 50, a), 'ok 50 =750', 'another part');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', NULL, a), 'ok 150 =900', 'what is left');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', NULL, a), 'already_undone', 'again');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 1, a), 'already_undone', 'again, a part');
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', NULL, a), 'already_undone', 'by reversal');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 101, b), 'exceeds_original', 'at once');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', NULL, b), 'ok 100 =1000', 'whole');
			PERFORM pg_temp.gives((SELECT string_agg(DISTINCT contra, ',') FROM transaction WHERE wallet_id = w AND kind = 'cancellation'),
				'merchant', 'the account on the other side is the original''s');
		END $$;
	E
}

@test "cancellation: only of a purchase; a cancellation or reversal cannot be undone" {
	sql <<-'E'
		DO $$ DECLARE w uuid := pg_temp.wallet(); d uuid := gen_random_uuid(); o uuid := gen_random_uuid(); p uuid := gen_random_uuid();
			c uuid := gen_random_uuid(); r uuid := gen_random_uuid(); k text; BEGIN
			PERFORM pg_temp.try(w, 'deposit', 1000, op => d);
			PERFORM pg_temp.try(w, 'withdrawal', 100, op => o);
			PERFORM pg_temp.try(w, 'purchase', 100, op => p);
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', NULL, d), 'not_undoable', 'a deposit');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', NULL, o), 'not_undoable', 'a withdrawal');
			PERFORM pg_temp.try(w, 'cancellation', 40, p, op => c);
			PERFORM pg_temp.try(w, 'reversal', 40, p, op => r);
			FOREACH k IN ARRAY ARRAY['cancellation', 'reversal'] LOOP
				PERFORM pg_temp.gives(pg_temp.try(w, k, NULL, c), 'not_undoable', k || ' of a cancellation');
				PERFORM pg_temp.gives(pg_temp.try(w, k, NULL, r), 'not_undoable', k || ' of a reversal');
				PERFORM pg_temp.gives(pg_temp.try(w, k, NULL, (SELECT id FROM transaction WHERE wallet_id = w AND version = 1)),
					'not_undoable', k || ' of an opening');
			END LOOP;
		END $$;
	E
}

@test "cancellation: by the owner or an operator; a service that is not the owner is forbidden" {
	sql <<-'E'
		DO $$ DECLARE me uuid := gen_random_uuid(); she uuid := gen_random_uuid(); w uuid := pg_temp.wallet(me); p uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.try(w, 'deposit', 100);
			PERFORM pg_temp.try(w, 'purchase', 100, op => p);
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 10, p, who => she, roles => 1), 'not_found');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 10, p, who => she, roles => 4), 'forbidden');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 10, p, who => me, roles => 1), 'ok 10 =10');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 10, p, who => me, roles => 4), 'ok 10 =20', 'a service, in its own wallet');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 10, p, who => she, roles => 2), 'ok 10 =30');
		END $$;
	E
}

@test "cancellation: within the window, to the microsecond; a reversal has no window" {
	# The clock is replaced in a transaction that is rolled back, so no one else sees it.
	as_owner <<-'E'
		BEGIN;
		SET LOCAL test.clock = '2030-01-01 00:00:00Z';
		CREATE OR REPLACE FUNCTION wallet_clock() RETURNS timestamptz LANGUAGE sql VOLATILE
			AS $$ SELECT current_setting('test.clock')::timestamptz $$;
		DO $$ DECLARE w uuid := pg_temp.wallet(); p uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.try(w, 'deposit', 100);
			PERFORM pg_temp.try(w, 'purchase', 100, op => p);
			PERFORM set_config('test.clock', '2030-01-07 23:59:59.999999Z', true);
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 10, p), 'ok 10 =10', 'the last microsecond');
			PERFORM set_config('test.clock', '2030-01-08 00:00:00Z', true);
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 10, p), 'not_undoable', 'the first after it');
			PERFORM pg_temp.gives(pg_temp.try(w, 'cancellation', 10, p, win => '8 days'), 'ok 10 =20', 'a longer window');
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', 10, p), 'ok 10 =30');
		END $$;
		ROLLBACK;
	E
}

@test "reversal: the opposite of a deposit, withdrawal or purchase, by an operator or a service" {
	sql <<-'E'
		DO $$ DECLARE me uuid := gen_random_uuid(); w uuid := pg_temp.wallet(me);
			d uuid := gen_random_uuid(); o uuid := gen_random_uuid(); p uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.try(w, 'deposit', 100, op => d);
			PERFORM pg_temp.try(w, 'withdrawal', 20, op => o);
			PERFORM pg_temp.try(w, 'purchase', 30, op => p);
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', NULL, p, who => me, roles => 1), 'forbidden');
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', NULL, p, who => me, roles => 2), 'ok 30 =80');
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', 15, o, roles => 4), 'ok 15 =95');
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', NULL, o, roles => 4), 'ok 5 =100');
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', 60, d), 'ok -60 =40');
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', 41, d), 'exceeds_original');
			PERFORM pg_temp.try(w, 'purchase', 1);
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', NULL, d), 'insufficient_funds', 'spent money cannot be taken back');
			PERFORM pg_temp.gives(pg_temp.try(w, 'reversal', 39, d), 'ok -39 =0', 'available money can');
		END $$;
	E
}

@test "a reference to another wallet's transaction is not found" {
	sql <<-'E'
		DO $$ DECLARE me uuid := gen_random_uuid(); a uuid := pg_temp.wallet(me); b uuid := pg_temp.wallet(me); p uuid := gen_random_uuid(); BEGIN
			PERFORM pg_temp.try(a, 'deposit', 100);
			PERFORM pg_temp.try(a, 'purchase', 100, op => p);
			PERFORM pg_temp.gives(pg_temp.try(b, 'cancellation', NULL, p, who => me, roles => 1), 'not_found');
			PERFORM pg_temp.gives(pg_temp.try(b, 'reversal', NULL, p), 'not_found');
			PERFORM pg_temp.gives(pg_temp.try(a, 'cancellation', NULL, gen_random_uuid()), 'not_found');
			PERFORM pg_temp.gives(pg_temp.state(a), '=0 v3 rows 3');
		END $$;
	E
}

@test "frozen and closed wallets refuse every kind, but still replay earlier answers" {
	w=$(value "pg_temp.wallet()") p=$(value "gen_random_uuid()") h=$(value "gen_random_uuid()")
	sql <<-E
		SELECT pg_temp.try('$w', 'deposit', 100, key => 'k', body => 'b');
		SELECT pg_temp.try('$w', 'purchase', 50, op => '$p');
		SELECT pg_temp.try('$w', 'hold', 50, op => '$h');
	E
	for status in frozen closed; do
		# Only inside this transaction, because the wallet has no row for the change.
		as_owner <<-E
			BEGIN;
			UPDATE wallet SET status = '$status' WHERE id = '$w';
			SELECT pg_temp.gives(pg_temp.try('$w', k, a, r, "to" => t), 'wallet_$status', k) FROM (VALUES ('deposit', 5, null::uuid, null::uuid),
				('withdrawal', 5, null, null), ('purchase', 5, null, null), ('cancellation', 5, '$p', null), ('reversal', 5, '$p', null),
				('hold', 5, null, null), ('capture', 5, '$h', null), ('release', null, '$h', null), ('transfer', 5, null, pg_temp.wallet()))
				AS kinds(k, a, r, t);
			SELECT pg_temp.gives(pg_temp.try('$w', 'deposit', 100, key => 'k', body => 'b'), 'replayed 100 =100');
			SELECT pg_temp.gives(pg_temp.state('$w'), '=50 v4 rows 4');
			ROLLBACK;
		E
	done
}

@test "a refusal in a batch does not affect its neighbours" {
	sql <<-'E'
		DO $$ DECLARE a uuid := pg_temp.wallet(); b uuid := pg_temp.wallet(); BEGIN
			PERFORM pg_temp.gives(pg_temp.words(json_build_array(
				json_build_object('wallet', b, 'kind', 'purchase', 'amount', 1),
				json_build_object('wallet', a, 'kind', 'deposit', 'amount', 10),
				json_build_object('wallet', gen_random_uuid(), 'kind', 'deposit', 'amount', 10),
				json_build_object('wallet', a, 'kind', 'purchase', 'amount', 11),
				json_build_object('wallet', b, 'kind', 'deposit', 'amount', 7),
				json_build_object('wallet', a, 'kind', 'nonsense', 'amount', 1),
				json_build_object('wallet', a, 'kind', 'purchase', 'amount', 10),
				json_build_object('wallet', b, 'kind', 'withdrawal', 'amount', 7))),
				'insufficient_funds, ok 10 =10, not_found, insufficient_funds, ok 7 =7, invalid_request, ok -10 =0, ok -7 =0');
		END $$;
	E
}
