-- transfer.sql - the other side of a transfer or of its reversal.

-- Why a wallet cannot be the other side of a movement that changes its balance by p_delta, or null.
CREATE OR REPLACE FUNCTION counterpart_error(p_counterpart wallet, p_currency text, p_delta bigint)
RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN p_counterpart.id IS NULL THEN 'not_found'
		WHEN p_counterpart.currency <> p_currency THEN 'currency_mismatch'
		WHEN p_counterpart.status = 'closed' THEN 'wallet_closed'
		WHEN p_counterpart.status = 'frozen'
			OR p_counterpart.status = 'frozen_debit' AND p_delta < 0
			THEN 'wallet_frozen'
		WHEN p_delta < 0 AND p_counterpart.balance - p_counterpart.held
			+ p_counterpart.credit_limit + p_delta < 0 THEN 'insufficient_funds'
		WHEN p_delta > 0 AND p_counterpart.balance + p_delta + p_counterpart.credit_limit
			> 9007199254740991 THEN 'balance_limit'
		END
$$;

-- A refusal by the other side; it names that wallet.
CREATE OR REPLACE FUNCTION counterpart_refusal(p_op_id uuid, p_counterpart wallet,
	p_counterpart_id uuid, p_currency text, p_delta bigint) RETURNS outcome
LANGUAGE sql STABLE AS $$
	SELECT outcome_refusal(p_op_id, counterpart_error(p_counterpart, p_currency, p_delta),
		p_counterpart.balance - p_counterpart.held + p_counterpart.credit_limit,
		p_counterpart.held, -p_delta, json_build_object('wallet_id', p_counterpart_id))
$$;
