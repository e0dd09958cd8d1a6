/* identity.c - resolves a token to a caller: token, session, roles; see identity.h.
 *
 * Two caches make this cheap. Every process caches verified tokens until they expire, because a
 * valid signature stays valid. Live sessions are cached only while the watcher's LISTEN connection
 * reports the ones that end, and answers. While it is down nothing is cached. When it reconnects,
 * the cache is cleared, because notifications may have been missed. A process that ends a session
 * waits until all watchers have applied it (authorizers.h). SESSION_KEEP bounds the life of an
 * entry in case a notification is lost in a way we did not foresee. */
#include "domain/identity/identity.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "common/base/caller.h"
#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/log.h"
#include "common/db/db.h"
#include "domain/identity/authorizers.h"
#include "domain/identity/cache.h"
#include "domain/identity/keys.h"
#include "domain/identity/tokens.h"

#define SESSION_KEEP (30 * US_PER_S)
/* How often the watcher looks whether the program is stopping. */
#define WATCH_TURN_MS 250

static struct {
	struct db_pool *pool;
	struct cache *tokens, *sessions;
	atomic_uint keys_generation; /* of the keys that verified the cached tokens */
	/* Until when live sessions can be cached: a little after the watcher was last answered. */
	atomic_llong trusted_until_ms;
	atomic_bool stopping;
	bool watching;
	pthread_t watcher;
} identity;

bool
identity_start(void)
{
	size_t entries = (size_t)config_number(OPT_TOKEN_CACHE);

	/* The gateway authorizes requests, so this process never has to. */
	if (config_number(OPT_GATEWAY_IDENTITY) == 1 && config_text(OPT_AUTH_DATABASE_URL) == NULL)
		return true;
	if (!config_require(OPT_AUTH_DATABASE_URL) || !keys_start(false))
		return false;
	identity.tokens = cache_new(entries);
	identity.sessions = cache_new(entries);
	identity.pool = db_pool_new(config_text(OPT_AUTH_DATABASE_URL),
		(int)config_number(OPT_DB_POOL));
	if (identity.tokens != NULL && identity.sessions != NULL && identity.pool != NULL)
		return true;
	log_error("out of memory for TOKEN_CACHE");
	return false;
}

void
identity_stop(void)
{
	atomic_store(&identity.stopping, true);
	if (identity.watching)
		pthread_join(identity.watcher, NULL);
	db_pool_free(identity.pool);
	cache_free(identity.tokens);
	cache_free(identity.sessions);
	keys_stop();
}

/* ---- the token ---- */

/* Drops tokens verified with an earlier set of keys. Before the first set the cache is empty and is
 * left alone: a scan would fault in every page of it, in every CGI process. */
static void
tokens_refresh(void)
{
	unsigned now = keys_generation(), before = atomic_exchange(&identity.keys_generation, now);

	if (before != now && before != 0)
		cache_clear(identity.tokens);
}

/* The key is a hash of the whole token: two that differ in one byte never share an entry. */
static enum error
token_lookup(const char *token, struct cached_identity *k, const char **why)
{
	unsigned char key[CACHE_KEY];
	unsigned mark = cache_mark(identity.tokens);
	struct claims c;
	enum error e;

	cache_key(token, strnlen(token, TOKEN_MAX), key);
	if (cache_get(identity.tokens, key, k))
		return OK;
	if ((e = token_check(token, &c, why)) != OK)
		return e;
	tokens_refresh();
	*k = (struct cached_identity){ c.user, c.session, c.roles, c.expires_at };
	cache_put(identity.tokens, mark, key, k);
	return OK;
}

/* ---- the session ---- */

static const struct db_statement session_live_sql = { "session_live",
	"SELECT s.account_id, array_to_string(a.roles, ',') AS roles, s.expires_at"
	" FROM session s JOIN account a ON a.id = s.account_id"
	" WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > now()",
	DB_IDEMPOTENT };

struct live {
	struct uuid user;
	char roles[ROLES_TEXT];
	instant_us expires_at;
};

static const struct db_column live_columns[] = {
	DB_COLUMN(UUID, "account_id", struct live, user),
	DB_COLUMN(CODE, "roles", struct live, roles),
	DB_COLUMN(INSTANT, "expires_at", struct live, expires_at),
};

static enum error
session_query(const struct uuid *session, struct cached_identity *k)
{
	DB_ROWS(rows);
	enum error e = db_query(identity.pool, &session_live_sql, DB_VALUES(db_uuid(session)),
		&rows);
	struct live live;

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_SESSION_ENDED;
	if ((e = rows_read(rows, 0, DB_COLUMNS(live_columns), NULL, &live)) != OK)
		return e;
	*k = (struct cached_identity){ live.user, *session, roles_from_text(live.roles),
		clock_now() + SESSION_KEEP };
	if (live.expires_at < k->until)
		k->until = live.expires_at;
	return OK;
}

