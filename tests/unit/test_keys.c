/* test_keys.c - signing keys: created once, private, rotated with an overlap, noticed without a
 * restart. */
#include <dirent.h>
#include <openssl/bn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/config.h"
#include "domain/identity/key_files.h"
#include "domain/identity/keys.h"
#include "tests/unit/unit.h"

static char parent[] = "/tmp/purse-test-keys-XXXXXX", folder[64];

static int
files_ending(const char *suffix)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		if (strlen(e->d_name) > strlen(suffix) &&
			strcmp(e->d_name + strlen(e->d_name) - strlen(suffix), suffix) == 0)
			n++;
	closedir(d);
	return n;
}

static void
processes_that_start_at_once_make_one_key(void **state)
{
	pid_t children[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(key_files_prepare(folder) ? 0 : 1);
		assert_true(children[i] > 0);
	}
	for (int i = 0; i < 8; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(files_ending(".pem"), 1);
	assert_int_equal(files_ending(".secret"), 1);
}

static void
only_the_owner_can_read_them(void **state)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	struct stat st;

	(void)state;
	assert_non_null(d);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			assert_int_equal(fstatat(dirfd(d), e->d_name, &st, 0), 0);
			assert_int_equal(st.st_mode & 0777, 0600);
		}
	closedir(d);
}

static void
the_secret_persists(void **state)
{
	unsigned char before[KEY_SECRET], after[KEY_SECRET];

	(void)state;
	assert_true(key_files_secret(folder, before));
	assert_true(key_files_prepare(folder));
	assert_true(key_files_secret(folder, after));
	assert_memory_equal(before, after, KEY_SECRET);
}

static size_t
published(void)
{
	json_t *jwks = keys_jwks();
	size_t n = json_array_size(json_object_get(jwks, "keys"));

	json_decref(jwks);
	return n;
}

static void
a_rotation_overlaps(void **state)
{
	char first[UUID_TEXT], second[UUID_TEXT], now_signing[UUID_TEXT];
	unsigned char by_first[KEY_SIGNATURE], by_second[KEY_SIGNATURE];
	unsigned generation;
	instant_us rotated;

	(void)state;
	assert_true(keys_start(true));
	assert_int_equal(keys_current(first), OK);
	assert_int_equal(keys_sign(first, "text", 4, by_first), OK);
	generation = keys_generation();

	rotated = clock_now();
	assert_true(key_files_rotate(folder, second)); /* as another process does */
	assert_int_equal(keys_current(now_signing), OK);
	assert_string_equal(now_signing, second);
	assert_int_not_equal(keys_generation(), generation);
	assert_int_equal(keys_sign(second, "text", 4, by_second), OK);
	assert_int_equal(keys_verify(first, "text", 4, by_first), OK);
	assert_int_equal(keys_verify(second, "text", 4, by_second), OK);
	assert_int_equal(keys_verify(second, "text", 4, by_first), ERR_UNAUTHENTICATED);
	assert_int_equal(keys_verify(second, "texts", 5, by_second), ERR_UNAUTHENTICATED);
	assert_int_equal(published(), 2);

	clock_fix(rotated + (config_number(OPT_KEY_OVERLAP) + 1000) * US_PER_MS);
	assert_int_equal(keys_verify(first, "text", 4, by_first), ERR_UNAUTHENTICATED);
	assert_int_equal(keys_verify(second, "text", 4, by_second), OK);
	assert_int_equal(published(), 1);
	assert_int_equal(files_ending(".pem"), 2);
	assert_true(key_files_rotate(folder, second));
	assert_int_equal(files_ending(".pem"), 2); /* the expired one is gone */
	clock_fix(0);
	keys_stop();
}

/* A verifier that has just read the folder must still find a key that is microseconds old. */
static void
a_new_key_is_found_at_once(void **state)
{
	unsigned char signature[KEY_SIGNATURE];

	(void)state;
	assert_true(keys_start(false));
	memset(signature, 1, sizeof signature);
	for (int i = 0; i < 50; i++) {
		char kid[UUID_TEXT], signing[UUID_TEXT];

		assert_int_equal(keys_current(signing), OK);
		assert_true(key_files_rotate(folder, kid));
		assert_int_equal(keys_sign(kid, "text", 4, signature), OK);
	}
	keys_stop();
}

static void
other_files_are_left_alone(void **state)
{
	char path[128], kid[UUID_TEXT];
	FILE *f;

	(void)state;
	snprintf(path, sizeof path, "%s/ffffffff-ffff-7fff-bfff-ffffffffffff.pem", folder);
	assert_non_null(f = fopen(path, "w"));
	fputs("no key\n", f);
	fclose(f);
	assert_true(keys_start(true));
	assert_int_equal(keys_current(kid), OK);
	assert_string_not_equal(kid, "ffffffff-ffff-7fff-bfff-ffffffffffff");
	keys_stop();
	assert_int_equal(unlink(path), 0);
}

