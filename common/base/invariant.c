/* invariant.c - aborts a program that has reached an impossible state; see invariant.h. */
#include "common/base/invariant.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"

/* abort(), not exit(): it can leave a core to look at, and runs no handlers on broken state. */
void
invariant_failed(const char *file, int line, const char *condition, const char *fmt, ...)
{
	char seen[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(seen, sizeof seen, fmt, ap);
	va_end(ap);
	log_error("invariant broken at %s:%d: %s: %s", file, line, condition, seen);
	abort();
}
