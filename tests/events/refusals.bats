#!/usr/bin/env bats
# refusals.bats - a refusal is an answer: recorded, published once, acknowledged, and sent to
# reply_to if set.

load events

setup() {
	USER=$(new_uuid)
	QUEUE=test-$USER
	"$PROBE" listen "$QUEUE" transaction_rejected
}
teardown() {
	start_stopped_services
	"$PROBE" delete "$QUEUE"
}

@test "insufficient_funds: nothing changes; transaction_rejected has the reason and the request, digit for digit" {
	emit "{\"userId\":\"$USER\",\"transaction\":{\"amount\":0.07,\"operation\":1}}" --message-id "$USER-1"
	event=$("$PROBE" take "$QUEUE" 1)
	[ "$(gojq -r '[.exchange, .key, .type, .content_type] | join(" ")' <<<"$event")" = "purse.events transaction_rejected transaction_rejected application/cloudevents+json" ]
	[ "$(gojq -r '.body | [.specversion, .source, .type, .pattern] | join(" ")' <<<"$event")" = "1.0 /purse/wallet transaction_rejected transaction_rejected" ]
	[ "$(gojq -r '.body.data | [.code, .idempotency_key, .available, .held, .required] | join(" ")' <<<"$event")" = "insufficient_funds $USER-1 0 0 7" ]
	[ "$(gojq -r '.message_id == .body.id and .body.id == .body.data.id' <<<"$event")" = true ]
	[ "$(sql wallet "SELECT body->'request'->'transaction'->>'amount' FROM rejection WHERE body->>'idempotency_key' = '$USER-1'")" = 0.07 ]
	[ "$(history "$USER")" = '' ]
	eventually waiting wallet_queue 0
}

@test "a repeated refusal is published once" {
	event=$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"purchase\",\"amount\":5}")
	printf '%s\n%s\n' "$event" "$event" | "$PURSE" publish --lines wallet_queue
	emit "$event"
	emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"purchase\",\"amount\":6}")"
	[ "$("$PROBE" take "$QUEUE" 2 | gojq -r .body.data.event.id)" = "$USER-1"$'\n'"$USER-2" ]
	waiting "$QUEUE" 0
}

@test "a refusal does not use up its key: published again when there are funds, the event is posted" {
	event=$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"purchase\",\"amount\":5}")
	emit "$event"
	eventually rejections_are "$USER-1" insufficient_funds
	emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":5}")"
	emit "$event"
	eventually history_is "$USER" $'opening 0 0\ndeposit 5 5\npurchase -5 0'
}

@test "each rule of the ledger refuses with its own code" {
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":100}")"
	emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"purchase\",\"amount\":60}")"
	eventually balance_is "$USER" 40
	purchase=$(sql wallet "SELECT id FROM transaction_shown WHERE owner_id = '$USER' AND kind = 'purchase'")
	undo() { cloud_event "$USER-$1" "{\"user_id\":\"$USER\",\"kind\":\"$2\",\"reference_id\":\"$3\"${4:+,\"amount\":$4}}"; }
	emit "$(undo 3 cancellation "$purchase" 61)"
	emit "$(undo 4 cancellation "$purchase")"
	emit "$(undo 5 cancellation "$purchase")"
	emit "$(undo 6 cancellation "$(new_uuid)")"
	emit "$(cloud_event "$USER-7" "{\"wallet_id\":\"$(new_uuid)\",\"kind\":\"deposit\",\"amount\":1}")"
	emit "$(cloud_event "$USER-8" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":9007199254740991}")"
	eventually rejections_are "$USER-8" balance_limit
	rejections_are "$USER-3" exceeds_original
	rejections_are "$USER-5" already_undone
	[ -n "$(rejections "$USER-6")" ]
	rejections_are "$USER-7" not_found
	balance_is "$USER" 100
}

