-- 001_auth.sql - the tables of the auth database: accounts, sessions, spent refresh tokens, failed sign-ins.
--
-- No secret is kept in clear: passwords as argon2id, refresh tokens and throttled addresses as hashes.

CREATE TABLE account (
	id            uuid NOT NULL,
	email         text NOT NULL,          -- as it was given
	name          text,
	password_hash text NOT NULL,
	roles         text[] NOT NULL DEFAULT '{customer}',
	created_at    timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT account_pkey PRIMARY KEY (id),
	CONSTRAINT account_email_length CHECK (octet_length(email) BETWEEN 3 AND 254),
	CONSTRAINT account_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
	CONSTRAINT account_roles CHECK (roles <@ '{customer,operator,service}' AND array_position(roles, NULL) IS NULL)
);

-- Upper and lower case make no two accounts. Collation C folds ASCII only: the same on every server, for good.
CREATE UNIQUE INDEX account_email ON account (lower(email COLLATE "C"));

-- A device signed in. Its refresh token changes at every use; token_hash is the one that may be used next.
CREATE TABLE session (
	id           uuid NOT NULL,           -- version 7: sorts by the time of sign-in
	account_id   uuid NOT NULL,
	token_hash   bytea NOT NULL,
	created_at   timestamptz NOT NULL DEFAULT now(),
	last_used_at timestamptz NOT NULL DEFAULT now(),
	expires_at   timestamptz NOT NULL,
	ended_at     timestamptz,
	user_agent   text,
	ip           text,
	CONSTRAINT session_pkey PRIMARY KEY (id),
	CONSTRAINT session_account_fkey FOREIGN KEY (account_id) REFERENCES account ON DELETE CASCADE,
	CONSTRAINT session_token_hash CHECK (octet_length(token_hash) = 32)
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX session_token ON session (token_hash);
CREATE INDEX session_account ON session (account_id, id) WHERE ended_at IS NULL;
CREATE INDEX session_over ON session (least(expires_at, ended_at));

-- Refresh tokens that were used: one offered again is a lost answer (soon, from the same client), or a theft.
CREATE TABLE spent_token (
	token_hash bytea NOT NULL,
	session_id uuid NOT NULL,
	successor  bytea NOT NULL,            -- the next one's hash
	client     bytea NOT NULL,            -- who used it: a hash of user agent and address
	spent_at   timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT spent_token_pkey PRIMARY KEY (token_hash),
	CONSTRAINT spent_token_session_fkey FOREIGN KEY (session_id) REFERENCES session ON DELETE CASCADE
);

CREATE INDEX spent_token_session ON spent_token (session_id);
CREATE INDEX spent_token_age ON spent_token (spent_at);

-- Sign-ins that failed, by a hash of the address: whether there is such an account makes no difference.
CREATE TABLE sign_in_attempt (
	key      bytea NOT NULL,
	failures bigint NOT NULL,
	tried_at timestamptz NOT NULL,
	next_at  timestamptz NOT NULL,        -- none is looked at before
	CONSTRAINT sign_in_attempt_pkey PRIMARY KEY (key),
	CONSTRAINT sign_in_attempt_key CHECK (octet_length(key) = 32)
) WITH (fillfactor = 80);

CREATE INDEX sign_in_attempt_age ON sign_in_attempt (tried_at);
