-- jobs.sql - statement jobs: request, claim, progress, finish. Every change is one short
-- transaction, because a long one would delay the relay.

-- Requests a statement. `outcome` is queued (a new job), same (the unfinished job of the same
-- request, or the job with the same key), rate_limited or idempotency_key_reused. p_asked is the
-- request as sent: one without an end means "until now", and a retry a second later is still the
-- same request. `made` is the job; a new one is returned as created, even if a consumer has claimed
-- it since.
CREATE OR REPLACE FUNCTION job_request(p_id uuid, p_owner_id uuid, p_wallet_id uuid,
	p_from timestamptz, p_to timestamptz, p_format text, p_min_version bigint, p_asked text,
	p_key text, p_most integer)
RETURNS TABLE (outcome text, id uuid, made job)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	found_job job;
BEGIN
	-- Serializes the requests of a user, so that the count below is exact.
	PERFORM pg_advisory_xact_lock(hashtextextended(p_owner_id::text, 0));
	SELECT * INTO found_job FROM job j
	WHERE j.owner_id = p_owner_id AND j.idempotency_key = p_key;
	IF FOUND AND (found_job.wallet_id, found_job.asked) IS DISTINCT FROM (p_wallet_id, p_asked)
	THEN
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
	IF (SELECT count(*) FROM job j
	    WHERE j.owner_id = p_owner_id AND j.status IN ('queued', 'running')) >= p_most THEN
		RETURN QUERY SELECT 'rate_limited', NULL::uuid, NULL::job;
		RETURN;
	END IF;
	INSERT INTO job (id, owner_id, wallet_id, from_at, to_at, created_at, due_at, format,
		min_version, asked, idempotency_key)
	VALUES (p_id, p_owner_id, p_wallet_id, p_from, p_to, clock_timestamp(), clock_timestamp(),
		p_format, p_min_version, p_asked, p_key)
	RETURNING * INTO found_job;
	RETURN QUERY SELECT 'queued', p_id, found_job;
END $$;

