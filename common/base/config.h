/* config.h - the options of config.def, read once at start: from the environment, then the file
 * PURSE_CONFIG, then the defaults.
 *
 * PURSE_CONFIG defaults to $DATA_DIR/purse.env (DATA_DIR defaults to var). The default file is
 * optional; a file that PURSE_CONFIG names must exist. After config_load() everything is constant,
 * so any thread can read it. */
#ifndef COMMON_BASE_CONFIG_H
#define COMMON_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

enum option {
#define OPTION(name, type, value, min, max, help) OPT_##name,
#include "common/base/config.def"
#undef OPTION
	OPTION_COUNT
};

/* Reads everything. Returns false if anything is invalid, with one sentence per fault on stderr. */
bool config_load(void) MUST_CHECK;
/* For options without which a program cannot run: returns false, with a sentence on stderr, if the
 * TEXT option is not set. */
bool config_require(enum option o) MUST_CHECK;

/* TEXT; NULL if not set. Lives until the program ends. */
const char *config_text(enum option o);
/* INT as is, SIZE in bytes, TIME in milliseconds. */
int64_t config_number(enum option o);
/* Prints every option that is set, as NAME=value. A URL's password is replaced by ***. */
void config_print(void);
/* The option's name, for messages. */
const char *config_name(enum option o);
/* The folder in KEY_DIR or STATEMENT_DIR; by default `below` in DATA_DIR. Writes at most `bytes`;
 * returns false if it does not fit. */
bool config_folder(enum option o, const char *below, char *out, size_t bytes) MUST_CHECK;

#endif
