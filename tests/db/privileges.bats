#!/usr/bin/env bats
# privileges.bats - proves, as the run-time role, that its privileges keep history append-only.

load helper

setup() {
	[ "$(value "pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = 'transaction'::regclass")" = f ] ||
		skip "the run-time role owns the tables here"
}

denied() {
	run sql <<<"$1"
	[ "$status" -ne 0 ]
	[[ "$output" == *"permission denied for $2"* ]]
}

@test "only the functions can write to tables" {
	tables=$(value "string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public'")
	[[ " $tables " == *" alarm "*" wallet "* ]]
	for table in $tables; do
		[ "$(value "count(*) FROM $table WHERE false")" = 0 ]
		denied "DELETE FROM $table;" "table $table"
		denied "TRUNCATE $table;" "table $table"
		denied "INSERT INTO $table SELECT * FROM $table;" "table $table"
		denied "BEGIN; LOCK TABLE $table IN EXCLUSIVE MODE;" "table $table"
	done
	denied "UPDATE wallet SET balance = 1;" "table wallet"
	denied "UPDATE transaction SET amount = 1;" "table transaction"
	denied "UPDATE undone SET undone = 0;" "table undone"
	denied "UPDATE owner SET wallet_id = owner_id;" "table owner"
}

@test "internal functions cannot be called" {
	denied "SELECT wallet_insert(gen_random_uuid(), gen_random_uuid(), 'EUR', '', '', '', gen_random_uuid(), now());" "function wallet_insert"
	denied "SELECT wallet_open_missing('{}', 'EUR');" "function wallet_open_missing"
	denied "SELECT post_holds_write('{}');" "function post_holds_write"
	denied "SELECT limit_take(gen_random_uuid(), 'EUR', 'deposit', 1, now(), 1);" "function limit_take"
	denied "SELECT limit_rules_replace('EUR', '{}', '{}', '{}');" "function limit_rules_replace"
	denied "SELECT owner_moves_on(gen_random_uuid());" "function owner_moves_on"
	denied "SELECT change_write(NULL, gen_random_uuid(), 'close', 'closed', 0, NULL, NULL, NULL, NULL, NULL, NULL);" "function change_write"
	denied "SELECT seal_write('', now());" "function seal_write"
	denied "SELECT nextval('limit_change');" "sequence limit_change"
}

@test "nothing can shadow what the functions use" {
	run sql <<<"CREATE FUNCTION public.wallet_clock(int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
	[[ "$output" == *"permission denied for schema public"* ]]
	# An attacker would try a temporary table of the same name against a function that runs as
	# its owner.
	w=$(value "pg_temp.wallet()")
	sql <<-E
		CREATE TEMP TABLE wallet AS SELECT * FROM public.wallet WHERE id = '$w';
		UPDATE pg_temp.wallet SET balance = 1000000;
		SELECT pg_temp.gives(pg_temp.try('$w', 'purchase', 5), 'insufficient_funds');
	E
}

@test "the run-time role connects to no other database and makes no large objects" {
	for database in postgres template1 purse_auth purse_statement; do
		run psql -XAtq -d "$WALLET_DATABASE_URL" -c "\\connect $database"
		[ "$status" -ne 0 ]
		[[ "$output" == *"permission denied for database \"$database\""* ]]
	done
	denied "SELECT lo_create(0);" "function lo_create"
	denied "SELECT lo_creat(-1);" "function lo_creat"
	denied "SELECT lo_from_bytea(0, 'x');" "function lo_from_bytea"
}
