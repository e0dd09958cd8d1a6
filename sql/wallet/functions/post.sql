-- post.sql - the posting function: every movement of money, from either door, is a call of post().
--
-- A batch of operations is one round trip and one commit. post() finds the wallets and locks them in id order,
-- so that batches never wait for each other in a ring; post_run() (post_run.sql) then judges the operations one after
-- another against running balances held in plain variables, and writes everything with one statement a table.
-- A refusal is a row of the answer and never disturbs another operation.
--
-- The planner's choices are pinned, because a plan that was made while the tables were small outlives that: a
-- connection that saw ten rows would read millions from end to end until statistics are next gathered.

-- One operation is the same place in every array; what it does not have is null.
--   p_op_ids        its id, which becomes the transaction's id (UUIDv7, made by the caller)
--   p_wallet_ids    null: the oldest wallet of the user
--   p_user_ids      on whose behalf; the wallet must be his unless the powers say otherwise
--   p_powers        bits: 2 operator, 4 service; either reaches any wallet
--   p_amounts       > 0; null in an undo: whatever is left of the original
--   p_keys, p_fingerprints   the Idempotency-Key and a digest of the body
--   p_cancel_window how long a purchase may be cancelled
--   p_retry         the call repeats one whose answer was lost: look for the operations by id as well
--   p_open_currency a deposit for a user without a wallet opens one; null: it does not
--   p_to_wallet_ids of transfers; p_expires_at of holds; p_finals of captures: is the rest released? null: it is.
--                   An array that is null as a whole has nothing for any operation.
-- status: ok, replayed, or a code of common/error.def.
CREATE OR REPLACE FUNCTION post(p_op_ids uuid[], p_wallet_ids uuid[], p_user_ids uuid[], p_powers integer[],
	p_kinds text[], p_amounts bigint[], p_reference_ids uuid[], p_keys text[], p_fingerprints bytea[],
	p_merchants text[], p_descriptions text[], p_metadata text[],
	p_cancel_window interval, p_retry boolean, p_open_currency text,
	p_to_wallet_ids uuid[] DEFAULT NULL, p_expires_at timestamptz[] DEFAULT NULL, p_finals boolean[] DEFAULT NULL)
RETURNS SETOF posting
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 100
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
	-- Kinds that touch one wallet's balance and nothing else: most batches hold no others.
	simple    CONSTANT boolean := p_kinds <@ ARRAY['deposit', 'withdrawal', 'purchase', 'cancellation'];
	wallets   uuid[] := p_wallet_ids;
	sides     uuid[];                           -- the wallets on the other side
	originals uuid[] := p_reference_ids;        -- what is undone
	a         integer;
	b         integer;
BEGIN
	IF array_position(p_wallet_ids, NULL) IS NOT NULL THEN
		IF p_open_currency IS NOT NULL THEN
			PERFORM wallet_open_missing(array_agg(n.user_id), p_open_currency)
			FROM unnest(p_wallet_ids, p_user_ids, p_kinds, p_amounts) AS n(wallet_id, user_id, kind, amount)
			WHERE n.wallet_id IS NULL AND n.kind = 'deposit' AND n.amount BETWEEN 1 AND 9007199254740991;
		END IF;
		wallets := ARRAY (
			SELECT coalesce(n.wallet_id, o.wallet_id)
			FROM unnest(p_wallet_ids, p_user_ids) WITH ORDINALITY AS n(wallet_id, user_id, i)
			LEFT JOIN owner o ON n.wallet_id IS NULL AND o.owner_id = n.user_id ORDER BY n.i);
	END IF;

	IF NOT simple THEN
		SELECT o.sides, o.originals INTO sides, originals FROM post_sides(p_kinds, p_reference_ids, p_to_wallet_ids) AS o;
	END IF;

	-- Under READ COMMITTED this statement's snapshot is older than its wait: it only locks, post_run() reads.
	PERFORM 1 FROM wallet w WHERE w.id = ANY (wallets || sides) ORDER BY w.id FOR NO KEY UPDATE;

	IF cardinality(p_op_ids) = 1 OR NOT post_has_twins(p_op_ids, p_keys, originals) THEN
		RETURN QUERY SELECT * FROM post_run(p_op_ids, wallets, p_user_ids, p_powers, p_kinds, p_amounts,
			p_reference_ids, p_keys, p_fingerprints, p_merchants, p_descriptions, p_metadata,
			p_cancel_window, p_retry, p_open_currency, p_to_wallet_ids, p_expires_at, p_finals, simple);
		RETURN;
	END IF;
	-- Twins: the same key, or the same original, twice. Cut between them, so that the second sees what
	-- the first wrote; post_run() itself never has to look for one inside its batch.
	FOR a, b IN SELECT first, last FROM post_slices(p_op_ids, wallets, p_keys, originals) LOOP
		RETURN QUERY SELECT * FROM post_run(p_op_ids[a:b], wallets[a:b], p_user_ids[a:b], p_powers[a:b],
			p_kinds[a:b], p_amounts[a:b], p_reference_ids[a:b], p_keys[a:b], p_fingerprints[a:b],
			p_merchants[a:b], p_descriptions[a:b], p_metadata[a:b],
			p_cancel_window, p_retry, p_open_currency, p_to_wallet_ids[a:b], p_expires_at[a:b], p_finals[a:b], simple);
	END LOOP;
END $$;

-- The other sides' wallets, and what each operation undoes. A transfer has two rows, either of which may be named:
-- here it is always the sender's, so that twins are seen. A transfer of this very batch is in p_to_wallet_ids.
CREATE OR REPLACE FUNCTION post_sides(p_kinds text[], p_reference_ids uuid[], p_to_wallet_ids uuid[],
	OUT sides uuid[], OUT originals uuid[])
LANGUAGE sql STABLE AS $$
	SELECT array_agg(coalesce(t.counterpart_wallet, n.to_wallet_id)),
	       array_agg(CASE WHEN t.amount > 0 THEN t.counterpart_id ELSE n.reference_id END ORDER BY n.i)
	FROM unnest(p_kinds, p_reference_ids, p_to_wallet_ids) WITH ORDINALITY AS n(kind, reference_id, to_wallet_id, i)
	LEFT JOIN transaction t ON n.kind = 'reversal' AND t.id = n.reference_id AND t.kind = 'transfer'
$$;

-- May any two operations depend on one another? A quick yes or no, a yes may be wrong.
CREATE OR REPLACE FUNCTION post_has_twins(p_op_ids uuid[], p_keys text[], p_reference_ids uuid[]) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT count(n.key) <> count(DISTINCT n.key COLLATE "C")
	    OR count(n.reference_id) <> count(DISTINCT n.reference_id)
	    OR coalesce(array_agg(n.reference_id) FILTER (WHERE n.reference_id IS NOT NULL) && p_op_ids, false)
	FROM unnest(p_keys, p_reference_ids) AS n(key, reference_id)
$$;

-- The fewest runs first … last of the batch in which no operation depends on another of its run.
CREATE OR REPLACE FUNCTION post_slices(p_op_ids uuid[], p_wallets uuid[], p_keys text[], p_reference_ids uuid[])
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