@test "a wallet_id of another user than user_id: refused in each form, and the detail names both" {
	other=$(new_uuid)
	emit "$(cloud_event "$other-1" "{\"user_id\":\"$other\",\"kind\":\"deposit\",\"amount\":100}")"
	eventually balance_is "$other" 100
	wallet=$(sql wallet "SELECT id FROM wallet WHERE owner_id = '$other'")
	deposit=$(sql wallet "SELECT id FROM transaction WHERE wallet_id = '$wallet' AND kind = 'deposit'")
	mixed() { echo "{\"user_id\":\"$USER\",\"wallet_id\":\"$wallet\",\"kind\":\"withdrawal\",\"amount\":$1}"; }
	emit "$(cloud_event "$USER-1" "$(mixed 1)")"
	emit "$(nest "$(mixed 2)")" --message-id "$USER-2"
	emit "$(mixed 3)" --message-id "$USER-3"
	emit "$(cloud_event "$USER-4" "{\"user_id\":\"$USER\",\"wallet_id\":\"$wallet\",\"kind\":\"reversal\",\"reference_id\":\"$deposit\"}")"
	emit "$(cloud_event "$USER-5" "{\"wallet_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")"
	emit "$(cloud_event "$USER-6" "{\"user_id\":\"$USER\",\"kind\":\"reversal\",\"reference_id\":\"$deposit\"}")"
	emit "$(cloud_event "$USER-7" "{\"user_id\":\"$USER\",\"kind\":\"purchase\",\"amount\":5}")"
	"$PROBE" take "$QUEUE" 7 | jq -r '.body.data | [.code, .detail] | join(": ")' | sort >"$BATS_TEST_TMPDIR/refusals"
	both="wallet_id $wallet does not exist, or is not a wallet of user_id $USER"
	diff "$BATS_TEST_TMPDIR/refusals" - <<-E
		insufficient_funds: The user has no wallet yet, and so no funds: a deposit opens one
		not_found: One of these does not exist, or they do not belong together: user_id $USER reference_id $deposit
		not_found: One of these does not exist, or they do not belong together: wallet_id $wallet user_id $USER reference_id $deposit
		not_found: $both
		not_found: $both
		not_found: $both
		not_found: wallet_id $USER does not exist
	E
	# The owner's own is posted, by their role, too.
	emit "$(cloud_event "$other-2" "{\"user_id\":\"$other\",\"wallet_id\":\"$wallet\",\"kind\":\"withdrawal\",\"amount\":10}")"
	emit "$(cloud_event "$other-3" "{\"user_id\":\"$other\",\"wallet_id\":\"$wallet\",\"kind\":\"reversal\",\"reference_id\":\"$deposit\",\"amount\":1}")"
	eventually balance_is "$other" 89
}

@test "reply_to gets the transaction or the refusal, with the correlation_id; a duplicate is answered too" {
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":9}")" --reply-to "$QUEUE.dead" --correlation-id c-1
	reply=$("$PROBE" take "$QUEUE.dead" 1)
	[ "$(gojq -r '[.correlation_id, .body.type, .body.data.kind, .body.data.amount, .body.data.owner_id] | join(" ")' <<<"$reply")" = "c-1 transaction_created deposit 9 $USER" ]
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":9}")" --reply-to "$QUEUE.dead" --correlation-id c-2
	again=$("$PROBE" take "$QUEUE.dead" 1)
	[ "$(jq -c '.body' <<<"$again")" = "$(jq -c '.body' <<<"$reply")" ]
	emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"withdrawal\",\"amount\":10}")" --reply-to "$QUEUE.dead" --correlation-id c-3
	[ "$("$PROBE" take "$QUEUE.dead" 1 | gojq -r '[.correlation_id, .body.type, .body.data.code, .body.data.available] | join(" ")')" = "c-3 transaction_rejected insufficient_funds 9" ]
	# The reply queue does not exist: the message is acknowledged anyway.
	emit "$(cloud_event "$USER-3" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")" --reply-to "gone-$USER"
	eventually balance_is "$USER" 10
	eventually waiting wallet_queue 0
	balance_is "$USER" 10
}

