/* event_mac.h - proves that an event comes from our relay.
 *
 * The relay sends a MAC of the body (BLAKE2b with a key) in the header x-purse-mac, and
 * statement_consumer believes no event without one. Both read the key from events.key in the key
 * folder; the program that needs it first creates it. Load it before starting threads; afterwards
 * every function is thread-safe. */
#ifndef COMMON_BASE_EVENT_MAC_H
#define COMMON_BASE_EVENT_MAC_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"

#define EVENT_MAC_TEXT 44 /* including the NUL */

/* Loads the key, or creates it. False, with a sentence in the log, if neither is possible. */
bool event_mac_load(void) MUST_CHECK;
void event_mac_write(const void *body, size_t bytes, char out[EVENT_MAC_TEXT]);
/* False also if `mac` is NULL. */
bool event_mac_matches(const char *mac, const void *body, size_t bytes) MUST_CHECK;

#endif
