/* split.c - posts a batch that took too long one by one, so that only what is slow fails.
 *
 * What is slow is nearly always a wallet that someone has locked. Each of its operations would wait
 * for the whole of DB_STATEMENT_TIMEOUT, so after the first one the others are not tried. */
#include <string.h>

#include "common/base/log.h"
#include "domain/ledger/ledger.h"

/* How many operations can take too long before the rest is given up: each of them costs its caller
 * and everyone else in the batch DB_STATEMENT_TIMEOUT. */
#define SLOW_MAX 3

struct slow {
	const struct operation *operations[SLOW_MAX];
	size_t count;
};

static bool
same(bool has_a, const struct uuid *a, bool has_b, const struct uuid *b)
{
	return has_a && has_b && memcmp(a, b, sizeof *a) == 0;
}

static bool
shares_wallet(const struct operation *a, const struct operation *b)
{
	return same(a->has_wallet, &a->wallet, b->has_wallet, &b->wallet) ||
	       same(a->has_wallet, &a->wallet, b->has_counterpart, &b->counterpart) ||
	       same(a->has_counterpart, &a->counterpart, b->has_wallet, &b->wallet) ||
	       same(a->has_counterpart, &a->counterpart, b->has_counterpart, &b->counterpart) ||
	       (!a->has_wallet && !b->has_wallet &&
		       same(a->has_owner, &a->owner, b->has_owner, &b->owner));
}

static bool
is_worth_trying(const struct slow *slow, const struct operation *op)
{
	for (size_t i = 0; i < slow->count; i++)
		if (shares_wallet(slow->operations[i], op))
			return false;
	return slow->count < SLOW_MAX;
}

/* Operations that take too long have ERR_TOO_SLOW as their outcome. So have operations that were
 * not tried, because too many others did. ERR_TOO_SLOW: none was posted, so the database as a
 * whole is slow. */
static enum error
post_split(struct db *db, const struct operation *const operations[],
	size_t count, bool again, struct arena *arena, struct outcome outcomes[])
{
	struct slow slow = { .count = 0 };
	size_t posted = 0;

	log_warn("a batch of %zu operations took too long; posting them one by one", count);
	for (size_t i = 0; i < count; i++) {
		enum error e = ERR_TOO_SLOW;

		if (is_worth_trying(&slow, operations[i])) {
			e = ledger_post_whole(db, &operations[i], 1, again, arena, &outcomes[i]);
			if (e == ERR_TOO_SLOW)
				slow.operations[slow.count++] = operations[i];
		}
		if (e == OK)
			posted++;
		else if (e == ERR_TOO_SLOW)
			outcomes[i] = (struct outcome){ .operation = operations[i]->id,
				.error = e };
		else
			return e;
	}
	return posted > 0 ? OK : ERR_TOO_SLOW;
}

enum error
ledger_post(struct db *db, const struct operation *const operations[], size_t count, bool again,
	struct arena *arena, struct outcome outcomes[])
{
	enum error e = ledger_post_whole(db, operations, count, again, arena, outcomes);

	return e == ERR_TOO_SLOW && count > 1
		? post_split(db, operations, count, again, arena, outcomes) : e;
}
