-- 003_attempts.sql - failed sign-ins are counted by account and client, so strangers cannot lock
-- the owner out.

-- Leaky buckets: of one client over all accounts, of one account over all strange devices. Each
-- failed sign-in moves empty_at ahead; past a limit we refuse.
CREATE TABLE attempt_bucket (
	key      bytea NOT NULL,
	empty_at timestamptz NOT NULL,
	CONSTRAINT attempt_bucket_pkey PRIMARY KEY (key),
	CONSTRAINT attempt_bucket_key CHECK (octet_length(key) = 32)
) WITH (fillfactor = 80);

CREATE INDEX attempt_bucket_age ON attempt_bucket (empty_at);

-- Devices that have signed in to an account: a keyed hash of address and user agent. The failures
-- of others do not slow them.
CREATE TABLE known_device (
	account_id uuid NOT NULL,
	device     bytea NOT NULL,
	seen_at    timestamptz NOT NULL,
	CONSTRAINT known_device_pkey PRIMARY KEY (account_id, device),
	CONSTRAINT known_device_account_fkey FOREIGN KEY (account_id) REFERENCES account
		ON DELETE CASCADE
);

CREATE INDEX known_device_age ON known_device (seen_at);
