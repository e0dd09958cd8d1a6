#!/usr/bin/env bats
# statements.bats - the number of SQL statements for each kind of request, counted in the server's
# log. Our statements are prepared and sent with their parameters, so each one is one round trip.
# The figures must match bench/counts.json exactly.

load ../helper

SERVERS_LOG=$DATA_DIR/log/postgres/current

# Runs SQL as the private server's superuser, who alone can turn the log on.
admin() {
	local state=$DATA_DIR/state.env
	PGPASSWORD=$(sed -n 's/^PASSWORD_POSTGRES=//p' "$state") psql -X -q -At -v ON_ERROR_STOP=1 -h "$DATA_DIR/run/postgres" \
		-p "$(sed -n 's/^POSTGRES_PORT=//p' "$state")" -U postgres -d postgres -c "$1"
}

# Open connections keep their settings, so we terminate them; the programs reconnect.
log_statements() {
	local service
	for service in auth wallet statement; do
		admin "ALTER ROLE purse_${service}_app $1"
		admin "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'purse_${service}_app'" >/dev/null
	done
}

setup_file() {
	# Nothing else may query the databases: no consumers, and no watch, which asks for health.
	stop_service watch
	stop_service outbox_relay
	stop_service transaction_consumer
	stop_service statement_consumer
	log_statements "SET log_statement = 'all'"
}
auth_listens() { [ "$(admin "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1886745203")" -gt 0 ]; }

teardown_file() {
	log_statements "RESET log_statement"
	start_service outbox_relay
	start_service transaction_consumer
	start_service statement_consumer
	sv -w 10 up "$DATA_DIR/service/watch"
}

setup() {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	api POST /v1/transactions '{"kind":"deposit","amount":1000}'
	TRANSACTION=$(json .id)
	# Until auth listens for the end of sessions, it queries the database for each request.
	eventually auth_listens
}

# Writes a marker to the log and waits for it: all earlier lines are there by then.
mark() {
	MARK="mark-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')"
	psql -X -q -At -d "$WALLET_DATABASE_URL" -c "SELECT '$MARK'" >/dev/null
	eventually grep -q "$MARK" "$SERVERS_LOG"
}

# counted NAME CALL... - repeats the call ten times, after one call that warms the caches.
counted() {
	local name=$1 from to service took recorded
	shift
	"$@"
	mark
	from=$MARK
	for _ in 1 2 3 4 5 6 7 8 9 10; do "$@"; done
	mark
	to=$MARK
	for service in auth wallet statement; do
		took=$(sed -n "/$from/,/$to/p" "$SERVERS_LOG" | grep -v -e mark- -e authorizer_check |
			grep -cE "purse_${service}_app@purse_$service .*(execute|statement)( [a-z_]+)?: " || true)
		recorded=$(jq -e ".statements_of_ten.\"$name\".$service" "$ROOT/bench/counts.json")
		echo "$name: ten calls took $took statements of $service; $recorded recorded"
		[ "$took" -eq "$recorded" ] || { sed -n "/$from/,/$to/p" "$SERVERS_LOG" | tail -n 40 && return 1; }
	done
}

post() { api POST /v1/transactions '{"kind":"deposit","amount":5}' && expect 201; }
post_with_key() { api POST /v1/transactions '{"kind":"deposit","amount":5}' -H "Idempotency-Key: k-$RANDOM$RANDOM" && expect 201; }
balance() { api GET "/v1/wallets/$WALLET/balance" && expect 200; }
wallet() { api GET "/v1/wallets/$WALLET" && expect 200; }
transaction() { api GET "/v1/transactions/$TRANSACTION" && expect 200; }
transactions() { api GET "/v1/transactions?wallet_id=$WALLET&limit=5" && expect 200; }
stranger() { TOKEN=x.y.z api GET "/v1/wallets/$WALLET" && expect 401; }

@test "posting" { counted post post; }
@test "posting with an Idempotency-Key" { counted post_with_key post_with_key; }
@test "a balance" { counted balance balance; }
@test "a wallet" { counted wallet wallet; }
@test "a transaction" { counted transaction transaction; }
@test "a page of transactions" { counted transactions transactions; }
@test "an invalid token" { counted stranger stranger; }

@test "a page of a statement" {
	start_service outbox_relay
	start_service statement_consumer
	today=$(date -u +%F)
	path="/v1/statements?wallet_id=$WALLET&from=$today&to=$today"
	eventually line_arrived 2
	stop_service outbox_relay
	stop_service statement_consumer
	statement() { api GET "$path" && expect 200; }
	counted statement statement
}
