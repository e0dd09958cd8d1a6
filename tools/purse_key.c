/* purse_key.c - `purse key …`: the signing keys. Running handlers pick up a change by
 * themselves. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/identity/key_files.h"
#include "tools/purse.h"
#include "tools/purse_auth.h"

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

struct rotation {
	char folder[512], kid[UUID_TEXT];
	bool made;
};

static const struct db_statement rotation_begin_sql = { "rotation_begin", "SELECT 1", DB_ONCE };

/* The first statement proves that the database answers, before there is a key to record. */
static enum error
rotation_work(struct db *db, void *context)
{
	struct rotation *r = context;
	struct acting who;
	enum error e = db_execute(db, &rotation_begin_sql, DB_NO_VALUES, NULL);

	if (e != OK)
		return e;
	r->made = key_files_rotate(r->folder, r->kid) && keys_give_to_owner(r->folder);
	if (!r->made)
		return ERR_INTERNAL;
	acting_now(&who);
	return act_key_rotated(db, &who, r->kid);
}

int
key_rotate(int argc, char **argv)
{
	struct rotation r = { .made = false };
	struct db *db;
	enum error e;

	(void)argv;
	if (argc != 0)
		return MISUSED;
	if (!key_folder(r.folder, sizeof r.folder) || (db = auth_database_open()) == NULL)
		return FAILED;
	e = db_transaction_on(db, DB_ONCE, rotation_work, &r);
	db_free(db);
	if (r.made)
		printf("%s signs from now on.\n", r.kid);
	if (r.made && e != OK)
		fprintf(stderr, "The database did not record who made the key.\n");
	return e == OK ? DONE : FAILED;
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
		printf("No keys in %s yet: the auth handler creates one when it starts.\n", folder);
	key_files_free(keys, count);
	return DONE;
}
