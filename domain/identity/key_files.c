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
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/random.h"

#define SECRET_FILE "refresh.secret"
#define LOCK_FILE "lock"
#define PATH_BYTES 512

static bool
log_failure(const char *what, const char *path)
{
	log_error("%s %s: %s", what, path, strerror(errno));
	return false;
}

static bool
path_join(char out[PATH_BYTES], const char *folder, const char *name)
{
	int n = snprintf(out, PATH_BYTES, "%s/%s", folder, name);

	return n > 0 && n < PATH_BYTES;
}

bool
key_folder(char *out, size_t bytes)
{
	if (config_folder(OPT_KEY_DIR, "keys", out, bytes))
		return true;
	log_error("the path of the key folder is too long");
	return false;
}

static bool
folder_make(const char *folder)
{
	char part[PATH_BYTES];

	if (snprintf(part, sizeof part, "%s", folder) >= PATH_BYTES)
		return log_failure("the path is too long:", folder);
	for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			return log_failure("cannot make the folder", part);
		*slash = '/';
	}
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return log_failure("cannot make the folder", folder);
	return true;
}

/* What root makes in a user's folder is of no use to that user's handlers unless they may read it.
 * Only for files just made: one that was there may be a link to anything. */
static bool
owner_copy(int fd, const char *folder)
{
	struct stat st;

	if (geteuid() != 0)
		return true;
	return stat(folder, &st) == 0 && (st.st_uid == 0 || fchown(fd, st.st_uid, st.st_gid) == 0);
}

static int
lock_open(const char *folder)
{
	char path[PATH_BYTES];
	int fd;

	if (!path_join(path, folder, LOCK_FILE))
		return -1;
	fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (owner_copy(fd, folder))
		return fd;
	close(fd);
	return -1;
}

/* Waits for its turn; the lock goes with the descriptor. */
static int
folder_lock(const char *folder)
{
	int fd = lock_open(folder);

	if (fd < 0) {
		log_failure("cannot open the lock in", folder);
		return -1;
	}
	while (flock(fd, LOCK_EX) != 0)
		if (errno != EINTR) {
			log_failure("cannot lock", folder);
			close(fd);
			return -1;
		}
	return fd;
}

static bool
write_whole(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return fsync(fd) == 0;
}

/* The folder's entry must be on disk too, or a power cut could take the key that tokens were signed
 * with. */
static bool
folder_sync(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}

/* Under the lock. Readers see the whole file or none. */
static bool
file_write(const char *folder, const char *name, const void *bytes, size_t n)
{
	char path[PATH_BYTES], aside[PATH_BYTES];
	bool good;
	int fd;

	if (!path_join(path, folder, name) || !path_join(aside, folder, ".new"))
		return log_failure("the path is too long:", folder);
	unlink(aside);
	if ((fd = open(aside, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600)) < 0)
		return log_failure("cannot create", aside);
	good = owner_copy(fd, folder) && write_whole(fd, bytes, n);
	if (close(fd) != 0 || !good || rename(aside, path) != 0 || !folder_sync(folder))
		return log_failure("cannot write", path);
	return true;
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

/* Names only, all of them. -1 where the folder cannot be read. Caller frees *keys. */
static int
keys_scan(const char *folder, struct key **keys)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	int n = 0;

	*keys = NULL;
	if (d == NULL) {
		log_failure("cannot read the key folder", folder);
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
	char path[PATH_BYTES], name[UUID_TEXT + 4];
	struct stat st;
	FILE *f;

	snprintf(name, sizeof name, "%s.pem", k->kid);
	if (!path_join(path, folder, name) || (f = fopen(path, "re")) == NULL)
		return log_failure("cannot read the key", path);
	if (fstat(fileno(f), &st) == 0 && (st.st_mode & 077) != 0)
		log_warn("the signing key %s can be read by others: chmod 600", path);
	k->pair = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (k->pair == NULL || EVP_PKEY_get_base_id(k->pair) != EVP_PKEY_EC ||
		EVP_PKEY_get_bits(k->pair) != 256) {
		log_error("the file %s holds no P-256 key", path);
		EVP_PKEY_free(k->pair);
		return false;
	}
	return true;
}

/* When those older than this one end. */
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

	/* Only a key that was read can take over: one that was not must not retire the key that
	 * signs in its stead. */
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

/* Under the lock. The PEM passes through memory of ours, wiped afterwards. */
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
		log_error("a signing key could not be made");
	else if ((n = BIO_get_mem_data(pem, &text)) > 0)
		good = file_write(folder, name, text, (size_t)n);
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
		char path[PATH_BYTES], name[UUID_TEXT + 4];

		snprintf(name, sizeof name, "%s.pem", found[i].kid);
		if (strcmp(found[i].kid, kid) < 0 && path_join(path, folder, name) &&
			unlink(path) != 0)
			log_failure("cannot remove the old key", path);
	}
	free(found);
}

/* What has ended is older than the oldest key that has not, so a key that can be read always stays.
 */
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

	if (!folder_make(folder) || (lock = folder_lock(folder)) < 0)
		return false;
	if ((good = key_make(folder, kid)))
		ended_remove(folder);
	close(lock);
	return good;
}

/* ---- the secret ---- */

static int
secret_read(const char *folder, unsigned char out[KEY_SECRET])
{
	char path[PATH_BYTES];
	int fd;
	ssize_t n;

	if (!path_join(path, folder, SECRET_FILE) || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
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
	log_error("the refresh secret in %s cannot be read", folder);
	return false;
}

static bool
secret_prepare(const char *folder)
{
	unsigned char secret[KEY_SECRET];
	int there = secret_read(folder, secret);
	bool good = there == 1;

	if (there < 0)
		log_error("the refresh secret in %s cannot be read", folder);
	if (there == 0) {
		random_fill(secret, sizeof secret);
		good = file_write(folder, SECRET_FILE, secret, sizeof secret);
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

	if (!folder_make(folder) || (lock = folder_lock(folder)) < 0)
		return false;
	count = keys_scan(folder, &found);
	free(found);
	good = count > 0 || (count == 0 && key_make(folder, kid));
	good = good && secret_prepare(folder);
	close(lock);
	return good;
}
