/* verify_settings.c - SQL of `purse verify` for what the walk does not see: which wallet is an
 * owner's first, limits and their usage, times, the positions of programs; wallets and jobs of the
 * statement database. Each returns one text per violation. */
#include "tools/verify.h"

/* A wallet changes only together with a row. */
static const struct db_statement times_sql = { "times",
	"SELECT format('wallet %s: %s', w.id, CASE WHEN o.created_at IS DISTINCT FROM w.created_at"
	" THEN format('it was opened at %s, but at %s by its rows', w.created_at, o.created_at)"
	" ELSE format('its last change is of %s, but its last row of %s', w.changed_at,"
	"  t.created_at) END)"
	" FROM wallet w"
	" LEFT JOIN transaction o ON o.wallet_id = w.id AND o.version = 1"
	" LEFT JOIN transaction t ON t.wallet_id = w.id AND t.version = w.version"
	" WHERE o.created_at IS DISTINCT FROM w.created_at"
	" OR t.created_at IS DISTINCT FROM w.changed_at",
	DB_ONCE };

/* An owner's wallet is the oldest that is not closed, or the one closed last. The clock can have
 * stepped back between two openings: then the order of their commits counts, too. */
static const struct db_statement owners_sql = { "owners",
	"SELECT CASE WHEN o.owner_id IS NULL"
	" THEN format('owner %s: the row that names their first wallet is missing', w.owner_id)"
	" WHEN w.owner_id IS NULL THEN format('owner %s: they have no wallet, but the row that"
	" names their first one exists', o.owner_id)"
	" WHEN o.wallet_id <> ALL (w.ids) THEN format('owner %s: their first wallet is %s,"
	" which is not theirs', o.owner_id, o.wallet_id)"
	" ELSE format('owner %s: their first wallet is %s, but should be %s', o.owner_id,"
	"  o.wallet_id, w.by_time) END"
	" FROM owner o FULL JOIN (SELECT w.owner_id, array_agg(w.id) AS ids,"
	"  (array_agg(w.id ORDER BY w.status = 'closed',"
	"   CASE WHEN w.status = 'closed' THEN -extract(epoch FROM w.changed_at)"
	"   ELSE extract(epoch FROM w.created_at) END, w.id))[1] AS by_time,"
	"  (array_agg(w.id ORDER BY w.status = 'closed',"
	"   CASE WHEN w.status = 'closed' THEN -extract(epoch FROM w.changed_at)"
	"   ELSE t.xid::text::numeric END, w.created_at, w.id))[1] AS by_commit"
	"  FROM wallet w LEFT JOIN transaction t ON t.wallet_id = w.id AND t.version = 1"
	"  GROUP BY w.owner_id) AS w ON w.owner_id = o.owner_id"
	" WHERE (o.wallet_id IN (w.by_time, w.by_commit)) IS NOT TRUE",
	DB_ONCE };

/* A wallet that was an owner's first until it was closed: none that is older was open then. */
static const struct db_statement past_sql = { "owners_past",
	"SELECT format('owner %s: %s was their first wallet until it was closed, but is not"
	" recorded as such', w.owner_id, w.id)"
	" FROM wallet w JOIN owner o ON o.owner_id = w.owner_id AND o.wallet_id <> w.id"
	" JOIN transaction t ON t.wallet_id = w.id AND t.version = 1"
	" WHERE w.status = 'closed' AND NOT EXISTS (SELECT FROM owner_past p"
	"  WHERE p.owner_id = w.owner_id AND p.wallet_id = w.id)"
	" AND NOT EXISTS (SELECT FROM wallet v"
	"  JOIN transaction s ON s.wallet_id = v.id AND s.version = 1"
	"  WHERE v.owner_id = w.owner_id AND v.id <> w.id"
	"  AND (v.created_at < w.created_at OR s.xid < t.xid)"
	"  AND (v.status <> 'closed' OR v.changed_at >= w.changed_at))"
	" UNION ALL SELECT format('owner %s: %s is recorded as their first wallet of before, but"
	" %s', p.owner_id, p.wallet_id, CASE WHEN w.id IS NULL THEN 'is not theirs'"
	"  ELSE 'is not closed' END)"
	" FROM owner_past p LEFT JOIN wallet w ON w.id = p.wallet_id AND w.owner_id = p.owner_id"
	" WHERE w.id IS NULL OR w.status <> 'closed'",
	DB_ONCE };

