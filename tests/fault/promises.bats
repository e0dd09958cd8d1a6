#!/usr/bin/env bats
# promises.bats - what the design promises whatever dies: a 201 is durable, a retry moves money once, the API goes on
# without the broker, says 503 without its database and recovers by itself, and answers what it has accepted.

load ../helper

DEPOSITS=300

setup() {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
}
teardown() {
	local service
	for service in postgres rabbitmq outbox_relay gateway; do
		service_ready $service || start_service $service
	done
}

# One client's deposit: the same key until it is answered 201, as a careful program does. Prints the transaction's id.
deposit_surely() {
	local answer
	for _ in $(seq 200); do
		answer=$(curl -s -m 30 -w '\n%{http_code}' -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
			-H "Idempotency-Key: deposit-$1" -d '{"kind":"deposit","amount":7}' "$BASE_URL/v1/transactions")
		[ "${answer##*$'\n'}" != 201 ] || { [[ $answer =~ \"id\":\"([0-9a-f-]+)\" ]] && echo "${BASH_REMATCH[1]}" && return 0; }
		[ "${answer##*$'\n'}" != 422 ] || return 1
		sleep 0.1
	done
	return 1
}

# DEPOSITS clients, 16 at a time, while COMMAND happens in the middle; then each deposit is there exactly once.
deposits_survive() {
	local ids=$BATS_TEST_TMPDIR/ids
	export TOKEN BASE_URL
	export -f deposit_surely
	seq "$DEPOSITS" | xargs -P 16 -I@ bash -c 'deposit_surely @' >"$ids" &
	eventually posted_some
	"$@"
	wait %1
	[ "$(sort -u "$ids" | wc -l)" = "$DEPOSITS" ]
	eventually balance_is $((DEPOSITS * 7)) $((DEPOSITS + 1))
	[ "$(sql wallet "SELECT count(*) FROM transaction WHERE wallet_id = '$WALLET' AND kind = 'deposit'")" = "$DEPOSITS" ]
	sql wallet "SELECT id FROM transaction WHERE wallet_id = '$WALLET' AND kind = 'deposit'" | sort | cmp - <(sort "$ids")
	eventually statement_has $((DEPOSITS + 1)) $((DEPOSITS * 7))
}
posted_some() { [ "$(wc -l <"$BATS_TEST_TMPDIR/ids")" -ge 20 ]; }
balance_is() {
	api GET "/v1/wallets/$WALLET/balance"
	[ "$status_code" = 200 ] && [ "$(json '"\(.balance) \(.version)"')" = "$1 $2" ]
}
statement_has() {
	api GET "/v1/statements?wallet_id=$WALLET&limit=1"
	[ "$status_code" = 200 ] && [ "$(json '"\(.version) \(.closing_balance)"')" = "$1 $2" ]
}

kill_handler() { kill -KILL "$(handler_pid wallet)"; }
end_handler() { kill -TERM "$(handler_pid wallet)"; }
kill_postgres() { kill_service postgres; }
kill_gateway() { kill_service gateway; }

@test "the wallet handler is killed under load: nothing lost, nothing doubled" {
	deposits_survive kill_handler
}

@test "the wallet handler is told to end under load: nothing lost, nothing doubled" {
	deposits_survive end_handler
}

@test "PostgreSQL is killed under load: every 201 was durable, every retry moved money once" {
	deposits_survive kill_postgres
}

@test "the gateway is killed under load: it comes back with its handlers" {
	deposits_survive kill_gateway
}

@test "without its database the API says 503 with Retry-After, and recovers without a restart" {
	balance_is 0 1
	wallet=$(handler_pid wallet) auth=$(handler_pid auth) statement=$(handler_pid statement)
	stop_service postgres
	for path in "/v1/wallets/$WALLET" "/v1/statements?wallet_id=$WALLET" /health/wallet /health/auth /health/statement; do
		api GET "$path"
		expect 503 unavailable
		[ "$(header Retry-After)" -ge 1 ]
	done
	api POST /v1/transactions '{"kind":"deposit","amount":5}'
	expect 503 unavailable
	[ "$(header Retry-After)" -ge 1 ]
	start_service postgres
	eventually balance_is 0 1
	api POST /v1/transactions '{"kind":"deposit","amount":5}'
	expect 201
	eventually statement_has 2 5
	[ "$(handler_pid wallet) $(handler_pid auth) $(handler_pid statement)" = "$wallet $auth $statement" ]
}

@test "a database that hangs is 503 in time, not 504, and is back when it answers again" {
	balance_is 0 1
	# What the cache knows is not asked: these two must ask.
	paths=("/v1/wallets/$WALLET" /v1/auth/me)
	postgres=$(service_pid postgres)
	mapfile -t processes < <(pgrep -P "$postgres")
	kill -STOP "$postgres" "${processes[@]}"
	# Each waits for as long as it may: both at once.
	PATIENCE=60
	for path in "${paths[@]}"; do
		(api GET "$path" && echo "$status_code $(json .code) $(header Retry-After)" >"$BATS_TEST_TMPDIR/status${path//\//.}") &
	done
	wait
	kill -CONT "$postgres" "${processes[@]}"
	for path in "${paths[@]}"; do [[ $(<"$BATS_TEST_TMPDIR/status${path//\//.}") == "503 unavailable "[1-9]* ]]; done
	eventually balance_is 0 1
}

@test "a killed relay is back, and what it had not published is" {
	kill_service outbox_relay
	api POST /v1/transactions '{"kind":"deposit","amount":5}'
	expect 201
	eventually statement_has 2 5
}
