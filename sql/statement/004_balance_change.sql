-- 004_balance_change.sql - events say by themselves what they did to the balance.
--
-- lines_store takes one more parameter for it, which has a default: callers of the old form find
-- the new one. An older event says only the size of the amount. Most kinds tell its sign; that of
-- the others follows from the line before. Until that one is here the line waits in line_unsigned,
-- and `line` holds only what is known.
CREATE TABLE line_unsigned (
	version            bigint NOT NULL,
	amount             bigint NOT NULL,     -- without its sign
	balance_after      bigint NOT NULL,
	created_at         timestamptz NOT NULL,
	wallet_id          uuid NOT NULL,
	transaction_id     uuid NOT NULL,
	reference_id       uuid,
	kind               text NOT NULL,
	merchant           text,
	description        text,
	counterpart_wallet uuid,
	counterpart_id     uuid,
	CONSTRAINT line_unsigned_pkey PRIMARY KEY (wallet_id, version)
);

DROP FUNCTION IF EXISTS lines_store(uuid[], bigint[], uuid[], uuid[], text[], text[], bigint[],
	bigint[], text[], text[], uuid[], timestamptz[], uuid[], uuid[]);

-- domain/statement/formats.def lists the formats; the handler refuses all others.
ALTER TABLE job DROP CONSTRAINT job_format,
	ADD CONSTRAINT job_format CHECK (format ~ '^[a-z0-9]+$');
