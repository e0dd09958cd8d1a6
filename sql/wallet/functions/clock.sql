-- clock.sql - the only place where the wallet database reads the clock and creates ids.

-- Not now(): that is the start of the transaction, and a posting can wait for a lock long after it.
CREATE OR REPLACE FUNCTION wallet_clock() RETURNS timestamptz
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$ SELECT clock_timestamp() $$;

-- A UUIDv7: 48 bits of milliseconds, the version, and random bits from gen_random_uuid().
CREATE OR REPLACE FUNCTION uuid_v7(at timestamptz) RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
	SELECT encode(set_byte(stamped, 6, get_byte(stamped, 6) & 15 | 112), 'hex')::uuid
	FROM (SELECT substring(int8send(floor(extract(epoch FROM at) * 1000)::bigint) FROM 3)
	             || substring(uuid_send(gen_random_uuid()) FROM 7) AS stamped) AS made
$$;
