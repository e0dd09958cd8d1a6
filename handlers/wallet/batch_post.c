/* batch_post.c - POST /v1/transactions/batch: many operations in one call; all or none, or each for itself. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "handlers/wallet/outcome_json.h"
#include "handlers/wallet/service.h"

#define BATCH_KEY_BYTES 24

/* The operations as they were sent, place by place; those that are not valid are left out of what is posted. */
struct batch {
	enum ending ending;
	bool dry, posted;
	struct batch_key whole;               /* its key is NULL: none */
	size_t count, valid;
	struct operation *operations;
	json_t **faults;                      /* of a place that is not valid; else NULL */
	const struct operation **to_post;     /* `valid` of them, in order */
	struct outcome *outcomes;             /* theirs */
};

static const char *const modes[] = { "each", "atomic", NULL };

static enum error
batch_allocate(struct request *r, struct batch *b, size_t count)
{
	b->count = count;
	b->operations = arena_alloc(r->arena, count * sizeof *b->operations);
	/* Arrays of pointers are meant. NOLINTBEGIN(bugprone-sizeof-expression) */
	b->faults = arena_alloc(r->arena, count * sizeof *b->faults);
	b->to_post = arena_alloc(r->arena, count * sizeof *b->to_post);
	/* NOLINTEND(bugprone-sizeof-expression) */
	b->outcomes = arena_alloc(r->arena, count * sizeof *b->outcomes);
	if (b->operations == NULL || b->faults == NULL || b->to_post == NULL || b->outcomes == NULL)
		return ERR_TOO_LARGE;
	return OK;
}

/* A key for the place i of a batch with a key: a retry of the batch is a retry of each place. */
static const char *
place_key(struct request *r, const char *key, size_t i)
{
	unsigned char hash[BATCH_KEY_BYTES];
	char text[KEY_MAX + 32], encoded[64];
	int n = snprintf(text, sizeof text, "batch %zu %s", i, key);

	crypto_generichash(hash, sizeof hash, (const unsigned char *)text, (unsigned long long)n, NULL, 0);
	sodium_bin2base64(encoded, sizeof encoded, hash, sizeof hash, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return arena_printf(r->arena, "batch:%s", encoded);
}

static enum error
place_read(struct request *r, struct batch *b, size_t i, const json_t *data)
{
	struct operation *op = &b->operations[i];
	struct faults faults = { NULL };
	char prefix[40];
	enum error e;

	snprintf(prefix, sizeof prefix, "/transactions/%zu", i);
	*op = operation_zero();
	if (b->whole.key != NULL && (op->key = place_key(r, b->whole.key, i)) == NULL)
		return ERR_TOO_LARGE;
	if (!json_is_object(data))
		e = faults_add(&faults, prefix, "must be an object");
	else
		e = operation_read(data, DOOR_BATCH, prefix, r->arena, op, &faults);
	b->faults[i] = faults.list;
	if (e == ERR_INVALID_REQUEST)
		return OK;
	operation_by_caller(op, r);
	b->to_post[b->valid++] = op;
	return e;
}

static enum error
list_read(struct request *r, struct batch *b, json_t *list)
{
	json_t *item;
	size_t i;
	enum error e;

	if (json_array_size(list) < 1 || json_array_size(list) > LEDGER_BATCH_MAX)
		return request_fault(r, "/transactions", "must be an array of 1 to %d transactions", LEDGER_BATCH_MAX);
	if ((e = batch_allocate(r, b, json_array_size(list))) != OK)
		return e;
	json_array_foreach(list, i, item)
		if ((e = place_read(r, b, i, item)) != OK)
			return e;
	return OK;
}

static int
digest_add(const char *text, size_t bytes, void *state)
{
	return crypto_generichash_update(state, (const unsigned char *)text, bytes);
}

/* The batch's key and what it stands for: the body, whatever the order of its members and its white space. */
static enum error
whole_key_read(struct request *r, struct batch_key *whole)
{
	crypto_generichash_state state;
	json_t *body;
	enum error e;

	if ((e = request_key(r, &whole->key)) != OK || whole->key == NULL || (e = request_body(r, &body)) != OK)
		return e;
	whole->owner = r->caller.user;
	crypto_generichash_init(&state, NULL, 0, sizeof whole->fingerprint);
	if (json_dump_callback(body, digest_add, &state, JSON_COMPACT | JSON_SORT_KEYS) != 0)
		return ERR_TOO_LARGE;
	crypto_generichash_final(&state, whole->fingerprint, sizeof whole->fingerprint);
	return OK;
}

static enum error
batch_read(struct request *r, struct batch *b)
{
	int64_t mode = 0;
	json_t *list = NULL;
	const struct field query[] = { { "dry_run", FIELD_BOOL, .boolean = &b->dry } };
	const struct field fields[] = {
		{ "mode", FIELD_CHOICE, .required = true, .choices = modes, .number = &mode },
		{ "transactions", FIELD_ARRAY, .required = true, .object = &list },
	};
	enum error e;

	if ((e = request_bind_query(r, query, 1)) != OK || (e = request_bind(r, fields, 2)) != OK ||
	    (e = whole_key_read(r, &b->whole)) != OK)
		return e;
	b->ending = mode == 1 ? END_ATOMIC : END_EACH;
	return list_read(r, b, list);
}

/* All or none begins with the reading: every fault of every place is told. */
static enum error
faults_gather(struct request *r, struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->faults[i] != NULL) {
			if (r->faults.list == NULL)
				r->faults.list = json_array();
			json_array_extend(r->faults.list, b->faults[i]);
		}
	return r->faults.list != NULL ? ERR_INVALID_REQUEST : OK;
}

