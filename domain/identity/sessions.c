/* sessions.c - sessions in the database and their refresh tokens; see sessions.h. */
#include "domain/identity/sessions.h"

#include <sodium.h>
#include <string.h>

#include "common/base/caller.h"
#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "domain/identity/attempts.h"
#include "domain/identity/identity.h"
#include "domain/identity/sweep.h"

#define TOKEN_BYTES 32
#define HASH_BYTES 32
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* ---- refresh tokens ---- */

struct refresh {
	unsigned char token[TOKEN_BYTES], hash[HASH_BYTES];
};

/* Without a key or salt: 256 random bits cannot be guessed, so a plain hash is enough. */
static void
refresh_hash(struct refresh *r)
{
	crypto_generichash(r->hash, sizeof r->hash, r->token, sizeof r->token, NULL, 0);
}

static bool
refresh_read(const char *text, struct refresh *out)
{
	size_t n;
	const char *end;

	if (strlen(text) != REFRESH_TOKEN - 1 ||
		sodium_base642bin(out->token, sizeof out->token, text, REFRESH_TOKEN - 1, NULL, &n,
			&end, BASE64) != 0 ||
		n != sizeof out->token || *end != '\0')
		return false;
	refresh_hash(out);
	return true;
}

static void
refresh_write(const struct refresh *r, char out[REFRESH_TOKEN])
{
	sodium_bin2base64(out, REFRESH_TOKEN, r->token, sizeof r->token, BASE64);
}

static void
refresh_successor(const struct auth *auth, const struct refresh *r, struct refresh *next)
{
	crypto_generichash(next->token, sizeof next->token, r->token, sizeof r->token, auth->secret,
		sizeof auth->secret);
	refresh_hash(next);
}

/* Identifies the device that used a token: a retry from the same device has the same hash. The NULs
 * keep the two texts apart. */
static void
client_hash(const struct auth *auth, const struct client *c, unsigned char out[HASH_BYTES])
{
	const char *agent = c->user_agent != NULL ? c->user_agent : "",
		   *ip = c->ip != NULL ? c->ip : "";
	crypto_generichash_state state;

	crypto_generichash_init(&state, auth->secret, sizeof auth->secret, HASH_BYTES);
	crypto_generichash_update(&state, (const unsigned char *)agent, strlen(agent) + 1);
	crypto_generichash_update(&state, (const unsigned char *)ip, strlen(ip) + 1);
	crypto_generichash_final(&state, out, HASH_BYTES);
}

static enum error
grant_make(const struct uuid *user, const struct uuid *session, unsigned roles,
	const struct refresh *refresh, struct grant *out)
{
	struct claims c = { .user = *user, .session = *session, .roles = roles };
	enum error e = token_issue(&c, out->access_token);

	if (e != OK)
		return e;
	refresh_write(refresh, out->refresh_token);
	out->session = *session;
	out->expires_in_s = config_number(OPT_ACCESS_TOKEN_TIME) / 1000;
	return OK;
}

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
ended_forget(const struct ended *e)
{
	if (e->count > ENDED_MAX) {
		identity_forget_all();
		return;
	}
	for (size_t i = 0; i < e->count; i++)
		identity_forget(&e->list[i].id);
}

/* ---- opening ---- */

struct opening {
	struct auth *auth;
	const struct account *account;
	const struct client *client;
	struct uuid id;
	struct refresh refresh;
	struct ended ended;
};

/* $1 id, $2 account, $3 token hash, $4 lifetime in ms, $5 user agent, $6 ip, $7 how many others can
 * stay open, $8 key of the attempts to clear. Returns the sessions ended to make room. */
