/* bind.h - reads declared members of a JSON object (or a query) into C variables and collects every
 * fault.
 *
 *	struct field fields[] = {
 *		{ "wallet_id", FIELD_UUID, .uuid = &op->wallet_id, .present = &op->has_wallet_id },
 *		{ "amount", FIELD_AMOUNT, .amount = &op->amount, .required = true },
 *		{ "kind", FIELD_CHOICE, .number = &kind, .choices = kinds, .required = true },
 *	};
 *
 * A JSON null is the same as an absent member. Unknown members are faults. Strings point into the
 * JSON value (or the arena) and live as long as it does. */
#ifndef COMMON_BASE_BIND_H
#define COMMON_BASE_BIND_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/money.h"
#include "common/base/uuid.h"

enum field_type {
	/* Valid UTF-8 of min … max characters, not all of them blank or invisible; the only control
	 * characters are TAB and newline, and nothing deceives (text_deceives()) in what people
	 * read. */
	FIELD_TEXT,
	FIELD_UUID,
	FIELD_CURRENCY, /* an ISO 4217 code; into .text */
	FIELD_AMOUNT, /* integer, 1 … MONEY_MAX; 12.0 and "12" are faults */
	FIELD_NUMBER, /* integer, min … max */
	FIELD_BOOL,
	FIELD_CHOICE,  /* one of choices; its index into *number */
	FIELD_INSTANT, /* RFC 3339 */
	FIELD_FROM,    /* RFC 3339 or a plain date: the start of a half-open period */
	FIELD_TO,      /* the same for its end; a plain date includes that day */
	FIELD_ARRAY,   /* any array; not in queries */
	FIELD_PAIRS,   /* queries only: repeated name[key]=value */
	FIELD_OBJECT,  /* any object; not in queries */
};

#define PAIRS_MAX 8

/* Filled in order of appearance. Keys are copied to the arena; values point into the query. */
struct pairs {
	const char *keys[PAIRS_MAX], *values[PAIRS_MAX];
	size_t count;
};

struct field {
	const char *name;
	enum field_type type;
	bool required;
	bool is_secret; /* a password: an old one stays valid, whatever it contains */
	int64_t min, max; /* a number; a text's characters (max 0: 255) */
	const char *const *choices; /* ends with NULL */
	bool *present;              /* optional: set to whether the member was present */
	/* Where the value goes; `type` decides which member. Unchanged if the value is
	 * absent or invalid. */
	union {
		const char **text;
		struct uuid *uuid;
		struct money *amount;
		int64_t *number;
		bool *boolean;
		instant_us *instant;
		json_t **object;
		struct pairs *pairs;
	};
};

/* What was wrong: errors[] of the response. Zero-initialise. jansson allocates the list: it belongs
 * to the entered arena, or else the caller must json_decref() it. */
struct faults {
	json_t *list; /* NULL if there are none; [{"pointer","detail"}…], at most 32 */
};

/* Adds a fault. Returns ERR_INVALID_REQUEST. */
enum error faults_add(struct faults *f, const char *pointer, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The result of two checks, of which the second runs whatever the first found, so that a client
 * gets all faults at once. An error other than faults outranks them; of two such errors, the
 * first. */
enum error faults_join(enum error first, enum error second) MUST_CHECK;

/* Reads all fields. Returns OK, or ERR_INVALID_REQUEST with every fault in *f. `prefix` is
 * prepended to each pointer ("" or "/transactions/3"). */
enum error bind_object(const json_t *object, const struct field *fields, size_t count,
	const char *prefix, struct faults *f) MUST_CHECK;

/* Returns whether `key` can be an idempotency key: 1 … KEY_MAX visible ASCII characters. */
#define KEY_MAX 255
bool key_is_valid(const char *key) MUST_CHECK;

/* Reads an integer of up to 18 characters: digits, with an optional '-'. Returns false if it is
 * invalid. */
bool number_parse(const char *text, int64_t *n) MUST_CHECK;

/* Reads one value in text form (from a query) by the field's type. */
enum error bind_text(const char *value, const struct field *field, struct faults *f) MUST_CHECK;

#endif
