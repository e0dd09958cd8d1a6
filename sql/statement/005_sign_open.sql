-- 005_sign_open.sql - a line whose sign is open waits in line_unsigned; sign_open goes.
--
-- If the line before is here, its balance tells the sign, whether its own sign was open or not.
-- The others lie behind a gap, so no head has passed them: they are taken out until it is filled.
--
-- A call of the old lines_store() that began before waits for the locks and then fails, since the
-- column is gone. Its batch is not acknowledged but sent again at once, and finds the new form.
LOCK TABLE wallet, line IN ACCESS EXCLUSIVE MODE;

UPDATE line l SET sign_open = false,
	amount = CASE WHEN l.balance_after < p.balance_after THEN -l.amount ELSE l.amount END
FROM line p
WHERE l.sign_open AND p.wallet_id = l.wallet_id AND p.version = l.version - 1;

WITH taken AS (DELETE FROM line WHERE sign_open RETURNING *)
INSERT INTO line_unsigned (version, amount, balance_after, created_at, wallet_id, transaction_id,
	reference_id, kind, merchant, description, counterpart_wallet, counterpart_id)
SELECT version, amount, balance_after, created_at, wallet_id, transaction_id, reference_id, kind,
	merchant, description, counterpart_wallet, counterpart_id
FROM taken;

ALTER TABLE line DROP COLUMN sign_open;
