/* purse_key.c - `purse key …`: the signing keys. Running handlers notice a change by themselves. */
#include <stdio.h>

#include "domain/identity/key_files.h"
#include "tools/purse.h"

int
key_rotate(int argc, char **argv)
{
	char folder[512], kid[UUID_TEXT];

	(void)argv;
	if (argc != 0)
		return MISUSED;
	if (!key_folder(folder, sizeof folder) || !key_files_rotate(folder, kid))
		return FAILED;
	printf("%s signs from now on.\n", kid);
	return DONE;
}

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
		printf("There is no key in %s: the auth handler makes one when it starts.\n",
			folder);
	key_files_free(keys, count);
	return DONE;
}
