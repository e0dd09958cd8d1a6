-- open.sql - opening wallets: on request, or as the first wallet of an event's user.

-- Writes the rows of a new wallet. Opening it is version 1 of its history.
CREATE OR REPLACE FUNCTION wallet_insert(p_id uuid, p_owner_id uuid, p_currency text, p_name text,
	p_key text, p_fingerprint bytea, p_transaction_id uuid, p_at timestamptz) RETURNS void
LANGUAGE sql VOLATILE AS $$
	INSERT INTO wallet (id, owner_id, currency, name, version, created_at, changed_at,
		idempotency_key, fingerprint, credit_limit)
	VALUES (p_id, p_owner_id, p_currency, p_name, 1, p_at, p_at, p_key, p_fingerprint,
		coalesce((SELECT d.credit_limit::bigint FROM currency_default d
			WHERE d.currency = p_currency), 0));
	INSERT INTO transaction (wallet_id, version, id, kind, amount, balance_after, created_at)
	VALUES (p_id, 1, p_transaction_id, 'opening', 0, 0, p_at);
$$;

-- If an owner's oldest wallet is closed, the oldest one that is not takes its place. Locking the
-- row first waits for a wallet that is being opened, and so sees it.
CREATE OR REPLACE FUNCTION owner_moves_on(p_owner_id uuid) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	before uuid;
BEGIN
	PERFORM 1 FROM owner o WHERE o.owner_id = p_owner_id FOR UPDATE;
	SELECT o.wallet_id INTO before FROM owner o WHERE o.owner_id = p_owner_id;
	UPDATE owner o SET wallet_id = n.id
	FROM (SELECT w.id FROM wallet w WHERE w.owner_id = p_owner_id AND w.status <> 'closed'
	      ORDER BY w.created_at, w.id LIMIT 1) AS n
	WHERE o.owner_id = p_owner_id
	  AND EXISTS (SELECT FROM wallet c WHERE c.id = o.wallet_id AND c.status = 'closed');
	IF FOUND THEN
		INSERT INTO owner_past VALUES (p_owner_id, before) ON CONFLICT DO NOTHING;
	END IF;
END $$;

-- The wallet that an operation without a wallet_id means. Its key decides first: a retry belongs to
-- the wallet that the first call went to, even if another one has become the owner's oldest since.
-- Looks into the open wallets, and into the closed ones that an operation like this can have meant.
CREATE OR REPLACE FUNCTION owner_wallet(p_owner_id uuid, p_key text) RETURNS uuid
LANGUAGE plpgsql STABLE AS $$
DECLARE
	oldest uuid := (SELECT o.wallet_id FROM owner o WHERE o.owner_id = p_owner_id);
BEGIN
	IF p_key IS NULL OR oldest IS NULL THEN
		RETURN oldest;
	END IF;
	RETURN coalesce((
		SELECT t.wallet_id
		FROM (SELECT oldest AS id
		      UNION ALL
		      SELECT p.wallet_id FROM owner_past p WHERE p.owner_id = p_owner_id
		      UNION ALL
		      SELECT w.id FROM wallet w
		      WHERE w.owner_id = p_owner_id AND w.status <> 'closed') AS n
		JOIN transaction t ON t.wallet_id = n.id AND t.idempotency_key = p_key
		ORDER BY t.wallet_id <> oldest, t.created_at, t.wallet_id LIMIT 1), oldest);
END $$;

-- POST /v1/wallets. error: ok or replayed, with the wallet; or idempotency_key_reused,
-- wallet_limit. A replay shows the wallet as it was when opened, because it must repeat the first
-- reply.
CREATE OR REPLACE FUNCTION wallet_open(p_id uuid, p_owner_id uuid, p_transaction_id uuid,
	p_currency text, p_name text, p_key text, p_fingerprint bytea, p_max_wallets integer)
RETURNS TABLE (error text, id uuid, owner_id uuid, currency text, name text, status text,
	balance bigint, held bigint, available bigint, version bigint, created_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
	earlier wallet;
	at      timestamptz;
BEGIN
	-- Serializes openings per owner: the first inserts the row, later ones lock it.
	INSERT INTO owner (owner_id, wallet_id) VALUES (p_owner_id, p_id)
	ON CONFLICT (owner_id) DO NOTHING;
	PERFORM 1 FROM owner o WHERE o.owner_id = p_owner_id FOR UPDATE;

	-- By key, or by id: after a lost reply the caller repeats the call with the same id.
	SELECT * INTO earlier FROM wallet w
	WHERE w.owner_id = p_owner_id AND w.idempotency_key = p_key;
	IF earlier.id IS NULL THEN
		SELECT * INTO earlier FROM wallet w WHERE w.id = p_id AND w.owner_id = p_owner_id;
	END IF;
	IF earlier.id IS NULL THEN
		IF (SELECT count(*) FROM wallet w
		    WHERE w.owner_id = p_owner_id AND w.status <> 'closed')
			>= greatest(p_max_wallets, 1) THEN
			error := 'wallet_limit';
			RETURN NEXT;
			RETURN;
		END IF;
		at := wallet_clock();
		PERFORM wallet_insert(p_id, p_owner_id, p_currency, p_name, p_key, p_fingerprint,
			p_transaction_id, at);
		PERFORM owner_moves_on(p_owner_id);
		RETURN QUERY SELECT 'ok', p_id, p_owner_id, p_currency, p_name, 'open',
			0::bigint, 0::bigint, credit_limit_at(p_id, 1), 1::bigint, at;
	ELSIF earlier.fingerprint IS DISTINCT FROM p_fingerprint THEN
		error := 'idempotency_key_reused';
		RETURN NEXT;
	ELSE
		RETURN QUERY SELECT CASE WHEN earlier.id = p_id THEN 'ok' ELSE 'replayed' END,
			earlier.id, earlier.owner_id, earlier.currency::text, earlier.name, 'open',
			0::bigint, 0::bigint, credit_limit_at(earlier.id, 1), 1::bigint,
			earlier.created_at;
	END IF;
END $$;

-- Opens first wallets for these owners, for events whose user has none. It takes the owners in
-- order, so that two batches with the same owners cannot deadlock.
CREATE OR REPLACE FUNCTION wallet_open_missing(p_owner_ids uuid[], p_currency text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	missing uuid;
	made    uuid;
	at      timestamptz := wallet_clock();
BEGIN
	FOR missing IN SELECT DISTINCT n.owner_id FROM unnest(p_owner_ids) AS n(owner_id)
		WHERE NOT EXISTS (SELECT FROM owner o WHERE o.owner_id = n.owner_id)
		ORDER BY n.owner_id
	LOOP
		INSERT INTO owner (owner_id, wallet_id) VALUES (missing, uuid_v7(at))
			ON CONFLICT (owner_id) DO NOTHING RETURNING wallet_id INTO made;
		IF made IS NOT NULL THEN
			PERFORM wallet_insert(made, missing, p_currency, NULL, NULL, NULL,
				uuid_v7(at), at);
		END IF;
	END LOOP;
END $$;
