-- 010_event_ids.sql - the key of a CloudEvents event is a digest of its source and id.
--
-- It used to be the id alone. Events of before can come again, so their keys are looked up too, in
-- rows that are older than this migration, or up to a day younger, because consumers of before can
-- run on for a while. A new database has no such rows.
CREATE TABLE event_ids (
	only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	before_until timestamptz NOT NULL
);
INSERT INTO event_ids (before_until)
SELECT CASE WHEN EXISTS (SELECT FROM wallet) THEN clock_timestamp() + interval '1 day'
            ELSE '-infinity' END;
