/* seal_key.c - reads, creates and uses the key that signs the sealed history; see seal_key.h. */
#include "domain/ledger/seal_key.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/key_folder.h"
#include "common/base/log.h"
#include "common/base/random.h"

#define KEY_FILE "seal.key"
#define MESSAGE 256

/* The file holds the seed, from which the key pair follows. 1: read, 0: there is none, -1: logged
 * error. */
static int
key_read(const char *folder, struct seal_key *key)
{
	unsigned char seed[crypto_sign_SEEDBYTES];
	char path[KEY_PATH];
	ssize_t n;
	int fd;

	if (!key_folder_path(path, folder, KEY_FILE))
		return -1;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		key_folder_error("could not read", path);
		return -1;
	}
	n = read(fd, seed, sizeof seed);
	close(fd);
	if (n != (ssize_t)sizeof seed) {
		log_error("%s does not contain a key", path);
		return -1;
	}
	(void)crypto_sign_seed_keypair(key->public, key->secret, seed);
	sodium_memzero(seed, sizeof seed);
	return 1;
}

static bool
key_make(const char *folder)
{
	unsigned char seed[crypto_sign_SEEDBYTES];
	bool good;

	random_fill(seed, sizeof seed);
	good = key_folder_write(folder, KEY_FILE, seed, sizeof seed);
	sodium_memzero(seed, sizeof seed);
	return good;
}

static bool
folder_of(char folder[KEY_PATH])
{
	if (config_folder(OPT_KEY_DIR, "keys", folder, KEY_PATH))
		return true;
	log_error("the path of the key folder is too long");
	return false;
}

bool
seal_key_read(struct seal_key *key)
{
	char folder[KEY_PATH];

	return folder_of(folder) && key_read(folder, key) == 1;
}

bool
seal_key_prepare(struct seal_key *key)
{
	char folder[KEY_PATH];
	int lock, found;

	if (!folder_of(folder))
		return false;
	if ((found = key_read(folder, key)) != 0)
		return found == 1;
	if (!key_folder_make(folder) || (lock = key_folder_lock(folder)) < 0)
		return false;
	found = key_read(folder, key);
	if (found == 0 && key_make(folder))
		found = key_read(folder, key);
	close(lock);
	return found == 1;
}

void
seal_key_wipe(struct seal_key *key)
{
	sodium_memzero(key, sizeof *key);
}

/* What is signed: four lines of text. */
static size_t
message_write(const struct seal_head *h, char out[MESSAGE])
{
	char head[2 * SEAL_HEAD + 1], at[INSTANT_TEXT];
	int n;

	sodium_bin2hex(head, sizeof head, h->head, sizeof h->head);
	instant_format(h->at, at);
	n = snprintf(out, MESSAGE, "purse seal 1\n%" PRId64 "\n%s\n%s\n", h->number, head, at);
	return (size_t)n;
}

void
seal_head_sign(struct seal_head *h, const struct seal_key *key)
{
	char message[MESSAGE];
	size_t n = message_write(h, message);

	(void)crypto_sign_detached(
		h->signature, NULL, (const unsigned char *)message, n, key->secret);
	memcpy(h->signer, key->public, sizeof h->signer);
}

bool
seal_head_valid(const struct seal_head *h)
{
	char message[MESSAGE];
	size_t n = message_write(h, message);

	return crypto_sign_verify_detached(
		       h->signature, (const unsigned char *)message, n, h->signer) == 0;
}
