-- 003_batch_keys.sql - what the Idempotency-Key of a whole batch stands for.
--
-- Each place of such a batch has a key of its own, made from it, and is replayed by that. This row ties them together: the
-- same key with another batch is refused as a whole, whichever places, wallets or keys inside are new. It is written in the
-- batch's own transaction, and so only where something was posted.
CREATE TABLE batch_key (
	owner_id    uuid NOT NULL,              -- who asked
	key         text COLLATE "C" NOT NULL,
	fingerprint bytea NOT NULL,             -- of the body
	created_at  timestamptz NOT NULL,
	CONSTRAINT batch_key_pkey PRIMARY KEY (owner_id, key)
);
