-- outbox.sql - reads rows in commit order, without marking them.
--
-- Each row holds the xid of the transaction that wrote it. Below pg_snapshot_xmin() every
-- transaction has ended, so no row can appear there any more. A relay that reads up to it, and
-- remembers its position, skips nothing, however late a commit comes. ORDER BY xid … WITH TIES
-- never splits a transaction, so one xid is enough as a cursor.
--
-- Functions that the relay calls repeatedly are PL/pgSQL, which keeps its plans; SQL functions are
-- planned at each call.

-- Committed transactions after a position; at least p_limit, if there are that many.
CREATE OR REPLACE FUNCTION outbox_read(p_after xid8, p_limit integer)
RETURNS SETOF transaction_shown
LANGUAGE plpgsql STABLE ROWS 500
SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
	RETURN QUERY
	SELECT t.id, t.wallet_id, w.owner_id, t.kind, t.amount, w.currency, t.balance_after,
	       t.version, t.reference_id, t.merchant, t.description, t.metadata, t.created_at,
	       t.xid, coalesce(t.held_change, 0), t.counterpart_wallet, t.counterpart_id,
	       t.expires_at, coalesce(t.held_after, 0), t.actor, t.request_id
	FROM (SELECT * FROM transaction t
	      WHERE t.xid > p_after AND t.xid < pg_snapshot_xmin(pg_current_snapshot())
	      ORDER BY t.xid FETCH FIRST p_limit ROWS WITH TIES) AS t
	JOIN wallet w ON w.id = t.wallet_id
	ORDER BY t.xid, t.wallet_id, t.version;
END $$;

-- The same for refused events.
CREATE OR REPLACE FUNCTION outbox_read_rejections(p_after xid8, p_limit integer)
RETURNS TABLE (id uuid, body json, created_at timestamptz, xid xid8)
LANGUAGE plpgsql STABLE ROWS 500 SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT r.id, r.body, r.created_at, r.xid FROM rejection r
	WHERE r.xid > p_after AND r.xid < pg_snapshot_xmin(pg_current_snapshot())
	ORDER BY r.xid FETCH FIRST p_limit ROWS WITH TIES;
END $$;

-- Stores refused events for the relay; an id that already exists changes nothing.
CREATE OR REPLACE FUNCTION reject(p_ids uuid[], p_bodies text[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	INSERT INTO rejection (id, body, created_at)
	SELECT n.id, n.body::json, wallet_clock() FROM unnest(p_ids, p_bodies) AS n(id, body)
	ON CONFLICT (id) DO NOTHING
$$;

-- A relay's position: 0 if it never ran, or ran on another server, whose xids mean nothing here.
CREATE OR REPLACE FUNCTION outbox_position(p_name text) RETURNS xid8
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT coalesce((SELECT c.xid FROM outbox_cursor c
		WHERE c.name = p_name
		  AND c.system_identifier = (SELECT system_identifier FROM pg_control_system())),
		'0'::xid8)
$$;

-- Moves a relay's position, but never backwards: a second relay that is behind only publishes
-- duplicates, which consumers drop.
CREATE OR REPLACE FUNCTION outbox_advance(p_name text, p_to xid8) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	INSERT INTO outbox_cursor AS c (name, system_identifier, xid, moved_at)
	SELECT p_name, system_identifier, p_to, wallet_clock() FROM pg_control_system()
	ON CONFLICT (name) DO UPDATE SET moved_at = excluded.moved_at,
		system_identifier = excluded.system_identifier,
		xid = CASE WHEN c.system_identifier = excluded.system_identifier
		                AND c.xid > excluded.xid
		           THEN c.xid ELSE excluded.xid END;
END $$;

-- Rows restored from another server can hold xids that this one reaches only in years, and would
-- wait until then. This gives up to p_limit of them the current xid; before the first read, call it
-- until it returns 0. Only a restored row can be visible at or past the snapshot's xmax.
CREATE OR REPLACE FUNCTION outbox_adopt(p_limit integer) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH t AS (
		UPDATE transaction SET xid = pg_current_xact_id()
		WHERE id IN (SELECT id FROM transaction
			WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()) LIMIT p_limit)
		RETURNING 1),
	r AS (
		UPDATE rejection SET xid = pg_current_xact_id()
		WHERE id IN (SELECT id FROM rejection
			WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()) LIMIT p_limit)
		RETURNING 1),
	c AS (
		UPDATE currency_limit_change SET xid = pg_current_xact_id()
		WHERE id IN (SELECT id FROM currency_limit_change
			WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()) LIMIT p_limit)
		RETURNING 1)
	SELECT (SELECT count(*) FROM t) + (SELECT count(*) FROM r) + (SELECT count(*) FROM c)
$$;
