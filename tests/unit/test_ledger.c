/* test_ledger.c - what must be true of a batch's outcomes, and fingerprints of everything but
 * operations. */
#include <sodium.h>

#include "domain/ledger/batch.h"
#include "domain/ledger/changes.h"
#include "domain/ledger/facts.h"
#include "domain/ledger/wallets.h"
#include "tests/unit/unit.h"

static struct arena *arena;

/* ---- outcomes follow from one another ---- */

#define MANY 1000

static struct outcome outcomes[MANY];
static const struct outcome *judged[MANY];
static size_t judged_count;

static struct outcome *
judge(uint8_t wallet, int64_t version, int64_t amount, int64_t balance)
{
	struct outcome *o = &outcomes[judged_count];

	*o = (struct outcome){ .transaction = { .version = version, .amount = { amount },
		.balance_after = { balance } } };
	o->transaction.wallet.bytes[sizeof o->transaction.wallet.bytes - 1] = wallet;
	judged[judged_count++] = o;
	return o;
}

static size_t
wrong(void)
{
	size_t i = outcomes_follow(judged, judged_count);

	judged_count = 0;
	return i;
}

static void
versions_and_balances_follow_within_a_wallet(void **state)
{
	(void)state;
	judge(1, 5, 10, 110);
	judge(2, 9, -1, 4);
	judge(1, 6, -30, 80);
	judge(1, 7, 0, 80);
	judge(2, 10, 3, 7);
	assert_int_equal(wrong(), 5);
	judge(1, 5, 10, 110);
	judge(1, 7, 10, 120);
	assert_int_equal(wrong(), 1);
	judge(1, 5, 10, 110);
	judge(2, 5, 10, 110);
	judge(1, 6, 10, 121);
	assert_int_equal(wrong(), 2);
	judge(1, 5, 10, 110);
	assert_int_equal(wrong(), 1);
}

static void
refusals_and_replays_say_nothing(void **state)
{
	(void)state;
	judge(1, 5, 10, 110);
	judge(1, 0, 0, 0)->error = ERR_INSUFFICIENT_FUNDS;
	judge(1, 3, 10, 70)->replayed = true;
	judge(1, 6, -10, 100);
	assert_int_equal(wrong(), 4);
}

static void
transfer(uint8_t from, int64_t version, int64_t amount, int64_t balance, uint8_t to)
{
	struct transaction *t = &judge(from, version, -amount, balance)->transaction;

	t->has_counterpart = true;
	t->counterpart_wallet.bytes[sizeof t->counterpart_wallet.bytes - 1] = to;
}

static void
a_transfer_moves_its_other_side_too(void **state)
{
	(void)state;
	judge(2, 8, 5, 5);
	transfer(1, 5, 40, 60, 2);
	judge(2, 10, -45, 0);
	transfer(1, 6, 1, 59, 3); /* whose version nobody knows */
	judge(3, 77, 1, 12);
	assert_int_equal(wrong(), 5);
	judge(2, 8, 5, 5);
	transfer(1, 5, 40, 60, 2);
	judge(2, 9, -45, 0);
	assert_int_equal(wrong(), 2);
}

/* As many wallets as a batch can move, all with one hash. */
static void
a_full_batch_is_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		struct transaction *t = &judge(0, 1, 1, 1)->transaction;

		memcpy(t->wallet.bytes, &i, sizeof i);
		t->has_counterpart = true;
		t->counterpart_wallet.bytes[0] = 1;
		t->counterpart_wallet.bytes[8] = 1;
	}
	assert_int_equal(wrong(), MANY);
}

/* ---- fingerprints: stored, so they stay as they are ---- */

static void
is(const unsigned char *fingerprint, const char *stored)
{
	char hex[2 * LEDGER_FINGERPRINT + 1];

	sodium_bin2hex(hex, sizeof hex, fingerprint, LEDGER_FINGERPRINT);
	assert_string_equal(hex, stored);
}

static void
openings_keep_their_fingerprints(void **state)
{
	struct opening o = { .currency = "EUR", .name = "Main" };

	(void)state;
	opening_fingerprint(&o);
	is(o.fingerprint, "1aa98be8b7a975549cb4e059c5c70351faccb665e775ebf5ca7bc5768040c0cf");
	o.name = NULL;
	opening_fingerprint(&o);
	is(o.fingerprint, "e8bd5d505a2661defe462f4f906eca15190355c9e137fdfc03e9d8e96bbab879");
}

