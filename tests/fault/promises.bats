#!/usr/bin/env bats
# promises.bats - what clients are told while a part is away: the API works without the broker,
# answers 503 without its database, and recovers by itself. What dies under load is in campaign/.

load ../helper

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

balance_is() {
	api GET "/v1/wallets/$WALLET/balance"
	[ "$status_code" = 200 ] && [ "$(json '"\(.balance) \(.version)"')" = "$1 $2" ]
}
statement_has() {
	api GET "/v1/statements?wallet_id=$WALLET&limit=1"
	[ "$status_code" = 200 ] && [ "$(json '"\(.version) \(.closing_balance)"')" = "$1 $2" ]
}

# health_is_quick - while a database is down or hangs, each service says within a second that it is
# alive, and not ready, and that it cannot tell its alarms
health_is_quick() {
	local service path began=${EPOCHREALTIME//[!0-9]/}
	for service in auth wallet statement; do
		api GET /health/$service/live
		expect 200
	done
	for path in auth wallet statement wallet/alarms statement/alarms; do
		api GET /health/$path
		expect 503 unavailable
	done
	[ $((${EPOCHREALTIME//[!0-9]/} - began)) -lt 5500000 ]
}

@test "without its database the API answers 503 with Retry-After, and recovers without a restart" {
	balance_is 0 1
	wallet=$(handler_pid wallet) auth=$(handler_pid auth) statement=$(handler_pid statement)
	stop_service postgres
	for path in "/v1/wallets/$WALLET" "/v1/statements?wallet_id=$WALLET" /health/wallet /health/auth /health/statement; do
		api GET "$path"
		expect 503 unavailable
		[ "$(header Retry-After)" -ge 1 ]
	done
	health_is_quick
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

@test "if the database hangs, the API answers 503 in time, not 504, and recovers with the database" {
	balance_is 0 1
	# Two paths that need the database and not only the cache.
	paths=("/v1/wallets/$WALLET" /v1/auth/me)
	postgres=$(service_pid postgres)
	mapfile -t processes < <(pgrep -P "$postgres")
	kill -STOP "$postgres" "${processes[@]}"
	health_is_quick
	# Each takes the full timeout, so run both in parallel.
	PATIENCE=60
	for path in "${paths[@]}"; do
		(api GET "$path" && echo "$status_code $(json .code) $(header Retry-After)" >"$BATS_TEST_TMPDIR/status${path//\//.}") &
	done
	wait
	kill -CONT "$postgres" "${processes[@]}"
	for path in "${paths[@]}"; do [[ $(<"$BATS_TEST_TMPDIR/status${path//\//.}") == "503 unavailable "[1-9]* ]]; done
	eventually balance_is 0 1
}

@test "a consumer that has lost its broker says so within 10 s" {
	for name in outbox_relay statement_consumer transaction_consumer; do eventually service_ready $name; done
	broker=$(ss -Hltnp "sport = :$(sed -n 's/^AMQP_PORT=//p' "$DATA_DIR/state.env")" | sed -n 's/.*pid=\([0-9]*\),.*/\1/p' | head -n 1)
	kill -STOP "$broker"
	began=$SECONDS
	for name in outbox_relay statement_consumer transaction_consumer; do service_ready $name & done
	failed=0
	for job in $(jobs -p); do wait "$job" || failed=$((failed + 1)); done
	kill -CONT "$broker"
	[ "$failed" = 3 ]
	[ $((SECONDS - began)) -lt 10 ]
	for name in outbox_relay statement_consumer transaction_consumer; do eventually service_ready $name; done
}

@test "while no event arrives, a wallet that was just opened has an empty statement; one that does not exist has none" {
	stop_service outbox_relay
	api POST /v1/wallets '{}'
	expect 201
	fresh=$(json .id)
	api GET "/v1/statements?wallet_id=$fresh"
	expect 200
	[ "$(json '[.wallet_id, .currency, .version, .opening_balance, .closing_balance, (.lines | length)] | join(" ")')" = "$fresh EUR 0 0 0 0" ]
	api GET "/v1/statements?wallet_id=$fresh&format=csv"
	expect 200
	api GET "/v1/statements?wallet_id=01a00000-0000-7000-8000-000000000000"
	expect 404 not_found
	owner=$TOKEN
	sign_up_and_in
	# Neither another user nor one without a wallet sees it.
	api GET "/v1/statements?wallet_id=$fresh"
	expect 404 not_found
	api GET /v1/statements
	expect 404 not_found
	[[ "$(json .detail)" == *'Open one with POST /v1/wallets'* ]]
	api POST /v1/wallets '{}'
	fresh=$(json .id)
	api GET /v1/statements
	expect 200
	[ "$(json '"\(.wallet_id) \(.version)"')" = "$fresh 0" ]
	start_service outbox_relay
	TOKEN=$owner
}
