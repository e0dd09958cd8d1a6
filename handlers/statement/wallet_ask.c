/* wallet_ask.c - asks the wallet service about a wallet of which no line has arrived.
 *
 * Only events tell this service of wallets, and while RabbitMQ is down none arrives. But a wallet
 * that exists has a statement, even if it is empty as yet. */
#include "handlers/statement/wallet_ask.h"

#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/http/ask.h"

/* Of a list, the caller's oldest wallet that is open, or the oldest: without wallet_id the services
 * agree on it. */
static const json_t *
wallet_choose(const json_t *body)
{
	const json_t *list = json_object_get(body, "data"), *wallet;
	size_t i;

	if (list == NULL)
		return body;
	json_array_foreach(list, i, wallet) {
		const char *status = json_string_value(json_object_get(wallet, "status"));

		if (status != NULL && strcmp(status, "closed") != 0)
			return wallet;
	}
	return json_array_get(list, 0);
}

static bool
span_fill(struct span *s, const struct statement_query *q, const json_t *wallet)
{
	const char *id = json_string_value(json_object_get(wallet, "id")),
		   *currency = json_string_value(json_object_get(wallet, "currency"));

	*s = (struct span){ .from = q->from, .to = q->to };
	if (id == NULL || currency == NULL || !uuid_parse(id, &s->wallet))
		return false;
	snprintf(s->currency, sizeof s->currency, "%s", currency);
	return true;
}

enum error
wallet_ask(struct request *r, const struct statement_query *q, struct span *s)
{
	const char *address = config_text(OPT_WALLET_SERVICE);
	char path[sizeof "/v1/wallets/" + UUID_TEXT] = "/v1/wallets", id[UUID_TEXT];
	json_t *body = NULL;
	int status = 0;
	enum error e;

	if (address == NULL || q->is_next)
		return ERR_NOT_FOUND;
	if (q->has_wallet) {
		uuid_format(&q->wallet, id);
		snprintf(path, sizeof path, "/v1/wallets/%s", id);
	}
	if ((e = ask_get(r, address, path, &status, &body)) == ERR_TOO_LARGE)
		return e;
	if (e != OK || status != 200 || !span_fill(s, q, wallet_choose(body)))
		return ERR_NOT_FOUND;
	return OK;
}
