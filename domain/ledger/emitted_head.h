/* emitted_head.h - what a message with transaction_emitted says outside of its body. */
#ifndef DOMAIN_LEDGER_EMITTED_HEAD_H
#define DOMAIN_LEDGER_EMITTED_HEAD_H

#include "common/base/event.h"

/* NULL where absent. */
struct emitted_head {
	const char *message_id; /* AMQP's */
	const char *content_type, *content_encoding;
	const char *type, *id, *source, *time; /* of CloudEvents */
	const char *fault; /* why these cannot be read, as part of a sentence */
};

/* Refuses what we would misread: an encoding or a media type that we do not know, and faults of an
 * event's attributes. An error has a reason. */
enum error emitted_head_check(const struct emitted_head *head,
	char reason[EVENT_REASON]) MUST_CHECK;

#endif
