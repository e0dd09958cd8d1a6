/* client.c - tells clients apart; see client.h. */
#include "domain/identity/client.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

/* ::ffff:192.0.2.1 is an IPv4 address. */
static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

void
client_network(const struct client *c, unsigned char out[CLIENT_NETWORK])
{
	struct in6_addr six;

	memset(out, 0, CLIENT_NETWORK);
	if (c->ip == NULL)
		return;
	memcpy(out, mapped, sizeof mapped);
	if (inet_pton(AF_INET, c->ip, out + sizeof mapped) == 1)
		return;
	memset(out, 0, CLIENT_NETWORK);
	if (inet_pton(AF_INET6, c->ip, &six) == 1)
		memcpy(out, &six,
			memcmp(&six, mapped, sizeof mapped) == 0 ? CLIENT_NETWORK
								  : CLIENT_NETWORK / 2);
}

void
client_hash(const struct auth *auth, const struct client *c, unsigned char out[CLIENT_HASH])
{
	const char *agent = c->user_agent != NULL ? c->user_agent : "",
		   *ip = c->ip != NULL ? c->ip : "";
	crypto_generichash_state state;

	crypto_generichash_init(&state, auth->secret, sizeof auth->secret, CLIENT_HASH);
	crypto_generichash_update(&state, (const unsigned char *)agent, strlen(agent) + 1);
	crypto_generichash_update(&state, (const unsigned char *)ip, strlen(ip) + 1);
	crypto_generichash_final(&state, out, CLIENT_HASH);
}
