/* fair_gate.h - admits a bounded number of threads, and lets those that wait in by turns: one of
 * each client, however many each client has.
 *
 * If too many wait, the client with the most waiters loses its last one. So a flood from one client
 * costs others nothing but the turns of one more client. Thread-safe. */
#ifndef DOMAIN_IDENTITY_FAIR_GATE_H
#define DOMAIN_IDENTITY_FAIR_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "domain/identity/client.h"

struct gate_waiter;

struct fair_gate {
	pthread_mutex_t lock;
	int64_t inside, waiting;
	uint64_t turn; /* of the waiter admitted last */
	struct gate_waiter *first, *last; /* in the order of arrival */
};

#define FAIR_GATE { .lock = PTHREAD_MUTEX_INITIALIZER }

/* False: too many wait. Call fair_gate_leave() once after each true. */
bool fair_gate_enter(struct fair_gate *g, const unsigned char client[CLIENT_NETWORK],
	int64_t inside_max, int64_t waiting_max) MUST_CHECK;
void fair_gate_leave(struct fair_gate *g);

#endif
