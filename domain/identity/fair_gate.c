/* fair_gate.c - fair queueing by client; see fair_gate.h.
 *
 * Each waiter gets a turn number: one more than the last waiter of its client has, and never less
 * than the current turn. The lowest number is next. The queue is short, so we walk it. */
#include "domain/identity/fair_gate.h"

#include <string.h>

enum verdict { WAITING, ADMITTED, REFUSED };

/* On the stack of the thread that waits. */
struct gate_waiter {
	pthread_cond_t decided;
	enum verdict verdict;
	uint64_t turn;
	unsigned char client[CLIENT_NETWORK];
	struct gate_waiter *next, *previous;
};

/* The caller holds the lock, here and below. */
static void
waiter_add(struct fair_gate *g, struct gate_waiter *w)
{
	w->previous = g->last;
	if (g->last != NULL)
		g->last->next = w;
	else
		g->first = w;
	g->last = w;
	g->waiting++;
}

static void
waiter_decide(struct fair_gate *g, struct gate_waiter *w, enum verdict verdict)
{
	if (w->previous != NULL)
		w->previous->next = w->next;
	else
		g->first = w->next;
	if (w->next != NULL)
		w->next->previous = w->previous;
	else
		g->last = w->previous;
	g->waiting--;
	w->verdict = verdict;
	pthread_cond_signal(&w->decided);
}

static bool
same_client(const struct gate_waiter *w, const unsigned char client[CLIENT_NETWORK])
{
	return memcmp(w->client, client, CLIENT_NETWORK) == 0;
}

static int64_t
waiters_of(const struct fair_gate *g, const unsigned char client[CLIENT_NETWORK])
{
	int64_t n = 0;

	for (const struct gate_waiter *w = g->first; w != NULL; w = w->next)
		n += same_client(w, client);
	return n;
}

static uint64_t
turn_of(const struct fair_gate *g, const unsigned char client[CLIENT_NETWORK])
{
	uint64_t turn = g->turn;

	for (const struct gate_waiter *w = g->first; w != NULL; w = w->next)
		if (same_client(w, client) && w->turn > turn)
			turn = w->turn;
	return turn + 1;
}

/* The last waiter of the client that has the most, if it has more than `most`; else NULL. */
static struct gate_waiter *
excess_of_others(struct fair_gate *g, int64_t most)
{
	struct gate_waiter *found = NULL;

	for (struct gate_waiter *w = g->last; w != NULL; w = w->previous) {
		int64_t n = waiters_of(g, w->client);

		if (n > most) {
			most = n;
			found = w;
		}
	}
	return found;
}

static bool
room_make(struct fair_gate *g, const unsigned char client[CLIENT_NETWORK], int64_t waiting_max)
{
	struct gate_waiter *excess;

	if (g->waiting < waiting_max)
		return true;
	if ((excess = excess_of_others(g, waiters_of(g, client) + 1)) == NULL)
		return false;
	waiter_decide(g, excess, REFUSED);
	return true;
}

static bool
wait_for_turn(struct fair_gate *g, const unsigned char client[CLIENT_NETWORK])
{
	struct gate_waiter self = { .decided = PTHREAD_COND_INITIALIZER,
		.turn = turn_of(g, client) };

	memcpy(self.client, client, CLIENT_NETWORK);
	waiter_add(g, &self);
	while (self.verdict == WAITING)
		pthread_cond_wait(&self.decided, &g->lock);
	pthread_cond_destroy(&self.decided);
	return self.verdict == ADMITTED;
}

bool
fair_gate_enter(struct fair_gate *g, const unsigned char client[CLIENT_NETWORK],
	int64_t inside_max, int64_t waiting_max)
{
	bool entered = true;

	pthread_mutex_lock(&g->lock);
	if (g->inside < inside_max)
		g->inside++;
	else
		entered = room_make(g, client, waiting_max) && wait_for_turn(g, client);
	pthread_mutex_unlock(&g->lock);
	return entered;
}

/* The place goes to the next waiter, and never to a thread that arrives in between. */
void
fair_gate_leave(struct fair_gate *g)
{
	struct gate_waiter *next;

	pthread_mutex_lock(&g->lock);
	next = g->first;
	for (struct gate_waiter *w = next; w != NULL; w = w->next)
		if (w->turn < next->turn)
			next = w;
	if (next != NULL) {
		g->turn = next->turn;
		waiter_decide(g, next, ADMITTED);
	} else {
		g->inside--;
	}
	pthread_mutex_unlock(&g->lock);
}
