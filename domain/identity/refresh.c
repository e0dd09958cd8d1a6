/* refresh.c - rotates refresh tokens, and judges those that cannot be rotated; see refresh.h. */
#include "domain/identity/refresh.h"

#include <string.h>

#include "common/base/caller.h"
#include "common/base/config.h"
#include "common/base/log.h"
#include "domain/identity/refresh_token.h"
#include "domain/identity/sweep.h"

/* REFRESHES_MAX is a number of refreshes in this time. */
#define LIMIT_MS (INT64_C(10) * 60 * 1000)

/* ---- what both statements answer ---- */

struct rotated {
	struct uuid session, user;
	char roles[ROLES_TEXT];
	int64_t lives_ms;
};

#define LIVES_MS "floor(extract(epoch FROM s.expires_at - now()) * 1000)::bigint AS lives_ms"

#define ROTATED_COLUMNS(structure, member) \
	DB_COLUMN(UUID, "session_id", structure, member session), \
		DB_COLUMN(UUID, "account_id", structure, member user), \
		DB_COLUMN(CODE, "roles", structure, member roles), \
		DB_COLUMN(NUMBER, "lives_ms", structure, member lives_ms)

static const struct db_column rotated_columns[] = { ROTATED_COLUMNS(struct rotated, ) };

static enum error
grant_rotated(const struct rotated *r, const struct refresh *next, struct grant *out)
{
	return grant_make(&r->user, &r->session, roles_from_text(r->roles), next, r->lives_ms, out);
}

/* How far one refresh moves the limit's clock. */
static int64_t
limit_step_ms(void)
{
	return LIMIT_MS / config_number(OPT_REFRESHES_MAX);
}

/* ---- tokens that cannot be rotated ---- */

/* $1 hashes of the token and its successors, $2 client, $3 grace period in ms, $4 longest session
 * in ms, $5 how far the limit's clock can be ahead, in ms. over: the session has ended; again: the
 * token was spent within the grace period, and no other client has used a token since. */
static const struct db_statement session_offered_sql = { "session_offered",
	"SELECT s.token_hash AS live, s.id AS session_id, a.id AS account_id,"
	" array_to_string(a.roles, ',') AS roles, " LIVES_MS ","
	" s.ended_at IS NOT NULL OR s.expires_at <= now()"
	" OR s.created_at <= now() - " DB_MS("$4") " AS over,"
	" EXISTS (SELECT FROM spent_token t WHERE t.token_hash = ($1::bytea[])[1]"
	" AND t.spent_at > now() - " DB_MS("$3") ")"
	" AND NOT EXISTS (SELECT FROM spent_token t WHERE t.token_hash = ANY ($1)"
	" AND t.client <> $2) AS again,"
	" ceil(extract(epoch FROM s.refreshes_until - now() - " DB_MS("$5") "))::bigint"
	" AS wait_s"
	" FROM session s JOIN account a ON a.id = s.account_id"
	" WHERE s.id = (SELECT id FROM session WHERE token_hash = ANY ($1)"
	" UNION ALL SELECT session_id FROM spent_token WHERE token_hash = ANY ($1) LIMIT 1)",
	DB_IDEMPOTENT };

struct offered {
	struct rotated of;
	bool over, again;
	int64_t wait_s;
	const struct refresh *live; /* in the chain; NULL if it is not there */
};

static const struct db_column offered_columns[] = {
	ROTATED_COLUMNS(struct offered, of.),
	DB_COLUMN(BOOL, "over", struct offered, over),
	DB_COLUMN(BOOL, "again", struct offered, again),
	DB_COLUMN(NUMBER, "wait_s", struct offered, wait_s),
};

/* The token offered, and its successors. */
struct chain {
	struct refresh steps[REFRESH_STEPS + 1];
};

static void
chain_make(const struct auth *auth, const struct refresh *offered, struct chain *chain,
	struct db_array *hashes)
{
	chain->steps[0] = *offered;
	for (size_t i = 0; i <= REFRESH_STEPS; i++) {
		if (i > 0)
			refresh_successor(auth, &chain->steps[i - 1], &chain->steps[i]);
		db_array_add_bytes(hashes, chain->steps[i].hash, REFRESH_HASH);
	}
}

static const struct refresh *
chain_find(const struct chain *chain, const struct db_rows *rows)
{
	unsigned char live[REFRESH_HASH];

	if (rows_bytes(rows, 0, 0, live, sizeof live) != sizeof live)
		return NULL;
	for (size_t i = 0; i <= REFRESH_STEPS; i++)
		if (memcmp(chain->steps[i].hash, live, sizeof live) == 0)
			return &chain->steps[i];
	return NULL;
}

