#!/usr/bin/env bats
# transfers.bats - from one wallet to another: both sides in one commit, each naming the other;
# reversed by an operator.

load ../helper

# Two users: FROM is the wallet of the signed-in user, TO that of another user, whose token is
# RECEIVER.
setup() {
	a_user receiver
	RECEIVER=$TOKEN
	api POST /v1/wallets '{}'
	TO=$(json .id)
	a_user
	wallet_filled
}
wallet_filled() {
	api POST /v1/wallets '{}'
	FROM=$(json .id)
	api POST /v1/transactions "{\"wallet_id\":\"$FROM\",\"kind\":\"deposit\",\"amount\":1000}"
	expect 201
}
# as_receiver KIND AMOUNT [curl arguments...] - posts a transaction as the receiver
as_receiver() {
	TOKEN=$RECEIVER api POST /v1/transactions "{\"wallet_id\":\"$TO\",\"kind\":\"$1\",\"amount\":$2}" "${@:3}"
}

# transfer AMOUNT [more members] - from FROM to TO
transfer() {
	api POST /v1/transactions "{\"wallet_id\":\"$FROM\",\"kind\":\"transfer\",\"to_wallet_id\":\"$TO\",\"amount\":$1${2:+,$2}}" "${@:3}"
}
# reverse WALLET ID [AMOUNT] - as an operator
reverse() {
	TOKEN=$OPERATOR api POST /v1/transactions "{\"wallet_id\":\"$1\",\"kind\":\"reversal\",\"reference_id\":\"$2\"${3:+,\"amount\":$3}}"
}
balances() { sql wallet "SELECT string_agg(balance::text, ' ' ORDER BY array_position('{$FROM,$TO}'::uuid[], id)) FROM wallet WHERE id IN ('$FROM', '$TO')"; }
# change WALLET WHAT [more members] - freeze, unfreeze or close by an operator
change() { TOKEN=$OPERATOR api POST "/v1/wallets/$1/$2" "{\"reason\":\"test\"${3:+,$3}}"; }

@test "each side has its own row, and the rows name each other" {
	transfer 300 '"description":"Rent","merchant":"Landlord","metadata":{"m":1}'
	expect 201
	sent=$(json .id)
	[ "$(json 'keys_unsorted | join(" ")')" = "id wallet_id kind amount currency balance_after version reference_id merchant description metadata created_at balance_change held_change to_wallet_id counterpart_id" ]
	[ "$(json '[.kind, .amount, .balance_after, .to_wallet_id] | join(" ")')" = "transfer 300 700 $TO" ]
	received=$(json .counterpart_id)
	at=$(json .created_at)
	TOKEN=$RECEIVER api GET "/v1/transactions/$received"
	expect 200
	[ "$(json '[.wallet_id, .kind, .amount, .balance_after, .version, .from_wallet_id, .counterpart_id, .description, .created_at] | join(" ")')" = "$TO transfer 300 300 2 $FROM $sent Rent $at" ]
	# The receiver does not see the sender's merchant and metadata.
	[ "$(json '[.merchant, .metadata, .to_wallet_id] | map(tostring) | join(" ")')" = "null null null" ]
	# Nor does either see the other's row.
	api GET "/v1/transactions/$received"
	expect 404 not_found
	[ "$(balances)" = "700 300" ]
}

line_is() {
	TOKEN=$1 api GET "/v1/statements?wallet_id=$2&min_version=$3"
	[ "$status_code" = 200 ] && [ "$(json '.lines[-1] | "\(.kind) \(.amount) \(.balance_after)"')" = "$4" ]
}

@test "each side has a line in its statement, with its sign" {
	transfer 300
	expect 201
	sent=$(json .id) received=$(json .counterpart_id)
	eventually line_is "$TOKEN" "$FROM" 3 "transfer -300 700"
	[ "$(json '.lines[-1] | [.to_wallet_id, .counterpart_id, .from_wallet_id] | map(tostring) | join(" ")')" = "$TO $received null" ]
	eventually line_is "$RECEIVER" "$TO" 2 "transfer 300 300"
	[ "$(json '.lines[-1] | [.from_wallet_id, .counterpart_id, .to_wallet_id] | map(tostring) | join(" ")')" = "$FROM $sent null" ]
	[ "$(json '.lines[0] | has("counterpart_id")')" = false ]
	api GET "/v1/statements?wallet_id=$FROM&format=csv"
	[[ $body == *",counterpart_wallet_id,counterpart_id"$'\r\n'*",$TO,$received"$'\r'* ]]
	an_operator
	reverse "$FROM" "$sent" 100
	expect 201
	eventually line_is "$RECEIVER" "$TO" 3 "reversal -100 200"
	[ "$(json '.lines[-1].to_wallet_id')" = "$FROM" ]
}

@test "the receiver must be another existing wallet, in the same currency" {
	sign_up_and_in
	wallet_filled
	TO=$FROM transfer 5
	expect 422 invalid_request
	[ "$(json '.errors[0].pointer')" = /to_wallet_id ]
	# The same without wallet_id: the default wallet is found later.
	api POST /v1/transactions "{\"kind\":\"transfer\",\"amount\":5,\"to_wallet_id\":\"$FROM\"}"
	expect 422 invalid_request
	TO=018f6f2e-7b1c-7cc0-8000-000000000000 transfer 5
	expect 404 not_found
	api POST /v1/transactions "{\"wallet_id\":\"$FROM\",\"kind\":\"transfer\",\"amount\":5}"
	expect 422 invalid_request
	[ "$(json '.errors[0].pointer')" = /to_wallet_id ]
	transfer 5 '"reference_id":"018f6f2e-7b1c-7cc0-8000-000000000000"'
	expect 422 invalid_request
	api POST /v1/transactions "{\"wallet_id\":\"$FROM\",\"kind\":\"deposit\",\"amount\":5,\"to_wallet_id\":\"$TO\"}"
	expect 422 invalid_request
	api POST /v1/wallets '{"currency":"USD"}'
	TO=$(json .id) transfer 5
	expect 409 currency_mismatch
	[ "$(json .wallet_id)" != "$FROM" ]
	# Not out of another user's wallet.
	read -r FROM TO <<<"$TO $FROM"
	transfer 5
	expect 404 not_found
	read -r FROM TO <<<"$TO $FROM"
	[ "$(balances)" = "1000 0" ]
}

