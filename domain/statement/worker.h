/* worker.h - the thread of statement_consumer that writes files, sends mails and deletes expired
 * files, while the main thread stores lines. */
#ifndef DOMAIN_STATEMENT_WORKER_H
#define DOMAIN_STATEMENT_WORKER_H

#include <stdbool.h>

struct worker;

/* Starts the thread. It calls stopping() between steps: once true, it leaves the work to another
 * consumer. NULL, with a message on stderr, on failure. */
struct worker *worker_start(bool (*stopping)(void));
/* Makes the thread check for work now instead of within a second. Any thread can call it. */
void worker_wake(struct worker *w);
/* Does pending work unless stopping() is true, ends the thread, and frees the worker. */
void worker_end(struct worker *w);

#endif
