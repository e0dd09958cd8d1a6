/* alarm.h - an alarm: what goes wrong without failing any request. */
#ifndef COMMON_BASE_ALARM_H
#define COMMON_BASE_ALARM_H

#include <jansson.h>
#include <stddef.h>

#include "common/base/clock.h"

struct alarm {
	const char *code, *subject; /* what it is, and of what: "unpublished", "transaction" */
	const char *detail;         /* a sentence without its full stop, for the log */
	instant_us since;
};

/* {"alarms": [{"code", "subject", "since"}, …]} for health, which anyone can read, so without the
 * details. NULL: out of memory. */
json_t *alarms_json(const struct alarm list[], size_t count);

#endif
