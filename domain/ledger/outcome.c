/* outcome.c - reads the rows of post() and similar functions, and checks their consistency. */
#include "domain/ledger/outcome.h"

#include <stdint.h>
#include <string.h>

#include "common/base/log.h"

#define ERROR_MAX 40

/* A row without its transaction. error: ok, replayed, or a code from error.def. */
struct answer {
	struct uuid op_id;
	char error[ERROR_MAX];
	struct money available, held, required;
	const char *refusal;
};

static const struct db_column columns[] = {
	DB_COLUMN(UUID, "op_id", struct answer, op_id),
	DB_COLUMN(CODE, "error", struct answer, error),
	DB_COLUMN(NUMBER, "available", struct answer, available),
	DB_COLUMN(NUMBER, "held", struct answer, held),
	DB_COLUMN(NUMBER, "required", struct answer, required),
	DB_COLUMN(TEXT, "refusal", struct answer, refusal),
};

static enum error
read(const struct db_rows *rows, size_t row, struct arena *arena, struct outcome *out)
{
	struct answer a;
	enum error e = rows_read(rows, row, DB_COLUMNS(columns), arena, &a);

	if (e != OK)
		return e;
	*out = (struct outcome){ .operation = a.op_id,
		.replayed = strcmp(a.error, "replayed") == 0 };
	if (out->replayed || strcmp(a.error, "ok") == 0)
		return transaction_read(rows, row, arena, &out->transaction);
	out->error = error_from_code(a.error);
	out->available = a.available;
	out->held = a.held;
	out->required = a.required;
	out->refusal = a.refusal;
	return OK;
}

enum error
outcome_read(const struct db_rows *rows, size_t row, struct arena *arena, struct outcome *out)
{
	enum error e = read(rows, row, arena, out);

	if (e == ERR_TOO_LARGE)
		log_error("out of memory for an outcome; the operation may be committed");
	return e == OK ? OK : ERR_INTERNAL;
}

enum error
outcome_copy(const struct outcome *from, struct arena *arena, struct outcome *to)
{
	const char **texts[] = { &to->transaction.merchant, &to->transaction.description,
		&to->transaction.metadata, &to->transaction.request_id, &to->refusal };

	*to = *from;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (*texts[i] != NULL && (*texts[i] = arena_strdup(arena, *texts[i])) == NULL)
			return ERR_INTERNAL;
	return OK;
}

/* ---- whether outcomes follow from one another ---- */

/* A wallet's state after its last outcome. An entry of the hash table; free unless `used`. */
struct head {
	struct uuid wallet;
	bool used;
	int64_t version, balance;
};

/* A hash table of wallets by id, at most a quarter full: a batch has at most LEDGER_BATCH_MAX
 * wallets that are stored here. */
#define HEADS 4096

static struct head *
head_of(struct head heads[], const struct uuid *wallet)
{
	uint32_t place;

	/* The last bytes of a UUIDv7 are random, unlike the first, which are its time. */
	memcpy(&place, wallet->bytes + sizeof wallet->bytes - sizeof place, sizeof place);
	for (place %= HEADS; heads[place].used; place = (place + 1) % HEADS)
		if (memcmp(&heads[place].wallet, wallet, sizeof *wallet) == 0)
			break;
	return &heads[place];
}

/* The first outcome of a wallet proves nothing alone: the balance before it is not
 * in the result. */
static bool
outcome_follows(struct head heads[], const struct transaction *t)
{
	struct head *head = head_of(heads, &t->wallet);

	if (head->used && (t->version != head->version + 1 ||
	                    t->balance_after.minor != head->balance + t->amount.minor))
		return false;
	*head = (struct head){ t->wallet, true, t->version, t->balance_after.minor };
	if (!t->has_counterpart)
		return true;
	/* The other side's row is not in the result, but it was the next one of its wallet, with
	 * the opposite amount. */
	head = head_of(heads, &t->counterpart_wallet);
	if (head->used) {
		head->version++;
		head->balance -= t->amount.minor;
	}
	return true;
}

/* A single outcome has nothing to follow from, and skips clearing the table: most batches of an
 * idle system are one operation. */
size_t
outcomes_follow(const struct outcome *const outcomes[], size_t count)
{
	static __thread struct head heads[HEADS]; /* too large for a thread's stack */
	size_t i = 0;

	if (count < 2)
		return count;
	for (size_t k = 0; k < HEADS; k++)
		heads[k].used = false;
	for (; i < count; i++)
		if (outcomes[i]->error == OK && !outcomes[i]->replayed &&
		    !outcome_follows(heads, &outcomes[i]->transaction))
			break;
	return i;
}
