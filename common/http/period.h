/* period.h - the parameters `from` and `to` of a query, and what is wrong with them together. */
#ifndef COMMON_HTTP_PERIOD_H
#define COMMON_HTTP_PERIOD_H

#include "common/http/request.h"

/* Half open. The texts are as sent, NULL if absent; then the caller sets the instant. */
struct period {
	const char *from_text, *to_text;
	instant_us from, to;
};

/* The two fields of a query. */
#define PERIOD_FIELDS(p) \
	{ "from", FIELD_TEXT, .text = &(p)->from_text }, \
	{ \
		"to", FIELD_TEXT, .text = &(p)->to_text \
	}

/* Reads both texts, after request_bind_query(). Collects the faults of both. */
enum error period_read(struct request *r, struct period *p) MUST_CHECK;
/* A period must not end before it starts. */
enum error period_check(struct request *r, const struct period *p) MUST_CHECK;

#endif
