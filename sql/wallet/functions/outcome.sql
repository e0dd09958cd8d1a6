-- outcome.sql - the outcomes of operations that write nothing.

-- An existing transaction, as an outcome.
CREATE OR REPLACE FUNCTION outcome_shown(p_op_id uuid, p_error text, p_id uuid) RETURNS outcome
LANGUAGE sql STABLE AS $$
	SELECT ROW(p_op_id, p_error, t.id, t.wallet_id, t.owner_id, t.kind, t.amount, t.currency,
		t.balance_after, t.version, t.reference_id, t.merchant, t.description,
		t.metadata::text, t.created_at, NULL, NULL, NULL, t.held_change,
		t.counterpart_wallet, t.counterpart_id, t.expires_at, NULL, t.actor,
		t.request_id)::outcome
	FROM transaction_shown t WHERE t.id = p_id
$$;

-- An operation that already has its transaction, by its key or its own id.
CREATE OR REPLACE FUNCTION outcome_replay(p_op_id uuid, p_earlier uuid, p_fingerprint bytea)
RETURNS outcome
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF p_earlier = p_op_id THEN
		RETURN outcome_shown(p_op_id, 'ok', p_op_id);  -- the same operation, called again
	ELSIF (SELECT t.fingerprint FROM transaction t WHERE t.id = p_earlier)
		IS DISTINCT FROM p_fingerprint THEN
		RETURN outcome_refusal(p_op_id, 'idempotency_key_reused', NULL, NULL, NULL, NULL);
	END IF;
	RETURN outcome_shown(p_op_id, 'replayed', p_earlier);
END $$;

-- A refusal; it has amounts only for insufficient_funds. Without p_available there is no wallet: a
-- deposit would open it.
CREATE OR REPLACE FUNCTION outcome_refusal(p_op_id uuid, p_error text, p_available bigint,
	p_held bigint, p_required bigint, p_refusal json) RETURNS outcome
LANGUAGE plpgsql STABLE AS $$
DECLARE
	o outcome;
BEGIN
	o.op_id := p_op_id;
	o.error := p_error;
	o.refusal := p_refusal;
	IF p_error = 'insufficient_funds' THEN
		o.available := coalesce(p_available, 0);
		o.held := coalesce(p_held, 0);
		o.required := p_required;
		IF p_available IS NULL THEN
			o.refusal := '{"detail":"The user has no wallet yet, and so no funds: a'
				' deposit opens one"}';
		END IF;
	END IF;
	RETURN o;
END $$;
