-- auth.sql - fills the tables of the auth database up to :rows of everything, from :past on. One
-- account has as many sessions and devices as are allowed; a few rows of each table have expired.

\set owner '''a0000000-0000-7000-8000-000000000000'''
\set session '''00000009-0000-7000-8000-000000000007'''
CREATE OR REPLACE FUNCTION pg_temp.id(prefix int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
	AS $$ SELECT (lpad(to_hex(prefix), 8, '0') || '-0000-7000-8000-'
		|| lpad(to_hex(n), 12, '0'))::uuid $$;
CREATE OR REPLACE FUNCTION pg_temp.key(kind text, n bigint) RETURNS bytea LANGUAGE sql IMMUTABLE
	AS $$ SELECT sha256((kind || n)::bytea) $$;
-- One row in 200 has expired; a sweep has left no more than five.
CREATE OR REPLACE FUNCTION pg_temp.age(n bigint) RETURNS interval LANGUAGE sql IMMUTABLE
	AS $$ SELECT CASE WHEN n IN (200, 400, 600, 800, 1000) THEN interval '200 days'
		ELSE interval '0' END $$;

INSERT INTO account (id, email, password_hash)
SELECT :owner, 'owner@example.com', 'x' ON CONFLICT DO NOTHING;
INSERT INTO session (id, account_id, token_hash, expires_at)
SELECT pg_temp.id(9, n), :owner, pg_temp.key('own', n), now() + interval '30 days'
FROM generate_series(1, 50) AS n ON CONFLICT DO NOTHING;
INSERT INTO known_device
SELECT :owner, pg_temp.key('own', n), now() FROM generate_series(1, 100) AS n
ON CONFLICT DO NOTHING;

INSERT INTO account (id, email, password_hash)
SELECT pg_temp.id(1, n), n || '@example.com', 'x'
FROM generate_series(:past + 1, :rows) AS n;
INSERT INTO session (id, account_id, token_hash, expires_at)
SELECT pg_temp.id(2, n), pg_temp.id(1, n), pg_temp.key('live', n),
	now() + interval '30 days' - pg_temp.age(n)
FROM generate_series(:past + 1, :rows) AS n;
INSERT INTO spent_token (token_hash, session_id, successor, client, spent_at, rotation)
SELECT pg_temp.key('spent', n), pg_temp.id(2, n), '', '', now() - pg_temp.age(n), n % 128
FROM generate_series(:past + 1, :rows) AS n;
INSERT INTO sign_in_attempt
SELECT pg_temp.key('count', n), 1, now() - pg_temp.age(n), now() - pg_temp.age(n)
FROM generate_series(:past + 1, :rows) AS n;
INSERT INTO attempt_bucket
SELECT pg_temp.key('bucket', n), now() + interval '30 minutes' - pg_temp.age(n)
FROM generate_series(:past + 1, :rows) AS n;
INSERT INTO known_device
SELECT pg_temp.id(1, n), pg_temp.key('device', n), now() - pg_temp.age(n)
FROM generate_series(:past + 1, :rows) AS n;
ANALYZE;
