/* transaction_consumer.c - consumes transaction_emitted from wallet_queue, and posts it to the
 * ledger in batches.
 *
 * A batch is one call of post() and, if anything was refused, a second call that records the
 * refusals. Two commits are enough: a refusal changes nothing, so after a crash between them the
 * message is redelivered and refused again. Messages are acknowledged after both.
 *
 * A redelivered message stays refused if its refusal was recorded within the last hour: the refusal
 * is public, and we died before acknowledging. The exception is a wallet that by now has a
 * transaction with the message's key. Everything else goes to the ledger, which stores only
 * successes, as over HTTP. Two consequences follow. If the same event is published again within
 * that hour, and that message is redelivered too, it stays refused unseen; publish it once more.
 * And a message that is first redelivered after an hour can be posted, although its refusal was
 * published. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/consumer.h"
#include "common/base/config.h"
#include "common/base/log.h"
#include "consumers/topology.h"
#include "domain/ledger/emitted_keys.h"
#include "domain/ledger/emitted_wallets.h"
#include "domain/ledger/facts.h"
#include "domain/ledger/ledger.h"
#include "domain/ledger/refusal.h"

/* Memory for one batch: metadata and outcomes. */
#define BATCH_MEMORY ((size_t)64 << 20)

/* A message in flight. */
struct item {
	struct delivery *delivery;
	struct emitted emitted;
	struct uuid rejection;    /* the id of its rejection, if it is refused */
	bool done;                /* not to be posted: dead, or refused by an earlier delivery */
};

struct service {
	struct db *db;
	struct arena *arena;
	struct db_array ids, bodies, wallets, owners, keys;
	struct item items[CONSUMER_BATCH_MAX];
	size_t count;
	const struct operation *operations[CONSUMER_BATCH_MAX];
	struct item *posted[CONSUMER_BATCH_MAX]; /* by index in operations */
	struct outcome outcomes[CONSUMER_BATCH_MAX];
};

_Static_assert(CONSUMER_BATCH_MAX <= LEDGER_BATCH_MAX,
	"a batch of messages fits into one call of the ledger");

/* ---- reading ---- */

/* Dead-letters the messages that cannot be read; the others become items. */
static void
items_read(struct service *s, struct delivery deliveries[], size_t count)
{
	char reason[EVENT_REASON];

	s->count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct message *m = deliveries[i].message;
		struct item *item = &s->items[s->count];
		struct emitted_head head = { .message_id = m->message_id,
			.content_type = m->content_type,
			.content_encoding = m->content_encoding,
			.type = m->event_type,
			.id = m->event_id,
			.source = m->event_source,
			.time = m->event_time,
			.fault = m->event_fault };
		enum error e = emitted_read(
			m->body, m->bytes, &head, s->arena, &item->emitted, reason);

		item->delivery = &deliveries[i];
		item->done = false;
		if (e == OK)
			s->count++;
		else
			delivery_dead(&deliveries[i], e, "%s", reason);
	}
}

/* Operations point into the events, so these live until the batch is done. */
static void
items_free(struct service *s)
{
	for (size_t i = 0; i < s->count; i++)
		emitted_free(&s->items[i].emitted);
	s->count = 0;
}

/* ---- amounts ---- */

/* Converts the amounts, and settles the keys. A user without a wallet gets one in DEFAULT_CURRENCY.
 * There is one race: a user can open a first wallet in another currency in the milliseconds before
 * the posting. There is no other, because a wallet's currency never changes. */
static enum error
amounts_settle(struct service *s)
{
	struct emitted *events[CONSUMER_BATCH_MAX];
	char reason[EVENT_REASON];
	enum error e;

	for (size_t i = 0; i < s->count; i++)
		events[i] = &s->items[i].emitted;
	if ((e = emitted_wallets_find(s->db, events, s->count, s->arena)) != OK)
		return e;
	for (size_t i = 0; i < s->count; i++) {
		struct item *item = &s->items[i];
		const char *currency = item->emitted.currency;

		if (currency == NULL)
			currency = config_text(OPT_DEFAULT_CURRENCY);
		if ((e = emitted_amount(&item->emitted, currency, reason)) != OK) {
			delivery_dead(item->delivery, e, "%s", reason);
			item->done = true;
		}
	}
	if ((e = emitted_keys_find(s->db, events, s->count)) != OK)
		return e;
	for (size_t i = 0; i < s->count; i++)
		s->items[i].rejection = emitted_rejection_id(&s->items[i].emitted);
	return OK;
}

