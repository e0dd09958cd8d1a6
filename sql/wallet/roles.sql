-- roles.sql - what the run-time role (psql variable `app`) can do: read, and call the functions.
-- Applied by each migrate. History is append-only because that role has no INSERT, UPDATE, DELETE
-- or TRUNCATE on any table.

SELECT :'app' <> current_user AS separate \gset
\if :separate
	REVOKE ALL ON ALL TABLES IN SCHEMA public FROM :"app";
	REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM :"app";
\endif
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"app";
GRANT SELECT ON ALL TABLES IN SCHEMA public TO :"app";
GRANT SELECT ON SEQUENCE limit_change TO :"app";  -- for `purse verify`
GRANT EXECUTE ON FUNCTION
	post(uuid[], uuid[], uuid[], integer[], text[], bigint[], uuid[], text[], bytea[], text[],
		text[], text[], bigint, boolean, text, uuid[], timestamptz[], boolean[], text[]),
	wallet_open(uuid, uuid, uuid, text, text, text, bytea, integer),
	wallet_change(uuid, uuid, text, integer, text, text, text, bytea, uuid, text),
	wallet_limits_set(uuid, uuid, text[], text[], bigint[], bigint, integer, text, text, bytea,
		uuid, text),
	batch_claim, hold_expire, rejections_forget, batch_keys_forget, currency_limits_set,
	owner_wallet, version_at, version_by, wallet_balance_at, balance_history, credit_limit_at,
	transaction_search, transaction_spans, amount_shown, metadata_has, wallet_holds,
	wallet_clock, wallet_limits, limits_of, limit_used, limit_pending, limit_fill,
	limit_frees_at, currency_limits,
	outbox_read, outbox_read_rejections, outbox_position, outbox_advance, outbox_adopt, reject,
	seal_append, seal_resume, seal_unsigned, seal_sign, seal_position,
	wallet_alarms, outbox_obstacle, alarm_repeat, alarm_end,
	arrival_state, arrival_record, arrival_passed, arrival_window, arrival_page, arrival_rows
	TO :"app";
-- functions/old.sql
GRANT EXECUTE ON FUNCTION transaction_page,
	post(uuid[], uuid[], uuid[], integer[], text[], bigint[], uuid[], text[], bytea[], text[],
		text[], text[], interval, boolean, text, uuid[], timestamptz[], boolean[]),
	wallet_open(uuid, uuid, text, text, text, bytea, integer, uuid),
	wallet_change(uuid, uuid, integer, text, text, text, text, bytea),
	wallet_limits_set(uuid, uuid, integer, bigint, text[], text[], bigint[], text, text, bytea)
	TO :"app";
