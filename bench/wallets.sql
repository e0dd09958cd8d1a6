-- wallets.sql - writes :count wallets with money, as after an opening and a first deposit; :users
-- own them in turn.
--
-- It commits 500 at a time, like the posting function's batches, because the relay reads whole
-- commits. The result satisfies tests/db/invariants.sql, and the relay publishes it to the
-- statements like everything else. :first is the number of the first wallet; wallet n has the id
-- nnnnnnnn-0000-7000-8000-000000000000.
SELECT set_config('bench.users', :'users', false), set_config('bench.first', :'first', false),
	set_config('bench.count', :'count', false) \g /dev/null
DO $$
DECLARE
	users uuid[] := current_setting('bench.users')::uuid[];
	first integer := current_setting('bench.first');
	past  integer := first + current_setting('bench.count')::integer;
	part  CONSTANT integer := 500;
	funds CONSTANT bigint := 1000000000;
BEGIN
	FOR place IN first .. past - 1 BY part LOOP
		WITH made AS MATERIALIZED (
			SELECT (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid AS
				wallet_id,
				users[1 + n % cardinality(users)] AS owner_id,
					clock_timestamp() AS at
			FROM generate_series(place, least(place + part, past) - 1) AS n),
		wallets AS (
			INSERT INTO wallet (id, owner_id, balance, version, created_at, changed_at,
				currency)
			SELECT wallet_id, owner_id, funds, 2, made.at, made.at, 'EUR' FROM made),
		history AS (
			INSERT INTO transaction (wallet_id, version, id, kind, contra, amount,
				balance_after, created_at)
			SELECT wallet_id, 1, uuid_v7(made.at), 'opening', NULL, 0, 0, made.at
				FROM made
			UNION ALL
			SELECT wallet_id, 2, uuid_v7(made.at), 'deposit', 'funding', funds, funds,
				made.at FROM made)
		INSERT INTO owner (owner_id, wallet_id)
		SELECT DISTINCT ON (owner_id) owner_id, wallet_id FROM made
			ORDER BY owner_id, wallet_id
		ON CONFLICT DO NOTHING;
		COMMIT;
	END LOOP;
END $$;
ANALYZE wallet;
ANALYZE transaction;
