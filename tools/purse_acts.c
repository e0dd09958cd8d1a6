/* purse_acts.c - `purse acts`: what operators did to accounts and keys, and who did it. */
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/config.h"
#include "tools/purse.h"
#include "tools/purse_auth.h"

struct db *
auth_database_open(void)
{
	const char *url = config_text(OPT_AUTH_DATABASE_OWNER_URL);

	if (url == NULL && !config_require(OPT_AUTH_DATABASE_URL))
		return NULL;
	return db_new(url != NULL ? url : config_text(OPT_AUTH_DATABASE_URL));
}

int
auth_list(int argc, char **argv, const struct db_statement *statement, db_each *print)
{
	struct db *db;
	enum error e;

	if (argc > 1)
		return MISUSED;
	if ((db = auth_database_open()) == NULL)
		return FAILED;
	e = db_stream(db, statement, DB_VALUES(db_text(argv[0])), print, NULL);
	db_free(db);
	return e == OK ? DONE : FAILED;
}

/* ---- who acts ---- */

/* Only root can be told a false SUDO_USER, and root can write the row itself. */
void
acting_now(struct acting *out)
{
	const char *before = geteuid() == 0 ? getenv("SUDO_USER") : NULL;
	struct passwd entry, *found = NULL;
	struct uuid id = uuid_v7();
	char buffer[4096], name[64];

	if (getpwuid_r(getuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != NULL)
		snprintf(name, sizeof name, "%s", found->pw_name);
	else
		snprintf(name, sizeof name, "%" PRIuMAX, (uintmax_t)getuid());
	if (before != NULL && *before != '\0')
		snprintf(out->actor, sizeof out->actor, "os:%s (sudo from %.40s)", name, before);
	else
		snprintf(out->actor, sizeof out->actor, "os:%s", name);
	uuid_format(&id, out->request_id);
}

static const struct db_statement act_key_rotated_sql = { "act_key_rotated",
	"INSERT INTO operator_act (actor, request_id, act, detail)"
	" VALUES ($1, $2, 'key_rotate', jsonb_build_object('kid', $3::text))",
	DB_ONCE };

enum error
act_key_rotated(struct db *db, const struct acting *who, const char *kid)
{
	return db_execute(db, &act_key_rotated_sql,
		DB_VALUES(db_text(who->actor), db_text(who->request_id), db_text(kid)), NULL);
}

/* ---- the list ---- */

static const struct db_statement acts_sql = { "acts",
	"SELECT to_char(o.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS at, o.act, o.actor,"
	" coalesce(o.request_id, '-') AS request_id, o.detail::text AS detail,"
	" coalesce(a.email, o.account_id::text, '-') AS account"
	" FROM operator_act o LEFT JOIN account a ON a.id = o.account_id"
	" WHERE $1::text IS NULL OR lower(a.email COLLATE \"C\") = lower($1 COLLATE \"C\")"
	" ORDER BY o.id DESC",
	DB_IDEMPOTENT };

struct act_row {
	char at[20], act[32], actor[ACTOR_TEXT], request_id[129], detail[512], account[256];
};

static const struct db_column act_columns[] = {
	DB_COLUMN(CODE, "at", struct act_row, at),
	DB_COLUMN(CODE, "act", struct act_row, act),
	DB_COLUMN(CODE, "actor", struct act_row, actor),
	DB_COLUMN(CODE, "request_id", struct act_row, request_id),
	DB_COLUMN(CODE, "detail", struct act_row, detail),
	DB_COLUMN(CODE, "account", struct act_row, account),
};

static enum error
act_print(const struct db_rows *row, void *unused)
{
	struct act_row act;
	enum error e = rows_read(row, 0, DB_COLUMNS(act_columns), NULL, &act);

	(void)unused;
	if (e == OK)
		printf("%s  %-10s  %-20s  %s  %s  %s\n", act.at, act.act, act.actor, act.request_id,
			act.account, act.detail);
	return e;
}

int
acts(int argc, char **argv)
{
	return auth_list(argc, argv, &acts_sql, act_print);
}
