/* config.h - the options of config.def, read once at start: environment, then the file
 * PURSE_CONFIG, then the default.
 *
 * PURSE_CONFIG defaults to $DATA_DIR/purse.env (DATA_DIR itself defaulting to var); it may be
 * absent unless it was named. After config_load() everything is constant and may be read from any
 * thread. */
#ifndef COMMON_BASE_CONFIG_H
#define COMMON_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

enum option {
#define OPTION(name, type, value, least, most, help) OPT_##name,
#include "common/base/config.def"
#undef OPTION
	OPTION_COUNT
};

/* Reads everything; on what cannot be read writes one sentence a fault to stderr and answers false.
 */
bool config_load(void) MUST_CHECK;
/* False, with a sentence on stderr, where the TEXT option is not set: for what a program cannot do
 * without. */
bool config_require(enum option o) MUST_CHECK;

/* TEXT; NULL where not set. */
const char *config_text(enum option o);
/* INT as it is, SIZE in bytes, TIME in milliseconds. */
int64_t config_number(enum option o);
/* The name of the option, for messages. */
const char *config_name(enum option o);
/* KEY_DIR and STATEMENT_DIR, with their defaults below DATA_DIR. Writes at most `bytes`, false if
 * too long. */
bool config_folder(enum option o, const char *below, char *out, size_t bytes) MUST_CHECK;

#endif
