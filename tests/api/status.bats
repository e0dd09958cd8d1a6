#!/usr/bin/env bats
# status.bats - freezing, unfreezing and closing by an operator: what then works, what does not, and
# the rows it leaves.

load ../helper

setup() {
	a_user
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	post deposit 100
	DEPOSIT=$(json .id)
	post purchase 10
	PURCHASE=$(json .id)
	post hold 10
	HOLD=$(json .id)
	an_operator
}

post() { api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"$1\"${2:+,\"amount\":$2}${3:+,$3}}"; }
on() { post "$1" "${3:-}" "\"reference_id\":\"$2\""; }
# change WHAT [more members] - as an operator
change() { TOKEN=$OPERATOR api POST "/v1/wallets/$WALLET/$1" "{\"reason\":\"why\"${2:+,$2}}" "${@:3}"; }
wallet() { api GET "/v1/wallets/$WALLET" && json "$1"; }

# acted - the actor and the request of the last answer
acted() { json '"\(.actor_id) \(.request_id)"'; }

@test "what someone does by their role says who did it, in which request; what owners do does not" {
	me=$(TOKEN=$OPERATOR && api GET /v1/auth/me && json .id)
	for kind in freeze unfreeze; do
		change $kind '' -H "X-Request-Id: op-$kind" -H "Idempotency-Key: $kind"
		expect 201
		[ "$(acted)" = "$me op-$kind" ]
	done
	# A replay shows the first request.
	change unfreeze '' -H "X-Request-Id: later" -H "Idempotency-Key: unfreeze"
	[ "$(header idempotent-replayed) $(acted)" = "true $me op-unfreeze" ]
	TOKEN=$OPERATOR api PUT "/v1/wallets/$WALLET/limits" '{"limits":[],"credit_limit":5,"reason":"why"}' -H 'X-Request-Id: op-limit'
	expect 200
	api GET "/v1/transactions?wallet_id=$WALLET&kind=limit"
	[ "$(json '.data[0] | "\(.actor_id) \(.request_id)"')" = "$me op-limit" ]
	TOKEN=$OPERATOR api PUT '/v1/wallets/limits?currency=ZMW' '{"limits":[],"credit_limit":5}' -H 'X-Request-Id: op-currency'
	expect 200
	[ "$(sql wallet "SELECT actor || ' ' || request_id FROM currency_limit_change WHERE currency = 'ZMW' ORDER BY version DESC LIMIT 1")" = "$me op-currency" ]
	# Reversals, cancellations, and anything else for someone else; alone and in a batch.
	TOKEN=$OPERATOR api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"reversal\",\"reference_id\":\"$PURCHASE\",\"amount\":1}" -H 'X-Request-Id: op-reversal'
	expect 201
	[ "$(acted)" = "$me op-reversal" ]
	TOKEN=$OPERATOR api POST /v1/transactions/batch "{\"mode\":\"each\",\"transactions\":[{\"wallet_id\":\"$WALLET\",\"kind\":\"cancellation\",\"reference_id\":\"$PURCHASE\",\"amount\":1},
		{\"wallet_id\":\"$WALLET\",\"kind\":\"deposit\",\"amount\":1}]}" -H 'X-Request-Id: op-batch'
	[ "$(json '[.results[].transaction | "\(.actor_id) \(.request_id)"] | join(" ")')" = "$me op-batch $me op-batch" ]
	api POST /v1/wallets '{}'
	other=$(json .id)
	TOKEN=$OPERATOR api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"transfer\",\"to_wallet_id\":\"$other\",\"amount\":1}" -H 'X-Request-Id: op-transfer'
	api GET "/v1/transactions/$(json .counterpart_id)"
	[ "$(acted)" = "$me op-transfer" ]
	post deposit 3
	[[ $body != *actor_id* && $body != *request_id* ]]
	# An operator's own wallet is theirs.
	TOKEN=$OPERATOR
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	post deposit 3
	expect 201
	[[ $body != *actor_id* ]]
}

@test "frozen with mode both: nothing moves, not even in" {
	change freeze
	expect 201
	[ "$(json '[.kind, .amount, .balance_after, .version, .description, .metadata.mode] | join(" ")')" = "freeze 0 90 5 why both" ]
	[ "$(wallet '"\(.status) \(.version)"')" = "frozen 5" ]
	for kind in deposit withdrawal purchase hold; do
		post $kind 1
		expect 409 wallet_frozen
	done
	for kind in capture release; do
		on $kind "$HOLD"
		expect 409 wallet_frozen
	done
	on cancellation "$PURCHASE"
	expect 409 wallet_frozen
	TOKEN=$OPERATOR on reversal "$DEPOSIT" 1
	expect 409 wallet_frozen
	change unfreeze
	expect 201
	[ "$(json '[.kind, .description] | join(" ")')" = "unfreeze why" ]
	[ "$(wallet .status)" = open ]
	post withdrawal 1
	expect 201
}

@test "frozen for debits: money comes in and back, but not out" {
	change freeze '"mode":"debit"'
	expect 201
	[ "$(wallet .status)" = frozen ]
	for kind in withdrawal purchase hold; do
		post $kind 1
		expect 409 wallet_frozen
	done
	on capture "$HOLD"
	expect 409 wallet_frozen
	TOKEN=$OPERATOR on reversal "$DEPOSIT" 1
	expect 409 wallet_frozen
	post deposit 5
	expect 201
	on cancellation "$PURCHASE" 5
	expect 201
	TOKEN=$OPERATOR on reversal "$PURCHASE" 5
	expect 201
	on release "$HOLD"
	expect 201
	[ "$(wallet '"\(.balance) \(.held)"')" = "105 0" ]
	# Narrower, then wider: the last freeze counts.
	change freeze '"mode":"both"'
	post deposit 5
	expect 409 wallet_frozen
	change freeze '"mode":"debit"'
	post deposit 5
	expect 201
}

released() { [ "$(wallet .held)" = 0 ]; }

@test "a hold also expires in a frozen wallet" {
	hold_briefly 7
	on release "$HOLD"
	change freeze
	expect 201
	eventually released
}

@test "a wallet is closed only when empty, and permanently" {
	change close
	expect 409 wallet_not_empty
	on release "$HOLD"
	change close
	expect 409 wallet_not_empty
	post withdrawal 90
	change close
	expect 201
	[ "$(json '[.kind, .amount, .description] | join(" ")')" = "close 0 why" ]
	[ "$(wallet .status)" = closed ]
	post deposit 1
	expect 409 wallet_closed
	on cancellation "$PURCHASE"
	expect 409 wallet_closed
	for what in freeze unfreeze close; do
		change $what
		expect 409 wallet_closed
	done
	TOKEN=$OPERATOR api PUT "/v1/wallets/$WALLET/limits" '{"limits":[]}'
	expect 409 wallet_closed
	# It can still be read.
	api GET "/v1/transactions?wallet_id=$WALLET"
	[ "$(json '[.data[].kind] | join(" ")')" = "close withdrawal release hold purchase deposit opening" ]
}

@test "when the oldest wallet is closed, the next oldest is the default" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	api POST /v1/wallets '{}'
	second=$(json .id)
	change close
	expect 201
	api POST /v1/transactions '{"kind":"deposit","amount":3}'
	expect 201
	[ "$(json .wallet_id)" = "$second" ]
}