/* The last change of a scope lists all its rules. */
static const struct db_statement limits_sql = { "limits",
	"SELECT format('limits of %s: a %s per %s is %s, but %s by the last change',"
	" coalesce(l.scope, h.scope), coalesce(l.kind, h.kind), coalesce(l.per, h.per),"
	" CASE WHEN l.scope IS NULL THEN 'not limited' ELSE coalesce(l.amount::text, 'free') END,"
	" CASE WHEN h.scope IS NULL THEN 'not limited' ELSE coalesce(h.amount::text, 'free') END)"
	" FROM limit_rule l FULL JOIN (SELECT c.scope, n ->> 'kind' AS kind, n ->> 'per' AS per,"
	"  (n ->> 'amount')::bigint AS amount FROM ("
	"  (SELECT DISTINCT ON (wallet_id) wallet_id::text AS scope, metadata -> 'limits' AS limits"
	"   FROM transaction WHERE kind = 'limit' ORDER BY wallet_id, version DESC)"
	"  UNION ALL (SELECT DISTINCT ON (currency) currency, limits FROM currency_limit_change"
	"   ORDER BY currency, version DESC)) AS c, json_array_elements(c.limits) AS n) AS h"
	" ON h.scope = l.scope AND h.kind = l.kind AND h.per = l.per"
	" WHERE l.scope IS NULL OR h.scope IS NULL OR l.amount IS DISTINCT FROM h.amount"
	" UNION ALL SELECT format('limits of %s: the credit limit of new wallets is %s, but %s by"
	" the last change', coalesce(d.currency, h.currency), d.credit_limit, h.credit_limit)"
	" FROM currency_default d FULL JOIN (SELECT DISTINCT ON (currency) * FROM"
	"  currency_limit_change ORDER BY currency, version DESC) AS h ON h.currency = d.currency"
	" WHERE d.credit_limit IS DISTINCT FROM h.credit_limit"
	" UNION ALL SELECT format('limits of %s: version %s of their changes follows %s',"
	" c.currency, c.version, c.before) FROM (SELECT currency, version,"
	"  lag(version, 1, 0::bigint) OVER (PARTITION BY currency ORDER BY version) AS before"
	"  FROM currency_limit_change) AS c"
	" WHERE c.version <> c.before + 1"
	" UNION ALL SELECT 'limits: the sequence limit_change was reset, so they are ignored'"
	" FROM limit_change WHERE NOT is_called AND EXISTS (SELECT FROM limit_rule)",
	DB_ONCE };

static const struct db_statement credit_sql = { "credit_limits",
	"SELECT format('wallet %s, version %s: the credit limit before is recorded as %s, but is %s"
	" by its row', coalesce(t.wallet_id, c.wallet_id), coalesce(t.version, c.version),"
	"  coalesce(c.credit_limit_before::text, 'unchanged'),"
	"  coalesce(t.before::text, 'unchanged'))"
	" FROM (SELECT wallet_id, version, nullif(metadata -> 'credit_limit' ->> 'from',"
	"  metadata -> 'credit_limit' ->> 'to')::bigint AS before FROM transaction"
	"  WHERE kind = 'limit') AS t"
	" FULL JOIN credit_limit_change c ON c.wallet_id = t.wallet_id AND c.version = t.version"
	" WHERE c.credit_limit_before IS DISTINCT FROM t.before",
	DB_ONCE };

/* A usage is the sum of the rows of its day and month after `since`. Those from before 005 have no
 * `since`, and are counted again before they are used. */
static const struct db_statement usage_sql = { "limit_usage",
	"SELECT format('wallet %s: its usage of %s is %s on %s and %s in that month after version"
	" %s, but %s and %s by its rows', u.wallet_id, u.kind, u.day_used, u.day, u.month_used,"
	"  u.since, t.day, t.month)"
	" FROM limit_usage u LEFT JOIN wallet w ON w.id = u.wallet_id CROSS JOIN LATERAL ("
	"  SELECT coalesce(sum(greatest(abs(t.amount), t.held_change)) FILTER"
	"   (WHERE t.created_at >= u.day::timestamp AT TIME ZONE 'UTC'), 0) AS day,"
	"  coalesce(sum(greatest(abs(t.amount), t.held_change)), 0) AS month"
	"  FROM transaction t WHERE t.wallet_id = u.wallet_id AND t.version > u.since"
	"  AND t.kind = u.kind AND (t.kind <> 'transfer' OR t.amount < 0)"
	"  AND t.created_at >= date_trunc('month', u.day::timestamp) AT TIME ZONE 'UTC') AS t"
	" LEFT JOIN transaction s ON s.wallet_id = u.wallet_id AND s.version = u.since"
	" WHERE u.since IS NOT NULL AND (u.day_used <> t.day OR u.month_used <> t.month"
	" OR u.since_at <> coalesce(s.created_at, '-infinity') OR u.version > w.version)"
	" OR w.id IS NULL OR u.day > (greatest(w.changed_at, now()) AT TIME ZONE 'UTC')::date",
	DB_ONCE };

/* Whether programs have run on this server. Otherwise its rows may be restored ones, which get new
 * transaction ids when the relay starts. */
#define HERE \
	"EXISTS (SELECT FROM outbox_cursor c JOIN pg_control_system() p" \
	" ON c.system_identifier = p.system_identifier)"
