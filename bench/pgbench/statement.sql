-- statement.sql - the floor for a statement: PostgreSQL returns the same rows as JSON in one query
-- (-D wallet=… lines=…).
SELECT json_agg(row_to_json(l)) FROM (
	SELECT version, transaction_id, kind, amount, balance_after, merchant, description,
		reference_id, created_at FROM line
	WHERE wallet_id = (lpad(to_hex(:wallet::bigint), 8, '0')
		|| '-0000-7000-8000-000000000000')::uuid AND version > 0
	ORDER BY version LIMIT :lines::bigint) AS l;