/* ---- refusals ---- */

static enum error
reply_rejected(struct item *item, const char *data)
{
	size_t bytes;
	char *body;

	if (item->delivery->message->reply_to == NULL)
		return OK;
	if ((body = fact_rejected(data, NULL, 0, &bytes)) == NULL)
		return ERR_OVERLOADED;
	delivery_reply(item->delivery, body);
	return OK;
}

/* The arrays are parallel to the parameters of find_rejections_sql. */
static void
redelivered_add(struct service *s, const struct item *item)
{
	const struct operation *op = &item->emitted.op;

	db_array_add_uuid(&s->ids, &item->rejection);
	db_array_add_uuid(&s->wallets, op->has_wallet ? &op->wallet : NULL);
	db_array_add_uuid(&s->owners, op->has_owner ? &op->owner : NULL);
	db_array_add_text(&s->keys, op->key);
}

/* OFFSET 0 makes the planner look up each key in the index, however many transactions there are. */
static const struct db_statement find_rejections_sql = { "find_rejections",
	"SELECT r.id, r.body FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[])"
	" AS n(id, wallet_id, owner_id, key)"
	" JOIN rejection r ON r.id = n.id AND r.created_at > wallet_clock() - interval '1 hour'"
	" WHERE NOT EXISTS (SELECT FROM transaction t"
	" WHERE t.wallet_id = coalesce(n.wallet_id, owner_wallet(n.owner_id, n.key))"
	" AND t.idempotency_key = n.key OFFSET 0)",
	DB_IDEMPOTENT };

struct rejection {
	struct uuid id;
	const char *body;
};
static const struct db_column rejection_columns[] = {
	DB_COLUMN(UUID, "id", struct rejection, id),
	DB_COLUMN(BORROWED, "body", struct rejection, body),
};

/* Finds the redelivered messages whose refusal was already published before we died. */
static enum error
find_rejections(struct service *s)
{
	DB_ROWS(rows);
	enum error e;

	db_array_clear(&s->ids);
	db_array_clear(&s->wallets);
	db_array_clear(&s->owners);
	db_array_clear(&s->keys);
	for (size_t i = 0; i < s->count; i++)
		if (!s->items[i].done && s->items[i].delivery->message->redelivered)
			redelivered_add(s, &s->items[i]);
	if (s->ids.count == 0)
		return OK;
	e = db_execute(s->db, &find_rejections_sql,
		DB_VALUES(db_array(&s->ids), db_array(&s->wallets), db_array(&s->owners),
			db_array(&s->keys)),
		&rows);
	for (size_t row = 0; e == OK && row < rows_count(rows); row++) {
		struct rejection r;

		e = rows_read(rows, row, DB_COLUMNS(rejection_columns), NULL, &r);
		for (size_t i = 0; e == OK && i < s->count; i++) {
			struct item *item = &s->items[i];

			if (item->done || !item->delivery->message->redelivered ||
			    memcmp(&r.id, &item->rejection, sizeof(r.id)) != 0)
				continue;
			item->done = true;
			e = reply_rejected(item, r.body);
		}
	}
	return e;
}

/* The request travels as text, so its numbers stay as they were sent. */
static enum error
reject_one(struct service *s, struct item *item, const struct outcome *o)
{
	const struct emitted *m = &item->emitted;
	size_t bytes;
	const char *request = event_data_text(&m->event, &bytes);
	const char *detail = refusal_detail_event(&m->op, o, s->arena);
	char *data = rejection_text(
		&item->rejection, o, detail, m->op.key, &m->event, request, bytes);
	enum error e;

	if (data == NULL)
		return ERR_OVERLOADED;
	db_array_add_uuid(&s->ids, &item->rejection);
	db_array_add_text(&s->bodies, data);
	e = reply_rejected(item, data);
	free(data);
	return e;
}

/* ---- posting ---- */

static const struct db_statement reject_sql = { "reject", "SELECT reject($1, $2)", DB_IDEMPOTENT };

/* An unknown result is not a refusal: it is not published, and an operator looks at
 * the dead letter. */
