/* sessions.c - sessions in the database; see sessions.h. refresh.c extends them. */
#include "domain/identity/sessions.h"

#include "common/base/config.h"
#include "domain/identity/authorizers.h"
#include "domain/identity/identity.h"
#include "domain/identity/refresh_token.h"
#include "domain/identity/sweep.h"

/* ---- ended sessions ---- */

static const struct db_column ended_columns[] = { DB_COLUMN(UUID, "id", struct ended_session, id) };

static enum error
ended_read(const struct db_rows *rows, struct ended *ended)
{
	enum error e = OK;

	ended->count = rows_count(rows);
	for (size_t i = 0; i < ended->count && i < ENDED_MAX && e == OK; i++)
		e = rows_read(rows, i, DB_COLUMNS(ended_columns), NULL, &ended->list[i]);
	return e;
}

void
ended_announce(struct auth *auth, const struct ended *e)
{
	if (e->count > ENDED_MAX)
		identity_forget_all();
	for (size_t i = 0; i < e->count && i < ENDED_MAX; i++)
		identity_forget(&e->list[i].id);
	if (e->count > 0)
		authorizers_wait(auth->pool);
}

/* ---- opening ---- */

struct opening {
	const struct account *account;
	const struct client *client;
	struct uuid id;
	struct refresh refresh;
	struct ended ended;
};

/* $1 id, $2 account, $3 token hash, $4 lifetime in ms, $5 user agent, $6 ip, $7 how many others can
 * stay open. Returns the sessions ended to make room. */
static const struct db_statement session_open_sql = { "session_open",
	"WITH made AS (INSERT INTO session (id, account_id, token_hash, expires_at, user_agent, ip)"
	" VALUES ($1, $2, $3, now() + $4::bigint" DB_MILLISECONDS
	", $5, $6) ON CONFLICT (id) DO NOTHING),"
	" ended AS (UPDATE session SET ended_at = now() WHERE id IN (SELECT id FROM session"
	" WHERE account_id = $2 AND ended_at IS NULL AND expires_at > now() AND id <> $1"
	" ORDER BY id DESC OFFSET $7) RETURNING id)"
	" SELECT id, " SESSION_ENDED_NOTIFY " FROM ended",
	DB_IDEMPOTENT };

static int64_t
session_lifetime_ms(void)
{
	int64_t unused = config_number(OPT_REFRESH_TOKEN_TIME),
		most = config_number(OPT_SESSION_TIME_MAX);

	return unused < most ? unused : most;
}

static enum error
opening_work(struct db *db, void *context)
{
	struct opening *o = context;
	const struct account *a = o->account;
	DB_ROWS(ended);
	enum error e;

	if ((e = account_lock(db, a)) != OK)
		return e;
	e = db_execute(db, &session_open_sql,
		DB_VALUES(db_uuid(&o->id), db_uuid(&a->id), db_bytes(o->refresh.hash, REFRESH_HASH),
			db_number(session_lifetime_ms()),
			db_text(o->client->user_agent), db_text(o->client->ip),
			db_number(config_number(OPT_SESSIONS_MAX) - 1)),
		&ended);
	return e == OK ? ended_read(ended, &o->ended) : e;
}

/* The session's id and token are made outside the transaction, so a repeated one opens
 * the same session. */
enum error
session_open(struct auth *auth, const struct account *account, const struct client *client,
	struct grant *out)
{
	struct opening o = { .account = account, .client = client, .id = uuid_v7() };
	enum error e;

	refresh_random(&o.refresh);
	e = db_transaction(auth->pool, DB_IDEMPOTENT, opening_work, &o);
	ended_announce(auth, &o.ended);
	if (e != OK)
		return e;
	sweep_some(auth);
	return grant_make(
		&account->id, &o.id, account->roles, &o.refresh, session_lifetime_ms(), out);
}

/* ---- ending ---- */

static const struct db_statement session_end_sql = { "session_end",
	"WITH ended AS (UPDATE session SET ended_at = now() WHERE id = $1 AND account_id = $2"
	" AND ended_at IS NULL AND expires_at > now() RETURNING id)"
	" SELECT id, " SESSION_ENDED_NOTIFY " FROM ended",
	DB_IDEMPOTENT };

/* Drops the session from the cache even on error: if the connection is lost during the commit, the
 * session may have ended. */
enum error
session_end(struct auth *auth, const struct uuid *user, const struct uuid *session)
{
	DB_ROWS(rows);
	enum error e = db_query(auth->pool, &session_end_sql,
		DB_VALUES(db_uuid(session), db_uuid(user)), &rows);

	identity_forget(session);
	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_NOT_FOUND;
	authorizers_wait(auth->pool);
	return OK;
}

/* $2: the session to keep open, or NULL. */
static const struct db_statement session_end_others_sql = { "session_end_others",
	"WITH ended AS (UPDATE session SET ended_at = now() WHERE account_id = $1"
	" AND id IS DISTINCT FROM $2::uuid AND ended_at IS NULL RETURNING id)"
	" SELECT id, " SESSION_ENDED_NOTIFY " FROM ended",
	DB_IDEMPOTENT };

enum error
session_end_others(struct db *db, const struct uuid *user, const struct uuid *session,
	struct ended *ended)
{
	DB_ROWS(rows);
	enum error e = db_execute(db, &session_end_others_sql,
		DB_VALUES(db_uuid(user), db_uuid(session)), &rows);

	return e == OK ? ended_read(rows, ended) : e;
}

enum error
session_end_all(struct auth *auth, const struct uuid *user)
{
	DB_ROWS(rows);
	struct ended ended;
	enum error e = db_query(auth->pool, &session_end_others_sql,
		DB_VALUES(db_uuid(user), db_uuid(NULL)), &rows);

	if (e != OK || (e = ended_read(rows, &ended)) != OK) {
		identity_forget_all();
		return e;
	}
	ended_announce(auth, &ended);
	return OK;
}

static const struct db_statement session_list_sql = { "session_list",
	"SELECT id, user_agent, ip, created_at, last_used_at, expires_at FROM session"
	" WHERE account_id = $1 AND ended_at IS NULL AND expires_at > now()"
	" AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
	DB_IDEMPOTENT };

static const struct db_column session_columns[] = {
	DB_COLUMN(UUID, "id", struct session, id),
	DB_COLUMN(TEXT, "user_agent", struct session, client.user_agent),
	DB_COLUMN(TEXT, "ip", struct session, client.ip),
	DB_COLUMN(INSTANT, "created_at", struct session, created_at),
	DB_COLUMN(INSTANT, "last_used_at", struct session, last_used_at),
	DB_COLUMN(INSTANT, "expires_at", struct session, expires_at),
};

enum error
session_list(struct auth *auth, struct arena *arena, const struct uuid *user,
	const struct uuid *after, int64_t limit, struct session **list, size_t *count)
{
	DB_ROWS(rows);
	enum error e = db_query(auth->pool, &session_list_sql,
		DB_VALUES(db_uuid(user), db_uuid(after), db_number(limit)), &rows);
	void *sessions;

	if (e != OK)
		return e;
	e = rows_read_all(rows, DB_COLUMNS(session_columns), arena, sizeof **list, &sessions,
		count);
	*list = sessions;
	return e;
}
