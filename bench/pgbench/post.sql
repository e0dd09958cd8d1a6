-- post.sql - the floor for posting: post() with one operation per commit, on the wallets of the
-- load (-D wallets=…). The id has the time in front, as in a UUIDv7, so that the index grows at its
-- right end as in our programs.
\set n random(0, :wallets - 1)
\set amount random(1, 10000)
\set purchase random(0, 1)
SELECT error FROM post(
	ARRAY[(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
		|| substr(gen_random_uuid()::text, 14))::uuid],
	ARRAY[(lpad(to_hex(:n::integer), 8, '0') || '-0000-7000-8000-000000000000')::uuid],
	ARRAY[NULL::uuid], ARRAY[2],
	ARRAY[CASE WHEN :purchase::integer = 1 THEN 'purchase'
		ELSE 'deposit' END], ARRAY[:amount::bigint], ARRAY[NULL::uuid],
	ARRAY[gen_random_uuid()::text],
		ARRAY['\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'::bytea],
	ARRAY['Corner Shop'], ARRAY['Bread and milk'], ARRAY[NULL::text], 604800000, false, NULL);
