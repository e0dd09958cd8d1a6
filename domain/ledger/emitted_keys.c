/* emitted_keys.c - finds events that were posted under their id alone; see emitted_keys.h. */
#include "domain/ledger/emitted_keys.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "common/base/invariant.h"

/* Whether the database can have such keys: unknown until asked once. */
static _Atomic enum { UNKNOWN, NONE, SOME } before;

static const struct db_statement has_before_sql = { "has_before",
	"SELECT before_until > '-infinity' AS has_before FROM event_ids", DB_IDEMPOTENT };

struct has_before {
	bool has_before;
};
static const struct db_column has_before_columns[] = {
	DB_COLUMN(BOOL, "has_before", struct has_before, has_before),
};

static enum error
before_ask(struct db *db)
{
	struct has_before row;
	DB_ROWS(rows);
	enum error e;

	if ((e = db_execute(db, &has_before_sql, DB_NO_VALUES, &rows)) == OK &&
	    (e = rows_read(rows, 0, DB_COLUMNS(has_before_columns), NULL, &row)) == OK)
		before = row.has_before ? SOME : NONE;
	return e;
}

/* The same body under the id alone, in the wallet or, if the event names a user, in any of theirs.
 * OFFSET 0 makes the planner look up each key in the index. */
static const struct db_statement find_keys_sql = { "find_keys",
	"SELECT n.place FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::bytea[])"
	" AS n(place, wallet_id, owner_id, key, fingerprint), event_ids e"
	" WHERE EXISTS (SELECT FROM (SELECT n.wallet_id AS id WHERE n.wallet_id IS NOT NULL"
	" UNION ALL SELECT w.id FROM wallet w WHERE n.wallet_id IS NULL"
	" AND w.owner_id = n.owner_id) AS w, LATERAL (SELECT t.fingerprint, t.created_at"
	" FROM transaction t WHERE t.wallet_id = w.id AND t.idempotency_key = n.key OFFSET 0) AS t"
	" WHERE t.fingerprint = n.fingerprint AND t.created_at < e.before_until)",
	DB_IDEMPOTENT };

struct found_key {
	int64_t place;
};
static const struct db_column found_key_columns[] = {
	DB_COLUMN(NUMBER, "place", struct found_key, place),
};

struct arrays {
	struct db_array places, wallets, owners, keys, fingerprints;
};

static void
arrays_add(struct arrays *a, size_t place, const struct emitted *m)
{
	const struct operation *op = &m->op;

	db_array_add_number(&a->places, (int64_t)place);
	db_array_add_uuid(&a->wallets, op->has_wallet ? &op->wallet : NULL);
	db_array_add_uuid(&a->owners, op->has_owner ? &op->owner : NULL);
	db_array_add_text(&a->keys, m->id_key);
	db_array_add_bytes(&a->fingerprints, op->fingerprint, sizeof(op->fingerprint));
}

static void
arrays_free(struct arrays *a)
{
	db_array_free(&a->places);
	db_array_free(&a->wallets);
	db_array_free(&a->owners);
	db_array_free(&a->keys);
	db_array_free(&a->fingerprints);
}

static enum error
keys_find(struct db *db, struct emitted *const events[], size_t count, struct arrays *a)
{
	DB_ROWS(rows);
	enum error e;

	for (size_t i = 0; i < count; i++)
		if (events[i]->id_key != NULL)
			arrays_add(a, i, events[i]);
	if (a->places.count == 0)
		return OK;
	e = db_execute(db, &find_keys_sql,
		DB_VALUES(db_array(&a->places), db_array(&a->wallets), db_array(&a->owners),
			db_array(&a->keys), db_array(&a->fingerprints)),
		&rows);
	for (size_t row = 0; e == OK && row < rows_count(rows); row++) {
		struct found_key found;
		size_t place;

		if ((e = rows_read(rows, row, DB_COLUMNS(found_key_columns), NULL, &found)) != OK)
			break;
		place = (size_t)found.place;
		INVARIANT(place < count, "find_keys returned place %" PRId64 " of %zu",
			found.place, count);
		events[place]->op.key = events[place]->id_key;
	}
	return e;
}

enum error
emitted_keys_find(struct db *db, struct emitted *const events[], size_t count)
{
	struct arrays a = {
		.places.element = DB_INT8_ARRAY,
		.wallets.element = DB_UUID_ARRAY,
		.owners.element = DB_UUID_ARRAY,
		.keys.element = DB_TEXT_ARRAY,
		.fingerprints.element = DB_BYTEA_ARRAY,
	};
	enum error e = before == UNKNOWN ? before_ask(db) : OK;

	if (e == OK && before == SOME)
		e = keys_find(db, events, count, &a);
	arrays_free(&a);
	return e;
}
