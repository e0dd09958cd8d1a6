/* batch.h - a batch of operations in one request: reading it, posting it, and the result of each
 * place. */
#ifndef DOMAIN_LEDGER_BATCH_H
#define DOMAIN_LEDGER_BATCH_H

#include <jansson.h>

#include "common/base/caller.h"
#include "domain/ledger/ledger.h"

/* A place in a batch: its operation, and either the faults or the outcome. */
struct place {
	struct operation operation;
	json_t *faults;          /* if the place is invalid, and so not posted; else NULL */
	struct outcome outcome;  /* if it is valid, once the batch is posted */
};

struct batch {
	bool atomic;             /* all or none; else each on its own */
	bool dry;                /* a dry run: report what would happen, and roll back */
	struct batch_key key;    /* key.key is NULL if the request has no key */
	bool posted;             /* committed, not rolled back */
	size_t count;
	struct place *places;
};

extern const char *const batch_modes[]; /* each, atomic, NULL; by `atomic` */

/* Sets the key of a whole batch and the fingerprint of its body, which ignores white space and the
 * order of members. */
enum error batch_key_read(struct batch_key *k, const struct uuid *owner, const char *key,
	const json_t *body) MUST_CHECK;

/* Reads the list of transactions on behalf of the caller. Each place keeps its own faults; in an
 * atomic batch they invalidate the whole, and all of them also go to *f. Memory: the arena. */
enum error batch_read(struct batch *b, const struct json_sent *list, const struct caller *caller,
	struct arena *arena, struct faults *f) MUST_CHECK;

/* Posts the valid places. A refusal of a place is no error; see batch_first_refusal().
 * Errors of ledger_post_ending(). */
enum error batch_post_valid(struct batch *b, struct db_pool *pool, struct arena *arena) MUST_CHECK;

/* The first place that was refused, or NULL. */
const struct place *batch_first_refusal(const struct batch *b);
/* True if there are valid places, and an earlier request posted all of them. */
bool batch_is_replay(const struct batch *b);

/* The faults of a place, whether reading or the ledger found them; NULL if it has none. */
json_t *place_faults(const struct batch *b, size_t i);

#endif
