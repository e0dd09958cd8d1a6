/* config_check.c - whether the value of an option makes sense; see config_check.h. */
#include "common/base/config_check.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/money.h"

static bool
is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

static bool
is_word(const char *s)
{
	return *s != '\0' && is_printable(s) && strchr(s, ' ') == NULL;
}

/* help: "debug, info, warn or error" */
static bool
choice_is_valid(const char *value, const char *help)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

	for (const char *p = help; *p != '\0'; p += strspn(p, " ,")) {
		size_t n = strspn(p, letters);

		if (n == 0)
			return false;
		if (strncmp(p, "or ", 3) != 0 && strlen(value) == n && strncmp(p, value, n) == 0)
			return true;
		p += n;
	}
	return false;
}

static bool
port_is_valid(const char *text)
{
	char *end;
	long port;

	if (!isdigit((unsigned char)*text))
		return false;
	port = strtol(text, &end, 10);
	return *end == '\0' && port >= 1 && port <= 65535;
}

/* [user@]host[:port], up to the path. */
static bool
authority_is_valid(const char *text)
{
	char authority[1024], *host, *port;

	if (snprintf(authority, sizeof authority, "%.*s", (int)strcspn(text, "/?#"), text) >=
		(int)sizeof authority)
		return false;
	host = strrchr(authority, '@');
	host = host != NULL ? host + 1 : authority;
	if (*host == '[') {
		port = strchr(host, ']');
		if (port == NULL || port == host + 1)
			return false;
		port++;
	} else {
		port = host + strcspn(host, ":");
		if (port == host)
			return false;
	}
	return *port == '\0' || (*port == ':' && port_is_valid(port + 1));
}

/* One of the schemes (each ends with NULL), then a host. */
static bool
url_is_valid(const char *value, const char *const *schemes)
{
	for (; *schemes != NULL; schemes++) {
		size_t n = strlen(*schemes);

		if (strncmp(value, *schemes, n) == 0 && strncmp(value + n, "://", 3) == 0)
			return is_word(value) && authority_is_valid(value + n + 3);
	}
	return false;
}

/* A URI, whose host can be a parameter, or name=value pairs. */
static bool
database_is_valid(const char *value)
{
	return is_printable(value) && (strncmp(value, "postgresql://", 13) == 0 ||
		strncmp(value, "postgres://", 11) == 0 ||
		(strchr(value, '=') != NULL && strstr(value, "://") == NULL));
}

static bool
mail_is_valid(const char *value)
{
	const char *at = strrchr(value, '@');

	return is_word(value) && at != NULL && at != value && at[1] != '\0' &&
	       strpbrk(value, "<>,;\"") == NULL;
}

/* libfcgi: with a colon a TCP port, else the path of a socket. */
static bool
listen_is_valid(const char *value)
{
	const char *colon = strrchr(value, ':');

	return is_printable(value) && (colon == NULL || port_is_valid(colon + 1));
}

static bool
network_is_valid(char *text)
{
	char *bits = strchr(text, '/'), *end;
	unsigned char address[16];
	int most = strchr(text, ':') != NULL ? 128 : 32;

	if (bits != NULL)
		*bits++ = '\0';
	if (inet_pton(most == 128 ? AF_INET6 : AF_INET, text, address) != 1)
		return false;
	return bits == NULL || (isdigit((unsigned char)*bits) &&
				       strtol(bits, &end, 10) <= most && *end == '\0');
}

static bool
networks_are_valid(const char *value)
{
	char copy[1024], *rest = copy, *one;

	if (snprintf(copy, sizeof copy, "%s", value) >= (int)sizeof copy)
		return false;
	while ((one = strsep(&rest, " ")) != NULL)
		if (*one != '\0' && !network_is_valid(one))
			return false;
	return true;
}

const char *
config_check(enum config_text_type type, const char *value, const char *help)
{
	static const char *const web[] = { "http", "https", NULL }, *const amqp[] = { "amqp",
		"amqps", NULL }, *const smtp[] = { "smtp", "smtps", NULL };

	switch (type) {
	case CONFIG_TEXT:
		return is_printable(value) ? NULL : "text without control characters";
	case CONFIG_CHOICE:
		return choice_is_valid(value, help) ? NULL : help;
	case CONFIG_CURRENCY:
		return currency_exponent(value) >= 0 ? NULL : "a currency code of ISO 4217";
	case CONFIG_URL:
		return url_is_valid(value, web) ? NULL : "a URL such as https://api.example.com";
	case CONFIG_DATABASE:
		return database_is_valid(value)
			       ? NULL
			       : "a connection string such as postgresql://user:password@host/name";
	case CONFIG_AMQP:
		return url_is_valid(value, amqp) ? NULL
						 : "a URL such as amqp://user:password@host/vhost";
	case CONFIG_SMTP:
		return url_is_valid(value, smtp) ? NULL : "a URL such as smtp://host:25";
	case CONFIG_MAIL:
		return mail_is_valid(value) ? NULL : "a mail address";
	case CONFIG_PATH:
		return is_printable(value) ? NULL : "a path without control characters";
	case CONFIG_LISTEN:
		return listen_is_valid(value) ? NULL : "a port such as :9000, or a socket's path";
	case CONFIG_NETWORKS:
		return networks_are_valid(value)
			       ? NULL
			       : "addresses or networks such as 10.0.0.0/8, separated by spaces";
	}
	return NULL;
}