static void
invalid_key_write(const char *where)
{
	char path[160], name[UUID_TEXT];
	struct uuid id = uuid_v7();
	FILE *f;

	uuid_format(&id, name);
	snprintf(path, sizeof path, "%s/%s.pem", where, name);
	assert_non_null(f = fopen(path, "w"));
	fputs("no key\n", f);
	fclose(f);
}

/* An unreadable key cannot sign: if it retired the previous key, no one could sign in. */
static void
an_invalid_key_retires_no_key(void **state)
{
	char other[64], first[UUID_TEXT], last[UUID_TEXT];
	struct key keys[KEYS_MAX];
	instant_us begin = clock_now();

	(void)state;
	snprintf(other, sizeof other, "%s/other", parent);
	clock_fix(begin);
	assert_true(key_files_rotate(other, first));
	clock_fix(begin + US_PER_S);
	invalid_key_write(other);
	clock_fix(begin + (config_number(OPT_KEY_OVERLAP) + 2000) * US_PER_MS);
	assert_int_equal(key_files_read(other, keys), 1);
	assert_string_equal(keys[0].kid, first);
	assert_true(keys[0].ends_at == KEY_END_NEVER);
	key_files_free(keys, 1);

	/* Tokens that the retired key has just signed stay valid for their whole lifetime. */
	assert_true(key_files_rotate(other, last));
	assert_int_equal(key_files_read(other, keys), 2);
	assert_string_equal(keys[0].kid, last);
	assert_string_equal(keys[1].kid, first);
	key_files_free(keys, 2);
	clock_fix(0);
}

/* Root runs `purse key rotate`, and a user's handlers read the files it creates. */
static void
root_creates_files_for_the_folders_owner(void **state)
{
	enum { NOBODY = 65534 };
	char users[64], kid[UUID_TEXT];
	struct dirent *e;
	struct stat st;
	int n = 0;
	DIR *d;

	(void)state;
	snprintf(users, sizeof users, "%s/users", parent);
	assert_int_equal(mkdir(users, 0700), 0);
	if (geteuid() != 0 || chown(users, NOBODY, NOBODY) != 0)
		skip();
	assert_true(key_files_prepare(users));
	assert_true(key_files_rotate(users, kid));
	assert_non_null(d = opendir(users));
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			assert_int_equal(fstatat(dirfd(d), e->d_name, &st, 0), 0);
			assert_int_equal(st.st_uid, NOBODY);
			assert_int_equal(st.st_gid, NOBODY);
			n++;
		}
	closedir(d);
	assert_int_equal(n, 4); /* two keys, the secret, the lock */
}

/* The other signature of the same text: (r, n - s). */
static void
other_signature(unsigned char signature[KEY_SIGNATURE])
{
	BIGNUM *n = NULL, *s = BN_bin2bn(signature + 32, 32, NULL);

	assert_true(BN_hex2bn(
		&n, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"));
	assert_true(BN_sub(s, n, s));
	assert_int_equal(BN_bn2binpad(s, signature + 32, 32), 32);
	BN_free(s);
	BN_free(n);
}

static void
a_text_has_one_signature(void **state)
{
	unsigned char signature[KEY_SIGNATURE];
	char kid[UUID_TEXT];

	(void)state;
	assert_true(keys_start(false));
	assert_int_equal(keys_current(kid), OK);
	for (int i = 0; i < 32; i++) {
		assert_int_equal(keys_sign(kid, "text", 4, signature), OK);
		assert_true(signature[32] < 0x80);
		assert_int_equal(keys_verify(kid, "text", 4, signature), OK);
		other_signature(signature);
		assert_int_equal(keys_verify(kid, "text", 4, signature), ERR_UNAUTHENTICATED);
	}
	keys_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes_that_start_at_once_make_one_key),
		cmocka_unit_test(only_the_owner_can_read_them),
		cmocka_unit_test(the_secret_persists),
		cmocka_unit_test(a_rotation_overlaps),
		cmocka_unit_test(a_text_has_one_signature),
		cmocka_unit_test(a_new_key_is_found_at_once),
		cmocka_unit_test(other_files_are_left_alone),
		cmocka_unit_test(an_invalid_key_retires_no_key),
		cmocka_unit_test(root_creates_files_for_the_folders_owner),
	};
	char command[64];
	int failed;

	if (mkdtemp(parent) == NULL)
		return 1;
	snprintf(folder, sizeof folder, "%s/below/keys", parent);
	if (setenv("KEY_DIR", folder, 1) != 0 || !config_load())
		return 1;
	failed = RUN(tests);
	snprintf(command, sizeof command, "rm -r %s", parent);
	return system(command) == 0 ? failed : 1;
}
