/* client.h - the client of a request: its address and user agent, and what we count it by. */
#ifndef DOMAIN_IDENTITY_CLIENT_H
#define DOMAIN_IDENTITY_CLIENT_H

#define CLIENT_NETWORK 16
#define CLIENT_HASH 32

#include "domain/identity/auth.h"

/* As the request describes it. Either string can be NULL. */
struct client {
	const char *user_agent, *ip;
};

/* Whom one address stands for: an IPv4 address, or an IPv6 network of 64 bits, because that is what
 * one customer of a provider has. All zeroes if there is no address. */
void client_network(const struct client *c, unsigned char out[CLIENT_NETWORK]);

/* Identifies the device: a request with the same user agent and address has the same hash. */
void client_hash(
	const struct auth *auth, const struct client *c, unsigned char out[CLIENT_HASH]);

#endif
