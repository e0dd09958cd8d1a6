#!/usr/bin/env bats
# undo.bats - cancellation and reversal: whole, in parts, by whom, and never more than the original.

load ../helper

setup() {
	a_user
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	post deposit 1000
	DEPOSIT=$(json .id)
	post purchase 300 '"merchant":"Shop"'
	PURCHASE=$(json .id)
}

post() {
	api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"$1\"${2:+,\"amount\":$2}${3:+,$3}}"
}

undo() {
	post "$1" "${3:-}" "\"reference_id\":\"$2\""
}

refused() {
	[ "$status_code" = "$1" ]
	[ "$(json .code)" = "$2" ]
}

# Continues as an operator, with the same wallet.
as_operator() {
	local owner_email=$EMAIL
	OWNER=$TOKEN
	sign_up_and_in
	make_operator "$EMAIL"
	sign_in "$EMAIL"
	OPERATOR=$TOKEN
	EMAIL=$owner_email
}

@test "a cancellation refunds the whole purchase, once" {
	undo cancellation "$PURCHASE"
	[ "$status_code" = 201 ]
	[ "$(json '[.amount, .balance_after, .reference_id] | map(tostring) | join(" ")')" = "300 1000 $PURCHASE" ]
	undo cancellation "$PURCHASE"
	refused 409 already_undone
}

@test "parts add up to the original and no further" {
	undo cancellation "$PURCHASE" 100
	[ "$status_code" = 201 ]
	undo cancellation "$PURCHASE" 201
	refused 409 exceeds_original
	undo cancellation "$PURCHASE" 150
	[ "$status_code" = 201 ]
	undo cancellation "$PURCHASE"
	[ "$(json '[.amount, .balance_after] | join(" ")')" = "50 1000" ]
	undo cancellation "$PURCHASE" 1
	refused 409 already_undone
}

@test "only a purchase can be cancelled, and a cancellation cannot be undone" {
	undo cancellation "$DEPOSIT"
	refused 409 not_undoable
	undo cancellation "$PURCHASE" 10
	cancellation=$(json .id)
	undo cancellation "$cancellation"
	refused 409 not_undoable
	as_operator
	undo reversal "$cancellation"
	refused 409 not_undoable
}

@test "the original must be in the same wallet" {
	undo cancellation 018f6f2e-7b1c-7cc0-8000-000000000000
	refused 404 not_found
	api POST /v1/wallets '{}'
	api POST /v1/transactions "{\"wallet_id\":\"$(json .id)\",\"kind\":\"cancellation\",\"reference_id\":\"$PURCHASE\"}"
	refused 404 not_found
}

@test "only operators can reverse, and any of the three kinds" {
	undo reversal "$PURCHASE"
	refused 403 forbidden
	post withdrawal 100
	withdrawal=$(json .id)
	as_operator
	undo reversal "$PURCHASE"
	[ "$status_code" = 201 ]
	[ "$(json '[.kind, .amount, .balance_after] | map(tostring) | join(" ")')" = "reversal 300 900" ]
	undo reversal "$withdrawal" 40
	[ "$(json .balance_after)" = 940 ]
	undo reversal "$DEPOSIT"
	refused 409 insufficient_funds
	undo reversal "$DEPOSIT" 940
	[ "$(json .balance_after)" = 0 ]
	undo reversal "$withdrawal" 61
	refused 409 exceeds_original
}

@test "an operator can cancel for the owner; a purchase is undone once, whoever does it" {
	as_operator
	undo cancellation "$PURCHASE" 100
	[ "$status_code" = 201 ]
	undo reversal "$PURCHASE"
	[ "$(json .amount)" = 200 ]
	TOKEN=$OWNER
	undo cancellation "$PURCHASE"
	refused 409 already_undone
}
