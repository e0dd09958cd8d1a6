-- 004_outcomes.sql - what post() and its like answer about an operation, in the words of the rest: error, not status.
--
-- The functions that answer with the type `posting` of before go on for programs that still run: functions/old.sql.
CREATE TYPE outcome AS (
	op_id uuid, error text, id uuid, wallet_id uuid, owner_id uuid, kind text, amount bigint, currency text,
	balance_after bigint, version bigint, reference_id uuid, merchant text, description text, metadata text,
	created_at timestamptz, available bigint, held bigint, required bigint,      -- the last three: insufficient_funds
	held_change bigint, counterpart_wallet uuid, counterpart_id uuid, expires_at timestamptz, refusal json
);
