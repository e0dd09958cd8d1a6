/* config_type.c - checks the text of an option by its type; see config_type.h. */
#include "common/base/config_type.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "common/base/log.h"
#include "common/base/money.h"

/* ---- numbers ---- */

struct unit {
	const char *suffix;
	int64_t factor;
};

static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };
static const struct unit size_units[] = {
	{ "", 1 }, { "k", 1024 }, { "m", 1024 * 1024 }, { NULL, 0 }
};
static const struct unit time_units[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 }, { NULL, 0 }
};

bool
config_type_number(enum config_type t, const char *text, int64_t *out)
{
	const struct unit *u = t == SIZE ? size_units : t == TIME ? time_units : no_units;
	char *end;
	long long v;

	if (!isdigit((unsigned char)*text))
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

/* ---- texts ---- */

static bool
has_no_controls(const char *s)
{
	while (*s != '\0' && !iscntrl((unsigned char)*s))
		s++;
	return *s == '\0';
}

static bool
has_no_blanks(const char *s)
{
	return has_no_controls(s) && strchr(s, ' ') == NULL;
}

/* scheme://[user[:password]@]host…, without blanks. */
static bool
has_scheme(const char *s, const char *scheme)
{
	size_t n = strlen(scheme);
	const char *host, *at, *end;

	if (strncasecmp(s, scheme, n) != 0 || strncmp(s + n, "://", 3) != 0 || !has_no_blanks(s))
		return false;
	host = s + n + 3;
	end = host + strcspn(host, "/?#");
	for (at = end; at > host && at[-1] != '@'; at--)
		;
	return at < end && *at != ':';
}

static bool
is_standby(const char *s)
{
	return strcmp(s, "none") == 0 || strcmp(s, "any") == 0 || strcmp(s, "sync") == 0;
}

static bool
is_level(const char *s)
{
	return log_level_known(s);
}

static bool
is_currency(const char *s)
{
	return currency_exponent(s) >= 0;
}

/* Links are made by adding a path, so a query or a fragment cannot follow. */
static bool
is_url(const char *s)
{
	return (has_scheme(s, "http") || has_scheme(s, "https")) && strpbrk(s, "?#") == NULL;
}

/* A URI can leave out the host (postgresql:///purse): libpq reads the rest. */
static bool
is_database(const char *s)
{
	return has_no_controls(s) &&
	       (strncmp(s, "postgresql://", 13) == 0 || strncmp(s, "postgres://", 11) == 0 ||
		       (strchr(s, '=') != NULL && strstr(s, "://") == NULL));
}

static bool
is_amqp(const char *s)
{
	return has_scheme(s, "amqp") || has_scheme(s, "amqps");
}

static bool
is_smtp(const char *s)
{
	return has_scheme(s, "smtp") || has_scheme(s, "smtps");
}

/* local@domain. A new line or angle brackets would end the header that it goes into. */
static bool
is_mailbox(const char *s)
{
	const char *at = strchr(s, '@');

	return at != NULL && at > s && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
	       has_no_blanks(s) && strpbrk(s, "<>,;:\"()") == NULL;
}

/* A folder that is missing can still be created. */
static bool
is_folder(const char *s)
{
	struct stat st;

	return has_no_controls(s) && (stat(s, &st) != 0 || S_ISDIR(st.st_mode));
}

static bool
is_port(const char *s)
{
	int64_t port;

	return config_type_number(INT, s, &port) && port >= 1 && port <= 65535;
}

/* As FCGX_OpenSocket() reads it. A socket's path has at most 107 bytes (unix(7)). */
static bool
is_listener(const char *s)
{
	return *s == ':' ? is_port(s + 1) : has_no_blanks(s) && strlen(s) <= 107;
}

static bool
is_address(const char *s)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, s, bytes) == 1 || inet_pton(AF_INET6, s, bytes) == 1;
}

/* An address, or address/bits (RFC 4632). */
static bool
is_network(char *s)
{
	char *bits = strchr(s, '/');
	int64_t n;

	if (bits == NULL)
		return is_address(s);
	*bits++ = '\0';
	return is_address(s) && config_type_number(INT, bits, &n) &&
	       n <= (strchr(s, ':') != NULL ? 128 : 32);
}

static bool
are_networks(const char *s)
{
	char *copy = strdup(s), *rest = copy, *one;
	bool good = copy != NULL;

	while (good && (one = strsep(&rest, " ")) != NULL)
		good = *one == '\0' || is_network(one);
	free(copy);
	return good;
}

/* ---- the table ---- */

static const struct {
	const char *form, *unit;
	bool (*matches)(const char *text);
	bool is_secret;
} types[CONFIG_TYPE_COUNT] = {
	[TEXT] = { "text", "", has_no_controls, false },
	[INT] = { "an integer", "", NULL, false },
	[SIZE] = { "a size such as 64k", " bytes", NULL, false },
	[TIME] = { "a time such as 250ms, 20s or 7d", " milliseconds", NULL, false },
	[STANDBY] = { "none, any or sync", "", is_standby, false },
	[LEVEL] = { "debug, info, warn or error", "", is_level, false },
	[CURRENCY] = { "a currency of ISO 4217, such as EUR", "", is_currency, false },
	[URL] = { "a URL such as https://purse.example", "", is_url, false },
	[DATABASE] = { "a connection string of PostgreSQL, such as "
		       "postgresql://user:password@host/database",
		"", is_database, true },
	[AMQP] = { "a URL such as amqp://user:password@host:5672/vhost", "", is_amqp, true },
	[SMTP] = { "a URL such as smtp://host:25", "", is_smtp, true },
	[MAILBOX] = { "an address such as purse@example.com", "", is_mailbox, false },
	[FOLDER] = { "a folder's path", "", is_folder, false },
	[LISTENER] = { "a port such as :9000, or a socket's path", "", is_listener, false },
	[ADDRESS] = { "an IP address such as 127.0.0.1 or ::1", "", is_address, false },
	[NETWORKS] = { "IP addresses or networks such as 10.0.0.0/8, separated by spaces", "",
		are_networks, false },
};

bool
config_type_is_number(enum config_type t)
{
	return types[t].matches == NULL;
}

bool
config_type_matches(enum config_type t, const char *text)
{
	return types[t].matches(text);
}

const char *
config_type_form(enum config_type t)
{
	return types[t].form;
}

const char *
config_type_unit(enum config_type t)
{
	return types[t].unit;
}

bool
config_type_is_secret(enum config_type t)
{
	return types[t].is_secret;
}
