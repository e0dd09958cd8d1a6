-- change.sql - an operator's changes to a wallet: freeze, unfreeze, close, set its limits. Each is
-- a row in the wallet's history.

-- Why not to make an operator's change: it was made already, or the caller is not allowed to, or
-- the wallet does not exist or is closed. Null if nothing prevents it. `earlier` is the row of the
-- first reply, to show again.
CREATE OR REPLACE FUNCTION change_error(p_wallet wallet, p_op_id uuid, p_roles integer, p_key text,
	p_fingerprint bytea, OUT error text, OUT earlier uuid)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	r transaction;
BEGIN
	SELECT * INTO r FROM transaction t WHERE t.wallet_id = p_wallet.id AND t.id = p_op_id;
	IF r.id IS NULL THEN
		SELECT * INTO r FROM transaction t
		WHERE t.wallet_id = p_wallet.id AND t.idempotency_key = p_key;
	END IF;
	error := CASE WHEN p_wallet.id IS NULL THEN 'not_found'
	              WHEN (p_roles & 2 <> 0) IS NOT TRUE THEN 'forbidden'
	              WHEN r.id = p_op_id THEN 'ok'
	              WHEN r.id IS NOT NULL AND r.fingerprint IS DISTINCT FROM p_fingerprint
	              THEN 'idempotency_key_reused'
	              WHEN r.id IS NOT NULL THEN 'replayed'
	              WHEN p_wallet.status = 'closed' THEN 'wallet_closed' END;
	earlier := CASE WHEN error IN ('ok', 'replayed') THEN r.id END;
END $$;

-- Writes the row of a change, and the changed wallet.
CREATE OR REPLACE FUNCTION change_write(p_wallet wallet, p_op_id uuid, p_kind text, p_status text,
	p_credit_limit bigint, p_reason text, p_metadata json, p_key text, p_fingerprint bytea,
	p_actor uuid, p_request_id text)
RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	at timestamptz := greatest(wallet_clock(), p_wallet.changed_at);
BEGIN
	IF p_credit_limit <> p_wallet.credit_limit THEN
		INSERT INTO credit_limit_change
		VALUES (p_wallet.id, p_wallet.version + 1, p_wallet.credit_limit);
	END IF;
	UPDATE wallet SET status = p_status, credit_limit = p_credit_limit,
		version = p_wallet.version + 1, changed_at = at
	WHERE id = p_wallet.id;
	INSERT INTO transaction (wallet_id, version, id, kind, amount, balance_after, held_after,
		created_at, description, metadata, idempotency_key, fingerprint, actor, request_id)
	VALUES (p_wallet.id, p_wallet.version + 1, p_op_id, p_kind, 0, p_wallet.balance,
		nullif(p_wallet.held, 0), at, p_reason, p_metadata, p_key, p_fingerprint,
		p_actor, p_request_id);
END $$;

-- POST /v1/wallets/{id}/freeze, unfreeze, close. Freezing a frozen wallet sets the new mode. The
-- row says who did it, in which request.
CREATE OR REPLACE FUNCTION wallet_change(p_op_id uuid, p_wallet_id uuid, p_kind text,
	p_roles integer, p_mode text, p_reason text, p_key text, p_fingerprint bytea,
	p_actor uuid DEFAULT NULL, p_request_id text DEFAULT NULL)
RETURNS outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
	w       wallet;
	error   text;
	earlier uuid;
	next    text := CASE WHEN p_kind = 'freeze' AND p_mode = 'both' THEN 'frozen'
	                     WHEN p_kind = 'freeze' AND p_mode = 'debit' THEN 'frozen_debit'
	                     WHEN p_kind = 'unfreeze' AND p_mode IS NULL THEN 'open'
	                     WHEN p_kind = 'close' AND p_mode IS NULL THEN 'closed' END;
BEGIN
	SELECT * INTO w FROM wallet WHERE id = p_wallet_id FOR NO KEY UPDATE;
	SELECT c.error, c.earlier INTO error, earlier
	FROM change_error(w, p_op_id, p_roles, p_key, p_fingerprint) AS c;
	IF error IS NULL THEN
		error := CASE WHEN next IS NULL THEN 'invalid_request'
		              WHEN next = 'closed' AND (w.balance <> 0 OR w.held <> 0)
		              THEN 'wallet_not_empty'
		              ELSE 'ok' END;
		IF error = 'ok' THEN
			PERFORM change_write(w, p_op_id, p_kind, next, w.credit_limit, p_reason,
				CASE p_kind
					WHEN 'freeze' THEN json_build_object('mode', p_mode) END,
				p_key, p_fingerprint, p_actor, p_request_id);
			IF next = 'closed' THEN
				PERFORM owner_moves_on(w.owner_id);
			END IF;
			earlier := p_op_id;
		END IF;
	END IF;
	RETURN CASE WHEN earlier IS NULL
		THEN outcome_refusal(p_op_id, error, NULL, NULL, NULL, NULL)
		ELSE outcome_shown(p_op_id, error, earlier) END;
END $$;

-- PUT /v1/wallets/{id}/limits: replaces the wallet's rules, and its credit limit unless that is
-- null.
CREATE OR REPLACE FUNCTION wallet_limits_set(p_op_id uuid, p_wallet_id uuid, p_kinds text[],
	p_pers text[], p_amounts bigint[], p_credit_limit bigint, p_roles integer, p_reason text,
	p_key text, p_fingerprint bytea, p_actor uuid DEFAULT NULL,
	p_request_id text DEFAULT NULL)
RETURNS outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	w       wallet;
	error   text;
	earlier uuid;
	credit  bigint;
BEGIN
	SELECT * INTO w FROM wallet WHERE id = p_wallet_id FOR NO KEY UPDATE;
	credit := coalesce(p_credit_limit, w.credit_limit);
	SELECT c.error, c.earlier INTO error, earlier
	FROM change_error(w, p_op_id, p_roles, p_key, p_fingerprint) AS c;
	IF error IS NULL THEN
		error := CASE WHEN credit NOT BETWEEN 0 AND 9007199254740991
		                OR limit_rules_valid(p_kinds, p_pers, p_amounts, true) IS NOT TRUE
		              THEN 'invalid_request'
		              WHEN w.balance - w.held + credit < 0 THEN 'insufficient_funds'
		              WHEN credit > w.credit_limit
		                AND w.balance + credit > 9007199254740991 THEN 'balance_limit'
		              ELSE 'ok' END;
		IF error = 'ok' THEN
			PERFORM limit_rules_replace(w.id::text, p_kinds, p_pers, p_amounts);
			PERFORM change_write(w, p_op_id, 'limit', w.status, credit, p_reason,
				json_build_object('credit_limit',
					json_build_object('from', w.credit_limit, 'to', credit),
				'limits', limit_rules_shown(p_kinds, p_pers, p_amounts)),
				p_key, p_fingerprint, p_actor, p_request_id);
			earlier := p_op_id;
		END IF;
	END IF;
	-- If the credit limit is too low: what is available, and how much of it the change would
	-- take.
	RETURN CASE WHEN earlier IS NULL THEN outcome_refusal(p_op_id, error,
			w.balance - w.held + w.credit_limit, w.held, w.credit_limit - credit, NULL)
		ELSE outcome_shown(p_op_id, error, earlier) END;
END $$;
