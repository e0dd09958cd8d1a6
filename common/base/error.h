/* error.h - what can go wrong, as one enum; the list itself is error.def. */
#ifndef COMMON_BASE_ERROR_H
#define COMMON_BASE_ERROR_H

#define MUST_CHECK __attribute__((warn_unused_result))

enum error {
	OK = 0,
#define ERROR(name, status, code, title) ERR_##name,
#include "common/base/error.def"

#undef ERROR
};

/* HTTP status, public code and title of an error. Never called with OK. */
int error_status(enum error e);
const char *error_code(enum error e);
const char *error_title(enum error e);

/* The error with that public code, as SQL functions answer it; "ok" is OK, an unknown code
 * ERR_INTERNAL (and logged). */
enum error error_from_code(const char *code) MUST_CHECK;

#endif
