-- trust.sql - whether events without the relay's MAC are still accepted; see 007_event_macs.sql.

-- From now on they are not.
CREATE OR REPLACE FUNCTION events_signed() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	UPDATE event_trust SET signed_since = clock_timestamp() WHERE signed_since IS NULL;
END $$;
