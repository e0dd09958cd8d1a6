-- old.sql - the functions that programs from before 005_bounded_reads.sql call, while one still
-- runs.
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
	RETURN QUERY SELECT o.op_id, o.error, o.id, o.wallet_id, o.owner_id, o.kind, o.amount,
		o.currency, o.balance_after, o.version, o.reference_id, o.merchant, o.description,
		o.metadata, o.created_at, o.available, o.held, o.required, o.held_change,
		o.counterpart_wallet, o.counterpart_id, o.expires_at, o.refusal
	FROM post(p_op_ids, p_wallet_ids, p_user_ids, p_powers, p_kinds,
		p_amounts, p_reference_ids, p_keys, p_fingerprints, p_merchants, p_descriptions,
		p_metadata, (extract(epoch FROM p_cancel_window) * 1000)::bigint, p_retry,
		p_open_currency, p_to_wallet_ids, p_expires_at, p_finals) AS o;
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

-- Replaced by transaction_search(): this one checks any number of rows for a page.
CREATE OR REPLACE FUNCTION transaction_page(p_owner_id uuid, p_wallet_id uuid, p_kind text,
	p_from timestamptz, p_to timestamptz, p_cursor_at timestamptz, p_cursor_wallet uuid,
	p_cursor_version bigint, p_limit integer, p_merchant text DEFAULT NULL,
	p_min_amount bigint DEFAULT NULL, p_max_amount bigint DEFAULT NULL,
	p_text text DEFAULT NULL, p_meta_keys text[] DEFAULT NULL,
	p_meta_values text[] DEFAULT NULL)
RETURNS SETOF transaction_shown
LANGUAGE plpgsql STABLE ROWS 50 SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
	RETURN QUERY
	SELECT t.id, t.wallet_id, w.owner_id, t.kind, t.amount, w.currency, t.balance_after,
	       t.version, t.reference_id, t.merchant, t.description, t.metadata, t.created_at,
	       t.xid, coalesce(t.held_change, 0), t.counterpart_wallet, t.counterpart_id,
	       t.expires_at, coalesce(t.held_after, 0), t.actor, t.request_id
	FROM (SELECT * FROM wallet
	      WHERE id = p_wallet_id AND (p_owner_id IS NULL OR owner_id = p_owner_id)
	      UNION ALL
	      SELECT * FROM wallet WHERE owner_id = p_owner_id AND p_wallet_id IS NULL) AS w
	CROSS JOIN LATERAL (SELECT
		CASE WHEN p_from IS NULL THEN 0 ELSE version_at(w.id, p_from, false) END AS after,
		least(CASE WHEN p_to IS NULL THEN w.version ELSE version_at(w.id, p_to, false) END,
		      CASE WHEN p_cursor_at IS NULL THEN w.version
		           WHEN w.id = p_cursor_wallet THEN p_cursor_version - 1
		           ELSE version_at(w.id, p_cursor_at, w.id < p_cursor_wallet) END)
			AS until OFFSET 0) AS span
	CROSS JOIN LATERAL (SELECT * FROM transaction t
		WHERE t.wallet_id = w.id AND t.version > span.after AND t.version <= span.until
		  AND (p_kind IS NULL OR t.kind = p_kind)
		  AND (p_merchant IS NULL OR t.merchant = p_merchant)
		  AND (p_min_amount IS NULL
		       OR amount_shown(t.amount, t.held_change) >= p_min_amount)
		  AND (p_max_amount IS NULL
		       OR amount_shown(t.amount, t.held_change) <= p_max_amount)
		  AND (p_text IS NULL OR strpos(lower(t.description COLLATE "und-x-icu"),
		                                lower(p_text COLLATE "und-x-icu")) > 0)
		  AND (p_meta_keys IS NULL
		       OR metadata_has(t.metadata, p_meta_keys, p_meta_values))
		ORDER BY t.version DESC LIMIT p_limit) AS t
	ORDER BY t.created_at DESC, t.wallet_id DESC, t.version DESC LIMIT p_limit;
END $$;
