/* test_split.c - a batch that took too long: which operations are tried alone, and what becomes of
 * the others. */
#include "domain/ledger/ledger.h"
#include "tests/unit/unit.h"

#define MANY 8

static struct operation operations[MANY];
static const struct operation *batch[MANY];
static struct outcome outcomes[MANY];
static size_t tried[MANY];
static uint8_t locked_from, locked_to; /* wallets that are too slow */
static enum error failure;             /* of wallet 99 */

/* Stands for the ledger's. The first call, with the whole batch, takes too long. */
enum error
ledger_post_whole(struct db *db, const struct operation *const list[], size_t count, bool again,
	struct arena *arena, struct outcome out[])
{
	size_t i = (size_t)(list[0] - operations);
	uint8_t wallet = list[0]->wallet.bytes[0];

	(void)db, (void)again, (void)arena;
	if (count > 1)
		return ERR_TOO_SLOW;
	tried[i]++;
	if (wallet == 99)
		return failure;
	if (wallet >= locked_from && wallet <= locked_to)
		return ERR_TOO_SLOW;
	out[0] = (struct outcome){ .operation = list[0]->id };
	return OK;
}

static enum error
split(const uint8_t wallets[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		operations[i] = (struct operation){ .has_wallet = wallets[i] != 0 };
		operations[i].wallet.bytes[0] = wallets[i];
		batch[i] = &operations[i];
		outcomes[i].error = ERR_INTERNAL;
		tried[i] = 0;
	}
	return ledger_post(NULL, batch, count, false, NULL, outcomes);
}

static void
only_a_locked_wallet_is_too_slow_and_is_tried_once(void **state)
{
	(void)state;
	locked_from = locked_to = 5;
	assert_int_equal(split((const uint8_t[]){ 1, 5, 2, 5, 5, 1 }, 6), OK);
	for (size_t i = 0; i < 6; i++) {
		bool slow = operations[i].wallet.bytes[0] == 5;

		assert_int_equal(outcomes[i].error, slow ? ERR_TOO_SLOW : OK);
		assert_int_equal(tried[i], !slow || i == 1);
	}
}

static void
after_three_slow_wallets_the_rest_is_given_up(void **state)
{
	(void)state;
	locked_from = 5, locked_to = 9;
	assert_int_equal(split((const uint8_t[]){ 1, 5, 6, 7, 8, 2 }, 6), OK);
	assert_int_equal(outcomes[0].error, OK);
	assert_int_equal(tried[4] + tried[5], 0);
	assert_int_equal(outcomes[5].error, ERR_TOO_SLOW);
	assert_int_equal(split((const uint8_t[]){ 5, 6, 7, 2 }, 4), ERR_TOO_SLOW);
}

static void
another_error_is_returned_as_it_is(void **state)
{
	(void)state;
	locked_from = locked_to = 5;
	failure = ERR_UNAVAILABLE;
	assert_int_equal(split((const uint8_t[]){ 1, 99, 2 }, 3), ERR_UNAVAILABLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_locked_wallet_is_too_slow_and_is_tried_once),
		cmocka_unit_test(after_three_slow_wallets_the_rest_is_given_up),
		cmocka_unit_test(another_error_is_returned_as_it_is),
	};

	return RUN(tests);
}
