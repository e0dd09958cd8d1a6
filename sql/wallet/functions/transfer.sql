-- transfer.sql - the other side of a transfer or of its reversal.

-- Why a wallet refuses to be the other side of a movement that would change its balance by p_delta; null: it does not.
CREATE OR REPLACE FUNCTION post_side_fault(p_side wallet, p_currency text, p_delta bigint) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN p_side.id IS NULL THEN 'not_found'
		WHEN p_side.currency <> p_currency THEN 'currency_mismatch'
		WHEN p_side.status = 'closed' THEN 'wallet_closed'
		WHEN p_side.status = 'frozen' OR p_side.status = 'frozen_debit' AND p_delta < 0 THEN 'wallet_frozen'
		WHEN p_delta < 0 AND p_side.balance - p_side.held + p_side.credit_limit + p_delta < 0 THEN 'insufficient_funds'
		WHEN p_side.balance + p_delta > 9007199254740991 THEN 'balance_limit'
		END
$$;

-- A refusal that is the other side's doing: says which wallet that is.
CREATE OR REPLACE FUNCTION post_side_refusal(p_op_id uuid, p_side wallet, p_side_id uuid, p_currency text, p_delta bigint)
RETURNS posting
LANGUAGE sql STABLE AS $$
	SELECT post_refusal(p_op_id, post_side_fault(p_side, p_currency, p_delta),
		p_side.balance - p_side.held + p_side.credit_limit, p_side.held, -p_delta, json_build_object('wallet_id', p_side_id))
$$;
