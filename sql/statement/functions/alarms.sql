-- alarms.sql - what goes wrong in silence: jobs that are not published, lines that do not arrive
-- or were lost.

-- The alarms now. p_age_ms: the age at which an unpublished job is one; p_gap_ms: a missing line.
CREATE OR REPLACE FUNCTION statement_alarms(p_age_ms bigint, p_gap_ms bigint)
RETURNS TABLE (code text, subject text, detail text, since timestamptz)
LANGUAGE plpgsql STABLE ROWS 2 SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
	clock timestamptz := clock_timestamp();
BEGIN
	RETURN QUERY
	SELECT 'unpublished', 'job', format('jobs are not published: the oldest is of %s',
		r.created_at), r.created_at
	FROM (SELECT j.created_at FROM job j WHERE j.xid > outbox_position('job')
	      ORDER BY j.xid LIMIT 1) AS r
	WHERE r.created_at < clock - p_age_ms * interval '1 millisecond';

	RETURN QUERY
	SELECT 'gap', 'line', format('lines are missing: wallet %s has been missing'
		' line %s since %s', w.wallet_id, w.version + 1, w.gap_since), w.gap_since
	FROM wallet w WHERE w.gap_since < clock - p_gap_ms * interval '1 millisecond'
	ORDER BY w.gap_since LIMIT 1;

	RETURN QUERY
	SELECT 'restored', 'line', a.missed, a.missed_since FROM arrival a
	WHERE a.missed_since IS NOT NULL;
END $$;
