/* poster.c - group commit; see poster.h.
 *
 * Each waiter has its `struct waiter` on its own stack, and sleeps on its own semaphore. So a
 * committer wakes exactly the waiters whose outcomes are ready, and a woken thread needs no lock.
 * While a waiter sleeps, the committer owns the waiter's arena: the queue's lock passes it over,
 * and the semaphore passes it back.
 *
 * COMMITTERS threads share the queue. While one waits for the disk, another can commit the next
 * batch, so one slow sync does not hold up everyone. */
#include "domain/ledger/poster.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/base/invariant.h"
#include "common/base/log.h"

/* The committer writes *outcome and `error`, then posts `done`. After that it must not touch the
 * waiter, whose thread may have returned. */
struct waiter {
	const struct operation *operation;
	struct arena *arena; /* of the request: outlives the wait */
	struct outcome *outcome;
	enum error error;
	sem_t done;
	struct waiter *next;
};

struct poster {
	const char *url;
	pthread_mutex_t lock;
	pthread_cond_t work;
	/* The lock covers what follows, up to `stopping`. The queue has the oldest first. */
	struct waiter *first, **last;
	size_t length, length_max, batch_max;
	size_t committing; /* operations in flight, over all committers */
	int64_t taken_ms; /* when the last batch was taken */
	bool stopping;
	int committer_count;
	pthread_t *committers;
};

/* A committer's batch: the waiters, their operations, and the outcomes, by index. */
struct batch {
	size_t count;
	struct waiter *waiters[LEDGER_BATCH_MAX];
	const struct operation *operations[LEDGER_BATCH_MAX];
	struct outcome outcomes[LEDGER_BATCH_MAX];
	bool again; /* an earlier call may have been committed */
	struct db *db;
	struct arena *arena;
};

/* Measured at 64 connections: 24 operations a batch instead of 12.5 (bench/NOTES.md). */
#define SECOND_BATCH_MIN 32
/* A commit takes milliseconds. */
#define SLOW_MS 100
/* Every outcome with the longest texts fits: 4 KiB of metadata, 500 characters of description, 200
 * of merchant. */
#define ARENA_BYTES (LEDGER_BATCH_MAX * 16 * 1024)

/* A commit costs as much as ten operations in it. So while one batch is in flight, a second starts
 * only if it is big enough; otherwise the first client to return from a commit would form a batch
 * of one. Nothing waits for long: once no batch is in flight, all pending operations go. A batch
 * that takes long, because someone has locked one of its wallets, does not hold up the others. */
static bool
batch_is_due(const struct poster *p)
{
	if (p->committing == 0 || clock_monotonic_ms() - p->taken_ms > SLOW_MS)
		return p->length > 0;
	return p->length >= SECOND_BATCH_MIN && p->length >= p->committing;
}

/* The caller holds the lock. From here until batch_answer() the committer owns the waiters. */
static void
batch_take(struct poster *p, struct batch *b)
{
	for (b->count = 0; b->count < p->batch_max && p->first != NULL; b->count++) {
		struct waiter *w = p->first;

		p->first = w->next;
		b->waiters[b->count] = w;
		b->operations[b->count] = w->operation;
	}
	if (p->first == NULL)
		p->last = &p->first;
	INVARIANT(b->count > 0 && b->count <= p->length &&
		(p->first == NULL) == (b->count == p->length),
		"a batch of %zu was taken from a queue of %zu", b->count, p->length);
	p->length -= b->count;
	p->committing += b->count;
	p->taken_ms = clock_monotonic_ms();
}

/* Retries until the database has given a definite result. If the connection breaks during a commit,
 * the batch may or may not be committed; only calling again with the same ids can tell. */
static enum error
batch_post(struct batch *b, size_t from, size_t count)
{
	enum error e;

	for (int attempt = 0;; attempt++) {
		/* From the second call on, post() also looks the operations up by id. */
		e = ledger_post(b->db, b->operations + from, count, b->again, b->arena,
			b->outcomes + from);
		if (e == OK || !db_retry(b->db, DB_IDEMPOTENT, attempt))
			return e;
		b->again = true;
	}
}

static void
batch_answer(struct batch *b, size_t from, size_t count, enum error e)
{
	for (size_t i = from; i < from + count; i++) {
		struct waiter *w = b->waiters[i];
		const struct outcome *o = &b->outcomes[i];

		w->error = e != OK ? e : o->error == ERR_TOO_SLOW ? ERR_TOO_SLOW : OK;
		w->error = db_last_error(w->error, b->again);
		/* Out of the committer's arena, which is reset after the batch. */
		if (w->error == OK)
			w->error = outcome_copy(o, w->arena, w->outcome);
		sem_post(&w->done); /* *w is gone from here on */
	}
}

