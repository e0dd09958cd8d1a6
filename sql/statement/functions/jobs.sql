-- jobs.sql - statement jobs: asked for, claimed, moved on, finished. Every change is one short transaction: a long one
-- would hold the relay back.

-- Asks for a statement. `outcome` is queued (it is new), same (the job that an equal request or the same key made),
-- rate_limited or idempotency_key_reused. p_asked is the request as it was sent: one without an end means "until now",
-- and sent again a second later it is still the same request. `made` is that job: a new one as it was made, whatever a
-- consumer does with it from then on.
CREATE OR REPLACE FUNCTION job_request(p_id uuid, p_owner_id uuid, p_wallet_id uuid, p_from timestamptz, p_to timestamptz,
	p_format text, p_min_version bigint, p_asked text, p_key text, p_most integer)
RETURNS TABLE (outcome text, id uuid, made job)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	found_job job;
BEGIN
	-- One request of a user at a time, so that the count below holds.
	PERFORM pg_advisory_xact_lock(hashtextextended(p_owner_id::text, 0));
	SELECT * INTO found_job FROM job j WHERE j.owner_id = p_owner_id AND j.idempotency_key = p_key;
	IF FOUND AND (found_job.wallet_id, found_job.asked) IS DISTINCT FROM (p_wallet_id, p_asked) THEN
		RETURN QUERY SELECT 'idempotency_key_reused', NULL::uuid, NULL::job;
		RETURN;
	END IF;
	IF NOT FOUND THEN
		SELECT * INTO found_job FROM job j
		WHERE j.owner_id = p_owner_id AND j.wallet_id = p_wallet_id AND j.asked = p_asked
		  AND j.status IN ('queued', 'running');
	END IF;
	IF FOUND THEN
		RETURN QUERY SELECT 'same', found_job.id, found_job;
		RETURN;
	END IF;
	IF (SELECT count(*) FROM job j WHERE j.owner_id = p_owner_id AND j.status IN ('queued', 'running')) >= p_most THEN
		RETURN QUERY SELECT 'rate_limited', NULL::uuid, NULL::job;
		RETURN;
	END IF;
	INSERT INTO job (id, owner_id, wallet_id, from_at, to_at, created_at, due_at, format, min_version, asked,
		idempotency_key)
	VALUES (p_id, p_owner_id, p_wallet_id, p_from, p_to, clock_timestamp(), clock_timestamp(), p_format, p_min_version, p_asked,
		p_key)
	RETURNING * INTO found_job;
	RETURN QUERY SELECT 'queued', p_id, found_job;
END $$;

