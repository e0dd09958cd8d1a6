#!/usr/bin/env bats
# idempotency.bats - a retry with the same key returns the same bytes and moves nothing.

load ../helper

setup() {
	a_user
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
}

keyed() {
	api POST /v1/transactions "$2" -H "Idempotency-Key: $1"
}
# in_wallet 'MEMBERS' - prints the body of a transaction in the wallet
in_wallet() { echo "{\"wallet_id\":\"$WALLET\",$1}"; }

@test "the same key and body: the first answer, byte for byte, marked as replayed" {
	keyed k1 "{\"wallet_id\":\"$WALLET\",\"kind\":\"deposit\",\"amount\":100,\"metadata\":{\"z\":1.25,\"a\":{\"c\":[],\"b\":\"é\"}}}"
	[ "$status_code" = 201 ]
	[ -z "$(header Idempotent-Replayed)" ]
	first=$body
	api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"deposit\",\"amount\":1}"
	keyed k1 "{ \"amount\":100, \"metadata\":{\"a\":{\"b\":\"é\",\"c\":[]},\"z\":1.25}, \"kind\":\"deposit\", \"wallet_id\":\"$WALLET\" }"
	[ "$status_code" = 201 ]
	[ "$body" = "$first" ]
	grep -qi '^idempotent-replayed: true' <<<"$headers"
	api GET "/v1/wallets/$WALLET/balance"
	[ "$(json .balance)" = 101 ]
}

@test "the request is the same with the wallet's id or with the default wallet" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	keyed k2 '{"kind":"deposit","amount":5}'
	first=$body
	keyed k2 "{\"wallet_id\":\"$WALLET\",\"kind\":\"deposit\",\"amount\":5}"
	[ "$body" = "$first" ]
}

@test "a retry without a wallet_id is answered from the wallet of the first call, even once that is closed" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	api POST /v1/wallets '{"name":"second"}'
	keyed k5 '{"kind":"deposit","amount":5}'
	first=$body
	keyed k6 '{"kind":"withdrawal","amount":5}'
	WALLET=$(json .wallet_id)
	an_operator
	TOKEN=$OPERATOR api POST "/v1/wallets/$WALLET/close" '{"reason":"moved"}'
	expect 201
	keyed k5 '{"kind":"deposit","amount":5}'
	expect 201
	[ "$body" = "$first" ]
	[ "$(header Idempotent-Replayed)" = true ]
	keyed k5 '{"kind":"deposit","amount":6}'
	expect 422 idempotency_key_reused
	api GET /v1/wallets
	[ "$(json '[.data[].balance] | join(" ")')" = "0 0" ]
}

@test "the same key with a different body is refused" {
	keyed k3 "$(in_wallet '"kind":"deposit","amount":5')"
	for other in '"kind":"deposit","amount":6' '"kind":"withdrawal","amount":5' '"kind":"deposit","amount":5,"description":"x"'; do
		keyed k3 "$(in_wallet "$other")"
		[ "$status_code" = 422 ]
		[ "$(json .code)" = idempotency_key_reused ]
	done
	api GET "/v1/wallets/$WALLET/balance"
	[ "$(json .balance)" = 5 ]
}

@test "a refusal does not use up the key" {
	keyed k4 "$(in_wallet '"kind":"withdrawal","amount":5')"
	[ "$(json .code)" = insufficient_funds ]
	api POST /v1/transactions "$(in_wallet '"kind":"deposit","amount":5')"
	keyed k4 "$(in_wallet '"kind":"withdrawal","amount":5')"
	[ "$status_code" = 201 ]
}

@test "keys belong to a wallet" {
	keyed k5 "$(in_wallet '"kind":"deposit","amount":5')"
	sign_up_and_in
	api POST /v1/wallets '{}'
	keyed k5 '{"kind":"deposit","amount":7}'
	[ "$status_code" = 201 ]
	[ "$(json .amount)" = 7 ]
}

@test "a key is 1 to 255 visible ASCII characters" {
	deposit=$(in_wallet '"kind":"deposit","amount":1')
	keyed "$(printf 'k%.0s' {1..255})" "$deposit"
	[ "$status_code" = 201 ]
	for bad in "$(printf 'k%.0s' {1..256})" 'a b' 'é'; do
		keyed "$bad" "$deposit"
		[ "$status_code" = 422 ]
		[ "$(json .code)" = invalid_request ]
	done
}
