-- 006_keys_and_keeping.sql - where an owner's keys can be, and how old rows are found.

-- The wallets that were an owner's default before: an operation without a wallet_id went to one of
-- them, and its retry must find it there.
CREATE TABLE owner_past (
	owner_id  uuid NOT NULL,
	wallet_id uuid NOT NULL,
	CONSTRAINT owner_past_pkey PRIMARY KEY (owner_id, wallet_id)
);
INSERT INTO owner_past
SELECT w.owner_id, w.id FROM wallet w JOIN owner o ON o.owner_id = w.owner_id
WHERE w.status = 'closed' AND o.wallet_id <> w.id;
