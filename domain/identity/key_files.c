/* key_files.c - signing keys and the refresh secret as files; see key_files.h. */
#include "domain/identity/key_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/key_folder.h"
#include "common/base/log.h"
#include "common/base/random.h"

#define SECRET_FILE "refresh.secret"

bool
key_folder(char *out, size_t bytes)
{
	if (config_folder(OPT_KEY_DIR, "keys", out, bytes))
		return true;
	log_error("the path of the key folder is too long");
	return false;
}

/* ---- keys ---- */

static bool
kid_from_name(const char *name, char kid[UUID_TEXT], instant_us *made_at)
{
	struct uuid u;
	uint64_t ms = 0;

	if (strlen(name) != UUID_TEXT - 1 + 4 || strcmp(name + UUID_TEXT - 1, ".pem") != 0)
		return false;
	memcpy(kid, name, UUID_TEXT - 1);
	kid[UUID_TEXT - 1] = '\0';
	if (!uuid_parse(kid, &u))
		return false;
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | u.bytes[i];
	*made_at = (instant_us)ms * US_PER_MS;
	return true;
}

static int
newest_first(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	return strcmp(y->kid, x->kid);
}

/* Reads all key names, but no keys. Returns -1 if the folder cannot be read. The caller frees
 * *keys. */
static int
keys_scan(const char *folder, struct key **keys)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	int n = 0;

	*keys = NULL;
	if (d == NULL) {
		key_folder_error("could not read the key folder", folder);
		return -1;
	}
	while ((entry = readdir(d)) != NULL) {
		struct key k = { .ends_at = KEY_END_NEVER }, *more;

		if (!kid_from_name(entry->d_name, k.kid, &k.made_at))
			continue;
		if ((more = realloc(*keys, (size_t)(n + 1) * sizeof k)) == NULL)
			break;
		*keys = more;
		(*keys)[n++] = k;
	}
	closedir(d);
	if (n > 0)
		qsort(*keys, (size_t)n, sizeof **keys, newest_first);
	return n;
}

static bool
key_load(const char *folder, struct key *k)
{
	char path[KEY_PATH], name[UUID_TEXT + 4];
	struct stat st;
	FILE *f;

	snprintf(name, sizeof name, "%s.pem", k->kid);
	if (!key_folder_path(path, folder, name) || (f = fopen(path, "re")) == NULL)
		return key_folder_error("could not read key", path);
	if (fstat(fileno(f), &st) == 0 && (st.st_mode & 077) != 0)
		log_warn("other users can access signing key %s: chmod it to 600", path);
	k->pair = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (k->pair == NULL || EVP_PKEY_get_base_id(k->pair) != EVP_PKEY_EC ||
		EVP_PKEY_get_bits(k->pair) != 256) {
		log_error("%s does not contain a P-256 key", path);
		EVP_PKEY_free(k->pair);
		return false;
	}
	return true;
}

/* When keys older than this one expire. */
static instant_us
older_end_at(const struct key *k)
{
	return k->made_at + config_number(OPT_KEY_OVERLAP) * US_PER_MS;
}

int
key_files_read(const char *folder, struct key keys[KEYS_MAX])
{
	struct key *found;
	int count = keys_scan(folder, &found), n = 0;
	instant_us now = clock_now();

	/* Only a readable key retires the older ones: otherwise an unreadable file would retire the
	 * key that still signs. */
	for (int i = 0; i < count && n < KEYS_MAX; i++) {
		if (n > 0)
			found[i].ends_at = older_end_at(&keys[n - 1]);
		if (found[i].ends_at <= now)
			break;
		if (key_load(folder, &found[i]))
			keys[n++] = found[i];
	}
	free(found);
	return count < 0 ? -1 : n;
}

void
key_files_free(struct key *keys, int count)
{
	for (int i = 0; i < count; i++)
		EVP_PKEY_free(keys[i].pair);
}

/* The caller holds the lock. The PEM text is in secure memory, which is wiped when freed. */
static bool
key_make(const char *folder, char kid[UUID_TEXT])
{
	char name[UUID_TEXT + 4];
	struct uuid id = uuid_v7();
	EVP_PKEY *pair = EVP_EC_gen("P-256");
	BIO *pem = BIO_new(BIO_s_secmem());
	char *text;
	long n;
	bool good = false;

	uuid_format(&id, kid);
	snprintf(name, sizeof name, "%s.pem", kid);
	if (pair == NULL || pem == NULL ||
		PEM_write_bio_PKCS8PrivateKey(pem, pair, NULL, NULL, 0, NULL, NULL) != 1)
		log_error("could not create a signing key");
	else if ((n = BIO_get_mem_data(pem, &text)) > 0)
		good = key_folder_write(folder, name, text, (size_t)n);
	BIO_free(pem);
	EVP_PKEY_free(pair);
	return good;
}

static void
older_remove(const char *folder, const char *kid)
{
	struct key *found;
	int count = keys_scan(folder, &found);

	for (int i = 0; i < count; i++) {
		char path[KEY_PATH], name[UUID_TEXT + 4];

		snprintf(name, sizeof name, "%s.pem", found[i].kid);
		if (strcmp(found[i].kid, kid) < 0 && key_folder_path(path, folder, name) &&
			unlink(path) != 0)
			key_folder_error("could not remove the expired key", path);
	}
	free(found);
}

/* Expired keys are older than the oldest live one, so at least one readable key remains. */
static void
ended_remove(const char *folder)
{
	struct key keys[KEYS_MAX];
	int n = key_files_read(folder, keys);

	if (n > 0 && older_end_at(&keys[n - 1]) <= clock_now())
		older_remove(folder, keys[n - 1].kid);
	key_files_free(keys, n);
}

bool
key_files_rotate(const char *folder, char kid[UUID_TEXT])
{
	int lock;
	bool good;

	if (!key_folder_make(folder) || (lock = key_folder_lock(folder)) < 0)
		return false;
	if ((good = key_make(folder, kid)))
		ended_remove(folder);
	close(lock);
	return good;
}

/* ---- the secret ---- */

/* 1 if read, 0 if there is none, -1 on error. */
static int
secret_read(const char *folder, unsigned char out[KEY_SECRET])
{
	char path[KEY_PATH];
	int fd;
	ssize_t n;

	if (!key_folder_path(path, folder, SECRET_FILE) ||
		(fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return errno == ENOENT ? 0 : -1;
	n = read(fd, out, KEY_SECRET);
	close(fd);
	return n == KEY_SECRET ? 1 : -1;
}

bool
key_files_secret(const char *folder, unsigned char out[KEY_SECRET])
{
	if (secret_read(folder, out) == 1)
		return true;
	log_error("could not read the refresh secret in %s", folder);
	return false;
}

static bool
secret_prepare(const char *folder)
{
	unsigned char secret[KEY_SECRET];
	int found = secret_read(folder, secret);
	bool good = found == 1;

	if (found < 0)
		log_error("could not read the refresh secret in %s", folder);
	if (found == 0) {
		random_fill(secret, sizeof secret);
		good = key_folder_write(folder, SECRET_FILE, secret, sizeof secret);
	}
	sodium_memzero(secret, sizeof secret);
	return good;
}

bool
key_files_prepare(const char *folder)
{
	char kid[UUID_TEXT];
	struct key *found = NULL;
	int lock, count;
	bool good;

	if (!key_folder_make(folder) || (lock = key_folder_lock(folder)) < 0)
		return false;
	count = keys_scan(folder, &found);
	free(found);
	good = count > 0 || (count == 0 && key_make(folder, kid));
	good = good && secret_prepare(folder);
	close(lock);
	return good;
}