@test "a transfer from the default wallet to itself is refused, and the error names the member" {
	sign_up_and_in
	wallet_filled
	for more in '' '"idempotency_key":"k",'; do
		api POST /v1/transactions/batch "{\"mode\":\"each\",\"transactions\":[{\"kind\":\"transfer\",${more}\"amount\":1,\"to_wallet_id\":\"$FROM\"}]}"
		expect 200
		[ "$(json '.results[0].problem.errors[0].pointer')" = /transactions/0/to_wallet_id ]
	done
	api POST /v1/transactions "{\"kind\":\"transfer\",\"amount\":1,\"to_wallet_id\":\"$FROM\"}"
	expect 422 invalid_request
	[ "$(json '.errors[0].pointer')" = /to_wallet_id ]
}

@test "no more than is available, and no more than the receiver can hold" {
	transfer 1001
	expect 409 insufficient_funds
	[ "$(json '[.available, .required, .short_by, .held] | join(" ")')" = "1000 1001 1 0" ]
	as_receiver deposit 9007199254740991
	transfer 1
	expect 409 balance_limit
	[ "$(json .wallet_id)" = "$TO" ]
	[ "$(balances)" = "1000 9007199254740991" ]
}

@test "frozen and closed, on either side" {
	an_operator
	change "$TO" freeze '"mode":"debit"'
	expect 201
	transfer 10
	expect 201
	change "$TO" freeze '"mode":"both"'
	expect 201
	transfer 10
	expect 409 wallet_frozen
	[ "$(json .wallet_id)" = "$TO" ]
	change "$TO" unfreeze
	change "$FROM" freeze '"mode":"debit"'
	transfer 10
	expect 409 wallet_frozen
	[ "$(json .wallet_id)" = null ]
	change "$FROM" unfreeze
	read -r FROM TO <<<"$TO $FROM"
	TOKEN=$RECEIVER transfer 10
	expect 201
	read -r FROM TO <<<"$TO $FROM"
	change "$TO" close
	expect 201
	transfer 10
	expect 409 wallet_closed
	[ "$(json .wallet_id)" = "$TO" ]
	[ "$(balances)" = "1000 0" ]
}

@test "an operator reverses it, whole or in parts, by either side's row, and both sides move" {
	transfer 300
	sent=$(json .id) received=$(json .counterpart_id)
	api POST /v1/transactions "{\"wallet_id\":\"$FROM\",\"kind\":\"reversal\",\"reference_id\":\"$sent\"}"
	expect 403 forbidden
	api POST /v1/transactions "{\"wallet_id\":\"$FROM\",\"kind\":\"cancellation\",\"reference_id\":\"$sent\"}"
	expect 409 not_undoable
	an_operator
	reverse "$FROM" "$sent" 100
	expect 201
	[ "$(json '[.kind, .amount, .balance_after, .from_wallet_id, .reference_id] | join(" ")')" = "reversal 100 800 $TO $sent" ]
	twin=$(json .counterpart_id)
	TOKEN=$OPERATOR api GET "/v1/transactions/$twin"
	[ "$(json '[.kind, .amount, .balance_after, .to_wallet_id, .reference_id] | join(" ")')" = "reversal 100 200 $FROM $received" ]
	[ "$(balances)" = "800 200" ]
	reverse "$TO" "$received" 201
	expect 409 exceeds_original
	reverse "$TO" "$received"
	expect 201
	[ "$(json '[.amount, .balance_after, .to_wallet_id, .reference_id] | join(" ")')" = "200 0 $FROM $received" ]
	[ "$(balances)" = "1000 0" ]
	reverse "$FROM" "$sent"
	expect 409 already_undone
	reverse "$FROM" "$twin"
	expect 404 not_found
	reverse "$TO" "$twin"
	expect 409 not_undoable
	eventually line_is "$TOKEN" "$FROM" 5 "reversal 200 1000"
	eventually line_is "$RECEIVER" "$TO" 4 "reversal -200 0"
}

@test "money that the receiver has spent cannot be taken back" {
	transfer 300
	sent=$(json .id) received=$(json .counterpart_id)
	as_receiver purchase 200
	expect 201
	an_operator
	reverse "$FROM" "$sent"
	expect 409 insufficient_funds
	[ "$(json '[.wallet_id, .available, .required, .short_by] | join(" ")')" = "$TO 100 300 200" ]
	reverse "$TO" "$received"
	expect 409 insufficient_funds
	[ "$(json '[.available, .required, .short_by] | join(" ")')" = "100 300 200" ]
	reverse "$FROM" "$sent" 100
	expect 201
	[ "$(balances)" = "800 0" ]
}

@test "with a key it happens once, and the key belongs to the sender" {
	for _ in 1 2; do
		transfer 100 '' -H 'Idempotency-Key: t'
		expect 201
		first=${first:-$body}
		[ "$body" = "$first" ]
	done
	[ "$(header Idempotent-Replayed)" = true ]
	transfer 101 '' -H 'Idempotency-Key: t'
	expect 422 idempotency_key_reused
	[ "$(balances)" = "900 100" ]
	as_receiver deposit 1 -H 'Idempotency-Key: t'
	expect 201
}
