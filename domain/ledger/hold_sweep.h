/* hold_sweep.h - releases holds that have expired. */
#ifndef DOMAIN_LEDGER_HOLD_SWEEP_H
#define DOMAIN_LEDGER_HOLD_SWEEP_H

#include <stdbool.h>

/* Every HOLD_SWEEP until program_stopping(); with `once`, until nothing is left. Needs
 * WALLET_DATABASE_URL, and no broker. Any number of copies may run at once. False: the database was
 * away (with `once` only). */
bool hold_sweep(bool once);

#endif
