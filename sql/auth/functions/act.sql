-- act.sql - every change of roles leaves a row, however it is made.

-- The settings purse.actor and purse.request_id, local to the transaction, say who does it.
CREATE OR REPLACE FUNCTION roles_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO operator_act (actor, request_id, act, account_id, detail)
	VALUES (coalesce(nullif(current_setting('purse.actor', true), ''), 'db:' || session_user),
		nullif(current_setting('purse.request_id', true), ''), 'roles', NEW.id,
		jsonb_build_object('roles', NEW.roles)
			|| CASE WHEN TG_OP = 'UPDATE' THEN jsonb_build_object('before', OLD.roles)
			   ELSE '{}' END);
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER account_roles_changed AFTER UPDATE OF roles ON account
	FOR EACH ROW WHEN (OLD.roles IS DISTINCT FROM NEW.roles)
	EXECUTE FUNCTION roles_changed();
-- Sign-up creates customers.
CREATE OR REPLACE TRIGGER account_roles_given AFTER INSERT ON account
	FOR EACH ROW WHEN (NEW.roles <> '{customer}')
	EXECUTE FUNCTION roles_changed();