/* If one operation's data makes the whole batch fail, posts them one by one, so that only that one
 * fails. Others may be posted already: split.c and limit_fill.c take several commits. */
static void
batch_commit(struct batch *b)
{
	enum error e;

	b->again = false;
	e = batch_post(b, 0, b->count);
	if (e == ERR_INTERNAL && b->count > 1) {
		log_warn("a batch of %zu operations failed; posting them one by one", b->count);
		b->again = true;
		for (size_t i = 0; i < b->count; i++)
			batch_answer(b, i, 1, batch_post(b, i, 1));
	} else {
		batch_answer(b, 0, b->count, e);
	}
	arena_reset(b->arena);
}

/* A connection of its own: committers never wait for each other, nor for the pool
 * that serves reads. */
static struct batch *
batch_new(const char *url)
{
	struct batch *b = calloc(1, sizeof *b);

	if (b == NULL)
		return NULL;
	b->db = db_new(url);
	b->arena = arena_new(ARENA_BYTES);
	return b;
}

static void
batch_free(struct batch *b)
{
	if (b == NULL)
		return;
	db_free(b->db);
	arena_free(b->arena);
	free(b);
}

/* Holds the lock except while it commits. Once stopping, it first empties the queue, because
 * everything accepted is answered. */
static void *
committer(void *context)
{
	struct poster *p = context;
	struct batch *b = batch_new(p->url);

	if (b == NULL || b->db == NULL || b->arena == NULL) {
		log_error("out of memory for a committer");
		abort(); /* without it requests could wait forever; a restart may help */
	}
	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!batch_is_due(p) && !p->stopping)
			pthread_cond_wait(&p->work, &p->lock);
		if (p->first == NULL)
			break;
		batch_take(p, b);
		pthread_mutex_unlock(&p->lock);
		batch_commit(b);
		pthread_mutex_lock(&p->lock);
		INVARIANT(p->committing >= b->count, "a batch of %zu ended, but %zu were in flight",
			b->count, p->committing);
		p->committing -= b->count;
	}
	pthread_mutex_unlock(&p->lock);
	ledger_thread_end();
	batch_free(b);
	return NULL;
}

struct poster *
poster_start(const char *url)
{
	struct poster *p = calloc(1, sizeof *p);
	int count = (int)config_number(OPT_COMMITTERS);

	if (p == NULL || (p->committers = calloc((size_t)count, sizeof *p->committers)) == NULL) {
		free(p);
		return NULL;
	}
	p->url = url;
	p->last = &p->first;
	p->length_max = (size_t)config_number(OPT_POST_QUEUE);
	p->batch_max = (size_t)config_number(OPT_POST_BATCH);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	while (p->committer_count < count &&
	       pthread_create(&p->committers[p->committer_count], NULL, committer, p) == 0)
		p->committer_count++;
	if (p->committer_count == 0) {
		poster_stop(p);
		return NULL;
	}
	return p;
}

/* Also the way out of a failed start: it joins only the threads that run. */
void
poster_stop(struct poster *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < p->committer_count; i++)
		pthread_join(p->committers[i], NULL);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p->committers);
	free(p);
}

/* Does not give up: each of the committer's waits has a timeout, and the operation could still be
 * committed. But a waiter looks after the queue when no one else may: see batch_is_due(). */
static void
waiter_wait(struct poster *p, struct waiter *w)
{
	struct timespec until = clock_deadline(SLOW_MS);

	while (sem_clockwait(&w->done, CLOCK_MONOTONIC, &until) != 0) {
		if (errno == EINTR)
			continue;
		pthread_mutex_lock(&p->lock);
		if (batch_is_due(p))
			pthread_cond_signal(&p->work);
		pthread_mutex_unlock(&p->lock);
		until = clock_deadline(SLOW_MS);
	}
}

enum error
poster_post(struct poster *p, const struct operation *op, struct arena *arena, struct outcome *out)
{
	struct waiter w = { .operation = op, .arena = arena, .outcome = out };

	pthread_mutex_lock(&p->lock);
	if (p->length == p->length_max) {
		pthread_mutex_unlock(&p->lock);
		return ERR_OVERLOADED;
	}
	sem_init(&w.done, 0, 0);
	/* The queue refers to it only until it is done, which this function waits for. */
	*p->last = &w;
	/* cppcheck-suppress autoVariables */
	p->last = &w.next;
	p->length++;
	/* If no batch is due yet, a committer is at work, and looks at the queue when
	 * it is done. */
	if (batch_is_due(p))
		pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
	waiter_wait(p, &w);
	sem_destroy(&w.done);
	return w.error;
}
