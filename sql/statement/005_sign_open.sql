-- 005_sign_open.sql - moves lines of unknown sign to line_unsigned, and drops sign_open.
--
-- If the previous line is stored, its balance determines the sign, whether or not its own sign was
-- known. The other lines are behind a gap, so no head has passed them: they wait in line_unsigned
-- until the gap is filled.
--
-- A call of the old lines_store() that is in flight waits for the locks and then fails, because
-- the column no longer exists. Its batch is not acknowledged, is redelivered at once, and is
-- stored by the new form.
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
