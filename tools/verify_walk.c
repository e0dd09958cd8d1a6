/* verify_walk.c - the walk of `purse verify`: four cursors in parallel, one wallet and one version
 * at a time.
 *
 * It compares each row with the one before it, with the rules of its kind, and with its line in the
 * statement, and the last row with the wallet. After a wrong row it continues from that row's
 * values, so it reports one error once or twice, and not for every row that follows. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/verify.h"

/* ---- reading ---- */

struct reader {
	struct db *db;
	const struct db_statement *statement; /* fetches the next rows */
	struct db_rows *rows;
	size_t at;
	bool ended;
	enum error error;
};

/* Moves to the next row. Sets `ended` at the end, or on an error. Holds one FETCH of rows at a
 * time, so memory does not grow with the tables. */
static void
reader_next(struct reader *r)
{
	if (r->rows != NULL && ++r->at < rows_count(r->rows))
		return;
	rows_free(r->rows);
	r->rows = NULL;
	r->at = 0;
	if (r->error == OK)
		r->error = db_execute(r->db, r->statement, DB_NO_VALUES, &r->rows);
	r->ended = r->error != OK || rows_count(r->rows) == 0;
}

static const char *
text_of(const struct reader *r, size_t column)
{
	return rows_text(r->rows, r->at, column);
}

static int64_t
number_of(const struct reader *r, size_t column)
{
	return rows_number(r->rows, r->at, column);
}

/* True if the current row is about this wallet. UUIDs sort like their texts. */
static bool
belongs_to(const struct reader *r, const char *wallet)
{
	return !r->ended && strcmp(text_of(r, 0), wallet) == 0;
}

/* ---- one row ---- */

/* The columns of verify_rows_sql and verify_lines_sql, of verify_wallets_sql, and of
 * verify_heads_sql. They are read by position, because all of them are compared as text. */
enum {
	C_WALLET, C_VERSION, C_ID, C_KIND, C_AMOUNT, C_BALANCE, C_CREATED, C_REFERENCE, C_MERCHANT,
	C_DESCRIPTION, C_COUNTERPART_WALLET, C_COUNTERPART,
	C_COMMON, /* a line has the columns before this one */
	C_HELD_CHANGE = C_COMMON, C_HELD, C_CONTRA, C_EXPIRES, C_MARK, C_OVERDUE
};
enum { W_ID, W_OWNER, W_CURRENCY, W_BALANCE, W_HELD, W_VERSION, W_STATUS, W_CREDIT };
enum { H_WALLET, H_OWNER, H_CURRENCY, H_VERSION };

static const char *const common_names[] = {
	[C_WALLET] = "wallet", [C_VERSION] = "version", [C_ID] = "id", [C_KIND] = "kind",
	[C_AMOUNT] = "amount", [C_BALANCE] = "balance", [C_CREATED] = "time",
	[C_REFERENCE] = "reference", [C_MERCHANT] = "merchant", [C_DESCRIPTION] = "description",
	[C_COUNTERPART_WALLET] = "counterpart wallet",
	[C_COUNTERPART] = "counterpart transaction",
};
_Static_assert(sizeof common_names / sizeof common_names[0] == C_COMMON, "a name per column");

/* How a kind changes the balance and the held amount; EITHER is up or down. */
enum direction { DOWN = -1, STILL = 0, UP = 1, EITHER = 2 };
enum need { NEVER, MAY, MUST };

/* Written by hand, not generated from kinds.def: a second opinion must not repeat the mistakes of
 * the first. */
