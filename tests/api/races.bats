#!/usr/bin/env bats
# races.bats - 64 clients at once: a limit is never passed, a purchase is undone once, a key moves money once.

load ../helper

setup() {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
}

@test "64 clients spend one wallet: never below its limit" {
	api POST /v1/transactions '{"kind":"deposit","amount":1000}'
	statuses=$(at_once 64 /v1/transactions '{"kind":"purchase","amount":30,"merchant":"Rush"}')
	[ "$(grep -c 201 <<<"$statuses")" = 33 ]
	[ "$(grep -c 409 <<<"$statuses")" = 31 ]
	api GET "/v1/wallets/$WALLET/balance"
	[ "$(json '[.balance, .version] | join(" ")')" = "10 35" ]
}

@test "64 clients cancel one purchase: exactly once" {
	api POST /v1/transactions '{"kind":"deposit","amount":100}'
	api POST /v1/transactions '{"kind":"purchase","amount":100}'
	statuses=$(at_once 64 /v1/transactions "{\"kind\":\"cancellation\",\"reference_id\":\"$(json .id)\"}")
	[ "$(grep -c 201 <<<"$statuses")" = 1 ]
	[ "$(grep -c 409 <<<"$statuses")" = 63 ]
	api GET "/v1/wallets/$WALLET/balance"
	[ "$(json .balance)" = 100 ]
}

@test "64 clients with one key: one transaction, 64 times the same bytes" {
	statuses=$(at_once -H 'Idempotency-Key: once' 64 /v1/transactions '{"kind":"deposit","amount":7}')
	[ "$(grep -c 201 <<<"$statuses")" = 64 ]
	[ "$(cat "$BATS_TEST_TMPDIR"/answer.* | sed 's/}{/}\n{/g' | sort -u | wc -l)" = 1 ]
	api GET "/v1/wallets/$WALLET/balance"
	[ "$(json .balance)" = 7 ]
}

@test "64 clients open a first wallet with one key: one wallet" {
	sign_up_and_in
	statuses=$(at_once -H 'Idempotency-Key: first' 64 /v1/wallets '{}')
	[ "$(grep -c 201 <<<"$statuses")" = 64 ]
	api GET /v1/wallets
	[ "$(json '.data | length')" = 1 ]
}
