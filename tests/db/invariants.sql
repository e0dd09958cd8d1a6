-- invariants.sql - what must always be true of the wallet database: prints a sentence for each violation, or nothing.
--
-- Read from one snapshot, so it may run while the system works. psql -XAtq -f tests/db/invariants.sql "$WALLET_DATABASE_URL"
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL enable_seqscan = on;
SET LOCAL enable_hashjoin = on;
SET LOCAL enable_mergejoin = on;
SET LOCAL plan_cache_mode = auto;

-- Each row follows from the one before it.
SELECT format('wallet %s, version %s: %s', wallet_id, version, fault) FROM (
	SELECT wallet_id, version, CASE
		WHEN version <> row_number() OVER history THEN 'a version is missing before it'
		WHEN balance_after <> amount + coalesce(lag(balance_after) OVER history, 0) THEN 'balance_after does not follow from the row before'
		WHEN created_at < lag(created_at) OVER history THEN 'is older than the row before'
		WHEN (kind = 'opening') <> (version = 1) THEN 'an opening is version 1 and nothing else is'
		WHEN kind = 'opening' AND (amount <> 0 OR contra IS NOT NULL) THEN 'an opening moves nothing'
		WHEN kind <> 'opening' AND (amount = 0 OR contra IS NULL) THEN 'moves nothing, or from nowhere'
		WHEN kind IN ('deposit', 'cancellation') AND amount < 0 OR kind IN ('withdrawal', 'purchase') AND amount > 0
			THEN 'the amount has the wrong sign for a ' || kind
		WHEN (kind IN ('cancellation', 'reversal')) AND reference_id IS NULL THEN 'undoes nothing'
		END AS fault
	FROM transaction WINDOW history AS (PARTITION BY wallet_id ORDER BY version)) AS checked WHERE fault IS NOT NULL;

-- A wallet is the sum of its rows.
SELECT format('wallet %s: balance %s, version %s, but its rows say %s, %s of them', coalesce(w.id, t.wallet_id), w.balance, w.version,
	t.total, t.rows)
FROM wallet w FULL JOIN (SELECT wallet_id, sum(amount) AS total, count(*) AS rows, max(created_at) AS newest
	FROM transaction GROUP BY wallet_id) AS t ON t.wallet_id = w.id
WHERE w.balance IS DISTINCT FROM t.total OR w.version IS DISTINCT FROM t.rows OR w.changed_at < t.newest;

SELECT format('wallet %s: held %s, balance %s, credit limit %s', id, held, balance, credit_limit)
FROM wallet WHERE held < 0 OR balance - held < -credit_limit OR balance > 9007199254740991;

-- Wallets and the accounts on the other side are zero in sum, for each currency.
SELECT format('%s: the wallets hold %s and the contra accounts %s', currency, sum(wallets), sum(contra)) FROM (
	SELECT currency, balance AS wallets, 0 AS contra FROM wallet
	UNION ALL
	SELECT w.currency, 0, -t.amount FROM transaction t JOIN wallet w ON w.id = t.wallet_id WHERE t.contra IS NOT NULL) AS entries
GROUP BY currency HAVING sum(wallets) + sum(contra) <> 0;

-- What is undone is the sum of what undoes it, in the same wallet, on the same account, and no more than the original.
SELECT format('transaction %s of wallet %s: %s undone of %s, its undos say %s of %s', coalesce(u.transaction_id, t.reference_id),
	coalesce(u.wallet_id, t.wallet_id), u.undone, u.amount, t.total, o.amount)
FROM undone u FULL JOIN (SELECT wallet_id, reference_id, sum(amount) AS total, min(contra) AS contra, max(contra) AS contra_max
	FROM transaction WHERE kind IN ('cancellation', 'reversal') GROUP BY wallet_id, reference_id) AS t
	ON t.wallet_id = u.wallet_id AND t.reference_id = u.transaction_id
LEFT JOIN transaction o ON o.id = coalesce(u.transaction_id, t.reference_id) AND o.wallet_id = coalesce(u.wallet_id, t.wallet_id)
WHERE u.undone IS DISTINCT FROM abs(t.total) OR u.amount IS DISTINCT FROM abs(o.amount) OR u.undone > u.amount
	OR sign(t.total) = sign(o.amount) OR o.kind NOT IN ('deposit', 'withdrawal', 'purchase')
	OR t.contra <> o.contra OR t.contra <> t.contra_max;

SELECT format('wallet %s: key %s was used %s times', wallet_id, idempotency_key, count(*))
FROM transaction WHERE idempotency_key IS NOT NULL GROUP BY wallet_id, idempotency_key HAVING count(*) > 1;

-- An owner's oldest wallet is his, and who has a wallet has an oldest one.
SELECT format('owner %s: oldest wallet %s', coalesce(w.owner_id, o.owner_id), coalesce(o.wallet_id::text, 'missing'))
FROM (SELECT owner_id, array_agg(id) AS ids, min(created_at) AS first FROM wallet GROUP BY owner_id) AS w
FULL JOIN owner o ON o.owner_id = w.owner_id
WHERE o.wallet_id IS NULL OR o.wallet_id <> ALL (coalesce(w.ids, '{}'));
COMMIT;
