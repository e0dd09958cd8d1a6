/* config.c - reads the options of config.def: from the environment, then a file, then the
 * defaults. */
#include "common/base/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config_type.h"

struct definition {
	const char *name;
	enum config_type type;
	const char *value;
	int64_t min, max;
};

static const struct definition definitions[OPTION_COUNT] = {
#define OPTION(name, type, value, min, max, help) \
	[OPT_##name] = { #name, type, value, min, max },
#include "common/base/config.def"
#undef OPTION
};

/* Written only by config_load(), before there are threads; never freed. */
static struct {
	char *text;
	int64_t number;
} values[OPTION_COUNT];

static bool
option_error(const struct definition *d, const char *text, const char *form)
{
	if (config_type_is_secret(d->type))
		fprintf(stderr, "%s must be %s.\n", d->name, form);
	else
		fprintf(stderr, "%s must be %s, not \"%s\".\n", d->name, form, text);
	return false;
}

/* Sets an option from its text, which must have the type's form and be within the bounds. Defaults
 * pass through here as well, so a default outside its own bounds fails at start. */
static bool
option_set(enum option o, const char *text)
{
	const struct definition *d = &definitions[o];
	int64_t n = (int64_t)strlen(text);
	char bounds[160];

	(void)snprintf(bounds, sizeof bounds,
		config_type_is_number(d->type) ? "%s from %" PRId64 " to %" PRId64 "%s"
					       : "%s of %" PRId64 " to %" PRId64 " characters%s",
		config_type_form(d->type), d->min, d->max, config_type_unit(d->type));
	if (config_type_is_number(d->type) && !config_type_number(d->type, text, &n))
		return option_error(d, text, bounds);
	if (n < d->min || n > d->max)
		return option_error(d, text, bounds);
	if (!config_type_is_number(d->type) && !config_type_matches(d->type, text))
		return option_error(d, text, config_type_form(d->type));
	free(values[o].text);
	values[o].text = strdup(text);
	values[o].number = n;
	return values[o].text != NULL;
}

/* Pairs of options of which the first must not exceed the second. */
static const struct {
	enum option smaller, larger;
	const char *why;
} pairs[] = {
	{ OPT_BODY_LIMIT, OPT_REQUEST_MEMORY, "in which the body is read" },
	{ OPT_BATCH_BODY_LIMIT, OPT_REQUEST_MEMORY, "in which the body is read" },
	{ OPT_HOLD_TIME, OPT_HOLD_TIME_MAX, "or no hold without `expires_at` is accepted" },
	{ OPT_SIGN_IN_DELAY, OPT_SIGN_IN_DELAY_MAX, "which caps it" },
	{ OPT_ACCESS_TOKEN_TIME, OPT_KEY_OVERLAP, "or a rotation ends tokens before their time" },
	{ OPT_STATEMENT_SYNC_DAYS, OPT_STATEMENT_MAX_DAYS, "which caps it" },
	{ OPT_CONNECTIONS_PER_CLIENT, OPT_CONNECTIONS_MAX, "which caps it" },
	{ OPT_WATCH_PATIENCE, OPT_WATCH_PAUSE_MAX, "which caps the pause that grows from it" },
};

static bool
pairs_check(void)
{
	bool good = true;

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		enum option a = pairs[i].smaller, b = pairs[i].larger;

		/* An option that was refused has no value. */
		if (values[a].text == NULL || values[b].text == NULL ||
			values[a].number <= values[b].number)
			continue;
		fprintf(stderr, "%s (%s) must not exceed %s (%s), %s.\n", definitions[a].name,
			values[a].text, definitions[b].name, values[b].text, pairs[i].why);
		good = false;
	}
	return good;
}

/* An empty variable counts as unset: containers and web hosts set such variables. */
static const char *
environment(const char *name)
{
	const char *text = getenv(name);

	return text != NULL && *text != '\0' ? text : NULL;
}

/* Also takes off a pair of double quotes, for values that a shell would otherwise split. */
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

			/* The environment wins, as it does in containers and start-up scripts. */
			return *value == '\0' || environment(definitions[o].name) != NULL ||
			       option_set(o, value);
		}
	return true;
}

/* Continues after a bad line, so that one start reports every fault. */
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
	/* The file is found through DATA_DIR, so DATA_DIR in the file cannot move it. */
	if (folder == NULL)
		folder = definitions[OPT_DATA_DIR].value;
	if (snprintf(below, sizeof below, "%s/purse.env", folder) >= (int)sizeof below)
		return false;
	good = file_read(path != NULL ? path : below, path != NULL) && good;
	return pairs_check() && good;
}

/* Not a property of the option: each program needs others, and some can do without. */
bool
config_require(enum option o)
{
	if (values[o].text != NULL)
		return true;
	fprintf(stderr,
		"%s is not set: set it in the environment or in the file PURSE_CONFIG, or set"
		" DATA_DIR to the folder of a running copy.\n",
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

/* Prints a URL or connection string without its password, and without what follows password=. */
static void
secret_print(const char *text)
{
	const char *host = strstr(text, "://"), *at = strchr(text, '@');
	const char *colon = host != NULL ? strchr(host + 3, ':') : NULL;
	const char *named;

	if (colon != NULL && at != NULL && colon < at) {
		printf("%.*s:***", (int)(colon - text), text);
		text = at;
	}
	if ((named = strstr(text, "password=")) != NULL)
		printf("%.*spassword=***\n", (int)(named - text), text);
	else
		printf("%s\n", text);
}

void
config_print(void)
{
	for (enum option o = 0; o < OPTION_COUNT; o++) {
		if (values[o].text == NULL)
			continue;
		printf("%s=", definitions[o].name);
		if (config_type_is_secret(definitions[o].type))
			secret_print(values[o].text);
		else
			printf("%s\n", values[o].text);
	}
}

bool
config_folder(enum option o, const char *below, char *out, size_t bytes)
{
	int n = values[o].text != NULL
			? snprintf(out, bytes, "%s", values[o].text)
			: snprintf(out, bytes, "%s/%s", values[OPT_DATA_DIR].text, below);

	return n > 0 && (size_t)n < bytes;
}
