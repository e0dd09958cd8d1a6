/* worker.h - the thread of statement_consumer that makes files, sends mails and removes what is
 * old, while lines flow. */
#ifndef DOMAIN_STATEMENT_WORKER_H
#define DOMAIN_STATEMENT_WORKER_H

#include <stdbool.h>

struct worker;

/* Starts the thread. stopping() is asked between steps: once it is true, work is left for the next
 * consumer. NULL, after a sentence on stderr: it cannot. */
struct worker *worker_start(bool (*stopping)(void));
/* There may be work: look now instead of a second later. Any thread. */
void worker_wake(struct worker *w);
/* Finishes what is due (nothing, once stopping() is true), ends the thread, frees everything. */
void worker_end(struct worker *w);

#endif
