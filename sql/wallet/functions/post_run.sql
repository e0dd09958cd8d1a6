-- post_run.sql - judging operations and writing what came of them. Only post() and hold_expire() call it, holding the locks.
--
-- One pass over the operations carries the wallet at hand in plain variables; the arrays at the end of the declarations
-- collect what is to be written, and hold every wallet already moved by this run. Simple batches (see post()) are
-- walked wallet by wallet. Others are walked as given, because an operation may move a second wallet, and look each
-- wallet up in those arrays first. No two operations of a run name the same key or the same original: post() cuts there.

-- Judge and write operations on wallets that are locked and that do not depend on one another.
CREATE OR REPLACE FUNCTION post_run(p_op_ids uuid[], p_wallets uuid[], p_user_ids uuid[], p_powers integer[],
	p_kinds text[], p_amounts bigint[], p_reference_ids uuid[], p_keys text[], p_fingerprints bytea[],
	p_merchants text[], p_descriptions text[], p_metadata text[],
	p_cancel_window interval, p_retry boolean, p_open_currency text,
	p_to_wallet_ids uuid[], p_expires_at timestamptz[], p_finals boolean[], p_simple boolean)
RETURNS TABLE (op_id uuid, status text, id uuid, wallet_id uuid, owner_id uuid, kind text, amount bigint,
	currency text, balance_after bigint, version bigint, reference_id uuid, merchant text, description text,
	metadata text, created_at timestamptz, available bigint, held bigint, required bigint,
	held_change bigint, counterpart_wallet uuid, counterpart_id uuid, expires_at timestamptz, refusal json)
LANGUAGE plpgsql VOLATILE ROWS 100 AS $$
#variable_conflict use_column
DECLARE
	max_amount CONSTANT bigint := 9007199254740991;
	operator   CONSTANT integer := 2;
	privileged CONSTANT integer := 2 | 4;       -- or service
	expiry     CONSTANT integer := 8;           -- hold_expire(): the hold's time is over, whatever the wallet's state
	clock      CONSTANT timestamptz := wallet_clock();  -- after the locks: time never runs backwards in a wallet
	xid        CONSTANT xid8 := pg_current_xact_id();
	o           record;         -- the operation with its wallet, its replay and its original
	r           transaction;    -- the row that a replay repeats
	earlier     uuid;
	this        uuid;           -- the wallet that the running values belong to
	run_balance bigint;
	run_held    bigint;
	run_version bigint;
	slot        integer;        -- its place in the w_ arrays; 0: not there yet
	undo        boolean;
	remains     bigint;         -- what is not yet undone of the original
	delta       bigint;         -- what the operation would do to the balance
	-- Of kinds that are not simple; else 0 and null.
	hold_delta  bigint := 0;    -- what it would do to what is held
	fault       text;           -- why its kind refuses it
	side        wallet;         -- the other side's wallet as it would be before it
	side_slot   integer;
	side_fault  text;
	side_id     uuid;
	verdict     text;
	-- What is to be written: n transactions, w wallets, u originals.
	n integer := 0;  new_rows transaction[];
	w integer := 0;  w_id uuid[];  w_balance bigint[];  w_held bigint[];  w_version bigint[];
	u integer := 0;  u_wallet uuid[];  u_id uuid[];  u_amount bigint[];  u_undone bigint[];
