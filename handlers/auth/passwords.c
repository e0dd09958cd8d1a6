/* passwords.c - argon2id by libsodium, with a bound on how many run at once; see passwords.h. */
#include "handlers/auth/passwords.h"

#include <ctype.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "common/log.h"
#include "common/random.h"

/* ---- how many at once ---- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t left;
	int64_t inside, waiting;
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER, .left = PTHREAD_COND_INITIALIZER };

#define THREADS_FOR_OTHERS 8

/* Who waits here holds a thread, and every request to every service needs one of this process to be identified: so
 * some threads never wait here, however long the queue may be. */
static int64_t
waiting_most(void)
{
	int64_t queue = config_number(OPT_ARGON2_QUEUE), threads = config_number(OPT_HANDLER_THREADS) - THREADS_FOR_OTHERS;

	if (threads < 1)
		threads = 1;
	return queue < threads ? queue : threads;
}

enum error
password_enter(void)
{
	enum error e = OK;

	pthread_mutex_lock(&gate.lock);
	if (gate.inside >= config_number(OPT_ARGON2_CONCURRENCY)) {
		if (gate.waiting >= waiting_most()) {
			e = ERR_OVERLOADED;
		} else {
			gate.waiting++;
			while (gate.inside >= config_number(OPT_ARGON2_CONCURRENCY))
				pthread_cond_wait(&gate.left, &gate.lock);
			gate.waiting--;
		}
	}
	if (e == OK)
		gate.inside++;
	pthread_mutex_unlock(&gate.lock);
	return e;
}

void
password_leave(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.inside--;
	pthread_cond_signal(&gate.left);
	pthread_mutex_unlock(&gate.lock);
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
	random_fill(out, 1); /* starts libsodium */
	if (crypto_pwhash_str(out, password, strlen(password), passes(), memory()) == 0)
		return OK;
	log_error("no memory for a password hash of %zu bytes", memory());
	return ERR_OVERLOADED;
}

/* A hash that no password has, in today's parameters: salt and result are arbitrary (16 and 32 bytes in base64). */
static void
nobodys_hash(char out[PASSWORD_HASH])
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
	if (!number_read(&text, "$argon2id$v=19$m=", &h->memory_kib) || !number_read(&text, ",t=", &h->passes) ||
	    strncmp(text, ",p=1$", 5) != 0)
		return false;
	return base64_read(text + 5, h->salt, sizeof h->salt, &text) && *text == '$' &&
	       base64_read(text + 1, h->result, sizeof h->result, &text) && *text == '\0';
}

/* By hand, as libsodium's crypto_pwhash_str_verify() (of 1.0.18) calls a password wrong when it had no memory to find
 * out, errno included. */
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
	char nobodys[PASSWORD_HASH];
	bool somebody = hash != NULL;
	struct hash h;
	enum error e;

	nobodys_hash(nobodys);
	if (!somebody)
		hash = nobodys;
	if (hash_read(hash, &h))
		e = hash_verify(&h, password);
	else /* brought along from elsewhere */
		e = crypto_pwhash_str_verify(hash, password, strlen(password)) == 0 ? OK : ERR_INVALID_CREDENTIALS;
	return e == OK && !somebody ? ERR_INVALID_CREDENTIALS : e;
}

bool
password_outdated(const char *hash)
{
	return crypto_pwhash_str_needs_rehash(hash, passes(), memory()) != 0;
}