lines_are() {
	api GET "/v1/statements?wallet_id=$WALLET&min_version=8"
	[ "$status_code" = 200 ] && [ "$(json '[.lines[] | "\(.kind):\(.amount)"] | join(" ")')" = "$1" ]
}

@test "each is a row in the history and a line in the statement" {
	change freeze
	change unfreeze
	TOKEN=$OPERATOR api PUT "/v1/wallets/$WALLET/limits" '{"limits":[{"kind":"deposit","per":"day","amount":5}],"reason":"new"}'
	on release "$HOLD"
	post withdrawal 90
	change close
	api GET "/v1/transactions?wallet_id=$WALLET"
	[ "$(json '[.data[] | "\(.kind):\(.amount)"] | join(" ")')" = "close:0 withdrawal:90 release:10 limit:0 unfreeze:0 freeze:0 hold:10 purchase:10 deposit:100 opening:0" ]
	api GET "/v1/transactions?wallet_id=$WALLET&kind=freeze"
	[ "$(json '.data | length')" = 1 ]
	eventually lines_are "opening:0 deposit:100 purchase:-10 hold:0 freeze:0 unfreeze:0 limit:0 release:0 withdrawal:-90 close:0"
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$(json '[.opening_balance, .closing_balance, .version] | join(" ")')" = "0 0 10" ]
}

@test "with a key it happens once" {
	change freeze '' -H 'Idempotency-Key: f'
	first=$body
	change freeze '' -H 'Idempotency-Key: f'
	expect 201
	[ "$body" = "$first" ]
	[ "$(header Idempotent-Replayed)" = true ]
	change freeze '"mode":"debit"' -H 'Idempotency-Key: f'
	expect 422 idempotency_key_reused
	[ "$(wallet .version)" = 5 ]
}

@test "operators only, with a reason" {
	for what in freeze unfreeze close; do
		api POST "/v1/wallets/$WALLET/$what" '{"reason":"mine"}'
		expect 403 forbidden
		TOKEN='' api POST "/v1/wallets/$WALLET/$what" '{"reason":"mine"}'
		expect 401 unauthenticated
		for bad in '{}' '{"reason":""}' '{"reason":7}' '{"reason":"x","colour":1}' '{"reason":"x","mode":"credit"}'; do
			TOKEN=$OPERATOR api POST "/v1/wallets/$WALLET/$what" "$bad"
			expect 422 invalid_request
		done
		TOKEN=$OPERATOR api POST "/v1/wallets/018f6f2e-7b1c-7cc0-8000-000000000000/$what" '{"reason":"x"}'
		expect 404 not_found
	done
	TOKEN=$OPERATOR api POST "/v1/wallets/$WALLET/close" '{"reason":"x","mode":"debit"}'
	expect 422 invalid_request
	api POST "/v1/wallets/$WALLET/freeze" '{"reason":"mine"}'
	[ "$(wallet '"\(.status) \(.version)"')" = "open 4" ]
	# Nor is it a kind of transaction that a client can post.
	for kind in freeze unfreeze close limit opening; do
		TOKEN=$OPERATOR post $kind
		expect 422 invalid_request
	done
}
