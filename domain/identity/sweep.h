/* sweep.h - deletes what has passed its keeping time: sessions, spent tokens, failed sign-ins,
 * known devices. */
#ifndef DOMAIN_IDENTITY_SWEEP_H
#define DOMAIN_IDENTITY_SWEEP_H

#include "domain/identity/auth.h"

/* Call after adding rows (sign-ins, refreshes, failures). One call in many deletes a
 * bounded number of expired rows. */
void sweep_some(struct auth *auth);

#endif
