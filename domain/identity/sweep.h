/* sweep.h - removes sessions, spent tokens and failed attempts that have had their time. */
#ifndef DOMAIN_IDENTITY_SWEEP_H
#define DOMAIN_IDENTITY_SWEEP_H

#include "domain/identity/auth.h"

/* Called after whatever adds rows (sign-ins, refreshes, failures): one call in many removes a
 * bounded number of them. */
void sweep_some(struct auth *auth);

#endif
