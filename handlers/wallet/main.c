/* main.c - the Wallet service: its routes, and what it opens when it starts. */
#include <stdlib.h>

#include "common/base/config.h"
#include "common/http/health.h"
#include "domain/identity/identity.h"
#include "handlers/wallet/service.h"

static const struct route routes[] = {
	{ METHOD_POST, "/v1/wallets", wallet_post, SIGNED_IN },
	{ METHOD_GET, "/v1/wallets", wallet_list_get, SIGNED_IN },
	{ METHOD_GET, "/v1/wallets/{id}", wallet_get, SIGNED_IN },
	{ METHOD_GET, "/v1/wallets/{id}/balance", balance_get, SIGNED_IN },
	{ METHOD_GET, "/v1/wallets/{id}/balances", balances_get, SIGNED_IN },
	{ METHOD_GET, "/v1/wallets/{id}/holds", hold_list_get, SIGNED_IN },
	{ METHOD_GET, "/v1/wallets/{id}/limits", limits_get, SIGNED_IN },
	{ METHOD_PUT, "/v1/wallets/{id}/limits", limits_put, OPERATOR_ONLY },
	{ METHOD_GET, "/v1/wallets/limits", currency_limits_get, OPERATOR_ONLY },
	{ METHOD_PUT, "/v1/wallets/limits", currency_limits_put, OPERATOR_ONLY },
	{ METHOD_POST, "/v1/wallets/{id}/freeze", wallet_freeze_post, OPERATOR_ONLY },
	{ METHOD_POST, "/v1/wallets/{id}/unfreeze", wallet_unfreeze_post, OPERATOR_ONLY },
	{ METHOD_POST, "/v1/wallets/{id}/close", wallet_close_post, OPERATOR_ONLY },
	{ METHOD_POST, "/v1/transactions", transaction_post, SIGNED_IN },
	{ METHOD_POST, "/v1/transactions/batch", batch_post, SIGNED_IN, OPT_BATCH_BODY_LIMIT },
	{ METHOD_GET, "/v1/transactions", transaction_list_get, SIGNED_IN },
	{ METHOD_GET, "/v1/transactions/{id}", transaction_get, SIGNED_IN },
	{ METHOD_GET, "/health/wallet", health_get, ANYONE },
	{ METHOD_GET, "/health/wallet/live", health_live_get, ANYONE },
	{ METHOD_GET, "/health/wallet/alarms", alarms_get, ANYONE },
};

static void
wallet_stop(void *state)
{
	struct wallet_service *s = state;

	if (s->poster != NULL)
		poster_stop(s->poster);
	db_pool_free(s->pool);
	db_pool_free(s->ledger);
	free(s);
}

static void *
wallet_start(void)
{
	struct wallet_service *s;

	if (!config_require(OPT_WALLET_DATABASE_URL) || !identity_start())
		return NULL;
	if ((s = calloc(1, sizeof *s)) == NULL)
		return NULL;
	s->pool = wallets_pool(config_text(OPT_WALLET_DATABASE_URL));
	s->ledger = db_pool_new(config_text(OPT_WALLET_DATABASE_URL),
		(int)config_number(OPT_COMMITTERS));
	s->poster = poster_start(config_text(OPT_WALLET_DATABASE_URL));
	if (s->pool == NULL || s->ledger == NULL || s->poster == NULL) {
		wallet_stop(s);
		return NULL;
	}
	return s;
}

static const struct service wallet = {
	.name = "wallet",
	.routes = routes,
	.route_count = sizeof routes / sizeof routes[0],
	.start = wallet_start,
	.stop = wallet_stop,
	.identify = identity_check,
};

int
main(int argc, char **argv)
{
	return service_main(argc, argv, &wallet);
}
