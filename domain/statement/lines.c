/* lines.c - parses transaction_created events into lines; see lines.h.
 * sql/statement/functions/lines.sql stores them. */
#include "domain/statement/lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/invariant.h"
#include "common/base/money.h"
#include "common/base/uuid.h"

#define TEXT_MAX 4096 /* bytes of a merchant or a description; above what the ledger accepts */
#define KIND_MAX 32

/* The parameters of lines_store(), in order. */
enum column {
	COLUMN_WALLET, COLUMN_VERSION, COLUMN_TRANSACTION, COLUMN_OWNER, COLUMN_CURRENCY,
	COLUMN_KIND, COLUMN_AMOUNT, COLUMN_BALANCE, COLUMN_MERCHANT, COLUMN_DESCRIPTION,
	COLUMN_REFERENCE, COLUMN_CREATED, COLUMN_COUNTERPART_WALLET, COLUMN_COUNTERPART,
	COLUMN_CHANGE, COLUMN_COUNT
};

static const enum db_element elements[COLUMN_COUNT] = {
	[COLUMN_WALLET] = DB_UUID_ARRAY, [COLUMN_VERSION] = DB_INT8_ARRAY,
	[COLUMN_TRANSACTION] = DB_UUID_ARRAY, [COLUMN_OWNER] = DB_UUID_ARRAY,
	[COLUMN_CURRENCY] = DB_TEXT_ARRAY, [COLUMN_KIND] = DB_TEXT_ARRAY,
	[COLUMN_AMOUNT] = DB_INT8_ARRAY, [COLUMN_BALANCE] = DB_INT8_ARRAY,
	[COLUMN_MERCHANT] = DB_TEXT_ARRAY, [COLUMN_DESCRIPTION] = DB_TEXT_ARRAY,
	[COLUMN_REFERENCE] = DB_UUID_ARRAY, [COLUMN_CREATED] = DB_TEXT_ARRAY,
	[COLUMN_COUNTERPART_WALLET] = DB_UUID_ARRAY, [COLUMN_COUNTERPART] = DB_UUID_ARRAY,
	[COLUMN_CHANGE] = DB_INT8_ARRAY,
};

/* Columns, not rows: they become the array parameters of one call. */
struct lines {
	struct db_array columns[COLUMN_COUNT];
	size_t count, room;
	/* What each event is about, for reports. */
	struct about {
		struct uuid wallet;
		int64_t version;
	} *about;
};

struct lines *
lines_new(void)
{
	struct lines *l = calloc(1, sizeof *l);

	for (int i = 0; l != NULL && i < COLUMN_COUNT; i++)
		l->columns[i].element = elements[i];
	return l;
}

void
lines_free(struct lines *l)
{
	for (int i = 0; l != NULL && i < COLUMN_COUNT; i++)
		db_array_free(&l->columns[i]);
	if (l != NULL)
		free(l->about);
	free(l);
}

void
lines_clear(struct lines *l)
{
	for (int i = 0; i < COLUMN_COUNT; i++)
		db_array_clear(&l->columns[i]);
	l->count = 0;
}

size_t
lines_count(const struct lines *l)
{
	return l->count;
}

/* ---- parsing ---- */

/* An event's members, unchecked. A json_t is NULL or JSON null if the member is absent. */
struct members {
	const char *id, *wallet, *owner, *kind, *currency, *created;
	json_int_t amount, balance, version;
	json_t *reference, *merchant, *description, *to_wallet, *from_wallet, *counterpart, *change;
};

struct event_line {
	struct uuid id, wallet, owner, reference, counterpart_wallet, counterpart;
	bool has_reference, has_counterpart, has_change;
	const char *merchant, *description;
	instant_us created;
	int64_t change; /* of the balance; older events do not have it */
};

static enum error
refuse(char reason[LINES_REASON], const char *what)
{
	snprintf(reason, LINES_REASON, "%s", what);
	return ERR_INVALID_REQUEST;
}

/* Without JSON_STRICT, so members that later versions add are ignored. */
static enum error
members_read(const json_t *data, struct members *m, char reason[LINES_REASON])
{
	json_error_t fault;
	/* json_unpack() takes no const pointer, but without O it changes nothing. */
	json_t *object = (json_t *)(uintptr_t)data;

	if (json_unpack_ex(object, &fault, 0,
		    "{s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:I,"
		    " s?o, s?o, s?o, s:s, s?o, s?o, s?o, s?o}",
		    "id", &m->id, "wallet_id", &m->wallet, "owner_id", &m->owner, "kind", &m->kind,
		    "amount", &m->amount, "currency", &m->currency, "balance_after", &m->balance,
		    "version", &m->version, "reference_id", &m->reference, "merchant", &m->merchant,
		    "description", &m->description, "created_at", &m->created, "to_wallet_id",
		    &m->to_wallet, "from_wallet_id", &m->from_wallet, "counterpart_id",
		    &m->counterpart, "balance_change", &m->change) == 0)
		return OK;
	return refuse(reason, fault.text);
}

