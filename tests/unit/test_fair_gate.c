/* test_fair_gate.c - the gate before password hashes: clients take turns, and a flood costs others
 * no place. */
#include <unistd.h>

#include "domain/identity/fair_gate.c"
#include "tests/unit/unit.h"

static struct fair_gate gate = FAIR_GATE;
static char order[64]; /* the clients admitted, a letter each; in the order of their turns */
static size_t admitted;
static int refused;

struct visitor {
	pthread_t thread;
	char client;
	int64_t waiting_max;
};

static void *
visit(void *context)
{
	const struct visitor *v = context;
	unsigned char client[CLIENT_NETWORK] = { [0] = (unsigned char)v->client };

	if (!fair_gate_enter(&gate, client, 1, v->waiting_max)) {
		__atomic_add_fetch(&refused, 1, __ATOMIC_SEQ_CST);
		return NULL;
	}
	order[admitted++] = v->client; /* one at a time is inside */
	fair_gate_leave(&gate);
	return NULL;
}

static int64_t
waiting_and_refused(void)
{
	int64_t n;

	pthread_mutex_lock(&gate.lock);
	n = gate.waiting;
	pthread_mutex_unlock(&gate.lock);
	return n + __atomic_load_n(&refused, __ATOMIC_SEQ_CST);
}

/* Visitors arrive one after another, while someone is inside; then they are let in. */
static void
visits(const char *clients, int64_t waiting_max)
{
	static const unsigned char self[CLIENT_NETWORK] = { [0] = 'x' };
	struct visitor visitors[64];
	size_t n = strlen(clients);

	admitted = 0;
	refused = 0;
	memset(order, 0, sizeof order);
	assert_true(fair_gate_enter(&gate, self, 1, waiting_max));
	for (size_t i = 0; i < n; i++) {
		visitors[i] = (struct visitor){ .client = clients[i], .waiting_max = waiting_max };
		assert_int_equal(
			pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]), 0);
		while (waiting_and_refused() < (int64_t)i + 1)
			usleep(200);
	}
	fair_gate_leave(&gate);
	for (size_t i = 0; i < n; i++)
		pthread_join(visitors[i].thread, NULL);
	assert_int_equal(gate.inside, 0);
	assert_int_equal(gate.waiting, 0);
	assert_null(gate.first);
	assert_null(gate.last);
}

static void
one_client_waits_in_order_of_arrival(void **state)
{
	(void)state;
	visits("", 8);
	visits("aaa", 8);
	assert_string_equal(order, "aaa");
}

static void
clients_take_turns(void **state)
{
	(void)state;
	visits("aaaaaaaabbc", 64);
	assert_string_equal(order, "abcabaaaaaa");
}

static void
a_flood_costs_others_no_place(void **state)
{
	(void)state;
	visits("aaaaaaaa", 4);
	assert_string_equal(order, "aaaa");
	assert_int_equal(refused, 4);
	/* b and c find the queue full, and take places of a. */
	visits("aaaaaabc", 4);
	assert_string_equal(order, "abca");
	assert_int_equal(refused, 4);
	/* No one has more places than the newcomer would have. */
	visits("abcdaabe", 4);
	assert_string_equal(order, "abcd");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_client_waits_in_order_of_arrival),
		cmocka_unit_test(clients_take_turns),
		cmocka_unit_test(a_flood_costs_others_no_place),
	};

	return RUN(tests);
}
