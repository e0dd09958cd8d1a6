-- growth.sql - writes the past of :count wallets, starting with number :first: :rows transactions
-- each in the wallet database (side 'wallet'), or lines in the statement database (side
-- 'statement'). :users own the wallets in turn.
--
-- The result looks like years of postings: an opening, a deposit, then alternating purchases and
-- deposits with keys and texts, a day apart. It satisfies tests/db/invariants.sql, and both sides
-- agree. Building the indexes at the end takes a third of the time. The relay must be stopped
-- meanwhile. Its cursor moves past these rows, because the statement database gets its lines from
-- this script.

\set ON_ERROR_STOP on
SET maintenance_work_mem = '1GB';

CREATE TEMPORARY VIEW past_wallet AS
	SELECT n, (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid AS wallet_id,
		(:'users'::uuid[])[1 + n % cardinality(:'users'::uuid[])] AS owner_id
	FROM generate_series(:first, :first + :count - 1) AS n;

-- The id is a UUIDv7 of the row's time. The first deposit is 1,000,000,000; each odd row spends
-- 100, and each even row pays it back.
CREATE TEMPORARY VIEW past AS
	SELECT w.wallet_id, v AS version, k.kind, k.amount, CASE WHEN v = 1 THEN 0
		ELSE 1000000000 - 100 * (v % 2) END AS balance_after,
		date_trunc('hour', now()) + (v - :rows) * interval '1 day' - interval '1 hour' AS
			created_at,
		(lpad(to_hex((extract(epoch
			FROM date_trunc('hour', now()))::bigint - 3600 +
			(v - :rows) * 86400) * 1000), 12, '0')
			|| '70008000' || lpad(to_hex(w.n), 12, '0'))::uuid AS id,
		CASE WHEN v > 2 AND v % 2 = 1 THEN 'Corner Shop' END AS merchant, CASE
			WHEN v > 1 THEN 'Bread and milk' END AS description
	FROM generate_series(1, :rows) AS v CROSS JOIN past_wallet AS w
	CROSS JOIN LATERAL (SELECT CASE WHEN v = 1 THEN 'opening' WHEN v % 2 = 0 THEN 'deposit'
		ELSE 'purchase' END,
		CASE WHEN v = 1 THEN 0 WHEN v = 2 THEN 1000000000 WHEN v % 2 = 0 THEN 100
			ELSE -100 END) AS k(kind, amount);

SELECT :'side' = 'wallet' AS wallets \gset
\if :wallets
	\set table transaction
\else
	\set table line
\endif

-- Drop the indexes, and record how to create them again.
CREATE TEMPORARY TABLE removed AS
	SELECT i.indexrelid::regclass::text AS name, c.conname IS NOT NULL AS constrained,
		CASE WHEN c.conname IS NOT NULL
			THEN format('ALTER TABLE %I ADD CONSTRAINT %I %s', :'table', c.conname,
			pg_get_constraintdef(c.oid))
			ELSE pg_get_indexdef(i.indexrelid) END AS definition
	FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
		AND c.contype IN ('p', 'u')
	WHERE i.indrelid = :'table'::regclass;
SELECT CASE WHEN constrained THEN format('ALTER TABLE %I DROP CONSTRAINT %I', :'table', name)
	ELSE format('DROP INDEX %I', name) END
FROM removed \gexec

BEGIN;
\if :wallets
	INSERT INTO wallet (id, owner_id, balance, version, created_at, changed_at, currency)
	SELECT w.wallet_id, w.owner_id, p.balance_after, :rows, p.created_at, p.created_at, 'EUR'
	FROM past_wallet w CROSS JOIN (SELECT balance_after, created_at FROM past
		ORDER BY version DESC LIMIT 1) AS p;
	INSERT INTO transaction (wallet_id, version, id, kind, contra, amount, balance_after,
		created_at, merchant, description,
		idempotency_key, fingerprint)
	SELECT wallet_id, version, id, kind, CASE kind WHEN 'deposit' THEN 'funding'
		WHEN 'purchase' THEN 'merchant' END, amount,
		balance_after, created_at, merchant, description, CASE
			WHEN version > 1 THEN id::text END,
		CASE WHEN version > 1
			THEN decode(repeat('0123456789abcdef', 4), 'hex') END
	FROM past;
	UPDATE outbox_cursor SET xid = pg_current_xact_id() WHERE name = 'transaction';
\else
	INSERT INTO wallet (wallet_id, owner_id, version, newest, currency) SELECT wallet_id,
		owner_id, :rows, :rows, 'EUR' FROM past_wallet;
	INSERT INTO line (wallet_id, version, transaction_id, kind, amount, balance_after,
		created_at, merchant, description)
	SELECT wallet_id, version, id, kind, amount, balance_after, created_at, merchant,
		description FROM past;
\endif
COMMIT;

SELECT definition FROM removed \gexec
VACUUM (ANALYZE) :table;
VACUUM (ANALYZE) wallet;
