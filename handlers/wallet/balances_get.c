/* balances_get.c - GET /v1/wallets/{id}/balances: the balance over time, by hour, day or month. */
#include "handlers/wallet/service.h"

static const char *const steps[] = { "hour", "day", "month", NULL };

struct period {
	bool has_from;
	instant_us from, to;
	int64_t step;
};

static enum error
period_read(struct request *r, struct period *p)
{
	const struct field fields[] = {
		{ "from", FIELD_FROM, .present = &p->has_from, .instant = &p->from },
		{ "to", FIELD_TO, .instant = &p->to },
		{ "by", FIELD_CHOICE, .choices = steps, .number = &p->step },
	};
	instant_us now = clock_now();
	enum error e;

	*p = (struct period){ .to = now, .step = 1 };
	if ((e = request_bind_query(r, fields, sizeof fields / sizeof fields[0])) != OK)
		return e;
	if (!p->has_from)
		p->from = p->to > 30 * US_PER_DAY ? p->to - 30 * US_PER_DAY : 0;
	if (p->from >= p->to)
		return request_fault(r, "/from", "must be before to");
	if (p->to > now)
		p->to = now; /* no balances in the future */
	return OK;
}

struct reply *
balances_get(struct request *r)
{
	struct wallet_service *s = r->service;
	struct period period;
	struct wallet wallet;
	struct balance_point *points;
	size_t count;
	char id[UUID_TEXT];
	enum error e;

	if ((e = period_read(r, &period)) != OK ||
	    (e = wallet_find(s->pool, &r->ids[0], caller_scope(r), r->arena, &wallet)) != OK ||
	    (e = balance_history(s->pool, &r->ids[0], period.from, period.to, steps[period.step],
		     r->arena, &points, &count)) != OK)
		return reply_error(r, e);
	if (count > BALANCE_POINTS_MAX)
		return reply_error(r, request_fault(r, "/by",
			"gives more than %d points: use longer steps or a shorter period",
			BALANCE_POINTS_MAX));
	uuid_format(&wallet.id, id);
	return reply_json(r, 200, json_pack("{s:s, s:s, s:s, s:o}", "wallet_id", id, "currency",
		wallet.currency, "by", steps[period.step], "data",
		balance_points_json(points, count)));
}
