-- 007_event_macs.sql - events must carry the relay's MAC.
--
-- Events that were published before the relay signed are still in the queue, so a database that
-- already has wallets accepts events without a MAC until the first one with a MAC has arrived.
CREATE TABLE event_trust (
	only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	signed_since timestamptz -- NULL: still accepts events without a MAC
);
INSERT INTO event_trust (signed_since)
SELECT CASE WHEN NOT EXISTS (SELECT FROM wallet) THEN clock_timestamp() END;
