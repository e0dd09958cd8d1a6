/* request_refuse.c - records why a request is refused, and what its answer says about it. */
#include <stdarg.h>
#include <stdio.h>

#include "common/http/request_private.h"

enum error
request_refuse(struct request *r, enum error e, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	r->detail = arena_strdup(r->arena, text);
	return e;
}

/* Formats before it passes the text on, so a '%' in a value is harmless. */
enum error
request_fault(struct request *r, const char *pointer, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return faults_add(&r->faults, pointer, "%s", text);
}

void
request_explain(struct request *r, const char *name, json_t *value)
{
	if (r->extra == NULL)
		r->extra = json_object();
	json_object_set_new(r->extra, name, value);
}

void
request_retry_after(struct request *r, long seconds)
{
	r->retry_after_s = seconds > 0 ? seconds : 1;
}
