/* period.c - the parameters `from` and `to` of a query; see period.h. */
#include "common/http/period.h"

static enum error
moment_read(struct request *r, const char *name, enum field_type type, const char *text,
	instant_us *t)
{
	const struct field field = { name, type, .instant = t };

	return text != NULL ? bind_text(text, &field, &r->faults) : OK;
}

enum error
period_read(struct request *r, struct period *p)
{
	enum error e = moment_read(r, "from", FIELD_FROM, p->from_text, &p->from);

	return faults_join(e, moment_read(r, "to", FIELD_TO, p->to_text, &p->to));
}

/* As instants, the dates 2nd to 1st make an empty period. */
static bool
days_are_reversed(const struct period *p)
{
	instant_us first, last;

	return p->from_text != NULL && p->to_text != NULL && date_parse(p->from_text, &first) &&
	       date_parse(p->to_text, &last) && first > last;
}

enum error
period_check(struct request *r, const struct period *p)
{
	if (p->from > p->to || days_are_reversed(p))
		return request_fault(r, "/from", "must not be later than to");
	return OK;
}
