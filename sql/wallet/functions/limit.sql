-- limit.sql - limits on how much of a kind a wallet can do: the rules in force, their usage, and
-- setting them.
--
-- Days and months are UTC. Undoing a transaction does not give its usage back.

-- The rules in force for a wallet, of one kind or (null) of all: its own, else its currency's.
CREATE OR REPLACE FUNCTION limits_of(p_wallet_id uuid, p_currency text, p_kind text)
RETURNS TABLE (kind text, per text, amount bigint, source text)
LANGUAGE sql STABLE ROWS 3 AS $$
	SELECT f.kind, f.per, f.amount,
	       CASE f.scope WHEN p_currency THEN 'currency' ELSE 'wallet' END
	FROM (SELECT DISTINCT ON (l.kind, l.per) l.* FROM limit_rule l
	      WHERE l.scope IN (p_wallet_id::text, p_currency)
	        AND (p_kind IS NULL OR l.kind = p_kind)
	      ORDER BY l.kind, l.per, l.scope = p_currency) AS f
	WHERE f.amount IS NOT NULL
	ORDER BY f.kind, array_position('{transaction,day,month}', f.per)
$$;

-- A wallet's usage of a kind in the day and month of p_at. The counter has every row after `since`;
-- of the rows up to there, this adds at most 1,000, newest first. A usage is complete for a period
-- that starts after since_at: see limit_pending().
CREATE OR REPLACE FUNCTION limit_used(p_wallet_id uuid, p_kind text, p_at timestamptz)
RETURNS limit_usage
LANGUAGE plpgsql STABLE AS $$
DECLARE
	u     limit_usage;
	today date := (p_at AT TIME ZONE 'UTC')::date;
	month timestamptz := date_trunc('month', p_at, 'UTC');
	after bigint;
	new_day   numeric;
	new_month numeric;
BEGIN
	SELECT * INTO u FROM limit_usage l WHERE l.wallet_id = p_wallet_id AND l.kind = p_kind;
	IF u.since IS NULL THEN
		SELECT p_wallet_id, p_kind, w.version, today, 0, 0, w.version, w.changed_at
		INTO u FROM wallet w WHERE w.id = p_wallet_id;
	END IF;
	IF u.day < today THEN
		u.day_used := 0;
		u.month_used := CASE WHEN u.day < (month AT TIME ZONE 'UTC')::date THEN 0
		                     ELSE u.month_used END;
		u.day := today;
	END IF;
	IF u.since_at >= month THEN
		after := greatest(version_at(p_wallet_id, month, false), u.since - 1000);
		SELECT coalesce(sum(s.amount)
		           FILTER (WHERE s.created_at >= date_trunc('day', p_at, 'UTC')), 0),
		       coalesce(sum(s.amount), 0)
		INTO new_day, new_month
		FROM (SELECT greatest(abs(t.amount), t.held_change) AS amount, t.created_at
		      FROM transaction t
		      WHERE t.wallet_id = p_wallet_id AND t.version > after
		        AND t.version <= u.since AND t.kind = p_kind
		        AND (p_kind <> 'transfer' OR t.amount < 0)) AS s;
		u.day_used := u.day_used + new_day;
		u.month_used := u.month_used + new_month;
		u.since := after;
		u.since_at := coalesce((SELECT t.created_at FROM transaction t
			WHERE t.wallet_id = p_wallet_id AND t.version = after), '-infinity');
	END IF;
	RETURN u;
END $$;

-- Whether rows of the period that p_at is in may be missing from a usage.
CREATE OR REPLACE FUNCTION limit_pending(p_usage limit_usage, p_per text, p_at timestamptz)
RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN p_per IN ('day', 'month')
		THEN p_usage.since_at >= date_trunc(p_per, p_at, 'UTC') ELSE false END
$$;

CREATE OR REPLACE FUNCTION limit_store(p_usage limit_usage) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	INSERT INTO limit_usage SELECT p_usage.*
	ON CONFLICT (wallet_id, kind) DO UPDATE SET version = excluded.version,
		day = excluded.day, day_used = excluded.day_used,
		month_used = excluded.month_used, since = excluded.since,
		since_at = excluded.since_at;
END $$;

