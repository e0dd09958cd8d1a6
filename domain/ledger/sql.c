/* sql.c - the statements of the Wallet service, but for the posting of money (ledger.c). */
#include "domain/ledger/sql.h"

#include "domain/ledger/ledger.h"

#define WALLET_COLUMNS "id, owner_id, currency, name, status, balance, held, available, version, created_at"

const struct db_statement wallet_sql[SQL_COUNT] = {
	[SQL_HEALTH] = { "health", "SELECT 1", DB_AGAIN },
	[SQL_WALLET_OPEN] = { "wallet_open",
		"SELECT status, id, owner_id, currency, name, wallet_status, balance, held, available, version, created_at"
		" FROM wallet_open($1, $2, $3, $4, $5, $6, $7::integer, $8)",
		DB_AGAIN },
	[SQL_WALLET_FIND] = { "wallet_find",
		"SELECT " WALLET_COLUMNS " FROM wallet_shown WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)", DB_AGAIN },
	[SQL_WALLET_LIST] = { "wallet_list",
		"SELECT " WALLET_COLUMNS " FROM wallet_shown WHERE owner_id = $1"
		" AND id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000') ORDER BY id LIMIT $3::bigint",
		DB_AGAIN },
	[SQL_WALLET_CHANGE] = { "wallet_change",
		"SELECT " OUTCOME_COLUMNS " FROM wallet_change($1, $2, $3::integer, $4, $5, $6, $7, $8)", DB_AGAIN },
	[SQL_BALANCE_AT] = { "balance_at",
		"SELECT currency, balance, held, available, version FROM wallet_balance_at($1, $2::timestamptz)", DB_AGAIN },
	[SQL_BALANCES] = { "balances",
		"SELECT starts_at, ends_at, balance, held, available, version"
		" FROM balance_history($1, $2::timestamptz, $3::timestamptz, $4)",
		DB_AGAIN },
	[SQL_HOLDS] = { "holds",
		"SELECT id, amount, remaining, expires_at, merchant, description, metadata, created_at"
		" FROM wallet_holds($1, $2, $3::integer)",
		DB_AGAIN },
	[SQL_TRANSACTION_FIND] = { "transaction_find",
		"SELECT " POSTING_COLUMNS " FROM transaction_shown WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)",
		DB_AGAIN },
	[SQL_TRANSACTION_LIST] = { "transaction_list",
		"SELECT " POSTING_COLUMNS " FROM transaction_page($1, $2, $3, $4::timestamptz, $5::timestamptz,"
		" $6::timestamptz, $7, $8::bigint, $9::integer, $10, $11::bigint, $12::bigint, $13, $14, $15)",
		DB_AGAIN },
	[SQL_LIMITS] = { "limits", "SELECT kind, per, amount, source, used, frees_at FROM wallet_limits($1)", DB_AGAIN },
	[SQL_LIMITS_SET] = { "limits_set",
		"SELECT " OUTCOME_COLUMNS " FROM wallet_limits_set($1, $2, $3::integer, $4::bigint, $5, $6, $7, $8, $9, $10)",
		DB_AGAIN },
	[SQL_CURRENCY_LIMITS] = { "currency_limits", "SELECT kind, per, amount FROM currency_limits($1)", DB_AGAIN },
	[SQL_CURRENCY_LIMITS_SET] = { "currency_limits_set",
		"SELECT currency_limits_set($1, $2::bigint, $3, $4, $5)", DB_AGAIN },
	[SQL_CURRENCY_CREDIT] = { "currency_credit",
		"SELECT credit_limit FROM currency_default WHERE currency = $1", DB_AGAIN },
};
