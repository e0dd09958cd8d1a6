/* password_hash.c - argon2id by libsodium, with limited concurrency; see password_hash.h. */
#include "domain/identity/password_hash.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/random.h"
#include "domain/identity/fair_gate.h"
#include "domain/identity/hash_slots.h"

/* ---- admission ---- */

/* Two gates. The first admits a few more threads than can hash at once: these query the database
 * while others hash, which keeps the processors busy. The second admits ARGON2_CONCURRENCY threads
 * and bounds the memory. */
#define ADMITTED_EXTRA 2

static struct fair_gate admission = FAIR_GATE, hashing = FAIR_GATE;

#define THREADS_FOR_OTHERS 8

/* A waiter holds a thread, and this process authorizes the requests to every service. So the queue
 * always leaves THREADS_FOR_OTHERS threads free, whatever ARGON2_QUEUE is. */
static int64_t
queue_max(void)
{
	int64_t queue = config_number(OPT_ARGON2_QUEUE),
		threads = config_number(OPT_HANDLER_THREADS) - THREADS_FOR_OTHERS;

	if (threads < 1)
		threads = 1;
	return queue < threads ? queue : threads;
}

enum error
password_enter(struct auth *auth, const struct client *client)
{
	int64_t admitted = config_number(OPT_ARGON2_CONCURRENCY) + ADMITTED_EXTRA;
	unsigned char network[CLIENT_NETWORK];
	enum error e = OK;

	client_network(client, network);
	if (!fair_gate_enter(&admission, network, admitted, queue_max()))
		return ERR_OVERLOADED;
	if (hash_slots_needed() && (e = hash_slot_take(auth, network)) != OK)
		fair_gate_leave(&admission);
	return e;
}

void
password_leave(void)
{
	fair_gate_leave(&admission);
}

/* Only the few admitted threads get here, so the queue needs no limit. */
static void
hashing_begin(void)
{
	static const unsigned char everyone[CLIENT_NETWORK];

	bool entered = fair_gate_enter(
		&hashing, everyone, config_number(OPT_ARGON2_CONCURRENCY), INT64_MAX);

	(void)entered;
}

static void
hashing_end(void)
{
	fair_gate_leave(&hashing);
}

/* ---- hashing ---- */

#define RESULT_BYTES 32

static unsigned long long
passes(void)
{
	return (unsigned long long)config_number(OPT_ARGON2_PASSES);
}

static size_t
memory(void)
{
	return (size_t)config_number(OPT_ARGON2_MEMORY);
}

enum error
password_hash(const char *password, char out[PASSWORD_HASH])
{
	int failed;

	random_fill(out, 1); /* initializes libsodium */
	hashing_begin();
	failed = crypto_pwhash_str(out, password, strlen(password), passes(), memory());
	hashing_end();
	if (failed == 0)
		return OK;
	log_error("out of memory: a password hash needs %zu bytes", memory());
	return ERR_OVERLOADED;
}

enum error
password_hash_queued(struct auth *auth, const struct client *client, const char *password,
	char out[PASSWORD_HASH])
{
	enum error e = password_enter(auth, client);

	if (e != OK)
		return e;
	e = password_hash(password, out);
	password_leave();
	return e;
}

/* A hash with the current parameters that matches no password. Salt and result are arbitrary (16
 * and 32 bytes in base64). */
static void
placeholder_hash(char out[PASSWORD_HASH])
{
	snprintf(out, PASSWORD_HASH,
		"$argon2id$v=19$m=%zu,t=%llu,p=1$bm9ib2R5J3Mgc2FsdC4uLg$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		memory() / 1024, passes());
}

/* The fields of the text that crypto_pwhash_str() writes. */
struct hash {
	unsigned long memory_kib, passes;
	unsigned char salt[crypto_pwhash_SALTBYTES], result[RESULT_BYTES];
};

static bool
base64_read(const char *text, unsigned char *out, size_t bytes, const char **end)
{
	size_t n;

	return sodium_base642bin(out, bytes, text, strlen(text), NULL, &n, end,
		       sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 && n == bytes;
}

static bool
number_read(const char **text, const char *label, unsigned long *out)
{
	size_t n = strlen(label);
	char *end;

	if (strncmp(*text, label, n) != 0 || !isdigit((unsigned char)(*text)[n]))
		return false;
	*out = strtoul(*text + n, &end, 10);
	*text = end;
	return *out <= UINT32_MAX;
}

/* False for any other format, such as another parallelism than ours. */
static bool
hash_read(const char *text, struct hash *h)
{
	if (!number_read(&text, "$argon2id$v=19$m=", &h->memory_kib) ||
		!number_read(&text, ",t=", &h->passes) || strncmp(text, ",p=1$", 5) != 0)
		return false;
	return base64_read(text + 5, h->salt, sizeof h->salt, &text) && *text == '$' &&
	       base64_read(text + 1, h->result, sizeof h->result, &text) && *text == '\0';
}

/* Replaces crypto_pwhash_str_verify() of libsodium 1.0.18, which reports a wrong password, errno
 * included, if it runs out of memory. */
static enum error
hash_verify(const struct hash *h, const char *password)
{
	unsigned char result[RESULT_BYTES];
	bool same;

	if (crypto_pwhash(result, sizeof result, password, strlen(password), h->salt, h->passes,
		    (size_t)h->memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
		log_error("out of memory: verifying a password hash needs %lu KiB", h->memory_kib);
		return ERR_OVERLOADED;
	}
	same = sodium_memcmp(result, h->result, sizeof result) == 0;
	sodium_memzero(result, sizeof result);
	return same ? OK : ERR_INVALID_CREDENTIALS;
}

/* Also hashes if there is no account, so the time does not tell. A match with the placeholder
 * cannot happen, and would not count. */
enum error
password_verify(const char *hash, const char *password)
{
	char placeholder[PASSWORD_HASH];
	bool exists = hash != NULL;
	struct hash h;
	enum error e;

	placeholder_hash(placeholder);
	if (!exists)
		hash = placeholder;
	hashing_begin();
	if (hash_read(hash, &h))
		e = hash_verify(&h, password);
	else /* imported, in another format */
		e = crypto_pwhash_str_verify(hash, password, strlen(password)) == 0
			    ? OK
			    : ERR_INVALID_CREDENTIALS;
	hashing_end();
	return e == OK && !exists ? ERR_INVALID_CREDENTIALS : e;
}

bool
password_outdated(const char *hash)
{
	return crypto_pwhash_str_needs_rehash(hash, passes(), memory()) != 0;
}
