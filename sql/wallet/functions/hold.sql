-- hold.sql - holds: the rules of their kinds, the rows of open holds, and the release of expired ones.

-- What a hold, capture or release would change. `error` is why its kind refuses it, else null.
CREATE OR REPLACE FUNCTION hold_effect(p_kind text, p_wallet_id uuid, p_amount bigint,
	p_reference_id uuid, p_original_kind text, p_expires_at timestamptz, p_final boolean,
	p_expiry boolean, p_clock timestamptz, OUT delta bigint, OUT hold_delta bigint,
	OUT error text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	h hold;
BEGIN
	IF p_kind = 'hold' THEN
		delta := 0;
		hold_delta := p_amount;
		error := CASE WHEN (p_amount BETWEEN 1 AND 9007199254740991
			AND p_expires_at > p_clock) IS NOT TRUE THEN 'invalid_request' END;
		RETURN;
	END IF;
	SELECT * INTO h FROM hold WHERE wallet_id = p_wallet_id AND transaction_id = p_reference_id;
	-- 0 if there is no such hold; then there is an error, too.
	delta := CASE p_kind WHEN 'capture' THEN -coalesce(p_amount, h.remaining, 0) ELSE 0 END;
	hold_delta := CASE WHEN p_kind = 'capture' AND NOT coalesce(p_final, true) THEN delta
	                   ELSE -h.remaining END;
	error := CASE WHEN p_kind = 'release' AND p_amount IS NOT NULL OR p_reference_id IS NULL
	                OR p_amount NOT BETWEEN 1 AND 9007199254740991 THEN 'invalid_request'
	              WHEN p_original_kind IS NULL THEN 'not_found'
	              WHEN p_original_kind <> 'hold' THEN 'not_a_hold'
	              WHEN h.transaction_id IS NULL OR h.expires_at <= p_clock AND NOT p_expiry
	              THEN 'hold_closed'
	              WHEN p_amount > h.remaining THEN 'exceeds_hold' END;
END $$;

-- Opens, lowers and closes holds according to these rows. No two of them refer to the same hold.
CREATE OR REPLACE FUNCTION post_holds_write(p_rows transaction[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	INSERT INTO hold (wallet_id, transaction_id, amount, remaining, expires_at)
	SELECT r.wallet_id, r.id, r.held_change, r.held_change, r.expires_at
	FROM unnest(p_rows) AS r WHERE r.kind = 'hold';
	DELETE FROM hold h USING unnest(p_rows) AS r
	WHERE r.kind IN ('capture', 'release')
	  AND h.wallet_id = r.wallet_id AND h.transaction_id = r.reference_id
	  AND h.remaining + r.held_change = 0;
	UPDATE hold h SET remaining = h.remaining + r.held_change FROM unnest(p_rows) AS r
	WHERE r.kind = 'capture'
	  AND h.wallet_id = r.wallet_id AND h.transaction_id = r.reference_id;
END $$;

-- Releases up to p_limit expired holds, the earliest expired first, and returns how many. It locks
-- wallets like post(), and then finds only holds that no one else closed while it waited. So any
-- number of copies can run at once.
CREATE OR REPLACE FUNCTION hold_expire(p_limit integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
	wallets  uuid[];
	holds    uuid[];
	released bigint;
BEGIN
	SELECT array_agg(h.wallet_id), array_agg(h.transaction_id) INTO wallets, holds
	FROM (SELECT * FROM hold WHERE expires_at <= wallet_clock()
	      ORDER BY expires_at LIMIT p_limit) AS h;
	IF wallets IS NULL THEN
		RETURN 0;
	END IF;
	PERFORM 1 FROM wallet w WHERE w.id = ANY (wallets) ORDER BY w.id FOR NO KEY UPDATE;
	SELECT count(*) FILTER (WHERE p.error = 'ok') INTO released
	FROM (SELECT array_agg(uuid_v7(wallet_clock())) AS ops, array_agg(h.wallet_id) AS wallets,
	             array_agg(4 | 8) AS roles, array_agg('release'::text) AS kinds,
	             array_agg(h.transaction_id) AS ids, array_agg('expired'::text) AS reasons
	      FROM unnest(wallets, holds) AS n(wallet_id, transaction_id)
	      JOIN hold h ON h.wallet_id = n.wallet_id AND h.transaction_id = n.transaction_id
	      HAVING count(*) > 0) AS a
	CROSS JOIN LATERAL post(a.ops, a.wallets, NULL, a.roles, a.kinds, NULL, a.ids, NULL, NULL,
		NULL, a.reasons, NULL, NULL::bigint, false, NULL) AS p;
	RETURN released;
END $$;

-- A page of a wallet's open holds, newest first. p_before is the last hold of the previous page.
CREATE OR REPLACE FUNCTION wallet_holds(p_wallet_id uuid, p_before uuid, p_limit integer)
RETURNS TABLE (id uuid, wallet_id uuid, amount bigint, remaining bigint, currency text,
	expires_at timestamptz, merchant text, description text, metadata json,
	created_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 50 SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT t.id, t.wallet_id, h.amount, h.remaining, w.currency::text, h.expires_at,
	       t.merchant, t.description, t.metadata, t.created_at
	FROM (SELECT * FROM hold WHERE hold.wallet_id = p_wallet_id
	      AND hold.transaction_id < coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
	      ORDER BY hold.transaction_id DESC LIMIT p_limit) AS h
	JOIN wallet w ON w.id = h.wallet_id JOIN transaction t ON t.id = h.transaction_id
	ORDER BY h.transaction_id DESC;
END $$;
