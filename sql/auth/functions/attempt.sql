-- attempt.sql - counts sign-in attempts, before they are made, and uncounts those that succeed.
--
-- p_keys: 1 account and known device, 2 account and address, 3 address, 4 account. A known device
-- counts under the first key alone. A stranger counts under the second, and in the buckets of the
-- third and fourth, whose steps (the time in which one failure is forgotten) p_steps has. Times are
-- in milliseconds.
--
-- All functions lock buckets before counts, the address's before the account's: else two attempts
-- from one address at one account could deadlock.

-- Whether a bucket has room for one more, which it then takes; else the time until it has.
CREATE OR REPLACE FUNCTION bucket_take(p_key bytea, p_step bigint, p_room bigint)
RETURNS interval
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	clock timestamptz := clock_timestamp();
	step  interval := p_step * interval '1 millisecond';
	room  interval := p_room * interval '1 millisecond';
BEGIN
	INSERT INTO attempt_bucket AS b (key, empty_at) VALUES (p_key, clock + step)
	ON CONFLICT (key) DO UPDATE SET empty_at = greatest(b.empty_at, clock) + step
	WHERE b.empty_at <= clock + room - step;
	IF FOUND THEN
		RETURN NULL;
	END IF;
	RETURN (SELECT b.empty_at - clock - room + step FROM attempt_bucket b
		WHERE b.key = p_key);
END $$;

CREATE OR REPLACE FUNCTION bucket_give_back(p_key bytea, p_step bigint) RETURNS void
LANGUAGE sql VOLATILE AS $$
	UPDATE attempt_bucket SET empty_at = empty_at - p_step * interval '1 millisecond'
	WHERE key = p_key;
$$;

-- Counts an attempt as failed. known: whether the device is. wait: NULL if it can be made.
-- p_delays[n]: the time to wait after the n-th failure, counted until p_memory without one.
CREATE OR REPLACE FUNCTION attempt_begin(p_account_id uuid, p_device bytea, p_keys bytea[],
	p_delays bigint[], p_memory bigint, p_steps bigint[], p_room bigint,
	OUT known boolean, OUT wait interval)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	own     bytea;
	started timestamptz := clock_timestamp() - p_memory * interval '1 millisecond';
BEGIN
	known := EXISTS (SELECT FROM known_device d
		WHERE d.account_id = p_account_id AND d.device = p_device);
	own := p_keys[CASE WHEN known THEN 1 ELSE 2 END];
	-- What must wait anyway takes nothing from the buckets.
	wait := (SELECT a.next_at - clock_timestamp() FROM sign_in_attempt a
		WHERE a.key = own AND a.next_at > clock_timestamp());
	IF wait IS NULL AND NOT known THEN
		wait := bucket_take(p_keys[3], p_steps[1], p_room);
		IF wait IS NULL THEN
			wait := bucket_take(p_keys[4], p_steps[2], p_room);
			IF wait IS NOT NULL THEN
				PERFORM bucket_give_back(p_keys[3], p_steps[1]);
			END IF;
		END IF;
	END IF;
	IF wait IS NOT NULL THEN
		RETURN;
	END IF;
	INSERT INTO sign_in_attempt AS a (key, failures, tried_at, next_at)
	VALUES (own, 1, clock_timestamp(),
		clock_timestamp() + p_delays[1] * interval '1 millisecond')
	ON CONFLICT (key) DO UPDATE SET tried_at = clock_timestamp(),
		failures = CASE WHEN a.tried_at < started THEN 1 ELSE a.failures + 1 END,
		next_at = clock_timestamp() + interval '1 millisecond' * p_delays[CASE
			WHEN a.tried_at < started THEN 1
			ELSE least(a.failures + 1, cardinality(p_delays)) END]
	WHERE a.next_at <= clock_timestamp();
	IF NOT FOUND THEN
		-- Another attempt was counted in between, and can have succeeded since.
		wait := coalesce((SELECT a.next_at - clock_timestamp() FROM sign_in_attempt a
			WHERE a.key = own), interval '0');
		IF NOT known THEN
			PERFORM bucket_give_back(p_keys[3], p_steps[1]);
			PERFORM bucket_give_back(p_keys[4], p_steps[2]);
		END IF;
	END IF;
END $$;

-- The attempt was never made. Concurrent failures keep their count; this can only shorten their
-- delay.
CREATE OR REPLACE FUNCTION attempt_undo(p_keys bytea[], p_known boolean, p_steps bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF NOT p_known THEN
		PERFORM bucket_give_back(p_keys[3], p_steps[1]);
		PERFORM bucket_give_back(p_keys[4], p_steps[2]);
	END IF;
	UPDATE sign_in_attempt SET failures = greatest(failures - 1, 0), next_at = tried_at
	WHERE key = p_keys[CASE WHEN p_known THEN 1 ELSE 2 END];
END $$;

-- The attempt succeeded: forgets the failures of this device, and knows it from now on. A bucket
-- gets back no more than the attempt took, so no one empties it by signing in to an own account.
CREATE OR REPLACE FUNCTION attempt_succeeded(p_account_id uuid, p_device bytea, p_keys bytea[],
	p_known boolean, p_steps bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF NOT p_known THEN
		PERFORM bucket_give_back(p_keys[3], p_steps[1]);
		PERFORM bucket_give_back(p_keys[4], p_steps[2]);
	END IF;
	DELETE FROM sign_in_attempt WHERE key IN (p_keys[1], p_keys[2]);
	INSERT INTO known_device AS d (account_id, device, seen_at)
	VALUES (p_account_id, p_device, now())
	ON CONFLICT (account_id, device) DO UPDATE SET seen_at = now()
	WHERE d.seen_at < now() - interval '1 day';
	IF NOT p_known AND FOUND THEN
		DELETE FROM known_device WHERE account_id = p_account_id AND device IN (
			SELECT k.device FROM known_device k WHERE k.account_id = p_account_id
			ORDER BY k.seen_at DESC, k.device OFFSET 100);
	END IF;
END $$;
