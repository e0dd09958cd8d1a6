-- 009_arrivals.sql - shows whether this database went back in time: see functions/arrivals.sql.
CREATE TABLE arrival (
	only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	mark         bigint NOT NULL DEFAULT 0,
	passes       integer NOT NULL DEFAULT 0, -- how often the relay has looked for lost lines
	missed       text,                      -- part of a sentence
	missed_since timestamptz                -- null: no line is known to be lost
);
INSERT INTO arrival DEFAULT VALUES;
