/* accounts.c - accounts in the database; see accounts.h. */
#include "domain/identity/accounts.h"

#include <ctype.h>
#include <string.h>

#include "common/base/caller.h"
#include "common/base/log.h"
#include "domain/identity/attempts.h"
#include "domain/identity/password_hash.h"
#include "domain/identity/password_text.h"
#include "domain/identity/sweep.h"

#define ACCOUNT_COLUMNS \
	"id, email, name, array_to_string(roles, ',') AS roles, created_at, password_hash"

/* ---- validation ---- */

/* A dot-atom (RFC 5322, 3.2.3) of at most 64 bytes (RFC 5321, 4.5.3.1.1): no quotes, comments or
 * empty atoms. */
static bool
local_part(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.' && (i == 0 || i + 1 == n || s[i - 1] == '.'))
			return false;
		if (!isalnum((unsigned char)s[i]) &&
			(s[i] == '\0' || strchr(".!#$%&'*+/=?^_`{|}~-", s[i]) == NULL))
			return false;
	}
	return n >= 1 && n <= 64;
}

/* RFC 1035, 2.3.4; RFC 1123, 2.1 also allows a digit in front. */
static bool
domain_label(const char *s, size_t n)
{
	if (n < 1 || n > 63 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '-')
			return false;
	return true;
}

static bool
domain(const char *s)
{
	for (;;) {
		size_t n = strcspn(s, ".");

		if (!domain_label(s, n))
			return false;
		if (s[n] == '\0')
			return true;
		s += n + 1;
	}
}

const char *
email_fault(const char *email)
{
	const char *at = strchr(email, '@');

	if (at != NULL && strlen(email) <= EMAIL_MAX && local_part(email, (size_t)(at - email)) &&
		domain(at + 1))
		return NULL;
	return "must be an e-mail address such as ada@example.com";
}

const char *
name_fault(const char *name)
{
	if (strpbrk(name, "\t\n") != NULL)
		return "must be one line";
	if (name[strspn(name, " ")] == '\0')
		return "must not be blank";
	return NULL;
}

/* ---- reading ---- */

struct account_row {
	struct account account;
	char roles[ROLES_TEXT];
};

static const struct db_column account_columns[] = {
	DB_COLUMN(UUID, "id", struct account_row, account.id),
	DB_COLUMN(TEXT, "email", struct account_row, account.email),
	DB_COLUMN(TEXT, "name", struct account_row, account.name),
	DB_COLUMN(CODE, "roles", struct account_row, roles),
	DB_COLUMN(INSTANT, "created_at", struct account_row, account.created_at),
	DB_COLUMN(TEXT, "password_hash", struct account_row, account.password_hash),
};

static enum error
account_read(const struct db_rows *rows, struct arena *arena, struct account *out)
{
	struct account_row row;
	enum error e = rows_read(rows, 0, DB_COLUMNS(account_columns), arena, &row);

	if (e != OK)
		return e;
	*out = row.account;
	out->roles = roles_from_text(row.roles);
	return OK;
}

static enum error
account_query(struct auth *auth, struct arena *arena, const struct db_statement *statement,
	const struct db_value *values, size_t count, struct account *out)
{
	DB_ROWS(rows);
	enum error e = db_query(auth->pool, statement, values, count, &rows);

	if (e != OK)
		return e;
	return rows_count(rows) > 0 ? account_read(rows, arena, out) : ERR_NOT_FOUND;
}

static const struct db_statement account_by_id_sql = { "account_by_id",
	"SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = $1", DB_IDEMPOTENT };

enum error
account_find(struct auth *auth, struct arena *arena, const struct uuid *id, struct account *out)
{
	return account_query(auth, arena, &account_by_id_sql, DB_VALUES(db_uuid(id)), out);
}

static const struct db_statement account_rename_sql = { "account_rename",
	"UPDATE account SET name = $2 WHERE id = $1 RETURNING " ACCOUNT_COLUMNS, DB_IDEMPOTENT };

enum error
account_rename(struct auth *auth, struct arena *arena, const struct uuid *id, const char *name,
	struct account *out)
{
	return account_query(auth, arena, &account_rename_sql,
		DB_VALUES(db_uuid(id), db_text(name)), out);
}

/* ---- passwords ---- */

/* Safe to retry: the second SELECT finds the row that an earlier attempt inserted. */
static const struct db_statement account_create_sql = { "account_create",
	"WITH made AS (INSERT INTO account (id, email, name, password_hash) VALUES ($1, $2, $3, $4)"
	" ON CONFLICT DO NOTHING RETURNING " ACCOUNT_COLUMNS ")"
	" SELECT * FROM made UNION ALL SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = $1",
	DB_IDEMPOTENT };

/* Addresses that differ only in case are one account. COLLATE "C" folds only
 * ASCII, like attempt_key(). */
static const struct db_statement account_by_email_sql = { "account_by_email",
	"SELECT " ACCOUNT_COLUMNS
	" FROM account WHERE lower(email COLLATE \"C\") = lower($1::text COLLATE \"C\")",
	DB_IDEMPOTENT };

