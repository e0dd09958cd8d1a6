-- 002_holds_transfers_limits.sql - holds, transfers, limits, freezing and closing.
--
-- Columns are added without a default, so no row is rewritten, and a row that has none of it is as long as before.

-- Null stands for 0 in the first two; the views say 0.
ALTER TABLE transaction ADD COLUMN held_change bigint,      -- what it did to `held`
	ADD COLUMN held_after bigint,
	ADD COLUMN counterpart_wallet uuid,                 -- the other side of a transfer, and of its reversal
	ADD COLUMN counterpart_id uuid,
	ADD COLUMN expires_at timestamptz;                  -- of a hold

-- The rows of kind 'limit' that change what a wallet may owe, and what it was before: a balance as of an instant needs
-- it. A table, because an index on those rows would cost each posting.
CREATE TABLE credit_limit_change (
	wallet_id           uuid NOT NULL,
	version             bigint NOT NULL,
	credit_limit_before bigint NOT NULL,
	CONSTRAINT credit_limit_change_pkey PRIMARY KEY (wallet_id, version)
);

-- frozen_debit: money may come in, none may go out. Wider than it was, so no row needs looking at.
ALTER DOMAIN wallet_status DROP CONSTRAINT wallet_status_check;
ALTER DOMAIN wallet_status ADD CONSTRAINT wallet_status_check
	CHECK (VALUE IN ('open', 'frozen', 'frozen_debit', 'closed')) NOT VALID;

-- The open holds, and no others: what is captured, released or expired has no row here any more.
CREATE TABLE hold (
	wallet_id      uuid NOT NULL,
	transaction_id uuid NOT NULL,
	amount         bigint NOT NULL,
	remaining      bigint NOT NULL,
	expires_at     timestamptz NOT NULL,
	CONSTRAINT hold_pkey PRIMARY KEY (wallet_id, transaction_id),
	CONSTRAINT hold_remaining CHECK (remaining BETWEEN 1 AND amount)
) WITH (fillfactor = 90);
CREATE INDEX hold_expiry ON hold (expires_at);

-- How much of a kind is allowed, for a currency (scope 'EUR') or for one wallet (scope is its id), whose rules go first.
CREATE TABLE limit_rule (
	scope  text COLLATE "C" NOT NULL,
	kind   text NOT NULL CHECK (kind IN ('deposit', 'withdrawal', 'purchase', 'hold', 'capture', 'transfer')),
	per    text NOT NULL CHECK (per IN ('transaction', 'day', 'month')),
	amount bigint CHECK (amount BETWEEN 0 AND 9007199254740991),     -- null: no limit, whatever the currency's
	CONSTRAINT limit_rule_pkey PRIMARY KEY (scope, kind, per)
);

-- Counts the changes of rules. While it has not begun there are none, and post() knows that without reading a table, which
-- would cost a single posting 5 %. A sequence moves at once and never back, so nobody finds a rule before it.
CREATE SEQUENCE limit_change;

-- What wallets opened from now on may owe.
CREATE TABLE currency_default (
	currency     currency NOT NULL,
	credit_limit credit_limit NOT NULL,
	CONSTRAINT currency_default_pkey PRIMARY KEY (currency)
);

-- What a wallet has used of a kind in the UTC day and month of its row `version`. Only spares adding up the rows up to
-- there: those after it are added, so it cannot go stale and any row of it may be deleted. numeric: sums have no bound.
CREATE TABLE limit_usage (
	wallet_id  uuid NOT NULL,
	kind       text NOT NULL,
	version    bigint NOT NULL,
	day        date NOT NULL,
	day_used   numeric NOT NULL,
	month_used numeric NOT NULL,
	CONSTRAINT limit_usage_pkey PRIMARY KEY (wallet_id, kind)
) WITH (fillfactor = 70);

CREATE OR REPLACE VIEW transaction_shown AS
	SELECT t.id, t.wallet_id, w.owner_id, t.kind, t.amount, w.currency, t.balance_after, t.version,
	       t.reference_id, t.merchant, t.description, t.metadata, t.created_at, t.xid,
	       coalesce(t.held_change, 0) AS held_change, t.counterpart_wallet, t.counterpart_id, t.expires_at,
	       coalesce(t.held_after, 0) AS held_after
	FROM transaction t JOIN wallet w ON w.id = t.wallet_id;

CREATE OR REPLACE VIEW wallet_shown AS
	SELECT id, owner_id, currency, name,
	       (CASE status WHEN 'frozen_debit' THEN 'frozen' ELSE status END)::wallet_status AS status,
	       balance, held, balance - held + credit_limit AS available, version, created_at, credit_limit::bigint AS credit_limit,
	       CASE status WHEN 'frozen_debit' THEN 'debit' WHEN 'frozen' THEN 'both' END AS freeze_mode
	FROM wallet;

-- What post() and its like answer about an operation: a status, and the transaction or what is known of the refusal.
CREATE TYPE posting AS (
	op_id uuid, status text, id uuid, wallet_id uuid, owner_id uuid, kind text, amount bigint, currency text,
	balance_after bigint, version bigint, reference_id uuid, merchant text, description text, metadata text,
	created_at timestamptz, available bigint, held bigint, required bigint,      -- the last three: insufficient_funds
	held_change bigint, counterpart_wallet uuid, counterpart_id uuid, expires_at timestamptz, refusal json
);

-- Replaced by forms with more parameters, which have defaults: callers of these find the new ones.
DROP FUNCTION IF EXISTS post(uuid[], uuid[], uuid[], integer[], text[], bigint[], uuid[], text[], bytea[],
	text[], text[], text[], interval, boolean, text);
DROP FUNCTION IF EXISTS post_run(uuid[], uuid[], uuid[], integer[], text[], bigint[], uuid[], text[], bytea[],
	text[], text[], text[], interval, boolean, text);
DROP FUNCTION IF EXISTS transaction_page(uuid, uuid, text, timestamptz, timestamptz, timestamptz, uuid, bigint, integer);
