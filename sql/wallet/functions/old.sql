-- old.sql - the signatures that programs from before 004_outcomes.sql call, while one still runs.
--
-- A later migration drops these, the type `posting`, and functions that nothing calls any more but
-- older databases still have: posted, post_replay, post_refusal, post_side_fault,
-- post_side_refusal, post_sides, post_hold, change_refusal.

CREATE OR REPLACE FUNCTION post(p_op_ids uuid[], p_wallet_ids uuid[], p_user_ids uuid[],
	p_powers integer[], p_kinds text[], p_amounts bigint[], p_reference_ids uuid[],
	p_keys text[], p_fingerprints bytea[], p_merchants text[], p_descriptions text[],
	p_metadata text[], p_cancel_window interval, p_retry boolean, p_open_currency text,
	p_to_wallet_ids uuid[] DEFAULT NULL, p_expires_at timestamptz[] DEFAULT NULL,
	p_finals boolean[] DEFAULT NULL)
RETURNS SETOF posting
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 100 SET search_path = public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT o.* FROM post(p_op_ids, p_wallet_ids, p_user_ids, p_powers, p_kinds,
		p_amounts, p_reference_ids, p_keys, p_fingerprints, p_merchants, p_descriptions,
		p_metadata, (extract(epoch FROM p_cancel_window) * 1000)::bigint, p_retry, p_open_currency, p_to_wallet_ids, p_expires_at, p_finals) AS o;
END $$;

CREATE OR REPLACE FUNCTION wallet_change(p_op_id uuid, p_wallet_id uuid, p_powers integer,
	p_kind text, p_mode text, p_reason text, p_key text, p_fingerprint bytea)
RETURNS posting
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	p posting;
BEGIN
	SELECT * INTO p FROM wallet_change(p_op_id, p_wallet_id, p_kind, p_powers, p_mode, p_reason,
		p_key, p_fingerprint);
	RETURN p;
END $$;

CREATE OR REPLACE FUNCTION wallet_limits_set(p_op_id uuid, p_wallet_id uuid, p_powers integer,
	p_credit_limit bigint, p_kinds text[], p_pers text[], p_amounts bigint[], p_reason text,
	p_key text, p_fingerprint bytea)
RETURNS posting
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	p posting;
BEGIN
	SELECT * INTO p FROM wallet_limits_set(p_op_id, p_wallet_id, p_kinds, p_pers, p_amounts,
		p_credit_limit, p_powers, p_reason, p_key, p_fingerprint);
	RETURN p;
END $$;

CREATE OR REPLACE FUNCTION wallet_open(p_id uuid, p_owner_id uuid, p_currency text, p_name text,
	p_key text, p_fingerprint bytea, p_max_wallets integer, p_transaction_id uuid)
RETURNS TABLE (status text, id uuid, owner_id uuid, currency text, name text, wallet_status text,
	balance bigint, held bigint, available bigint, version bigint, created_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	RETURN QUERY SELECT o.* FROM wallet_open(p_id, p_owner_id, p_transaction_id, p_currency,
		p_name, p_key, p_fingerprint, p_max_wallets) AS o;
END $$;
