-- post.sql - the posting function: every movement of money, by HTTP or event, is a call of post().
--
-- A batch of operations is one round trip and one commit. post() locks the wallets in id order, so
-- batches cannot deadlock. It then decides the operations one after another against running
-- balances in plain variables, and writes everything with one statement per table. A refusal is a
-- row of the result, and never affects another operation. hold.sql, transfer.sql and limit.sql have
-- what only some kinds need.
--
-- One pass over the operations keeps the current wallet in plain variables. The w_, u_ and new_rows
-- arrays collect what will be written. Simple batches are walked wallet by wallet. Others are
-- walked in the given order, because an operation can move a second wallet; they look up each
-- wallet among those already moved.
--
-- It is one long function because calls are expensive, and because PL/pgSQL prepares each
-- expression again in every transaction, at a cost that grows with its size. That is most of the
-- cost of a single posting. So what only some kinds need is behind one IF, and rows are built
-- whole, not column by column.
--
-- The planner's choices are pinned, because a plan outlives the small tables for which it was made.
-- A connection that saw ten rows would scan millions until statistics are next gathered.

-- An operation has the same index in every array; what it does not have is null.
--   p_op_ids        its id, which becomes the transaction's id (UUIDv7, made by the caller)
--   p_wallet_ids    null: the user's oldest wallet, or the one that has the key
--   p_user_ids      on whose behalf; the wallet must be theirs unless the roles allow any
--   p_roles         bits: 2 operator, 4 service; either reaches any wallet. 16: yet the wallet
--                   must be the user's
--   p_amounts       > 0; null in an undo: whatever remains of the original
--   p_keys, p_fingerprints   the Idempotency-Key and a digest of the body
--   p_cancel_window_ms       how long a purchase can be cancelled
--   p_retry         repeats a call whose result was lost: look up the operations by id as well
--   p_open_currency a deposit for a user without a wallet opens one; null: it does not
--   p_counterparts  transfers: the other side's wallet
--   p_expires_at    holds: when they expire
--   p_final         captures: whether to release the rest; null: yes
--   p_request_ids   the request, if p_user_ids may act by their role; then the row says who acted
-- A null array has nothing for any operation.
-- error: ok, replayed, or a code from common/base/error.def.
CREATE OR REPLACE FUNCTION post(p_op_ids uuid[], p_wallet_ids uuid[], p_user_ids uuid[],
	p_roles integer[], p_kinds text[], p_amounts bigint[], p_reference_ids uuid[],
	p_keys text[], p_fingerprints bytea[], p_merchants text[], p_descriptions text[],
	p_metadata text[], p_cancel_window_ms bigint, p_retry boolean, p_open_currency text,
	p_counterparts uuid[] DEFAULT NULL, p_expires_at timestamptz[] DEFAULT NULL,
	p_final boolean[] DEFAULT NULL, p_request_ids text[] DEFAULT NULL)
RETURNS SETOF outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 100
SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
	-- Kinds that change one wallet's balance and nothing else: most batches have no others.
	simple    CONSTANT boolean := p_kinds <@ ARRAY['deposit', 'withdrawal', 'purchase',
		'cancellation'];
	wallets   uuid[] := p_wallet_ids;
	counterparts uuid[];                        -- the wallets on the other side
	originals uuid[] := p_reference_ids;        -- what is undone
	firsts    integer[];                        -- of the slices: see below
	lasts     integer[];
