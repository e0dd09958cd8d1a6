#!/usr/bin/env bats
# holds.bats - reserving money: captured whole, in parts, not at all, or too late.

load ../helper

setup() {
	a_user
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	post deposit 1000
	expect 201
}

# post KIND [AMOUNT] [more members]
post() {
	api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"$1\"${2:+,\"amount\":$2}${3:+,$3}}"
}
# hold AMOUNT [more members] - sets HOLD
hold() {
	post hold "$@"
	expect 201
	HOLD=$(json .id)
}
# on KIND [AMOUNT] [more members] - posts with $HOLD as the reference
on() { post "$1" "${2:-}" "\"reference_id\":\"$HOLD\"${3:+,$3}"; }

# wallet_is BALANCE HELD
wallet_is() {
	api GET "/v1/wallets/$WALLET"
	[ "$(json '"\(.balance) \(.held) \(.available)"')" = "$1 $2 $(($1 - $2))" ]
}
holds_are() {
	api GET "/v1/wallets/$WALLET/holds"
	[ "$(json '[.data[].remaining] | join(" ")')" = "$1" ]
}
# in_seconds N - prints the instant N seconds from now
in_seconds() { date -u -d "+$1 seconds" +%FT%T.%6NZ; }

@test "a hold reserves money: the balance stays, the available amount falls, and the answer says until when" {
	hold 300 '"merchant":"Hotel","description":"Room 7"'
	[ "$(json 'keys_unsorted | join(" ")')" = "id wallet_id kind amount currency balance_after version reference_id merchant description metadata created_at balance_change held_change expires_at" ]
	[ "$(json '[.kind, .amount, .balance_after, .balance_change, .held_change, .merchant] | join(" ")')" = "hold 300 1000 0 300 Hotel" ]
	days=$((($(date -d "$(json .expires_at)" +%s) - $(date -d "$(json .created_at)" +%s) + 43200) / 86400))
	[ "$days" = 7 ]
	shown=$body
	api GET "/v1/transactions/$HOLD"
	[ "$body" = "$shown" ]
	wallet_is 1000 300
	post purchase 701
	expect 409 insufficient_funds
	[ "$(json '[.available, .required, .short_by, .held] | join(" ")')" = "700 701 1 300" ]
	hold 700
	wallet_is 1000 1000
	post hold 1
	expect 409 insufficient_funds
	[ "$(json '[.available, .required, .short_by, .held] | join(" ")')" = "0 1 1 1000" ]
}

@test "a capture is a purchase at the hold's merchant, by default of the whole hold" {
	hold 300 '"merchant":"Hotel"'
	on capture
	expect 201
	[ "$(json '[.kind, .amount, .balance_after, .balance_change, .held_change, .merchant, .reference_id] | join(" ")')" = "capture 300 700 -300 -300 Hotel $HOLD" ]
	wallet_is 700 0
	holds_are ''
	on capture
	expect 409 hold_closed
	hold 100
	on capture '' '"merchant":"Bar"'
	[ "$(json .merchant)" = Bar ]
}

@test "a partial capture releases the rest, or with final:false keeps it" {
	hold 300
	on capture 100 '"final":false'
	expect 201
	[ "$(json '[.amount, .balance_after] | join(" ")')" = "100 900" ]
	wallet_is 900 200
	holds_are 200
	on capture 201
	expect 409 exceeds_hold
	on capture 50
	expect 201
	wallet_is 850 0
	on capture 1
	expect 409 hold_closed
	# Capturing the last unit closes the hold, even with final:false.
	hold 10
	on capture 10 '"final":false'
	wallet_is 840 0
	on release
	expect 409 hold_closed
}

@test "a release frees the whole remainder, once" {
	hold 300
	on capture 100 '"final":false'
	on release
	expect 201
	[ "$(json '[.kind, .amount, .balance_after, .reference_id] | map(tostring) | join(" ")')" = "release 200 900 $HOLD" ]
	wallet_is 900 0
	on release
	expect 409 hold_closed
	on capture
	expect 409 hold_closed
}

