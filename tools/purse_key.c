/* purse_key.c - `purse key …`: the signing keys. Running handlers pick up a change by
 * themselves. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/identity/key_files.h"
#include "tools/purse.h"

/* Root makes keys for the user whom the folder belongs to, and who runs the auth handler. */
static bool
keys_give_to_owner(const char *folder)
{
	DIR *dir;
	struct dirent *entry;
	struct stat owner;
	bool given = true;

	if (geteuid() != 0)
		return true;
	if ((dir = opendir(folder)) == NULL)
		return false;
	given = fstat(dirfd(dir), &owner) == 0;
	while (given && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' || entry->d_name[1] != '.')
			given = fchownat(dirfd(dir), entry->d_name, owner.st_uid, owner.st_gid,
					AT_SYMLINK_NOFOLLOW) == 0;
	closedir(dir);
	return given;
}

int
key_rotate(int argc, char **argv)
{
	char folder[512], kid[UUID_TEXT];

	(void)argv;
	if (argc != 0)
		return MISUSED;
	if (!key_folder(folder, sizeof folder) || !key_files_rotate(folder, kid) ||
		!keys_give_to_owner(folder))
		return FAILED;
	printf("%s signs from now on.\n", kid);
	return DONE;
}

/* Reads the folder, not a running handler, so it works while the service is down. */
int
key_list(int argc, char **argv)
{
	char folder[512];
	struct key keys[KEYS_MAX];
	int count;

	(void)argv;
	if (argc != 0)
		return MISUSED;
	if (!key_folder(folder, sizeof folder) || (count = key_files_read(folder, keys)) < 0)
		return FAILED;
	for (int i = 0; i < count; i++) {
		char made_at[INSTANT_TEXT], ends_at[INSTANT_TEXT];

		instant_format(keys[i].made_at, made_at);
		instant_format(i == 0 ? 0 : keys[i].ends_at, ends_at);
		printf("%s  made %s  %s%s\n", keys[i].kid, made_at,
			i == 0 ? "signs" : "accepted until ", i == 0 ? "" : ends_at);
	}
	if (count == 0)
		printf("No keys in %s yet: the auth handler creates one when it starts.\n", folder);
	key_files_free(keys, count);
	return DONE;
}