-- Adds up to 10,000 earlier rows to the counter that a refusal of limit_take() names. True if
-- nothing is missing any more. Like post(), it locks the wallet before it reads.
CREATE OR REPLACE FUNCTION limit_fill(p_wallet_id uuid, p_kind text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
	u  limit_usage;
	at timestamptz;
BEGIN
	PERFORM 1 FROM wallet w WHERE w.id = p_wallet_id FOR NO KEY UPDATE;
	at := (SELECT greatest(wallet_clock(), w.changed_at) FROM wallet w
	       WHERE w.id = p_wallet_id);
	FOR i IN 1 .. 10 LOOP
		u := limit_used(p_wallet_id, p_kind, at);
		IF u.wallet_id IS NULL THEN
			RETURN true;
		END IF;
		PERFORM limit_store(u);
		EXIT WHEN NOT limit_pending(u, 'month', at);
	END LOOP;
	RETURN NOT limit_pending(u, 'month', at);
END $$;

-- When a limit starts again; null for a limit per transaction.
CREATE OR REPLACE FUNCTION limit_frees_at(p_per text, p_at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN p_per IN ('day', 'month')
		THEN (date_trunc(p_per, p_at AT TIME ZONE 'UTC')
			+ ('1 ' || p_per)::interval) AT TIME ZONE 'UTC' END
$$;

-- Counts an operation that nothing else refuses, which becomes the wallet's version p_version. If
-- it exceeds a limit, returns that limit; if the usage is not complete yet, the arguments of
-- limit_fill(); else null. A counter is kept even while no rule needs it: without a gap, a later
-- rule can rely on it.
CREATE OR REPLACE FUNCTION limit_take(p_wallet_id uuid, p_currency text, p_kind text,
	p_amount bigint, p_at timestamptz, p_version bigint) RETURNS json
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	u       limit_usage;
	rule    record;
	used    numeric;
	refusal json;
	today   date := (p_at AT TIME ZONE 'UTC')::date;
BEGIN
	FOR rule IN SELECT * FROM limits_of(p_wallet_id, p_currency, p_kind) LOOP
		IF rule.per <> 'transaction' AND u.wallet_id IS NULL THEN
			u := limit_used(p_wallet_id, p_kind, p_at);
		END IF;
		used := CASE rule.per WHEN 'day' THEN u.day_used
		                      WHEN 'month' THEN u.month_used ELSE 0 END;
		refusal := CASE
			WHEN limit_pending(u, rule.per, p_at) THEN json_build_object(
				'wallet_id', p_wallet_id, 'kind', p_kind)
			WHEN used + p_amount > rule.amount THEN json_build_object(
				'limit', json_build_object('kind', rule.kind, 'per', rule.per,
					'amount', rule.amount, 'of', rule.source),
				'used', least(used, 9007199254740991),
				'requested', p_amount,
				'frees_at', to_char(
					limit_frees_at(rule.per, p_at) AT TIME ZONE 'UTC',
					'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) END;
		EXIT WHEN refusal IS NOT NULL;
	END LOOP;
	-- Stored even after a refusal, or each of many refusals would add up the same rows again.
	IF u.wallet_id IS NOT NULL THEN
		u.version := p_version - (refusal IS NOT NULL)::integer;
		IF refusal IS NULL THEN
			u.day_used := u.day_used + p_amount;
			u.month_used := u.month_used + p_amount;
		END IF;
		PERFORM limit_store(u);
	ELSIF refusal IS NULL THEN
		UPDATE limit_usage l SET version = p_version, day = today,
			day_used = CASE l.day WHEN today THEN l.day_used ELSE 0 END + p_amount,
			month_used = CASE WHEN date_trunc('month', l.day::timestamp)
				= date_trunc('month', today::timestamp)
				THEN l.month_used ELSE 0 END + p_amount
		WHERE l.wallet_id = p_wallet_id AND l.kind = p_kind;
	END IF;
	RETURN refusal;
END $$;

-- The rules in force for a wallet, with their current usage; null while it is not complete.
CREATE OR REPLACE FUNCTION wallet_limits(p_wallet_id uuid)
RETURNS TABLE (kind text, per text, amount bigint, source text, used bigint, frees_at timestamptz)
LANGUAGE sql STABLE ROWS 3 SET enable_seqscan = off AS $$
	SELECT l.kind, l.per, l.amount, l.source,
	       CASE WHEN limit_pending(u, l.per, clock.at) THEN NULL
	            WHEN l.per = 'day' THEN least(u.day_used, 9007199254740991)
	            WHEN l.per = 'month' THEN least(u.month_used, 9007199254740991) END::bigint,
	       limit_frees_at(l.per, clock.at)
	FROM wallet w
	CROSS JOIN LATERAL (SELECT greatest(wallet_clock(), w.changed_at) AS at) AS clock
	CROSS JOIN LATERAL limits_of(w.id, w.currency, NULL) AS l
	LEFT JOIN LATERAL limit_used(w.id, l.kind, clock.at) AS u ON l.per <> 'transaction'
	WHERE w.id = p_wallet_id
	ORDER BY l.kind, array_position('{transaction,day,month}', l.per)
$$;

-- A currency's own rules.
CREATE OR REPLACE FUNCTION currency_limits(p_currency text)
RETURNS TABLE (kind text, per text, amount bigint)
LANGUAGE sql STABLE ROWS 3 AS $$
	SELECT l.kind, l.per, l.amount FROM limit_rule l WHERE l.scope = p_currency
	ORDER BY l.kind, array_position('{transaction,day,month}', l.per)
$$;

-- Whether these rules can be set: known values, no duplicates, and for a currency an amount in
-- each.
CREATE OR REPLACE FUNCTION limit_rules_valid(p_kinds text[], p_pers text[], p_amounts bigint[],
	p_null_allowed boolean)
RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT count(*) = count(DISTINCT (n.kind, n.per))
	   AND coalesce(bool_and(
		n.kind IN ('deposit', 'withdrawal', 'purchase', 'hold', 'capture', 'transfer')
		AND n.per IN ('transaction', 'day', 'month')
		AND CASE WHEN n.amount IS NULL THEN p_null_allowed
		         ELSE n.amount BETWEEN 0 AND 9007199254740991 END), true)
	FROM unnest(p_kinds, p_pers, p_amounts) AS n(kind, per, amount)
	-- A null in the lists makes the result null, not true.
	HAVING coalesce(bool_and(n.kind IS NOT NULL AND n.per IS NOT NULL), true)
$$;

-- Replaces the rules of a scope: a wallet's id, or a currency.
CREATE OR REPLACE FUNCTION limit_rules_replace(p_scope text, p_kinds text[], p_pers text[],
	p_amounts bigint[]) RETURNS void
LANGUAGE sql VOLATILE AS $$
	SELECT nextval('limit_change');
	DELETE FROM limit_rule WHERE scope = p_scope;
	INSERT INTO limit_rule (scope, kind, per, amount)
	SELECT p_scope, n.kind, n.per, n.amount
	FROM unnest(p_kinds, p_pers, p_amounts) AS n(kind, per, amount);
$$;

-- Rules as JSON, for the history.
CREATE OR REPLACE FUNCTION limit_rules_shown(p_kinds text[], p_pers text[], p_amounts bigint[])
RETURNS json
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(json_agg(json_build_object('kind', n.kind, 'per', n.per,
		'amount', n.amount)), '[]')
	FROM unnest(p_kinds, p_pers, p_amounts) AS n(kind, per, amount)
$$;

-- PUT /v1/wallets/limits?currency=…: returns ok or invalid_request.
CREATE OR REPLACE FUNCTION currency_limits_set(p_currency text, p_credit_limit bigint,
	p_kinds text[], p_pers text[], p_amounts bigint[], p_actor uuid DEFAULT NULL,
	p_request_id text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	IF (p_currency ~ '^[A-Z]{3}$' AND p_credit_limit BETWEEN 0 AND 9007199254740991
		AND limit_rules_valid(p_kinds, p_pers, p_amounts, false)) IS NOT TRUE THEN
		RETURN 'invalid_request';
	END IF;
	-- The row lock also serializes concurrent changes of one currency.
	INSERT INTO currency_default AS d (currency, credit_limit)
	VALUES (p_currency, p_credit_limit)
	ON CONFLICT (currency) DO UPDATE SET credit_limit = excluded.credit_limit;
	PERFORM limit_rules_replace(p_currency, p_kinds, p_pers, p_amounts);
	INSERT INTO currency_limit_change (currency, version, created_at, id, credit_limit, limits,
		actor, request_id)
	SELECT p_currency, coalesce(max(c.version), 0) + 1, wallet_clock(), gen_random_uuid(),
		p_credit_limit, limit_rules_shown(p_kinds, p_pers, p_amounts), p_actor,
		p_request_id
	FROM currency_limit_change c WHERE c.currency = p_currency;
	RETURN 'ok';
END $$;

-- A wallet's credit limit at a version: the value before the next change, else the current value.
CREATE OR REPLACE FUNCTION credit_limit_at(p_wallet_id uuid, p_version bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT c.credit_limit_before FROM credit_limit_change c
			WHERE c.wallet_id = p_wallet_id AND c.version > p_version
			ORDER BY c.version LIMIT 1),
		(SELECT w.credit_limit FROM wallet w WHERE w.id = p_wallet_id))
$$;
