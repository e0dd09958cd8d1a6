/* sql.c - every statement of the Auth service, in one table.
 *
 * Where a session ends, its id is notified in the same transaction: other auth processes forget it (identity.c). */
#include "domain/identity/auth.h"

#define ACCOUNT_COLUMNS "id, email, name, array_to_string(roles, ','), created_at, password_hash"
#define MS " * interval '1 millisecond'"
#define TELL "pg_notify('session_ended', id::text)"

const struct db_statement auth_statements[AUTH_STATEMENT_COUNT] = {
	/* Sent twice it answers the same: the second part finds what the first try made. */
	[ACCOUNT_CREATE] = { "account_create",
		"WITH made AS (INSERT INTO account (id, email, name, password_hash) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT DO NOTHING RETURNING " ACCOUNT_COLUMNS ")"
		" SELECT * FROM made UNION ALL SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = $1",
		DB_AGAIN },
	[ACCOUNT_BY_EMAIL] = { "account_by_email",
		"SELECT " ACCOUNT_COLUMNS " FROM account WHERE lower(email COLLATE \"C\") = lower($1::text COLLATE \"C\")",
		DB_AGAIN },
	[ACCOUNT_BY_ID] = { "account_by_id", "SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = $1", DB_AGAIN },
	[ACCOUNT_RENAME] = { "account_rename",
		"UPDATE account SET name = $2 WHERE id = $1 RETURNING " ACCOUNT_COLUMNS, DB_AGAIN },
	/* Nobody signs in with a password that is being changed: both lock the account and compare the hash. */
	[ACCOUNT_LOCK] = { "account_lock",
		"SELECT 1 FROM account WHERE id = $1 AND password_hash = $2 FOR NO KEY UPDATE", DB_AGAIN },
	[ACCOUNT_REHASH] = { "account_rehash",
		"UPDATE account SET password_hash = $3 WHERE id = $1 AND password_hash = $2", DB_AGAIN },
	[PASSWORD_SET] = { "password_set", "UPDATE account SET password_hash = $2 WHERE id = $1", DB_AGAIN },

	/* $1 key, $2 delays by failures, $3 milliseconds after which failures are forgotten. Counts the attempt before
	 * it is made, so that many at once cannot all be free; success takes the row away. */
	[ATTEMPT_BEGIN] = { "attempt_begin",
		"WITH tried AS (INSERT INTO sign_in_attempt AS a (key, failures, tried_at, next_at)"
		" VALUES ($1, 1, clock_timestamp(), clock_timestamp() + ($2::bigint[])[1]" MS ")"
		" ON CONFLICT (key) DO UPDATE SET tried_at = clock_timestamp(),"
		" failures = CASE WHEN a.tried_at < clock_timestamp() - $3::bigint" MS " THEN 1 ELSE a.failures + 1 END,"
		" next_at = clock_timestamp() + ($2::bigint[])[CASE WHEN a.tried_at < clock_timestamp() - $3::bigint" MS
		" THEN 1 ELSE least(a.failures + 1, cardinality($2::bigint[])) END]" MS
		" WHERE a.next_at <= clock_timestamp() RETURNING 1)"
		" SELECT EXISTS (SELECT FROM tried),"
		" (SELECT ceil(extract(epoch FROM next_at - clock_timestamp()))::bigint FROM sign_in_attempt WHERE key = $1)",
		DB_AGAIN },
	/* Failures that came meanwhile keep their count; only the delay may be cut short, by who was let through. */
	[ATTEMPT_TAKE_BACK] = { "attempt_take_back",
		"UPDATE sign_in_attempt SET failures = greatest(failures - 1, 0), next_at = tried_at WHERE key = $1", DB_ONCE },
	[ATTEMPTS_FORGET] = { "attempts_forget", "DELETE FROM sign_in_attempt WHERE key = $1", DB_AGAIN },

	/* $1 id, $2 account, $3 token hash, $4 life in ms, $5 user agent, $6 ip, $7 how many others may stay open,
	 * $8 attempts to forget. Answers the sessions that had to make room. */
	[SESSION_OPEN] = { "session_open",
		"WITH forgotten AS (DELETE FROM sign_in_attempt WHERE key = $8),"
		" made AS (INSERT INTO session (id, account_id, token_hash, expires_at, user_agent, ip)"
		" VALUES ($1, $2, $3, now() + $4::bigint" MS ", $5, $6) ON CONFLICT (id) DO NOTHING),"
		" ended AS (UPDATE session SET ended_at = now() WHERE id IN (SELECT id FROM session"
		" WHERE account_id = $2 AND ended_at IS NULL AND expires_at > now() AND id <> $1 ORDER BY id DESC OFFSET $7)"
		" RETURNING id)"
		" SELECT id, " TELL " FROM ended",
		DB_AGAIN },
	/* $1 hash offered, $2 successor's hash, $3 life in ms, $4 user agent, $5 ip, $6 client. One atomic UPDATE: of two
	 * that offer the same token one finds it. */
	[SESSION_ROTATE] = { "session_rotate",
		"WITH rotated AS (UPDATE session SET token_hash = $2, last_used_at = now(),"
		" expires_at = now() + $3::bigint" MS ", user_agent = $4, ip = $5"
		" WHERE token_hash = $1 AND ended_at IS NULL AND expires_at > now() RETURNING id, account_id),"
		" spent AS (INSERT INTO spent_token (token_hash, session_id, successor, client)"
		" SELECT $1, id, $2, $6 FROM rotated)"
		" SELECT r.id, a.id, array_to_string(a.roles, ',') FROM rotated r JOIN account a ON a.id = r.account_id",
		DB_AGAIN },
	/* What a token is that could not be rotated: $1 hash, $2 its successor's, $3 client, $4 grace in ms. */
	[SESSION_OFFERED] = { "session_offered",
		"SELECT s.id, a.id, array_to_string(a.roles, ','), s.ended_at IS NOT NULL OR s.expires_at <= now() AS over,"
		" t.token_hash IS NOT NULL AS spent, coalesce(t.client = $3 AND t.successor = $2"
		" AND t.spent_at > now() - $4::bigint" MS ", false) AS again"
		" FROM (SELECT id AS session_id, NULL::bytea AS token_hash, NULL::bytea AS client, NULL::bytea AS successor,"
		" NULL::timestamptz AS spent_at FROM session WHERE token_hash = $1"
		" UNION ALL SELECT session_id, token_hash, client, successor, spent_at FROM spent_token WHERE token_hash = $1) t"
		" JOIN session s ON s.id = t.session_id JOIN account a ON a.id = s.account_id",
		DB_AGAIN },
	[SESSION_END] = { "session_end",
		"WITH ended AS (UPDATE session SET ended_at = now() WHERE id = $1 AND account_id = $2 AND ended_at IS NULL"
		" AND expires_at > now() RETURNING id) SELECT id, " TELL " FROM ended",
		DB_AGAIN },
	/* $2: the session to leave open, NULL for none. */
	[SESSION_END_OTHERS] = { "session_end_others",
		"WITH ended AS (UPDATE session SET ended_at = now() WHERE account_id = $1 AND id IS DISTINCT FROM $2::uuid"
		" AND ended_at IS NULL RETURNING id) SELECT id, " TELL " FROM ended",
		DB_AGAIN },
	[SESSION_LIST] = { "session_list",
		"SELECT id, user_agent, ip, created_at, last_used_at, expires_at FROM session WHERE account_id = $1"
		" AND ended_at IS NULL AND expires_at > now() AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
		DB_AGAIN },

	/* A few at a time, and never one that somebody else holds. A session takes its spent tokens with it, hundreds maybe. */
	[SWEEP_SESSIONS] = { "sweep_sessions",
		"DELETE FROM session WHERE id IN (SELECT id FROM session"
		" WHERE least(expires_at, ended_at) < now() - interval '7 days' LIMIT 20 FOR UPDATE SKIP LOCKED)",
		DB_AGAIN },
	[SWEEP_TOKENS] = { "sweep_tokens",
		"DELETE FROM spent_token WHERE token_hash IN (SELECT token_hash FROM spent_token"
		" WHERE spent_at < now() - $1::bigint" MS " LIMIT 1000)",
		DB_AGAIN },
	[SWEEP_ATTEMPTS] = { "sweep_attempts",
		"DELETE FROM sign_in_attempt WHERE key IN (SELECT key FROM sign_in_attempt"
		" WHERE tried_at < clock_timestamp() - $1::bigint" MS " LIMIT 1000 FOR UPDATE SKIP LOCKED)",
		DB_AGAIN },
	[AUTH_PING] = { "auth_ping", "SELECT 1", DB_AGAIN },
};
