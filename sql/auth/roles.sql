-- roles.sql - the privileges of the run-time role (psql variable `app`). Applied on every migrate.
--
-- The role cannot change the roles of an account. Only the owner, through `purse user role`, can
-- make someone an operator.

SELECT :'app' <> current_user AS separate \gset
\if :separate
	REVOKE ALL ON ALL TABLES IN SCHEMA public FROM :"app";
\endif
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"app";
GRANT SELECT ON account, session, spent_token, sign_in_attempt, schema_migration TO :"app";
GRANT INSERT (id, email, name, password_hash), UPDATE (name, password_hash) ON account TO :"app";
GRANT INSERT, DELETE ON session, spent_token, sign_in_attempt TO :"app";
GRANT UPDATE (token_hash, last_used_at, expires_at, ended_at, user_agent, ip, rotations,
	refreshes_until) ON session TO :"app";
GRANT UPDATE (failures, tried_at, next_at) ON sign_in_attempt TO :"app";
-- The sweep locks the rows that it deletes, which takes the right to update one column.
GRANT UPDATE (rotation) ON spent_token TO :"app";
GRANT SELECT, INSERT, DELETE ON attempt_bucket, known_device TO :"app";
GRANT UPDATE (empty_at) ON attempt_bucket TO :"app";
GRANT UPDATE (seen_at) ON known_device TO :"app";
-- Append-only.
GRANT SELECT, INSERT ON operator_act TO :"app";
