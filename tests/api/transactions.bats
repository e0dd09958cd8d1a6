#!/usr/bin/env bats
# transactions.bats - moving money: the design's table of rules, row by row, with every refusal.

load ../helper

setup() {
	a_user
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
}

# post KIND AMOUNT [more members] - one transaction on $WALLET
post() {
	api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"$1\"${2:+,\"amount\":$2}${3:+,$3}}" "${@:4}"
}

# refused STATUS CODE - fails unless the last call was refused with these
refused() {
	[ "$status_code" = "$1" ]
	[ "$(json .code)" = "$2" ]
	[ "$(json .status)" = "$1" ]
	[ "$(json .type)" = "/docs/errors#$2" ]
	[ -n "$(json .request_id)" ]
	grep -qi '^content-type: application/problem+json' <<<"$headers"
}

balance() {
	api GET "/v1/wallets/$WALLET/balance"
	json .balance
}

@test "a deposit adds money and returns the whole transaction" {
	post deposit 1250 '"description":"Salary","metadata":{"run":7}'
	[ "$status_code" = 201 ]
	[ "$(json 'keys_unsorted | join(" ")')" = "id wallet_id kind amount currency balance_after version reference_id merchant description metadata created_at balance_change held_change" ]
	[ "$(json '[.wallet_id, .kind, .amount, .currency, .balance_after, .version, .description, .metadata.run] | map(tostring) | join(" ")')" = "$WALLET deposit 1250 EUR 1250 2 Salary 7" ]
	[ "$(json '[.reference_id, .merchant] | map(tostring) | join(" ")')" = "null null" ]
	shown=$body
	grep -qi "^location: /v1/transactions/$(json .id)" <<<"$headers"
	api GET "/v1/transactions/$(json .id)"
	[ "$status_code" = 200 ]
	[ "$body" = "$shown" ]
}

@test "withdrawals and purchases can take the available amount, to the last unit and not one more" {
	post deposit 100
	post withdrawal 40
	[ "$status_code" = 201 ]
	[ "$(json '[.amount, .balance_after, .balance_change, .held_change] | join(" ")')" = "40 60 -40 0" ]
	post purchase 60 '"merchant":"Bakery"'
	[ "$status_code" = 201 ]
	[ "$(json '[.merchant, .balance_after] | map(tostring) | join(" ")')" = "Bakery 0" ]
	for kind in withdrawal purchase; do
		post $kind 1
		refused 409 insufficient_funds
		[ "$(json '[.available, .required, .short_by, .held] | join(" ")')" = "0 1 1 0" ]
	done
	[ "$(balance)" = 0 ]
}

@test "without a wallet_id the oldest wallet is used; without any wallet, not_found" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	api POST /v1/wallets '{}'
	api POST /v1/transactions '{"kind":"deposit","amount":5}'
	[ "$status_code" = 201 ]
	[ "$(json .wallet_id)" = "$WALLET" ]
	sign_up_and_in
	api POST /v1/transactions '{"kind":"deposit","amount":5}'
	refused 404 not_found
}

@test "amounts are whole numbers from 1 to 2^53-1" {
	for bad in 0 -1 1.5 1.0 '"1"' null true '[]' 9007199254740992 1e3 123456789012345678901234567890; do
		post deposit "$bad"
		[ "$status_code" = 422 ] || [ "$status_code" = 400 ]
	done
	post deposit 9007199254740991
	[ "$status_code" = 201 ]
	post deposit 1
	refused 409 balance_limit
	[[ "$(json .detail)" == *"at most 9007199254740991 "* ]]
	[ "$(balance)" = 9007199254740991 ]
}

