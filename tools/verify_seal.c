/* verify_seal.c - `purse verify` on the sealed history: each row as it was sealed, an unbroken
 * chain, valid signatures, and the head that was exported.
 *
 * The digests repeat sql/wallet/functions/seal.sql on purpose: whoever can change rows can also
 * change functions, so we use none of the database's. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/verify.h"

#define BYTES(column) "convert_to(" column ", 'UTF8')"
#define ACTOR(row) \
	" || CASE WHEN " row ".actor IS NULL AND " row ".request_id IS NULL THEN ''" \
	" ELSE record_send(ROW(" row ".actor, " BYTES(row ".request_id") ")) END"
#define ROW_DIGEST \
	"sha256(record_send(ROW(t.wallet_id, t.version, t.id, " BYTES("t.kind") ", t.amount," \
	" t.balance_after, t.created_at, t.reference_id, " BYTES("t.contra") "," \
	" " BYTES("t.idempotency_key") ", t.fingerprint, " BYTES("t.merchant") "," \
	" " BYTES("t.description") ", " BYTES("t.metadata::text") ", t.held_change, t.held_after," \
	" t.counterpart_wallet, t.counterpart_id, t.expires_at))" ACTOR("t") \
	" || CASE WHEN t.version = 1 AND w.id IS NOT NULL THEN record_send(ROW(w.owner_id," \
	" " BYTES("w.currency") ", " BYTES("w.name") ", w.created_at," \
	" " BYTES("w.idempotency_key") ", w.fingerprint," \
	" coalesce(c.credit_limit_before, w.credit_limit)::bigint)) ELSE '' END)"
#define CHANGE_DIGEST \
	"sha256(record_send(ROW(c.id, " BYTES("c.currency") ", c.version, c.created_at," \
	" c.credit_limit::bigint, " BYTES("c.limits::text") "))" ACTOR("c") ")"

/* The rows as they are. */
#define ROWS \
	"SELECT t.wallet_id AS id, t.version, t.xid, " ROW_DIGEST " AS digest, t.id AS row_id" \
	" FROM transaction t LEFT JOIN wallet w ON t.version = 1 AND w.id = t.wallet_id" \
	" LEFT JOIN (SELECT DISTINCT ON (wallet_id) wallet_id, credit_limit_before" \
	"  FROM credit_limit_change ORDER BY wallet_id, version) AS c ON c.wallet_id = w.id" \
	" UNION ALL SELECT c.id, 0, c.xid, " CHANGE_DIGEST ", c.id FROM currency_limit_change c"
/* The rows as they were sealed. */
#define MEMBER(from, bytes) "substring(s.members FROM i * 56 + " from " FOR " bytes ")"
#define MEMBERS \
	"SELECT s.number, s.made_at, encode(" MEMBER("1", "16") ", 'hex')::uuid AS id," \
	" ('x' || encode(" MEMBER("17", "8") ", 'hex'))::bit(64)::bigint AS version," \
	" " MEMBER("25", "32") " AS digest" \
	" FROM seal s CROSS JOIN generate_series(0, length(s.members) / 56 - 1) AS i"
/* Up to where rows must be sealed; null on a server where the relay has not run. */
#define POSITION \
	"(SELECT o.xid FROM outbox_cursor o JOIN pg_control_system() p" \
	" ON o.system_identifier = p.system_identifier WHERE o.name = 'seal')"

static const struct db_statement members_sql = { "seal_members",
	"SELECT format(CASE coalesce(m.version, r.version) WHEN 0 THEN 'limits of a currency, %3$s'"
	" ELSE 'wallet %1$s, version %2$s, %3$s' END, coalesce(m.id, r.id),"
	" coalesce(m.version, r.version), coalesce(r.row_id::text, 'gone')) || CASE"
	" WHEN r.id IS NULL THEN format(': it was sealed at %s (seal %s), but does not exist',"
	"  m.made_at, m.number)"
	" WHEN m.id IS NULL THEN ': it is not sealed, but later rows are: it was inserted'"
	" WHEN r.digest <> m.digest"
	"  THEN format(': %s is not as it was when sealed at %s (seal %s)',"
	"  CASE r.version WHEN 1 THEN 'it, or its wallet''s owner, currency, name, key or first"
	" credit limit,' ELSE 'it' END, m.made_at, m.number)"
	" ELSE format(': it was sealed (seal %s), but its transaction id is that of a later row',"
	"  m.number) END"
	" FROM (" MEMBERS ") AS m FULL JOIN (" ROWS ") AS r"
	" ON r.id = m.id AND r.version = m.version"
	" CROSS JOIN (SELECT " POSITION " AS xid) AS sealed"
	" WHERE m.id IS NULL AND r.xid <= sealed.xid OR r.digest <> m.digest"
	" OR m.id IS NOT NULL AND (r.id IS NULL OR r.xid > sealed.xid)",
	DB_ONCE };

