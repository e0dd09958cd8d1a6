/* password_hash.c - argon2id by libsodium, with a bound on how many run at once; see
 * password_hash.h. */
#include "domain/identity/password_hash.h"

#include <ctype.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/random.h"

/* ---- how many at once ---- */

/* Two doors. Through the first pass few more than may hash at once: they ask the database while
 * others hash, so that no processor waits for it. Through the second pass ARGON2_CONCURRENCY, whose
 * memory is what the limit is about. */
#define ADMITTED_EXTRA 2

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t left;
	int64_t inside, waiting;
};

static struct gate admission = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.left = PTHREAD_COND_INITIALIZER },
		   hashing = { .lock = PTHREAD_MUTEX_INITIALIZER,
			   .left = PTHREAD_COND_INITIALIZER };

static bool
gate_enter(struct gate *g, int64_t inside_most, int64_t waiting_most)
{
	bool entered = true;

	pthread_mutex_lock(&g->lock);
	if (g->inside >= inside_most) {
		entered = g->waiting < waiting_most;
		g->waiting += entered;
		while (entered && g->inside >= inside_most)
			pthread_cond_wait(&g->left, &g->lock);
		g->waiting -= entered;
	}
	g->inside += entered;
	pthread_mutex_unlock(&g->lock);
	return entered;
}

static void
gate_leave(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->inside--;
	pthread_cond_signal(&g->left);
	pthread_mutex_unlock(&g->lock);
}

#define THREADS_FOR_OTHERS 8

/* Who waits here holds a thread, and every request to every service needs one of this process to be
 * identified: so some threads never wait here, however long the queue may be. */
static int64_t
queue_most(void)
{
	int64_t queue = config_number(OPT_ARGON2_QUEUE),
		threads = config_number(OPT_HANDLER_THREADS) - THREADS_FOR_OTHERS;

	if (threads < 1)
		threads = 1;
	return queue < threads ? queue : threads;
}

enum error
password_enter(void)
{
	return gate_enter(&admission, config_number(OPT_ARGON2_CONCURRENCY) + ADMITTED_EXTRA,
		       queue_most())
		       ? OK
		       : ERR_OVERLOADED;
}

void
password_leave(void)
{
	gate_leave(&admission);
}

/* Who is here passed the first door, so they are few and none is sent away. */
static void
hashing_begin(void)
{
	(void)gate_enter(&hashing, config_number(OPT_ARGON2_CONCURRENCY), INT64_MAX);
}

static void
hashing_end(void)
{
	gate_leave(&hashing);
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

	random_fill(out, 1); /* starts libsodium */
	hashing_begin();
	failed = crypto_pwhash_str(out, password, strlen(password), passes(), memory());
	hashing_end();
	if (failed == 0)
		return OK;
	log_error("no memory for a password hash of %zu bytes", memory());
	return ERR_OVERLOADED;
}

enum error
password_hash_in_turn(const char *password, char out[PASSWORD_HASH])
{
	enum error e = password_enter();

	if (e != OK)
		return e;
	e = password_hash(password, out);
	password_leave();
	return e;
}

/* A hash that no password has, in today's parameters: salt and result are arbitrary (16 and 32
 * bytes in base64). */
static void
placeholder_hash(char out[PASSWORD_HASH])
{
	snprintf(out, PASSWORD_HASH,
		"$argon2id$v=19$m=%zu,t=%llu,p=1$bm9ib2R5J3Mgc2FsdC4uLg$"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		memory() / 1024, passes());
}

/* What crypto_pwhash_str() writes. */
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

static bool
hash_read(const char *text, struct hash *h)
{
	if (!number_read(&text, "$argon2id$v=19$m=", &h->memory_kib) ||
		!number_read(&text, ",t=", &h->passes) || strncmp(text, ",p=1$", 5) != 0)
		return false;
	return base64_read(text + 5, h->salt, sizeof h->salt, &text) && *text == '$' &&
	       base64_read(text + 1, h->result, sizeof h->result, &text) && *text == '\0';
}

/* By hand, as libsodium's crypto_pwhash_str_verify() (of 1.0.18) calls a password wrong when it had
 * no memory to find out, errno included. */
static enum error
hash_verify(const struct hash *h, const char *password)
{
	unsigned char result[RESULT_BYTES];
	bool same;

	if (crypto_pwhash(result, sizeof result, password, strlen(password), h->salt, h->passes,
		    (size_t)h->memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
		log_error("no memory to verify a password hash of %lu KiB", h->memory_kib);
		return ERR_OVERLOADED;
	}
	same = sodium_memcmp(result, h->result, sizeof result) == 0;
	sodium_memzero(result, sizeof result);
	return same ? OK : ERR_INVALID_CREDENTIALS;
}

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
	else /* brought along from elsewhere */
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