/* ERR_UNAUTHENTICATED if no session has ever had this token. */
static enum error
offered_find(struct auth *auth, const struct chain *chain, struct db_array *hashes,
	const unsigned char client[CLIENT_HASH], struct offered *out)
{
	DB_ROWS(rows);
	enum error e = db_query(auth->pool, &session_offered_sql,
		DB_VALUES(db_array(hashes), db_bytes(client, CLIENT_HASH),
			db_number(config_number(OPT_REFRESH_GRACE)),
			db_number(config_number(OPT_SESSION_TIME_MAX)),
			db_number(LIMIT_MS - limit_step_ms())),
		&rows);

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_UNAUTHENTICATED;
	out->live = chain_find(chain, rows);
	return rows_read(rows, 0, DB_COLUMNS(offered_columns), NULL, out);
}

/* The token is unknown, its session has ended, it comes too early, the same client is retrying, or
 * it was stolen. */
static enum error
refresh_refused(struct auth *auth, const struct refresh *token,
	const unsigned char client[CLIENT_HASH], struct grant *out, int64_t *wait_s)
{
	struct db_array hashes = { .element = DB_BYTEA_ARRAY };
	struct chain chain;
	struct offered o;
	enum error e;

	chain_make(auth, token, &chain, &hashes);
	e = offered_find(auth, &chain, &hashes, client, &o);
	db_array_free(&hashes);
	if (e != OK)
		return e;
	if (o.over)
		return ERR_SESSION_ENDED;
	if (o.live == &chain.steps[0]) {
		*wait_s = o.wait_s;
		/* If not too early: it became current between the two statements, so retry. */
		return o.wait_s > 0 ? ERR_RATE_LIMITED : ERR_UNAVAILABLE;
	}
	if (o.again && o.live != NULL)
		return grant_rotated(&o.of, o.live, out);
	log_warn("a refresh token was reused: ending its session");
	e = session_end(auth, &o.of.user, &o.of.session);
	return e == OK || e == ERR_NOT_FOUND ? ERR_TOKEN_REUSED : e;
}

/* ---- rotating ---- */

/* $1 token hash, $2 successor's hash, $3 lifetime in ms, $4 user agent, $5 ip, $6 client, $7
 * longest session in ms, $8 step of the limit's clock in ms, $9 how far it can be ahead, in ms. The
 * UPDATE is atomic: of two concurrent refreshes with the same token, only one finds it. */
static const struct db_statement session_rotate_sql = { "session_rotate",
	"WITH s AS (UPDATE session SET token_hash = $2, last_used_at = now(),"
	" expires_at = least(now() + " DB_MS("$3") ", created_at + " DB_MS("$7") "),"
	" user_agent = $4, ip = $5, rotations = rotations + 1,"
	" refreshes_until = greatest(refreshes_until, now()) + " DB_MS("$8")
	" WHERE token_hash = $1 AND ended_at IS NULL AND expires_at > now()"
	" AND created_at > now() - " DB_MS("$7") " AND refreshes_until <= now() + " DB_MS("$9")
	" RETURNING id, account_id, expires_at, rotations),"
	" spent AS (INSERT INTO spent_token (token_hash, session_id, successor, client, rotation)"
	" SELECT $1, id, $2, $6, rotations FROM s)"
	" SELECT s.id AS session_id, a.id AS account_id, array_to_string(a.roles, ',') AS roles, "
	LIVES_MS " FROM s JOIN account a ON a.id = s.account_id",
	DB_IDEMPOTENT };

static enum error
rotate(struct auth *auth, const struct refresh *offered, const struct refresh *next,
	const struct client *client, const unsigned char device[CLIENT_HASH],
	struct db_rows **rows)
{
	return db_query(auth->pool, &session_rotate_sql,
		DB_VALUES(db_bytes(offered->hash, REFRESH_HASH), db_bytes(next->hash, REFRESH_HASH),
			db_number(config_number(OPT_REFRESH_TOKEN_TIME)),
			db_text(client->user_agent), db_text(client->ip),
			db_bytes(device, CLIENT_HASH),
			db_number(config_number(OPT_SESSION_TIME_MAX)), db_number(limit_step_ms()),
			db_number(LIMIT_MS - limit_step_ms())),
		rows);
}

enum error
session_refresh(struct auth *auth, const char *token, const struct client *client,
	struct grant *out, int64_t *wait_s)
{
	unsigned char device[CLIENT_HASH];
	struct refresh offered, next;
	struct rotated rotated;
	DB_ROWS(rows);
	enum error e;

	if (!refresh_read(token, &offered))
		return ERR_UNAUTHENTICATED;
	refresh_successor(auth, &offered, &next);
	client_hash(auth, client, device);
	if ((e = rotate(auth, &offered, &next, client, device, &rows)) != OK)
		return e;
	if (rows_count(rows) == 0)
		return refresh_refused(auth, &offered, device, out, wait_s);
	if ((e = rows_read(rows, 0, DB_COLUMNS(rotated_columns), NULL, &rotated)) != OK)
		return e;
	sweep_some(auth);
	return grant_rotated(&rotated, &next, out);
}
