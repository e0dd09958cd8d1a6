/* purse_auth.h - what the commands on users and keys share: the auth database, and who acts. */
#ifndef TOOLS_PURSE_AUTH_H
#define TOOLS_PURSE_AUTH_H

#include "common/base/uuid.h"
#include "common/db/db.h"

#define ACTOR_TEXT 128

/* Who runs the command, and this run's id. */
struct acting {
	char actor[ACTOR_TEXT]; /* os:NAME, or os:NAME (sudo from NAME) */
	char request_id[UUID_TEXT];
};

/* Connects as the owner if AUTH_DATABASE_OWNER_URL is set. The caller calls db_free(); NULL after
 * an error message. */
struct db *auth_database_open(void);

/* The command [TEXT]: prints the rows of a statement whose only parameter is TEXT, or NULL. */
int auth_list(int argc, char **argv, const struct db_statement *statement, db_each *print);

void acting_now(struct acting *out);
/* In a transaction: records that a key was made. */
enum error act_key_rotated(struct db *db, const struct acting *who, const char *kid) MUST_CHECK;

#endif
