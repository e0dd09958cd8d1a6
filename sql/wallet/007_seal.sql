-- 007_seal.sql - the sealed history: a second copy, as digests, of what nothing else doubles.
--
-- The relay seals rows in commit order; see functions/seal.sql. Rows that exist already are sealed
-- first, in the background.

-- A seal covers some rows: 56 bytes each in `members` (wallet id, version, SHA-256 of the row), in
-- the order in which they were sealed. `head` is the SHA-256 over the previous head and this seal,
-- so the last head covers everything. About once a minute the last head is signed.
CREATE TABLE seal (
	number    bigint NOT NULL,      -- 1, 2, 3 … without a gap
	made_at   timestamptz NOT NULL,
	head      bytea NOT NULL,
	members   bytea NOT NULL,
	signed_at timestamptz,
	signature bytea,                -- Ed25519
	signer    bytea,                -- the public key
	CONSTRAINT seal_pkey PRIMARY KEY (number),
	CONSTRAINT seal_signed CHECK ((signed_at IS NULL) = (signature IS NULL)
		AND (signature IS NULL) = (signer IS NULL))
);
-- Digests do not compress.
ALTER TABLE seal ALTER COLUMN members SET STORAGE EXTERNAL;

-- What operators set for a currency, append-only: the second copy of currency_default and of the
-- currency's rules in limit_rule. A wallet's own limits are in its rows of kind `limit`.
CREATE TABLE currency_limit_change (
	currency     currency NOT NULL,
	version      bigint NOT NULL,   -- 1, 2, 3 … without a gap within the currency
	created_at   timestamptz NOT NULL,
	xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
	id           uuid NOT NULL,
	credit_limit credit_limit NOT NULL,
	limits       json NOT NULL,     -- [{"kind", "per", "amount"}, …], all of them
	CONSTRAINT currency_limit_change_pkey PRIMARY KEY (currency, version),
	CONSTRAINT currency_limit_change_id UNIQUE (id)
);
CREATE INDEX currency_limit_change_xid ON currency_limit_change (xid);

INSERT INTO currency_limit_change (currency, version, created_at, id, credit_limit, limits)
SELECT d.currency, 1, clock_timestamp(), gen_random_uuid(), d.credit_limit,
	(SELECT coalesce(json_agg(json_build_object('kind', l.kind, 'per', l.per,
		'amount', l.amount) ORDER BY l.kind, l.per), '[]')
	FROM limit_rule l WHERE l.scope = d.currency)
FROM currency_default d;