static const struct db_statement session_open_sql = { "session_open",
	"WITH forgotten AS (DELETE FROM sign_in_attempt WHERE key = $8),"
	" made AS (INSERT INTO session (id, account_id, token_hash, expires_at, user_agent, ip)"
	" VALUES ($1, $2, $3, now() + $4::bigint" DB_MILLISECONDS
	", $5, $6) ON CONFLICT (id) DO NOTHING),"
	" ended AS (UPDATE session SET ended_at = now() WHERE id IN (SELECT id FROM session"
	" WHERE account_id = $2 AND ended_at IS NULL AND expires_at > now() AND id <> $1"
	" ORDER BY id DESC OFFSET $7) RETURNING id)"
	" SELECT id, " SESSION_ENDED_NOTIFY " FROM ended",
	DB_IDEMPOTENT };

static enum error
opening_work(struct db *db, void *context)
{
	struct opening *o = context;
	const struct account *a = o->account;
	unsigned char key[ATTEMPT_KEY];
	DB_ROWS(ended);
	enum error e;

	if ((e = account_lock(db, a)) != OK)
		return e;
	attempt_key(o->auth, a->email, key);
	e = db_execute(db, &session_open_sql,
		DB_VALUES(db_uuid(&o->id), db_uuid(&a->id), db_bytes(o->refresh.hash, HASH_BYTES),
			db_number(config_number(OPT_REFRESH_TOKEN_TIME)),
			db_text(o->client->user_agent), db_text(o->client->ip),
			db_number(config_number(OPT_SESSIONS_MAX) - 1), db_bytes(key, ATTEMPT_KEY)),
		&ended);
	return e == OK ? ended_read(ended, &o->ended) : e;
}

/* The session's id and token are made outside the transaction, so a repeated one opens
 * the same session. */
enum error
session_open(struct auth *auth, const struct account *account, const struct client *client,
	struct grant *out)
{
	struct opening o = { .auth = auth, .account = account, .client = client, .id = uuid_v7() };
	enum error e;

	random_fill(o.refresh.token, sizeof o.refresh.token);
	refresh_hash(&o.refresh);
	e = db_transaction(auth->pool, DB_IDEMPOTENT, opening_work, &o);
	ended_forget(&o.ended);
	if (e != OK)
		return e;
	sweep_some(auth);
	return grant_make(&account->id, &o.id, account->roles, &o.refresh, out);
}

/* ---- refreshing ---- */

struct rotated {
	struct uuid session, user;
	char roles[ROLES_TEXT];
};

#define ROTATED_COLUMNS(structure, member) \
	DB_COLUMN(UUID, "session_id", structure, member session), \
		DB_COLUMN(UUID, "account_id", structure, member user), \
		DB_COLUMN(CODE, "roles", structure, member roles)

static const struct db_column rotated_columns[] = { ROTATED_COLUMNS(struct rotated, ) };

static enum error
grant_rotated(const struct rotated *r, const struct refresh *next, struct grant *out)
{
	return grant_make(&r->user, &r->session, roles_from_text(r->roles), next, out);
}

/* Why a token could not be rotated. $1 hash, $2 successor's hash, $3 client, $4 grace period in ms.
 * over: the session has ended; again: the same client used the token within the grace period. */
static const struct db_statement session_offered_sql = { "session_offered",
	"SELECT s.id AS session_id, a.id AS account_id, array_to_string(a.roles, ',') AS roles,"
	" s.ended_at IS NOT NULL OR s.expires_at <= now() AS over,"
	" t.token_hash IS NOT NULL AS spent, coalesce(t.client = $3 AND t.successor = $2"
	" AND t.spent_at > now() - $4::bigint" DB_MILLISECONDS ", false) AS again"
	" FROM (SELECT id AS session_id, NULL::bytea AS token_hash, NULL::bytea AS client,"
	" NULL::bytea AS successor, NULL::timestamptz AS spent_at"
	" FROM session WHERE token_hash = $1"
	" UNION ALL SELECT session_id, token_hash, client, successor, spent_at"
	" FROM spent_token WHERE token_hash = $1) t"
	" JOIN session s ON s.id = t.session_id JOIN account a ON a.id = s.account_id",
	DB_IDEMPOTENT };

