/* password_change.c - changes the password of an account; see password_change.h. */
#include "domain/identity/password_change.h"

#include "domain/identity/password_hash.h"

struct change {
	const struct account *account;
	const struct uuid *session;
	const char *hash;
	struct ended ended;
};

static const struct db_statement password_set_sql = { "password_set",
	"UPDATE account SET password_hash = $2 WHERE id = $1", DB_IDEMPOTENT };

/* DB_ONCE: after a lost commit a second run would find another hash, and refuse what succeeded. */
static enum error
change_work(struct db *db, void *context)
{
	struct change *c = context;
	const struct account *a = c->account;
	enum error e;

	if ((e = account_lock(db, a)) != OK)
		return e;
	if ((e = db_execute(db, &password_set_sql, DB_VALUES(db_uuid(&a->id), db_text(c->hash)),
		     NULL)) != OK)
		return e;
	/* A separate statement, so it sees sessions opened while we waited for the lock. */
	return session_end_others(db, &a->id, c->session, &c->ended);
}

enum error
password_change(struct auth *auth, const struct account *account, const struct uuid *session,
	const struct client *client, const char *password)
{
	char hash[PASSWORD_HASH];
	struct change c = { .account = account, .session = session, .hash = hash };
	enum error e;

	if ((e = password_hash_queued(auth, client, password, hash)) != OK)
		return e;
	e = db_transaction(auth->pool, DB_ONCE, change_work, &c);
	ended_announce(auth, &c.ended);
	return e;
}
