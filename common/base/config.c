/* config.c - reads the options of config.def: from the environment, then a file, then the
 * defaults. */
#include "common/base/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config_check.h"

/* The numbers come after the texts. */
enum type {
	TEXT = CONFIG_TEXT,
	CHOICE = CONFIG_CHOICE,
	CURRENCY = CONFIG_CURRENCY,
	URL = CONFIG_URL,
	DATABASE = CONFIG_DATABASE,
	AMQP = CONFIG_AMQP,
	SMTP = CONFIG_SMTP,
	MAIL = CONFIG_MAIL,
	PATH = CONFIG_PATH,
	LISTEN = CONFIG_LISTEN,
	NETWORKS = CONFIG_NETWORKS,
	INT,
	SIZE,
	TIME,
	TYPE_COUNT
};

struct definition {
	const char *name;
	enum type type;
	const char *value;
	int64_t min, max;
	const char *help;
};

static const struct definition definitions[OPTION_COUNT] = {
#define OPTION(name, type, value, min, max, help) \
	[OPT_##name] = { #name, type, value, min, max, help },
#include "common/base/config.def"
#undef OPTION
};

static struct {
	char *text;
	int64_t number;
} values[OPTION_COUNT];

struct unit {
	const char *suffix;
	int64_t factor;
};

static const struct unit size_units[] = {
	{ "", 1 }, { "k", 1024 }, { "m", 1024 * 1024 }, { NULL, 0 }
};
static const struct unit time_units[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 }, { NULL, 0 }
};
static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };

static bool
number_parse(enum type type, const char *text, int64_t *out)
{
	const struct unit *u = type == SIZE ? size_units : type == TIME ? time_units : no_units;
	char *end;
	long long v;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno != 0)
		return false;
	for (; u->suffix != NULL; u++)
		if (strcmp(end, u->suffix) == 0)
			return !__builtin_mul_overflow((int64_t)v, u->factor, out);
	return false;
}

static bool
option_error(const struct definition *d, const char *text)
{
	static const struct {
		const char *example, *unit;
	} forms[TYPE_COUNT] = {
		[INT] = { "an integer", "" },
		[SIZE] = { "a size such as 64k", " bytes" },
		[TIME] = { "a time such as 250ms, 20s or 7d", " milliseconds" },
	};

	if (d->type < INT)
		fprintf(stderr,
			"%s must be %" PRId64 " to %" PRId64 " characters long, not \"%s\".\n",
			d->name, d->min, d->max, text);
	else
		fprintf(stderr, "%s must be %s from %" PRId64 " to %" PRId64 "%s, not \"%s\".\n",
			d->name, forms[d->type].example, d->min, d->max, forms[d->type].unit,
			text);
	return false;
}

/* Sets an option from its text, which must be within the option's bounds. */
static bool
option_set(enum option o, const char *text)
{
	const struct definition *d = &definitions[o];
	int64_t n = (int64_t)strlen(text);
	const char *must;

	if (d->type >= INT && !number_parse(d->type, text, &n))
		return option_error(d, text);
	if (d->type < INT &&
		(must = config_check((enum config_text_type)d->type, text, d->help)) != NULL) {
		/* Those with a password stay secret. */
		if (d->type == DATABASE || d->type == AMQP || d->type == SMTP)
			fprintf(stderr, "%s must be %s.\n", d->name, must);
		else
			fprintf(stderr, "%s must be %s, not \"%s\".\n", d->name, must, text);
		return false;
	}
	if (n < d->min || n > d->max)
		return option_error(d, text);
	free(values[o].text);
	values[o].text = strdup(text);
	values[o].number = n;
	return values[o].text != NULL;
}

/* An empty variable counts as unset: containers and web hosts set such variables. */
static const char *
environment(const char *name)
{
	const char *text = getenv(name);

	return text != NULL && *text != '\0' ? text : NULL;
}

static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	n = strlen(s);
	while (n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL)
		s[--n] = '\0';
	if (n >= 2 && s[0] == '"' && s[n - 1] == '"') {
		s[n - 1] = '\0';
		s++;
	}
	return s;
}

