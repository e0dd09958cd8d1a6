/* verify_sql.c - the SQL of `purse verify`. The SELECT right of the run-time roles is enough.
 *
 * Rows come through cursors, in the order of their keys. The checks at the end cover what a walk in
 * that order cannot see. Each returns one text per violation, and no rows if everything is
 * right. */
#include "tools/verify.h"

/* REPEATABLE READ: every statement of the run sees the same commits. */
#define SNAPSHOT "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
/* Connections are set up for small reads by an index, but this reads everything once, which can
 * take long. */
#define SETTINGS \
	"SELECT set_config(n.name, n.value, true) FROM (VALUES ('statement_timeout', '1h')," \
	" ('idle_in_transaction_session_timeout', '0'), ('enable_seqscan', 'on')," \
	" ('enable_bitmapscan', 'on'), ('plan_cache_mode', 'auto'), ('work_mem', '128MB')," \
	" ('cursor_tuple_fraction', '1')) AS n(name, value)"

const struct db_statement verify_snapshot_sql = { "snapshot", SNAPSHOT, DB_ONCE };
const struct db_statement verify_settings_sql = { "settings", SETTINGS, DB_ONCE };
/* Versions count a wallet's rows without a gap, so their sum is the number of rows: no need to
 * count them. */
const struct db_statement verify_count_sql = { "count",
	"SELECT coalesce(sum(version), 0) FROM wallet", DB_ONCE };
const struct db_statement verify_wallets_sql = { "wallets",
	"DECLARE wallets CURSOR FOR SELECT id, owner_id, currency, balance, held, version,"
	" status, credit_limit FROM wallet ORDER BY id",
	DB_ONCE };
/* The last columns are the new mode or credit limit, for a freeze or a change of limits, and
 * whether the row was published so long ago that its line should have arrived. */
const struct db_statement verify_rows_sql = { "rows",
	"DECLARE rows CURSOR FOR SELECT wallet_id, version, id, kind, amount, balance_after,"
	" created_at, reference_id, merchant, description, counterpart_wallet, counterpart_id,"
	" coalesce(held_change, 0), coalesce(held_after, 0), contra, expires_at,"
	" CASE kind WHEN 'freeze' THEN metadata ->> 'mode'"
	" WHEN 'limit' THEN metadata -> 'credit_limit' ->> 'to' END,"
	" coalesce(xid <= (SELECT arrival_passed()), false) AS overdue"
	" FROM transaction ORDER BY wallet_id, version",
	DB_ONCE };
/* 2,000 rows at a time: few round trips, and little memory. */
const struct db_statement verify_wallets_next_sql = { "wallets_next", "FETCH 2000 FROM wallets",
	DB_ONCE };
const struct db_statement verify_rows_next_sql = { "rows_next", "FETCH 2000 FROM rows", DB_ONCE };
/* A wallet's held amount is the sum of what remains of its open holds. */
static const struct db_statement verify_held_sql = { "held",
	"SELECT format('wallet %s: held is %s, but its open holds add up to %s', w.id, w.held,"
	" coalesce(h.remaining, 0)) FROM wallet w"
	" LEFT JOIN (SELECT wallet_id, sum(remaining) AS remaining FROM hold"
	" GROUP BY wallet_id) AS h ON h.wallet_id = w.id"
	" WHERE w.held <> coalesce(h.remaining, 0)",
	DB_ONCE };
/* Each open hold against the rows that opened and lowered it, and each such group of rows against
 * the open holds. A hold that was used up has no row in `hold`. */