@test "a capture can be cancelled and reversed like a purchase; a hold and a release cannot" {
	hold 300
	on release
	release=$(json .id)
	an_operator
	for id in "$HOLD" "$release"; do
		TOKEN=$OPERATOR api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"reversal\",\"reference_id\":\"$id\"}"
		expect 409 not_undoable
	done
	hold 300
	on capture 200
	capture=$(json .id)
	post cancellation 50 "\"reference_id\":\"$capture\""
	expect 201
	[ "$(json .balance_after)" = 850 ]
	TOKEN=$OPERATOR api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"reversal\",\"reference_id\":\"$capture\"}"
	expect 201
	[ "$(json '[.amount, .balance_after] | join(" ")')" = "150 1000" ]
	post cancellation '' "\"reference_id\":\"$capture\""
	expect 409 already_undone
}

@test "a reference that is not a hold of this wallet is refused, and so is a member that the kind does not have" {
	post deposit 5
	HOLD=$(json .id)
	on capture
	expect 409 not_a_hold
	on release
	expect 409 not_a_hold
	HOLD=018f6f2e-7b1c-7cc0-8000-000000000000
	on capture
	expect 404 not_found
	hold 5
	api POST /v1/wallets '{}'
	api POST /v1/transactions "{\"wallet_id\":\"$(json .id)\",\"kind\":\"capture\",\"reference_id\":\"$HOLD\"}"
	expect 404 not_found
	for bad in '"kind":"hold"' '"kind":"hold","amount":5,"expires_at":"2020-01-01T00:00:00Z"' \
		'"kind":"hold","amount":5,"expires_at":"2999-01-01T00:00:00Z"' '"kind":"hold","amount":5,"expires_at":"soon"' \
		'"kind":"hold","amount":5,"final":false' "\"kind\":\"release\",\"reference_id\":\"$HOLD\",\"amount\":5" '"kind":"capture"' \
		"\"kind\":\"capture\",\"reference_id\":\"$HOLD\",\"final\":1" "\"kind\":\"hold\",\"amount\":5,\"reference_id\":\"$HOLD\"" \
		'"kind":"deposit","amount":5,"expires_at":"2999-01-01T00:00:00Z"' '"kind":"deposit","amount":5,"final":false'; do
		api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",$bad}"
		expect 422 invalid_request
	done
	wallet_is 1005 5
	api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"hold\",\"amount\":5,\"expires_at\":\"2999-01-01T00:00:00Z\"}"
	[[ $body == *'"/expires_at","detail":"must be at most 30 days from now"'* ]]
}

@test "with an idempotency key each of them happens once" {
	for _ in 1 2; do
		api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"hold\",\"amount\":100}" -H 'Idempotency-Key: h'
		expect 201
		HOLD=$(json .id)
		first=${first:-$body}
		[ "$body" = "$first" ]
	done
	[ "$(header Idempotent-Replayed)" = true ]
	for _ in 1 2; do
		api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"capture\",\"reference_id\":\"$HOLD\"}" -H 'Idempotency-Key: c'
		expect 201
	done
	api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"capture\",\"reference_id\":\"$HOLD\",\"final\":false}" -H 'Idempotency-Key: c'
	expect 422 idempotency_key_reused
	wallet_is 900 0
}

