-- verify.sql - small books with a row of each kind, for verify.bats: written through post() and
-- similar functions, some rows named.
CREATE TABLE named (name text PRIMARY KEY, id uuid NOT NULL);

-- Posts one operation, and stores its row's id under the name, if given.
CREATE FUNCTION pg_temp.op(kind text, wallet uuid, amount bigint, ref uuid DEFAULT NULL,
	name text DEFAULT NULL, to_wallet uuid DEFAULT NULL,
	final boolean DEFAULT NULL) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	p record;
BEGIN
	SELECT * INTO p FROM post(ARRAY[gen_random_uuid()], ARRAY[wallet], ARRAY[NULL::uuid],
		ARRAY[6], ARRAY[kind], ARRAY[amount], ARRAY[ref],
		ARRAY[NULL::text], ARRAY[NULL::bytea], ARRAY[CASE kind
			WHEN 'purchase' THEN 'Shop' END], ARRAY[CASE kind
			WHEN 'transfer' THEN 'Rent' END],
		ARRAY[NULL::text], 604800000, false, NULL, ARRAY[to_wallet], ARRAY[CASE kind
			WHEN 'hold' THEN now() + interval '1 day' END], ARRAY[final]);
	IF p.error <> 'ok' THEN
		RAISE EXCEPTION '% of %: %', kind, amount, p.error;
	END IF;
	INSERT INTO named SELECT op.name, p.id WHERE op.name IS NOT NULL;
	RETURN p.id;
END $$;

DO $$
DECLARE
	w uuid[] := ARRAY(SELECT (wallet_open(gen_random_uuid(), gen_random_uuid(),
		gen_random_uuid(), CASE WHEN i < 9 THEN 'EUR'
		ELSE 'USD' END, NULL, NULL, NULL, 100)).id
		FROM generate_series(1, 10) AS i);
	x uuid;
BEGIN
	FOR i IN 1 .. 10 LOOP
		x := pg_temp.op('deposit', w[i], 1000, name => CASE i WHEN 1 THEN 'deposit' END);
	END LOOP;
	x := pg_temp.op('purchase', w[1], 30, name => 'purchase');
	x := pg_temp.op('cancellation', w[1], 10, x, 'cancellation');
	PERFORM pg_temp.op('withdrawal', w[1], 5, name => 'withdrawal');
	PERFORM pg_temp.op('reversal', w[1], 2, (SELECT id FROM named WHERE name = 'deposit'),
		'reversal');
	x := pg_temp.op('hold', w[2], 100, name => 'hold');
	PERFORM pg_temp.op('capture', w[2], 40, x, 'capture', final => false);
	x := pg_temp.op('hold', w[2], 50);
	x := pg_temp.op('capture', w[2], 20, x);
	PERFORM pg_temp.op('cancellation', w[2], 7, x);
	x := pg_temp.op('hold', w[2], 60);
	PERFORM pg_temp.op('release', w[2], NULL, x, 'release');
	x := pg_temp.op('transfer', w[3], 50, name => 'transfer', to_wallet => w[4]);
	PERFORM pg_temp.op('reversal', w[3], 15, x);
	x := pg_temp.op('transfer', w[4], 70, to_wallet => w[3]);
	PERFORM pg_temp.op('reversal', w[3], NULL, (SELECT counterpart_id FROM transaction
		WHERE id = x));
	PERFORM wallet_change(gen_random_uuid(), w[5], 'freeze', 2, 'both', 'why', NULL, NULL);
	PERFORM wallet_change(gen_random_uuid(), w[5], 'unfreeze', 2, NULL, 'why', NULL, NULL);
	PERFORM wallet_change(gen_random_uuid(), w[6], 'freeze', 2, 'debit', 'why', NULL, NULL);
	PERFORM pg_temp.op('withdrawal', w[7], 1000);
	PERFORM wallet_change(gen_random_uuid(), w[7], 'close', 2, NULL, 'why', NULL, NULL);
	PERFORM wallet_limits_set(gen_random_uuid(), w[8], '{deposit}', '{day}', '{100000}', 500, 2,
		'why', NULL, NULL);
	PERFORM pg_temp.op('purchase', w[8], 1400);
	PERFORM currency_limits_set(c, 50, '{deposit,purchase}', '{month,day}', '{9000000,8000000}')
	FROM unnest('{EUR,CHF,SEK,NOK,DKK,PLN,CZK}'::text[]) AS c;
	PERFORM pg_temp.op('deposit', w[8], 25);
	PERFORM post(ARRAY[gen_random_uuid()], ARRAY[w[8]], ARRAY[NULL::uuid], ARRAY[6],
		'{deposit}', '{5}', ARRAY[NULL::uuid], '{key}', ARRAY['\x0102'::bytea], '{Shop}',
		'{Gift}', ARRAY['{"order": 7}'], 604800000, false, NULL);
	-- An owner whose first wallet is closed, and one who has only a closed one.
	SELECT owner_id INTO x FROM wallet WHERE id = w[7];
	PERFORM wallet_open(gen_random_uuid(), x, gen_random_uuid(), 'EUR', 'Second', 'opened',
		'\x03', 100);
	PERFORM wallet_open(gen_random_uuid(), x, gen_random_uuid(), 'EUR', 'Third', NULL, NULL,
		100);
	x := gen_random_uuid();
	PERFORM wallet_open(x, gen_random_uuid(), gen_random_uuid(), 'USD', NULL, NULL, NULL, 100);
	PERFORM wallet_change(gen_random_uuid(), x, 'close', 2, NULL, 'why', NULL, NULL);
	PERFORM reject(ARRAY[gen_random_uuid()], ARRAY['{"code": "not_found"}']);
	PERFORM batch_claim(gen_random_uuid(), 'batch', '\x04');
	INSERT INTO named SELECT t.kind, t.id FROM transaction t
		WHERE t.kind = 'close' AND t.wallet_id = w[7] OR t.kind = 'limit'
		OR t.kind = 'freeze' AND t.wallet_id = w[6];
	INSERT INTO named SELECT 'keyed', t.id FROM transaction t WHERE t.idempotency_key = 'key';
	INSERT INTO named SELECT 'second', t.id FROM transaction t JOIN wallet o
		ON o.id = t.wallet_id WHERE o.name = 'Second' AND t.version = 1;
END $$;
