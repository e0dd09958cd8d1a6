-- 008_actor.sql - who did it: a row that someone wrote by their role, not as the wallet's owner,
-- has their user id and the id of their request.
--
-- Other rows have neither, and are as long as before.
ALTER TABLE transaction ADD COLUMN actor uuid, ADD COLUMN request_id text;
ALTER TABLE currency_limit_change ADD COLUMN actor uuid, ADD COLUMN request_id text;
ALTER TYPE outcome ADD ATTRIBUTE actor uuid, ADD ATTRIBUTE request_id text;

CREATE OR REPLACE VIEW transaction_shown AS
	SELECT t.id, t.wallet_id, w.owner_id, t.kind, t.amount, w.currency, t.balance_after,
	       t.version, t.reference_id, t.merchant, t.description, t.metadata, t.created_at,
	       t.xid, coalesce(t.held_change, 0) AS held_change, t.counterpart_wallet,
	       t.counterpart_id, t.expires_at, coalesce(t.held_after, 0) AS held_after, t.actor,
	       t.request_id
	FROM transaction t JOIN wallet w ON w.id = t.wallet_id;

-- Replaced by forms with more parameters, which have defaults: callers of these find the new ones.
DROP FUNCTION IF EXISTS post(uuid[], uuid[], uuid[], integer[], text[], bigint[], uuid[], text[],
	bytea[], text[], text[], text[], bigint, boolean, text, uuid[], timestamptz[], boolean[]);
DROP FUNCTION IF EXISTS wallet_change(uuid, uuid, text, integer, text, text, text, bytea);
DROP FUNCTION IF EXISTS wallet_limits_set(uuid, uuid, text[], text[], bigint[], bigint, integer,
	text, text, bytea);
DROP FUNCTION IF EXISTS currency_limits_set(text, bigint, text[], text[], bigint[]);
DROP FUNCTION IF EXISTS change_write(wallet, uuid, text, text, bigint, text, json, text, bytea);
