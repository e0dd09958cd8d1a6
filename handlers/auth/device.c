/* device.c - the client device over HTTP; see device.h. */
#include "handlers/auth/device.h"

#include <string.h>

#include "common/base/config.h"
#include "handlers/auth/service.h"

#define COOKIE "purse_refresh"
/* Browsers accept the prefix only over TLS, without Domain, and for the whole host, so no other
 * host of the domain can set it. */
#define COOKIE_TLS "__Host-" COOKIE
#define USER_AGENT_MAX 255
#define IP_MAX 64

/* Headers can contain any byte; we store and show printable ASCII only. */
static const char *
printable(struct request *r, const char *text, size_t max)
{
	char *copy;

	if (text == NULL || *text == '\0' || (copy = arena_strndup(r->arena, text, max)) == NULL)
		return NULL;
	for (char *c = copy; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return copy;
}

struct client
device_client(struct request *r)
{
	return (struct client){
		.user_agent = printable(r, request_header(r, "User-Agent"), USER_AGENT_MAX),
		.ip = printable(r, request_variable(r, "REMOTE_ADDR"), IP_MAX),
	};
}

static bool
over_tls(void)
{
	return strncmp(config_text(OPT_PUBLIC_URL), "https:", 6) == 0;
}

const char *
device_cookie(struct request *r)
{
	const char *p = request_header(r, "Cookie"), *name = over_tls() ? COOKIE_TLS : COOKIE;
	size_t bytes = strlen(name);

	while (p != NULL && *p != '\0') {
		size_t n;

		p += strspn(p, " ;");
		n = strcspn(p, ";");
		if (n > bytes + 1 && strncmp(p, name, bytes) == 0 && p[bytes] == '=')
			return arena_strndup(r->arena, p + bytes + 1, n - bytes - 1);
		p += n;
	}
	return NULL;
}

/* Other sites cannot send the cookie (SameSite), scripts cannot read it (HttpOnly), and without TLS
 * only Auth receives it (Path). */
static struct reply *
set_cookie(struct request *r, struct reply *reply, const char *refresh_token, int64_t lives_s)
{
	return reply_header(r, reply, "Set-Cookie",
		"%s=%s; Path=%s; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
		over_tls() ? COOKIE_TLS : COOKIE, refresh_token, over_tls() ? "/" : "/v1/auth",
		(long long)lives_s, over_tls() ? "; Secure" : "");
}

struct reply *
device_drop_cookie(struct request *r, struct reply *reply)
{
	return set_cookie(r, reply, "", 0);
}

/* no-store: RFC 6749, 5.1 asks for it wherever tokens are in a response. */
struct reply *
device_grant(struct request *r, const struct grant *g, bool use_cookie)
{
	char session[UUID_TEXT];
	struct reply *reply;

	uuid_format(&g->session, session);
	reply = reply_json(r, 200,
		json_pack("{s:s, s:s, s:I, s:s*, s:s}", "access_token", g->access_token,
			"token_type", "Bearer", "expires_in", (json_int_t)g->expires_in_s,
			"refresh_token", use_cookie ? NULL : g->refresh_token, "session_id",
			session));
	reply_header(r, reply, "Cache-Control", "no-store");
	if (use_cookie)
		set_cookie(r, reply, g->refresh_token, g->refresh_expires_in_s);
	return reply;
}

struct reply *
device_refuse(struct request *r, enum error e, int64_t wait_s)
{
	if (e == ERR_TOO_MANY_ATTEMPTS || e == ERR_RATE_LIMITED) {
		request_retry_after(r, (long)wait_s);
		request_refuse(r, e, "Too many %s: try again in %lld s.",
			e == ERR_RATE_LIMITED ? "refreshes" : "failed attempts",
			(long long)wait_s);
	}
	return reply_error(r, e);
}
