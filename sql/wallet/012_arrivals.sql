-- 012_arrivals.sql - what functions/arrivals.sql knows about the statement database.
CREATE TABLE arrival (
	only_row          boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	mark              bigint NOT NULL DEFAULT 0, -- the statement's is at least as high
	system_identifier bigint NOT NULL,      -- of the server that the positions belong to
	checked           xid8 NOT NULL,        -- the lines of all rows up to here have arrived
	seen              xid8 NOT NULL,        -- the relay's position at seen_at
	seen_at           timestamptz NOT NULL,
	passed            xid8                  -- at least GAP_ALARM ago; null: unknown
);
INSERT INTO arrival (system_identifier, checked, seen, seen_at)
SELECT s.system_identifier, coalesce(c.xid, '0'), coalesce(c.xid, '0'), now()
FROM pg_control_system() AS s
LEFT JOIN outbox_cursor c
	ON c.name = 'transaction' AND c.system_identifier = s.system_identifier;
