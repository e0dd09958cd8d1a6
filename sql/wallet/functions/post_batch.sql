-- post_batch.sql - what post() must know of a batch before it judges: the other sides, and which operations depend on others.
--
-- In PL/pgSQL even where SQL would do: a function of that language which is not inlined is parsed and planned at each call.

-- Takes the key of a whole batch for this body; false: it stands for another one. Who comes while the first one is under way
-- waits for its end.
CREATE OR REPLACE FUNCTION batch_claim(p_owner_id uuid, p_key text, p_fingerprint bytea)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	INSERT INTO batch_key (owner_id, key, fingerprint, created_at) VALUES (p_owner_id, p_key, p_fingerprint, wallet_clock())
	ON CONFLICT DO NOTHING;
	RETURN FOUND OR EXISTS (SELECT FROM batch_key b
		WHERE b.owner_id = p_owner_id AND b.key = p_key AND b.fingerprint = p_fingerprint);
END $$;

-- The other sides' wallets, and what each operation undoes. A transfer has two rows, either of which may be named:
-- here it is always the sender's, so that twins are seen. A transfer of this very batch is in p_counterparts.
CREATE OR REPLACE FUNCTION post_counterparts(p_kinds text[], p_reference_ids uuid[],
	p_counterparts uuid[], OUT counterparts uuid[], OUT originals uuid[])
LANGUAGE plpgsql STABLE AS $$
BEGIN
	SELECT array_agg(coalesce(t.counterpart_wallet, n.counterpart)),
	       array_agg(CASE WHEN t.amount > 0 THEN t.counterpart_id ELSE n.reference_id END ORDER BY n.i)
	INTO counterparts, originals
	FROM unnest(p_kinds, p_reference_ids, p_counterparts) WITH ORDINALITY AS n(kind, reference_id, counterpart, i)
	LEFT JOIN transaction t ON n.kind = 'reversal' AND t.id = n.reference_id AND t.kind = 'transfer';
END $$;

-- May any two operations depend on one another? A quick yes or no, a yes may be wrong.
CREATE OR REPLACE FUNCTION post_has_twins(p_op_ids uuid[], p_keys text[], p_reference_ids uuid[])
RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT count(n.key) <> count(DISTINCT n.key COLLATE "C")
	            OR count(n.reference_id) <> count(DISTINCT n.reference_id)
	            OR coalesce(array_agg(n.reference_id) FILTER (WHERE n.reference_id IS NOT NULL) && p_op_ids, false)
	        FROM unnest(p_keys, p_reference_ids) AS n(key, reference_id));
END $$;

-- The fewest runs first … last of the batch in which no operation depends on another of its run.
CREATE OR REPLACE FUNCTION post_slices(p_op_ids uuid[], p_wallets uuid[], p_keys text[],
	p_reference_ids uuid[])
RETURNS TABLE (first integer, last integer)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	marks text[] := ARRAY (   -- keys are the wallet's, not the world's
		SELECT n.wallet_id || n.key FROM unnest(p_wallets, p_keys) WITH ORDINALITY AS n(wallet_id, key, i) ORDER BY n.i);
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
