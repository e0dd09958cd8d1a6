#!/usr/bin/env bats
# wallets.bats - opening wallets, reading them, their current and past balances.

load ../helper

setup() {
	sign_up_and_in
}

@test "a wallet is opened in the default currency, empty, at version 1" {
	api POST /v1/wallets '{"name":"Groceries"}'
	[ "$status_code" = 201 ]
	[ "$(json 'keys_unsorted | join(" ")')" = "id owner_id currency name status balance held available version created_at" ]
	[ "$(json '[.owner_id, .currency, .name, .status, .balance, .held, .available, .version] | map(tostring) | join(" ")')" = "$USER_ID EUR Groceries open 0 0 0 1" ]
	grep -qi "^location: /v1/wallets/$(json .id)" <<<"$headers"
	grep -qi '^etag: "1"' <<<"$headers"
	grep -qi '^x-request-id: .' <<<"$headers"
}

@test "opening takes no parameters: a dry run is refused and opens nothing" {
	api POST '/v1/wallets?dry_run=true' '{}'
	expect 422 invalid_request
	api GET /v1/wallets
	[ "$(json '.data | length')" = 0 ]
}

@test "a wallet can have any currency of ISO 4217, and no other" {
	api POST /v1/wallets '{"currency":"JPY"}'
	[ "$status_code" = 201 ]
	[ "$(json .currency)" = JPY ]
	for bad in '"XXX"' '"eur"' '"EURO"' 5 '""'; do
		api POST /v1/wallets "{\"currency\":$bad}"
		[ "$status_code" = 422 ]
		[ "$(json .code)" = invalid_request ]
		[ "$(json '.errors[0].pointer')" = /currency ]
	done
}

@test "opening with an Idempotency-Key happens once" {
	api POST /v1/wallets '{"name":"A"}' -H 'Idempotency-Key: open-1'
	[ "$status_code" = 201 ]
	first=$body
	api POST /v1/wallets '{"name":"A"}' -H 'Idempotency-Key: open-1'
	[ "$status_code" = 201 ]
	[ "$body" = "$first" ]
	grep -qi '^idempotent-replayed: true' <<<"$headers"
	api POST /v1/wallets '{"name":"B"}' -H 'Idempotency-Key: open-1'
	[ "$status_code" = 422 ]
	[ "$(json .code)" = idempotency_key_reused ]
	api GET /v1/wallets
	[ "$(json '.data | length')" = 1 ]
}

@test "the list shows the user's own wallets, oldest first, page by page" {
	for name in a b c d e; do api POST /v1/wallets "{\"name\":\"$name\"}"; done
	api GET '/v1/wallets?limit=2'
	[ "$status_code" = 200 ]
	[ "$(json '[.data[].name] | join("")')" = ab ]
	next=$(json .next_cursor)
	grep -qi "^link: </v1/wallets?limit=2&cursor=$next>; rel=\"next\"" <<<"$headers"
	api GET "/v1/wallets?limit=2&cursor=$next"
	[ "$(json '[.data[].name] | join("")')" = cd ]
	api GET "/v1/wallets?limit=2&cursor=$(json .next_cursor)"
	[ "$(json '[.data[].name] | join("")')" = e ]
	[ "$(json .next_cursor)" = null ]
	! grep -qi '^link:' <<<"$headers"
}

@test "a page's limit and cursor are checked, and unknown parameters refused" {
	for query in limit=0 limit=201 limit=x cursor=%21 cursor=bm9uZQ limit=1\&limit=2 colour=red; do
		api GET "/v1/wallets?$query"
		[ "$status_code" = 422 ]
		[ "$(json .code)" = invalid_request ]
	done
}

@test "the version is the ETag: an unchanged wallet is not sent again" {
	api POST /v1/wallets '{}'
	wallet=$(json .id)
	api GET "/v1/wallets/$wallet" '' -H 'If-None-Match: "1"'
	[ "$status_code" = 304 ]
	[ -z "$body" ]
	api POST /v1/transactions "{\"wallet_id\":\"$wallet\",\"kind\":\"deposit\",\"amount\":5}"
	api GET "/v1/wallets/$wallet" '' -H 'If-None-Match: "1"'
	[ "$status_code" = 200 ]
	[ "$(json .version)" = 2 ]
	grep -qi '^etag: "2"' <<<"$headers"
}

@test "the balance is available now and as of any instant" {
	api POST /v1/wallets '{}'
	wallet=$(json .id) opened=$(json .created_at)
	api POST /v1/transactions "{\"wallet_id\":\"$wallet\",\"kind\":\"deposit\",\"amount\":700}"
	then=$(json .created_at)
	api POST /v1/transactions "{\"wallet_id\":\"$wallet\",\"kind\":\"withdrawal\",\"amount\":200}"
	api GET "/v1/wallets/$wallet/balance"
	[ "$status_code" = 200 ]
	[ "$(json 'keys_unsorted | join(" ")')" = "wallet_id currency balance held available version as_of" ]
	[ "$(json '[.balance, .held, .available, .version] | join(" ")')" = "500 0 500 3" ]
	api GET "/v1/wallets/$wallet/balance?at=$then"
	[ "$(json '[.balance, .version, .as_of] | map(tostring) | join(" ")')" = "700 2 $then" ]
	api GET "/v1/wallets/$wallet/balance?at=$opened"
	[ "$(json '[.balance, .version] | join(" ")')" = "0 1" ]
	api GET "/v1/wallets/$wallet/balance?at=2001-01-01T00:00:00Z"
	[ "$status_code" = 404 ]
	api GET "/v1/wallets/$wallet/balance?at=2999-01-01T00:00:00Z"
	[ "$status_code" = 422 ]
	api GET "/v1/wallets/$wallet/balance?at=yesterday"
	[ "$status_code" = 422 ]
	[ "$(json '.errors[0].pointer')" = /at ]
}

@test "another user's wallet looks like one that does not exist, except to an operator" {
	api POST /v1/wallets '{}'
	wallet=$(json .id)
	owner=$TOKEN
	sign_up_and_in
	for path in "/v1/wallets/$wallet" "/v1/wallets/$wallet/balance" "/v1/transactions?wallet_id=$wallet"; do
		api GET "$path"
		[ "$status_code" = 404 ]
		mine=$(json 'del(.request_id)')
		api GET "${path/$wallet/018f6f2e-7b1c-7cc0-8000-000000000000}"
		[ "$status_code" = 404 ]
		# They differ only in the id that was sent.
		[ "$(json 'del(.request_id)')" = "${mine//$wallet/018f6f2e-7b1c-7cc0-8000-000000000000}" ]
	done
	api POST /v1/transactions "{\"wallet_id\":\"$wallet\",\"kind\":\"deposit\",\"amount\":5}"
	[ "$status_code" = 404 ]
	make_operator "$EMAIL"
	sign_in "$EMAIL"
	api GET "/v1/wallets/$wallet"
	[ "$status_code" = 200 ]
	TOKEN=$owner
	api GET "/v1/wallets/$wallet/balance"
	[ "$(json .balance)" = 0 ]
}

@test "the number of a user's wallets is limited" {
	for _ in $(seq 1 "${WALLETS_MAX:-100}"); do
		api POST /v1/wallets '{}'
		[ "$status_code" = 201 ]
	done
	api POST /v1/wallets '{}'
	[ "$status_code" = 409 ]
	[ "$(json .code)" = wallet_limit ]
}