@test "a retry after the hold has expired gets the first answer; a new request gets the error" {
	expires="\"expires_at\":\"$(in_seconds 6)\""
	body_sent="{\"wallet_id\":\"$WALLET\",\"kind\":\"hold\",\"amount\":30,$expires}"
	api POST /v1/transactions "$body_sent" -H 'Idempotency-Key: h'
	expect 201
	first=$body
	batch="{\"mode\":\"atomic\",\"transactions\":[$body_sent]}"
	api POST /v1/transactions/batch "$batch" -H 'Idempotency-Key: b'
	expect 201
	over() { [[ $(date -u +%FT%T.%6NZ) > ${expires:14:27} ]]; }
	eventually over
	api POST /v1/transactions "$body_sent" -H 'Idempotency-Key: h'
	expect 201
	[ "$body" = "$first" ]
	[ "$(header Idempotent-Replayed)" = true ]
	api POST /v1/transactions/batch "$batch" -H 'Idempotency-Key: b'
	expect 201
	[ "$(header Idempotent-Replayed)" = true ]
	for key in '' -HIdempotency-Key:new; do
		api POST /v1/transactions "$body_sent" ${key:+"$key"}
		expect 422 invalid_request
		[ "$(json '.errors[0].pointer + " " + .errors[0].detail')" = "/expires_at must be in the future" ]
	done
	for mode in each atomic; do
		api POST /v1/transactions/batch "{\"mode\":\"$mode\",\"transactions\":[$body_sent]}" -H "Idempotency-Key: new-$mode"
		[ "$(json '(.results[0].problem // .).errors[0].pointer')" = /transactions/0/expires_at ]
	done
}

@test "the list shows metadata as it was sent" {
	hold 5 '"metadata":{"rate":1.1,"n":[1,2]}'
	api GET "/v1/wallets/$WALLET/holds"
	[[ $body == *'"metadata":{"rate":1.1,"n":[1,2]}'* ]]
}

@test "open holds are listed newest first, page by page; another user's wallet is not found" {
	for i in 1 2 3 4 5; do hold $i "\"description\":\"n$i\""; done
	api GET "/v1/wallets/$WALLET/holds?limit=2"
	expect 200
	[ "$(json '[.data[].amount] | join(" ")')" = "5 4" ]
	[ "$(json '.data[0] | keys_unsorted | join(" ")')" = "id amount remaining expires_at merchant description metadata created_at" ]
	[ "$(json '.data[0].id')" = "$HOLD" ]
	[[ $(header Link) == *'rel="next"'* ]]
	api GET "/v1/wallets/$WALLET/holds?limit=2&cursor=$(json .next_cursor)"
	[ "$(json '[.data[].amount] | join(" ")')" = "3 2" ]
	api GET "/v1/wallets/$WALLET/holds?limit=2&cursor=$(json .next_cursor)"
	[ "$(json '[.data[].description] | join(" ")')" = n1 ]
	[ "$(json .next_cursor)" = null ]
	api GET "/v1/wallets/$WALLET/holds?cursor=nonsense"
	expect 422 invalid_request
	sign_up_and_in
	api GET "/v1/wallets/$WALLET/holds"
	expect 404 not_found
}

expired() {
	wallet_is 1000 0 && [ "$(sql wallet "SELECT count(*) FROM transaction WHERE wallet_id = '$WALLET' AND kind = 'release' AND description = 'expired'")" = "$1" ]
}

@test "an expired hold is released automatically, once, even with several sweeps; a capture comes too late" {
	until=$(in_seconds 3600)
	for _ in $(seq 20); do hold 20 "\"expires_at\":\"$until\""; done
	wallet_is 1000 400
	# Pretend that hour has passed.
	sql wallet "UPDATE hold SET expires_at = clock_timestamp() - interval '1 second' WHERE wallet_id = '$WALLET'"
	sweeps=()
	for _ in 1 2 3; do
		(until expired 20; do "$BUILD/outbox_relay" --drain 2>/dev/null || exit 1; done) 3>&- &
		sweeps+=($!)
	done
	eventually expired 20
	wait "${sweeps[@]}"
	expired 20
	holds_are ''
	on capture
	expect 409 hold_closed
	api GET "/v1/transactions?wallet_id=$WALLET&limit=1"
	[ "$(json '.data[0] | [.kind, .amount, .description, .version] | join(" ")')" = "release 20 expired 42" ]
}

@test "an expired hold is closed even before a sweep has seen it" {
	hold 20 "\"expires_at\":\"$(in_seconds 3600)\""
	# Pretend that hour has passed. The sweep can be faster than the capture, but the answer is
	# the same.
	sql wallet "UPDATE hold SET expires_at = clock_timestamp() - interval '1 second' WHERE transaction_id = '$HOLD'"
	on capture
	expect 409 hold_closed
	eventually wallet_is 1000 0
}