static const struct db_statement verify_holds_sql = { "holds",
	"SELECT CASE"
	" WHEN r.id IS NULL THEN format('wallet %s: the open hold %s has no row', h.wallet_id,"
	" h.transaction_id)"
	" WHEN r.held_change IS NULL THEN format('wallet %s: captures or releases refer to %s,"
	" which is not a hold', r.wallet_id, r.id)"
	" WHEN r.remaining < 0 THEN format('wallet %s: of the hold %s of %s,"
	" %s were captured or released', r.wallet_id, r.id, r.held_change,"
	"  r.held_change - r.remaining)"
	" WHEN h.transaction_id IS NULL THEN format('wallet %s: the hold %s is not open,"
	" but %s of it remain', r.wallet_id, r.id, r.remaining)"
	" ELSE format('wallet %s: the open hold %s has %s of %s left until %s,"
	" but %s of %s until %s by its rows', r.wallet_id, r.id,"
	"  h.remaining, h.amount, h.expires_at, r.remaining, r.held_change, r.expires_at) END"
	" FROM (SELECT wallet_id, coalesce(reference_id, id) AS id, sum(held_change) AS remaining,"
	"  min(held_change) FILTER (WHERE kind = 'hold') AS held_change,"
	"  min(expires_at) AS expires_at"
	"  FROM transaction WHERE kind IN ('hold', 'capture', 'release') GROUP BY 1, 2) AS r"
	" FULL JOIN hold h ON h.wallet_id = r.wallet_id AND h.transaction_id = r.id"
	" WHERE r.held_change IS NULL OR r.remaining <> coalesce(h.remaining, 0)"
	" OR h.amount <> r.held_change OR h.expires_at <> r.expires_at",
	DB_ONCE };
/* How much of a transfer is undone is stored with the sender's row; the receiver's row must be
 * undone by the same amount. */
static const struct db_statement verify_undone_sql = { "undone",
	"SELECT CASE"
	" WHEN o.id IS NULL THEN format('wallet %s: rows undo %s, which is not in this wallet',"
	" r.wallet_id, r.reference_id)"
	" WHEN o.kind NOT IN ('deposit', 'withdrawal', 'purchase', 'capture', 'transfer')"
	"  THEN format('wallet %s, version %s, %s: a %s was undone', o.wallet_id, o.version,"
	"  o.id, o.kind)"
	" WHEN sign(coalesce(r.total, 0)) = sign(o.amount)"
	" THEN format('wallet %s, version %s, %s: was undone with the wrong sign',"
	"  o.wallet_id, o.version, o.id)"
	" WHEN abs(r.total) > abs(o.amount) THEN format('wallet %s, version %s,"
	" %s: %s of %s were undone, which is too much',"
	"  o.wallet_id, o.version, o.id, abs(r.total), abs(o.amount))"
	" WHEN r.contra <> o.contra OR r.contra <> r.contra_last"
	" THEN format('wallet %s, version %s, %s: the rows that undo it are on another contra"
	" account', o.wallet_id, o.version, o.id)"
	" ELSE format('wallet %s, version %s, %s: %s of %s are recorded as undone,"
	" but its rows undo %s of %s', o.wallet_id, o.version, o.id,"
	"  coalesce(u.undone, 0), u.amount, coalesce(abs(r.total), 0), abs(o.amount)) END"
	" FROM (SELECT wallet_id, transaction_id, amount, undone FROM undone UNION ALL"
	"  SELECT s.counterpart_wallet, s.counterpart_id, u.amount, u.undone FROM undone u"
	"  JOIN transaction s"
	"   ON s.id = u.transaction_id AND s.kind = 'transfer' AND s.amount < 0) AS u"
	" FULL JOIN (SELECT wallet_id, reference_id, sum(amount) AS total, min(contra) AS contra,"
	" max(contra) AS contra_last"
	"  FROM transaction WHERE kind IN ('cancellation', 'reversal')"
	"  GROUP BY wallet_id, reference_id) AS r"
	"  ON r.wallet_id = u.wallet_id AND r.reference_id = u.transaction_id"
	" LEFT JOIN transaction o ON o.id = coalesce(u.transaction_id, r.reference_id)"
	"  AND o.wallet_id = coalesce(u.wallet_id, r.wallet_id)"
	" WHERE coalesce(u.undone, 0) <> coalesce(abs(r.total), 0) OR u.amount IS DISTINCT"
	" FROM abs(o.amount)"
	"  OR abs(r.total) > abs(o.amount) OR sign(r.total) = sign(o.amount)"
	"  OR r.contra <> o.contra OR r.contra <> r.contra_last"
	"  OR o.kind NOT IN ('deposit', 'withdrawal', 'purchase', 'capture', 'transfer')",
	DB_ONCE };