static const struct db_statement chain_sql = { "seal_chain",
	"SELECT format('seal %s: %s', s.number, CASE WHEN s.number <> s.before + 1"
	" THEN format('it follows seal %s; the seals in between are missing', s.before)"
	" ELSE 'its head does not follow from the seal before and its members' END)"
	" FROM (SELECT number, made_at, members, head, lag(number, 1, 0::bigint) OVER before"
	"  AS before, lag(head, 1, decode(repeat('00', 32), 'hex')) OVER before AS previous"
	"  FROM seal WINDOW before AS (ORDER BY number)) AS s"
	" WHERE s.number <> s.before + 1 OR s.head <> sha256(s.previous || int8send(s.number)"
	"  || timestamptz_send(s.made_at) || s.members)"
	" UNION ALL SELECT format('seal %s: it is of %s and still not signed', min(number),"
	"  min(made_at)) FROM seal WHERE number > coalesce((SELECT max(number) FROM seal"
	"  WHERE signature IS NOT NULL), 0) HAVING min(made_at) < now() - interval '1 hour'"
	" UNION ALL SELECT 'the position of the seals is missing' WHERE EXISTS (SELECT FROM seal)"
	"  AND " POSITION " IS NULL AND EXISTS (SELECT FROM outbox_cursor o"
	"  JOIN pg_control_system() p ON o.system_identifier = p.system_identifier)",
	DB_ONCE };

static const struct verify_check checks[] = {
	{ "sealed rows", &members_sql },
	{ "seals", &chain_sql },
};
const struct verify_checks verify_seals = VERIFY_CHECKS(checks);

/* ---- signatures ---- */

/* The last signature covers all seals before it; the ones before are checked for their own sake. */
static const struct db_statement signatures_sql = { "seal_signatures",
	"SELECT number, head, signed_at, signature, signer FROM seal"
	" WHERE signature IS NOT NULL ORDER BY number DESC LIMIT 10000",
	DB_ONCE };
static const struct db_statement exported_sql = { "seal_exported",
	"SELECT head FROM seal WHERE number = $1", DB_ONCE };
static const struct db_statement unsealed_sql = { "seal_unsealed",
	"SELECT (SELECT count(*) FROM transaction) + (SELECT count(*) FROM currency_limit_change)"
	" - coalesce(sum(length(members) / 56), 0) FROM seal",
	DB_ONCE };

struct signatures {
	struct verify *v;
	const unsigned char *trusted; /* the public key; NULL: unknown */
};

static enum error
signature_check(const struct db_rows *row, void *context)
{
	const struct signatures *s = context;
	struct seal_head h = { .number = rows_number(row, 0, 0), .at = rows_instant(row, 0, 2) };

	if (rows_bytes(row, 0, 1, h.head, sizeof h.head) != sizeof h.head ||
	    rows_bytes(row, 0, 3, h.signature, sizeof h.signature) != sizeof h.signature ||
	    rows_bytes(row, 0, 4, h.signer, sizeof h.signer) != sizeof h.signer ||
	    !seal_head_valid(&h))
		finding(s->v, "seal %" PRId64 ": its signature is not valid", h.number);
	else if (s->trusted != NULL && memcmp(s->trusted, h.signer, sizeof h.signer) != 0)
		finding(s->v, "seal %" PRId64 ": it was signed with another key", h.number);
	return OK;
}

/* The exported head proves all that was sealed up to it. */
static enum error
exported_check(struct verify *v)
{
	unsigned char head[SEAL_HEAD];
	DB_ROWS(rows);
	enum error e = db_execute(
		v->wallet, &exported_sql, DB_VALUES(db_number(v->exported->number)), &rows);

	if (e != OK)
		return e;
	if (rows_count(rows) == 0)
		finding(v, "seal %" PRId64 ": it was exported, but does not exist",
			v->exported->number);
	else if (rows_bytes(rows, 0, 0, head, sizeof head) != sizeof head ||
		memcmp(head, v->exported->head, sizeof head) != 0)
		finding(v, "seal %" PRId64 ": it is not the one that was exported",
			v->exported->number);
	return OK;
}

enum error
verify_signatures(struct verify *v)
{
	struct signatures s = { .v = v };
	struct seal_key key;
	DB_ROWS(rows);
	enum error e;

	if (v->exported != NULL)
		s.trusted = v->exported->signer;
	else if (seal_key_read(&key))
		s.trusted = key.public;
	if ((e = db_stream(v->wallet, &signatures_sql, DB_NO_VALUES, signature_check, &s)) != OK ||
	    (v->exported != NULL && (e = exported_check(v)) != OK) ||
	    (e = db_execute(v->wallet, &unsealed_sql, DB_NO_VALUES, &rows)) != OK)
		return e;
	v->unsealed = rows_number(rows, 0, 0);
	fprintf(stderr, "checked: signatures%s\n",
		s.trusted != NULL ? "" : ", but not whose they are: seal.key is not in KEY_DIR");
	return OK;
}