static const struct rule {
	const char *kind;
	enum direction amount, held;
	enum need reference, counterpart;
	const char *contra; /* the contra account; NULL: none, or the original's */
} rules[] = {
	{ "opening", STILL, STILL },
	{ "deposit", UP, STILL, .contra = "funding" },
	{ "withdrawal", DOWN, STILL, .contra = "payout" },
	{ "purchase", DOWN, STILL, .contra = "merchant" },
	{ "cancellation", UP, STILL, .reference = MUST, .contra = "merchant" },
	{ "reversal", EITHER, STILL, .reference = MUST, .counterpart = MAY },
	{ "hold", STILL, UP },
	{ "capture", DOWN, DOWN, .reference = MUST, .contra = "merchant" },
	{ "release", STILL, DOWN, .reference = MUST },
	{ "transfer", EITHER, STILL, .counterpart = MUST, .contra = "transfer" },
	{ "freeze", STILL, STILL },
	{ "unfreeze", STILL, STILL },
	{ "close", STILL, STILL },
	{ "limit", STILL, STILL },
};

static const struct rule *
rule_of(const char *kind)
{
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if (strcmp(rules[i].kind, kind) == 0)
			return &rules[i];
	return NULL;
}

static bool
direction_matches(int64_t change, enum direction direction)
{
	return direction == EITHER ? change != 0 : (change > 0) - (change < 0) == (int)direction;
}

static bool
presence_matches(bool present, enum need need)
{
	return need == MAY || present == (need == MUST);
}

/* The error in a row by the rules of its kind, or NULL. */
static const char *
kind_fault(const struct reader *r)
{
	const struct rule *rule = rule_of(text_of(r, C_KIND));
	const char *contra = text_of(r, C_CONTRA);
	int64_t amount = number_of(r, C_AMOUNT), held = number_of(r, C_HELD_CHANGE);

	if (rule == NULL)
		return "unknown kind";
	if ((strcmp(rule->kind, "opening") == 0) != (number_of(r, C_VERSION) == 1))
		return "version 1, and no other, must be the opening";
	if (!direction_matches(amount, rule->amount))
		return "the amount has the wrong sign for its kind";
	if (!direction_matches(held, rule->held))
		return "the change of the held amount has the wrong sign for its kind";
	if (rule->amount == DOWN && rule->held == DOWN && held > amount)
		return "it captured more than it released";
	if (!presence_matches(text_of(r, C_REFERENCE) != NULL, rule->reference))
		return "the reference is missing, or not allowed for its kind";
	if (!presence_matches(text_of(r, C_COUNTERPART) != NULL, rule->counterpart))
		return "the counterpart is missing, or not allowed for its kind";
	if ((amount != 0) != (contra != NULL) ||
		(contra != NULL && rule->contra != NULL && strcmp(contra, rule->contra) != 0))
		return "it is on the wrong contra account for its kind";
	if ((text_of(r, C_EXPIRES) != NULL) != (strcmp(rule->kind, "hold") == 0))
		return "a hold, and nothing else, must expire";
	return NULL;
}

/* ---- one wallet ---- */

/* A wallet's state after the last row of it that was read. */
struct place {
	char wallet[UUID_TEXT];
	int64_t version, balance, held;
	char created[40];
	char status[16];
	int64_t credit;
	bool has_credit;
};

struct walk {
	struct verify *v;
	struct reader wallets, rows, heads, lines;
};

static void
row_fault(struct walk *w, const char *what)
{
	finding(w->v, "wallet %s, version %" PRId64 ", %s: %s", text_of(&w->rows, C_WALLET),
		number_of(&w->rows, C_VERSION), text_of(&w->rows, C_ID), what);
}

/* Applies a freeze, an unfreeze, a close or new limits to the state. Status and credit limit are
 * derived from rows alone, like everything about a wallet. */
static void
status_follow(const struct reader *r, struct place *p)
{
	const char *kind = text_of(r, C_KIND), *mark = text_of(r, C_MARK), *status = NULL;

	if (strcmp(kind, "freeze") == 0)
		status = mark != NULL && strcmp(mark, "debit") == 0 ? "frozen_debit" : "frozen";
	else if (strcmp(kind, "unfreeze") == 0)
		status = "open";
	else if (strcmp(kind, "close") == 0)
		status = "closed";
	else if (strcmp(kind, "limit") == 0 && mark != NULL) {
		p->credit = strtoll(mark, NULL, 10);
		p->has_credit = true;
	}
	if (status != NULL)
		memccpy(p->status, status, '\0', sizeof p->status);
}

