-- 001_wallet.sql - the tables of the wallet database: wallets, what moved, what is undone, the outbox.
--
-- Only the functions in functions/ write here; the run-time role may read and may call them (roles.sql).
-- Amounts are integers in the currency's minor unit, at most 2^53-1 so that every JSON reader keeps them exact.

-- Domains, because a table's CHECKs are prepared anew by each statement that writes to it, and with these as
-- CHECKs a single posting costs a tenth more. A domain is tested only where a value of it is made.
CREATE DOMAIN currency AS text CHECK (VALUE ~ '^[A-Z]{3}$');
CREATE DOMAIN wallet_status AS text CHECK (VALUE IN ('open', 'frozen', 'closed'));
CREATE DOMAIN credit_limit AS bigint CHECK (VALUE BETWEEN 0 AND 9007199254740991);

CREATE TABLE wallet (
	id              uuid NOT NULL,
	owner_id        uuid NOT NULL,
	balance         bigint NOT NULL DEFAULT 0,
	held            bigint NOT NULL DEFAULT 0,
	credit_limit    credit_limit NOT NULL DEFAULT 0,
	version         bigint NOT NULL,
	created_at      timestamptz NOT NULL,
	changed_at      timestamptz NOT NULL,
	currency        currency NOT NULL,
	status          wallet_status NOT NULL DEFAULT 'open',
	name            text,
	idempotency_key text COLLATE "C",
	fingerprint     bytea,
	CONSTRAINT wallet_pkey PRIMARY KEY (id),
	-- The last line of defence: whatever a function gets wrong, no commit passes this.
	CONSTRAINT wallet_funds CHECK (balance - held >= -credit_limit AND held >= 0 AND balance <= 9007199254740991)
) WITH (fillfactor = 70);
-- fillfactor: a posting changes no indexed column, so with room on the page the new row version
-- stays beside the old one (a HOT update) and no index is touched.

CREATE INDEX wallet_owner ON wallet (owner_id, id);
-- Opening a wallet with an Idempotency-Key is safe to retry.
CREATE UNIQUE INDEX wallet_key ON wallet (owner_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- The owner's oldest wallet: what an operation without a wallet_id means. Written once; the primary key
-- makes two first openings at the same moment wait for each other.
CREATE TABLE owner (
	owner_id  uuid NOT NULL,
	wallet_id uuid NOT NULL,
	CONSTRAINT owner_pkey PRIMARY KEY (owner_id)
);

-- Everything that ever happened to a wallet, append-only. Each row is a balanced entry: `amount` to the
-- wallet, -amount to the contra account of the wallet's currency.
-- No foreign keys and no CHECKs: post() is the only writer, has read and locked the wallet's row, and both would
-- cost on every row. tests/db/invariants.sql proves what they would.
CREATE TABLE transaction (
	version         bigint NOT NULL,        -- 1, 2, 3 … without a gap within the wallet
	amount          bigint NOT NULL,        -- signed: what it did to the balance
	balance_after   bigint NOT NULL,
	created_at      timestamptz NOT NULL,   -- never decreases within a wallet: see version_at()
	xid             xid8 NOT NULL DEFAULT pg_current_xact_id(),  -- commit order, for the relay
	wallet_id       uuid NOT NULL,
	id              uuid NOT NULL,          -- UUIDv7 made by the caller, so the index grows at its right end
	reference_id    uuid,                   -- the original, when this undoes one
	kind            text NOT NULL,
	contra          text,
	idempotency_key text COLLATE "C",
	fingerprint     bytea,                  -- of the body: tells a replay from another use of the key
	merchant        text,
	description     text,
	metadata        json,                   -- not jsonb: a replay answers byte for byte
	CONSTRAINT transaction_pkey PRIMARY KEY (wallet_id, version),
	CONSTRAINT transaction_id UNIQUE (id)
);
CREATE UNIQUE INDEX transaction_key ON transaction (wallet_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX transaction_xid ON transaction (xid);

-- How much of an original is undone. The CHECK is what makes "never more than the original" certain.
CREATE TABLE undone (
	wallet_id      uuid NOT NULL,
	transaction_id uuid NOT NULL,
	amount         bigint NOT NULL,         -- of the original, without its sign
	undone         bigint NOT NULL,
	CONSTRAINT undone_pkey PRIMARY KEY (wallet_id, transaction_id),
	CONSTRAINT undone_within CHECK (undone BETWEEN 0 AND amount)
) WITH (fillfactor = 90);

-- Events that were refused: the relay publishes them as transaction_rejected.
CREATE TABLE rejection (
	created_at timestamptz NOT NULL,
	xid        xid8 NOT NULL DEFAULT pg_current_xact_id(),
	id         uuid NOT NULL,
	body       json NOT NULL,
	CONSTRAINT rejection_pkey PRIMARY KEY (id)
);
CREATE INDEX rejection_xid ON rejection (xid);

-- How far a relay has published. xids mean nothing on another server (after a dump and restore),
-- so the position holds only together with the server's identifier.
CREATE TABLE outbox_cursor (
	name              text NOT NULL,
	system_identifier bigint NOT NULL,
	xid               xid8 NOT NULL,
	moved_at          timestamptz NOT NULL,
	CONSTRAINT outbox_cursor_pkey PRIMARY KEY (name)
);

-- A transaction as the API and its event show it; `amount` keeps its sign here.
CREATE VIEW transaction_shown AS
	SELECT t.id, t.wallet_id, w.owner_id, t.kind, t.amount, w.currency, t.balance_after, t.version,
	       t.reference_id, t.merchant, t.description, t.metadata, t.created_at, t.xid
	FROM transaction t JOIN wallet w ON w.id = t.wallet_id;

-- A wallet as the API shows it.
CREATE VIEW wallet_shown AS
	SELECT id, owner_id, currency, name, status, balance, held, balance - held + credit_limit AS available,
	       version, created_at
	FROM wallet;
