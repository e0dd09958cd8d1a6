/* purse_user.c - `purse user …`: users and their roles.
 *
 * It connects as the database's owner, because the handlers' role cannot change roles. A change
 * notifies the running handlers, and returns once they have read it, so it applies to a signed-in
 * user's next request. */
#include <stdio.h>

#include "common/base/caller.h"
#include "common/base/visible.h"
#include "common/db/db.h"
#include "domain/identity/authorizers.h"
#include "tools/purse.h"
#include "tools/purse_auth.h"

#define LINE_TEXT 1024 /* of what a user chose, with escapes */
#define EMAIL_MATCHES "lower(email COLLATE \"C\") = lower($1::text COLLATE \"C\")"
/* '*' is SESSION_ENDED_ALL: a role can concern any of the user's sessions, so caches forget all.
 * The trigger on account reads the settings when the statement ends. */
#define ROLES_CHANGED \
	" RETURNING array_to_string(roles, ','))" \
	" SELECT roles, pg_notify('session_ended', '*')," \
	" set_config('purse.actor', $3, true), set_config('purse.request_id', $4, true)" \
	" FROM done AS done(roles)"

#define SECONDS_TEXT 20 /* "2026-11-23 05:08:36" and NUL */

/* Text as the server writes it. Longer values are cut to these widths. */
struct user_row {
	char id[UUID_TEXT], email[256], name[512], roles[ROLES_TEXT];
	char created_at[SECONDS_TEXT];
};

static const struct db_column user_columns[] = {
	DB_COLUMN(CODE, "id", struct user_row, id),
	DB_COLUMN(CODE, "created_at", struct user_row, created_at),
	DB_COLUMN(CODE, "email", struct user_row, email),
	DB_COLUMN(CODE, "name", struct user_row, name),
	DB_COLUMN(CODE, "roles", struct user_row, roles),
};

#define USER_COLUMNS \
	"id, created_at, email, coalesce(name, '-') AS name, array_to_string(roles, ',') AS roles"

static const struct db_statement user_list_sql = { "user_list",
	"SELECT " USER_COLUMNS " FROM account"
	" WHERE $1::text IS NULL OR position(lower($1) IN lower(email)) > 0 ORDER BY id DESC",
	DB_IDEMPOTENT };

/* Called for each row of a stream: there can be more users than fit into memory. */
static enum error
user_print(const struct db_rows *row, void *unused)
{
	struct user_row user;
	enum error e = rows_read(row, 0, DB_COLUMNS(user_columns), NULL, &user);
	char email[LINE_TEXT];

	(void)unused;
	if (e != OK)
		return e;
	text_print(user.email, email, sizeof email);
	printf("%s  %s  %-27s  %s\n", user.id, user.created_at, user.roles, email);
	return OK;
}

int
user_list(int argc, char **argv)
{
	return auth_list(argc, argv, &user_list_sql, user_print);
}

struct session_row {
	char id[UUID_TEXT], last_used_at[SECONDS_TEXT], ip[128], user_agent[1024];
};

static const struct db_column session_columns[] = {
	DB_COLUMN(CODE, "id", struct session_row, id),
	DB_COLUMN(CODE, "last_used_at", struct session_row, last_used_at),
	DB_COLUMN(CODE, "ip", struct session_row, ip),
	DB_COLUMN(CODE, "user_agent", struct session_row, user_agent),
};

static const struct db_statement user_sessions_sql = { "user_sessions",
	"SELECT id, last_used_at, coalesce(ip, '-') AS ip, coalesce(user_agent, '-') AS user_agent"
	" FROM session WHERE account_id = $1::text::uuid AND ended_at IS NULL"
	" AND expires_at > now() ORDER BY id DESC LIMIT 1000",
	DB_IDEMPOTENT };

