/* purse_user.c - `purse user …`: who is there, and who is an operator.
 *
 * Works as the database's owner: the handlers' own role may not give roles. A change is told to the running handlers,
 * so it holds for the next request of whoever is signed in. */
#include <stdio.h>

#include "common/base/caller.h"
#include "common/base/config.h"
#include "common/db/db.h"
#include "tools/purse.h"

#define THE_EMAIL "lower(email COLLATE \"C\") = lower($1::text COLLATE \"C\")"
#define TELL_ALL                                                                                                       \
	" RETURNING array_to_string(roles, ',')) SELECT roles, pg_notify('session_ended', '*') FROM done AS done(roles)"


/* The caller's to db_free(); NULL, after a sentence, where it cannot be. */
static struct db *
users_open(void)
{
	const char *url = config_text(OPT_AUTH_DATABASE_OWNER_URL);

	if (url == NULL && !config_require(OPT_AUTH_DATABASE_URL))
		return NULL;
	return db_new(url != NULL ? url : config_text(OPT_AUTH_DATABASE_URL));
}

static enum error
user_print(const struct db_rows *row, void *unused)
{
	(void)unused;
	printf("%s  %.19s  %-27s  %s\n", rows_text(row, 0, 0), rows_text(row, 0, 1), rows_text(row, 0, 3),
		rows_text(row, 0, 2));
	return OK;
}

static const struct db_statement user_list_sql = { "user_list",
	"SELECT id, created_at, email, array_to_string(roles, ',') FROM account"
	" WHERE $1::text IS NULL OR position(lower($1) IN lower(email)) > 0 ORDER BY id DESC",
	DB_AGAIN };

int
user_list(int argc, char **argv)
{
	struct db *db;
	enum error e;

	if (argc > 1)
		return MISUSED;
	if ((db = users_open()) == NULL)
		return FAILED;
	e = db_stream(db, &user_list_sql, DB_VALUES(db_text(argv[0])), user_print, NULL);
	db_free(db);
	return e == OK ? DONE : FAILED;
}

static const struct db_statement user_show_sql = { "user_show",
	"SELECT id, email, coalesce(name, '-'), array_to_string(roles, ','), created_at FROM account WHERE " THE_EMAIL,
	DB_AGAIN };

static const struct db_statement user_sessions_sql = { "user_sessions",
	"SELECT id, last_used_at, coalesce(ip, '-'), coalesce(user_agent, '-') FROM session"
	" WHERE account_id = $1 AND ended_at IS NULL AND expires_at > now() ORDER BY id DESC LIMIT 1000",
	DB_AGAIN };

static enum error
user_print_whole(struct db *db, const char *email)
{
	DB_ROWS(user);
	DB_ROWS(sessions);
	enum error e = db_execute(db, &user_show_sql, DB_VALUES(db_text(email)), &user);
	struct uuid id;

	if (e != OK)
		return e;
	if (rows_count(user) == 0)
		return ERR_NOT_FOUND;
	printf("id          %s\nemail       %s\nname        %s\nroles       %s\ncreated_at  %s\n", rows_text(user, 0, 0),
		rows_text(user, 0, 1), rows_text(user, 0, 2), rows_text(user, 0, 3), rows_text(user, 0, 4));
	id = rows_uuid(user, 0, 0);
	if ((e = db_execute(db, &user_sessions_sql, DB_VALUES(db_uuid(&id)), &sessions)) != OK)
		return e;
	printf("sessions    %zu open\n", rows_count(sessions));
	for (size_t i = 0; i < rows_count(sessions); i++)
		printf("  %s  used %.19s  %s  %s\n", rows_text(sessions, i, 0), rows_text(sessions, i, 1),
			rows_text(sessions, i, 2), rows_text(sessions, i, 3));
	return OK;
}

static int
done_or_said(enum error e, const char *email)
{
	if (e == ERR_NOT_FOUND)
		fprintf(stderr, "There is no account with the address %s.\n", email);
	else if (e != OK)
		fprintf(stderr, "The database did not do it; its words are above.\n");
	return e == OK ? DONE : FAILED;
}

int
user_show(int argc, char **argv)
{
	struct db *db;
	enum error e;

	if (argc != 1)
		return MISUSED;
	if ((db = users_open()) == NULL)
		return FAILED;
	e = user_print_whole(db, argv[0]);
	db_free(db);
	return done_or_said(e, argv[0]);
}

static enum error
role_set(struct db *db, const struct db_statement *statement, const char *email, const char *role)
{
	DB_ROWS(rows);
	enum error e = db_execute(db, statement, DB_VALUES(db_text(email), db_text(role)), &rows);

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_NOT_FOUND;
	printf("%s now has the roles: %s\n", email, *rows_text(rows, 0, 0) != '\0' ? rows_text(rows, 0, 0) : "none");
	return OK;
}

static int
role_change(int argc, char **argv, const struct db_statement *statement)
{
	struct db *db;
	enum error e;

	if (argc != 2)
		return MISUSED;
	if (role_from_name(argv[1]) == 0) {
		fprintf(stderr, "A role is customer, operator or service, not %s.\n", argv[1]);
		return FAILED;
	}
	if ((db = users_open()) == NULL)
		return FAILED;
	e = role_set(db, statement, argv[0], argv[1]);
	db_free(db);
	return done_or_said(e, argv[0]);
}

static const struct db_statement role_add_sql = { "role_add",
	"WITH done AS (UPDATE account SET roles = array_append(array_remove(roles, $2), $2) WHERE " THE_EMAIL TELL_ALL,
	DB_AGAIN };

int
user_role_add(int argc, char **argv)
{
	return role_change(argc, argv, &role_add_sql);
}

static const struct db_statement role_remove_sql = { "role_remove",
	"WITH done AS (UPDATE account SET roles = array_remove(roles, $2) WHERE " THE_EMAIL TELL_ALL, DB_AGAIN };

int
user_role_remove(int argc, char **argv)
{
	return role_change(argc, argv, &role_remove_sql);
}
