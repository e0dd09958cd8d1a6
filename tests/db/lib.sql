-- lib.sql - short helpers for the tests of the wallet database, created in each session's temporary
-- schema.
\set QUIET on

-- The columns of post()'s answer; the empty batch is also a test.
CREATE TEMP TABLE posted AS SELECT 0 AS i, p.*
	FROM post('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
	604800000, false, NULL) AS p;

-- A new wallet, of a new owner unless one is named.
CREATE FUNCTION pg_temp.wallet(owner uuid DEFAULT gen_random_uuid()) RETURNS uuid LANGUAGE sql
	VOLATILE AS $$
	SELECT id FROM wallet_open(gen_random_uuid(), owner, gen_random_uuid(), 'EUR', NULL, NULL,
		NULL, 100) $$;

-- One call of post(): operations as a JSON array, results in the same order. Defaults: roles 6, a
-- random op.
CREATE FUNCTION pg_temp.batch(ops json, win interval DEFAULT '7 days', again boolean DEFAULT false,
	open text DEFAULT NULL)
RETURNS SETOF posted LANGUAGE sql VOLATILE AS $$
	WITH given AS MATERIALIZED (
		SELECT coalesce(o.op, gen_random_uuid()) AS op, o.wallet, o.who,
			coalesce(o.roles, 6) AS roles, o.kind, o.amount,
		       o.ref, o.key, convert_to(o.body, 'UTF8') AS body, o.merchant, o.description,
			       o.metadata, o."to", o.ends, o.final, o.i::int AS i
		FROM ROWS FROM (json_to_recordset(ops) AS (op uuid, wallet uuid, who uuid,
			roles int, kind text, amount bigint, ref uuid,
			key text, body text, merchant text, description text, metadata text,
				"to" uuid, ends timestamptz, final boolean))
			WITH ORDINALITY AS o(op, wallet, who, roles, kind, amount, ref, key, body,
				merchant, description, metadata, "to", ends, final, i)),
	a AS MATERIALIZED (
		SELECT array_agg(op ORDER BY i) AS op, array_agg(wallet ORDER BY i) AS wallet,
			array_agg(who ORDER BY i) AS who,
		       array_agg(roles ORDER BY i) AS roles, array_agg(kind ORDER BY i) AS kind,
			       array_agg(amount ORDER BY i) AS amount,
		       array_agg(ref ORDER BY i) AS ref, array_agg(key ORDER BY i) AS key,
			       array_agg(body ORDER BY i) AS body,
		       array_agg(merchant ORDER BY i) AS merchant, array_agg(description
			       ORDER BY i) AS description,
		       array_agg(metadata ORDER BY i) AS metadata, array_agg("to"
			       ORDER BY i) AS "to", array_agg(ends ORDER BY i) AS ends,
		       array_agg(final ORDER BY i) AS final
		FROM given)
	SELECT g.i, p.* FROM a, post(a.op, a.wallet, a.who, a.roles, a.kind, a.amount, a.ref, a.key,
		a.body, a.merchant,
		a.description, a.metadata, (extract(epoch FROM win) * 1000)::bigint, again, open,
			a."to", a.ends, a.final) AS p
	JOIN given g ON g.op = p.op_id ORDER BY g.i $$;

-- A result as text: 'ok -30 =70', with 'h30' if the held amount changed by 30; or the code of the
-- refusal.
CREATE FUNCTION pg_temp.word(p posted) RETURNS text LANGUAGE sql AS $$
	SELECT p.error || CASE WHEN p.id IS NULL THEN ''
		ELSE format(' %s =%s', p.amount, p.balance_after) ||
		CASE p.held_change WHEN 0 THEN '' ELSE ' h' || p.held_change END END $$;

-- Posts one operation and returns its result as text.
CREATE FUNCTION pg_temp.try(wallet uuid, kind text, amount bigint DEFAULT NULL,
	ref uuid DEFAULT NULL, who uuid DEFAULT NULL,
	roles int DEFAULT 6, key text DEFAULT NULL, body text DEFAULT NULL,
		op uuid DEFAULT gen_random_uuid(),
	win interval DEFAULT '7 days', again boolean DEFAULT false, open text DEFAULT NULL,
		"to" uuid DEFAULT NULL,
	ends timestamptz DEFAULT NULL, final boolean DEFAULT NULL) RETURNS text LANGUAGE sql
		VOLATILE AS $$
	SELECT pg_temp.word(p) FROM
		pg_temp.batch(json_build_array(json_build_object('wallet', wallet, 'kind', kind,
		'amount', amount,
		'ref', ref, 'who', who, 'roles', roles, 'key', key, 'body', body, 'op', op, 'to',
			"to", 'ends', ends, 'final', final)), win, again, open) AS p $$;

-- Posts a batch and returns the results as text.
CREATE FUNCTION pg_temp.words(ops json, win interval DEFAULT '7 days', again boolean DEFAULT false,
	open text DEFAULT NULL)
RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT string_agg(pg_temp.word(p), ', ' ORDER BY p.i)
		FROM pg_temp.batch(ops, win, again, open) AS p $$;

CREATE FUNCTION pg_temp.gives(got anycompatible, want anycompatible, what text DEFAULT '') RETURNS
	void LANGUAGE plpgsql AS $$
BEGIN
	IF got IS DISTINCT FROM want THEN
		RAISE EXCEPTION '%: got %, want %', what, coalesce(got::text, 'null'),
			coalesce(want::text, 'null');
	END IF;
END $$;

-- A new wallet with money in it.
CREATE FUNCTION pg_temp.filled(amount bigint, owner uuid DEFAULT gen_random_uuid()) RETURNS uuid
	LANGUAGE plpgsql VOLATILE AS $$
DECLARE w uuid := pg_temp.wallet(owner); BEGIN
	PERFORM pg_temp.try(w, 'deposit', amount);
	RETURN w;
END $$;

-- Balance, held and available amounts.
CREATE FUNCTION pg_temp.funds(wallet uuid) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT format('=%s held %s available %s', w.balance, w.held, w.available)
		FROM wallet_shown w WHERE w.id = wallet $$;

-- Balance, version and number of rows, which a refused operation must not change.
CREATE FUNCTION pg_temp.state(wallet uuid) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT format('=%s v%s rows %s', w.balance, w.version, (SELECT count(*) FROM transaction t
		WHERE t.wallet_id = w.id))
	FROM wallet w WHERE w.id = wallet $$;
