-- read.sql - what the handlers read. Run with the caller's own rights (SELECT) and find everything by primary key:
-- sequential scans are off because a plan made while a table was small outlives that.

-- The version that a wallet had at an instant: that of its last transaction before it (p_included: at or before it).
-- created_at never decreases as versions grow, so the place is found by halving; the table needs no index on time.
CREATE OR REPLACE FUNCTION version_at(p_wallet_id uuid, p_at timestamptz, p_included boolean)
RETURNS bigint
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
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
	SELECT w.currency, t.balance_after, coalesce(t.held_after, 0),
	       t.balance_after - coalesce(t.held_after, 0) + credit_limit_at(t.wallet_id, t.version), t.version
	FROM transaction t JOIN wallet w ON w.id = t.wallet_id
	WHERE t.wallet_id = p_wallet_id AND t.version = version_at(p_wallet_id, p_at, true)
$$;

-- A wallet's balance at the end of each UTC hour, day or month that touches from … to: at p_to in the last one. No rows
-- before its opening. At most 1001: who gets that many asked for too much.
CREATE OR REPLACE FUNCTION balance_history(p_wallet_id uuid, p_from timestamptz, p_to timestamptz,
	p_by text)
RETURNS TABLE (starts_at timestamptz, ends_at timestamptz, balance bigint, held bigint,
	available bigint, version bigint)
LANGUAGE plpgsql STABLE ROWS 100 SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
	opened timestamptz := (SELECT w.created_at FROM wallet w WHERE w.id = p_wallet_id);
	-- UTC without its name: adding a day to it is always 24 hours.
	start  timestamp := date_trunc(p_by, greatest(p_from, opened) AT TIME ZONE 'UTC');
	rows   integer := 0;
	at     bigint;
BEGIN
	WHILE start AT TIME ZONE 'UTC' < p_to AND rows <= 1000 LOOP
		starts_at := start AT TIME ZONE 'UTC';
		start := start + ('1 ' || p_by)::interval;
		ends_at := least(start AT TIME ZONE 'UTC', p_to);
		at := version_at(p_wallet_id, ends_at, false);
		SELECT t.balance_after, coalesce(t.held_after, 0),
		       t.balance_after - coalesce(t.held_after, 0) + credit_limit_at(p_wallet_id, t.version), t.version
		INTO balance, held, available, version
		FROM transaction t WHERE t.wallet_id = p_wallet_id AND t.version = at;
		IF FOUND THEN
			rows := rows + 1;
			RETURN NEXT;
		END IF;
	END LOOP;
END $$;

-- What a transaction shows as its amount: without its sign, and of a hold or its release what was held.
CREATE OR REPLACE FUNCTION amount_shown(p_amount bigint, p_held_change bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT abs(CASE p_amount WHEN 0 THEN coalesce(p_held_change, 0) ELSE p_amount END)
$$;

-- Has the metadata each of these members with this value (a number or true as its text)?
CREATE OR REPLACE FUNCTION metadata_has(p_metadata json, p_keys text[], p_values text[])
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT coalesce(bool_and((p_metadata ->> n.key = n.value) IS TRUE), true) FROM unnest(p_keys, p_values) AS n(key, value)
$$;

-- A page of transactions, newest first: of one wallet, or of all the owner's (p_wallet_id null). p_owner_id null
-- reads any wallet (operators). from/to are half open. The cursor is the last row of the page before: rows follow
-- it in the order (created_at, wallet_id, version), downwards. Each wallet gives at most p_limit rows, read
-- backwards along its primary key. The filters (a null looks for nothing) are tested on the way: an index for each
-- would cost every posting more than they are worth, and a wallet's rows lie together in this one.
CREATE OR REPLACE FUNCTION transaction_page(p_owner_id uuid, p_wallet_id uuid, p_kind text,
	p_from timestamptz, p_to timestamptz, p_cursor_at timestamptz, p_cursor_wallet uuid,
	p_cursor_version bigint, p_limit integer, p_merchant text DEFAULT NULL,
	p_min_amount bigint DEFAULT NULL, p_max_amount bigint DEFAULT NULL,
	p_text text DEFAULT NULL, p_meta_keys text[] DEFAULT NULL,
	p_meta_values text[] DEFAULT NULL)
RETURNS SETOF transaction_shown
LANGUAGE plpgsql STABLE ROWS 50 SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
	RETURN QUERY
	SELECT t.id, t.wallet_id, w.owner_id, t.kind, t.amount, w.currency, t.balance_after, t.version,
	       t.reference_id, t.merchant, t.description, t.metadata, t.created_at, t.xid,
	       coalesce(t.held_change, 0), t.counterpart_wallet, t.counterpart_id, t.expires_at, coalesce(t.held_after, 0)
	FROM (SELECT * FROM wallet WHERE id = p_wallet_id AND (p_owner_id IS NULL OR owner_id = p_owner_id)
	      UNION ALL
	      SELECT * FROM wallet WHERE owner_id = p_owner_id AND p_wallet_id IS NULL) AS w
	CROSS JOIN LATERAL (SELECT
		CASE WHEN p_from IS NULL THEN 0 ELSE version_at(w.id, p_from, false) END AS after,
		least(CASE WHEN p_to IS NULL THEN w.version ELSE version_at(w.id, p_to, false) END,
		      CASE WHEN p_cursor_at IS NULL THEN w.version
		           WHEN w.id = p_cursor_wallet THEN p_cursor_version - 1
		           ELSE version_at(w.id, p_cursor_at, w.id < p_cursor_wallet) END) AS until OFFSET 0) AS span
	CROSS JOIN LATERAL (SELECT * FROM transaction t
		WHERE t.wallet_id = w.id AND t.version > span.after AND t.version <= span.until
		  AND (p_kind IS NULL OR t.kind = p_kind)
		  AND (p_merchant IS NULL OR t.merchant = p_merchant)
		  AND (p_min_amount IS NULL OR amount_shown(t.amount, t.held_change) >= p_min_amount)
		  AND (p_max_amount IS NULL OR amount_shown(t.amount, t.held_change) <= p_max_amount)
		  AND (p_text IS NULL OR strpos(lower(t.description COLLATE "und-x-icu"), lower(p_text COLLATE "und-x-icu")) > 0)
		  AND (p_meta_keys IS NULL OR metadata_has(t.metadata, p_meta_keys, p_meta_values))
		ORDER BY t.version DESC LIMIT p_limit) AS t
	ORDER BY t.created_at DESC, t.wallet_id DESC, t.version DESC LIMIT p_limit;
END $$;
