-- rebuild.sql - makes a wallet's lines equal to the ledger's rows, for `purse statement rebuild`.
--
-- Lines are append-only for the run-time role, so it cannot call these: only the owner can. Both
-- lock the wallet as lines_store() does, so the consumer can run meanwhile.

-- Stores the given lines of one wallet; replaces lines that differ. Returns how many it changed.
CREATE OR REPLACE FUNCTION lines_replace(p_wallet_ids uuid[], p_versions bigint[],
	p_transaction_ids uuid[], p_owner_ids uuid[], p_currencies text[], p_kinds text[],
	p_amounts bigint[], p_balances bigint[], p_merchants text[], p_descriptions text[],
	p_reference_ids uuid[], p_created timestamptz[], p_counterpart_wallets uuid[],
	p_counterpart_ids uuid[], p_changes bigint[])
RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	changed bigint;
	added   bigint;
BEGIN
	INSERT INTO wallet (wallet_id, owner_id, currency)
	VALUES (p_wallet_ids[1], p_owner_ids[1], p_currencies[1])
	ON CONFLICT DO NOTHING;
	PERFORM FROM wallet WHERE wallet_id = p_wallet_ids[1] FOR NO KEY UPDATE;
	UPDATE wallet SET owner_id = p_owner_ids[1], currency = p_currencies[1]
	WHERE wallet_id = p_wallet_ids[1]
	  AND (owner_id, currency) <> (p_owner_ids[1], p_currencies[1]);
	DELETE FROM line_unsigned
	WHERE wallet_id = p_wallet_ids[1] AND version = ANY (p_versions);

	UPDATE line l SET (transaction_id, kind, amount, balance_after, merchant, description,
		reference_id, created_at, counterpart_wallet, counterpart_id)
		= (n.transaction_id, n.kind, n.change, n.balance_after, n.merchant, n.description,
		n.reference_id, n.created_at, n.counterpart_wallet, n.counterpart_id)
	FROM unnest(p_versions, p_transaction_ids, p_kinds, p_changes, p_balances, p_merchants,
		p_descriptions, p_reference_ids, p_created, p_counterpart_wallets,
		p_counterpart_ids)
		AS n(version, transaction_id, kind, change, balance_after, merchant, description,
		reference_id, created_at, counterpart_wallet, counterpart_id)
	WHERE l.wallet_id = p_wallet_ids[1] AND l.version = n.version
	  AND (l.transaction_id, l.kind, l.amount, l.balance_after, l.merchant, l.description,
	       l.reference_id, l.created_at, l.counterpart_wallet, l.counterpart_id)
	      IS DISTINCT FROM
	      (n.transaction_id, n.kind, n.change, n.balance_after, n.merchant, n.description,
	       n.reference_id, n.created_at, n.counterpart_wallet, n.counterpart_id);
	GET DIAGNOSTICS changed = ROW_COUNT;

	INSERT INTO line (wallet_id, version, transaction_id, kind, amount, balance_after, merchant,
		description, reference_id, created_at, counterpart_wallet, counterpart_id)
	SELECT p_wallet_ids[1], n.version, n.transaction_id, n.kind, n.change, n.balance_after,
		n.merchant, n.description, n.reference_id, n.created_at, n.counterpart_wallet,
		n.counterpart_id
	FROM unnest(p_versions, p_transaction_ids, p_kinds, p_changes, p_balances, p_merchants,
		p_descriptions, p_reference_ids, p_created, p_counterpart_wallets,
		p_counterpart_ids)
		AS n(version, transaction_id, kind, change, balance_after, merchant, description,
		reference_id, created_at, counterpart_wallet, counterpart_id)
	ORDER BY n.version
	ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS added = ROW_COUNT;
	RETURN changed + added;
END $$;

-- Ends a rebuild: p_last is the last row of the wallet in the ledger, and all lines up to it are
-- here. Removes those after it and sets the heads; if the ledger has no such wallet (p_last = 0),
-- removes the wallet. Returns how many lines it removed. The caller locks the wallet, then reads
-- p_last: every line that the consumer had stored before is in the ledger by then.
CREATE OR REPLACE FUNCTION lines_cut(p_wallet_id uuid, p_last bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	removed bigint;
BEGIN
	DELETE FROM line_unsigned WHERE wallet_id = p_wallet_id;
	DELETE FROM line WHERE wallet_id = p_wallet_id AND version > p_last;
	GET DIAGNOSTICS removed = ROW_COUNT;
	IF p_last = 0 THEN
		DELETE FROM wallet WHERE wallet_id = p_wallet_id;
	ELSIF line_head(p_wallet_id, 0) <> p_last THEN
		RAISE 'wallet %: its lines do not lead to version %', p_wallet_id, p_last;
	ELSE
		UPDATE wallet SET version = p_last, newest = p_last, gap_since = NULL
		WHERE wallet_id = p_wallet_id AND (version, newest) <> (p_last, p_last);
	END IF;
	RETURN removed;
END $$;