static bool
text_read(const json_t *member, const char **text)
{
	*text = NULL;
	if (member == NULL || json_is_null(member))
		return true;
	*text = json_string_value(member);
	return *text != NULL && json_string_length(member) <= TEXT_MAX;
}

static bool
uuid_read(const json_t *member, struct uuid *out, bool *present)
{
	const char *text;

	if (!text_read(member, &text) || (text != NULL && !uuid_parse(text, out)))
		return false;
	*present = text != NULL;
	return true;
}

/* The ledger's own sign. Without it (older events) the kind or the line before tells. */
static bool
change_read(const json_t *member, struct event_line *l)
{
	l->has_change = member != NULL && !json_is_null(member);
	l->change = (int64_t)json_integer_value(member);
	return !l->has_change ||
	       (json_is_integer(member) && l->change >= -MONEY_MAX && l->change <= MONEY_MAX);
}

/* The other side of a transfer: the wallet that the money went to or came from, and the transaction
 * there. */
static bool
counterpart_read(const struct members *m, struct event_line *l)
{
	bool has_wallet;

	if (m->to_wallet != NULL && m->from_wallet != NULL)
		return false;
	return uuid_read(m->to_wallet != NULL ? m->to_wallet : m->from_wallet,
		       &l->counterpart_wallet, &has_wallet) &&
	       uuid_read(m->counterpart, &l->counterpart, &l->has_counterpart) &&
	       has_wallet == l->has_counterpart;
}

/* Accepts kinds that this version does not know: their balance_change is enough. */
static bool
kind_is_valid(const char *kind)
{
	size_t n = strspn(kind, "abcdefghijklmnopqrstuvwxyz_");

	return n >= 1 && n <= KIND_MAX && kind[n] == '\0';
}

static bool
currency_is_valid(const char *currency)
{
	return strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3 && currency[3] == '\0';
}

/* Checks what the database would refuse as well: there, one bad event would make the
 * whole batch fail. */
static enum error
members_check(const struct members *m, struct event_line *l, char reason[LINES_REASON])
{
	if (!uuid_parse(m->id, &l->id) || !uuid_parse(m->wallet, &l->wallet) ||
		!uuid_parse(m->owner, &l->owner))
		return refuse(reason, "id, wallet_id and owner_id must be UUIDs");
	if (m->version < 1 || m->version > MONEY_MAX)
		return refuse(reason, "version must be from 1 to 2^53-1");
	if (m->amount < 0 || m->amount > MONEY_MAX || m->balance < -MONEY_MAX ||
		m->balance > MONEY_MAX)
		return refuse(reason, "amount or balance_after is out of range");
	if (!change_read(m->change, l))
		return refuse(reason, "balance_change must be an integer from -(2^53-1) to 2^53-1");
	if (!kind_is_valid(m->kind) || !currency_is_valid(m->currency))
		return refuse(reason, "invalid kind or currency");
	if (!text_read(m->merchant, &l->merchant) || !text_read(m->description, &l->description))
		return refuse(reason, "merchant or description is not a string, or is too long");
	if (!uuid_read(m->reference, &l->reference, &l->has_reference))
		return refuse(reason, "reference_id must be a UUID");
	if (!counterpart_read(m, l))
		return refuse(reason, "counterpart_id and either to_wallet_id or from_wallet_id"
				      " must be UUIDs and occur together");
	if (!instant_parse(m->created, &l->created))
		return refuse(reason, "created_at must be an RFC 3339 time");
	return OK;
}

static bool
about_add(struct lines *l, const struct uuid *wallet, int64_t version)
{
	struct about *more;

	if (l->count == l->room) {
		size_t room = l->room == 0 ? 64 : 2 * l->room;

		if ((more = realloc(l->about, room * sizeof(*more))) == NULL)
			return false;
		l->about = more;
		l->room = room;
	}
	l->about[l->count] = (struct about){ *wallet, version };
	return true;
}

void
lines_describe(const struct lines *l, size_t place, char wallet[UUID_TEXT], int64_t *version)
{
	uuid_format(&l->about[place].wallet, wallet);
	*version = l->about[place].version;
}