@test "all members are checked at once, and each error has its pointer" {
	api POST /v1/transactions '{"kind":"gift","amount":"x","wallet_id":"nope","colour":1}'
	refused 422 invalid_request
	[ "$(json '[.errors[].pointer] | sort | join(" ")')" = "/amount /colour /kind /wallet_id" ]
	post opening 1
	refused 422 invalid_request
	post deposit
	refused 422 invalid_request
	post deposit 5 '"reference_id":"018f6f2e-7b1c-7cc0-8000-000000000000"'
	refused 422 invalid_request
	post cancellation
	refused 422 invalid_request
	post deposit 5 '"metadata":"text"'
	refused 422 invalid_request
	post purchase 5 "\"merchant\":\"$(printf 'm%.0s' {1..201})\""
	refused 422 invalid_request
	for number in 1E2 100.0; do
		post deposit "$number"
		refused 422 invalid_request
		[[ $body == *', in digits without a point or exponent"'* ]]
	done
	for text in 'to \u202eevil' '\u202dx' 'x\uffff' '\ufdd0x' '\ud83f\udffe x'; do
		post purchase 5 "\"merchant\":\"$text\""
		refused 422 invalid_request
		[[ $body == *'"/merchant","detail":"must not contain direction overrides or noncharacters"'* ]]
	done
	# Ordinary text from right to left is not affected.
	api POST /v1/wallets "{\"name\":\"\u2067\u05e9\u05dc\u05d5\u05dd\u2069 \u200f\"}"
	[ "$status_code" = 201 ]
	api POST '/v1/transactions?dry_run=sure' '{"kind":"deposit","amount":5}'
	refused 422 invalid_request
	[ "$(balance)" = 0 ]
}

