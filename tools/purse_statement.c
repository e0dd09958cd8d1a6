/* purse_statement.c - `purse statement rebuild`: makes lines equal to the ledger's rows, while
 * everything runs.
 *
 * A wallet's rows become lines by the code that makes events of them and reads them. They replace
 * the stored lines in chunks, each a commit of its own. The last step locks the wallet against the
 * consumer, adds what the ledger has by then, and removes the lines after it. Everything can run
 * twice, so after a failure a wallet starts again. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "domain/ledger/transaction.h"
#include "domain/statement/lines.h"
#include "tools/progress.h"
#include "tools/purse.h"

#define CHUNK 500
#define PAGE 500
#define CHUNK_MEMORY ((size_t)16 << 20)
/* The same as statement_timeout below: removing many lines takes long. */
#define STATEMENT_MS INT64_C(3600000)

struct rebuild {
	struct db *ledger, *statement;
	struct lines *lines;
	struct arena *arena;
	struct progress progress;
	int64_t wallets, changed, removed;
	/* the current wallet */
	struct uuid wallet;
	int64_t version;              /* copied up to here */
	int64_t copied, cut, counted; /* lines changed, removed, and shown as progress */
};

/* ---- one wallet ---- */

static const struct db_statement read_rows_sql = { "read_rows",
	"SELECT " TRANSACTION_COLUMNS " FROM transaction_shown"
	" WHERE wallet_id = $1 AND version > $2 ORDER BY version LIMIT $3",
	DB_IDEMPOTENT };

static enum error
row_add(struct rebuild *r, const struct db_rows *rows, size_t row)
{
	char reason[LINES_REASON] = "no memory";
	struct transaction t;
	json_t *data = NULL;
	TEXT(text);
	enum error e = transaction_read(rows, row, r->arena, &t);

	if (e != OK)
		return e;
	transaction_write(&text, &t, true);
	if (text_end(&text) != NULL)
		data = json_loadb(text.data, text.bytes, 0, NULL);
	e = data == NULL ? ERR_INTERNAL : lines_add(r->lines, data, reason);
	json_decref(data);
	if (e != OK)
		log_error("version %" PRId64 " cannot become a line: %s", t.version, reason);
	else
		r->version = t.version;
	return e;
}

/* Copies the next rows; *more is false once none are left. */
static enum error
chunk_copy(struct rebuild *r, bool *more)
{
	DB_ROWS(rows);
	int64_t changed = 0, before = r->version;
	enum error e = db_execute(r->ledger, &read_rows_sql,
		DB_VALUES(db_uuid(&r->wallet), db_number(r->version), db_number(CHUNK)), &rows);

	if (e != OK)
		return e;
	*more = rows_count(rows) == CHUNK;
	lines_clear(r->lines);
	arena_reset(r->arena);
	for (size_t row = 0; e == OK && row < rows_count(rows); row++)
		e = row_add(r, rows, row);
	if (e == OK && (e = lines_replace(r->statement, r->lines, &changed)) == OK) {
		r->copied += changed;
		if (r->version > r->counted) {
			progress_add(&r->progress, r->version - r->counted);
			r->counted = r->version;
		}
	}
	if (e != OK)
		r->version = before;
	return e;
}

static enum error
chunks_copy(struct rebuild *r)
{
	bool more = true;
	enum error e = OK;

	while (e == OK && more)
		e = chunk_copy(r, &more);
	return e;
}

static const struct db_statement settings_sql = { "settings",
	"SELECT set_config('statement_timeout', '1h', true)", DB_IDEMPOTENT };

static enum error
wallet_end(struct db *statement, void *context)
{
	struct rebuild *r = context;
	int64_t version = r->version;
	enum error e;

	if ((e = db_execute(statement, &settings_sql, DB_NO_VALUES, NULL)) != OK ||
	    (e = lines_lock(statement, &r->wallet)) != OK || (e = chunks_copy(r)) != OK ||
	    (e = lines_cut(statement, &r->wallet, r->version, &r->cut)) != OK)
		r->version = version;
	return e;
}

static enum error
wallet_rebuild(struct rebuild *r, const struct uuid *wallet)
{
	enum error e;

	r->wallet = *wallet;
	r->counted = 0;
	for (int attempt = 0;; attempt++) {
		r->version = r->copied = r->cut = 0;
		if ((e = chunks_copy(r)) == OK)
			e = db_transaction_on(r->statement, DB_IDEMPOTENT, wallet_end, r);
		if (e == OK || attempt >= config_number(OPT_DB_RETRIES))
			break;
	}
	r->wallets++;
	r->changed += r->copied;
	r->removed += r->cut;
	return e;
}

/* ---- all of them ---- */

static const struct db_statement page_ledger_sql = { "page_ledger",
	"SELECT id FROM wallet WHERE id > $1 ORDER BY id LIMIT $2", DB_IDEMPOTENT };
static const struct db_statement page_statement_sql = { "page_statement",
	"SELECT wallet_id AS id FROM wallet WHERE wallet_id > $1 ORDER BY wallet_id LIMIT $2",
	DB_IDEMPOTENT };
static const struct db_statement exists_sql = { "exists",
	"SELECT EXISTS (SELECT FROM wallet WHERE id = $1) AS \"exists\"", DB_IDEMPOTENT };

static const struct db_statement exists_statement_sql = { "exists_statement",
	"SELECT EXISTS (SELECT FROM wallet WHERE wallet_id = $1)"
	" OR EXISTS (SELECT FROM line WHERE wallet_id = $1)"
	" OR EXISTS (SELECT FROM line_unsigned WHERE wallet_id = $1) AS \"exists\"",
	DB_IDEMPOTENT };