/* Compares the current row with the one before it. */
static void
row_check(struct walk *w, struct place *p)
{
	const struct reader *r = &w->rows;
	int64_t version = number_of(r, C_VERSION), balance = number_of(r, C_BALANCE),
		held = number_of(r, C_HELD);
	const char *created = text_of(r, C_CREATED), *fault = kind_fault(r);

	if (fault != NULL)
		row_fault(w, fault);
	if (version != p->version + 1)
		finding(w->v,
			"wallet %s: version %" PRId64 " follows %" PRId64
			"; the rows in between are missing",
			p->wallet, version, p->version);
	else if (balance != p->balance + number_of(r, C_AMOUNT))
		row_fault(w, "the balance is not the previous balance plus the amount");
	else if (held != p->held + number_of(r, C_HELD_CHANGE))
		row_fault(w, "the held amount is not the previous one plus its change");
	if (held < 0)
		row_fault(w, "the held amount is negative");
	if (strcmp(created, p->created) < 0)
		row_fault(w, "it is older than the previous row");
	p->version = version;
	p->balance = balance;
	p->held = held;
	memccpy(p->created, created, '\0', sizeof p->created - 1);
	status_follow(r, p);
	progress_add(&w->v->progress, 1);
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Compares a row with its line: the columns that both have must be equal. */
static void
line_check(struct walk *w)
{
	for (size_t c = C_ID; c < C_COMMON; c++) {
		const char *row = text_of(&w->rows, c), *line = text_of(&w->lines, c);

		if (same_text(row, line))
			continue;
		finding_in_statement(w->v, text_of(&w->rows, C_WALLET));
		finding(w->v,
			"wallet %s, version %" PRId64
			", %s: the statement has a different %s: %s, not %s",
			text_of(&w->rows, C_WALLET), number_of(&w->rows, C_VERSION),
			text_of(&w->rows, C_ID), common_names[c], line != NULL ? line : "none",
			row != NULL ? row : "none");
	}
}

/* Checks the wallet's next version, which has a row, a line, or both. `head` is the version up to
 * which the statement shows lines. A row past the head is on its way, unless it is overdue; one at
 * or before the head should have arrived, since a head never passes a gap. */
static void
version_check(struct walk *w, struct place *p, int64_t head)
{
	bool row = belongs_to(&w->rows, p->wallet), line = belongs_to(&w->lines, p->wallet);
	int64_t row_version = row ? number_of(&w->rows, C_VERSION) : INT64_MAX;
	int64_t line_version = line ? number_of(&w->lines, C_VERSION) : INT64_MAX;
	bool overdue = row && rows_bool(w->rows.rows, w->rows.at, C_OVERDUE);

	if (line_version < row_version ||
		(row_version < line_version && (row_version <= head || overdue)))
		finding_in_statement(w->v, p->wallet);
	if (line_version < row_version)
		finding(w->v,
			"wallet %s, version %" PRId64
			", %s: the statement has a line without a row",
			p->wallet, line_version, text_of(&w->lines, C_ID));
	else if (line_version == row_version)
		line_check(w);
	else if (row_version <= head)
		row_fault(w, "its line is missing in the statement");
	else if (overdue)
		row_fault(w, "its line is missing, though it was published GAP_ALARM ago");
	else
		w->v->lagging++;
	if (row_version <= line_version) {
		row_check(w, p);
		reader_next(&w->rows);
	}
	if (line_version <= row_version)
		reader_next(&w->lines);
}

/* Compares the wallet itself with its last row. */
static void
wallet_check(struct walk *w, const struct place *p)
{
	const struct reader *r = &w->wallets;

	if (number_of(r, W_BALANCE) != p->balance || number_of(r, W_HELD) != p->held ||
		number_of(r, W_VERSION) != p->version)
		finding(w->v,
			"wallet %s: balance %" PRId64 ", held %" PRId64 ", version %" PRId64
			"; its last row has %" PRId64 ", %" PRId64 ", %" PRId64,
			p->wallet, number_of(r, W_BALANCE), number_of(r, W_HELD),
			number_of(r, W_VERSION), p->balance, p->held, p->version);
	if (strcmp(text_of(r, W_STATUS), p->status) != 0)
		finding(w->v, "wallet %s: its status is %s, but %s by its rows", p->wallet,
			text_of(r, W_STATUS), p->status);
	if (p->has_credit && number_of(r, W_CREDIT) != p->credit)
		finding(w->v,
			"wallet %s: its credit limit is %" PRId64 ", but %" PRId64 " by its rows",
			p->wallet, number_of(r, W_CREDIT), p->credit);
}

/* A wallet can be in any of the four: one that is in too few of them is a finding, too. */
static void
wallet_walk(struct walk *w, const char *wallet)
{
	struct place p = { .status = "open" };
	bool exists, in_statement;
	int64_t head = 0;

	memccpy(p.wallet, wallet, '\0', sizeof p.wallet);
	exists = belongs_to(&w->wallets, p.wallet);
	in_statement = belongs_to(&w->heads, p.wallet);
	if (in_statement)
		head = number_of(&w->heads, H_VERSION);
	if (exists && in_statement &&
	    (!same_text(text_of(&w->wallets, W_OWNER), text_of(&w->heads, H_OWNER)) ||
	     !same_text(text_of(&w->wallets, W_CURRENCY), text_of(&w->heads, H_CURRENCY)))) {
		finding(w->v, "wallet %s: the statement has a different owner or currency",
			p.wallet);
		finding_in_statement(w->v, p.wallet);
	}
	while (belongs_to(&w->rows, p.wallet) || belongs_to(&w->lines, p.wallet))
		version_check(w, &p, head);
	if (exists)
		wallet_check(w, &p);
	else
		finding(w->v, "wallet %s: it has rows or lines, but does not exist", p.wallet);
	if (head > p.version) {
		finding_in_statement(w->v, p.wallet);
		finding(w->v,
			"wallet %s: the statement is at version %" PRId64
			", the wallet at %" PRId64,
			p.wallet, head, p.version);
	}
	if (exists)
		reader_next(&w->wallets);
	if (in_statement)
		reader_next(&w->heads);
	w->v->wallets_read++;
}

/* ---- all of them ---- */

/* The first, by id, of `wallet` (or NULL) and the reader's wallet. All four cursors are in the same
 * order, so the smallest id is the next wallet to walk. */
static const char *
first_of(const char *wallet, const struct reader *r)
{
	if (r->ended || (wallet != NULL && strcmp(wallet, text_of(r, 0)) <= 0))
		return wallet;
	return text_of(r, 0);
}

enum error
verify_walk(struct verify *v)
{
	struct walk w = {
		.v = v,
		.wallets = { .db = v->wallet, .statement = &verify_wallets_next_sql },
		.rows = { .db = v->wallet, .statement = &verify_rows_next_sql },
		.heads = { .db = v->statement, .statement = &verify_heads_next_sql },
		.lines = { .db = v->statement, .statement = &verify_lines_next_sql },
	};
	struct reader *const readers[] = { &w.wallets, &w.rows, &w.heads, &w.lines };
	enum error e = OK;

	for (size_t i = 0; i < 4; i++)
		reader_next(readers[i]);
	for (;;) {
		const char *wallet = NULL;

		for (size_t i = 0; i < 4; i++) {
			wallet = first_of(wallet, readers[i]);
			if (readers[i]->error != OK)
				e = readers[i]->error;
		}
		if (e != OK || wallet == NULL)
			break;
		wallet_walk(&w, wallet);
	}
	for (size_t i = 0; i < 4; i++)
		rows_free(readers[i]->rows);
	return e;
}
