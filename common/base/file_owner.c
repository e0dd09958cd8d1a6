/* file_owner.c - a file gets the owner of its folder; see file_owner.h. */
#include "common/base/file_owner.h"

#include <sys/stat.h>
#include <unistd.h>

bool
file_owner_inherit(int fd, const char *folder)
{
	struct stat file, owner;

	if (geteuid() != 0)
		return true;
	if (fstat(fd, &file) != 0 || stat(folder, &owner) != 0)
		return false;
	/* A file with a second name could be anyone's: it keeps its owner. */
	if (owner.st_uid == 0 || file.st_uid != 0 || file.st_nlink != 1 || !S_ISREG(file.st_mode))
		return true;
	return fchown(fd, owner.st_uid, owner.st_gid) == 0;
}
