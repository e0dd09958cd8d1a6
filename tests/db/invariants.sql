-- invariants.sql - what must always be true of the wallet database: prints a sentence for each
-- violation.
--
-- It reads one snapshot, so it can run while the system works:
--   psql -XAtq -f tests/db/invariants.sql "$WALLET_DATABASE_URL"
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL enable_seqscan = on;
SET LOCAL enable_bitmapscan = on;
SET LOCAL enable_hashjoin = on;
SET LOCAL enable_mergejoin = on;
SET LOCAL plan_cache_mode = auto;

-- Each row follows from the one before it.
SELECT format('wallet %s, version %s: %s', wallet_id, version, fault) FROM (
	SELECT wallet_id, version, CASE
		WHEN version <> row_number() OVER history THEN 'a version is missing before it'
		WHEN balance_after <> amount + coalesce(lag(balance_after) OVER history, 0)
			THEN 'balance_after does not follow from the row before'
		WHEN coalesce(held_after, 0) <> coalesce(held_change,
			0) + coalesce(lag(held_after) OVER history, 0)
			THEN 'held_after does not follow from the row before'
		WHEN coalesce(held_after, 0) < 0 THEN 'held is negative'
		WHEN created_at < lag(created_at) OVER history THEN 'is older than the row before'
		WHEN (kind = 'opening') <> (version = 1)
			THEN 'an opening is version 1 and nothing else is'
		WHEN kind NOT IN ('opening', 'deposit', 'withdrawal', 'purchase', 'cancellation',
			'reversal', 'hold', 'capture', 'release',
			'transfer', 'freeze', 'unfreeze', 'close', 'limit')
				THEN 'invalid kind ' || kind
		WHEN (amount = 0) <> (kind IN ('opening', 'hold', 'release', 'freeze', 'unfreeze',
			'close', 'limit'))
			THEN format('a %s of %s', kind, amount)
		WHEN (amount = 0) <> (contra IS NULL) THEN 'amount and contra account do not match'
		WHEN kind IN ('deposit', 'cancellation') AND amount < 0
			OR kind IN ('withdrawal', 'purchase', 'capture') AND amount > 0
			THEN 'the amount has the wrong sign for a ' || kind
		WHEN (held_change IS NULL) <> (kind NOT IN ('hold', 'capture', 'release'))
			THEN 'held_change does not fit a ' || kind
		WHEN kind = 'hold' AND held_change < 0 OR kind IN ('capture', 'release')
			AND held_change > 0
			THEN 'the hold has the wrong sign for a ' || kind
		WHEN kind = 'capture' AND held_change > amount
			THEN 'captures more than it takes from the hold'
		WHEN (expires_at IS NULL) <> (kind <> 'hold') THEN 'only a hold has expires_at'
		WHEN kind IN ('cancellation', 'reversal', 'capture', 'release')
			AND reference_id IS NULL THEN 'names no original'
		WHEN (counterpart_id IS NULL) <> (counterpart_wallet IS NULL)
			OR counterpart_wallet = wallet_id
			OR (contra IS NOT DISTINCT FROM 'transfer') <> (counterpart_id IS NOT NULL)
				THEN 'the other side is missing or invalid'
		END AS fault
	FROM transaction WINDOW history AS (PARTITION BY wallet_id ORDER BY version)) AS checked
		WHERE fault IS NOT NULL;

-- A wallet is the sum of its rows.
SELECT format('wallet %s: balance %s, held %s, version %s, but its rows add up to %s, %s, %s',
	coalesce(w.id, t.wallet_id), w.balance,
	w.held, w.version, t.total, t.held, t.rows)
FROM wallet w FULL JOIN (SELECT wallet_id, sum(amount) AS total,
	coalesce(sum(held_change), 0) AS held, count(*) AS rows,
	max(created_at) AS newest FROM transaction GROUP BY wallet_id) AS t ON t.wallet_id = w.id
WHERE w.balance IS DISTINCT FROM t.total OR w.held IS DISTINCT FROM t.held OR w.version IS DISTINCT
	FROM t.rows
	OR w.changed_at < t.newest;

SELECT format('wallet %s: held %s, balance %s, credit limit %s', id, held, balance, credit_limit)
FROM wallet WHERE held < 0 OR balance - held < -credit_limit OR balance > 9007199254740991;

