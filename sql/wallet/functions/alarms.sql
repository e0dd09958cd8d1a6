-- alarms.sql - what goes wrong in silence: rows that are not published or not sealed, a clock that
-- ran ahead, full queues, deleted queues and exchanges. Each call reads a few rows by an index,
-- however many there are.

-- Why rows at or past this transaction id cannot be read yet, as part of a sentence.
CREATE OR REPLACE FUNCTION outbox_obstacle(p_xid xid8) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
	oldest xid8 := pg_snapshot_xmin(pg_current_snapshot());
BEGIN
	IF p_xid < oldest THEN
		RETURN 'nothing holds it back, so outbox_relay or its broker is down';
	END IF;
	RETURN coalesce(
		(SELECT format('the prepared transaction "%s" of %s holds it back', p.gid,
			p.prepared)
		FROM pg_prepared_xacts p WHERE p.transaction = oldest::xid),
		(SELECT format('an open transaction of process %s (%s) holds it back', a.pid,
			a.usename)
		FROM pg_stat_activity a WHERE a.backend_xid = oldest::xid LIMIT 1),
		format('the transaction %s holds it back', oldest));
END $$;

-- The alarms now. p_age_ms: the age at which an unpublished or unsealed row is one.
CREATE OR REPLACE FUNCTION wallet_alarms(p_age_ms bigint)
RETURNS TABLE (code text, subject text, detail text, since timestamptz)
LANGUAGE plpgsql STABLE ROWS 2 SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
	clock timestamptz := wallet_clock();
BEGIN
	RETURN QUERY
	SELECT 'unpublished', r.name, format('rows are not published: the oldest %s is of %s,'
		' and %s', r.name, r.created_at, outbox_obstacle(r.xid)), r.created_at
	FROM ((SELECT 'transaction' AS name, t.created_at, t.xid FROM transaction t
	       WHERE t.xid > outbox_position('transaction') ORDER BY t.xid LIMIT 1)
	      UNION ALL
	      (SELECT 'rejection', t.created_at, t.xid FROM rejection t
	       WHERE t.xid > outbox_position('rejection') ORDER BY t.xid LIMIT 1)) AS r
	WHERE r.created_at < clock - p_age_ms * interval '1 millisecond';

	RETURN QUERY
	SELECT 'unsealed', 'transaction', format('rows are not sealed: the oldest is of %s, and %s',
		r.created_at, outbox_obstacle(r.xid)), r.created_at
	FROM (SELECT t.created_at, t.xid FROM transaction t
	      WHERE t.xid > coalesce(seal_position(), '0') ORDER BY t.xid LIMIT 1) AS r
	WHERE r.created_at < clock - p_age_ms * interval '1 millisecond';

	-- A wallet's time never runs backwards, so its next rows are dated ahead, too, until the
	-- clock has caught up.
	RETURN QUERY
	SELECT 'clock', 'wallet', format('rows are dated ahead: the clock of the database is at %s,'
		' but rows are dated up to %s; %s', clock, s.newest_at, coalesce((
			SELECT format('among them wallet %s up to version %s', w.id, w.version)
			FROM generate_series(0, length(s.members) / 56 - 1) AS i
			JOIN wallet w ON w.id =
				encode(substring(s.members FROM i * 56 + 1 FOR 16), 'hex')::uuid
			WHERE w.changed_at > clock ORDER BY w.changed_at DESC LIMIT 1),
		'purse verify lists them')), s.made_at
	FROM (SELECT * FROM seal WHERE newest_at IS NOT NULL ORDER BY newest_at DESC LIMIT 1) AS s
	WHERE s.newest_at > clock + interval '1 second';

	-- One about the broker is raised once, so it stays for an hour.
	RETURN QUERY SELECT a.code, a.subject, a.detail, a.since FROM alarm a
	WHERE a.seen_at > clock - CASE a.code WHEN 'broker' THEN interval '1 hour'
		ELSE interval '5 minutes' END;
END $$;

-- Repeats an alarm that the caller sees.
CREATE OR REPLACE FUNCTION alarm_repeat(p_code text, p_subject text, p_detail text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	INSERT INTO alarm AS a (code, subject, detail, since, seen_at)
	VALUES (p_code, p_subject, p_detail, wallet_clock(), wallet_clock())
	ON CONFLICT (code, subject) DO UPDATE SET detail = excluded.detail,
		seen_at = excluded.seen_at,
		since = CASE WHEN a.seen_at > excluded.seen_at - interval '5 minutes'
			THEN a.since ELSE excluded.since END;
END $$;

-- It is over.
CREATE OR REPLACE FUNCTION alarm_end(p_code text, p_subject text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	DELETE FROM alarm WHERE code = p_code AND subject = p_subject
$$;
