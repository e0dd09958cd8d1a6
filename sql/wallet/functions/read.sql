-- read.sql - queries of the handlers. They run with the caller's own rights (SELECT), and find
-- everything by primary key. Sequential scans are off, because a plan outlives the small table for
-- which it was made.

-- A wallet's version at an instant: that of its last transaction before it (p_included: at or
-- before it). created_at never decreases as versions grow, so a binary search finds it, and the
-- table needs no index on time.
CREATE OR REPLACE FUNCTION version_at(p_wallet_id uuid, p_at timestamptz, p_included boolean)
RETURNS bigint
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
	low    bigint := 0;     -- is before p_at
	high   bigint;          -- is not before p_at, once it has moved
	middle bigint;
	at     timestamptz;
BEGIN
	SELECT w.version + 1, w.changed_at INTO high, at FROM wallet w WHERE w.id = p_wallet_id;
	IF at < p_at OR p_included AND at = p_at THEN
		RETURN high - 1;
	END IF;
	WHILE high - low > 1 LOOP
		middle := low + (high - low) / 2;
		SELECT t.created_at INTO at FROM transaction t
		WHERE t.wallet_id = p_wallet_id AND t.version = middle;
		IF at < p_at OR p_included AND at = p_at THEN
			low := middle;
		ELSE
			high := middle;
		END IF;
	END LOOP;
	RETURN low;
END $$;

-- The same, but an instant that has not passed yet has all rows: if the clock ran ahead and back,
-- the last rows can be dated ahead of it, though they have happened. So has an instant that passed
-- within the last seconds, if no other row follows it.
CREATE OR REPLACE FUNCTION version_by(p_wallet_id uuid, p_at timestamptz, p_included boolean)
RETURNS bigint
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
	clock timestamptz := wallet_clock();
	at    bigint := version_at(p_wallet_id, p_at, p_included);
	last  bigint;
BEGIN
	IF p_at > clock - interval '5 s' THEN
		SELECT w.version INTO last FROM wallet w
		WHERE w.id = p_wallet_id AND w.changed_at > clock;
		IF last > at AND (p_at > clock OR at = version_at(p_wallet_id, clock, true)) THEN
			RETURN last;
		END IF;
	END IF;
	RETURN at;
END $$;

-- A wallet's balance at an instant, including transactions at exactly that instant. No row before
-- its opening.
CREATE OR REPLACE FUNCTION wallet_balance_at(p_wallet_id uuid, p_at timestamptz)
RETURNS TABLE (currency text, balance bigint, held bigint, available bigint, version bigint)
LANGUAGE sql STABLE ROWS 1 AS $$
	SELECT w.currency, t.balance_after, coalesce(t.held_after, 0),
	       t.balance_after - coalesce(t.held_after, 0)
	           + credit_limit_at(t.wallet_id, t.version), t.version
	FROM transaction t JOIN wallet w ON w.id = t.wallet_id
	WHERE t.wallet_id = p_wallet_id AND t.version = version_by(p_wallet_id, p_at, true)
$$;

-- A wallet's balance at the end of each UTC hour, day or month that overlaps from … to; for the
-- last one, at p_to. No rows before its opening. At most 1001 rows: that many mean that the caller
-- requested too many.
CREATE OR REPLACE FUNCTION balance_history(p_wallet_id uuid, p_from timestamptz, p_to timestamptz,
	p_by text)
RETURNS TABLE (starts_at timestamptz, ends_at timestamptz, balance bigint, held bigint,
	available bigint, version bigint)
LANGUAGE plpgsql STABLE ROWS 100 SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
	opened timestamptz := (SELECT w.created_at FROM wallet w WHERE w.id = p_wallet_id);
	-- UTC, but without time zone: adding a day always adds 24 hours.
	start  timestamp := date_trunc(p_by, greatest(p_from, opened) AT TIME ZONE 'UTC');
	rows   integer := 0;
	at     bigint;