static enum error
sessions_print(struct db *db, const char *account)
{
	DB_ROWS(rows);
	enum error e = db_execute(db, &user_sessions_sql, DB_VALUES(db_text(account)), &rows);

	if (e != OK)
		return e;
	printf("sessions    %zu open\n", rows_count(rows));
	for (size_t i = 0; i < rows_count(rows) && e == OK; i++) {
		struct session_row s;
		char agent[LINE_TEXT];

		if ((e = rows_read(rows, i, DB_COLUMNS(session_columns), NULL, &s)) != OK)
			break;
		text_print(s.user_agent, agent, sizeof agent);
		printf("  %s  used %s  %s  %s\n", s.id, s.last_used_at, s.ip, agent);
	}
	return e;
}

static const struct db_statement user_show_sql = { "user_show",
	"SELECT " USER_COLUMNS " FROM account WHERE " EMAIL_MATCHES, DB_IDEMPOTENT };

static enum error
user_print_whole(struct db *db, const char *email)
{
	DB_ROWS(rows);
	enum error e = db_execute(db, &user_show_sql, DB_VALUES(db_text(email)), &rows);
	char name[LINE_TEXT];
	struct user_row user;

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_NOT_FOUND;
	if ((e = rows_read(rows, 0, DB_COLUMNS(user_columns), NULL, &user)) != OK)
		return e;
	text_print(user.name, name, sizeof name);
	printf("id          %s\nemail       %s\nname        %s\nroles       %s\ncreated_at  %s\n",
		user.id, user.email, name, user.roles, user.created_at);
	return sessions_print(db, user.id);
}

static int
report(enum error e, const char *email)
{
	if (e == ERR_NOT_FOUND)
		fprintf(stderr, "There is no account with the address %s.\n", email);
	return e == OK ? DONE : FAILED;
}

int
user_show(int argc, char **argv)
{
	struct db *db;
	enum error e;

	if (argc != 1)
		return MISUSED;
	if ((db = auth_database_open()) == NULL)
		return FAILED;
	e = user_print_whole(db, argv[0]);
	db_free(db);
	return report(e, argv[0]);
}

static enum error
role_set(struct db *db, const struct db_statement *statement, const char *email, const char *role)
{
	static const struct db_column columns[] = {
		DB_COLUMN(CODE, "roles", struct user_row, roles),
	};
	struct user_row user;
	struct acting who;
	DB_ROWS(rows);
	enum error e;

	acting_now(&who);
	e = db_execute(db, statement,
		DB_VALUES(db_text(email), db_text(role), db_text(who.actor),
			db_text(who.request_id)),
		&rows);
	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_NOT_FOUND;
	if ((e = rows_read(rows, 0, DB_COLUMNS(columns), NULL, &user)) == OK)
		printf("%s now has the roles: %s\n", email,
			user.roles[0] != '\0' ? user.roles : "none");
	return e;
}

static int
role_change(int argc, char **argv, const struct db_statement *statement)
{
	struct db *db;
	enum error e;

	if (argc != 2)
		return MISUSED;
	if (role_from_name(argv[1]) == 0) {
		fprintf(stderr, "Unknown role %s: use customer, operator or service.\n", argv[1]);
		return FAILED;
	}
	if ((db = auth_database_open()) == NULL)
		return FAILED;
	if ((e = role_set(db, statement, argv[0], argv[1])) == OK)
		authorizers_wait_on(db);
	db_free(db);
	return report(e, argv[0]);
}

static const struct db_statement role_add_sql = { "role_add",
	"WITH done AS (UPDATE account SET roles = array_append(array_remove(roles, $2), $2)"
	" WHERE " EMAIL_MATCHES ROLES_CHANGED,
	DB_IDEMPOTENT };

int
user_role_add(int argc, char **argv)
{
	return role_change(argc, argv, &role_add_sql);
}

static const struct db_statement role_remove_sql = { "role_remove",
	"WITH done AS (UPDATE account SET roles = array_remove(roles, $2)"
	" WHERE " EMAIL_MATCHES ROLES_CHANGED,
	DB_IDEMPOTENT };

int
user_role_remove(int argc, char **argv)
{
	return role_change(argc, argv, &role_remove_sql);
}
