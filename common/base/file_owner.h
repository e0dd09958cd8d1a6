/* file_owner.h - files that root creates where an unprivileged service must read them. */
#ifndef COMMON_BASE_FILE_OWNER_H
#define COMMON_BASE_FILE_OWNER_H

#include <stdbool.h>

#include "common/base/error.h"

/* Gives the open file to the owner of the folder, if we are root and the file is root's; else does
 * nothing. The caller has opened it without following links. False: errno says why. */
bool file_owner_inherit(int fd, const char *folder) MUST_CHECK;

#endif