/* Adds to all columns or to none, so they stay parallel. */
enum error
lines_add(struct lines *l, const json_t *data, char reason[LINES_REASON])
{
	struct members m = { 0 };
	struct event_line e = { .has_reference = false };
	char created[INSTANT_TEXT];
	enum error error;

	if ((error = members_read(data, &m, reason)) != OK ||
		(error = members_check(&m, &e, reason)) != OK)
		return error;
	if (!about_add(l, &e.wallet, m.version))
		return ERR_OVERLOADED;
	instant_format(e.created, created);
	db_array_add_uuid(&l->columns[COLUMN_WALLET], &e.wallet);
	db_array_add_number(&l->columns[COLUMN_VERSION], m.version);
	db_array_add_uuid(&l->columns[COLUMN_TRANSACTION], &e.id);
	db_array_add_uuid(&l->columns[COLUMN_OWNER], &e.owner);
	db_array_add_text(&l->columns[COLUMN_CURRENCY], m.currency);
	db_array_add_text(&l->columns[COLUMN_KIND], m.kind);
	db_array_add_number(&l->columns[COLUMN_AMOUNT], m.amount);
	db_array_add_number(&l->columns[COLUMN_BALANCE], m.balance);
	db_array_add_text(&l->columns[COLUMN_MERCHANT], e.merchant);
	db_array_add_text(&l->columns[COLUMN_DESCRIPTION], e.description);
	db_array_add_uuid(&l->columns[COLUMN_REFERENCE], e.has_reference ? &e.reference : NULL);
	db_array_add_text(&l->columns[COLUMN_CREATED], created);
	db_array_add_uuid(&l->columns[COLUMN_COUNTERPART_WALLET],
		e.has_counterpart ? &e.counterpart_wallet : NULL);
	db_array_add_uuid(&l->columns[COLUMN_COUNTERPART],
		e.has_counterpart ? &e.counterpart : NULL);
	if (e.has_change)
		db_array_add_number(&l->columns[COLUMN_CHANGE], e.change);
	else
		db_array_add_null(&l->columns[COLUMN_CHANGE]);
	l->count++;
	return OK;
}

/* ---- storing ---- */

static const struct db_statement lines_store_sql = { "lines_store",
	"SELECT place FROM lines_store($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
	" $12::text[]::timestamptz[], $13, $14, $15)",
	DB_IDEMPOTENT };

struct stored_row {
	int64_t place; /* from 1 */
};

static const struct db_column stored_columns[] = {
	DB_COLUMN(NUMBER, "place", struct stored_row, place),
};

static enum error
lines_send(struct db *db, struct lines *l, const struct db_statement *statement,
	struct db_rows **rows)
{
	struct db_value values[COLUMN_COUNT];

	for (int i = 0; i < COLUMN_COUNT; i++)
		values[i] = db_array(&l->columns[i]);
	return db_execute(db, statement, values, COLUMN_COUNT, rows);
}

/* Events that contradict a stored line change nothing; the others of the batch are committed. */
enum error
lines_store(struct db *db, struct lines *l, void (*differs)(size_t place, void *context),
	void *context)
{
	DB_ROWS(rows);
	enum error e;

	if (l->count == 0)
		return OK;
	if ((e = lines_send(db, l, &lines_store_sql, &rows)) != OK)
		return e;
	for (size_t i = 0; i < rows_count(rows); i++) {
		struct stored_row row;

		if ((e = rows_read(rows, i, DB_COLUMNS(stored_columns), NULL, &row)) != OK)
			return e;
		INVARIANT(row.place >= 1 && row.place <= (int64_t)l->count,
			"lines_store() returned place %" PRId64 " of %zu", row.place, l->count);
		differs((size_t)row.place - 1, context);
	}
	return OK;
}

/* ---- rebuilding ---- */

static const struct db_statement lines_replace_sql = { "lines_replace",
	"SELECT lines_replace($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
	" $12::text[]::timestamptz[], $13, $14, $15)",
	DB_IDEMPOTENT };
static const struct db_statement lines_lock_sql = { "lines_lock",
	"SELECT FROM wallet WHERE wallet_id = $1 FOR NO KEY UPDATE", DB_IDEMPOTENT };
static const struct db_statement lines_cut_sql = { "lines_cut", "SELECT lines_cut($1, $2)",
	DB_IDEMPOTENT };

enum error
lines_replace(struct db *db, struct lines *l, int64_t *changed)
{
	DB_ROWS(rows);
	enum error e;

	*changed = 0;
	if (l->count > 0 && (e = lines_send(db, l, &lines_replace_sql, &rows)) != OK)
		return e;
	if (l->count > 0)
		*changed = rows_number(rows, 0, 0);
	return OK;
}

enum error
lines_lock(struct db *db, const struct uuid *wallet)
{
	return db_execute(db, &lines_lock_sql, DB_VALUES(db_uuid(wallet)), NULL);
}

enum error
lines_cut(struct db *db, const struct uuid *wallet, int64_t last, int64_t *removed)
{
	DB_ROWS(rows);
	enum error e = db_execute(
		db, &lines_cut_sql, DB_VALUES(db_uuid(wallet), db_number(last)), &rows);

	if (e == OK)
		*removed = rows_number(rows, 0, 0);
	return e;
}
