/* alarms.c - logs alarms while they last; see alarms.h. */
#include "common/outbox/alarms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/amqp/consumer.h"
#include "common/base/log.h"
#include "common/base/program.h"
#include "common/base/text.h"

#define CHECK_MS 10000
#define REPEAT_MS 60000
#define SOURCES_MAX 4
#define ARENA_BYTES 65536
/* Of a queue's length: enough time is left to find out why. */
#define FULL_PERCENT 80

/* ---- the databases ---- */

struct watched {
	const struct alarm_source *source;
	struct db_pool *db;
	struct text last; /* what was logged last */
	int64_t logged_ms;
};

/* Which alarms there are, to find out whether one is new. */
static void
names_write(const struct alarm list[], size_t count, struct text *names)
{
	for (size_t i = 0; i < count; i++) {
		text_add_string(names, list[i].code);
		text_add_string(names, "\n");
		text_add_string(names, list[i].subject);
		text_add_string(names, "\n");
	}
}

static void
source_check(struct watched *w, struct arena *arena)
{
	int64_t now = clock_monotonic_ms();
	struct alarm *list;
	size_t count;
	TEXT(names);
	bool same;

	if (w->source->read(w->db, arena, &list, &count) != OK)
		return; /* logged; the next round tries again */
	names_write(list, count, &names);
	same = names.bytes == w->last.bytes &&
	       (names.bytes == 0 || memcmp(names.data, w->last.data, names.bytes) == 0);
	if (same && now - w->logged_ms < REPEAT_MS)
		return;
	for (size_t i = 0; i < count; i++)
		log_error("alarm: %s", list[i].detail);
	w->logged_ms = now;
	text_clear(&w->last);
	if (names.bytes > 0)
		text_add(&w->last, names.data, names.bytes);
}

/* ---- the queues ---- */

static const struct db_statement repeat_sql = { "alarm_repeat", "SELECT alarm_repeat($1, $2, $3)",
	DB_IDEMPOTENT };
static const struct db_statement end_sql = { "alarm_end", "SELECT alarm_end($1, $2)",
	DB_IDEMPOTENT };

static enum error
queue_check(struct amqp *a, const char *queue, struct db_pool *db)
{
	int64_t most = config_number(OPT_QUEUE_LENGTH);
	char detail[512];
	uint32_t ready;
	enum error e = amqp_count(a, queue, &ready);

	if (e != OK)
		return e;
	if ((int64_t)ready * 100 < most * FULL_PERCENT)
		return db_query(db, &end_sql, DB_VALUES(db_text("queue"), db_text(queue)), NULL);
	(void)snprintf(detail, sizeof detail,
		"a queue is nearly full: %s has %" PRIu32 " of %" PRId64 " messages", queue, ready,
		most);
	return db_query(db, &repeat_sql,
		DB_VALUES(db_text("queue"), db_text(queue), db_text(detail)), NULL);
}

/* Connects for a moment, because it counts only once a minute. A broker that is away has been
 * logged. */
static void
queues_check(struct amqp *a, const struct amqp_topology *topology, struct db_pool *db)
{
	char dead[AMQP_NAME_MAX];
	enum error e = amqp_connect(a);

	for (size_t i = 0; e == OK && i < topology->count; i++) {
		amqp_dead_name(topology->queues[i].name, dead);
		if ((e = queue_check(a, topology->queues[i].name, db)) == OK)
			e = queue_check(a, dead, db);
	}
	amqp_close(a);
}

/* ---- the loop ---- */

static size_t
watched_open(struct watched watched[], const struct alarm_source sources[], size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count && n < SOURCES_MAX; i++) {
		const char *url = config_text(sources[i].url);

		watched[n] = (struct watched){ .source = &sources[i] };
		if (url != NULL && (watched[n].db = db_pool_new(url, 1)) != NULL)
			n++;
	}
	return n;
}

void
alarms_watch(const struct alarm_source sources[], size_t count,
	const struct amqp_topology *topology)
{
	struct watched watched[SOURCES_MAX];
	size_t n = watched_open(watched, sources, count);
	struct amqp *amqp = consumer_amqp(OPT_AMQP_RELAY_URL, topology);
	struct arena *arena = arena_new(ARENA_BYTES);
	int64_t counted_ms = clock_monotonic_ms() - REPEAT_MS;

	if (n == 0 || amqp == NULL || arena == NULL) {
		log_error("the alarms cannot start: ending");
		program_stop(); /* to be started again, rather than watch nothing */
	}
	do {
		if (amqp != NULL && n > 0 && clock_monotonic_ms() - counted_ms >= REPEAT_MS) {
			queues_check(amqp, topology, watched[0].db);
			counted_ms = clock_monotonic_ms();
		}
		for (size_t i = 0; arena != NULL && i < n; i++) {
			source_check(&watched[i], arena);
			arena_reset(arena);
		}
	} while (program_sleep(CHECK_MS));
	for (size_t i = 0; i < n; i++) {
		db_pool_free(watched[i].db);
		text_free(&watched[i].last);
	}
	arena_free(arena);
	amqp_free(amqp);
}