-- The key of the advisory lock that represents a claim.
CREATE OR REPLACE FUNCTION claim_key(p_claim uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT hashtextextended(p_claim::text, 1) $$;

-- Claims the job that has been due longest, whether new or abandoned. A job is abandoned if its
-- lease has expired, or, earlier, if the advisory lock of its consumer's connection is free. The
-- lock only speeds up recovery: a live consumer that lost it finds at its next record that another
-- one has the claim. A connection holds one claim at a time.
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
	UPDATE job j SET status = 'running', claim = p_claim, due_at = clock_timestamp() + p_lease,
		attempts = j.attempts + 1
	WHERE j.id = found_id
	RETURNING j.*;
END $$;

-- Fixes the lines that the file covers. This and the functions below return false if another
-- consumer has claimed the job.
CREATE OR REPLACE FUNCTION job_begin(p_id uuid, p_claim uuid, p_lease interval, p_first bigint,
	p_last bigint, p_head bigint, p_opening bigint, p_closing bigint)
RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH moved AS (
		UPDATE job SET first_version = p_first, last_version = p_last,
			head_version = p_head, opening_balance = p_opening,
			closing_balance = p_closing,
			done_version = p_first - 1, done_balance = p_opening, done_bytes = 0,
			due_at = clock_timestamp() + p_lease
		WHERE id = p_id AND claim = p_claim AND status = 'running' RETURNING 1)
	SELECT EXISTS (SELECT FROM moved)
$$;

-- Records how much of the file is on disk, and renews the lease.
CREATE OR REPLACE FUNCTION job_progress(p_id uuid, p_claim uuid, p_lease interval,
	p_progress integer, p_version bigint, p_balance bigint, p_bytes bigint)
RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH moved AS (
		UPDATE job SET progress = p_progress, done_version = p_version,
			done_balance = p_balance, done_bytes = p_bytes,
			attempts = CASE WHEN p_version > done_version THEN 0 ELSE attempts END,
			due_at = clock_timestamp() + p_lease
		WHERE id = p_id AND claim = p_claim AND status = 'running' RETURNING 1)
	SELECT EXISTS (SELECT FROM moved)
$$;

-- Releases a job; any consumer can claim it after the pause. p_counts: count the attempt as failed.
CREATE OR REPLACE FUNCTION job_postpone(p_id uuid, p_claim uuid, p_pause interval, p_counts boolean)
RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH moved AS (
		UPDATE job SET status = 'queued', claim = NULL,
			due_at = clock_timestamp() + p_pause,
			attempts = attempts - (NOT p_counts)::integer
		WHERE id = p_id AND claim = p_claim AND status = 'running' RETURNING 1)
	SELECT EXISTS (SELECT FROM moved)
$$;

CREATE OR REPLACE FUNCTION job_finish(p_id uuid, p_claim uuid, p_bytes bigint, p_sha256 bytea,
	p_mail boolean)
RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH moved AS (
		UPDATE job SET status = 'ready', progress = 100, claim = NULL,
			finished_at = clock_timestamp(), bytes = p_bytes, sha256 = p_sha256,
			mail = CASE WHEN p_mail THEN 'due' ELSE 'none' END,
			mail_after = clock_timestamp()
		WHERE id = p_id AND claim = p_claim AND status = 'running' RETURNING 1)
	SELECT EXISTS (SELECT FROM moved)
$$;

CREATE OR REPLACE FUNCTION job_fail(p_id uuid, p_claim uuid, p_failure text)
RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH moved AS (
		UPDATE job SET status = 'failed', claim = NULL, finished_at = clock_timestamp(),
			failure = p_failure
		WHERE id = p_id AND claim = p_claim AND status = 'running' RETURNING 1)
	SELECT EXISTS (SELECT FROM moved)
$$;

-- Claims a mail that is due, and schedules the next attempt at once, with exponential backoff. So a
-- crash while the mail is being sent can duplicate it, but never lose it. Gives up after p_most
-- attempts.
CREATE OR REPLACE FUNCTION mail_claim(p_most integer)
RETURNS TABLE (id uuid, owner_id uuid, from_at timestamptz, to_at timestamptz, format text,
	bytes bigint, attempts integer)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
	UPDATE job j SET mail_attempts = j.mail_attempts + 1,
		mail_after = clock_timestamp() + interval '30 seconds' * power(2, j.mail_attempts),
		mail = CASE WHEN j.mail_attempts >= p_most THEN 'failed' ELSE j.mail END
	WHERE j.id = (SELECT k.id FROM job k
	              WHERE k.mail = 'due' AND k.mail_after <= clock_timestamp()
	              ORDER BY k.mail_after LIMIT 1 FOR UPDATE SKIP LOCKED)
	RETURNING j.id, j.owner_id, j.from_at, j.to_at, j.format, j.bytes, j.mail_attempts
$$;

CREATE OR REPLACE FUNCTION mail_sent(p_id uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	UPDATE job SET mail = 'sent' WHERE id = p_id
$$;

-- Lists at most p_limit files older than p_keep, oldest first.
CREATE OR REPLACE FUNCTION files_expired(p_keep interval, p_limit integer)
RETURNS TABLE (id uuid, format text)
LANGUAGE sql STABLE ROWS 100 AS $$
	SELECT j.id, j.format FROM job j
	WHERE j.status = 'ready' AND j.removed_at IS NULL
	  AND j.finished_at < clock_timestamp() - p_keep
	ORDER BY j.finished_at LIMIT p_limit
$$;

CREATE OR REPLACE FUNCTION file_removed(p_id uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	UPDATE job SET removed_at = clock_timestamp() WHERE id = p_id AND removed_at IS NULL
$$;

-- Forgets at most p_limit jobs that ended longer ago, and returns how many. A job with a file stays
-- until the file is removed, and one whose mail is due until it is sent.
CREATE OR REPLACE FUNCTION jobs_forget(p_keep interval, p_limit integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
	forgotten bigint;
BEGIN
	DELETE FROM job USING (
		SELECT j.id FROM job j
		WHERE (j.status = 'failed' OR j.removed_at IS NOT NULL)
		  AND j.finished_at < clock_timestamp() - p_keep AND j.mail <> 'due'
		ORDER BY j.finished_at LIMIT p_limit) AS n
	WHERE job.id = n.id;
	GET DIAGNOSTICS forgotten = ROW_COUNT;
	RETURN forgotten;
END $$;
