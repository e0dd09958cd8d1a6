-- 002_counterparts.sql - a line of a transfer, or of its reversal, names the other side.
--
-- The columns have no default, so no line is rewritten; lines that were stored before have none.
ALTER TABLE line ADD COLUMN counterpart_wallet uuid,
	ADD COLUMN counterpart_id uuid;

-- Replaced by a form with two more parameters, which have defaults: callers of this one find the new one.
DROP FUNCTION IF EXISTS lines_store(uuid[], bigint[], uuid[], uuid[], text[], text[], bigint[], bigint[], text[], text[],
	uuid[], timestamptz[]);
