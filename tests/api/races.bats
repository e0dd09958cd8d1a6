#!/usr/bin/env bats
# races.bats - 64 clients at once: a limit is never passed, a purchase is undone once, a key moves money once.

load ../helper

CLIENTS=64

setup() {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
}

# all_at_once BODY [curl args…] - CLIENTS times the same call; the statuses, a line each
all_at_once() {
	local body=$1
	shift
	seq "$CLIENTS" | xargs -P "$CLIENTS" -I@ curl -s -o "$BATS_TEST_TMPDIR/answer.@" -w '%{http_code}\n' \
		-H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@" -d "$body" "$BASE_URL/v1/transactions"
}

@test "64 clients spend one wallet: never below its limit" {
	api POST /v1/transactions '{"kind":"deposit","amount":1000}'
	statuses=$(all_at_once '{"kind":"purchase","amount":30,"merchant":"Rush"}')
	[ "$(grep -c 201 <<<"$statuses")" = 33 ]
	[ "$(grep -c 409 <<<"$statuses")" = 31 ]
	api GET "/v1/wallets/$WALLET/balance"
	[ "$(json '[.balance, .version] | join(" ")')" = "10 35" ]
}

@test "64 clients cancel one purchase: exactly once" {
	api POST /v1/transactions '{"kind":"deposit","amount":100}'
	api POST /v1/transactions '{"kind":"purchase","amount":100}'
	statuses=$(all_at_once "{\"kind\":\"cancellation\",\"reference_id\":\"$(json .id)\"}")
	[ "$(grep -c 201 <<<"$statuses")" = 1 ]
	[ "$(grep -c 409 <<<"$statuses")" = 63 ]
	api GET "/v1/wallets/$WALLET/balance"
	[ "$(json .balance)" = 100 ]
}

@test "64 clients with one key: one transaction, 64 times the same bytes" {
	statuses=$(all_at_once '{"kind":"deposit","amount":7}' -H 'Idempotency-Key: once')
	[ "$(grep -c 201 <<<"$statuses")" = 64 ]
	[ "$(cat "$BATS_TEST_TMPDIR"/answer.* | sed 's/}{/}\n{/g' | sort -u | wc -l)" = 1 ]
	api GET "/v1/wallets/$WALLET/balance"
	[ "$(json .balance)" = 7 ]
}

@test "64 clients open a first wallet with one key: one wallet" {
	sign_up_and_in
	statuses=$(seq "$CLIENTS" | xargs -P "$CLIENTS" -I@ curl -s -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $TOKEN" \
		-H 'Content-Type: application/json' -H 'Idempotency-Key: first' -d '{}' "$BASE_URL/v1/wallets")
	[ "$(grep -c 201 <<<"$statuses")" = 64 ]
	api GET /v1/wallets
	[ "$(json '.data | length')" = 1 ]
}
