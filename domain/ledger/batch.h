/* batch.h - a batch of operations as one request: read, posted with a chosen end, and what came of
 * each place. */
#ifndef DOMAIN_LEDGER_BATCH_H
#define DOMAIN_LEDGER_BATCH_H

#include <jansson.h>

#include "common/base/caller.h"
#include "domain/ledger/ledger.h"

/* A place of a batch: what was asked there, and either what is wrong with it or what came of it. */
struct place {
	struct operation operation;
	json_t *faults;          /* of a place that is invalid, and so not posted; else NULL */
	struct outcome outcome;  /* of a valid one, once the batch is posted */
};

struct batch {
	bool atomic;             /* all or none; else each for itself */
	bool dry;                /* none: what would happen */
	struct batch_key key;    /* key.key is NULL: none */
	bool posted;             /* whether it stays */
	size_t count;
	struct place *places;
};

extern const char *const batch_modes[]; /* each, atomic, NULL; by `atomic` */

/* The key of a whole batch and what it stands for: the body, whatever the order of its members and
 * its white space. */
enum error batch_key_read(struct batch_key *k, const struct uuid *owner, const char *key,
	const json_t *body) MUST_CHECK;

/* Reads the list of transactions on behalf of the caller. A fault of a place is kept there; in an
 * atomic batch it is a fault of the whole, and all go to *f. Everything is in the arena. */
enum error batch_read(struct batch *b, const json_t *list, const struct caller *caller,
	struct arena *arena, struct faults *f) MUST_CHECK;

/* Posts what is valid. */
enum error batch_post_valid(struct batch *b, struct db_pool *pool, struct arena *arena) MUST_CHECK;

/* The first place that was refused; NULL: none was. */
const struct place *batch_first_refusal(const struct batch *b);
/* Whether there are valid places, and an earlier request posted them all. */
bool batch_is_replay(const struct batch *b);

/* The faults of an invalid place, or of one that only the ledger found invalid; NULL: it has
 * none. */
json_t *place_faults(const struct batch *b, size_t i);

#endif
