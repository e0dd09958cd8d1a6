/* config.c - fuzzes the configuration file, line by line: an option that was set has its form and
 * is within its bounds. */
#include <ctype.h>

#include "common/base/config.c"
#include "tests/fuzz/fuzz.h"

static void
option_check(enum option o)
{
	const struct definition *d = &definitions[o];
	const char *text = values[o].text;
	int64_t n = config_type_is_number(d->type) ? values[o].number : (int64_t)strlen(text);

	CHECK(n >= d->min && n <= d->max, "%s=%s", d->name, text);
	for (const char *c = text; *c != '\0'; c++)
		CHECK(!iscntrl((unsigned char)*c), "%s=%s", d->name, text);
	if (d->type == LISTENER || d->type == AMQP || d->type == SMTP || d->type == URL)
		CHECK(strchr(text, ' ') == NULL, "%s=%s", d->name, text);
	if (d->type == MAILBOX)
		CHECK(strpbrk(text, " <>\",") == NULL, "%s=%s", d->name, text);
	if (d->type == URL)
		CHECK(strncasecmp(text, "http", 4) == 0, "%s=%s", d->name, text);
}

/* Each input starts with the defaults. */
static void
defaults_set(void)
{
	for (enum option o = 0; o < OPTION_COUNT; o++) {
		free(values[o].text);
		values[o].text = NULL;
	}
	if (!config_load())
		abort();
}

FUZZ_TARGET(config)
{
	char *line;

	defaults_set();
	for (int i = 1; i < 20 && in->at < in->end; i++) {
		line = fuzz_line(in);
		(void)line_parse(line, "input", i);
	}
	(void)pairs_check();
	for (enum option o = 0; o < OPTION_COUNT; o++)
		if (values[o].text != NULL)
			option_check(o);
	defaults_set();
}
