/* error.c - lookups in error.def and advice.def. */
#include "common/base/error.h"

#include <string.h>

#include "common/base/log.h"

struct entry {
	int status;
	const char *code;
	const char *title;
};

static const struct entry entries[ERROR_COUNT] = {
	[OK] = { 200, "ok", "OK" },
#define ERROR(name, status, code, title) [ERR_##name] = { status, code, title },
#include "common/base/error.def"
#undef ERROR
};

int
error_status(enum error e)
{
	return entries[e].status;
}

const char *
error_code(enum error e)
{
	return entries[e].code;
}

const char *
error_title(enum error e)
{
	return entries[e].title;
}

static const char *const advice[ERROR_COUNT] = {
#define ADVICE(name, sentence) [ERR_##name] = (sentence),
#include "common/base/advice.def"
#undef ADVICE
};

const char *
error_detail(enum error e)
{
	return advice[e] != NULL ? advice[e] : entries[e].title;
}

/* A linear search is enough: a posting that succeeds does not come through here. */
enum error
error_from_code(const char *code)
{
	for (size_t i = 0; i < ERROR_COUNT; i++)
		if (strcmp(entries[i].code, code) == 0)
			return (enum error)i;
	log_error("the database returned an unknown code: %s", code);
	return ERR_INTERNAL;
}