-- Its state and its credit limit follow from its last change.
SELECT format('wallet %s is %s, but its last change is %s', w.id, w.status,
	coalesce(t.kind, 'none'))
FROM wallet w LEFT JOIN LATERAL (SELECT * FROM transaction t
	WHERE t.wallet_id = w.id AND t.kind IN ('freeze', 'unfreeze', 'close')
	ORDER BY t.version DESC LIMIT 1) AS t ON true
WHERE w.status <> CASE t.kind WHEN 'freeze' THEN CASE t.metadata ->> 'mode'
	WHEN 'debit' THEN 'frozen_debit' ELSE 'frozen' END
	WHEN 'close' THEN 'closed' ELSE 'open' END
   OR w.status = 'closed' AND (w.balance <> 0 OR w.held <> 0);
SELECT format('wallet %s, version %s: the credit limit changed from %s, but it was %s', t.wallet_id,
	t.version, t.before, t.known) FROM (
	SELECT t.wallet_id, t.version, t.metadata -> 'credit_limit' ->> 'from' AS before,
		c.credit_limit_before AS known,
	       lead(t.metadata -> 'credit_limit' ->> 'from', 1, w.credit_limit::text) OVER
		       (PARTITION BY t.wallet_id ORDER BY t.version) AS next,
	       t.metadata -> 'credit_limit' ->> 'to' AS after
	FROM transaction t JOIN wallet w ON w.id = t.wallet_id
	LEFT JOIN credit_limit_change c ON c.wallet_id = t.wallet_id AND c.version = t.version
		WHERE t.kind = 'limit') AS t
WHERE t.after <> t.next OR (t.before <> t.after) <> (t.known IS NOT NULL)
	OR t.known::text <> t.before;

-- For each currency, wallets and contra accounts add up to zero, and so do transfers alone.
SELECT format('%s: the wallets hold %s and the contra accounts %s', currency, sum(wallets),
	sum(contra)) FROM (
	SELECT currency, balance AS wallets, 0 AS contra FROM wallet
	UNION ALL
	SELECT w.currency, 0, -t.amount FROM transaction t JOIN wallet w ON w.id = t.wallet_id
		WHERE t.contra IS NOT NULL) AS entries
GROUP BY currency HAVING sum(wallets) + sum(contra) <> 0;
SELECT format('%s: transfers add up to %s', w.currency, sum(t.amount)) FROM transaction t
	JOIN wallet w ON w.id = t.wallet_id
WHERE t.contra = 'transfer' GROUP BY w.currency HAVING sum(t.amount) <> 0;

-- The two rows of a transfer, or of its reversal, name each other and agree.
SELECT format('transaction %s: its other side %s does not match', t.id, t.counterpart_id)
FROM transaction t JOIN wallet w ON w.id = t.wallet_id
LEFT JOIN (transaction o JOIN wallet v ON v.id = o.wallet_id) ON o.id = t.counterpart_id
LEFT JOIN transaction r ON r.id = t.reference_id
WHERE t.counterpart_id IS NOT NULL
	AND (o.counterpart_id, o.wallet_id, o.counterpart_wallet, o.kind, o.amount, o.xid,
	v.currency)
	IS DISTINCT FROM (t.id, t.counterpart_wallet, t.wallet_id, t.kind, -t.amount, t.xid,
		w.currency)
   OR t.counterpart_id IS NOT NULL AND o.reference_id IS DISTINCT FROM r.counterpart_id;

-- The undone amount is the sum of the undos, in the same wallet and on the same account, and never
-- exceeds the original. A transfer keeps it with the sender's row; the same amount of the
-- receiver's row is undone.
SELECT format('transaction %s of wallet %s: %s undone of %s, its undos add up to %s of %s',
	coalesce(u.transaction_id, t.reference_id),
	coalesce(u.wallet_id, t.wallet_id), u.undone, u.amount, t.total, o.amount)
FROM (SELECT wallet_id, transaction_id, amount, undone FROM undone
	UNION ALL SELECT o.counterpart_wallet, o.counterpart_id, u.amount, u.undone
	FROM undone u JOIN transaction o ON o.id = u.transaction_id AND o.kind = 'transfer'
		AND o.amount < 0) AS u
