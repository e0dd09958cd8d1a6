#!/usr/bin/env bats
# accepted.bats - each accepted form of transaction_emitted moves money, and the line reaches the
# statement.

load events

setup() { USER=$(new_uuid); }

@test "CloudEvents: a deposit opens the user's first wallet, and everything reaches the statement" {
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":10000,\"description\":\"é\",\"metadata\":{\"b\":1.10,\"a\":[true]}}")"
	eventually history_is "$USER" $'opening 0 0\ndeposit 10000 10000'
	[ "$(sql wallet "SELECT currency FROM wallet WHERE owner_id = '$USER'")" = EUR ]
	[ "$(sql wallet "SELECT metadata FROM transaction_shown WHERE owner_id = '$USER' AND version = 2")" = '{"b":1.10,"a":[true]}' ]
	eventually statement_has_all "$USER"
	[ "$(lines_of statement "$USER" | wc -l)" = 2 ]
}

@test "CloudEvents with a wallet_id: all five kinds" {
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":10000}")"
	eventually balance_is "$USER" 10000
	wallet=$(sql wallet "SELECT id FROM wallet WHERE owner_id = '$USER'")
	emit "$(cloud_event "$USER-2" "{\"wallet_id\":\"$wallet\",\"kind\":\"withdrawal\",\"amount\":1000}")"
	emit "$(cloud_event "$USER-3" "{\"wallet_id\":\"$wallet\",\"kind\":\"purchase\",\"amount\":2500,\"merchant\":\"Corner Shop\"}")"
	eventually balance_is "$USER" 6500
	purchase=$(sql wallet "SELECT id FROM transaction_shown WHERE owner_id = '$USER' AND kind = 'purchase'")
	withdrawal=$(sql wallet "SELECT id FROM transaction_shown WHERE owner_id = '$USER' AND kind = 'withdrawal'")
	emit "$(cloud_event "$USER-4" "{\"wallet_id\":\"$wallet\",\"kind\":\"cancellation\",\"reference_id\":\"$purchase\",\"amount\":500}")"
	emit "$(cloud_event "$USER-5" "{\"wallet_id\":\"$wallet\",\"kind\":\"reversal\",\"reference_id\":\"$withdrawal\"}")"
	eventually history_is "$USER" $'opening 0 0\ndeposit 10000 10000\nwithdrawal -1000 9000\npurchase -2500 6500\ncancellation 500 7000\nreversal 1000 8000'
	eventually statement_has_all "$USER"
}

@test "NestJS, with the key in the data or in message_id" {
	emit "$(nest "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":700,\"idempotency_key\":\"$USER-a\"}")"
	emit "$(nest "{\"user_id\":\"$USER\",\"kind\":\"withdrawal\",\"amount\":200}")" --message-id "$USER-b"
	eventually history_is "$USER" $'opening 0 0\ndeposit 700 700\nwithdrawal -200 500'
	[ "$(sql wallet "SELECT string_agg(idempotency_key, ' ' ORDER BY version) FROM transaction WHERE wallet_id =
		(SELECT id FROM wallet WHERE owner_id = '$USER') AND version > 1")" = "$USER-a $USER-b" ]
}

@test "the original system's bodies, bare and in envelopes: operations 0 to 4, decimals to the last digit" {
	old() { printf '{"userId":"%s","transaction":{%s}}' "$USER" "$1"; }
	emit "$(old '"amount":90071992547409.90,"operation":0')" --message-id "$USER-0"
	emit "$(old '"id":null,"amount":90071992547409.83,"operation":1')" --message-id "$USER-1"
	emit "$(nest "$(old '"amount":"0.05","operation":2')")" --message-id "$USER-2"
	eventually balance_is "$USER" 2
	withdrawal=$(sql wallet "SELECT id FROM transaction_shown WHERE owner_id = '$USER' AND kind = 'withdrawal'")
	purchase=$(sql wallet "SELECT id FROM transaction_shown WHERE owner_id = '$USER' AND kind = 'purchase'")
	emit "$(cloud_event "$USER-3" "$(old "\"id\":\"$withdrawal\",\"amount\":0.010,\"operation\":3")")"
	emit "$(cloud_event "$USER-4" "$(old "\"id\":\"$purchase\",\"operation\":4")")"
	eventually history_is "$USER" $'opening 0 0\ndeposit 9007199254740990 9007199254740990\nwithdrawal -9007199254740983 7\npurchase -5 2\nreversal 1 3\ncancellation 5 8'
	eventually statement_has_all "$USER"
}

@test "a decimal amount is read in the wallet's currency" {
	sign_up_and_in
	api POST /v1/wallets '{"currency":"JPY"}'
	expect 201
	api POST /v1/wallets '{"currency":"KWD"}'
	expect 201
	dinars=$(json .id)
	emit "{\"userId\":\"$USER_ID\",\"transaction\":{\"amount\":1200,\"operation\":0}}" --message-id "$USER-yen"
	eventually balance_is "$USER_ID" 1200
	api POST /v1/transactions "{\"wallet_id\":\"$dinars\",\"kind\":\"deposit\",\"amount\":5000}"
	expect 201
	emit "{\"userId\":\"$USER_ID\",\"transaction\":{\"id\":\"$(json .id)\",\"amount\":1.5,\"operation\":3}}" --message-id "$USER-dinar"
	eventually balance_is "$USER_ID" 4700
	[ "$(sql wallet "SELECT balance FROM wallet WHERE id = '$dinars'")" = 3500 ]
	# Also without an amount: the remainder.
	emit "{\"userId\":\"$USER_ID\",\"transaction\":{\"id\":\"$(json .id)\",\"operation\":3}}" --message-id "$USER-rest"
	eventually balance_is "$USER_ID" 1200
	[ "$(sql wallet "SELECT balance FROM wallet WHERE id = '$dinars'")" = 0 ]
}

@test "through each exchange, too" {
	[ "$(printf '%s' "$(cloud_event "$USER-in" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":4}")" | "$PURSE" publish purse.in)" = "1 published" ]
	eventually balance_is "$USER" 4
	"$PROBE" emit transaction_emitted "$(cloud_event "$USER-x" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":3}")"
	eventually balance_is "$USER" 7
}

@test "an empty input publishes nothing, and says so" {
	run "$PURSE" publish wallet_queue </dev/null
	[ "$status" = 1 ]
	[[ $output == *"the input is empty"* && $output != *published* ]]
	run "$PURSE" publish --lines wallet_queue </dev/null
	[ "$output" = "0 published" ]
}

@test "HTTP and events share one ledger: a key used over HTTP is not used again by an event" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	api POST /v1/transactions '{"kind":"deposit","amount":500}' -H "Idempotency-Key: $USER-k"
	expect 201
	emit "$(nest "{\"user_id\":\"$USER_ID\",\"kind\":\"deposit\",\"amount\":500,\"idempotency_key\":\"$USER-k\"}")"
	emit "$(nest "{\"user_id\":\"$USER_ID\",\"kind\":\"deposit\",\"amount\":11,\"idempotency_key\":\"$USER-l\"}")"
	eventually balance_is "$USER_ID" 511
}
