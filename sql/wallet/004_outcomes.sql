-- 004_outcomes.sql - what post() and similar functions return for an operation. Its column is named
-- error, like everywhere else, not status.
--
-- Functions that return the earlier type, `posting`, remain in functions/old.sql for programs that
-- are still running.
CREATE TYPE outcome AS (
	op_id uuid, error text, id uuid, wallet_id uuid, owner_id uuid, kind text, amount bigint,
	currency text, balance_after bigint, version bigint, reference_id uuid, merchant text,
	description text, metadata text, created_at timestamptz,
	available bigint, held bigint, required bigint,      -- only for insufficient_funds
	held_change bigint, counterpart_wallet uuid, counterpart_id uuid, expires_at timestamptz,
	refusal json
);