-- The advisory lock that stands for a claim.
CREATE OR REPLACE FUNCTION claim_key(p_claim uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT hashtextextended(p_claim::text, 1) $$;

-- Takes the job that is due the longest, new or left by a consumer that is gone. Two things tell that one is gone: its
-- lease has run out; or, earlier, the advisory lock that its connection held is free. The lock only makes it quicker:
-- who loses it without being gone finds at the next record that the claim is another's. One claim a connection.
CREATE OR REPLACE FUNCTION job_claim(p_claim uuid, p_lease interval)
RETURNS SETOF job
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
DECLARE
	found_id uuid;
BEGIN
	PERFORM pg_advisory_unlock_all();
	SELECT j.id INTO found_id FROM job j
	WHERE j.status IN ('queued', 'running')
	  AND (j.due_at <= clock_timestamp()
	       OR j.status = 'running' AND pg_try_advisory_xact_lock(claim_key(j.claim)))
	ORDER BY j.due_at LIMIT 1 FOR UPDATE SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	PERFORM pg_advisory_lock(claim_key(p_claim));
	RETURN QUERY
	UPDATE job j SET status = 'running', claim = p_claim, due_at = clock_timestamp() + p_lease, attempts = j.attempts + 1
	WHERE j.id = found_id
	RETURNING j.*;
END $$;

-- What the file will cover, fixed at its beginning. False here and below: another consumer has the job now.
CREATE OR REPLACE FUNCTION job_begin(p_id uuid, p_claim uuid, p_lease interval, p_first bigint, p_last bigint, p_head bigint,
	p_opening bigint, p_closing bigint)
RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH moved AS (
		UPDATE job SET first_version = p_first, last_version = p_last, head_version = p_head,
			opening_balance = p_opening, closing_balance = p_closing,
			done_version = p_first - 1, done_balance = p_opening, done_bytes = 0, due_at = clock_timestamp() + p_lease
		WHERE id = p_id AND claim = p_claim AND status = 'running' RETURNING 1)
	SELECT EXISTS (SELECT FROM moved)
$$;

-- So much of the file is on disk. Also renews the lease.
CREATE OR REPLACE FUNCTION job_progress(p_id uuid, p_claim uuid, p_lease interval, p_progress integer, p_version bigint,
	p_balance bigint, p_bytes bigint)
RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH moved AS (
		UPDATE job SET progress = p_progress, done_version = p_version, done_balance = p_balance, done_bytes = p_bytes,
			attempts = CASE WHEN p_version > done_version THEN 0 ELSE attempts END,
			due_at = clock_timestamp() + p_lease
		WHERE id = p_id AND claim = p_claim AND status = 'running' RETURNING 1)
	SELECT EXISTS (SELECT FROM moved)
$$;

-- Lets go of a job for a while; whoever comes then takes it. p_counts: the attempt failed; else it was only not yet time.
CREATE OR REPLACE FUNCTION job_postpone(p_id uuid, p_claim uuid, p_pause interval, p_counts boolean)
RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH moved AS (
		UPDATE job SET status = 'queued', claim = NULL, due_at = clock_timestamp() + p_pause,
			attempts = attempts - (NOT p_counts)::integer
		WHERE id = p_id AND claim = p_claim AND status = 'running' RETURNING 1)
	SELECT EXISTS (SELECT FROM moved)
$$;

CREATE OR REPLACE FUNCTION job_finish(p_id uuid, p_claim uuid, p_bytes bigint, p_sha256 bytea, p_mail boolean)
RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH moved AS (
		UPDATE job SET status = 'ready', progress = 100, claim = NULL, finished_at = clock_timestamp(),
			bytes = p_bytes, sha256 = p_sha256,
			mail = CASE WHEN p_mail THEN 'due' ELSE 'none' END, mail_after = clock_timestamp()
		WHERE id = p_id AND claim = p_claim AND status = 'running' RETURNING 1)
	SELECT EXISTS (SELECT FROM moved)
$$;

CREATE OR REPLACE FUNCTION job_fail(p_id uuid, p_claim uuid, p_failure text)
RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH moved AS (
		UPDATE job SET status = 'failed', claim = NULL, finished_at = clock_timestamp(), failure = p_failure
		WHERE id = p_id AND claim = p_claim AND status = 'running' RETURNING 1)
	SELECT EXISTS (SELECT FROM moved)
$$;

-- Takes a mail that is due: its next attempt is put off at once, doubling, so a crash while it is sent means one more
-- mail at worst, and never none. After p_most attempts it is given up.
CREATE OR REPLACE FUNCTION mail_claim(p_most integer)
RETURNS TABLE (id uuid, owner_id uuid, from_at timestamptz, to_at timestamptz, format text, bytes bigint, attempts integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
	UPDATE job j SET mail_attempts = j.mail_attempts + 1,
		mail_after = clock_timestamp() + interval '30 seconds' * power(2, j.mail_attempts),
		mail = CASE WHEN j.mail_attempts >= p_most THEN 'failed' ELSE j.mail END
	WHERE j.id = (SELECT k.id FROM job k WHERE k.mail = 'due' AND k.mail_after <= clock_timestamp()
	              ORDER BY k.mail_after LIMIT 1 FOR UPDATE SKIP LOCKED)
	RETURNING j.id, j.owner_id, j.from_at, j.to_at, j.format, j.bytes, j.mail_attempts
$$;

CREATE OR REPLACE FUNCTION mail_sent(p_id uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	UPDATE job SET mail = 'sent' WHERE id = p_id
$$;

-- Files older than p_keep, a few at a time, oldest first.
CREATE OR REPLACE FUNCTION files_expired(p_keep interval, p_limit integer) RETURNS TABLE (id uuid, format text)
LANGUAGE sql STABLE ROWS 100 AS $$
	SELECT j.id, j.format FROM job j
	WHERE j.status = 'ready' AND j.removed_at IS NULL AND j.finished_at < clock_timestamp() - p_keep
	ORDER BY j.finished_at LIMIT p_limit
$$;

CREATE OR REPLACE FUNCTION file_removed(p_id uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	UPDATE job SET removed_at = clock_timestamp() WHERE id = p_id AND removed_at IS NULL
$$;