/* Unknown names are ignored: the start-up scripts share the file. */
static bool
line_parse(char *line, const char *path, int number)
{
	char *name = trim(line), *equals = strchr(name, '=');

	if (*name == '\0' || *name == '#')
		return true;
	if (equals == NULL) {
		fprintf(stderr, "%s, line %d: expected NAME=value.\n", path, number);
		return false;
	}
	*equals = '\0';
	for (enum option o = 0; o < OPTION_COUNT; o++)
		if (strcmp(definitions[o].name, trim(name)) == 0) {
			char *value = trim(equals + 1);

			return *value == '\0' || environment(definitions[o].name) != NULL ||
			       option_set(o, value);
		}
	return true;
}

static bool
file_read(const char *path, bool must_exist)
{
	FILE *f = fopen(path, "re");
	char line[4096];
	bool good = true;

	if (f == NULL) {
		if (must_exist || errno != ENOENT)
			fprintf(stderr, "Cannot read the configuration file %s: %s.\n", path,
				strerror(errno));
		return !must_exist && errno == ENOENT;
	}
	for (int n = 1; fgets(line, sizeof line, f) != NULL; n++)
		good = line_parse(line, path, n) && good;
	good = ferror(f) == 0 && good;
	fclose(f);
	return good;
}

/* Options of which the first must not exceed the second. */
static const struct {
	enum option less, more;
} pairs[] = {
	{ OPT_BODY_LIMIT, OPT_REQUEST_MEMORY },
	{ OPT_BATCH_BODY_LIMIT, OPT_REQUEST_MEMORY },
	{ OPT_CONNECTIONS_PER_CLIENT, OPT_CONNECTIONS_MAX },
	{ OPT_WATCH_PATIENCE, OPT_WATCH_PAUSE_MAX },
	{ OPT_SIGN_IN_DELAY, OPT_SIGN_IN_DELAY_MAX },
	{ OPT_HOLD_TIME, OPT_HOLD_TIME_MAX },
	{ OPT_STATEMENT_SYNC_DAYS, OPT_STATEMENT_MAX_DAYS },
};

static bool
pairs_check(void)
{
	bool good = true;

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if (values[pairs[i].less].text != NULL && values[pairs[i].more].text != NULL &&
			values[pairs[i].less].number > values[pairs[i].more].number) {
			fprintf(stderr, "%s (%s) must not be more than %s (%s).\n",
				definitions[pairs[i].less].name, values[pairs[i].less].text,
				definitions[pairs[i].more].name, values[pairs[i].more].text);
			good = false;
		}
	return good;
}

bool
config_load(void)
{
	const char *path = environment("PURSE_CONFIG"), *folder = environment("DATA_DIR");
	char below[4096];
	bool good = true;

	for (enum option o = 0; o < OPTION_COUNT; o++) {
		const char *text = environment(definitions[o].name);

		if (text == NULL)
			text = definitions[o].value;
		if (text != NULL)
			good = option_set(o, text) && good;
	}
	if (folder == NULL)
		folder = definitions[OPT_DATA_DIR].value;
	if (snprintf(below, sizeof below, "%s/purse.env", folder) >= (int)sizeof below)
		return false;
	good = file_read(path != NULL ? path : below, path != NULL) && good;
	return pairs_check() && good;
}

bool
config_require(enum option o)
{
	if (values[o].text != NULL)
		return true;
	fprintf(stderr,
		"%s is not set: set it in the environment or in the file PURSE_CONFIG.\n",
		definitions[o].name);
	return false;
}

const char *
config_text(enum option o)
{
	return values[o].text;
}

int64_t
config_number(enum option o)
{
	return values[o].number;
}

const char *
config_name(enum option o)
{
	return definitions[o].name;
}

bool
config_folder(enum option o, const char *below, char *out, size_t bytes)
{
	int n = values[o].text != NULL
			? snprintf(out, bytes, "%s", values[o].text)
			: snprintf(out, bytes, "%s/%s", values[OPT_DATA_DIR].text, below);

	return n > 0 && (size_t)n < bytes;
}