@test "text keeps its bytes" {
	text='Ünïcode 漢字 🎉 "quoted" \\ / <b>'
	api POST /v1/transactions "$(jq -nc --arg w "$WALLET" --arg t "$text" '{wallet_id:$w,kind:"deposit",amount:1,description:$t,metadata:{($t):[1,2.5,null,{"b":1,"a":2}]}}')"
	[ "$status_code" = 201 ]
	[ "$(json .description)" = "$text" ]
	[ "$(json -c '.metadata | to_entries[0] | [.key, (.value|tojson)]')" = "$(jq -nc --arg t "$text" '[$t, "[1,2.5,null,{\"b\":1,\"a\":2}]"]')" ]
}

@test "a body that is not JSON, not an object, or too large gets the right error" {
	api POST /v1/transactions '{"kind":'
	refused 400 malformed_json
	api POST /v1/transactions '[]'
	refused 422 invalid_request
	api POST /v1/transactions '{"kind":"deposit","kind":"deposit","amount":1}'
	refused 400 malformed_json
	api POST /v1/transactions "$(printf '{"metadata":%s1%s}' "$(printf '[%.0s' {1..200})" "$(printf ']%.0s' {1..200})")"
	refused 400 malformed_json
	api POST /v1/transactions '{"kind":"deposit","amount":1}' -H 'Content-Type: text/plain'
	refused 415 unsupported_media_type
	for coding in gzip 'identity, gzip' x; do
		api POST /v1/transactions '{"kind":"deposit","amount":1}' -H "Content-Encoding: $coding"
		refused 415 unsupported_media_type
	done
	head -c 200000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/large"
	api POST /v1/transactions '' -H 'Content-Type: application/json' --data-binary "@$BATS_TEST_TMPDIR/large"
	refused 413 too_large
}

@test "a NUL byte is refused wherever it stands" {
	for nul in '{"kind":"deposit","amount":5\0}' '{"kind":"deposit","amount":5}\0' '\0{"kind":"deposit","amount":5}'; do
		# shellcheck disable=SC2059
		printf "$nul" >"$BATS_TEST_TMPDIR/nul"
		api POST /v1/transactions '' -H 'Content-Type: application/json' --data-binary "@$BATS_TEST_TMPDIR/nul"
		refused 400 malformed_json
	done
}

@test "numbers past 64 bits and U+0000 are valid JSON, but not accepted" {
	for amount in 99999999999999999999 1e400 -1e400; do
		api POST /v1/transactions "{\"kind\":\"deposit\",\"amount\":$amount}"
		expect 422 invalid_request
		[ "$(json '.errors | length')" = 1 ]
	done
	api POST /v1/transactions '{"kind":"deposit","amount":1,"description":"a\u0000b"}'
	expect 422 invalid_request
}

@test "an error that quotes half a character is still a problem document" {
	for bad in '{"\é":1}' '{"kind":"\ü"}'; do
		api POST /v1/transactions "$bad"
		expect 400 malformed_json
		[ "$(json .request_id)" = "$(header X-Request-Id)" ]
	done
	api GET "/v1/wallets?$(printf 'a%.0s' {1..39})%C3%A9=1"
	expect 422 invalid_request
	[ "$(json '.errors | length')" = 1 ]
}

@test "without sign-in the answer is 401, with the wrong method 405" {
	TOKEN='' api POST /v1/transactions '{"kind":"deposit","amount":1}'
	refused 401 unauthenticated
	grep -qi '^www-authenticate: Bearer' <<<"$headers"
	TOKEN=nonsense api GET /v1/transactions
	[ "$status_code" = 401 ]
	api DELETE /v1/transactions
	refused 405 method_not_allowed
	grep -qi '^allow: .*POST' <<<"$headers"
	api GET /v1/transactions/nope
	refused 404 not_found
	api GET /v1/transactions/018f6f2e-7b1c-7cc0-8000-000000000000
	refused 404 not_found
}

@test "another user's transaction is not found" {
	post deposit 5
	id=$(json .id)
	sign_up_and_in
	api GET "/v1/transactions/$id"
	refused 404 not_found
}

@test "the list has filters and pages, and is newest first" {
	for i in 1 2 3 4 5; do post deposit $i; done
	post purchase 3
	middle=$(json .created_at)
	post withdrawal 1
	api GET "/v1/transactions?wallet_id=$WALLET&limit=3"
	[ "$(json '[.data[].kind] | join(" ")')" = "withdrawal purchase deposit" ]
	api GET "/v1/transactions?wallet_id=$WALLET&limit=3&cursor=$(json .next_cursor)"
	[ "$(json '[.data[].amount] | join(" ")')" = "4 3 2" ]
	api GET "/v1/transactions?wallet_id=$WALLET&limit=3&cursor=$(json .next_cursor)"
	[ "$(json '[.data[].kind] | join(" ")')" = "deposit opening" ]
	[ "$(json .next_cursor)" = null ]
	api GET "/v1/transactions?wallet_id=$WALLET&kind=deposit"
	[ "$(json '.data | length')" = 5 ]
	api GET "/v1/transactions?wallet_id=$WALLET&from=$middle"
	[ "$(json '[.data[].kind] | join(" ")')" = "withdrawal purchase" ]
	api GET "/v1/transactions?wallet_id=$WALLET&to=$middle&kind=deposit&limit=1"
	[ "$(json '[.data[].amount] | join(" ")')" = 5 ]
	api GET "/v1/transactions?kind=withdrawal"
	[ "$(json '.data | length')" = 1 ]
	api GET "/v1/transactions?from=$middle&to=2020-01-01T00:00:00Z"
	refused 422 invalid_request
	api GET "/v1/transactions?kind=gift"
	refused 422 invalid_request
}

@test "without a wallet_id the list covers all of the user's wallets" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	post deposit 1
	api POST /v1/wallets '{}'
	other=$(json .id)
	api POST /v1/transactions "{\"wallet_id\":\"$other\",\"kind\":\"deposit\",\"amount\":2}"
	api GET '/v1/transactions?limit=1'
	[ "$(json '.data[0].wallet_id')" = "$other" ]
	seen=$(json '.data[0].id')
	while [ "$(json .next_cursor)" != null ]; do
		api GET "/v1/transactions?limit=1&cursor=$(json .next_cursor)"
		seen+=" $(json '.data[0].id')"
	done
	[ "$(tr ' ' '\n' <<<"$seen" | sort -u | wc -l)" = 4 ]
}

@test "headers and bodies that change nothing are accepted; a key without a value is not" {
	a_user
	api POST /v1/wallets '{}' -H 'Content-Encoding: Identity'
	expect 201
	wallet=$(json .id)
	# A shared host's web server can refuse the first by itself, and drop the second's header.
	[ -z "${HOSTED:-}" ] || return 0
	api GET "/v1/wallets/$wallet" '{"ignored":true}'
	expect 200
	api POST /v1/transactions "{\"kind\":\"deposit\",\"amount\":1,\"wallet_id\":\"$wallet\"}" -H 'Idempotency-Key;'
	expect 422 invalid_request
	[ "$(json '.errors[0].pointer')" = /Idempotency-Key ]
}

@test "the first mistakes are explained: what was looked for, and what to do next" {
	explained() { expect 404 not_found && [[ "$(json .detail)" == *$1* ]]; }
	sign_up_and_in
	unknown=01a00000-0000-7000-8000-000000000000
	api POST /v1/transactions '{"kind":"deposit","amount":1}'
	explained 'open one with POST /v1/wallets'
	api POST /v1/transactions/batch '{"transactions":[{"kind":"deposit","amount":1}],"mode":"each"}'
	[[ "$(json '.results[0].problem.detail')" == *'open one with POST /v1/wallets'* ]]
	api POST /v1/transactions "{\"kind\":\"release\",\"reference_id\":\"$unknown\"}"
	explained "reference_id $unknown"
	api GET "/v1/transactions?wallet_id=$unknown"
	explained "There is no wallet $unknown that you can see: GET /v1/wallets lists yours."
	for path in "/v1/wallets/$unknown" "/v1/wallets/$unknown/balance" "/v1/wallets/$unknown/holds" "/v1/transactions/$unknown"; do
		api GET "$path"
		explained "$unknown"
		[[ "$(json .detail)" == *"GET ${path%%/$unknown*} lists"* ]]
	done
	api GET /v1/wallets/mine
	explained 'whole UUID'
	# No refusal just repeats its title.
	api POST /v1/wallets '{}'
	wallet=$(json .id)
	api POST "/v1/wallets/$wallet/close" '{"reason":"x"}'
	expect 403 forbidden
	[ "$(json .detail)" != "$(json .title)" ]
}

# Takes turns with the files that wait for events: the relay publishes nothing that is younger than
# the transaction that holds the lock.
@test "a wallet that is locked for long is too_slow, and other wallets do not wait for it" {
	a_user
	api POST /v1/wallets '{}'
	locked=$(json .id)
	api POST /v1/wallets '{}'
	free=$(json .id)
	coproc HOLDER { exec psql -X -q -At -d "$WALLET_DATABASE_OWNER_URL" 2>&1 3>&-; }
	echo "BEGIN; SELECT 'locked' FROM wallet WHERE id = '$locked' FOR UPDATE;" >&"${HOLDER[1]}"
	read -r -t "$PATIENCE" got <&"${HOLDER[0]}"
	[ "$got" = locked ]
	curl -sS -D "$BATS_TEST_TMPDIR/slow.headers" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
		-d "{\"wallet_id\":\"$locked\",\"kind\":\"deposit\",\"amount\":5}" "$BASE_URL/v1/transactions" >"$BATS_TEST_TMPDIR/slow" 3>&- &
	slow=$!
	is_waiting() { [ "$(sql wallet "SELECT count(*) FROM pg_locks WHERE NOT granted AND $holder = ANY (pg_blocking_pids(pid))")" -gt 0 ]; }
	echo "SELECT pg_backend_pid();" >&"${HOLDER[1]}"
	read -r -t "$PATIENCE" holder <&"${HOLDER[0]}"
	eventually is_waiting
	api POST /v1/transactions "{\"wallet_id\":\"$free\",\"kind\":\"deposit\",\"amount\":5}"
	expect 201
	kill -0 "$slow"
	wait "$slow"
	kill "$HOLDER_PID"
	[ "$(jq -r .code "$BATS_TEST_TMPDIR/slow")" = too_slow ]
	grep -q ' 503' "$BATS_TEST_TMPDIR/slow.headers"
	grep -qi '^retry-after:' "$BATS_TEST_TMPDIR/slow.headers"
}
