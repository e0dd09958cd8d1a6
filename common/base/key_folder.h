/* key_folder.h - file operations in the key folder: create, lock, write. */
#ifndef COMMON_BASE_KEY_FOLDER_H
#define COMMON_BASE_KEY_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"

#define KEY_PATH 512 /* bytes of a path, with NUL */

/* Logs what failed, with errno; always false. */
bool key_folder_error(const char *what, const char *path);
/* False if the path is too long. */
bool key_folder_path(char out[KEY_PATH], const char *folder, const char *name) MUST_CHECK;
/* Creates the folder and its parents if they are missing. */
bool key_folder_make(const char *folder) MUST_CHECK;
/* Waits for the lock. Returns its descriptor, whose close() releases it, or -1. */
int key_folder_lock(const char *folder) MUST_CHECK;
/* Writes a file atomically and durably. The caller holds the lock. */
bool key_folder_write(
	const char *folder, const char *name, const void *bytes, size_t n) MUST_CHECK;

#endif
