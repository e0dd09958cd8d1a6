-- roles.sql - what the run-time role (psql variable `app`) may do: read, and call the functions. Applied on each
-- migrate. Lines are append-only because that role holds no INSERT, UPDATE, DELETE or TRUNCATE on any table.

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
	lines_store, wallet_find, version_at, statement_span,
	job_request, job_claim, job_begin, job_progress, job_postpone, job_finish, job_fail,
	mail_claim, mail_sent, files_expired, file_removed,
	outbox_read, outbox_position, outbox_advance, outbox_adopt
	TO :"app";
