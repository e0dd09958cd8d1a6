/* door.c - how many threads of a handler wait at its socket; see door.h. */
#include "common/http/door.h"

#include <time.h>
#include <unistd.h>

/* The longest rest: then a thread waits at the socket however many do, as a silent peer may hold up
 * those that are there. */
#define REST_MOST_S 1

void
door_init(struct door *d)
{
	pthread_condattr_t monotonic;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	d->waiting_most = processors < 2 ? 2 : (int)processors;
	pthread_mutex_init(&d->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&d->needed, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

void
door_enter(struct door *d)
{
	struct timespec until;
	int waited = 0;

	pthread_mutex_lock(&d->lock);
	if (d->waiting >= d->waiting_most) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += REST_MOST_S;
		while (d->waiting >= d->waiting_most && !d->closed && waited == 0)
			waited = pthread_cond_timedwait(&d->needed, &d->lock, &until);
	}
	d->waiting++;
	pthread_mutex_unlock(&d->lock);
}

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
