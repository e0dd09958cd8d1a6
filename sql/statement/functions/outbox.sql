-- outbox.sql - reads jobs in commit order without marking rows. sql/wallet/functions/outbox.sql
-- has the same functions, and explains how and why.

CREATE OR REPLACE FUNCTION outbox_read(p_after xid8, p_limit integer)
RETURNS TABLE (id uuid, wallet_id uuid, owner_id uuid, created_at timestamptz, xid xid8)
LANGUAGE plpgsql STABLE ROWS 100 AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT j.id, j.wallet_id, j.owner_id, j.created_at, j.xid FROM job j
	WHERE j.xid > p_after AND j.xid < pg_snapshot_xmin(pg_current_snapshot())
	ORDER BY j.xid FETCH FIRST p_limit ROWS WITH TIES;
END $$;

CREATE OR REPLACE FUNCTION outbox_position(p_name text) RETURNS xid8
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT coalesce((SELECT c.xid FROM outbox_cursor c
		WHERE c.name = p_name
		  AND c.system_identifier = (SELECT system_identifier FROM pg_control_system())),
		'0'::xid8)
$$;

CREATE OR REPLACE FUNCTION outbox_advance(p_name text, p_to xid8) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	INSERT INTO outbox_cursor AS c (name, system_identifier, xid, moved_at)
	SELECT p_name, system_identifier, p_to, clock_timestamp() FROM pg_control_system()
	ON CONFLICT (name) DO UPDATE SET moved_at = excluded.moved_at,
		system_identifier = excluded.system_identifier,
		xid = CASE WHEN c.system_identifier = excluded.system_identifier
		                AND c.xid > excluded.xid
		           THEN c.xid ELSE excluded.xid END;
END $$;

CREATE OR REPLACE FUNCTION outbox_adopt(p_limit integer) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH adopted AS (
		UPDATE job SET xid = pg_current_xact_id()
		WHERE id IN (SELECT id FROM job WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())
		             LIMIT p_limit)
		RETURNING 1)
	SELECT count(*) FROM adopted
$$;
