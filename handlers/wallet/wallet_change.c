/* wallet_change.c - the common part of freezing, unfreezing and closing a wallet. */
#include "domain/ledger/changes.h"
#include "handlers/wallet/replies.h"
#include "handlers/wallet/service.h"

static const char *const freeze_modes[] = { "both", "debit", NULL };

/* The reason, and the mode of a freeze. A field that the kind does not have is left out of the
 * table, and so refused as unknown. */
static enum error
change_read(struct request *r, enum kind kind, struct change *c)
{
	int64_t mode = 0;
	const struct field fields[] = {
		{ "reason", FIELD_TEXT, .required = true, .min = 1, .max = REASON_MAX,
			.text = &c->reason },
		/* Only for a freeze: */
		{ "mode", FIELD_CHOICE, .choices = freeze_modes, .number = &mode },
	};
	struct json_sent body;
	enum error e;

	*c = (struct change){ .id = uuid_v7(), .wallet = r->ids[0], .caller = &r->caller,
		.kind = kind };
	e = request_read(r, NULL, 0, &c->key, &body);
	if (body.value != NULL)
		e = faults_join(e, bind_object(body.value, fields, kind == KIND_FREEZE ? 2 : 1, "",
			&r->faults));
	if (kind == KIND_FREEZE)
		c->mode = freeze_modes[mode];
	return e;
}

struct reply *
reply_change(struct request *r, enum kind kind)
{
	struct wallet_service *s = r->service;
	struct change change;
	struct outcome out;
	enum error e;

	if ((e = change_read(r, kind, &change)) != OK ||
	    (e = wallet_change(s->pool, &change, r->arena, &out)) != OK)
		return reply_error(r, e);
	return reply_outcome(r, &out);
}
