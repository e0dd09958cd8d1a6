-- 005_bounded_reads.sql - what no longer reads more the longer the history is.
--
-- Once a wallet has a row of a kind in limit_usage, each posting of that kind is counted there. So
-- only rows up to `since`, from before the counter, can be missing, and they are added in small
-- steps. Null: a counter from before this migration, which is counted again.
ALTER TABLE limit_usage ADD COLUMN since bigint,  -- the rows after this version are counted
	ADD COLUMN since_at timestamptz;          -- created_at of that row

-- Opening and closing a wallet look at the owner's open ones, however many are closed. A posting
-- changes none of these columns, and so stays a HOT update.
CREATE INDEX wallet_open ON wallet (owner_id, created_at, id) WHERE status <> 'closed';