static enum error
outcomes_settle(struct service *s, size_t count)
{
	enum error e = OK;

	db_array_clear(&s->ids);
	db_array_clear(&s->bodies);
	for (size_t i = 0; e == OK && i < count; i++) {
		const struct outcome *o = &s->outcomes[i];
		struct item *item = s->posted[i];
		size_t bytes;

		if (o->error == ERR_TOO_SLOW || o->error == ERR_UNAVAILABLE)
			delivery_later(item->delivery, o->error); /* see split.c, limit_fill.h */
		else if (o->error == ERR_INTERNAL)
			delivery_dead(item->delivery, o->error,
				"the ledger returned an unknown result");
		else if (o->error != OK)
			e = reject_one(s, item, o);
		else if (item->delivery->message->reply_to != NULL)
			delivery_reply(item->delivery, fact_created(&o->transaction, &bytes));
	}
	if (e != OK || s->ids.count == 0)
		return e;
	return db_execute(s->db, &reject_sql, DB_VALUES(db_array(&s->ids), db_array(&s->bodies)),
		NULL);
}

static enum error
post(struct service *s, bool again)
{
	size_t count = 0;
	enum error e;

	for (size_t i = 0; i < s->count; i++) {
		if (s->items[i].done)
			continue;
		s->posted[count] = &s->items[i];
		s->operations[count++] = &s->items[i].emitted.op;
	}
	if (count == 0)
		return OK;
	if ((e = ledger_post(s->db, s->operations, count, again, s->arena, s->outcomes)) != OK)
		return e;
	return outcomes_settle(s, count);
}

/* Idempotent: the deduplication keys make a repeated batch return the transactions of
 * the first time. */
static enum error
handle(void *service, struct delivery deliveries[], size_t count, bool again)
{
	struct service *s = service;
	enum error e;

	arena_reset(s->arena);
	items_read(s, deliveries, count);
	if ((e = amounts_settle(s)) == OK && (e = find_rejections(s)) == OK)
		e = post(s, again);
	items_free(s);
	return e;
}

/* ---- dead letters ---- */

static char *
dead_reply(const struct message *m, const char *reason)
{
	size_t bytes;

	return fact_dead(reason, m->body, m->bytes, &bytes);
}

/* ---- the broker ---- */

static const struct db_statement alarm_sql = { "broker_alarm",
	"SELECT alarm_repeat('broker', $1, $2)", DB_IDEMPOTENT };

/* The relay logs it while it lasts. Without the database, our caller's line in the log must do. */
static void
lost(void *service, const char *name)
{
	struct service *s = service;
	char detail[512];

	(void)snprintf(detail, sizeof detail,
		"%s was deleted at the broker: messages that it had, or that were confirmed before"
		" it was declared again, may be lost",
		name);
	if (db_execute(s->db, &alarm_sql, DB_VALUES(db_text(name), db_text(detail)), NULL) != OK)
		log_error("alarm: %s", detail);
}

/* ---- the program ---- */

static void
stop(void *service)
{
	struct service *s = service;

	db_free(s->db);
	arena_free(s->arena);
	db_array_free(&s->ids);
	db_array_free(&s->bodies);
	db_array_free(&s->wallets);
	db_array_free(&s->owners);
	db_array_free(&s->keys);
	ledger_thread_end();
	free(s);
}

static void *
start(void)
{
	struct service *s;

	if (!config_require(OPT_WALLET_DATABASE_URL))
		return NULL;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->ids.element = s->wallets.element = s->owners.element = DB_UUID_ARRAY;
	s->bodies.element = s->keys.element = DB_TEXT_ARRAY;
	s->arena = arena_new(BATCH_MEMORY);
	s->db = db_new(config_text(OPT_WALLET_DATABASE_URL));
	if (s->arena == NULL || s->db == NULL) {
		log_error("out of memory");
		stop(s);
		return NULL;
	}
	return s;
}

static const struct consumer transaction_consumer = {
	.name = "transaction_consumer",
	.queue = WALLET_QUEUE,
	.topology = &purse_topology,
	.batch = CONSUMER_BATCH_MAX,
	.start = start,
	.stop = stop,
	.handle = handle,
	.dead_reply = dead_reply,
	.lost = lost,
};

int
main(int argc, char **argv)
{
	return consumer_main(argc, argv, &transaction_consumer);
}
