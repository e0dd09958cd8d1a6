-- arrivals.sql - whether lines were lost after they had arrived, for common/outbox/arrivals.c.
--
-- The relay writes a mark here once the lines of everything published before have arrived, then the
-- same one into the wallet database. So a mark that is lower here shows that this database went
-- back in time: it was restored, or a standby was promoted that lacked the last commits.

-- The mark, and whether the relay already looks for lost lines. No row while pg_restore replaces
-- the tables: until their keys exist, nothing may be stored a second time.
CREATE OR REPLACE FUNCTION arrival_mark()
RETURNS TABLE (mark bigint, missed boolean, passes integer)
LANGUAGE plpgsql STABLE ROWS 1 SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT a.mark, a.missed_since IS NOT NULL, a.passes FROM arrival a
		WHERE to_regclass('line_pkey') IS NOT NULL
		  AND to_regclass('wallet_pkey') IS NOT NULL;
END $$;

-- Everything up to this mark has arrived.
CREATE OR REPLACE FUNCTION arrival_mark_move(p_mark bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	UPDATE arrival SET mark = greatest(mark, p_mark), passes = 0, missed = NULL,
		missed_since = NULL;
END $$;

-- Lines are lost, and the relay looked for them p_passes times.
CREATE OR REPLACE FUNCTION arrival_missed(p_missed text, p_passes integer) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	UPDATE arrival SET missed = p_missed, passes = p_passes,
		missed_since = coalesce(missed_since, clock_timestamp());
END $$;

-- Those wallets that lack lines up to the given versions, with the last line without a gap before
-- it; 0: none.
CREATE OR REPLACE FUNCTION arrival_behind(p_ids uuid[], p_versions bigint[])
RETURNS TABLE (wallet_id uuid, version bigint)
LANGUAGE plpgsql STABLE ROWS 10 SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT n.id, coalesce(w.version, 0) FROM unnest(p_ids, p_versions) AS n(id, version)
	LEFT JOIN wallet w ON w.wallet_id = n.id
	WHERE coalesce(w.version, 0) < n.version
	ORDER BY n.id;
END $$;
