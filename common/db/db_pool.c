/* db_pool.c - a few connections shared by many threads; if none is free, the caller waits, but not
 * for long.
 *
 * The pool is small on purpose. Past a few connections per processor PostgreSQL gets slower: on two
 * processors, 64 connections committed a quarter less than 16. Waiting here is faster than waiting
 * there.
 *
 * While the server cannot be reached or does not respond, one caller at a time tries; the others
 * wait for it briefly, then fail. Otherwise each would wait for its own timeout, and the program
 * would have no thread left for those who need no database. */
#include <pthread.h>
#include <stdlib.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/db/db_private.h"

/* How long the others wait for a caller that tries whether the server responds. */
#define TRY_MS 500

struct db_pool {
	const char *url;
	int size, made;
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct db *idle; /* most recently used first, so that the others can idle */
	bool failing;    /* the last connection that was returned had no server */
	int trying;      /* connections in use that were taken since ... */
	int64_t tried_ms;/* ... and when the last one was */
};

struct db_pool *
db_pool_new(const char *url, int size)
{
	struct db_pool *p = calloc(1, sizeof *p);
	pthread_condattr_t monotonic;

	if (p == NULL)
		return NULL;
	p->url = url;
	p->size = size;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&p->freed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return p;
}

void
db_pool_free(struct db_pool *p)
{
	if (p == NULL)
		return;
	while (p->idle != NULL) {
		struct db *db = p->idle;

		p->idle = db->next;
		db_free(db);
	}
	pthread_cond_destroy(&p->freed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Waits for a free connection, or for the one that tries. Call with the lock held. */
static enum error
pool_wait(struct db_pool *p)
{
	int64_t began = 0;

	for (;;) {
		bool down = p->failing && p->trying > 0;
		struct timespec until;
		int64_t end;

		if (!down && (p->idle != NULL || p->made < p->size))
			return OK;
		began = began == 0 ? clock_monotonic_ms() : began;
		end = down ? p->tried_ms + TRY_MS : began + config_number(OPT_DB_POOL_WAIT);
		if (clock_monotonic_ms() >= end)
			return down ? ERR_UNAVAILABLE : ERR_OVERLOADED;
		until = clock_deadline(end - clock_monotonic_ms());
		(void)pthread_cond_timedwait(&p->freed, &p->lock, &until);
	}
}

/* Waiters are served in any order. Under the lock nothing blocks: db_new() only allocates, and the
 * connection is opened at its first use. */
static enum error
pool_take(struct db_pool *p, struct db **db)
{
	enum error e;

	pthread_mutex_lock(&p->lock);
	if ((e = pool_wait(p)) == OK) {
		if ((*db = p->idle) != NULL)
			p->idle = (*db)->next;
		else if ((*db = db_new(p->url)) != NULL)
			p->made++;
		else
			e = ERR_OVERLOADED;
	}
	if (e == OK && ((*db)->tries = p->failing)) {
		p->trying++;
		p->tried_ms = clock_monotonic_ms();
	}
	pthread_mutex_unlock(&p->lock);
	if (e == ERR_OVERLOADED)
		log_warn("no database connection became free in time");
	return e;
}

/* Without a result the connection is closed: see db_await.c and db_connect(). */
static void
pool_give(struct db_pool *p, struct db *db)
{
	bool was_failing;

	pthread_mutex_lock(&p->lock);
	was_failing = p->failing;
	p->failing = db->connection == NULL && (db->failure == FAILURE_REFUSED ||
						       db->failure == FAILURE_SILENT);
	p->trying -= db->tries;
	db->next = p->idle;
	p->idle = db;
	if (p->failing || was_failing)
		pthread_cond_broadcast(&p->freed);
	else
		pthread_cond_signal(&p->freed);
	pthread_mutex_unlock(&p->lock);
}

/* Holds its connection while it pauses between attempts: others would meet the same server. */
enum error
db_query(struct db_pool *p, const struct db_statement *statement, const struct db_value *values,
	size_t count, struct db_rows **rows)
{
	struct db *db;
	enum error e = pool_take(p, &db);

	if (e != OK)
		return e;
	for (int attempt = 0;; attempt++)
		if ((e = db_execute(db, statement, values, count, rows)) == OK ||
			!db_retry(db, statement->repeat, attempt)) {
			e = db_last_error(e, attempt > 0);
			break;
		}
	pool_give(p, db);
	return e;
}

enum error
db_transaction(struct db_pool *p, enum db_repeat repeat, db_work *work, void *context)
{
	struct db *db;
	enum error e = pool_take(p, &db);

	if (e != OK)
		return e;
	e = db_transaction_on(db, repeat, work, context);
	pool_give(p, db);
	return e;
}
