-- post_batch.sql - what post() needs to know about a batch in advance: the counterparts, and which
-- operations depend on others.
--
-- These are PL/pgSQL even if SQL would do: an SQL function that is not inlined is parsed and
-- planned at each call.

-- Claims the key of a whole batch for this body; false if it belongs to another body. A concurrent
-- claim of the same key waits until the first transaction ends.
CREATE OR REPLACE FUNCTION batch_claim(p_owner_id uuid, p_key text, p_fingerprint bytea)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	INSERT INTO batch_key (owner_id, key, fingerprint, created_at)
	VALUES (p_owner_id, p_key, p_fingerprint, wallet_clock())
	ON CONFLICT DO NOTHING;
	RETURN FOUND OR EXISTS (SELECT FROM batch_key b
		WHERE b.owner_id = p_owner_id AND b.key = p_key AND b.fingerprint = p_fingerprint);
END $$;

-- The counterparts' wallets, and the transaction that each operation undoes. A reversal can name
-- either row of a transfer; `originals` always has the sender's, so that twins look alike. A
-- transfer in this batch is in p_counterparts.
CREATE OR REPLACE FUNCTION post_counterparts(p_kinds text[], p_reference_ids uuid[],
	p_counterparts uuid[], OUT counterparts uuid[], OUT originals uuid[])
LANGUAGE plpgsql STABLE AS $$
BEGIN
	SELECT array_agg(coalesce(t.counterpart_wallet, n.counterpart)),
	       array_agg(CASE WHEN t.amount > 0 THEN t.counterpart_id
	                      ELSE n.reference_id END ORDER BY n.i)
	INTO counterparts, originals
	FROM unnest(p_kinds, p_reference_ids, p_counterparts)
		WITH ORDINALITY AS n(kind, reference_id, counterpart, i)
	LEFT JOIN transaction t
	       ON n.kind = 'reversal' AND t.id = n.reference_id AND t.kind = 'transfer';
END $$;

-- Whether any operation could depend on another. Quick; true can be a false alarm.
CREATE OR REPLACE FUNCTION post_has_twins(p_op_ids uuid[], p_keys text[], p_reference_ids uuid[])
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT count(n.key) <> count(DISTINCT n.key COLLATE "C")
	            OR count(n.reference_id) <> count(DISTINCT n.reference_id)
	            OR coalesce(array_agg(n.reference_id)
	                   FILTER (WHERE n.reference_id IS NOT NULL) && p_op_ids, false)
	        FROM unnest(p_keys, p_reference_ids) AS n(key, reference_id));
END $$;

-- Splits the batch into the fewest slices, first … last, without dependencies inside a slice.
CREATE OR REPLACE FUNCTION post_slices(p_op_ids uuid[], p_wallets uuid[], p_keys text[],
	p_reference_ids uuid[])
RETURNS TABLE (first integer, last integer)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	marks text[] := ARRAY (   -- a key is unique only within its wallet
		SELECT n.wallet_id || n.key
		FROM unnest(p_wallets, p_keys) WITH ORDINALITY AS n(wallet_id, key, i)
		ORDER BY n.i);
BEGIN
	first := 1;
	FOR i IN 2 .. cardinality(p_op_ids) LOOP
		last := i - 1;
		IF marks[i] = ANY (marks[first:last])
		OR p_reference_ids[i] = ANY (p_reference_ids[first:last])
		OR p_reference_ids[i] = ANY (p_op_ids[first:last]) THEN
			RETURN NEXT;
			first := i;
		END IF;
	END LOOP;
	last := cardinality(p_op_ids);
	RETURN NEXT;
END $$;
