-- 004_acts.sql - what operators do to accounts and keys, by whom, in which request.

-- The run-time role can add and read rows, never change them. An act outlives its account.
CREATE TABLE operator_act (
	id         bigint GENERATED ALWAYS AS IDENTITY,
	at         timestamptz NOT NULL DEFAULT now(),
	-- A user's id; os:NAME on the command line; db:ROLE in SQL by hand.
	actor      text NOT NULL,
	request_id text,            -- NULL for SQL by hand
	act        text NOT NULL,   -- roles, key_rotate
	account_id uuid,
	detail     jsonb NOT NULL DEFAULT '{}',
	CONSTRAINT operator_act_pkey PRIMARY KEY (id)
);

CREATE INDEX operator_act_account ON operator_act (account_id, id);
