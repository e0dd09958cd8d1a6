/* door.c - limits how many threads of a handler wait at its socket; see door.h. */
#include "common/http/door.h"

#include <unistd.h>

#include "common/base/clock.h"

/* The longest rest. Then a thread waits at the socket even beyond the limit, because a silent peer
 * can hold up those that are there. */
#define REST_MAX_MS 1000

/* At least two, so that one silent peer never leaves the socket unattended. */
void
door_init(struct door *d)
{
	pthread_condattr_t monotonic;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	d->waiting_max = processors < 2 ? 2 : (int)processors;
	pthread_mutex_init(&d->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&d->needed, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

/* A thread that finds room enters even after door_close(): accept() then tells it to end. */
void
door_enter(struct door *d)
{
	struct timespec until;
	int waited = 0;

	pthread_mutex_lock(&d->lock);
	if (d->waiting >= d->waiting_max) {
		until = clock_deadline(REST_MAX_MS);
		while (d->waiting >= d->waiting_max && !d->closed && waited == 0)
			waited = pthread_cond_timedwait(&d->needed, &d->lock, &until);
	}
	d->waiting++;
	pthread_mutex_unlock(&d->lock);
}

/* Wakes another thread only if none is left at the socket: while one waits there, it takes the next
 * request, and its memory is warm. */
void
door_leave(struct door *d)
{
	pthread_mutex_lock(&d->lock);
	if (--d->waiting == 0)
		pthread_cond_signal(&d->needed);
	pthread_mutex_unlock(&d->lock);
}

void
door_close(struct door *d)
{
	pthread_mutex_lock(&d->lock);
	d->closed = true;
	pthread_cond_broadcast(&d->needed);
	pthread_mutex_unlock(&d->lock);
}
