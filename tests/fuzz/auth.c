/* auth.c - fuzzes the Auth service: each request of its routes, up to the database and the password
 * hash, which is slow on purpose. */
#include <stdlib.h>
#include <string.h>

#include "domain/identity/password_hash.h"
#include "tests/fuzz/http.h"

#define main auth_main
int auth_main(int argc, char **argv);
#include "handlers/auth/main.c"
#undef main

enum error
password_enter(struct auth *a, const struct client *client)
{
	(void)a;
	(void)client;
	return ERR_OVERLOADED;
}

void
password_leave(void)
{
}

enum error
password_hash(const char *password, char out[PASSWORD_HASH])
{
	(void)password;
	(void)out;
	return ERR_OVERLOADED;
}

enum error
password_hash_queued(struct auth *a, const struct client *client, const char *password,
	char out[PASSWORD_HASH])
{
	(void)a;
	(void)client;
	CHECK(strlen(password) <= 4096, "%s", password);
	return password_hash(password, out);
}

enum error
password_verify(const char *hash, const char *password)
{
	(void)hash;
	(void)password;
	return ERR_OVERLOADED;
}

bool
password_outdated(const char *hash)
{
	(void)hash;
	return false;
}

/* The keys, which one route shows, and the caches, from which sessions are dropped. */
static void
service_open(void)
{
	static bool is_open;

	if (is_open)
		return;
	if (setenv("KEY_DIR", fuzz_folder(), 1) != 0 ||
		setenv("AUTH_DATABASE_URL", "postgresql:///none", 1) != 0 || !config_load() ||
		!keys_start(true) || !identity_start())
		abort();
	is_open = true;
}

FUZZ_TARGET(auth)
{
	static struct auth state;
	struct service s = auth;
	struct http_call call;

	service_open();
	s.identify = http_identify;
	http_run(&s, &state, in, &call);
	json_decref(call.reply);
}
