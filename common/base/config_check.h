/* config_check.h - whether the value of an option makes sense, beyond its length or size. */
#ifndef COMMON_BASE_CONFIG_CHECK_H
#define COMMON_BASE_CONFIG_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"

/* The types of config.def whose values are text. */
enum config_text_type {
	CONFIG_TEXT,
	CONFIG_CHOICE,
	CONFIG_CURRENCY,
	CONFIG_URL,
	CONFIG_DATABASE,
	CONFIG_AMQP,
	CONFIG_SMTP,
	CONFIG_MAIL,
	CONFIG_PATH,
	CONFIG_LISTEN,
	CONFIG_NETWORKS
};

/* Returns NULL if the value is valid, else what it must be: "a currency code of ISO 4217". `help`
 * is the option's line of help, which for CONFIG_CHOICE lists the choices. */
const char *config_check(enum config_text_type type, const char *value, const char *help);

#endif
