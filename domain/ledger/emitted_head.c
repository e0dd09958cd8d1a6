/* emitted_head.c - checks what a message says outside of its body; see emitted_head.h. */
#include "domain/ledger/emitted_head.h"

#include <stdio.h>
#include <strings.h>

#include "common/base/clock.h"

/* Many clients label text with its charset instead. */
static bool
is_plain(const char *encoding)
{
	static const char *const names[] = { "", "identity", "utf-8", "utf8", "us-ascii" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcasecmp(encoding, names[i]) == 0)
			return true;
	return false;
}

/* Labels that clients set by default say nothing about the body. */
static bool
is_readable(const char *media_type)
{
	return media_type[0] == '\0' || event_is_json(media_type) ||
	       strncasecmp(media_type, "text/plain", 10) == 0 ||
	       strcasecmp(media_type, "application/octet-stream") == 0;
}

enum error
emitted_head_check(const struct emitted_head *head, char reason[EVENT_REASON])
{
	const char *encoding = head->content_encoding, *type = head->content_type;
	int n = 0;

	if (encoding != NULL && !is_plain(encoding))
		n = snprintf(reason, EVENT_REASON,
			"the content_encoding %.100s is not read: send plain JSON", encoding);
	else if (type != NULL && !is_readable(type))
		n = snprintf(reason, EVENT_REASON,
			"the content_type %.100s is not read: send application/json or"
			" application/cloudevents+json", type);
	else if (head->fault != NULL)
		n = snprintf(reason, EVENT_REASON, "%s", head->fault);
	else if (head->time != NULL && !instant_is_valid(head->time))
		n = snprintf(reason, EVENT_REASON,
			"the header with the CloudEvents time must be an RFC 3339 time");
	return n > 0 ? ERR_INVALID_REQUEST : OK;
}
