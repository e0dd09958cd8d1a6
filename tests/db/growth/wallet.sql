-- wallet.sql - fills the tables of the wallet database up to :rows of everything, from :past on. It
-- writes what the functions would have written, many rows a statement. growth.py runs it twice.
--
--   a0…    owner of wallet …0a, which has :rows transactions, all of today
--   a1…    owner of wallets that are closed, but for one
--   a2…    owner of 20 wallets; a list of transactions looks at each wallet of its owner
--   …0b    a wallet with open holds, of which every other one has expired
--   …0c    a wallet whose credit limit has changed often

\set w '''00000000-0000-7000-8000-00000000000a'''
\set b '''00000000-0000-7000-8000-00000000000b'''
\set c '''00000000-0000-7000-8000-00000000000c'''
\set owner '''a0000000-0000-7000-8000-000000000000'''
\set closer '''a1000000-0000-7000-8000-000000000000'''
\set keeper '''a2000000-0000-7000-8000-000000000000'''
CREATE OR REPLACE FUNCTION pg_temp.id(prefix int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
	AS $$ SELECT (lpad(to_hex(prefix), 8, '0') || '-0000-7000-8000-'
		|| lpad(to_hex(n), 12, '0'))::uuid $$;
CREATE OR REPLACE FUNCTION pg_temp.moment(n bigint) RETURNS timestamptz LANGUAGE sql STABLE AS
	$$ SELECT date_trunc('day', now(), 'UTC') + n * interval '1 microsecond' $$;
-- Few rows are new to a relay that has read those before; each is a transaction of its own.
CREATE OR REPLACE FUNCTION pg_temp.xid(n bigint, rows bigint) RETURNS xid8 LANGUAGE sql STABLE AS
	$$ SELECT greatest(n - rows + 200, 3)::text::xid8 $$;

INSERT INTO wallet (id, owner_id, version, created_at, changed_at, currency)
SELECT w.id, w.owner_id, 0, pg_temp.moment(0), pg_temp.moment(0), 'EUR'
FROM (VALUES (:w::uuid, :owner::uuid), (:b, gen_random_uuid()), (:c, gen_random_uuid()))
	AS w(id, owner_id)
ON CONFLICT DO NOTHING;
INSERT INTO owner VALUES (:owner, :w), (:closer, pg_temp.id(2, 1)) ON CONFLICT DO NOTHING;

UPDATE transaction SET xid = '3' WHERE xid <> '3';
INSERT INTO transaction (version, amount, balance_after, created_at, xid, wallet_id, id, kind,
	contra, idempotency_key, fingerprint, merchant)
SELECT n, CASE WHEN n % 2 = 1 THEN 3 ELSE -1 END, n / 2 * 2 + n % 2 * 3, pg_temp.moment(n),
	pg_temp.xid(n, :rows), :w, pg_temp.id(1, n),
	CASE WHEN n % 2 = 1 THEN 'deposit' ELSE 'purchase' END, 'funding', 'k' || n, '\x00', 'Shop'
FROM generate_series(:past + 1, :rows) AS n;
UPDATE wallet SET version = :rows, balance = :rows, changed_at = pg_temp.moment(:rows)
WHERE id = :w;

-- A tenth as many of everything else.
INSERT INTO undone
SELECT :w, pg_temp.id(1, n * 2), 1, 1 FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
INSERT INTO rejection
SELECT now() - interval '1 year', pg_temp.xid(n, :rows / 10), pg_temp.id(3, n), '{}'
FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
INSERT INTO batch_key
SELECT :owner, 'k' || n, '\x00', now() - interval '1 year'
FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
INSERT INTO transaction (version, amount, balance_after, created_at, xid, wallet_id, id, kind,
	held_change, held_after, expires_at)
SELECT n, 0, 0, pg_temp.moment(n), '3', :b, pg_temp.id(4, n), 'hold', 1, n,
	now() + CASE WHEN n % 2 = 0 THEN interval '1 day' ELSE interval '-1 minute' END
FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
INSERT INTO hold
SELECT t.wallet_id, t.id, 1, 1, t.expires_at FROM transaction t
WHERE t.wallet_id = :b AND t.version > :past / 10;
UPDATE wallet SET version = :rows / 10, balance = :rows / 10, held = :rows / 10,
	changed_at = pg_temp.moment(:rows / 10)
WHERE id = :b;
INSERT INTO transaction (version, amount, balance_after, created_at, xid, wallet_id, id, kind)
SELECT n, 0, 0, pg_temp.moment(n), '3', :c, pg_temp.id(5, n), 'limit'
FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
INSERT INTO credit_limit_change
SELECT :c, n, n - 1 FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
UPDATE wallet SET version = :rows / 10, credit_limit = :rows / 10,
	changed_at = pg_temp.moment(:rows / 10)
WHERE id = :c;

-- Wallets, one of each owner, with counters of limits and rules of their own.
INSERT INTO wallet (id, owner_id, version, created_at, changed_at, currency)
SELECT pg_temp.id(6, n), pg_temp.id(7, n), 1, now(), now(), 'EUR'
FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
INSERT INTO owner
SELECT pg_temp.id(7, n), pg_temp.id(6, n)
FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
INSERT INTO limit_usage (wallet_id, kind, version, day, day_used, month_used, since, since_at)
SELECT pg_temp.id(6, n), 'purchase', 1, now()::date, 0, 0, 0, '-infinity'
FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
INSERT INTO limit_rule
SELECT pg_temp.id(6, n), 'purchase', 'day', 5
FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
SELECT limit_rules_replace(:w, '{purchase,withdrawal}', '{month,day}', '{1000000000,1000000000}');

-- Closed wallets of one owner; the last one is open.
UPDATE wallet SET status = 'closed' WHERE owner_id = :closer;
INSERT INTO wallet (id, owner_id, version, created_at, changed_at, currency, status)
SELECT pg_temp.id(2, n), :closer, 1, now(), now(), 'EUR',
	CASE WHEN n < :rows / 10 THEN 'closed' ELSE 'open' END
FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
INSERT INTO transaction (version, amount, balance_after, created_at, xid, wallet_id, id, kind)
SELECT 1, 0, 0, now(), '3', pg_temp.id(2, n), pg_temp.id(8, n), 'opening'
FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
UPDATE owner SET wallet_id = pg_temp.id(2, :rows / 10) WHERE owner_id = :closer;
INSERT INTO owner_past VALUES (:closer, pg_temp.id(2, 1)) ON CONFLICT DO NOTHING;
UPDATE wallet SET owner_id = :keeper WHERE id IN (
	SELECT pg_temp.id(6, n) FROM generate_series(1, 20) AS n);
INSERT INTO transaction (version, amount, balance_after, created_at, xid, wallet_id, id, kind)
SELECT n, 0, 0, pg_temp.moment(n), '3', w.id, gen_random_uuid(), 'release'
FROM wallet w, generate_series(:past / 100 + 1, :rows / 100) AS n
WHERE w.owner_id = :keeper;
UPDATE wallet SET version = :rows / 100, changed_at = pg_temp.moment(:rows / 100)
WHERE owner_id = :keeper;

-- Seals, up to now.
INSERT INTO seal (number, made_at, head, members)
SELECT n, now(), 'x', repeat('x', 56)::bytea FROM generate_series(:past / 10 + 1, :rows / 10) AS n;
SELECT outbox_advance('seal', pg_current_xact_id());
ANALYZE;
