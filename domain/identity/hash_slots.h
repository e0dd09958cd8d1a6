/* hash_slots.h - limits password hashes where each request is a process of its own (plain CGI):
 * what fair_gate.h does for threads, between processes.
 *
 * A slot is an advisory lock in the database. So a process that dies frees its own. One client has
 * at most one slot, however many requests it makes; all clients together have
 * ARGON2_CONCURRENCY. */
#ifndef DOMAIN_IDENTITY_HASH_SLOTS_H
#define DOMAIN_IDENTITY_HASH_SLOTS_H

#include "domain/identity/auth.h"
#include "domain/identity/client.h"

/* Whether this process serves one request only. */
bool hash_slots_needed(void);

/* Takes a slot until the process ends. ERR_OVERLOADED: none was free for ten seconds. */
enum error hash_slot_take(
	struct auth *auth, const unsigned char client[CLIENT_NETWORK]) MUST_CHECK;

#endif