enum error
account_create(struct auth *auth, struct arena *arena, const char *email, const char *name,
	const char *password, const struct client *client, struct account *out)
{
	struct uuid id = uuid_v7();
	char hash[PASSWORD_HASH];
	enum error e;

	/* A lookup is cheap and a hash is not, so check first; the unique index decides. */
	e = account_query(auth, arena, &account_by_email_sql, DB_VALUES(db_text(email)), out);
	if (e != ERR_NOT_FOUND)
		return e == OK ? ERR_EMAIL_TAKEN : e;
	if ((e = password_hash_queued(auth, client, password, hash)) != OK)
		return e;
	e = account_query(auth, arena, &account_create_sql,
		DB_VALUES(db_uuid(&id), db_text(email), db_text(name), db_text(hash)), out);
	return e == ERR_NOT_FOUND ? ERR_EMAIL_TAKEN : e;
}

/* A password in two forms: prepared, and as the client sent it. */
struct password {
	const char *prepared, *raw;
};

/* Hashes of before were of the raw form: *outdated is set if it is the one that matches. */
static enum error
password_matches(const char *hash, const struct password *p, bool *outdated)
{
	enum error e = password_verify(hash, p->prepared);

	*outdated = e == OK && password_outdated(hash);
	if (e == ERR_INVALID_CREDENTIALS && strcmp(p->prepared, p->raw) != 0)
		*outdated = (e = password_verify(hash, p->raw)) == OK;
	return e;
}

/* A concurrent sign-in rehashed the password, or it has changed: check against the stored hash. One
 * check is enough, since the next sign-in upgrades outdated parameters. */
static enum error
verify_stored(
	struct auth *auth, struct arena *arena, const struct password *p, struct account *a)
{
	enum error e = account_query(
		auth, arena, &account_by_id_sql, DB_VALUES(db_uuid(&a->id)), a);
	bool outdated;

	if (e != OK)
		return e == ERR_NOT_FOUND ? ERR_INVALID_CREDENTIALS : e;
	return password_matches(a->password_hash, p, &outdated);
}

static const struct db_statement account_rehash_sql = { "account_rehash",
	"UPDATE account SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
	DB_IDEMPOTENT };

/* The hash has outdated parameters, or is of the raw form. Only a sign-in can upgrade it: it has
 * the plain password. */
static enum error
rehash(struct auth *auth, struct arena *arena, const struct password *p, struct account *a)
{
	char hash[PASSWORD_HASH];
	DB_ROWS(rows);
	enum error e;

	if ((e = password_hash(p->prepared, hash)) != OK)
		return e;
	e = db_query(auth->pool, &account_rehash_sql,
		DB_VALUES(db_uuid(&a->id), db_text(a->password_hash), db_text(hash)), &rows);
	if (e != OK)
		return e;
	if (rows_touched(rows) == 0)
		return verify_stored(auth, arena, p, a);
	log_info("rehashed a password with the current parameters");
	a->password_hash = arena_strdup(arena, hash);
	return a->password_hash != NULL ? OK : ERR_TOO_LARGE;
}

static enum error
authenticate(struct auth *auth, struct arena *arena, struct attempt *attempt,
	const struct password *p, struct account *a, int64_t *wait_s)
{
	enum error e = attempt_begin(auth, attempt, wait_s);
	bool outdated;

	if (e != OK)
		return e;
	e = password_matches(a->password_hash, p, &outdated);
	if (e == OK && outdated)
		e = rehash(auth, arena, p, a);
	/* The caller learned nothing about the password, so the attempt must not count. */
	if (e == ERR_OVERLOADED)
		attempt_undo(auth, attempt);
	return e == OK ? attempt_succeeded(auth, attempt) : e;
}

enum error
account_authenticate(struct auth *auth, struct arena *arena, const char *email,
	const char *password, const struct client *client, struct account *out, int64_t *wait_s)
{
	struct password p = { password_prepare(arena, password), password };
	struct attempt attempt;
	enum error e;

	if (p.prepared == NULL)
		return ERR_TOO_LARGE;
	e = account_query(auth, arena, &account_by_email_sql, DB_VALUES(db_text(email)), out);
	if (e == ERR_NOT_FOUND)
		*out = (struct account){ .password_hash = NULL }; /* does the same work */
	else if (e != OK)
		return e;
	attempt_prepare(auth, email, &out->id, client, &attempt);
	/* Attempts are counted inside the gate: few are in flight at once, so concurrent valid
	 * sign-ins do not lock each other out. */
	if ((e = password_enter(auth, client)) != OK)
		return e;
	e = authenticate(auth, arena, &attempt, &p, out, wait_s);
	password_leave();
	if (e == ERR_INVALID_CREDENTIALS)
		sweep_some(auth);
	return e;
}

/* Sign-in and password change both lock the account and compare the hash, so no one can sign in
 * with a password that is being replaced. */
static const struct db_statement account_lock_sql = { "account_lock",
	"SELECT 1 FROM account WHERE id = $1 AND password_hash = $2 FOR NO KEY UPDATE",
	DB_IDEMPOTENT };

enum error
account_lock(struct db *db, const struct account *a)
{
	DB_ROWS(rows);
	enum error e = db_execute(db, &account_lock_sql,
		DB_VALUES(db_uuid(&a->id), db_text(a->password_hash)), &rows);

	if (e != OK)
		return e;
	return rows_count(rows) > 0 ? OK : ERR_INVALID_CREDENTIALS;
}

/* ---- JSON ---- */

json_t *
account_json(const struct account *a)
{
	char id[UUID_TEXT], created_at[INSTANT_TEXT];

	uuid_format(&a->id, id);
	instant_format(a->created_at, created_at);
	return json_pack("{s:s, s:s, s:s?, s:o, s:s}", "id", id, "email", a->email, "name", a->name,
		"roles", roles_to_json(a->roles), "created_at", created_at);
}