struct offered {
	struct rotated of;
	bool over, spent, again;
};

static const struct db_column offered_columns[] = {
	ROTATED_COLUMNS(struct offered, of.),
	DB_COLUMN(BOOL, "over", struct offered, over),
	DB_COLUMN(BOOL, "spent", struct offered, spent),
	DB_COLUMN(BOOL, "again", struct offered, again),
};

/* Handles a token that could not be rotated: it is unknown, its session has ended, the same client
 * is retrying, or the token was stolen. */
static enum error
refresh_refused(struct auth *auth, const struct refresh *offered, const struct refresh *next,
	const unsigned char client[HASH_BYTES], struct grant *out)
{
	DB_ROWS(rows);
	enum error e = db_query(auth->pool, &session_offered_sql,
		DB_VALUES(db_bytes(offered->hash, HASH_BYTES), db_bytes(next->hash, HASH_BYTES),
			db_bytes(client, HASH_BYTES), db_number(config_number(OPT_REFRESH_GRACE))),
		&rows);
	struct offered o;

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_UNAUTHENTICATED;
	if ((e = rows_read(rows, 0, DB_COLUMNS(offered_columns), NULL, &o)) != OK)
		return e;
	if (o.over)
		return ERR_SESSION_ENDED;
	if (!o.spent)
		return ERR_UNAVAILABLE; /* became current between the two statements: retry */
	if (o.again)
		return grant_rotated(&o.of, next, out);
	log_warn("a refresh token was reused: ending its session");
	e = session_end(auth, &o.of.user, &o.of.session);
	return e == OK || e == ERR_NOT_FOUND ? ERR_TOKEN_REUSED : e;
}

/* $1 token hash, $2 successor's hash, $3 lifetime in ms, $4 user agent, $5 ip, $6 client. The
 * UPDATE is atomic: of two concurrent refreshes with the same token, only one finds it. */
static const struct db_statement session_rotate_sql = { "session_rotate",
	"WITH rotated AS (UPDATE session SET token_hash = $2, last_used_at = now(),"
	" expires_at = now() + $3::bigint" DB_MILLISECONDS ", user_agent = $4, ip = $5"
	" WHERE token_hash = $1 AND ended_at IS NULL AND expires_at > now()"
	" RETURNING id, account_id),"
	" spent AS (INSERT INTO spent_token (token_hash, session_id, successor, client)"
	" SELECT $1, id, $2, $6 FROM rotated)"
	" SELECT r.id AS session_id, a.id AS account_id, array_to_string(a.roles, ',') AS roles"
	" FROM rotated r JOIN account a ON a.id = r.account_id",
	DB_IDEMPOTENT };

/* The successor is computed before the database decides: a rotation stores its hash, and a retry
 * compares it. */
enum error
session_refresh(struct auth *auth, const char *token, const struct client *client,
	struct grant *out)
{
	unsigned char device[HASH_BYTES];
	struct refresh offered, next;
	struct rotated rotated;
	DB_ROWS(rows);
	enum error e;

	if (!refresh_read(token, &offered))
		return ERR_UNAUTHENTICATED;
	refresh_successor(auth, &offered, &next);
	client_hash(auth, client, device);
	e = db_query(auth->pool, &session_rotate_sql,
		DB_VALUES(db_bytes(offered.hash, HASH_BYTES), db_bytes(next.hash, HASH_BYTES),
			db_number(config_number(OPT_REFRESH_TOKEN_TIME)),
			db_text(client->user_agent), db_text(client->ip),
			db_bytes(device, HASH_BYTES)),
		&rows);
	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return refresh_refused(auth, &offered, &next, device, out);
	if ((e = rows_read(rows, 0, DB_COLUMNS(rotated_columns), NULL, &rotated)) != OK)
		return e;
	sweep_some(auth);
	return grant_rotated(&rotated, &next, out);
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
	return rows_count(rows) > 0 ? OK : ERR_NOT_FOUND;
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
	ended_forget(&ended);
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
