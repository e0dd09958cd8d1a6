-- lines.sql - stores lines: a batch of events in any order, with duplicates, in one round trip and
-- one commit.

-- The effect of a kind on the balance: 1, -1 or 0 (held money is not spent). NULL if it depends on
-- the previous line. For older events, which have no balance_change.
CREATE OR REPLACE FUNCTION kind_sign(p_kind text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN p_kind IN ('deposit', 'cancellation') THEN 1
		WHEN p_kind IN ('withdrawal', 'purchase', 'capture') THEN -1
		WHEN p_kind IN ('opening', 'hold', 'release', 'freeze', 'unfreeze', 'close',
			'limit') THEN 0 END
$$;

-- The last line that follows p_head without a gap. Reads only the lines up to the gap.
CREATE OR REPLACE FUNCTION line_head(p_wallet_id uuid, p_head bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
	head bigint := p_head;
	next bigint;
BEGIN
	FOR next IN SELECT l.version FROM line l
		WHERE l.wallet_id = p_wallet_id AND l.version > p_head ORDER BY l.version LOOP
		EXIT WHEN next <> head + 1;
		head := next;
	END LOOP;
	RETURN head;
END $$;

-- The events of a batch as rows. Inlined by the planner, so it costs nothing.
CREATE OR REPLACE FUNCTION line_events(p_wallet_ids uuid[], p_versions bigint[],
	p_transaction_ids uuid[], p_owner_ids uuid[], p_currencies text[], p_kinds text[],
	p_amounts bigint[], p_balances bigint[], p_merchants text[], p_descriptions text[],
	p_reference_ids uuid[], p_created timestamptz[], p_counterpart_wallets uuid[],
	p_counterpart_ids uuid[], p_changes bigint[])
RETURNS TABLE (wallet_id uuid, version bigint, transaction_id uuid, owner_id uuid, currency text,
	kind text, amount bigint, balance_after bigint, merchant text, description text,
	reference_id uuid, created_at timestamptz, counterpart_wallet uuid, counterpart_id uuid,
	change bigint, place bigint)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT * FROM unnest(p_wallet_ids, p_versions, p_transaction_ids, p_owner_ids,
		p_currencies, p_kinds, p_amounts, p_balances, p_merchants, p_descriptions,
		p_reference_ids, p_created, p_counterpart_wallets, p_counterpart_ids, p_changes)
		WITH ORDINALITY
$$;

-- Stores a batch; each place in the arrays is one event. Ignores lines that are stored already.
-- Returns the places (from 1) of events that contradict the stored line, such as another
-- transaction under the same version, or another owner. p_changes: the change of the balance by
-- each event; NULL in older events.
--
-- New wallets are inserted, then all are locked, both in the order of their ids. So two consumers
-- with the same wallets wait for each other and never deadlock.
CREATE OR REPLACE FUNCTION lines_store(p_wallet_ids uuid[], p_versions bigint[],
	p_transaction_ids uuid[], p_owner_ids uuid[], p_currencies text[], p_kinds text[],
	p_amounts bigint[], p_balances bigint[], p_merchants text[], p_descriptions text[],
	p_reference_ids uuid[], p_created timestamptz[],
	p_counterpart_wallets uuid[] DEFAULT NULL, p_counterpart_ids uuid[] DEFAULT NULL,
	p_changes bigint[] DEFAULT NULL)
RETURNS TABLE (place integer)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	wallets uuid[];
	firsts  bigint[];
	lasts   bigint[];
	counts  bigint[];
	stored  bigint;
BEGIN
	INSERT INTO wallet AS w (wallet_id, owner_id, currency)
	SELECT DISTINCT ON (n.wallet_id) n.wallet_id, n.owner_id, n.currency
	FROM unnest(p_wallet_ids, p_owner_ids, p_currencies) AS n(wallet_id, owner_id, currency)
	WHERE NOT EXISTS (SELECT FROM wallet k WHERE k.wallet_id = n.wallet_id)
	ORDER BY n.wallet_id
	ON CONFLICT DO NOTHING;
	PERFORM FROM wallet w WHERE w.wallet_id = ANY (p_wallet_ids)
	ORDER BY w.wallet_id FOR NO KEY UPDATE;

	WITH added AS (
		INSERT INTO line AS l (wallet_id, version, transaction_id, kind, amount,
			balance_after, merchant, description, reference_id, created_at,
			counterpart_wallet, counterpart_id)
		SELECT n.wallet_id, n.version, n.transaction_id, n.kind,
			coalesce(n.change, n.amount * kind_sign(n.kind)), n.balance_after,
			n.merchant, n.description, n.reference_id, n.created_at,
			n.counterpart_wallet, n.counterpart_id
		FROM line_events(p_wallet_ids, p_versions, p_transaction_ids, p_owner_ids,
			p_currencies, p_kinds, p_amounts, p_balances, p_merchants, p_descriptions,
			p_reference_ids, p_created, p_counterpart_wallets, p_counterpart_ids,
			p_changes) AS n
		JOIN wallet w ON w.wallet_id = n.wallet_id AND w.owner_id = n.owner_id
			AND w.currency = n.currency
		WHERE n.change IS NOT NULL OR kind_sign(n.kind) IS NOT NULL
		ORDER BY n.wallet_id, n.version
		ON CONFLICT DO NOTHING
		RETURNING l.wallet_id, l.version)
	SELECT array_agg(a.wallet_id), array_agg(a.first), array_agg(a.last), array_agg(a.count),
		coalesce(sum(a.count), 0)
	INTO wallets, firsts, lasts, counts, stored
	FROM (SELECT wallet_id, min(version) AS first, max(version) AS last, count(*) AS count
	      FROM added GROUP BY wallet_id) AS a;

	IF stored > 0 THEN
		PERFORM heads_move(wallets, firsts, lasts, counts);
	END IF;
	IF p_changes IS NULL OR array_position(p_changes, NULL) IS NOT NULL THEN
		INSERT INTO line_unsigned (wallet_id, version, transaction_id, kind, amount,
			balance_after, merchant, description, reference_id, created_at,
			counterpart_wallet, counterpart_id)
		SELECT n.wallet_id, n.version, n.transaction_id, n.kind, n.amount, n.balance_after,
			n.merchant, n.description, n.reference_id, n.created_at,
			n.counterpart_wallet, n.counterpart_id
		FROM line_events(p_wallet_ids, p_versions, p_transaction_ids, p_owner_ids,
			p_currencies, p_kinds, p_amounts, p_balances, p_merchants, p_descriptions,
			p_reference_ids, p_created, p_counterpart_wallets, p_counterpart_ids,
			p_changes) AS n
		JOIN wallet w ON w.wallet_id = n.wallet_id AND w.owner_id = n.owner_id
			AND w.currency = n.currency
		WHERE n.change IS NULL AND kind_sign(n.kind) IS NULL
		ON CONFLICT DO NOTHING;
	END IF;
	IF EXISTS (SELECT FROM line_unsigned) THEN
		PERFORM lines_sign(p_wallet_ids);
	END IF;
	IF stored < cardinality(p_wallet_ids) THEN
		RETURN QUERY
		SELECT n.place::integer
		FROM line_events(p_wallet_ids, p_versions, p_transaction_ids, p_owner_ids,
			p_currencies, p_kinds, p_amounts, p_balances, p_merchants, p_descriptions,
			p_reference_ids, p_created, p_counterpart_wallets, p_counterpart_ids,
			p_changes) AS n
		JOIN wallet w ON w.wallet_id = n.wallet_id
		LEFT JOIN line l ON l.wallet_id = n.wallet_id AND l.version = n.version
		LEFT JOIN line_unsigned u ON l.wallet_id IS NULL AND u.wallet_id = n.wallet_id
			AND u.version = n.version
		WHERE (w.owner_id, w.currency, coalesce(l.transaction_id, u.transaction_id),
		       coalesce(l.kind, u.kind),
		       CASE WHEN n.change IS NULL THEN coalesce(abs(l.amount), u.amount)
		            ELSE l.amount END,
		       coalesce(l.balance_after, u.balance_after), coalesce(l.merchant, u.merchant),
		       coalesce(l.description, u.description),
		       coalesce(l.reference_id, u.reference_id),
		       coalesce(l.created_at, u.created_at),
		       coalesce(l.counterpart_wallet, u.counterpart_wallet, n.counterpart_wallet),
		       coalesce(l.counterpart_id, u.counterpart_id, n.counterpart_id))
		      IS DISTINCT FROM
		      (n.owner_id, n.currency, n.transaction_id, n.kind,
		       coalesce(n.change, CASE WHEN kind_sign(n.kind) = 0 THEN 0 ELSE n.amount END),
		       n.balance_after, n.merchant, n.description, n.reference_id, n.created_at,
		       n.counterpart_wallet, n.counterpart_id);
	END IF;
END $$;

-- Advances the heads of wallets to which lines were added. The arrays have the first and the last
-- version added to each wallet, and how many. The caller holds the locks. New lines usually follow
-- the head without a gap; only if they fill one does this read the lines after it.
CREATE OR REPLACE FUNCTION heads_move(p_wallet_ids uuid[], p_firsts bigint[], p_lasts bigint[],
	p_counts bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	UPDATE wallet w SET version = m.head, newest = m.newest,
		gap_since = CASE WHEN m.head = m.newest THEN NULL
		                 WHEN m.head > w.version OR w.gap_since IS NULL
		                 THEN clock_timestamp()
		                 ELSE w.gap_since END
	FROM (SELECT k.wallet_id, greatest(k.newest, a.last) AS newest,
	             CASE WHEN a.first <> k.version + 1 THEN k.version
	                  WHEN k.newest = k.version AND a.last - a.first + 1 = a.count THEN a.last
	                  ELSE line_head(k.wallet_id, k.version) END AS head
	      FROM unnest(p_wallet_ids, p_firsts, p_lasts, p_counts)
	           AS a(wallet_id, first, last, count)
	      JOIN wallet k ON k.wallet_id = a.wallet_id) AS m
	WHERE w.wallet_id = m.wallet_id;
END $$;

-- Stores the lines in line_unsigned whose previous line has arrived, with the sign that follows
-- from it. Loops, because each line stored can be the previous line of another. The remaining ones
-- are behind a gap, which this records in the wallet. The caller holds the locks.
CREATE OR REPLACE FUNCTION lines_sign(p_wallet_ids uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	wallets  uuid[];
	versions bigint[];
BEGIN
	LOOP
		WITH signed AS (
			DELETE FROM line_unsigned u USING line p
			WHERE u.wallet_id = ANY (p_wallet_ids) AND p.wallet_id = u.wallet_id
			  AND p.version = u.version - 1
			RETURNING u.*, CASE WHEN u.balance_after < p.balance_after
				THEN -u.amount ELSE u.amount END AS change),
		added AS (
			INSERT INTO line AS l (wallet_id, version, transaction_id, kind, amount,
				balance_after, merchant, description, reference_id, created_at,
				counterpart_wallet, counterpart_id)
			SELECT wallet_id, version, transaction_id, kind, change, balance_after,
				merchant, description, reference_id, created_at, counterpart_wallet,
				counterpart_id
			FROM signed
			ON CONFLICT DO NOTHING
			RETURNING l.wallet_id, l.version)
		SELECT array_agg(wallet_id), array_agg(version) INTO wallets, versions FROM added;
		EXIT WHEN wallets IS NULL;
		PERFORM heads_move(array_agg(a.wallet_id), array_agg(a.first), array_agg(a.last),
			array_agg(a.count))
		FROM (SELECT n.wallet_id, min(n.version) AS first, max(n.version) AS last,
		             count(*) AS count
		      FROM unnest(wallets, versions) AS n(wallet_id, version)
		      GROUP BY n.wallet_id) AS a;
	END LOOP;

	UPDATE wallet w SET newest = u.newest, gap_since = coalesce(w.gap_since, clock_timestamp())
	FROM (SELECT wallet_id, max(version) AS newest FROM line_unsigned
	      WHERE wallet_id = ANY (p_wallet_ids) GROUP BY wallet_id) AS u
	WHERE w.wallet_id = u.wallet_id AND w.newest < u.newest;
END $$;