BEGIN
	IF array_position(p_wallet_ids, NULL) IS NOT NULL THEN
		IF p_open_currency IS NOT NULL THEN
			PERFORM wallet_open_missing(array_agg(n.user_id), p_open_currency)
			FROM unnest(p_wallet_ids, p_user_ids, p_kinds, p_amounts)
				AS n(wallet_id, user_id, kind, amount)
			WHERE n.wallet_id IS NULL AND n.kind = 'deposit'
			  AND n.amount BETWEEN 1 AND 9007199254740991;
		END IF;
		wallets := ARRAY (
			SELECT coalesce(n.wallet_id,
				CASE WHEN p_retry THEN (SELECT t.wallet_id FROM transaction t
				                        WHERE t.id = n.op_id) END,
				owner_wallet(n.user_id, n.key))
			FROM unnest(p_wallet_ids, p_op_ids, p_user_ids, p_keys)
				WITH ORDINALITY AS n(wallet_id, op_id, user_id, key, i)
			ORDER BY n.i);
	END IF;

	IF NOT simple THEN
		SELECT o.counterparts, o.originals INTO counterparts, originals
		FROM post_counterparts(p_kinds, p_reference_ids, p_counterparts) AS o;
	END IF;

	-- Under READ COMMITTED this statement's snapshot is older than its wait, so it only locks;
	-- the next one reads.
	PERFORM 1 FROM wallet w WHERE w.id = ANY (wallets || counterparts)
	ORDER BY w.id FOR NO KEY UPDATE;

	-- Twins are operations with the same key or the same original. Split the batch between
	-- them, so that the second sees what the first wrote. The code below can then assume that
	-- no operation depends on another.
	IF cardinality(p_op_ids) > 1 AND post_has_twins(p_op_ids, p_keys, originals) THEN
		SELECT array_agg(s.first), array_agg(s.last) INTO firsts, lasts
		FROM post_slices(p_op_ids, wallets, p_keys, originals) AS s;
		FOR s IN 1 .. CASE WHEN cardinality(firsts) > 1 THEN cardinality(firsts) ELSE 0 END
		LOOP
			RETURN QUERY SELECT * FROM post(p_op_ids[firsts[s]:lasts[s]],
				wallets[firsts[s]:lasts[s]], p_user_ids[firsts[s]:lasts[s]],
				p_roles[firsts[s]:lasts[s]], p_kinds[firsts[s]:lasts[s]],
				p_amounts[firsts[s]:lasts[s]], p_reference_ids[firsts[s]:lasts[s]],
				p_keys[firsts[s]:lasts[s]], p_fingerprints[firsts[s]:lasts[s]],
				p_merchants[firsts[s]:lasts[s]], p_descriptions[firsts[s]:lasts[s]],
				p_metadata[firsts[s]:lasts[s]],
				p_cancel_window_ms, p_retry, p_open_currency,
				p_counterparts[firsts[s]:lasts[s]],
				p_expires_at[firsts[s]:lasts[s]], p_final[firsts[s]:lasts[s]],
				p_request_ids[firsts[s]:lasts[s]]);
		END LOOP;
		IF cardinality(firsts) > 1 THEN
			RETURN;
		END IF;
	END IF;

	DECLARE
		max_amount CONSTANT bigint := 9007199254740991;
		operator   CONSTANT integer := 2;
		privileged CONSTANT integer := 2 | 4;       -- or service
		reach      CONSTANT integer := 2 | 4 | 16;
		expiry     CONSTANT integer := 4 | 8;       -- hold_expire(): works in any state
		-- Read after the locks, so that time never runs backwards within a wallet.
		clock      CONSTANT timestamptz := wallet_clock();
		xid        CONSTANT xid8 := pg_current_xact_id();
		limited    CONSTANT boolean := pg_sequence_last_value('limit_change') IS NOT NULL;
		o           record;         -- the operation with its wallet, replay and original
		earlier     uuid;
		this        uuid;           -- the wallet that the run_ values belong to
		run_balance bigint;
		run_held    bigint;
		run_version bigint;
		slot        integer;        -- its index in the w_ arrays; 0: not in them yet
		undo        boolean;
		remains     bigint;         -- the part of the original not yet undone
		delta       bigint;         -- the operation's change of the balance
		at          timestamptz;
		error       text;
		refusal     json;
		-- Who acts by their role, and in which request; else null.
		actor       uuid;
		request     text;
		-- For kinds that are not simple; else 0 and null.
		special     boolean := false;
		hold_delta  bigint := 0;    -- the operation's change of the held amount
		kind_error  text;           -- why its kind refuses it
		original    transaction;
		expires_at  timestamptz;
		counterpart wallet;         -- the other side's wallet before the operation
		counterpart_slot integer;
		counterpart_id   uuid;
		-- To be written: n transactions, w wallets, u originals.
		n integer := 0;  new_rows transaction[];
		w integer := 0;  w_id uuid[];  w_balance bigint[];  w_held bigint[];
		w_version bigint[];
		u integer := 0;  u_wallet uuid[];  u_id uuid[];  u_amount bigint[];
		u_undone bigint[];
	BEGIN
		FOR o IN
			SELECT n.*, w.id AS wallet, w.owner_id, w.currency, w.status, w.balance,
			       w.held, w.credit_limit, w.version, w.changed_at, e.id AS earlier,
			       g.id AS original, g.kind AS original_kind,
			       g.amount AS original_amount, g.contra AS original_contra,
			       g.created_at AS original_at, coalesce(u.undone, 0) AS undone
			FROM unnest(p_op_ids, wallets, p_user_ids, p_roles, p_kinds, p_amounts,
			            p_reference_ids, p_keys, p_fingerprints, p_merchants,
			            p_descriptions, p_metadata, CASE WHEN simple THEN wallets END)
			     WITH ORDINALITY
			     AS n(op_id, wallet_id, user_id, roles, kind, amount, reference_id, key,
			          fingerprint, merchant, description, metadata, walk, i)
			LEFT JOIN wallet w ON w.id = n.wallet_id
			LEFT JOIN transaction e
			       ON e.wallet_id = n.wallet_id AND e.idempotency_key = n.key
			LEFT JOIN transaction g
			       ON g.wallet_id = n.wallet_id AND g.id = n.reference_id
			LEFT JOIN undone u ON u.wallet_id = g.wallet_id AND u.transaction_id = g.id
			ORDER BY n.walk, n.i
		LOOP
			IF o.wallet IS DISTINCT FROM this THEN
				this := o.wallet;
				slot := 0;
				run_balance := o.balance;
				run_held := o.held;
				run_version := o.version;
			END IF;
			earlier := o.earlier;
			IF p_retry AND earlier IS NULL THEN
				earlier := (SELECT t.id FROM transaction t
				            WHERE t.id = o.op_id AND t.wallet_id = o.wallet);
			END IF;
			undo := o.kind IN ('cancellation', 'reversal');
			remains := abs(o.original_amount) - o.undone;
			delta := CASE WHEN o.amount NOT BETWEEN 1 AND max_amount THEN NULL
			              WHEN o.kind = 'deposit' THEN o.amount
			              WHEN NOT undo THEN -o.amount
			              WHEN o.original_amount > 0 THEN -coalesce(o.amount, remains)
			              ELSE coalesce(o.amount, remains) END;
			IF NOT simple THEN
				slot := coalesce(array_position(w_id, this), 0);
				IF slot > 0 THEN
					run_balance := w_balance[slot];
					run_held := w_held[slot];
					run_version := w_version[slot];
				END IF;
				IF special THEN         -- left by the operation before this one
					hold_delta := 0;  kind_error := NULL;  original := NULL;
					expires_at := NULL;  counterpart := NULL;
					counterpart_id := NULL;
				END IF;
				special := (o.kind IN ('deposit', 'withdrawal', 'purchase')
					OR undo AND o.original_kind IS DISTINCT FROM 'transfer')
					IS NOT TRUE;
				IF special AND o.original IS NOT NULL THEN
					SELECT * INTO original FROM transaction t
					WHERE t.wallet_id = this AND t.id = o.original;
				END IF;
				IF NOT special THEN
					NULL;
				ELSIF o.kind IN ('hold', 'capture', 'release') THEN
					expires_at := CASE o.kind WHEN 'hold' THEN
					    coalesce(p_expires_at[o.i], clock + interval '7 days')
					END;
					SELECT h.delta, h.hold_delta, h.error
					INTO delta, hold_delta, kind_error
					FROM hold_effect(o.kind, this, o.amount, o.reference_id,
						o.original_kind, expires_at, p_final[o.i],
						o.roles = expiry, clock) AS h;
				ELSIF o.kind IN ('transfer', 'reversal') THEN
					-- The sender's row stores how much is undone.
					IF undo AND original.amount > 0 THEN
						remains := original.amount - coalesce((
						    SELECT k.undone FROM undone k
						    WHERE k.wallet_id = original.counterpart_wallet
						      AND k.transaction_id = original.counterpart_id
						), 0);
						delta := CASE
						    WHEN o.amount NOT BETWEEN 1 AND max_amount
						    THEN NULL ELSE -coalesce(o.amount, remains) END;
					END IF;
					SELECT * INTO counterpart FROM wallet s
					WHERE s.id = CASE WHEN undo THEN original.counterpart_wallet
					                  ELSE p_counterparts[o.i] END;
					counterpart_slot := array_position(w_id, counterpart.id);
					IF counterpart_slot IS NOT NULL THEN
						counterpart.balance := w_balance[counterpart_slot];
						counterpart.held := w_held[counterpart_slot];
						counterpart.version := w_version[counterpart_slot];
					END IF;
					counterpart_id := uuid_v7(clock);
					kind_error := CASE
						WHEN NOT undo AND (p_counterparts[o.i] IS NULL
							OR counterpart.id = this)
							THEN 'invalid_request'
						WHEN counterpart_error(counterpart, o.currency,
							-delta) IS NOT NULL THEN 'counterpart' END;
				ELSE    -- the cancellation of a transfer, or an unknown kind
					kind_error := CASE WHEN undo THEN NULL
					                   ELSE 'invalid_request' END;
				END IF;
			END IF;

			-- The rules, in the order in which they are checked.
			error := CASE
				-- A deposit would open this wallet. Until then it counts as empty.
				WHEN o.wallet_id IS NULL AND o.user_id IS NOT NULL
					AND p_open_currency IS NOT NULL
					AND o.kind IN ('withdrawal', 'purchase', 'hold', 'transfer')
					AND delta - hold_delta < 0 THEN 'insufficient_funds'
				-- Another user's wallet looks like one that does not exist.
				WHEN o.wallet IS NULL OR (o.owner_id IS DISTINCT FROM o.user_id
					AND (o.roles & reach BETWEEN 1 AND privileged)
						IS NOT TRUE)
					THEN 'not_found'
				WHEN earlier IS NOT NULL THEN 'replayed'
				WHEN CASE WHEN undo THEN o.reference_id IS NULL
						OR o.amount NOT BETWEEN 1 AND max_amount
					ELSE delta IS NULL END
					OR kind_error = 'invalid_request' THEN 'invalid_request'
				WHEN o.kind = 'reversal' AND (o.roles & privileged <> 0) IS NOT TRUE
					THEN 'forbidden'
				WHEN o.kind = 'cancellation'
					AND o.owner_id IS DISTINCT FROM o.user_id
					AND (o.roles & operator <> 0) IS NOT TRUE THEN 'forbidden'
				WHEN o.status <> 'open' AND o.roles IS DISTINCT FROM expiry
					AND (o.status <> 'frozen_debit' OR delta < 0
						OR hold_delta > 0)
					THEN CASE o.status WHEN 'closed' THEN 'wallet_closed'
					                   ELSE 'wallet_frozen' END
				WHEN undo AND o.original IS NULL THEN 'not_found'
				WHEN undo AND o.original_kind NOT IN ('deposit', 'withdrawal',
					'purchase', 'capture', 'transfer') THEN 'not_undoable'
				WHEN o.kind = 'cancellation'
					AND (o.original_kind NOT IN ('purchase', 'capture')
						OR clock >= o.original_at + p_cancel_window_ms
							* interval '1 millisecond')
					THEN 'not_undoable'
				WHEN undo AND remains = 0 THEN 'already_undone'
				WHEN undo AND o.amount > remains THEN 'exceeds_original'
				WHEN kind_error IS NOT NULL THEN kind_error
				WHEN delta < hold_delta AND run_balance - run_held + o.credit_limit
					+ delta - hold_delta < 0 THEN 'insufficient_funds'
				-- So neither what is available nor what is held exceeds it.
				WHEN delta > 0 AND run_balance + delta + o.credit_limit > max_amount
					THEN 'balance_limit'
				ELSE 'ok' END;
			at := greatest(clock, o.changed_at);
			IF limited AND error = 'ok' AND NOT undo THEN
				refusal := limit_take(this, o.currency, o.kind,
					greatest(abs(delta), hold_delta), at, run_version + 1);
				-- No limit in it: limit_fill() must add up the usage first.
				error := CASE WHEN refusal IS NULL THEN 'ok'
				              WHEN refusal -> 'limit' IS NULL THEN 'unavailable'
				              ELSE 'limit_exceeded' END;
			END IF;
			IF error <> 'ok' THEN
				RETURN NEXT CASE error
					WHEN 'replayed'
						THEN outcome_replay(o.op_id, earlier, o.fingerprint)
					WHEN 'counterpart'
						THEN counterpart_refusal(o.op_id, counterpart,
						CASE WHEN undo THEN original.counterpart_wallet
						     ELSE p_counterparts[o.i] END,
						o.currency, -delta)
					ELSE outcome_refusal(o.op_id, error,
						run_balance - run_held + o.credit_limit, run_held,
						coalesce(hold_delta - delta, o.amount),
						refusal) END;
				CONTINUE;
			END IF;

			IF p_request_ids IS NOT NULL THEN
				request := CASE WHEN o.owner_id IS DISTINCT FROM o.user_id
					OR o.kind = 'reversal' THEN p_request_ids[o.i] END;
				actor := CASE WHEN request IS NOT NULL THEN o.user_id END;
			END IF;
			run_balance := run_balance + delta;
			run_held := run_held + hold_delta;
			run_version := run_version + 1;
			n := n + 1;
			-- All columns in the table's order. One row value costs half as much as an
			-- array per column.
			new_rows[n] := ROW(run_version, delta, run_balance, at, xid, this, o.op_id,
				o.reference_id, o.kind,
				CASE o.kind WHEN 'deposit' THEN 'funding'
				WHEN 'withdrawal' THEN 'payout' WHEN 'purchase' THEN 'merchant'
				WHEN 'capture' THEN 'merchant' WHEN 'transfer' THEN 'transfer'
					ELSE CASE WHEN undo THEN o.original_contra END END,
				o.key, o.fingerprint,
				coalesce(o.merchant,
					CASE o.kind WHEN 'capture' THEN original.merchant END),
				o.description, o.metadata::json, nullif(hold_delta, 0),
				nullif(run_held, 0), counterpart.id, counterpart_id,
				expires_at, actor, request)::transaction;
			IF slot = 0 THEN
				w := w + 1;
				slot := w;
				w_id[w] := this;
			END IF;
			w_balance[slot] := run_balance;  w_version[slot] := run_version;
			IF undo THEN
				u := u + 1;
				u_wallet[u] := this;  u_id[u] := o.original;
				u_amount[u] := abs(o.original_amount);
				u_undone[u] := u_amount[u] - remains + abs(delta);
			END IF;
			IF NOT simple THEN
				w_held[slot] := run_held;
				IF counterpart_id IS NOT NULL THEN
					n := n + 1;
					new_rows[n] := ROW(counterpart.version + 1, -delta,
						counterpart.balance - delta,
						greatest(clock, counterpart.changed_at), xid,
						counterpart.id, counterpart_id,
						original.counterpart_id, o.kind, 'transfer',
						NULL, NULL, NULL, o.description, NULL, NULL,
						nullif(counterpart.held, 0), this, o.op_id,
						NULL, actor, request)::transaction;
					IF counterpart_slot IS NULL THEN
						w := w + 1;
						counterpart_slot := w;
						w_id[w] := counterpart.id;
					END IF;
					w_balance[counterpart_slot] := counterpart.balance - delta;
					w_held[counterpart_slot] := counterpart.held;
					w_version[counterpart_slot] := counterpart.version + 1;
					IF undo AND original.amount > 0 THEN
						u_wallet[u] := counterpart.id;
						u_id[u] := original.counterpart_id;
					END IF;
				END IF;
			END IF;
			RETURN NEXT ROW(o.op_id, error, o.op_id, this, o.owner_id, o.kind, delta,
				o.currency, run_balance, run_version, o.reference_id,
				coalesce(o.merchant,
					CASE o.kind WHEN 'capture' THEN original.merchant END),
				o.description, o.metadata, at, NULL, NULL, NULL, hold_delta,
				counterpart.id, counterpart_id, expires_at, NULL, actor,
				request)::outcome;
		END LOOP;

		IF n > 0 THEN
			IF simple THEN
				UPDATE wallet w SET balance = d.balance, version = d.version,
					changed_at = greatest(clock, w.changed_at)
				FROM unnest(w_id, w_balance, w_version) AS d(id, balance, version)
				WHERE w.id = d.id;
			ELSE
				UPDATE wallet w SET balance = d.balance, held = d.held,
					version = d.version,
					changed_at = greatest(clock, w.changed_at)
				FROM unnest(w_id, w_balance, w_held, w_version)
					AS d(id, balance, held, version)
				WHERE w.id = d.id;
				PERFORM post_holds_write(new_rows);
			END IF;
			INSERT INTO transaction SELECT * FROM unnest(new_rows);
		END IF;
		IF u > 0 THEN
			INSERT INTO undone (wallet_id, transaction_id, amount, undone)
			SELECT * FROM unnest(u_wallet, u_id, u_amount, u_undone)
			ON CONFLICT (wallet_id, transaction_id)
				DO UPDATE SET undone = excluded.undone;
		END IF;
	END;
END $$;