/* What only the ledger found invalid becomes a fault of its place. */
static json_t *
place_faults(const struct batch *b, size_t i)
{
	struct faults faults = { NULL };
	char prefix[40];

	snprintf(prefix, sizeof prefix, "/transactions/%zu", i);
	if (operation_fault(&b->operations[i], prefix, &faults) == OK)
		return NULL;
	return faults.list;
}

static json_t *
place_problem(struct request *r, const struct batch *b, size_t i, const struct outcome *out)
{
	json_t *problem, *members;

	if (b->faults[i] != NULL)
		return problem_json(r, ERR_INVALID_REQUEST, NULL, b->faults[i]);
	if (out->error == ERR_INVALID_REQUEST)
		return problem_json(r, ERR_INVALID_REQUEST, NULL, place_faults(b, i));
	problem = problem_json(r, out->error, refusal_detail(r, out), NULL);
	members = refusal_members(out);
	json_object_update_missing(problem, members);
	json_decref(members);
	return problem;
}

static void
problem_write(struct text *t, json_t *problem)
{
	char *dump = json_dumps(problem, JSON_COMPACT);

	TEXT_LITERAL(t, "{\"status\":");
	text_add_number(t, json_integer_value(json_object_get(problem, "status")));
	TEXT_LITERAL(t, ",\"problem\":");
	if (dump != NULL)
		text_add_string(t, dump);
	t->failed = t->failed || dump == NULL; /* the request's memory is used up */
	json_decref(problem);
}

static void
place_write(struct text *t, struct request *r, const struct batch *b, size_t i, size_t valid)
{
	const struct outcome *out = &b->outcomes[valid];

	if (b->faults[i] != NULL || out->error != OK) {
		problem_write(t, place_problem(r, b, i, out));
	} else {
		TEXT_LITERAL(t, "{\"status\":201,\"transaction\":");
		posting_write(t, &out->posting, false);
	}
	TEXT_LITERAL(t, "}");
}

/* A result a place, in order. */
static struct reply *
results_reply(struct request *r, const struct batch *b, int status)
{
	size_t valid = 0;
	TEXT(text);

	text.most = (size_t)config_number(OPT_REQUEST_MEMORY);
	TEXT_LITERAL(&text, "{\"mode\":");
	text_add_json(&text, modes[b->ending == END_ATOMIC]);
	TEXT_LITERAL(&text, ",\"results\":[");
	for (size_t i = 0; i < b->count; i++) {
		if (i > 0)
			TEXT_LITERAL(&text, ",");
		place_write(&text, r, b, i, valid);
		valid += b->faults[i] == NULL;
	}
	TEXT_LITERAL(&text, "]}");
	return reply_json_text(r, status, &text);
}

/* The first refusal of a batch of which nothing was posted is the answer, and says which place it was. */
static struct reply *
reply_first_refusal(struct request *r, const struct batch *b)
{
	for (size_t i = 0; i < b->valid; i++)
		if (b->outcomes[i].error != OK) {
			request_explain(r, "index", json_integer((json_int_t)i));
			if (b->outcomes[i].error == ERR_INVALID_REQUEST)
				r->faults.list = place_faults(b, i);
			return reply_refusal(r, &b->outcomes[i]);
		}
	return NULL;
}

static bool
all_replayed(const struct batch *b)
{
	for (size_t i = 0; i < b->valid; i++)
		if (!b->outcomes[i].replayed)
			return false;
	return b->valid > 0;
}

struct reply *
batch_post(struct request *r)
{
	struct wallet_service *s = r->service;
	struct batch b = { .ending = END_EACH };
	struct reply *reply = NULL;
	enum error e;

	if ((e = batch_read(r, &b)) != OK || (b.ending == END_ATOMIC && (e = faults_gather(r, &b)) != OK))
		return reply_error(r, e);
	if (b.valid > 0 && (e = ledger_post_ending(s->ledger, b.dry ? END_DRY : b.ending, b.whole.key != NULL ? &b.whole : NULL,
				   b.to_post, b.valid, r->arena, b.outcomes, &b.posted)) != OK)
		return reply_error(r, e);
	if (b.ending == END_ATOMIC && (reply = reply_first_refusal(r, &b)) != NULL)
		return reply;
	reply = results_reply(r, &b, b.ending == END_ATOMIC && !b.dry ? 201 : 200);
	if (b.dry)
		return reply_header(r, reply, "Dry-Run", "true");
	return all_replayed(&b) ? reply_header(r, reply, "Idempotent-Replayed", "true") : reply;
}
