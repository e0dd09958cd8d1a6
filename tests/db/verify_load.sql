-- verify_load.sql - the load of pgbench while `purse verify` runs: transfers, holds, captures and
-- deposits among the wallets.
\set amount random(1, 5)
WITH w AS MATERIALIZED (SELECT array_agg(id ORDER BY random()) AS id FROM wallet
	WHERE currency = 'EUR' AND status = 'open'),
     o AS MATERIALIZED (SELECT gen_random_uuid() AS hold)
SELECT count(p.error) FROM w, o,
	post(ARRAY[gen_random_uuid(), o.hold, gen_random_uuid(), gen_random_uuid()], ARRAY[w.id[1],
	w.id[2], w.id[2], w.id[3]],
	array_fill(NULL::uuid, ARRAY[4]), array_fill(6, ARRAY[4]),
		'{transfer,hold,capture,deposit}', ARRAY[:amount, :amount + 2, :amount,
		:amount]::bigint[],
	ARRAY[NULL, NULL, o.hold, NULL]::uuid[], array_fill(NULL::text, ARRAY[4]),
		array_fill(NULL::bytea, ARRAY[4]), array_fill(NULL::text, ARRAY[4]),
	array_fill(NULL::text, ARRAY[4]), array_fill(NULL::text, ARRAY[4]), 604800000, false, NULL,
		ARRAY[w.id[2], NULL, NULL, NULL]::uuid[], NULL, NULL) AS p;
