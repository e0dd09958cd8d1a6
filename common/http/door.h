/* door.h - how many threads of a handler wait at its socket.
 *
 * The kernel wakes those who wait in accept() in turn, so with many of them each request finds a thread that is asleep and
 * whose memory is cold. So only as many as there are processors wait there and the others rest: who comes back from a
 * request takes the next one without sleeping. When nobody is left at the door, as all are at work, one of the resting is
 * woken. Measured on two processors with 64 connections: a posting's way through lighttpd, authorizer and handler takes a
 * fifth less processor time.
 *
 *	door_go(&door);          may rest before it returns
 *	accepted = accept(…);
 *	door_leave(&door);       before the request is worked on
 */
#ifndef COMMON_HTTP_DOOR_H
#define COMMON_HTTP_DOOR_H

#include <pthread.h>
#include <stdbool.h>

struct door {
	pthread_mutex_t lock;
	pthread_cond_t needed;
	int waiting, most; /* at the socket */
	bool ending;
};

void door_init(struct door *d);
void door_go(struct door *d);
void door_leave(struct door *d);
/* Nobody rests any more: the socket is shut, and everybody shall see it. */
void door_close(struct door *d);

#endif
