-- post_answer.sql - what an operation that writes nothing is answered with.

-- A transaction that is there already, in the form of an answer.
CREATE OR REPLACE FUNCTION posted(p_op_id uuid, p_status text, p_id uuid) RETURNS posting
LANGUAGE sql STABLE AS $$
	SELECT ROW(p_op_id, p_status, t.id, t.wallet_id, t.owner_id, t.kind, t.amount, t.currency, t.balance_after, t.version,
		t.reference_id, t.merchant, t.description, t.metadata::text, t.created_at, NULL, NULL, NULL,
		t.held_change, t.counterpart_wallet, t.counterpart_id, t.expires_at, NULL)::posting
	FROM transaction_shown t WHERE t.id = p_id
$$;

-- An operation whose key, or itself, has its transaction already.
CREATE OR REPLACE FUNCTION post_replay(p_op_id uuid, p_earlier uuid, p_fingerprint bytea) RETURNS posting
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF p_earlier = p_op_id THEN
		RETURN posted(p_op_id, 'ok', p_op_id);          -- this very operation, called again
	ELSIF (SELECT t.fingerprint FROM transaction t WHERE t.id = p_earlier) IS DISTINCT FROM p_fingerprint THEN
		RETURN post_refusal(p_op_id, 'idempotency_key_reused', NULL, NULL, NULL, NULL);
	END IF;
	RETURN posted(p_op_id, 'replayed', p_earlier);
END $$;

-- A refusal; the amounts are told only for lack of funds.
CREATE OR REPLACE FUNCTION post_refusal(p_op_id uuid, p_status text, p_available bigint, p_held bigint, p_required bigint,
	p_refusal json) RETURNS posting
LANGUAGE plpgsql STABLE AS $$
DECLARE
	p posting;
BEGIN
	p.op_id := p_op_id;
	p.status := p_status;
	p.refusal := p_refusal;
	IF p_status = 'insufficient_funds' THEN
		p.available := coalesce(p_available, 0);
		p.held := coalesce(p_held, 0);
		p.required := p_required;
	END IF;
	RETURN p;
END $$;
