-- 002_refresh.sql - limits on refreshing: how often, and how many spent tokens stay.

ALTER TABLE session
	ADD COLUMN rotations int NOT NULL DEFAULT 0,     -- how often its refresh token has changed
	-- The limit's clock: each refresh moves it ahead. Too far ahead of now, and we refuse.
	ADD COLUMN refreshes_until timestamptz NOT NULL DEFAULT now();

-- The session's rotation that spent the token. A token's successors can be computed, so an old one
-- is recognised by any later row. After an hour only one row in 128 stays.
ALTER TABLE spent_token ADD COLUMN rotation int NOT NULL DEFAULT 0;

CREATE INDEX spent_token_thin ON spent_token (spent_at) WHERE rotation % 128 <> 0;