FULL JOIN (SELECT wallet_id, reference_id, sum(amount) AS total, min(contra) AS contra,
	max(contra) AS contra_max
	FROM transaction WHERE kind IN ('cancellation', 'reversal')
		GROUP BY wallet_id, reference_id) AS t
	ON t.wallet_id = u.wallet_id AND t.reference_id = u.transaction_id
LEFT JOIN transaction o ON o.id = coalesce(u.transaction_id, t.reference_id)
	AND o.wallet_id = coalesce(u.wallet_id, t.wallet_id)
WHERE u.undone IS DISTINCT FROM abs(t.total) OR u.amount IS DISTINCT
	FROM abs(o.amount) OR u.undone > u.amount
	OR sign(t.total) = sign(o.amount)
		OR o.kind NOT IN ('deposit', 'withdrawal', 'purchase', 'capture', 'transfer')
	OR t.contra <> o.contra OR t.contra <> t.contra_max;

-- A hold is open with the amount that its captures left, or closed with nothing left; and nothing
-- followed its end.
SELECT format('hold %s of wallet %s: %s remains of %s, its rows add up to %s of %s',
	coalesce(h.transaction_id, t.id),
	coalesce(h.wallet_id, t.wallet_id), h.remaining, h.amount, t.remaining, t.amount)
FROM hold h FULL JOIN (SELECT t.wallet_id, t.id, t.held_change AS amount, t.expires_at,
	t.held_change + coalesce(sum(c.held_change), 0) AS remaining
	FROM transaction t LEFT JOIN transaction c ON c.wallet_id = t.wallet_id
		AND c.reference_id = t.id AND c.kind IN ('capture', 'release')
	WHERE t.kind = 'hold' GROUP BY t.wallet_id, t.id, t.held_change, t.expires_at) AS t
		ON t.wallet_id = h.wallet_id AND t.id = h.transaction_id
WHERE coalesce(h.remaining, 0) IS DISTINCT FROM t.remaining OR h.amount <> t.amount
	OR h.expires_at <> t.expires_at;

-- The counters of limits are the sums of that day's and month's rows, but for those that are not
-- added yet.
SELECT format('wallet %s has used %s and %s of its %s limits, its rows add up to %s and %s',
	u.wallet_id, u.day_used, u.month_used, u.kind, t.day, t.month)
FROM limit_usage u CROSS JOIN LATERAL (
	SELECT coalesce(sum(greatest(abs(t.amount), t.held_change)) FILTER
		(WHERE t.created_at >= u.day::timestamp AT TIME ZONE 'UTC'), 0) AS day,
	       coalesce(sum(greatest(abs(t.amount), t.held_change)), 0) AS month
	FROM transaction t WHERE t.wallet_id = u.wallet_id AND t.version > u.since
		AND t.kind = u.kind AND (t.kind <> 'transfer' OR t.amount < 0)
	  AND t.created_at >= date_trunc('month', u.day::timestamp) AT TIME ZONE 'UTC') AS t
WHERE u.since IS NOT NULL AND (u.day_used <> t.day OR u.month_used <> t.month);

SELECT format('wallet %s: key %s was used %s times', wallet_id, idempotency_key, count(*))
FROM transaction WHERE idempotency_key IS NOT NULL GROUP BY wallet_id, idempotency_key
	HAVING count(*) > 1;

-- Every owner of a wallet has an oldest wallet, which is their own. It is closed only if all their
-- wallets are.
SELECT format('owner %s: oldest wallet %s', coalesce(w.owner_id, o.owner_id),
	coalesce(o.wallet_id::text, 'missing'))
FROM (SELECT owner_id, array_agg(id) AS ids, array_agg(id) FILTER (WHERE status <> 'closed') AS open
	FROM wallet GROUP BY owner_id) AS w
FULL JOIN owner o ON o.owner_id = w.owner_id
WHERE o.wallet_id IS NULL OR o.wallet_id <> ALL (coalesce(w.open, w.ids, '{}'));
COMMIT;

-- Wallets that were the oldest one belong to their owner, too.
SELECT format('owner %s: wallet %s is not theirs', p.owner_id, p.wallet_id)
FROM owner_past p LEFT JOIN wallet w ON w.id = p.wallet_id
WHERE w.owner_id IS DISTINCT FROM p.owner_id;

-- Every JSON reader keeps what a wallet shows exact.
SELECT format('wallet %s: %s available, %s held', id, available, held)
FROM wallet_shown WHERE greatest(available, held) > 9007199254740991;
