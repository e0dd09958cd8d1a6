/* part.c - an unfinished file; see part.h. */
#include "domain/statement/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file_owner.h"
#include "common/base/log.h"

#define CHUNK 65536

static enum error
part_error(const struct part *p, const char *action)
{
	log_error("could not %s statement file %s: %s", action, p->path, strerror(errno));
	return ERR_UNAVAILABLE;
}

/* Hashes the bytes to keep; false if they cannot all be read. SHA-256 cannot be resumed from a
 * stored digest, so the kept bytes are read once more. */
static bool
hash_kept(struct part *p, int64_t bytes)
{
	unsigned char chunk[CHUNK];
	int64_t at = 0;

	while (at < bytes) {
		size_t want = bytes - at < CHUNK ? (size_t)(bytes - at) : CHUNK;
		ssize_t n = pread(p->fd, chunk, want, at);

		if (n <= 0)
			return false;
		crypto_hash_sha256_update(&p->hash, chunk, (unsigned long long)n);
		at += n;
	}
	return true;
}

void
part_name(struct part *p, const char *folder, const char *name)
{
	*p = (struct part){ .fd = -1 };
	if (snprintf(p->path, sizeof p->path, "%s/%s.part", folder, name) < (int)sizeof p->path)
		snprintf(p->place, sizeof p->place, "%s/%s", folder, name);
	else
		p->path[0] = '\0';
}

enum error
part_open(struct part *p, const char *folder, const char *name, int64_t bytes)
{
	part_name(p, folder, name);
	if (p->path[0] == '\0')
		return ERR_INTERNAL;
	if (mkdir(folder, 0750) != 0 && errno != EEXIST)
		return part_error(p, "create the folder of");
	/* Already complete: the crash came between the rename and the record in the database. */
	if (access(p->path, F_OK) != 0 && rename(p->place, p->path) != 0 && errno != ENOENT)
		return part_error(p, "resume");
	if ((p->fd = open(p->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640)) < 0)
		return part_error(p, "open");
	/* An operator may drain the queue as root; the service must still read the file. */
	if (!file_owner_inherit(p->fd, folder))
		return part_error(p, "give to the folder's owner");
	crypto_hash_sha256_init(&p->hash);
	/* A file that is missing, or shorter than its record, is written again from the start. */
	if (!hash_kept(p, bytes)) {
		crypto_hash_sha256_init(&p->hash);
		bytes = 0;
	}
	p->bytes = bytes;
	if (ftruncate(p->fd, bytes) != 0)
		return part_error(p, "truncate");
	return OK;
}

/* Hashes as it writes, so the file is never read again at the end. */
enum error
part_write(struct part *p, const void *data, size_t bytes)
{
	const unsigned char *from = data;

	while (bytes > 0) {
		ssize_t n = pwrite(p->fd, from, bytes, p->bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return part_error(p, "write to");
		crypto_hash_sha256_update(&p->hash, from, (unsigned long long)n);
		p->bytes += n;
		from += n;
		bytes -= (size_t)n;
	}
	return OK;
}

/* fdatasync() also flushes the length, which is what a record promises. */
enum error
part_sync(struct part *p)
{
	return fdatasync(p->fd) == 0 ? OK : part_error(p, "sync");
}

/* Syncs the folder too: otherwise a crash can undo the rename. */
static enum error
folder_sync(struct part *p)
{
	char folder[PART_PATH];
	int fd, failed;

	snprintf(folder, sizeof folder, "%s", p->place);
	*strrchr(folder, '/') = '\0';
	if ((fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return part_error(p, "sync the folder of");
	failed = fsync(fd);
	close(fd);
	return failed == 0 ? OK : part_error(p, "sync the folder of");
}

/* Sync, then rename: the final name never shows an incomplete file. */
enum error
part_finish(struct part *p, unsigned char sha256[crypto_hash_sha256_BYTES])
{
	enum error e = part_sync(p);

	if (e == OK && rename(p->path, p->place) != 0)
		e = part_error(p, "rename");
	if (e == OK)
		e = folder_sync(p);
	if (e == OK)
		crypto_hash_sha256_final(&p->hash, sha256);
	part_close(p);
	return e;
}

void
part_close(struct part *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static void
file_remove(const char *path)
{
	if (path[0] != '\0' && unlink(path) != 0 && errno != ENOENT)
		log_warn("could not remove statement file %s: %s", path, strerror(errno));
}

void
part_discard(struct part *p)
{
	part_close(p);
	file_remove(p->path);
	file_remove(p->place);
}