#define FUTURE "xid >= pg_snapshot_xmax(pg_current_snapshot()) AND " HERE
#define POSITION_FUTURE \
	"SELECT format('the position %s of the relay lies in the future: what is committed until" \
	" then would not be published', name) FROM outbox_cursor o WHERE o." FUTURE \
	" AND o.system_identifier = (SELECT system_identifier FROM pg_control_system())"

static const struct db_statement positions_sql = { "positions",
	"SELECT format('wallet %s, version %s, %s: its transaction id lies in the future, so it"
	" would not be published; starting outbox_relay renews it', wallet_id, version, id)"
	" FROM transaction WHERE " FUTURE
	" UNION ALL SELECT format('rejection %s: its transaction id lies in the future', id)"
	" FROM rejection WHERE " FUTURE
	" UNION ALL SELECT format('limits of %s, version %s: its transaction id lies in the"
	" future', currency, version) FROM currency_limit_change WHERE " FUTURE
	" UNION ALL " POSITION_FUTURE,
	DB_ONCE };

static const struct verify_check checks[] = {
	{ "times", &times_sql },
	{ "first wallets of owners", &owners_sql },
	{ "earlier first wallets", &past_sql },
	{ "limits", &limits_sql },
	{ "credit limits", &credit_sql },
	{ "usage of limits", &usage_sql },
	{ "positions", &positions_sql },
};
const struct verify_checks verify_settings = VERIFY_CHECKS(checks);

const struct db_statement verify_ahead_sql = { "ahead",
	"SELECT format('Dated ahead of the clock: wallet %s, version %s to %s, until %s', w.id,"
	" min(t.version), w.version, w.changed_at)"
	" FROM wallet w JOIN transaction t ON t.wallet_id = w.id"
	" WHERE w.changed_at > clock_timestamp() AND t.created_at > clock_timestamp()"
	" GROUP BY w.id",
	DB_ONCE };

/* ---- the statement database ---- */

static const struct db_statement heads_sql = { "statement_heads",
	"SELECT format('wallet %s: the statement is at version %s of %s, but its lines reach %s of"
	" %s', w.wallet_id, w.version, w.newest, l.head, l.newest)"
	" FROM wallet w LEFT JOIN (SELECT wallet_id, max(version) AS newest,"
	"  coalesce(max(version) FILTER (WHERE version = place), 0) AS head"
	"  FROM (SELECT wallet_id, version, row_number() OVER (PARTITION BY wallet_id"
	"   ORDER BY version) AS place FROM (SELECT wallet_id, version, true AS signed FROM line"
	"   UNION ALL SELECT wallet_id, version, false FROM line_unsigned) AS a) AS n"
	"  GROUP BY wallet_id) AS l ON l.wallet_id = w.wallet_id"
	" WHERE w.newest <> coalesce(l.newest, 0) OR w.version > coalesce(l.head, 0)"
	" OR w.version < l.head AND NOT EXISTS (SELECT FROM line_unsigned u"
	"  WHERE u.wallet_id = w.wallet_id)",
	DB_ONCE };

/* What a job says about the lines that its file covers. */
static const struct db_statement jobs_sql = { "statement_jobs",
	"SELECT format('statement %s: %s', j.id, CASE"
	" WHEN w.wallet_id IS NULL THEN format('its wallet %s does not exist', j.wallet_id)"
	" WHEN j.xid >= pg_snapshot_xmax(pg_current_snapshot())"
	"  THEN 'its transaction id lies in the future'"
	" ELSE format('its balances are %s and %s, but %s and %s by the lines %s to %s',"
	"  j.opening_balance, j.closing_balance, f.opening, f.closing, j.first_version,"
	"  j.last_version) END)"
	" FROM job j LEFT JOIN wallet w ON w.wallet_id = j.wallet_id CROSS JOIN LATERAL ("
	"  SELECT coalesce((SELECT balance_after FROM line l WHERE l.wallet_id = j.wallet_id"
	"   AND l.version = j.first_version - 1), 0) AS opening,"
	"  coalesce((SELECT balance_after FROM line l WHERE l.wallet_id = j.wallet_id"
	"   AND l.version = j.last_version), 0) AS closing) AS f"
	" WHERE w.wallet_id IS NULL"
	" OR j.xid >= pg_snapshot_xmax(pg_current_snapshot()) AND " HERE
	" OR j.first_version IS NOT NULL"
	"  AND (j.opening_balance, j.closing_balance) IS DISTINCT FROM (f.opening, f.closing)",
	DB_ONCE };

static const struct db_statement statement_positions_sql = { "statement_positions",
	POSITION_FUTURE, DB_ONCE };

static const struct verify_check statement_checks[] = {
	{ "heads of the statement", &heads_sql },
	{ "statement jobs", &jobs_sql },
	{ "positions of the statement", &statement_positions_sql },
};
const struct verify_checks verify_statements = VERIFY_CHECKS(statement_checks);