/* The two rows of a transfer, or of its reversal, name each other and are opposite. */
static const struct db_statement verify_sides_sql = { "sides",
	"SELECT format('wallet %s, version %s, %s: its counterpart %s in wallet %s %s',"
	" t.wallet_id, t.version, t.id, t.counterpart_id,"
	"  t.counterpart_wallet, CASE WHEN o.id IS NULL THEN 'is missing'"
	"  ELSE 'does not match' END)"
	" FROM transaction t JOIN wallet w ON w.id = t.wallet_id"
	" LEFT JOIN (transaction o JOIN wallet v ON v.id = o.wallet_id) ON o.id = t.counterpart_id"
	" WHERE t.counterpart_id IS NOT NULL"
	"  AND (o.counterpart_id, o.wallet_id, o.counterpart_wallet, o.kind, o.amount,"
	"  o.description, v.currency)"
	"  IS DISTINCT FROM (t.id, t.counterpart_wallet, t.wallet_id, t.kind, -t.amount,"
	"  t.description, w.currency)",
	DB_ONCE };
/* Money comes from a contra account and goes to one. So per currency the wallets have what these
 * gave, and transfers add up to 0. */
static const struct db_statement verify_sums_sql = { "sums",
	"SELECT format('%s: the wallets have %s, the contra accounts %s,"
	" and transfers add up to %s', w.currency,"
	"  sum(w.balance), -sum(t.other), sum(t.transfers))"
	" FROM wallet w LEFT JOIN (SELECT wallet_id, sum(amount) FILTER (WHERE contra"
	" IS NOT NULL) AS other,"
	"  sum(amount) FILTER (WHERE contra = 'transfer') AS transfers FROM transaction"
	"  GROUP BY wallet_id) AS t ON t.wallet_id = w.id"
	" GROUP BY w.currency HAVING sum(w.balance) <> coalesce(sum(t.other), 0) OR"
	" sum(t.transfers) <> 0",
	DB_ONCE };
/* A REPEATABLE READ transaction takes its snapshot with its first query; this makes sure that there
 * was one. */
const struct db_statement verify_take_sql = { "take", "SELECT 1", DB_ONCE };
const struct db_statement verify_heads_sql = { "heads",
	"DECLARE heads CURSOR FOR SELECT wallet_id, owner_id, currency, version FROM wallet"
	" ORDER BY wallet_id",
	DB_ONCE };
/* A line's columns are the first columns of verify_rows_sql, in the same order. */
const struct db_statement verify_lines_sql = { "lines",
	"DECLARE lines CURSOR FOR SELECT wallet_id, version, transaction_id, kind, amount,"
	" balance_after, created_at, reference_id,"
	" merchant, description, counterpart_wallet, counterpart_id FROM line"
	" ORDER BY wallet_id, version",
	DB_ONCE };
const struct db_statement verify_heads_next_sql = { "heads_next", "FETCH 2000 FROM heads",
	DB_ONCE };
const struct db_statement verify_lines_next_sql = { "lines_next", "FETCH 2000 FROM lines",
	DB_ONCE };

static const struct verify_check checks[] = {
	{ "held = open holds", &verify_held_sql },
	{ "holds", &verify_holds_sql },
	{ "undone amounts", &verify_undone_sql },
	{ "transfers", &verify_sides_sql },
	{ "sums", &verify_sums_sql },
};
const struct verify_checks verify_books = VERIFY_CHECKS(checks);