struct wallet_id {
	struct uuid id;
};
static const struct db_column wallet_id_columns[] = {
	DB_COLUMN(UUID, "id", struct wallet_id, id),
};
struct existence {
	bool exists;
};
static const struct db_column existence_columns[] = {
	DB_COLUMN(BOOL, "exists", struct existence, exists),
};

static enum error
wallet_exists(struct db *db, const struct db_statement *statement, const struct uuid *wallet,
	bool *exists)
{
	struct existence x = { false };
	DB_ROWS(rows);
	enum error e = db_execute(db, statement, DB_VALUES(db_uuid(wallet)), &rows);

	if (e == OK)
		e = rows_read(rows, 0, DB_COLUMNS(existence_columns), NULL, &x);
	*exists = x.exists;
	return e;
}

/* ERR_NOT_FOUND: neither database has such a wallet. */
static enum error
wallet_check(struct rebuild *r, const struct uuid *wallet)
{
	bool exists = false;
	enum error e = wallet_exists(r->ledger, &exists_sql, wallet, &exists);

	if (e == OK && !exists)
		e = wallet_exists(r->statement, &exists_statement_sql, wallet, &exists);
	return e == OK && !exists ? ERR_NOT_FOUND : e;
}

/* Rebuilds the wallets of one database by their ids; with only_stray those that the ledger does not
 * have. */
static enum error
pages_rebuild(struct rebuild *r, struct db *db, const struct db_statement *page, bool only_stray)
{
	struct wallet_id last = { 0 };
	size_t count = PAGE;
	enum error e = OK;

	while (e == OK && count == PAGE) {
		DB_ROWS(rows);
		if ((e = db_execute(db, page, DB_VALUES(db_uuid(&last.id), db_number(PAGE)),
			     &rows)) != OK)
			break;
		count = rows_count(rows);
		for (size_t row = 0; e == OK && row < count; row++) {
			bool in_ledger = false;

			e = rows_read(rows, row, DB_COLUMNS(wallet_id_columns), NULL, &last);
			if (e == OK && only_stray)
				e = wallet_exists(r->ledger, &exists_sql, &last.id, &in_ledger);
			if (e == OK && !in_ledger)
				e = wallet_rebuild(r, &last.id);
		}
	}
	return e;
}

/* ---- the command ---- */

static const struct db_statement count_all_sql = { "count_all",
	"SELECT coalesce(sum(version), 0)::bigint FROM wallet"
	" WHERE $1::uuid IS NULL OR id = $1",
	DB_IDEMPOTENT };

static enum error
rebuild_run(struct rebuild *r, const struct uuid *wallet)
{
	DB_ROWS(rows);
	enum error e = wallet == NULL ? OK : wallet_check(r, wallet);

	if (e != OK ||
	    (e = db_execute(r->ledger, &count_all_sql, DB_VALUES(db_uuid(wallet)), &rows)) != OK)
		return e;
	progress_begin(&r->progress, "rows", rows_number(rows, 0, 0));
	if (wallet != NULL)
		e = wallet_rebuild(r, wallet);
	else if ((e = pages_rebuild(r, r->ledger, &page_ledger_sql, false)) == OK)
		e = pages_rebuild(r, r->statement, &page_statement_sql, true);
	progress_end(&r->progress);
	return e;
}

static bool
rebuild_open(struct rebuild *r)
{
	const char *owner = config_text(OPT_STATEMENT_DATABASE_OWNER_URL);

	if (!config_require(OPT_WALLET_DATABASE_URL) ||
	    (owner == NULL && !config_require(OPT_STATEMENT_DATABASE_URL)))
		return false;
	r->ledger = db_new(config_text(OPT_WALLET_DATABASE_URL));
	r->statement = db_new(owner != NULL ? owner : config_text(OPT_STATEMENT_DATABASE_URL));
	r->lines = lines_new();
	r->arena = arena_new(CHUNK_MEMORY);
	if (r->ledger == NULL || r->statement == NULL || r->lines == NULL || r->arena == NULL)
		return false;
	db_set_statement_timeout(r->ledger, STATEMENT_MS);
	db_set_statement_timeout(r->statement, STATEMENT_MS);
	return true;
}

int
statement_rebuild(int argc, char **argv)
{
	struct rebuild r = { 0 };
	struct uuid wallet;
	bool all = argc == 1 && strcmp(argv[0], "--all") == 0;
	enum error e = ERR_INTERNAL;

	if (!all && (argc != 2 || strcmp(argv[0], "--wallet") != 0))
		return MISUSED;
	if (!all && !uuid_parse(argv[1], &wallet)) {
		fprintf(stderr, "purse: %s is not the id of a wallet\n", argv[1]);
		return MISUSED;
	}
	if (rebuild_open(&r))
		e = rebuild_run(&r, all ? NULL : &wallet);
	arena_free(r.arena);
	lines_free(r.lines);
	db_free(r.statement);
	db_free(r.ledger);
	if (e == ERR_NOT_FOUND)
		fprintf(stderr, "purse: there is no wallet %s\n", argv[1]);
	else if (e != OK)
		fprintf(stderr, "purse: could not finish: run the same command again\n");
	if (e != OK)
		return FAILED;
	printf("Wallets: %" PRId64 ". Lines added or replaced: %" PRId64 ", removed: %" PRId64
	       ".\n",
		r.wallets, r.changed, r.removed);
	return DONE;
}
