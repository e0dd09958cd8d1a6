-- post.sql - the posting function: every movement of money, from either door, is a call of post().
--
-- A batch of operations is one round trip and one commit. post() finds the wallets and locks them in id order,
-- so that batches never wait for each other in a ring; post_run() then judges the operations one after another
-- against running balances held in plain variables, and writes everything with one statement a table.
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
-- status: ok, replayed, or a code of common/error.def.
CREATE OR REPLACE FUNCTION post(p_op_ids uuid[], p_wallet_ids uuid[], p_user_ids uuid[], p_powers integer[],
	p_kinds text[], p_amounts bigint[], p_reference_ids uuid[], p_keys text[], p_fingerprints bytea[],
	p_merchants text[], p_descriptions text[], p_metadata text[],
	p_cancel_window interval, p_retry boolean, p_open_currency text)
RETURNS TABLE (op_id uuid, status text, id uuid, wallet_id uuid, owner_id uuid, kind text, amount bigint,
	currency text, balance_after bigint, version bigint, reference_id uuid, merchant text, description text,
	metadata text, created_at timestamptz, available bigint, held bigint, required bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 100
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
	wallets uuid[] := p_wallet_ids;
	a       integer;
	b       integer;
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

	-- Under READ COMMITTED this statement's snapshot is older than its wait: it only locks, post_run() reads.
	PERFORM 1 FROM wallet w WHERE w.id = ANY (wallets) ORDER BY w.id FOR NO KEY UPDATE;

	IF cardinality(p_op_ids) = 1 OR NOT post_has_twins(p_op_ids, p_keys, p_reference_ids) THEN
		RETURN QUERY SELECT * FROM post_run(p_op_ids, wallets, p_user_ids, p_powers, p_kinds, p_amounts,
			p_reference_ids, p_keys, p_fingerprints, p_merchants, p_descriptions, p_metadata,
			p_cancel_window, p_retry, p_open_currency);
		RETURN;
	END IF;
	-- Twins: the same key, or the same original, twice. Cut between them, so that the second sees what
	-- the first wrote; post_run() itself never has to look for one inside its batch.
	FOR a, b IN SELECT first, last FROM post_slices(p_op_ids, wallets, p_keys, p_reference_ids) LOOP
		RETURN QUERY SELECT * FROM post_run(p_op_ids[a:b], wallets[a:b], p_user_ids[a:b], p_powers[a:b],
			p_kinds[a:b], p_amounts[a:b], p_reference_ids[a:b], p_keys[a:b], p_fingerprints[a:b],
			p_merchants[a:b], p_descriptions[a:b], p_metadata[a:b],
			p_cancel_window, p_retry, p_open_currency);
	END LOOP;
END $$;

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

-- Judge and write operations on wallets that are locked and that do not depend on one another.
CREATE OR REPLACE FUNCTION post_run(p_op_ids uuid[], p_wallets uuid[], p_user_ids uuid[], p_powers integer[],
	p_kinds text[], p_amounts bigint[], p_reference_ids uuid[], p_keys text[], p_fingerprints bytea[],
	p_merchants text[], p_descriptions text[], p_metadata text[],
	p_cancel_window interval, p_retry boolean, p_open_currency text)
RETURNS TABLE (op_id uuid, status text, id uuid, wallet_id uuid, owner_id uuid, kind text, amount bigint,
	currency text, balance_after bigint, version bigint, reference_id uuid, merchant text, description text,
	metadata text, created_at timestamptz, available bigint, held bigint, required bigint)
LANGUAGE plpgsql VOLATILE ROWS 100 AS $$
#variable_conflict use_column
DECLARE
	max_amount CONSTANT bigint := 9007199254740991;
	operator   CONSTANT integer := 2;
	privileged CONSTANT integer := 2 | 4;       -- or service
	clock      CONSTANT timestamptz := wallet_clock();  -- after the locks: time never runs backwards in a wallet
	xid        CONSTANT xid8 := pg_current_xact_id();
	o           record;         -- the operation with its wallet, its replay and its original
	r           transaction;    -- the row that a replay repeats
	earlier     uuid;
	this        uuid;           -- the wallet that the running values belong to
	run_balance bigint;
	run_version bigint;
	touched     boolean;
	undo        boolean;
	remains     bigint;         -- what is not yet undone of the original
	delta       bigint;         -- what the operation would do to the balance
	verdict     text;
	-- What is to be written: n transactions, w wallets, u originals.
	n integer := 0;  new_rows transaction[];
	w integer := 0;  w_id uuid[];  w_balance bigint[];  w_version bigint[];
	u integer := 0;  u_wallet uuid[];  u_id uuid[];  u_amount bigint[];  u_undone bigint[];
BEGIN
	FOR o IN
		SELECT n.*, w.id AS wallet, w.owner_id, w.currency, w.status, w.balance, w.held, w.credit_limit,
		       w.version, w.changed_at, e.id AS earlier, g.id AS original, g.kind AS original_kind,
		       g.amount AS original_amount, g.contra AS original_contra, g.created_at AS original_at,
		       coalesce(u.undone, 0) AS undone
		FROM unnest(p_op_ids, p_wallets, p_user_ids, p_powers, p_kinds, p_amounts, p_reference_ids, p_keys,
		            p_fingerprints, p_merchants, p_descriptions, p_metadata) WITH ORDINALITY
		     AS n(op_id, wallet_id, user_id, power, kind, amount, reference_id, key,
		          fingerprint, merchant, description, metadata, i)
		LEFT JOIN wallet w ON w.id = n.wallet_id
		LEFT JOIN transaction e ON e.wallet_id = n.wallet_id AND e.idempotency_key = n.key
		LEFT JOIN transaction g ON g.wallet_id = n.wallet_id AND g.id = n.reference_id
		LEFT JOIN undone u ON u.wallet_id = g.wallet_id AND u.transaction_id = g.id
		ORDER BY n.wallet_id, n.i
	LOOP
		IF o.wallet IS DISTINCT FROM this THEN
			this := o.wallet;
			run_balance := o.balance;
			run_version := o.version;
			touched := false;
		END IF;
		earlier := o.earlier;
		IF p_retry AND earlier IS NULL THEN
			earlier := (SELECT t.id FROM transaction t WHERE t.id = o.op_id AND t.wallet_id = o.wallet);
		END IF;
		undo := o.kind IN ('cancellation', 'reversal');
		remains := abs(o.original_amount) - o.undone;
		delta := CASE WHEN o.amount NOT BETWEEN 1 AND max_amount THEN NULL
		              WHEN o.kind = 'deposit' THEN o.amount
		              WHEN NOT undo THEN -o.amount
		              WHEN o.original_amount > 0 THEN -coalesce(o.amount, remains)
		              ELSE coalesce(o.amount, remains) END;

		-- The rules, in the order in which they are tested.
		verdict := CASE
			-- A first wallet that only a deposit would open is judged as the empty one it would be.
			WHEN o.wallet_id IS NULL AND o.user_id IS NOT NULL AND p_open_currency IS NOT NULL
				AND o.kind IN ('withdrawal', 'purchase') AND delta < 0 THEN 'insufficient_funds'
			-- Another's wallet is answered as one that does not exist.
			WHEN o.wallet IS NULL OR (o.owner_id IS DISTINCT FROM o.user_id
				AND (o.power & privileged <> 0) IS NOT TRUE) THEN 'not_found'
			WHEN earlier IS NOT NULL THEN 'replayed'
			WHEN (o.kind IN ('deposit', 'withdrawal', 'purchase') OR undo) IS NOT TRUE
				OR o.amount NOT BETWEEN 1 AND max_amount
				OR CASE WHEN undo THEN o.reference_id IS NULL ELSE o.amount IS NULL END THEN 'invalid_request'
			WHEN o.kind = 'reversal' AND (o.power & privileged <> 0) IS NOT TRUE THEN 'forbidden'
			WHEN o.kind = 'cancellation' AND o.owner_id IS DISTINCT FROM o.user_id
				AND (o.power & operator <> 0) IS NOT TRUE THEN 'forbidden'
			WHEN o.status = 'frozen' THEN 'wallet_frozen'
			WHEN o.status = 'closed' THEN 'wallet_closed'
			WHEN undo AND o.original IS NULL THEN 'not_found'
			WHEN undo AND o.original_kind NOT IN ('deposit', 'withdrawal', 'purchase') THEN 'not_undoable'
			WHEN o.kind = 'cancellation' AND (o.original_kind <> 'purchase'
				OR clock >= o.original_at + p_cancel_window) THEN 'not_undoable'
			WHEN undo AND remains = 0 THEN 'already_undone'
			WHEN undo AND o.amount > remains THEN 'exceeds_original'
			WHEN delta < 0 AND run_balance - o.held + o.credit_limit + delta < 0 THEN 'insufficient_funds'
			WHEN run_balance + delta > max_amount THEN 'balance_limit'
			ELSE 'ok' END;

		op_id := o.op_id;
		available := NULL;  held := NULL;  required := NULL;
		IF verdict = 'ok' THEN
			run_balance := run_balance + delta;
			run_version := run_version + 1;
			status := verdict;  id := o.op_id;  wallet_id := this;  owner_id := o.owner_id;  kind := o.kind;
			amount := delta;  currency := o.currency;  balance_after := run_balance;  version := run_version;
			reference_id := o.reference_id;  merchant := o.merchant;  description := o.description;
			metadata := o.metadata;  created_at := greatest(clock, o.changed_at);

			n := n + 1;
			-- Every column of the table, in its order. One row value costs half of an array for each column.
			new_rows[n] := ROW(run_version, delta, run_balance, created_at, xid, this, o.op_id, o.reference_id, o.kind,
				CASE o.kind WHEN 'deposit' THEN 'funding' WHEN 'withdrawal' THEN 'payout'
				WHEN 'purchase' THEN 'merchant' ELSE o.original_contra END,
				o.key, o.fingerprint, o.merchant, o.description, o.metadata::json)::transaction;
			IF NOT touched THEN
				touched := true;
				w := w + 1;
				w_id[w] := this;
			END IF;
			w_balance[w] := run_balance;  w_version[w] := run_version;
			IF undo THEN
				u := u + 1;
				u_wallet[u] := this;  u_id[u] := o.original;  u_amount[u] := abs(o.original_amount);
				u_undone[u] := o.undone + abs(delta);
			END IF;
			RETURN NEXT;
			CONTINUE;
		END IF;

		r := NULL;
		IF verdict = 'replayed' THEN
			SELECT * INTO r FROM transaction t WHERE t.wallet_id = this AND t.id = earlier;
			IF r.id = o.op_id THEN
				verdict := 'ok';        -- this very operation, called again
			ELSIF r.fingerprint IS DISTINCT FROM o.fingerprint THEN
				verdict := 'idempotency_key_reused';
				r := NULL;
			END IF;
		ELSIF verdict = 'insufficient_funds' THEN
			available := coalesce(run_balance - o.held + o.credit_limit, 0);
			held := coalesce(o.held, 0);
			required := coalesce(-delta, o.amount);
		END IF;
		status := verdict;  id := r.id;  wallet_id := r.wallet_id;  owner_id := NULL;  kind := r.kind;
		amount := r.amount;  currency := NULL;  balance_after := r.balance_after;  version := r.version;
		reference_id := r.reference_id;  merchant := r.merchant;  description := r.description;
		metadata := r.metadata;  created_at := r.created_at;
		IF r.id IS NOT NULL THEN
			owner_id := o.owner_id;  currency := o.currency;
		END IF;
		RETURN NEXT;
	END LOOP;

	IF n > 0 THEN
		UPDATE wallet w SET balance = d.balance, version = d.version, changed_at = greatest(clock, w.changed_at)
		FROM unnest(w_id, w_balance, w_version) AS d(id, balance, version) WHERE w.id = d.id;
		INSERT INTO transaction SELECT * FROM unnest(new_rows);
	END IF;
	IF u > 0 THEN
		INSERT INTO undone (wallet_id, transaction_id, amount, undone)
		SELECT * FROM unnest(u_wallet, u_id, u_amount, u_undone)
		ON CONFLICT (wallet_id, transaction_id) DO UPDATE SET undone = excluded.undone;
	END IF;
END $$;
