/* wallets.h - opening wallets, and all queries about them.
 *
 * All functions take the pool from wallets_pool(), and can be called from any thread. `owner` is
 * NULL for a caller who can see every wallet (an operator); otherwise another owner's wallet is
 * ERR_NOT_FOUND, like one that does not exist. Text and lists are in the arena; ERR_TOO_LARGE if it
 * is full. */
#ifndef DOMAIN_LEDGER_WALLETS_H
#define DOMAIN_LEDGER_WALLETS_H

#include <jansson.h>

#include "common/base/bind.h"
#include "domain/ledger/operation.h"
#include "domain/ledger/transaction.h"

struct wallet {
	struct uuid id, owner;
	char currency[4];
	const char *name;   /* NULL if absent */
	const char *status; /* open, frozen, closed */
	struct money balance, held, available;
	int64_t version;
	instant_us created_at;
};

/* A pool of DB_POOL connections; db_pool_free() frees it. `url` is borrowed. */
struct db_pool *wallets_pool(const char *url);

/* Opens a wallet. With a key, a second call returns the first call's wallet as it was then
 * (*replayed). */
struct opening {
	struct uuid wallet, transaction, owner;
	const char *currency;
	const char *name, *key; /* NULL if absent */
	unsigned char fingerprint[LEDGER_FINGERPRINT];
};
void opening_fingerprint(struct opening *o);
enum error wallet_open(struct db_pool *p, const struct opening *o, struct arena *arena,
	struct wallet *w, bool *replayed) MUST_CHECK;

enum error wallet_find(struct db_pool *p, const struct uuid *id, const struct uuid *owner,
	struct arena *arena, struct wallet *w) MUST_CHECK;

/* Up to `limit` wallets of an owner, oldest first, after `after` (NULL: from the first). */
enum error wallet_list(struct db_pool *p, const struct uuid *owner, const struct uuid *after,
	int64_t limit, struct arena *arena, struct wallet **list, size_t *count) MUST_CHECK;

/* The wallet's money as it was at an instant; ERR_NOT_FOUND before it was opened. Only currency,
 * balance, held, available and version are filled in. */
enum error wallet_balance_at(struct db_pool *p, const struct uuid *id, instant_us at,
	struct wallet *w) MUST_CHECK;

/* ERR_NOT_FOUND for a transaction that does not exist, or that `owner` cannot see. */
enum error transaction_find(struct db_pool *p, const struct uuid *id, const struct uuid *owner,
	struct arena *arena, struct transaction *t) MUST_CHECK;

/* A page of transactions, newest first. A member that is absent does not filter. */
struct transaction_query {
	const struct uuid *owner;
	const struct uuid *wallet;
	const char *kind;
	bool has_from, has_to, has_cursor, has_min_amount, has_max_amount;
	instant_us from, to;      /* half open: from <= created_at < to */
	instant_us cursor_at;     /* of the previous page's last transaction */
	struct uuid cursor_wallet;
	int64_t cursor_version;
	int64_t limit;
	const char *merchant;     /* equal */
	struct money min_amount, max_amount; /* of the amount as shown, both inclusive */
	const char *text;         /* contained in the description, ignoring case */
	struct pairs metadata;    /* every key has its value */
};
/* A filter can match few of many transactions, and a query checks a bounded number. If `more` is
 * set, it stopped before the page was full, at the place of `last`, of which only wallet, version
 * and created_at are filled in. */
struct transaction_page {
	struct transaction *list;
	size_t count;
	bool more;
	struct transaction last;
};
enum error transaction_list(struct db_pool *p, const struct transaction_query *q,
	struct arena *arena, struct transaction_page *page) MUST_CHECK;

/* An open hold. */
struct hold {
	struct uuid id;
	struct money amount, remaining;
	instant_us expires_at, created_at;
	const char *merchant, *description, *metadata; /* NULL if absent */
};
/* Up to `limit` open holds of a wallet, newest first, older than `before` (NULL: from the
 * newest). */
enum error hold_list(struct db_pool *p, const struct uuid *wallet, const struct uuid *before,
	int64_t limit, struct arena *arena, struct hold **list, size_t *count) MUST_CHECK;

/* The balance at the end of each hour, day or month (UTC) that overlaps from … to. If there are
 * more than BALANCE_POINTS_MAX, returns one more than that. */
#define BALANCE_POINTS_MAX 1000
struct balance_point {
	instant_us starts_at, ends_at;
	struct money balance, held, available;
	int64_t version;
};
enum error balance_history(struct db_pool *p, const struct uuid *wallet, instant_us from,
	instant_us to, const char *by, struct arena *arena, struct balance_point **points,
	size_t *count) MUST_CHECK;

/* OK if wallets, transactions and holds can be read. */
enum error wallets_health(struct db_pool *p, struct arena *arena) MUST_CHECK;

/* As the API shows them. The caller owns the JSON; NULL if out of memory. */
json_t *wallet_json(const struct wallet *w);
void hold_write(struct text *text, const struct hold *h);
json_t *balance_points_json(const struct balance_point points[], size_t count);

#endif
