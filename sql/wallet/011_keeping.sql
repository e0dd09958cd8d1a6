-- 011_keeping.sql - finds the batch keys that have been kept long enough. Rejections are found by
-- their xid.
CREATE INDEX batch_key_age ON batch_key (created_at);
