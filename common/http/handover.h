/* handover.h - a handler restarts itself without refusing a request.
 *
 * The gateway connects to a socket that the handler inherits from it. A handler that just stopped
 * accepting would leave the gateway with refused connections until its last request has ended, as
 * the gateway starts another only then. So, on a signal that does not come from the gateway:
 *
 *	1. it starts a stand-in: the same program on the same socket, and waits until that serves;
 *	2. its threads finish their requests and accept no more;
 *	3. it executes itself again, so that the gateway still knows its process id;
 *	4. once it serves again, it ends the stand-in, which finishes its requests.
 *
 * A signal that arrives in between waits until step 4 has ended, and then starts another handover.
 * Only its handler, or the handler's death, ends a stand-in: signals from others do not. */
#ifndef COMMON_HTTP_HANDOVER_H
#define COMMON_HTTP_HANDOVER_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/base/error.h"

/* Call first, in the main thread. */
void handover_init(void);
/* Is this signal a reason to hand over? Not if the gateway, or the end of it, sent it. */
bool handover_is_due(const siginfo_t *signal) MUST_CHECK;
/* Is this signal to be ignored? It is by a stand-in, unless its handler sent it. */
bool handover_ignores(const siginfo_t *signal) MUST_CHECK;
/* Does another process serve the socket from now on? Asked by one that received a signal. */
bool handover_is_stand_in(void) MUST_CHECK;
/* Starts the stand-in. Returns its process id once it serves; 0 if it does not. */
pid_t handover_start(char **argv) MUST_CHECK;
/* Executes the program again. Returns only on failure: then end, which ends the stand-in. */
void handover_execute(char **argv, pid_t stand_in);
/* Call when the program serves: tells whoever waits for it. */
void handover_ready(void);

#endif
