/* hold_sweep.h - releases expired holds, and once a minute forgets old rows: see keeping.h. */
#ifndef DOMAIN_LEDGER_HOLD_SWEEP_H
#define DOMAIN_LEDGER_HOLD_SWEEP_H

#include <stdbool.h>

/* Sweeps every HOLD_SWEEP until program_stopping(); with `once`, until no expired hold is left.
 * Needs WALLET_DATABASE_URL, but no broker. Any number of copies can run at once. False if the
 * database was unavailable (with `once` only). */
bool hold_sweep(bool once);

#endif
