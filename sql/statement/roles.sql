-- roles.sql - the privileges of the run-time role (psql variable `app`). Applied on every migrate.
--
-- The role can read tables and call functions. Lines are append-only because it has no INSERT,
-- UPDATE, DELETE or TRUNCATE privilege on any table.

SELECT :'app' <> current_user AS separate \gset
\if :separate
	REVOKE ALL ON ALL TABLES IN SCHEMA public FROM :"app";
	REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM :"app";
\endif
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"app";
GRANT SELECT ON ALL TABLES IN SCHEMA public TO :"app";
GRANT EXECUTE ON FUNCTION
	lines_store, events_signed, wallet_find, version_at, statement_span,
	job_request, job_claim, job_begin, job_progress, job_postpone, job_finish, job_fail,
	mail_claim, mail_sent, files_expired, file_removed, jobs_forget,
	outbox_read, outbox_position, outbox_advance, outbox_adopt,
	statement_alarms, arrival_mark, arrival_mark_move, arrival_missed, arrival_behind
	TO :"app";
