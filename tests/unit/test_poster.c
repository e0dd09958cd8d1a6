/* test_poster.c - a batch of which a part may be posted: what is called again, and what the waiters
 * are told. */
#include "domain/ledger/poster.c"
#include "tests/unit/unit.h"

static struct batch batch;
static struct waiter waiters[2];
static struct operation operations[2];
static struct outcome answers[2];
static enum error first, later; /* what the ledger's first call returns, and the others */
static enum error of_each;      /* the outcome of each operation */
static size_t calls, called_again;

/* Stands for the ledger's. */
enum error
ledger_post(struct db *db, const struct operation *const list[], size_t count, bool again,
	struct arena *arena, struct outcome outcomes[])
{
	(void)db, (void)list, (void)arena;
	called_again += again;
	for (size_t i = 0; i < count; i++)
		outcomes[i] = (struct outcome){ .error = of_each };
	return calls++ == 0 ? first : later;
}

void
ledger_thread_end(void)
{
}

static void
commit(enum error of_first, enum error of_later)
{
	first = of_first;
	later = of_later;
	calls = called_again = 0;
	batch.count = 2;
	for (size_t i = 0; i < 2; i++) {
		waiters[i] = (struct waiter){ .operation = &operations[i], .arena = batch.arena,
			.outcome = &answers[i] };
		sem_init(&waiters[i].done, 0, 0);
		batch.waiters[i] = &waiters[i];
		batch.operations[i] = &operations[i];
	}
	batch_commit(&batch);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(sem_trywait(&waiters[i].done), 0);
		sem_destroy(&waiters[i].done);
	}
}

static void
one_by_one_means_again(void **state)
{
	(void)state;
	commit(OK, OK);
	assert_int_equal(calls, 1);
	assert_int_equal(called_again, 0);
	commit(ERR_INTERNAL, OK);
	assert_int_equal(calls, 3);
	assert_int_equal(called_again, 2);
	assert_int_equal(waiters[0].error, OK);
	commit(OK, OK);
	assert_int_equal(called_again, 0);
}

static void
only_a_first_call_can_promise_that_nothing_was_done(void **state)
{
	(void)state;
	commit(ERR_TOO_SLOW, OK);
	assert_int_equal(waiters[0].error, ERR_TOO_SLOW);
	commit(ERR_INTERNAL, ERR_TOO_SLOW);
	assert_int_equal(waiters[0].error, ERR_UNAVAILABLE);
	assert_int_equal(waiters[1].error, ERR_UNAVAILABLE);
	of_each = ERR_TOO_SLOW;
	commit(OK, OK);
	assert_int_equal(waiters[0].error, ERR_TOO_SLOW);
	commit(ERR_INTERNAL, OK);
	assert_int_equal(waiters[0].error, ERR_UNAVAILABLE);
	of_each = OK;
	assert_int_equal(db_last_error(ERR_TOO_SLOW, false), ERR_TOO_SLOW);
	assert_int_equal(db_last_error(ERR_INTERNAL, true), ERR_INTERNAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_by_one_means_again),
		cmocka_unit_test(only_a_first_call_can_promise_that_nothing_was_done),
	};

	batch.db = db_new("");
	batch.arena = arena_new(4096);
	return batch.db != NULL && batch.arena != NULL ? RUN(tests) : 1;
}
