/* balances_get.c - GET /v1/wallets/{id}/balances: the balance over time, by hour, day or month. */
#include "common/http/period.h"
#include "handlers/wallet/service.h"

static const char *const steps[] = { "hour", "day", "month", NULL };

/* Balances need a period that is not empty. Those of the future are not known. */
static enum error
balances_read(struct request *r, struct period *p, int64_t *step)
{
	const struct field fields[] = {
		PERIOD_FIELDS(p),
		{ "by", FIELD_CHOICE, .choices = steps, .number = step },
	};
	instant_us now = clock_now();
	enum error e, period;

	*p = (struct period){ .to = now };
	*step = 1;
	e = request_bind_query(r, fields, sizeof fields / sizeof fields[0]);
	if ((period = period_read(r, p)) != OK)
		return faults_join(e, period);
	if (p->from_text == NULL)
		p->from = p->to > 30 * US_PER_DAY ? p->to - 30 * US_PER_DAY : 0;
	if (p->from >= p->to)
		return faults_join(e, request_fault(r, "/from", "must be before to"));
	if (p->to > now)
		p->to = now;
	return e;
}

struct reply *
balances_get(struct request *r)
{
	struct wallet_service *s = r->service;
	struct period period;
	int64_t step;
	struct wallet wallet;
	struct balance_point *points;
	size_t count;
	char id[UUID_TEXT];
	enum error e;

	if ((e = balances_read(r, &period, &step)) != OK ||
	    (e = wallet_find(s->pool, &r->ids[0], caller_scope(r), r->arena, &wallet)) != OK ||
	    (e = balance_history(s->pool, &r->ids[0], period.from, period.to, steps[step],
		     r->arena, &points, &count)) != OK)
		return reply_error(r, e);
	if (count > BALANCE_POINTS_MAX)
		return reply_error(r, request_fault(r, "/by",
			"gives more than %d points: use longer steps or a shorter period",
			BALANCE_POINTS_MAX));
	uuid_format(&wallet.id, id);
	return reply_json(r, 200, json_pack("{s:s, s:s, s:s, s:o}", "wallet_id", id, "currency",
		wallet.currency, "by", steps[step], "data",
		balance_points_json(points, count)));
}
