-- statement.sql - the same for the statement database: one wallet's lines, and a tenth as many jobs
-- and other wallets.

\set w '''00000000-0000-7000-8000-00000000000a'''
\set owner '''a0000000-0000-7000-8000-000000000000'''
CREATE OR REPLACE FUNCTION pg_temp.id(prefix int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
	AS $$ SELECT (lpad(to_hex(prefix), 8, '0') || '-0000-7000-8000-'
		|| lpad(to_hex(n), 12, '0'))::uuid $$;

INSERT INTO wallet VALUES (:w, :owner, 0, 0, NULL, 'EUR') ON CONFLICT DO NOTHING;
-- A line a minute: a statement of two days has 2,880 of them.
DELETE FROM line;
INSERT INTO line (version, amount, balance_after, created_at, wallet_id, transaction_id, kind)
SELECT n, CASE WHEN n % 2 = 1 THEN 3 ELSE -1 END, n / 2 * 2 + n % 2 * 3,
	now() - (:rows - n) * interval '1 minute', :w, pg_temp.id(1, n),
	CASE WHEN n % 2 = 1 THEN 'deposit' ELSE 'purchase' END
FROM generate_series(1, :rows) AS n;
UPDATE wallet SET version = :rows, newest = :rows WHERE wallet_id = :w;

INSERT INTO wallet
SELECT pg_temp.id(6, n), pg_temp.id(7, n), 0, 0, NULL, 'EUR'
FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
INSERT INTO job (id, owner_id, wallet_id, from_at, to_at, created_at, finished_at, due_at, xid,
	min_version, bytes, removed_at, status, format, asked, idempotency_key, sha256)
SELECT pg_temp.id(2, n), :owner, :w, now(), now(), now() - interval '1 year',
	now() - interval '1 year', now(), greatest(n - :rows / 10 + 200, 3)::text::xid8, 0, 1,
	now(), 'ready', 'csv', n, n, '\x00'
FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
ANALYZE;