/* Takes the mark before it reads `listening`. If the watcher stops in between, its clearing makes
 * the mark stale, and nothing is cached. */
static enum error
session_lookup(const struct uuid *session, struct cached_identity *k)
{
	unsigned char key[CACHE_KEY];
	unsigned mark = cache_mark(identity.sessions);
	enum error e;

	if (clock_monotonic_ms() >= atomic_load(&identity.trusted_until_ms))
		return session_query(session, k);
	cache_key(session->bytes, sizeof session->bytes, key);
	if (cache_get(identity.sessions, key, k))
		return OK;
	if ((e = session_query(session, k)) == OK)
		cache_put(identity.sessions, mark, key, k);
	return e;
}

enum error
identity_check(const char *token, struct caller *caller, const char **why)
{
	struct cached_identity claimed, current;
	enum error e;

	if (token == NULL) {
		*why = "Send the access token from sign-in: Authorization: Bearer ...";
		return ERR_UNAUTHENTICATED;
	}
	if (identity.pool == NULL) {
		log_error("cannot check a caller: AUTH_DATABASE_URL is not set");
		return ERR_UNAVAILABLE;
	}
	if ((e = token_lookup(token, &claimed, why)) != OK ||
		(e = session_lookup(&claimed.session, &current)) != OK)
		return e;
	/* Signed together, so they only differ by a fault of ours. */
	if (memcmp(&claimed.user, &current.user, sizeof current.user) != 0)
		return ERR_UNAUTHENTICATED;
	*caller = (struct caller){ .known = true,
		.user = current.user,
		.session = current.session,
		.roles = current.roles };
	return OK;
}

void
identity_forget(const struct uuid *session)
{
	unsigned char key[CACHE_KEY];

	cache_key(session->bytes, sizeof session->bytes, key);
	cache_remove(identity.sessions, key);
}

void
identity_forget_all(void)
{
	cache_clear(identity.sessions);
}

/* ---- the watcher ---- */

/* What is neither a number nor a session id can mean any session. False: the connection is lost. */
static bool
notification_apply(struct authorizer *a, const char *payload)
{
	struct uuid session;
	int64_t number;

	if (authorizer_is_number(payload, &number))
		return authorizer_confirm(a, number) == OK;
	if (uuid_parse(payload, &session))
		identity_forget(&session);
	else
		identity_forget_all();
	return true;
}

static void
trust_from(int64_t answered_ms)
{
	atomic_store(&identity.trusted_until_ms, answered_ms + AUTHORIZER_TRUST_MS);
}

/* Whether the connection has answered; asks every WATCH_TURN_MS. */
static bool
watch_check(struct authorizer *a, int64_t *checked_ms)
{
	int64_t now = clock_monotonic_ms();

	if (now - *checked_ms < WATCH_TURN_MS)
		return true;
	if (authorizer_check(a) != OK)
		return false;
	*checked_ms = now;
	trust_from(now);
	return true;
}

/* Returns when the connection is lost or the program ends. LISTEN already holds, so no session can
 * end unseen between clearing the cache and using it. */
static void
watch_connection(struct db *db)
{
	struct authorizer a = { .db = db };
	int64_t checked_ms = clock_monotonic_ms();
	char payload[64];
	bool good = authorizer_join(&a) == OK;
	int got;

	identity_forget_all();
	if (good) {
		trust_from(checked_ms);
		log_info("caching live sessions");
	}
	while (good && !atomic_load(&identity.stopping)) {
		got = db_wait(db, WATCH_TURN_MS, payload, sizeof payload);
		good = got >= 0 && (got == 0 || notification_apply(&a, payload)) &&
		       watch_check(&a, &checked_ms);
	}
	atomic_store(&identity.trusted_until_ms, 0);
	identity_forget_all();
	if (!good)
		log_warn("lost the connection that reports ended sessions: not caching sessions");
}

/* A new connection each time: it must not confirm what an earlier one has missed. */
static void *
watch(void *unused)
{
	(void)unused;
	while (!atomic_load(&identity.stopping)) {
		struct db *db = db_new(config_text(OPT_AUTH_DATABASE_URL));

		if (db == NULL)
			log_error("out of memory for the session watcher: not caching sessions");
		else if (db_listen(db, SESSION_ENDED) == OK)
			watch_connection(db);
		db_free(db);
		for (int waited = 0; waited < 1000 && !atomic_load(&identity.stopping);
			waited += WATCH_TURN_MS)
			clock_sleep_ms(WATCH_TURN_MS);
	}
	return NULL;
}

static void
watch_start(void)
{
	if (pthread_create(&identity.watcher, NULL, watch, NULL) == 0)
		identity.watching = true;
	else
		log_error("could not start the session watcher: not caching sessions");
}

/* Not at start: a process that only serves other routes needs no connection for it. */
void
identity_watch(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, watch_start);
}
