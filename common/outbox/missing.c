/* missing.c - finds the events that another database lacks, and publishes them again; see
 * missing.h. */
#include "common/outbox/missing.h"

#include <string.h>

#include "common/amqp/consumer.h"
#include "common/base/program.h"

#define PAGE 1000 /* wallets */
#define CHUNK 500 /* rows that are published at once */
/* With fewer messages in the queue, the consumer is not behind. */
#define QUEUE_SHORT 1000

/* ---- which wallets lack lines ---- */

struct wallet {
	struct uuid id;
	int64_t version;
};
static const struct db_column wallet_columns[] = {
	DB_COLUMN(UUID, "wallet_id", struct wallet, id),
	DB_COLUMN(NUMBER, "version", struct wallet, version),
};

static const struct db_statement follower_behind_sql = { "arrival_behind",
	"SELECT wallet_id, version FROM arrival_behind($1, $2)", DB_IDEMPOTENT };

static void
wallets_clear(struct missing *m)
{
	db_array_clear(&m->wallets);
	db_array_clear(&m->versions);
}

static void
wallet_add(struct missing *m, const struct wallet *w)
{
	db_array_add_uuid(&m->wallets, &w->id);
	db_array_add_number(&m->versions, w->version);
}

/* Adds the ids and versions of these rows, from `first` on, to the values for the next
 * statement. */
static enum error
wallets_add(struct missing *m, const struct db_rows *rows, size_t first)
{
	struct wallet w;
	enum error e = OK;

	for (size_t row = first; e == OK && row < rows_count(rows); row++) {
		if ((e = rows_read(rows, row, DB_COLUMNS(wallet_columns), NULL, &w)) == OK)
			wallet_add(m, &w);
	}
	return e;
}

enum error
missing_wallets(struct missing *m, const struct db_rows *rows, struct db_rows **behind)
{
	enum error e;

	wallets_clear(m);
	if ((e = wallets_add(m, rows, 0)) != OK)
		return e;
	return db_execute(m->follower, &follower_behind_sql,
		DB_VALUES(db_array(&m->wallets), db_array(&m->versions)), behind);
}

/* ---- publishing them ---- */

/* Starts again at the wallet whose rows did not all fit: after the last one that did. */
static enum error
wallets_continue(struct missing *m, const struct db_rows *behind, const struct wallet *last,
	size_t *first)
{
	struct wallet w;
	enum error e = OK;

	for (; e == OK && *first < rows_count(behind); (*first)++) {
		e = rows_read(behind, *first, DB_COLUMNS(wallet_columns), NULL, &w);
		if (e == OK && memcmp(&w.id, &last->id, sizeof w.id) == 0)
			break;
	}
	wallets_clear(m);
	wallet_add(m, last);
	return e != OK ? e : wallets_add(m, behind, *first + 1);
}

/* Closed after a failure, because it keeps the addresses of what is in flight. */
static enum error
rows_publish(struct missing *m, const struct db_rows *rows)
{
	enum error e;

	batch_clear(&m->batch);
	e = batch_fill(&m->batch, &m->source->rows, m->source->topology->exchange, rows, m->arena);
	if (e == OK)
		e = amqp_publish(m->amqp, m->batch.out, m->batch.count);
	if (e != OK)
		amqp_close(m->amqp);
	return e;
}

/* Publishes what these wallets lack, and counts it. */
static enum error
missing_publish(struct missing *m, const struct db_rows *behind, const char *until, bool publish,
	int64_t *missing)
{
	size_t first = 0, count = CHUNK;
	struct wallet last;
	enum error e;

	wallets_clear(m);
	e = wallets_add(m, behind, 0);
	while (e == OK && count == CHUNK && !program_stopping()) {
		DB_ROWS(rows);

		e = db_execute(m->origin, m->source->rows.read,
			DB_VALUES(db_array(&m->wallets), db_array(&m->versions), db_text(until),
				db_number(CHUNK)),
			&rows);
		count = e == OK ? rows_count(rows) : 0;
		*missing += (int64_t)count;
		if (count > 0 && publish)
			e = rows_publish(m, rows);
		if (e == OK && count == CHUNK)
			e = rows_read(rows, count - 1, DB_COLUMNS(wallet_columns), NULL, &last);
		if (e == OK && count == CHUNK)
			e = wallets_continue(m, behind, &last, &first);
	}
	return e;
}

static const struct db_statement page_sql = { "arrival_page",
	"SELECT wallet_id, version FROM arrival_page($1, $2)", DB_IDEMPOTENT };

enum error
missing_pass(struct missing *m, const char *until, bool publish, int64_t *missing)
{
	struct wallet last = { .version = 0 };
	size_t count = PAGE;
	enum error e = OK;

	while (e == OK && count == PAGE) {
		DB_ROWS(rows);
		DB_ROWS(behind);

		if (program_stopping())
			return ERR_UNAVAILABLE;
		if ((e = amqp_idle(m->amqp, 0)) != OK)
			return e;
		e = db_execute(m->origin, &page_sql,
			DB_VALUES(db_uuid(&last.id), db_number(PAGE)), &rows);
		if (e != OK || (count = rows_count(rows)) == 0)
			return e;
		e = rows_read(rows, count - 1, DB_COLUMNS(wallet_columns), NULL, &last);
		if (e == OK)
			e = missing_wallets(m, rows, &behind);
		if (e == OK && rows_count(behind) > 0)
			e = missing_publish(m, behind, until, publish, missing);
	}
	return e;
}

/* ---- the rest ---- */

enum error
missing_queue_short(struct missing *m, bool *is_short)
{
	uint32_t ready = 0;
	enum error e = amqp_connect(m->amqp);

	if (e == OK)
		e = amqp_count(m->amqp, m->source->queue, &ready);
	*is_short = ready <= QUEUE_SHORT;
	return e;
}

bool
missing_open(struct missing *m, const struct arrival_source *source)
{
	*m = (struct missing){ .source = source,
		.wallets = { .element = DB_UUID_ARRAY },
		.versions = { .element = DB_INT8_ARRAY } };
	m->origin = db_new(config_text(source->origin));
	m->follower = db_new(config_text(source->follower));
	m->amqp = consumer_amqp(OPT_AMQP_RELAY_URL, source->topology);
	m->arena = arena_new((size_t)1 << 20);
	return m->origin != NULL && m->follower != NULL && m->amqp != NULL && m->arena != NULL;
}

void
missing_close(struct missing *m)
{
	amqp_free(m->amqp); /* first: it can hold addresses inside the batch */
	batch_free(&m->batch);
	db_array_free(&m->wallets);
	db_array_free(&m->versions);
	arena_free(m->arena);
	db_free(m->follower);
	db_free(m->origin);
}