@test "a full reply_to queue: the replies are dropped, and no other message waits for them" {
	"$PROBE" delete "$QUEUE"
	QUEUE_ARGUMENTS=1 QUEUE_LENGTH=1000 "$PROBE" listen "$QUEUE"
	eventually is_full "$QUEUE.dead"
	for i in 1 2 3; do
		emit "$(cloud_event "$USER-$i" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":$i}")" --reply-to "$QUEUE.dead"
		eventually balance_is "$USER" $((i * (i + 1) / 2))
	done
	eventually waiting wallet_queue 0
}
# A queue starts to refuse only some messages after its limit.
is_full() { ! yes '{}' | head -n 1500 | "$PURSE" publish --lines "$1" >/dev/null 2>&1; }

@test "a recorded refusal stays a refusal when its message is redelivered" {
	stop_service transaction_consumer
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"purchase\",\"amount\":5}")"
	"$BUILD/transaction_consumer" --drain
	rejections_are "$USER-1" insufficient_funds
	# As if that consumer had died before the acknowledgement, and funds had arrived since.
	emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":5}")"
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"purchase\",\"amount\":5}")" --reply-to "$QUEUE.dead"
	"$PROBE" touch wallet_queue 2
	"$BUILD/transaction_consumer" --drain
	[ "$("$PROBE" take "$QUEUE.dead" 1 | gojq -r .body.data.code)" = insufficient_funds ]
	history_is "$USER" $'opening 0 0\ndeposit 5 5'
}

# again - emits the purchase again and makes it a redelivery; prints the type of its answer
again() {
	emit "$event" --reply-to "$QUEUE.dead" >/dev/null
	"$PROBE" touch wallet_queue 1
	"$BUILD/transaction_consumer" --drain
	"$PROBE" take "$QUEUE.dead" 1 | gojq -r .body.type
}

@test "a recorded refusal no longer counts after an hour, or once its key has been posted" {
	stop_service transaction_consumer
	event=$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"purchase\",\"amount\":5}")
	emit "$event"
	emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":5}")"
	"$BUILD/transaction_consumer" --drain
	rejections_are "$USER-1" insufficient_funds
	[ "$(again)" = transaction_rejected ]
	sql wallet "UPDATE rejection SET created_at = created_at - interval '61 minutes' WHERE body->'event'->>'id' = '$USER-1'"
	[ "$(again)" = transaction_created ]
	sql wallet "UPDATE rejection SET created_at = created_at + interval '61 minutes' WHERE body->'event'->>'id' = '$USER-1'"
	[ "$(again)" = transaction_created ]
	history_is "$USER" $'opening 0 0\ndeposit 5 5\npurchase -5 0'
}

# answer BODY [purse publish arguments...] - emits it as a request; prints the type, the code and the detail of the reply
answer() {
	emit "$1" --reply-to "$QUEUE.dead" --correlation-id c-1 "${@:2}" >/dev/null
	"$PROBE" take "$QUEUE.dead" 1 | gojq -r '[.correlation_id, .body.type, .body.data.code, .body.data.request, .body.data.detail] | join("|")'
}

@test "a request that becomes a dead letter is answered, whatever the reason" {
	drop_dead_letters
	[[ $(answer 'not json') == 'c-1|transaction_rejected|malformed_json||'?* ]]
	[[ $(answer "$(nest '{"kind":"gift"}')" --message-id "$USER-1") == 'c-1|transaction_rejected|invalid_request||/kind '* ]]
	[[ $(answer "$(nest "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":5}")") == 'c-1|transaction_rejected|invalid_request||no deduplication key'* ]]
	[[ $(answer "{\"userId\":\"$USER\",\"transaction\":{\"amount\":1.005,\"operation\":0}}" --message-id "$USER-2") == 'c-1|transaction_rejected|invalid_request||/transaction/amount 1.005'* ]]
	type=$(printf 'é%.0s' {1..200})
	[[ $(answer "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/\",\"type\":\"$type\",\"data\":{}}") == 'c-1|transaction_rejected|invalid_request||'?* ]]
	"$PROBE" large wallet_queue 1048577 "$QUEUE.dead"
	[ "$("$PROBE" take "$QUEUE.dead" 1 | gojq -r '[.body.data.code, .body.data.detail] | join("|")')" = 'too_large|1048577 bytes; at most 1048576 are accepted' ]
	eventually waiting wallet_queue.dead 6
	drop_dead_letters
}
