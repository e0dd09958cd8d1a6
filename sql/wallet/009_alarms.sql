-- 009_alarms.sql - what functions/alarms.sql needs to see quickly that something is wrong.

-- created_at of a seal's newest row: the clock ran ahead if that lies in the future. Null: sealed
-- before this migration.
ALTER TABLE seal ADD COLUMN newest_at timestamptz;
CREATE INDEX seal_newest ON seal (newest_at);
DROP FUNCTION IF EXISTS seal_write(bytea);

-- Alarms that only another program can see, such as a queue that is nearly full. Each is repeated
-- while it lasts.
CREATE TABLE alarm (
	code    text NOT NULL,
	subject text NOT NULL,          -- a queue's name, for example
	detail  text NOT NULL,          -- part of a sentence
	since   timestamptz NOT NULL,
	seen_at timestamptz NOT NULL,   -- last
	CONSTRAINT alarm_pkey PRIMARY KEY (code, subject)
);
