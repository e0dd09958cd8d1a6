/* passwords.c - argon2id by libsodium, with a bound on how many run at once; see passwords.h. */
#include "handlers/auth/passwords.h"

#include <pthread.h>
#include <stdio.h>
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

bool
password_verify(const char *hash, const char *password)
{
	char nobodys[PASSWORD_HASH];
	bool somebody = hash != NULL;

	if (!somebody) {
		nobodys_hash(nobodys);
		hash = nobodys;
	}
	return (crypto_pwhash_str_verify(hash, password, strlen(password)) == 0) & somebody;
}

bool
password_outdated(const char *hash)
{
	return crypto_pwhash_str_needs_rehash(hash, passes(), memory()) != 0;
}
