/* key_folder.c - creates, locks and writes to the key folder; see key_folder.h. */
#include "common/base/key_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file_owner.h"
#include "common/base/log.h"

#define LOCK_FILE "lock"

bool
key_folder_error(const char *what, const char *path)
{
	log_error("%s %s: %s", what, path, strerror(errno));
	return false;
}

bool
key_folder_path(char out[KEY_PATH], const char *folder, const char *name)
{
	int n = snprintf(out, KEY_PATH, "%s/%s", folder, name);

	return n > 0 && n < KEY_PATH;
}

bool
key_folder_make(const char *folder)
{
	char part[KEY_PATH];

	if (snprintf(part, sizeof part, "%s", folder) >= KEY_PATH)
		return key_folder_error("path too long:", folder);
	for (char *slash = strchr(part + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			return key_folder_error("could not create folder", part);
		*slash = '/';
	}
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return key_folder_error("could not create folder", folder);
	return true;
}

static int
lock_open(const char *folder)
{
	char path[KEY_PATH];
	int fd;

	if (!key_folder_path(path, folder, LOCK_FILE))
		return -1;
	fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (file_owner_inherit(fd, folder))
		return fd;
	close(fd);
	return -1;
}

int
key_folder_lock(const char *folder)
{
	int fd = lock_open(folder);

	if (fd < 0) {
		key_folder_error("could not open the lock file in", folder);
		return -1;
	}
	while (flock(fd, LOCK_EX) != 0)
		if (errno != EINTR) {
			key_folder_error("could not lock", folder);
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

/* Syncs the directory entry too: a power cut must not lose a key that has already signed tokens. */
static bool
folder_sync(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}

/* Writes to a temporary name, then renames: readers see the whole file or none. */
bool
key_folder_write(const char *folder, const char *name, const void *bytes, size_t n)
{
	char path[KEY_PATH], temporary[KEY_PATH];
	bool good;
	int fd;

	if (!key_folder_path(path, folder, name) || !key_folder_path(temporary, folder, ".new"))
		return key_folder_error("path too long:", folder);
	unlink(temporary);
	if ((fd = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600)) < 0)
		return key_folder_error("could not create", temporary);
	good = file_owner_inherit(fd, folder) && write_whole(fd, bytes, n);
	if (close(fd) != 0 || !good || rename(temporary, path) != 0 || !folder_sync(folder))
		return key_folder_error("could not write", path);
	return true;
}
