-- read.sql - reads wallets, periods and balances by primary key, with the caller's privileges
-- (SELECT).

-- Finds a wallet by id; p_any: of any owner. If p_wallet_id is NULL, finds the owner's oldest
-- open wallet, or the oldest if all are closed, as the wallet service does. Closing is the last
-- thing that happens to a wallet, so its last line shows whether it is closed. The query walks the
-- index wallet_owner up to the first open wallet; OFFSET 0 makes it look up that line by key.
CREATE OR REPLACE FUNCTION wallet_find(p_wallet_id uuid, p_owner_id uuid, p_any boolean)
RETURNS SETOF wallet
LANGUAGE plpgsql STABLE ROWS 1 AS $$
BEGIN
	IF p_wallet_id IS NULL THEN
		RETURN QUERY SELECT * FROM wallet w
			WHERE w.owner_id = p_owner_id AND NOT EXISTS (SELECT FROM line l
				WHERE l.wallet_id = w.wallet_id AND l.version = w.version
				  AND l.kind = 'close' OFFSET 0)
			ORDER BY w.wallet_id LIMIT 1;
		IF NOT FOUND THEN
			RETURN QUERY SELECT * FROM wallet w
				WHERE w.owner_id = p_owner_id ORDER BY w.wallet_id LIMIT 1;
		END IF;
	ELSE
		RETURN QUERY SELECT * FROM wallet w
			WHERE w.wallet_id = p_wallet_id AND (p_any OR w.owner_id = p_owner_id);
	END IF;
END $$;

-- The last line up to p_head that is older than an instant, or 0 if there is none. created_at never
-- decreases as versions increase, so this is a binary search.
CREATE OR REPLACE FUNCTION version_at(p_wallet_id uuid, p_at timestamptz, p_head bigint)
RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
	low    bigint := 0;            -- known to be before p_at
	high   bigint := p_head + 1;   -- known not to be
	middle bigint := p_head;       -- newest first: most statements end now
	at     timestamptz;
BEGIN
	WHILE high - low > 1 LOOP
		SELECT l.created_at INTO at FROM line l
		WHERE l.wallet_id = p_wallet_id AND l.version = middle;
		IF at < p_at THEN
			low := middle;
		ELSE
			high := middle;
		END IF;
		middle := low + (high - low) / 2;
	END LOOP;
	RETURN low;
END $$;

-- The lines of a wallet in [p_from, p_to), as of line p_head (NULL: the last line without a gap
-- before it): after < version <= until, with the opening and closing balances. `missed_since` is
-- set if a line is missing that could belong to the period. p_sum also adds up the amounts, so
-- that the whole period can be checked before a part is shown.
--
-- If the clock ran ahead and back, the last lines can be dated ahead of it, and a wallet's next
-- ones are, too. They have happened. So a period that has not ended yet has them all, and so has
-- one that ended within the last seconds, if no other line follows it: its closing balance is the
-- wallet's.
-- Lines after `dated` are later than the period by their date; `ahead` is the first that is dated
-- ahead. Later pages and files of the same statement pass its end as p_until. A client can have
-- made that up, so it only limits `until`, and an end before the period is not an inconsistency.
CREATE OR REPLACE FUNCTION statement_span(p_wallet_id uuid, p_from timestamptz, p_to timestamptz,
	p_head bigint, p_sum boolean, p_until bigint DEFAULT NULL)
RETURNS TABLE (currency text, head bigint, after bigint, until bigint, opening bigint,
	closing bigint, sum bigint, count bigint, missed_since timestamptz, dated bigint,
	ahead bigint)
LANGUAGE sql STABLE ROWS 1 AS $$
	SELECT w.currency, h.head, v.after, u.until, b.opening, b.closing, t.sum, t.count,
	       CASE WHEN p_to > least((SELECT l.created_at FROM line l
	                         WHERE l.wallet_id = w.wallet_id AND l.version = w.version),
	                         statement_timestamp())
	              OR w.version = 0 THEN w.gap_since END,
	       v.dated, CASE WHEN h.now < u.until THEN greatest(h.now, v.after) + 1 END
	FROM wallet w
	CROSS JOIN LATERAL (
		SELECT n.head, version_at(w.wallet_id, statement_timestamp(), n.head) AS now
		FROM (SELECT least(coalesce(p_head, w.version), w.version) AS head) AS n
		OFFSET 0) AS h
	CROSS JOIN LATERAL (SELECT version_at(w.wallet_id, p_from, h.head) AS after,
	                           version_at(w.wallet_id, p_to, h.head) AS dated OFFSET 0) AS v
	CROSS JOIN LATERAL (SELECT CASE
			WHEN p_until IS NOT NULL
			THEN greatest(least(p_until, h.head), v.after)
			WHEN p_to > statement_timestamp()
			  OR p_to > statement_timestamp() - interval '5 s' AND v.dated = h.now
			THEN h.head ELSE v.dated END AS until OFFSET 0) AS u
	CROSS JOIN LATERAL (SELECT CASE WHEN v.after = 0 THEN 0 ELSE
			(SELECT l.balance_after FROM line l
			 WHERE l.wallet_id = w.wallet_id AND l.version = v.after) END AS opening,
		CASE WHEN u.until = 0 THEN 0 ELSE
			(SELECT l.balance_after FROM line l
			 WHERE l.wallet_id = w.wallet_id AND l.version = u.until) END AS closing
		OFFSET 0) AS b
	CROSS JOIN LATERAL (
		SELECT coalesce(sum(l.amount), 0)::bigint AS sum, count(*) AS count FROM line l
		WHERE p_sum AND l.wallet_id = w.wallet_id AND l.version > v.after
		  AND l.version <= u.until) AS t
	WHERE w.wallet_id = p_wallet_id
$$;