BEGIN
	FOR o IN
		SELECT n.*, w.id AS wallet, w.owner_id, w.currency, w.status, w.balance, w.held, w.credit_limit,
		       w.version, w.changed_at, e.id AS earlier, g.id AS original, g.kind AS original_kind,
		       g.amount AS original_amount, g.contra AS original_contra, g.created_at AS original_at,
		       g.merchant AS original_merchant, g.counterpart_wallet AS original_side, g.counterpart_id AS original_twin,
		       coalesce(u.undone, 0) AS undone, (SELECT true FROM limit_rule LIMIT 1) AS limited
		FROM unnest(p_op_ids, p_wallets, p_user_ids, p_powers, p_kinds, p_amounts, p_reference_ids, p_keys,
		            p_fingerprints, p_merchants, p_descriptions, p_metadata, p_to_wallet_ids, p_expires_at, p_finals)
		     WITH ORDINALITY
		     AS n(op_id, wallet_id, user_id, power, kind, amount, reference_id, key,
		          fingerprint, merchant, description, metadata, to_wallet_id, expires_at, final, i)
		LEFT JOIN wallet w ON w.id = n.wallet_id
		LEFT JOIN transaction e ON e.wallet_id = n.wallet_id AND e.idempotency_key = n.key
		LEFT JOIN transaction g ON g.wallet_id = n.wallet_id AND g.id = n.reference_id
		-- What is undone of a transfer is kept with the sender's row.
		LEFT JOIN undone u ON u.wallet_id = CASE WHEN g.kind = 'transfer' AND g.amount > 0 THEN g.counterpart_wallet ELSE g.wallet_id END
			AND u.transaction_id = CASE WHEN g.kind = 'transfer' AND g.amount > 0 THEN g.counterpart_id ELSE g.id END
		ORDER BY CASE WHEN p_simple THEN n.wallet_id END, n.i
	LOOP
		IF o.wallet IS DISTINCT FROM this THEN
			this := o.wallet;
			slot := CASE WHEN p_simple THEN 0 ELSE coalesce(array_position(w_id, this), 0) END;
			IF slot = 0 THEN
				run_balance := o.balance;  run_held := o.held;  run_version := o.version;
			ELSE
				run_balance := w_balance[slot];  run_held := w_held[slot];  run_version := w_version[slot];
			END IF;
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
		IF NOT p_simple THEN
			hold_delta := 0;  fault := NULL;  side := NULL;  side_fault := NULL;
			IF o.kind IN ('hold', 'capture', 'release') THEN
				SELECT h.delta, h.hold_delta, h.fault INTO delta, hold_delta, fault
				FROM post_hold(o.kind, o.wallet, o.amount, o.reference_id, o.original_kind,
					o.expires_at, o.final, o.power & expiry <> 0, clock) AS h;
			ELSIF o.kind = 'transfer' OR o.kind = 'reversal' AND o.original_kind = 'transfer' THEN
				SELECT * INTO side FROM wallet s WHERE s.id = CASE WHEN undo THEN o.original_side ELSE o.to_wallet_id END;
				side_slot := array_position(w_id, side.id);
				IF side_slot IS NOT NULL THEN
					side.balance := w_balance[side_slot];  side.held := w_held[side_slot];  side.version := w_version[side_slot];
				END IF;
				side_fault := post_side_fault(side, o.currency, -delta);
				IF o.to_wallet_id IS NULL AND NOT undo OR side.id = o.wallet THEN
					fault := 'invalid_request';
				END IF;
			END IF;
		END IF;

		-- The rules, in the order in which they are tested.
		verdict := CASE
			-- A first wallet that only a deposit would open is judged as the empty one it would be.
			WHEN o.wallet_id IS NULL AND o.user_id IS NOT NULL AND p_open_currency IS NOT NULL
				AND o.kind IN ('withdrawal', 'purchase', 'hold', 'transfer') AND delta - hold_delta < 0 THEN 'insufficient_funds'
			-- Another's wallet is answered as one that does not exist.
			WHEN o.wallet IS NULL OR (o.owner_id IS DISTINCT FROM o.user_id
				AND (o.power & (privileged | expiry) <> 0) IS NOT TRUE) THEN 'not_found'
			WHEN earlier IS NOT NULL THEN 'replayed'
			WHEN (o.kind IN ('deposit', 'withdrawal', 'purchase') OR undo
				OR o.kind IN ('hold', 'capture', 'release', 'transfer')) IS NOT TRUE
				OR o.amount NOT BETWEEN 1 AND max_amount
				OR CASE WHEN undo OR o.kind IN ('capture', 'release') THEN o.reference_id IS NULL ELSE o.amount IS NULL END
				OR fault = 'invalid_request' THEN 'invalid_request'
			WHEN o.kind = 'reversal' AND (o.power & privileged <> 0) IS NOT TRUE THEN 'forbidden'
			WHEN o.kind = 'cancellation' AND o.owner_id IS DISTINCT FROM o.user_id
				AND (o.power & operator <> 0) IS NOT TRUE THEN 'forbidden'
			WHEN o.status = 'closed' THEN 'wallet_closed'
			WHEN o.status <> 'open' AND (o.power & expiry <> 0) IS NOT TRUE
				AND (o.status = 'frozen' OR delta < 0 OR hold_delta > 0) THEN 'wallet_frozen'
			WHEN undo AND o.original IS NULL THEN 'not_found'
			WHEN undo AND o.original_kind NOT IN ('deposit', 'withdrawal', 'purchase', 'capture', 'transfer') THEN 'not_undoable'
			WHEN o.kind = 'cancellation' AND (o.original_kind NOT IN ('purchase', 'capture')
				OR clock >= o.original_at + p_cancel_window) THEN 'not_undoable'
			WHEN undo AND remains = 0 THEN 'already_undone'
			WHEN undo AND o.amount > remains THEN 'exceeds_original'
			WHEN fault IS NOT NULL THEN fault
			WHEN side_fault IS NOT NULL THEN 'side'
			WHEN delta - hold_delta < 0 AND run_balance - run_held + o.credit_limit + delta - hold_delta < 0 THEN 'insufficient_funds'
			WHEN run_balance + delta > max_amount THEN 'balance_limit'
			ELSE 'ok' END;

		op_id := o.op_id;
		available := NULL;  held := NULL;  required := NULL;  refusal := NULL;
		IF o.limited AND verdict = 'ok' AND NOT undo THEN
			refusal := limit_take(this, o.currency, o.kind, greatest(abs(delta), hold_delta),
				greatest(clock, o.changed_at), run_version + 1);
			IF refusal IS NOT NULL THEN
				verdict := 'limit_exceeded';
			END IF;
		END IF;
		IF verdict = 'ok' THEN
			run_balance := run_balance + delta;
			run_held := run_held + hold_delta;
			run_version := run_version + 1;
			status := verdict;  id := o.op_id;  wallet_id := this;  owner_id := o.owner_id;  kind := o.kind;
			amount := delta;  currency := o.currency;  balance_after := run_balance;  version := run_version;
			reference_id := o.reference_id;  merchant := o.merchant;  description := o.description;
			metadata := o.metadata;  created_at := greatest(clock, o.changed_at);
			held_change := hold_delta;  counterpart_wallet := NULL;  counterpart_id := NULL;  expires_at := NULL;
			IF NOT p_simple THEN
				IF o.kind = 'capture' THEN
					merchant := coalesce(merchant, o.original_merchant);
				ELSIF o.kind = 'hold' THEN
					expires_at := coalesce(o.expires_at, clock + interval '7 days');
				ELSIF side.id IS NOT NULL THEN
					counterpart_wallet := side.id;  counterpart_id := uuid_v7(clock);
				END IF;
			END IF;

			n := n + 1;
			-- Every column of the table, in its order. One row value costs half of an array for each column.
			new_rows[n] := ROW(run_version, delta, run_balance, created_at, xid, this, o.op_id, o.reference_id, o.kind,
				CASE o.kind WHEN 'deposit' THEN 'funding' WHEN 'withdrawal' THEN 'payout'
				WHEN 'purchase' THEN 'merchant' WHEN 'capture' THEN 'merchant' WHEN 'transfer' THEN 'transfer'
				WHEN 'hold' THEN NULL WHEN 'release' THEN NULL ELSE o.original_contra END,
				o.key, o.fingerprint, merchant, o.description, o.metadata::json, nullif(hold_delta, 0), nullif(run_held, 0),
				counterpart_wallet, counterpart_id, expires_at)::transaction;
			IF slot = 0 THEN
				w := w + 1;
				slot := w;
				w_id[w] := this;
			END IF;
			w_balance[slot] := run_balance;  w_held[slot] := run_held;  w_version[slot] := run_version;
			IF undo THEN
				u := u + 1;
				u_amount[u] := abs(o.original_amount);
				u_undone[u] := o.undone + abs(delta);
				IF o.original_kind = 'transfer' AND o.original_amount > 0 THEN
					u_wallet[u] := o.original_side;  u_id[u] := o.original_twin;
				ELSE
					u_wallet[u] := this;  u_id[u] := o.original;
				END IF;
			END IF;
			IF counterpart_id IS NOT NULL THEN
				n := n + 1;
				new_rows[n] := ROW(side.version + 1, -delta, side.balance - delta, greatest(clock, side.changed_at), xid, side.id,
					counterpart_id, o.original_twin, o.kind, 'transfer', NULL, NULL, NULL, o.description, NULL, NULL,
					nullif(side.held, 0), this, o.op_id, NULL)::transaction;
				IF side_slot IS NULL THEN
					w := w + 1;
					side_slot := w;
					w_id[w] := side.id;
				END IF;
				w_balance[side_slot] := side.balance - delta;  w_held[side_slot] := side.held;
				w_version[side_slot] := side.version + 1;
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
		ELSIF verdict = 'side' THEN
			verdict := side_fault;
			refusal := json_build_object('wallet_id', CASE WHEN undo THEN o.original_side ELSE o.to_wallet_id END);
		END IF;
		IF verdict = 'insufficient_funds' THEN
			available := coalesce(run_balance - run_held + o.credit_limit, 0);
			held := coalesce(run_held, 0);
			required := coalesce(hold_delta - delta, o.amount);
			IF side_fault IS NOT NULL THEN
				available := side.balance - side.held + side.credit_limit;  held := side.held;  required := delta;
			END IF;
		END IF;
		status := verdict;  id := r.id;  wallet_id := r.wallet_id;  owner_id := NULL;  kind := r.kind;
		amount := r.amount;  currency := NULL;  balance_after := r.balance_after;  version := r.version;
		reference_id := r.reference_id;  merchant := r.merchant;  description := r.description;
		metadata := r.metadata;  created_at := r.created_at;  held_change := NULL;
		counterpart_wallet := r.counterpart_wallet;  counterpart_id := r.counterpart_id;  expires_at := r.expires_at;
		IF r.id IS NOT NULL THEN
			owner_id := o.owner_id;  currency := o.currency;  held_change := coalesce(r.held_change, 0);
		END IF;
		RETURN NEXT;
	END LOOP;

	IF n > 0 THEN
		UPDATE wallet w SET balance = d.balance, held = d.held, version = d.version, changed_at = greatest(clock, w.changed_at)
		FROM unnest(w_id, w_balance, w_held, w_version) AS d(id, balance, held, version) WHERE w.id = d.id;
		INSERT INTO transaction SELECT * FROM unnest(new_rows);
		IF NOT p_simple THEN
			PERFORM post_holds_write(new_rows);
		END IF;
	END IF;
	IF u > 0 THEN
		INSERT INTO undone (wallet_id, transaction_id, amount, undone)
		SELECT * FROM unnest(u_wallet, u_id, u_amount, u_undone)
		ON CONFLICT (wallet_id, transaction_id) DO UPDATE SET undone = excluded.undone;
	END IF;
END $$;