static void
changes_keep_their_fingerprints(void **state)
{
	struct limits limits = { .has_credit = true, .credit = { 500 }, .count = 2,
		.list = { { .kind = "deposit", .per = "day", .has_amount = true, .amount = { 7 } },
			{ .kind = "purchase", .per = "month" } } };
	struct change c = { .kind = KIND_FREEZE, .mode = "debit", .reason = "because" };

	(void)state;
	change_fingerprint(&c);
	is(c.fingerprint, "ca0607fa6859db5bc8dfaab68959d9cb033f11304ec041258b64c244a54eee7a");
	c = (struct change){ .kind = KIND_CLOSE, .reason = "done" };
	change_fingerprint(&c);
	is(c.fingerprint, "bbfba4818a213e5899a5ecb3474c9d99c783f754ab604ab75cb5c6c629e5ed75");
	c = (struct change){ .kind = KIND_LIMIT, .reason = "new", .limits = &limits };
	change_fingerprint(&c);
	is(c.fingerprint, "7803f1e85b997832860cf231ff463af80382f37a6a15452e0c41570579797da8");
}

/* The event and the API show the same members. */
static void
an_event_says_who_acted(void **state)
{
	static const char members[] =
		",\"held_change\":0,\"actor_id\":\"07000000-0000-0000-0000-000000000000\","
		"\"request_id\":\"a \\\"quoted\\\" id\",\"owner_id\":";
	struct transaction t = { .kind = KIND_FREEZE, .currency = "EUR", .has_actor = true,
		.actor = { .bytes = { 7 } }, .request_id = "a \"quoted\" id" };
	size_t bytes;
	char *event = fact_created(&t, &bytes);

	(void)state;
	assert_non_null(event);
	assert_non_null(strstr(event, members));
	free(event);
	t.has_actor = false;
	event = fact_created(&t, &bytes);
	assert_null(strstr(event, "actor_id"));
	assert_null(strstr(event, "request_id"));
	free(event);
}

static void
batches_keep_their_keys(void **state)
{
	static const char body[] = "{\"transactions\": [{\"kind\":\"deposit\","
		"\"amount\":1}], \"mode\":\"each\"}";
	static const char four[] = "[{\"kind\":\"deposit\",\"amount\":1}, 5, {\"kind\":\"gift\"},"
				   " {\"kind\":\"release\","
				   "\"reference_id\":\"018f6f2e-7b1c-7cc0-8000-00000000abcd\"}]";
	struct batch b = { 0 };
	struct caller caller = { 0 };
	struct faults f = { NULL };
	struct json_sent list = { json_loads(four, 0, NULL), { four, four + sizeof four - 1 } };

	(void)state;
	assert_int_equal(batch_key_read(&b.key, &caller.user, "key-1", json_loads(body, 0, NULL)),
		OK);
	is(b.key.fingerprint, "aa9c67b4ceebf61559410b87a31b004d4cb90074cd480445abcf0a6537abc9c5");
	assert_int_equal(batch_read(&b, &list, &caller, arena, &f), OK);
	assert_null(f.list);
	assert_string_equal(b.places[3].operation.key, "batch:0-mdJ10iqck_OXV1jLr-5g_DOjfcXvS6");
	assert_true(b.places[0].faults == NULL && b.places[1].faults != NULL);
	assert_true(b.places[2].faults != NULL && b.places[3].faults == NULL);
	b.atomic = true;
	assert_int_equal(batch_read(&b, &list, &caller, arena, &f),
		ERR_INVALID_REQUEST);
	assert_int_equal(json_array_size(f.list), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_and_balances_follow_within_a_wallet),
		cmocka_unit_test(refusals_and_replays_say_nothing),
		cmocka_unit_test(a_transfer_moves_its_other_side_too),
		cmocka_unit_test(a_full_batch_is_checked),
		cmocka_unit_test(openings_keep_their_fingerprints),
		cmocka_unit_test(changes_keep_their_fingerprints),
		cmocka_unit_test(an_event_says_who_acted),
		cmocka_unit_test(batches_keep_their_keys),
	};
	int failed;

	arena = arena_new(1 << 20);
	arena_enter(arena);
	failed = RUN(tests);
	arena_leave();
	arena_free(arena);
	return failed;
}
