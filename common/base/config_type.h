/* config_type.h - the types of options: what an option's text must look like, beyond its bounds. */
#ifndef COMMON_BASE_CONFIG_TYPE_H
#define COMMON_BASE_CONFIG_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

enum config_type {
	TEXT,
	INT,
	SIZE,
	TIME,
	/* The types below are texts with a form. */
	LEVEL,
	STANDBY,
	CURRENCY,
	URL,
	DATABASE,
	AMQP,
	SMTP,
	MAILBOX,
	FOLDER,
	LISTENER,
	ADDRESS,
	NETWORKS,
	CONFIG_TYPE_COUNT
};

/* True for INT, SIZE and TIME: the bounds are those of the number. Else those of the length. */
bool config_type_is_number(enum config_type t);
/* Reads a number with its unit: as it is, in bytes, or in milliseconds. */
bool config_type_number(enum config_type t, const char *text, int64_t *out) MUST_CHECK;
/* Whether a text has the type's form. Reads the disk for FOLDER. */
bool config_type_matches(enum config_type t, const char *text) MUST_CHECK;
/* The form in words, to complete "… must be". */
const char *config_type_form(enum config_type t);
/* The unit of a number's bounds, with a space before it; or "". */
const char *config_type_unit(enum config_type t);
/* Whether a value can contain a password, so that no message shows it. */
bool config_type_is_secret(enum config_type t);

#endif
