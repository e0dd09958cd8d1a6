-- seal.sql - seals rows: keeps a digest of each in a chain, so that a later change is found.
--
-- Off the hot path: the relay's process calls this every second (domain/ledger/seal.c). It reads
-- rows like outbox_read(), in commit order and below pg_snapshot_xmin(), with a position of its
-- own, so it depends neither on the broker nor on what is published. `purse verify` computes the
-- same digests with its own SQL, because whoever can change rows can also change functions.
--
-- A digest is the SHA-256 of a row's columns as PostgreSQL sends a record, texts as UTF-8. `xid` is
-- missing because outbox_adopt() changes it. A column that is added to `transaction` later must
-- lengthen this only where it is not null, or earlier seals would not match.

-- Every row that is sealed, with its digest. That of an opening also covers what never changes in
-- its wallet, and the credit limit with which it was opened. Version 0: a change of a currency's
-- limits.
CREATE OR REPLACE VIEW sealed_row AS
	SELECT t.wallet_id AS id, t.version, t.xid, t.created_at, sha256(
		record_send(ROW(t.wallet_id, t.version, t.id, convert_to(t.kind, 'UTF8'), t.amount,
			t.balance_after, t.created_at, t.reference_id,
			convert_to(t.contra, 'UTF8'), convert_to(t.idempotency_key, 'UTF8'),
			t.fingerprint, convert_to(t.merchant, 'UTF8'),
			convert_to(t.description, 'UTF8'), convert_to(t.metadata::text, 'UTF8'),
			t.held_change, t.held_after, t.counterpart_wallet, t.counterpart_id,
			t.expires_at))
		|| CASE WHEN t.actor IS NULL AND t.request_id IS NULL THEN ''
			ELSE record_send(ROW(t.actor, convert_to(t.request_id, 'UTF8'))) END
		|| CASE WHEN t.version = 1 THEN coalesce((
			SELECT record_send(ROW(w.owner_id, convert_to(w.currency, 'UTF8'),
				convert_to(w.name, 'UTF8'), w.created_at,
				convert_to(w.idempotency_key, 'UTF8'), w.fingerprint,
				credit_limit_at(w.id, 1)))
			FROM wallet w WHERE w.id = t.wallet_id), '') ELSE '' END) AS digest
	FROM transaction t
	UNION ALL
	SELECT c.id, 0, c.xid, c.created_at, sha256(record_send(ROW(c.id,
		convert_to(c.currency, 'UTF8'), c.version, c.created_at, c.credit_limit::bigint,
		convert_to(c.limits::text, 'UTF8')))
		|| CASE WHEN c.actor IS NULL AND c.request_id IS NULL THEN ''
			ELSE record_send(ROW(c.actor, convert_to(c.request_id, 'UTF8'))) END)
	FROM currency_limit_change c;

-- Up to where everything is sealed; null if that is unknown, because the rows come from another
-- server, whose xids mean nothing here: seal_resume() then finds what is missing.
CREATE OR REPLACE FUNCTION seal_position() RETURNS xid8
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN CASE WHEN EXISTS (SELECT FROM seal) THEN (SELECT c.xid FROM outbox_cursor c
			WHERE c.name = 'seal' AND c.system_identifier =
				(SELECT system_identifier FROM pg_control_system()))
		ELSE '0'::xid8 END;
END $$;

