-- arrivals.sql - whether the statement has what was published, for common/outbox/arrivals.c.

-- The mark, and how far the relay has published and its lines have arrived. `due`: arrival_record()
-- has something to remember. Positions of another server mean nothing here.
CREATE OR REPLACE FUNCTION arrival_state(p_gap_ms bigint)
RETURNS TABLE (mark bigint, checked xid8, published xid8, due boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT a.mark, CASE WHEN s.here THEN least(a.checked, s.published) ELSE '0' END,
	       s.published, NOT s.here OR (a.seen, a.passed) IS DISTINCT FROM
			(s.published, s.published)
		AND a.seen_at <= wallet_clock() - p_gap_ms * interval '1 millisecond'
	FROM arrival a CROSS JOIN LATERAL (
		SELECT outbox_position('transaction') AS published,
		       a.system_identifier = c.system_identifier AS here
		FROM pg_control_system() AS c) AS s;
END $$;

-- Records a mark that the statement has, and what had arrived before. Remembers the relay's
-- position from time to time, so that `passed` is one that it had at least p_gap_ms ago.
CREATE OR REPLACE FUNCTION arrival_record(p_mark bigint, p_checked xid8, p_gap_ms bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	server    bigint := (SELECT system_identifier FROM pg_control_system());
	published xid8 := outbox_position('transaction');
	long_ago  timestamptz := wallet_clock() - p_gap_ms * interval '1 millisecond';
BEGIN
	UPDATE arrival SET mark = greatest(mark, p_mark), checked = p_checked,
		passed = CASE WHEN system_identifier <> server THEN NULL
			WHEN seen_at <= long_ago THEN seen ELSE passed END,
		seen = CASE WHEN system_identifier <> server OR seen_at <= long_ago
			THEN published ELSE seen END,
		seen_at = CASE WHEN system_identifier <> server OR seen_at <= long_ago
			THEN wallet_clock() ELSE seen_at END,
		system_identifier = server;
END $$;

-- Up to this position the relay had published at least GAP_ALARM ago. NULL: unknown.
CREATE OR REPLACE FUNCTION arrival_passed() RETURNS xid8
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT passed FROM arrival
	WHERE system_identifier = (SELECT system_identifier FROM pg_control_system())
$$;

-- The wallets of the next p_limit published rows, each with its newest version among these; `last`
-- is the position of the last row. `overdue`: all of them were published long ago.
CREATE OR REPLACE FUNCTION arrival_window(p_after xid8, p_until xid8, p_limit integer)
RETURNS TABLE (wallet_id uuid, version bigint, overdue boolean, last xid8)
LANGUAGE plpgsql STABLE ROWS 1000 SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
	passed xid8 := arrival_passed();
	until  xid8;
BEGIN
	FOREACH until IN ARRAY ARRAY[least(passed, p_until), p_until] LOOP
		RETURN QUERY
		WITH r AS MATERIALIZED (
			SELECT t.wallet_id, t.version, t.xid FROM transaction t
			WHERE t.xid > p_after AND t.xid <= until
			ORDER BY t.xid FETCH FIRST p_limit ROWS WITH TIES)
		SELECT r.wallet_id, max(r.version), coalesce(until <= passed, false),
		       (SELECT r.xid FROM r ORDER BY r.xid DESC LIMIT 1)
		FROM r GROUP BY r.wallet_id;
		EXIT WHEN FOUND;
	END LOOP;
END $$;

-- The next wallets by id, with their last versions.
CREATE OR REPLACE FUNCTION arrival_page(p_after uuid, p_limit integer)
RETURNS TABLE (wallet_id uuid, version bigint)
LANGUAGE plpgsql STABLE ROWS 1000 SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT w.id, w.version FROM wallet w WHERE w.id > p_after
		ORDER BY w.id LIMIT p_limit;
END $$;

-- The published rows of some wallets after a version of each; at most p_limit, in the given order.
CREATE OR REPLACE FUNCTION arrival_rows(p_ids uuid[], p_versions bigint[], p_until xid8,
	p_limit integer)
RETURNS SETOF transaction_shown
LANGUAGE plpgsql STABLE ROWS 500
SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
	room integer := p_limit;
	got  integer;
BEGIN
	FOR i IN 1 .. cardinality(p_ids) LOOP
		RETURN QUERY SELECT s.* FROM transaction_shown s
			WHERE s.wallet_id = p_ids[i] AND s.version > p_versions[i]
			  AND s.xid <= p_until
			ORDER BY s.version LIMIT room;
		GET DIAGNOSTICS got = ROW_COUNT;
		room := room - got;
		EXIT WHEN room <= 0;
	END LOOP;
END $$;
