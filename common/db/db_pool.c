/* db_pool.c - a few connections shared by many threads; if none is free, the caller waits, but not
 * for long.
 *
 * The pool is small on purpose. Past a few connections per processor PostgreSQL gets slower: on two
 * processors, 64 connections committed a quarter less than 16. Waiting here is faster than waiting
 * there. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/db/db_private.h"

struct db_pool {
	const char *url;
	int size, made;
	pthread_mutex_t lock;
	pthread_cond_t freed;
	struct db *idle; /* most recently used first, so that the others can idle */
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

/* Waiters are served in any order, but none waits longer than DB_POOL_WAIT. Under the lock nothing
 * blocks: db_new() only allocates, and the connection is opened at its first use. */
static struct db *
pool_take(struct db_pool *p)
{
	struct timespec until = clock_deadline(config_number(OPT_DB_POOL_WAIT));
	struct db *db = NULL;

	pthread_mutex_lock(&p->lock);
	while (p->idle == NULL && p->made == p->size)
		if (pthread_cond_timedwait(&p->freed, &p->lock, &until) == ETIMEDOUT)
			break;
	if (p->idle != NULL) {
		db = p->idle;
		p->idle = db->next;
	} else if (p->made < p->size && (db = db_new(p->url)) != NULL) {
		p->made++;
	}
	pthread_mutex_unlock(&p->lock);
	if (db == NULL)
		log_warn("no database connection became free in time");
	return db;
}

/* Also takes back a broken connection: db_ready() replaces it when it is next used. */
static void
pool_give(struct db_pool *p, struct db *db)
{
	pthread_mutex_lock(&p->lock);
	db->next = p->idle;
	p->idle = db;
	pthread_cond_signal(&p->freed);
	pthread_mutex_unlock(&p->lock);
}

/* Holds its connection while it pauses between attempts: others would meet the same server. */
enum error
db_query(struct db_pool *p, const struct db_statement *statement, const struct db_value *values,
	size_t count, struct db_rows **rows)
{
	struct db *db = pool_take(p);
	enum error e;

	if (db == NULL)
		return ERR_OVERLOADED;
	for (int attempt = 0;; attempt++)
		if ((e = db_execute(db, statement, values, count, rows)) == OK ||
			!db_retry(db, statement->repeat, attempt))
			break;
	pool_give(p, db);
	return e;
}

enum error
db_transaction(struct db_pool *p, enum db_repeat repeat, db_work *work, void *context)
{
	struct db *db = pool_take(p);
	enum error e;

	if (db == NULL)
		return ERR_OVERLOADED;
	e = db_transaction_on(db, repeat, work, context);
	pool_give(p, db);
	return e;
}
