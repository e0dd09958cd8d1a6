-- keeping.sql - forgets what is kept for a time only: refused events, the keys of whole batches.
-- Each call deletes at most p_limit rows, in its own short transaction, and returns how many.

-- Refused events that are older, once they are published. The first by xid are the oldest.
CREATE OR REPLACE FUNCTION rejections_forget(p_keep_ms bigint, p_limit integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
	forgotten bigint;
BEGIN
	DELETE FROM rejection r USING (
		SELECT o.id, o.created_at FROM rejection o
		WHERE o.xid <= outbox_position('rejection') ORDER BY o.xid LIMIT p_limit) AS n
	WHERE r.id = n.id
	  AND n.created_at < wallet_clock() - p_keep_ms * interval '1 millisecond';
	GET DIAGNOSTICS forgotten = ROW_COUNT;
	RETURN forgotten;
END $$;

-- A batch that is sent again later is still replayed, by the keys of its places; but another body
-- under the same key is then refused place by place, not as a whole.
CREATE OR REPLACE FUNCTION batch_keys_forget(p_keep_ms bigint, p_limit integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
	forgotten bigint;
BEGIN
	DELETE FROM batch_key b USING (
		SELECT k.owner_id, k.key FROM batch_key k
		WHERE k.created_at < wallet_clock() - p_keep_ms * interval '1 millisecond'
		ORDER BY k.created_at LIMIT p_limit) AS n
	WHERE b.owner_id = n.owner_id AND b.key = n.key;
	GET DIAGNOSTICS forgotten = ROW_COUNT;
	RETURN forgotten;
END $$;