BEGIN
	WHILE start AT TIME ZONE 'UTC' < p_to AND rows <= 1000 LOOP
		starts_at := start AT TIME ZONE 'UTC';
		start := start + ('1 ' || p_by)::interval;
		ends_at := least(start AT TIME ZONE 'UTC', p_to);
		at := version_by(p_wallet_id, ends_at, false);
		SELECT t.balance_after, coalesce(t.held_after, 0),
		       t.balance_after - coalesce(t.held_after, 0)
		           + credit_limit_at(p_wallet_id, t.version), t.version
		INTO balance, held, available, version
		FROM transaction t WHERE t.wallet_id = p_wallet_id AND t.version = at;
		IF FOUND THEN
			rows := rows + 1;
			RETURN NEXT;
		END IF;
	END LOOP;
END $$;

-- A transaction's amount as shown: without its sign; for a hold or its release, the held amount.
CREATE OR REPLACE FUNCTION amount_shown(p_amount bigint, p_held_change bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT abs(CASE p_amount WHEN 0 THEN coalesce(p_held_change, 0) ELSE p_amount END)
$$;

-- Whether the metadata has each of these members with this value: a text or boolean as its text, a
-- number by its value, however it is spelled. Numbers of absurd size are compared as text.
CREATE OR REPLACE FUNCTION metadata_has(p_metadata json, p_keys text[], p_values text[])
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT coalesce(bool_and(CASE
		WHEN stored.value = n.value THEN true
		WHEN json_typeof(p_metadata -> n.key) = 'number'
			AND stored.value ~ plain.number AND n.value ~ plain.number
		THEN stored.value::numeric = n.value::numeric
		ELSE false END), true)
	FROM unnest(p_keys, p_values) AS n(key, value)
	CROSS JOIN LATERAL (SELECT p_metadata ->> n.key) AS stored(value)
	CROSS JOIN (SELECT '^-?[0-9]{1,200}(\.[0-9]{1,200})?([eE][+-]?[0-9]{1,3})?$')
		AS plain(number)
$$;

-- The rows that a page of transactions can be taken from: versions after … until of one wallet or,
-- if p_wallet_id is null, of each of the owner's. p_owner_id null reads any wallet (operators).
-- from/to are half open. The cursor is the last row of the previous page; rows are in descending
-- order of (created_at, wallet_id, version).
CREATE OR REPLACE FUNCTION transaction_spans(p_owner_id uuid, p_wallet_id uuid, p_from timestamptz,
	p_to timestamptz, p_cursor_at timestamptz, p_cursor_wallet uuid, p_cursor_version bigint)
RETURNS TABLE (id uuid, owner_id uuid, currency text, after bigint, until bigint)
LANGUAGE sql STABLE ROWS 1 AS $$
	SELECT w.id, w.owner_id, w.currency,
		CASE WHEN p_from IS NULL THEN 0 ELSE version_at(w.id, p_from, false) END,
		least(CASE WHEN p_to IS NULL THEN w.version ELSE version_at(w.id, p_to, false) END,
		      CASE WHEN p_cursor_at IS NULL THEN w.version
		           WHEN w.id = p_cursor_wallet THEN p_cursor_version - 1
		           ELSE version_at(w.id, p_cursor_at, w.id < p_cursor_wallet) END)
	FROM (SELECT * FROM wallet
	      WHERE id = p_wallet_id AND (p_owner_id IS NULL OR owner_id = p_owner_id)
	      UNION ALL
	      SELECT * FROM wallet WHERE owner_id = p_owner_id AND p_wallet_id IS NULL) AS w
$$;

-- A page of transactions, newest first; see transaction_spans(). Each wallet contributes at most
-- p_limit rows, read backwards along its primary key. The filters (null: none) are checked on the
-- way. An index for each would cost every posting more than it is worth, and a wallet's rows are
-- adjacent in the primary key. But a filter can match next to nothing, so a call checks at most
-- 10,000 rows. If it stops there, the page can have fewer rows, or none, and the last row has no
-- id: its created_at, wallet_id and version are the cursor of the next page.
CREATE OR REPLACE FUNCTION transaction_search(p_owner_id uuid, p_wallet_id uuid, p_kind text,
	p_from timestamptz, p_to timestamptz, p_cursor_at timestamptz, p_cursor_wallet uuid,
	p_cursor_version bigint, p_limit integer, p_merchant text DEFAULT NULL,
	p_min_amount bigint DEFAULT NULL, p_max_amount bigint DEFAULT NULL,
	p_text text DEFAULT NULL, p_meta_keys text[] DEFAULT NULL,
	p_meta_values text[] DEFAULT NULL)
RETURNS SETOF transaction_shown
LANGUAGE plpgsql STABLE ROWS 50 SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
	most bigint := p_limit;         -- rows to check of each wallet
	stop transaction_shown;         -- the last row that is checked everywhere
	shown integer;
BEGIN
	IF num_nonnulls(p_kind, p_merchant, p_min_amount, p_max_amount, p_text, p_meta_keys) > 0
	THEN
		most := greatest(p_limit, 10000 / CASE WHEN p_wallet_id IS NULL THEN greatest((
			SELECT count(*) FROM wallet w WHERE w.owner_id = p_owner_id), 1)
			ELSE 1 END);
		SELECT t.created_at, t.wallet_id, t.version
		INTO stop.created_at, stop.wallet_id, stop.version
		FROM transaction_spans(p_owner_id, p_wallet_id, p_from, p_to, p_cursor_at,
			p_cursor_wallet, p_cursor_version) AS w
		JOIN transaction t ON t.wallet_id = w.id AND t.version = w.until - most + 1
		WHERE w.until - most > w.after
		ORDER BY t.created_at DESC, t.wallet_id DESC LIMIT 1;
	END IF;
	RETURN QUERY
	SELECT t.id, t.wallet_id, w.owner_id, t.kind, t.amount, w.currency::currency,
	       t.balance_after, t.version, t.reference_id, t.merchant, t.description, t.metadata,
	       t.created_at, t.xid, coalesce(t.held_change, 0), t.counterpart_wallet,
	       t.counterpart_id, t.expires_at, coalesce(t.held_after, 0),
	       t.actor, t.request_id
	FROM transaction_spans(p_owner_id, p_wallet_id, p_from, p_to, p_cursor_at, p_cursor_wallet,
		p_cursor_version) AS w
	CROSS JOIN LATERAL (SELECT * FROM transaction t
		WHERE t.wallet_id = w.id AND t.version > greatest(w.after, w.until - most)
		  AND t.version <= w.until
		  AND (p_kind IS NULL OR t.kind = p_kind)
		  AND (p_merchant IS NULL OR t.merchant = p_merchant)
		  AND (p_min_amount IS NULL
		       OR amount_shown(t.amount, t.held_change) >= p_min_amount)
		  AND (p_max_amount IS NULL
		       OR amount_shown(t.amount, t.held_change) <= p_max_amount)
		  AND (p_text IS NULL OR strpos(lower(t.description COLLATE "und-x-icu"),
		                                lower(p_text COLLATE "und-x-icu")) > 0)
		  AND (p_meta_keys IS NULL
		       OR metadata_has(t.metadata, p_meta_keys, p_meta_values))
		ORDER BY t.version DESC LIMIT p_limit) AS t
	WHERE stop.created_at IS NULL OR (t.created_at, t.wallet_id, t.version)
		>= (stop.created_at, stop.wallet_id, stop.version)
	ORDER BY t.created_at DESC, t.wallet_id DESC, t.version DESC LIMIT p_limit;
	GET DIAGNOSTICS shown = ROW_COUNT;
	IF shown < p_limit AND stop.created_at IS NOT NULL THEN
		RETURN NEXT stop;
	END IF;
END $$;
