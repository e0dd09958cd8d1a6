/* key_files.h - the folder of secrets: signing keys, one file each, and the secret behind refresh
 * tokens.
 *
 * A key's file is <kid>.pem, its kid a UUIDv7: the name says when the key was made, and the newest
 * one signs. A key ends KEY_OVERLAP after its successor was made; a file that cannot be read, or
 * holds no key, succeeds nobody. Files appear whole (written aside, then renamed), have mode 0600,
 * the folder's owner, and the folder has 0700; several processes may start at once. */
#ifndef DOMAIN_IDENTITY_KEY_FILES_H
#define DOMAIN_IDENTITY_KEY_FILES_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/clock.h"
#include "common/base/uuid.h"

#define KEYS_MAX 16 /* beyond these the oldest are not read: 16 rotations within one KEY_OVERLAP */
#define KEY_SECRET 32
#define KEY_END_NEVER INT64_MAX

struct key {
	char kid[UUID_TEXT];
	EVP_PKEY *pair;
	instant_us made_at, ends_at; /* KEY_END_NEVER for the newest that could be read */
};

/* All of these log what goes wrong. */

/* KEY_DIR, or below DATA_DIR. */
bool key_folder(char *out, size_t bytes) MUST_CHECK;
/* Makes what is missing: the folder, a first key, the secret. */
bool key_files_prepare(const char *folder) MUST_CHECK;
/* One more key, which signs from now on; removes the files of keys that have ended. */
bool key_files_rotate(const char *folder, char kid[UUID_TEXT]) MUST_CHECK;
/* The keys that have not ended, the newest first; how many, or -1 where the folder cannot be read.
 * The caller frees each pair (key_files_free). */
int key_files_read(const char *folder, struct key keys[KEYS_MAX]) MUST_CHECK;
void key_files_free(struct key *keys, int count);
/* False where there is none yet. */
bool key_files_secret(const char *folder, unsigned char out[KEY_SECRET]) MUST_CHECK;

#endif
