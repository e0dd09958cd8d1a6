/* error.h - everything that can go wrong, as one enum; the list itself is error.def. */
#ifndef COMMON_BASE_ERROR_H
#define COMMON_BASE_ERROR_H

/* For functions whose result decides what happens next: to ignore it is a warning, and an error in
 * our builds. */
#define MUST_CHECK __attribute__((warn_unused_result))

enum error {
	/* Zero, so that a zero-initialised result is no refusal. */
	OK = 0,
#define ERROR(name, status, code, title) ERR_##name,
#include "common/base/error.def"
#undef ERROR
	ERROR_COUNT
};

/* HTTP status, public code and title of an error. Static text; any thread. */
int error_status(enum error e);
const char *error_code(enum error e);
const char *error_title(enum error e);
/* What to do next; the title if there is no advice. */
const char *error_detail(enum error e);

/* The error with that public code, as SQL functions return it: "ok" is OK. An unknown code is
 * logged and becomes ERR_INTERNAL. */
enum error error_from_code(const char *code) MUST_CHECK;

#endif
