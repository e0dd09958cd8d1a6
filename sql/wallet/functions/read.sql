-- read.sql - what the handlers read. Run with the caller's own rights (SELECT) and find everything by primary key:
-- sequential scans are off because a plan made while a table was small outlives that.

-- The version that a wallet had at an instant: that of its last transaction before it (p_included: at or before it).
-- created_at never decreases as versions grow, so the place is found by halving; the table needs no index on time.
CREATE OR REPLACE FUNCTION version_at(p_wallet_id uuid, p_at timestamptz, p_included boolean) RETURNS bigint
LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
DECLARE
	low    bigint := 0;     -- known to be before p_at
	high   bigint;          -- known not to be, once it has moved
	middle bigint;
	at     timestamptz;
BEGIN
	SELECT w.version + 1, w.changed_at INTO high, at FROM wallet w WHERE w.id = p_wallet_id;
	IF at < p_at OR p_included AND at = p_at THEN
		RETURN high - 1;
	END IF;
	WHILE high - low > 1 LOOP
		middle := low + (high - low) / 2;
		SELECT t.created_at INTO at FROM transaction t WHERE t.wallet_id = p_wallet_id AND t.version = middle;
		IF at < p_at OR p_included AND at = p_at THEN
			low := middle;
		ELSE
			high := middle;
		END IF;
	END LOOP;
	RETURN low;
END $$;

-- A wallet's balance as it was at an instant, transactions of that very instant included; no row before its opening.
CREATE OR REPLACE FUNCTION wallet_balance_at(p_wallet_id uuid, p_at timestamptz)
RETURNS TABLE (currency text, balance bigint, held bigint, available bigint, version bigint)
LANGUAGE sql STABLE ROWS 1 AS $$
	SELECT w.currency, t.balance_after, 0::bigint, t.balance_after + w.credit_limit, t.version
	FROM transaction t JOIN wallet w ON w.id = t.wallet_id
	WHERE t.wallet_id = p_wallet_id AND t.version = version_at(p_wallet_id, p_at, true)
$$;

-- A page of transactions, newest first: of one wallet, or of all the owner's (p_wallet_id null). p_owner_id null
-- reads any wallet (operators). from/to are half open. The cursor is the last row of the page before: rows follow
-- it in the order (created_at, wallet_id, version), downwards. Each wallet gives at most p_limit rows, read
-- backwards along its primary key.
CREATE OR REPLACE FUNCTION transaction_page(p_owner_id uuid, p_wallet_id uuid, p_kind text, p_from timestamptz,
	p_to timestamptz, p_cursor_at timestamptz, p_cursor_wallet uuid, p_cursor_version bigint, p_limit integer)
RETURNS SETOF transaction_shown
LANGUAGE sql STABLE ROWS 50 SET enable_seqscan = off AS $$
	SELECT t.id, t.wallet_id, w.owner_id, t.kind, t.amount, w.currency, t.balance_after, t.version,
	       t.reference_id, t.merchant, t.description, t.metadata, t.created_at, t.xid
	FROM wallet w
	CROSS JOIN LATERAL (SELECT
		CASE WHEN p_from IS NULL THEN 0 ELSE version_at(w.id, p_from, false) END AS after,
		least(CASE WHEN p_to IS NULL THEN w.version ELSE version_at(w.id, p_to, false) END,
		      CASE WHEN p_cursor_at IS NULL THEN w.version
		           WHEN w.id = p_cursor_wallet THEN p_cursor_version - 1
		           ELSE version_at(w.id, p_cursor_at, w.id < p_cursor_wallet) END) AS until OFFSET 0) AS span
	CROSS JOIN LATERAL (SELECT * FROM transaction t
		WHERE t.wallet_id = w.id AND t.version > span.after AND t.version <= span.until
		  AND (p_kind IS NULL OR t.kind = p_kind)
		ORDER BY t.version DESC LIMIT p_limit) AS t
	WHERE (p_wallet_id IS NOT NULL AND w.id = p_wallet_id AND (p_owner_id IS NULL OR w.owner_id = p_owner_id))
	   OR (p_wallet_id IS NULL AND w.owner_id = p_owner_id)
	ORDER BY t.created_at DESC, t.wallet_id DESC, t.version DESC LIMIT p_limit
$$;
