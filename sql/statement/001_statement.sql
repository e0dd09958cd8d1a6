-- 001_statement.sql - the tables of the statement database: wallets as far as they are known here, lines, jobs.
--
-- Only the functions in functions/ write here; the run-time role may read and may call them (roles.sql).
-- Amounts are integers in the currency's minor unit.

-- How far a wallet's lines have come. Events arrive in any order, so there are two heads: `version` is the last
-- line before which none is missing, and all that a statement ever shows; `newest` is the last one seen.
CREATE TABLE wallet (
	wallet_id uuid NOT NULL,
	owner_id  uuid NOT NULL,
	version   bigint NOT NULL DEFAULT 0,
	newest    bigint NOT NULL DEFAULT 0,
	gap_since timestamptz,                  -- since when line version+1 is missed
	currency  text NOT NULL,
	CONSTRAINT wallet_pkey PRIMARY KEY (wallet_id),
	CONSTRAINT wallet_currency CHECK (currency ~ '^[A-Z]{3}$'),
	CONSTRAINT wallet_heads CHECK (version BETWEEN 0 AND newest),
	CONSTRAINT wallet_gap CHECK ((version < newest) = (gap_since IS NOT NULL))
) WITH (fillfactor = 70);
-- fillfactor: the heads move with each batch and no index holds them, so the update stays on its page (HOT).

CREATE INDEX wallet_owner ON wallet (owner_id, wallet_id);
CREATE INDEX wallet_missing ON wallet (gap_since) WHERE gap_since IS NOT NULL;

-- A transaction as a statement shows it, written once. A hole in version is a missing event; a double falls to the key.
-- created_at never decreases as versions grow, so a moment is found by halving and needs no index: see version_at().
CREATE TABLE line (
	version        bigint NOT NULL,
	amount         bigint NOT NULL,         -- signed: what it did to the balance
	balance_after  bigint NOT NULL,
	created_at     timestamptz NOT NULL,
	wallet_id      uuid NOT NULL,
	transaction_id uuid NOT NULL,
	reference_id   uuid,
	sign_open      boolean NOT NULL DEFAULT false,
	kind           text NOT NULL,
	merchant       text,
	description    text,
	CONSTRAINT line_pkey PRIMARY KEY (wallet_id, version),
	CONSTRAINT line_version CHECK (version >= 1)
);
-- Events carry amounts without a sign. Most kinds tell it; that of a reversal follows from the line before, which may
-- not be here yet. Until it is, the sign is open, and the line beyond what is shown.
CREATE INDEX line_sign_open ON line (wallet_id, version) WHERE sign_open;

-- A statement over the threshold: what was asked for, how far its file is, and what came of it. It is its own queue
-- and its own outbox: the event statement_requested only says that there is work.
CREATE TABLE job (
	id              uuid NOT NULL,
	owner_id        uuid NOT NULL,          -- who asked
	wallet_id       uuid NOT NULL,
	from_at         timestamptz NOT NULL,   -- half open
	to_at           timestamptz NOT NULL,
	created_at      timestamptz NOT NULL,
	finished_at     timestamptz,
	due_at          timestamptz NOT NULL,   -- nobody else takes it before: the lease of who runs it, or a pause
	xid             xid8 NOT NULL DEFAULT pg_current_xact_id(),  -- commit order, for the relay
	claim           uuid,                   -- of who runs it; a writer with another one has lost it
	min_version     bigint NOT NULL,        -- wait until this line is here
	attempts        integer NOT NULL DEFAULT 0,  -- since the file last grew
	progress        smallint NOT NULL DEFAULT 0,
	-- What the file covers, fixed when it is begun: lines first_version … last_version.
	first_version   bigint,
	last_version    bigint,
	head_version    bigint,
	opening_balance bigint,
	closing_balance bigint,
	-- How much of it is safe on disk: where to go on after a crash.
	done_version    bigint,
	done_balance    bigint,
	done_bytes      bigint,
	bytes           bigint,
	removed_at      timestamptz,
	mail_after      timestamptz,
	mail_attempts   integer NOT NULL DEFAULT 0,
	status          text NOT NULL DEFAULT 'queued',
	format          text NOT NULL,
	asked           text NOT NULL,          -- the request as it was sent: tells the same one from another
	mail            text NOT NULL DEFAULT 'none',
	failure         text,
	idempotency_key text COLLATE "C",
	sha256          bytea,
	CONSTRAINT job_pkey PRIMARY KEY (id),
	CONSTRAINT job_period CHECK (from_at <= to_at),
	CONSTRAINT job_status CHECK (status IN ('queued', 'running', 'ready', 'failed')),
	CONSTRAINT job_format CHECK (format IN ('json', 'csv')),
	CONSTRAINT job_progress CHECK (progress BETWEEN 0 AND 100),
	CONSTRAINT job_mail CHECK (mail IN ('none', 'due', 'sent', 'failed')),
	CONSTRAINT job_finished CHECK ((status IN ('ready', 'failed')) = (finished_at IS NOT NULL)),
	CONSTRAINT job_ready CHECK (status <> 'ready' OR bytes IS NOT NULL AND sha256 IS NOT NULL)
) WITH (fillfactor = 70);

-- The same request while it is unfinished is the same job.
CREATE UNIQUE INDEX job_unfinished ON job (owner_id, wallet_id, asked)
	WHERE status IN ('queued', 'running');
CREATE UNIQUE INDEX job_key ON job (owner_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX job_due ON job (due_at) WHERE status IN ('queued', 'running');
CREATE INDEX job_file ON job (finished_at) WHERE status = 'ready' AND removed_at IS NULL;
CREATE INDEX job_mail_due ON job (mail_after) WHERE mail = 'due';
CREATE INDEX job_xid ON job (xid);

-- How far a relay has published. xids mean nothing on another server (after a dump and restore), so the position
-- holds only together with the server's identifier.
CREATE TABLE outbox_cursor (
	name              text NOT NULL,
	system_identifier bigint NOT NULL,
	xid               xid8 NOT NULL,
	moved_at          timestamptz NOT NULL,
	CONSTRAINT outbox_cursor_pkey PRIMARY KEY (name)
);
