/* batch.c - reads and posts a batch of operations; see batch.h. */
#include "domain/ledger/batch.h"

#include <sodium.h>
#include <stdio.h>

#include "common/base/digest.h"

/* 192 bits: two places never share a key by chance. */
#define PLACE_KEY_BYTES 24
#define PREFIX_BYTES 40

const char *const batch_modes[] = { [false] = "each", [true] = "atomic", NULL };

static int
dump_digest(const char *text, size_t bytes, void *digest)
{
	digest_add_raw(digest, text, bytes);
	return 0;
}

enum error
batch_key_read(struct batch_key *k, const struct uuid *owner, const char *key, const json_t *body)
{
	struct digest d;

	k->owner = *owner;
	k->key = key;
	digest_begin(&d, sizeof k->fingerprint);
	if (json_dump_callback(body, dump_digest, &d, JSON_COMPACT | JSON_SORT_KEYS) != 0)
		return ERR_TOO_LARGE;
	digest_end(&d, k->fingerprint);
	return OK;
}

/* Derives a key for place i from the batch's key: retrying the batch retries each place. Hashed,
 * because a key of KEY_MAX characters leaves no room for the place. */
static const char *
place_key(const char *key, size_t i, struct arena *arena)
{
	unsigned char hash[PLACE_KEY_BYTES];
	char text[KEY_MAX + 32], encoded[64];
	struct digest d;
	int n = snprintf(text, sizeof text, "batch %zu %s", i, key);

	digest_begin(&d, sizeof hash);
	digest_add_raw(&d, text, (size_t)n);
	digest_end(&d, hash);
	sodium_bin2base64(encoded, sizeof encoded, hash, sizeof hash,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return arena_printf(arena, "batch:%s", encoded);
}

/* Faults of a place point into the request: /transactions/3/amount. */
static void
prefix_write(char prefix[PREFIX_BYTES], size_t i)
{
	snprintf(prefix, PREFIX_BYTES, "/transactions/%zu", i);
}

/* An invalid place is not an error: its faults become its result, and the others go on. */
static enum error
place_read(struct batch *b, size_t i, const struct json_sent *data, const struct caller *caller,
	struct arena *arena)
{
	struct operation *op = &b->places[i].operation;
	struct faults faults = { NULL };
	char prefix[PREFIX_BYTES];
	enum error e;

	prefix_write(prefix, i);
	*op = operation_zero();
	if (b->key.key != NULL && (op->key = place_key(b->key.key, i, arena)) == NULL)
		return ERR_TOO_LARGE;
	if (!json_is_object(data->value))
		e = faults_add(&faults, prefix, "must be an object");
	else
		e = operation_read(data, ORIGIN_BATCH, prefix, arena, op, &faults);
	b->places[i].faults = faults.list;
	if (e == ERR_INVALID_REQUEST)
		return faults.list != NULL ? OK : ERR_TOO_LARGE; /* no memory for the fault */
	operation_set_caller(op, caller);
	return e;
}

/* An atomic batch is invalid if any place is; report every fault of every place. */
static enum error
faults_gather(const struct batch *b, struct faults *f)
{
	enum error e = OK;

	for (size_t i = 0; i < b->count; i++) {
		if (b->places[i].faults == NULL)
			continue;
		if (f->list == NULL)
			f->list = json_array();
		json_array_extend(f->list, b->places[i].faults);
		e = ERR_INVALID_REQUEST;
	}
	return e;
}

enum error
batch_read(struct batch *b, const struct json_sent *list, const struct caller *caller,
	struct arena *arena, struct faults *f)
{
	struct json_sent item = { .text = json_text_first(list->text) };
	enum error e;

	b->count = json_array_size(list->value);
	if (b->count < 1 || b->count > LEDGER_BATCH_MAX)
		return faults_add(f, "/transactions", "must be an array of 1 to %d transactions",
			LEDGER_BATCH_MAX);
	if ((b->places = arena_alloc(arena, b->count * sizeof *b->places)) == NULL)
		return ERR_TOO_LARGE;
	for (size_t i = 0; i < b->count; i++) {
		item.value = json_array_get(list->value, i);
		if ((e = place_read(b, i, &item, caller, arena)) != OK)
			return e;
		item.text = json_text_next(list->text, item.text);
	}
	return b->atomic ? faults_gather(b, f) : OK;
}

static enum ending
ending_of(const struct batch *b)
{
	if (b->dry)
		return END_DRY;
	return b->atomic ? END_ATOMIC : END_EACH;
}

/* Invalid places are left out of the call, so outcomes are matched to places in order. */
enum error
batch_post_valid(struct batch *b, struct db_pool *pool, struct arena *arena)
{
	const struct operation *operations[LEDGER_BATCH_MAX];
	struct outcome *outcomes = arena_alloc(arena, b->count * sizeof *outcomes);
	size_t valid = 0, next = 0;
	enum error e;

	if (outcomes == NULL)
		return ERR_TOO_LARGE;
	for (size_t i = 0; i < b->count; i++)
		if (b->places[i].faults == NULL)
			operations[valid++] = &b->places[i].operation;
	if (valid == 0)
		return OK;
	e = ledger_post_ending(pool, ending_of(b), b->key.key != NULL ? &b->key : NULL, operations,
		valid, arena, outcomes, &b->posted);
	if (e != OK)
		return e;
	for (size_t i = 0; i < b->count; i++)
		if (b->places[i].faults == NULL)
			b->places[i].outcome = outcomes[next++];
	return OK;
}

const struct place *
batch_first_refusal(const struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->places[i].faults == NULL && b->places[i].outcome.error != OK)
			return &b->places[i];
	return NULL;
}

bool
batch_is_replay(const struct batch *b)
{
	bool any = false;

	for (size_t i = 0; i < b->count; i++) {
		if (b->places[i].faults != NULL)
			continue;
		if (!b->places[i].outcome.replayed)
			return false;
		any = true;
	}
	return any;
}

/* The ledger says only that an operation is invalid; what is wrong follows from its kind. */
json_t *
place_faults(const struct batch *b, size_t i)
{
	const struct place *place = &b->places[i];
	struct faults faults = { NULL };
	char prefix[PREFIX_BYTES];

	if (place->faults != NULL || place->outcome.error != ERR_INVALID_REQUEST)
		return place->faults;
	prefix_write(prefix, i);
	if (operation_fault(&place->operation, prefix, &faults) == OK)
		return NULL;
	return faults.list;
}
