/* key_files.h - the key folder: one file per signing key, and the secret behind refresh tokens.
 *
 * A key is stored in <kid>.pem. The kid is a UUIDv7, so the name holds the time of creation; the
 * newest key signs. A key expires KEY_OVERLAP after its successor was created. An unreadable or
 * invalid file never retires another key.
 *
 * Files are written atomically, have mode 0600 and belong to the folder's owner. The folder has
 * mode 0700. Several processes can start at once. Every function logs its failures. */
#ifndef DOMAIN_IDENTITY_KEY_FILES_H
#define DOMAIN_IDENTITY_KEY_FILES_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/clock.h"
#include "common/base/uuid.h"

#define KEYS_MAX 16 /* older keys are ignored; takes 16 rotations within one KEY_OVERLAP */
#define KEY_SECRET 32
#define KEY_END_NEVER INT64_MAX

struct key {
	char kid[UUID_TEXT];
	EVP_PKEY *pair;
	instant_us made_at, ends_at; /* KEY_END_NEVER for the newest readable key */
};

/* The path of the folder: KEY_DIR, or a folder in DATA_DIR. */
bool key_folder(char *out, size_t bytes) MUST_CHECK;
/* Creates the folder, the first key and the secret if they are missing. */
bool key_files_prepare(const char *folder) MUST_CHECK;
/* Creates a key, which signs from now on, and removes expired keys. */
bool key_files_rotate(const char *folder, char kid[UUID_TEXT]) MUST_CHECK;
/* Reads the keys that have not expired, newest first. Returns how many, or -1 if the folder cannot
 * be read. The caller frees them with key_files_free(). */
int key_files_read(const char *folder, struct key keys[KEYS_MAX]) MUST_CHECK;
void key_files_free(struct key *keys, int count);
/* False if there is no secret yet. */
bool key_files_secret(const char *folder, unsigned char out[KEY_SECRET]) MUST_CHECK;

#endif
