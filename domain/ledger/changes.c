/* changes.c - freezes, closes and sets the limits of a wallet in the database; see changes.h. */
#include "domain/ledger/changes.h"

#include <string.h>

#include "common/base/digest.h"

/* Stored fingerprints predate digest.h: texts end with a NUL, numbers are their bytes alone. */
static void
text_digest(struct digest *d, const char *text)
{
	if (text != NULL)
		digest_add_raw(d, text, strlen(text));
	digest_add_raw(d, "", 1);
}

/* No limit (null) differs from a limit of 0: -1 is not a valid amount. */
static void
limits_digest(struct digest *d, const struct limits *limits)
{
	for (size_t i = 0; i < limits->count; i++) {
		const struct limit *l = &limits->list[i];
		int64_t amount = l->has_amount ? l->amount.minor : -1;

		text_digest(d, l->kind);
		text_digest(d, l->per);
		digest_add_raw(d, &amount, sizeof amount);
	}
	if (limits->has_credit)
		digest_add_raw(d, &limits->credit.minor, sizeof limits->credit.minor);
}

void
change_fingerprint(struct change *c)
{
	struct digest d;

	digest_begin(&d, sizeof c->fingerprint);
	text_digest(&d, kind_names[c->kind]);
	text_digest(&d, c->mode);
	text_digest(&d, c->reason);
	if (c->limits != NULL)
		limits_digest(&d, c->limits);
	digest_end(&d, c->fingerprint);
}

/* Without a key there is nothing to compare a retry with. */
static struct db_value
fingerprint_value(const struct change *c)
{
	return db_bytes(c->key != NULL ? c->fingerprint : NULL, sizeof c->fingerprint);
}

static const struct db_statement limits_set_sql = { "limits_set",
	"SELECT " OUTCOME_COLUMNS
	" FROM wallet_limits_set($1, $2, $3, $4, $5, $6::bigint, $7::integer, $8, $9, $10, $11,"
	" $12)",
	DB_IDEMPOTENT };

static enum error
limits_set(struct db_pool *p, const struct change *c, struct db_rows **rows)
{
	struct limit_arrays a = limit_arrays_make(c->limits);
	enum error e = db_query(p, &limits_set_sql,
		DB_VALUES(db_uuid(&c->id), db_uuid(&c->wallet), db_array(&a.kinds),
			db_array(&a.periods), db_array(&a.amounts),
			c->limits->has_credit ? db_number(c->limits->credit.minor) : db_null(),
			db_number(c->caller->roles), db_text(c->reason), db_text(c->key),
			fingerprint_value(c), db_uuid(&c->caller->user),
			db_text(c->caller->request)),
		rows);

	limit_arrays_free(&a);
	return e;
}

static const struct db_statement wallet_change_sql = { "wallet_change",
	"SELECT " OUTCOME_COLUMNS
	" FROM wallet_change($1, $2, $3, $4::integer, $5, $6, $7, $8, $9, $10)",
	DB_IDEMPOTENT };

/* Not through the poster: changes are rare, and each locks its wallet as post() does. */
enum error
wallet_change(struct db_pool *p, struct change *c, struct arena *arena, struct outcome *out)
{
	DB_ROWS(rows);
	enum error e;

	change_fingerprint(c);
	if (c->limits != NULL)
		e = limits_set(p, c, &rows);
	else
		e = db_query(p, &wallet_change_sql,
			DB_VALUES(db_uuid(&c->id), db_uuid(&c->wallet),
				db_text(kind_names[c->kind]), db_number(c->caller->roles),
				db_text(c->mode), db_text(c->reason), db_text(c->key),
				fingerprint_value(c), db_uuid(&c->caller->user),
				db_text(c->caller->request)),
			&rows);
	return e != OK ? e : outcome_read(rows, 0, arena, out);
}