-- Appends a seal with these members, the newest of them created at p_newest_at.
CREATE OR REPLACE FUNCTION seal_write(p_members bytea, p_newest_at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	last seal;
	at   timestamptz := wallet_clock();
BEGIN
	SELECT * INTO last FROM seal ORDER BY number DESC LIMIT 1;
	last.number := coalesce(last.number, 0) + 1;
	INSERT INTO seal (number, made_at, newest_at, members, head)
	VALUES (last.number, at, p_newest_at, p_members,
		sha256(coalesce(last.head, decode(repeat('00', 32), 'hex'))
			|| int8send(last.number) || timestamptz_send(at) || p_members));
END $$;

-- Seals at least p_limit rows, if that many were committed after the last sealed one, and returns
-- how many; null if seal_resume() must be called first. Concurrent callers wait for each other. The
-- transaction gets its own xid only when it writes, so it does not hold back the relay for long.
CREATE OR REPLACE FUNCTION seal_append(p_limit integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
	after   xid8;
	before  xid8;           -- everything below has ended
	until   xid8;           -- of the last row, if there are more than p_limit
	newest  xid8;
	members bytea;
	added   bigint;
	latest  timestamptz;
BEGIN
	PERFORM pg_advisory_xact_lock(5788047216);
	after := seal_position();
	IF after IS NULL THEN
		RETURN NULL;
	END IF;
	before := pg_snapshot_xmin(pg_current_snapshot());
	until := (SELECT t.xid FROM transaction t WHERE t.xid > after AND t.xid < before
		ORDER BY t.xid OFFSET p_limit - 1 LIMIT 1);
	SELECT string_agg(uuid_send(m.id) || int8send(m.version) || m.digest, NULL
			ORDER BY m.xid, m.id, m.version),
	       count(*), (array_agg(m.xid ORDER BY m.xid DESC))[1], max(m.created_at)
	INTO members, added, newest, latest
	FROM sealed_row m
	WHERE m.xid > after AND m.xid < before AND m.xid <= coalesce(until, before);
	IF added > 0 THEN
		PERFORM seal_write(members, latest);
		PERFORM outbox_advance('seal', newest);
	END IF;
	RETURN added;
END $$;

-- After the rows were restored on another server: seals up to p_limit of those that were not sealed
-- there, and returns how many. Call it until it returns less. First call outbox_adopt() until it
-- returns 0; p_adopted is the snapshot's xmax after that. Null: transactions from before that are
-- still running; call it again. It reads everything, so it needs a long statement_timeout.
CREATE OR REPLACE FUNCTION seal_resume(p_limit integer, p_adopted xid8) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = on SET enable_hashjoin = on
SET plan_cache_mode = auto AS $$
DECLARE
	before  xid8;
	members bytea;
	added   bigint;
	latest  timestamptz;
BEGIN
	PERFORM pg_advisory_xact_lock(5788047216);
	before := pg_snapshot_xmin(pg_current_snapshot());
	IF before < p_adopted THEN
		RETURN NULL;
	END IF;
	WITH sealed AS (
		SELECT substring(s.members FROM i * 56 + 1 FOR 24) AS place
		FROM seal s CROSS JOIN generate_series(0, length(s.members) / 56 - 1) AS i),
	missing AS (
		SELECT r.* FROM sealed_row r
		WHERE r.xid < before AND NOT EXISTS (SELECT FROM sealed s
			WHERE s.place = uuid_send(r.id) || int8send(r.version))
		ORDER BY r.created_at, r.id, r.version LIMIT p_limit)
	SELECT count(*), string_agg(uuid_send(m.id) || int8send(m.version) || m.digest, NULL
		ORDER BY m.created_at, m.id, m.version), max(m.created_at)
	INTO added, members, latest FROM missing m;
	IF added > 0 THEN
		PERFORM seal_write(members, latest);
	END IF;
	IF added < p_limit THEN
		PERFORM outbox_advance('seal', (before::text::numeric - 1)::text::xid8);
	END IF;
	RETURN added;
END $$;

-- The last seal, if it is not signed yet.
CREATE OR REPLACE FUNCTION seal_unsigned() RETURNS TABLE (number bigint, head bytea)
LANGUAGE plpgsql STABLE ROWS 1 AS $$
BEGIN
	RETURN QUERY SELECT s.number, s.head
		FROM (SELECT * FROM seal ORDER BY seal.number DESC LIMIT 1) AS s
		WHERE s.signature IS NULL;
END $$;

-- Stores the signature of a seal. A second one changes nothing.
CREATE OR REPLACE FUNCTION seal_sign(p_number bigint, p_signed_at timestamptz, p_signature bytea,
	p_signer bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	UPDATE seal SET signed_at = p_signed_at, signature = p_signature, signer = p_signer
	WHERE number = p_number AND signature IS NULL
$$;
