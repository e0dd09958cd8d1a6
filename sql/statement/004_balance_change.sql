-- 004_balance_change.sql - events contain the signed change of the balance.
--
-- lines_store gets a parameter for it, with a default, so that calls by old programs resolve to
-- the new form. Older events only have an unsigned amount. Most kinds determine the sign; for the
-- others it follows from the previous line. Until that line arrives, the line waits in
-- line_unsigned, so `line` only has lines with a known sign.
CREATE TABLE line_unsigned (
	version            bigint NOT NULL,
	amount             bigint NOT NULL,     -- unsigned
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

-- domain/statement/formats.def lists the formats; the handler refuses any other.
ALTER TABLE job DROP CONSTRAINT job_format,
	ADD CONSTRAINT job_format CHECK (format ~ '^[a-z0-9]+$');
