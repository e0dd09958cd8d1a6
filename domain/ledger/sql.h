/* sql.h - the statements that the pool of the Wallet service is opened with, by name. The texts are in sql.c. */
#ifndef DOMAIN_LEDGER_SQL_H
#define DOMAIN_LEDGER_SQL_H

#include "common/db/db.h"

enum wallet_sql {
	SQL_HEALTH,
	SQL_WALLET_OPEN,
	SQL_WALLET_FIND,
	SQL_WALLET_LIST,
	SQL_WALLET_CHANGE,
	SQL_BALANCE_AT,
	SQL_BALANCES,
	SQL_HOLDS,
	SQL_TRANSACTION_FIND,
	SQL_TRANSACTION_LIST,
	SQL_LIMITS,
	SQL_LIMITS_SET,
	SQL_CURRENCY_LIMITS,
	SQL_CURRENCY_LIMITS_SET,
	SQL_CURRENCY_CREDIT,
	SQL_COUNT
};

extern const struct db_statement wallet_sql[SQL_COUNT];

#endif
