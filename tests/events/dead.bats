#!/usr/bin/env bats
# dead.bats - purse dead list, show, replay and drop.

load events

setup() {
	USER=$(new_uuid)
	drop_dead_letters
	# No valid request among them: all become dead letters.
	emit "{\"userId\":\"42\",\"transaction\":{\"amount\":1,\"operation\":0}}" --message-id one
	emit 'two' --message-id two
	emit 'three'
	eventually waiting wallet_queue.dead 3
}
teardown() {
	start_stopped_services
	drop_dead_letters
}

@test "list shows the count, ids and reasons, and removes nothing" {
	for _ in 1 2 3; do
		list=$("$PURSE" dead list wallet_queue)
		head -n 1 <<<"$list" | grep -qx 'wallet_queue.dead: 3'
		grep -Eq '^  one +2[0-9]{3}-[^ ]+Z +invalid_request: /userId must be a UUID$' <<<"$list"
		grep -Eq '^  two .* malformed_json: ' <<<"$list"
		grep -Eq '^  body-[0-9a-f]{12} ' <<<"$list"
	done
	eventually waiting wallet_queue.dead 3
	"$PURSE" dead list | grep -qx 'statement_queue.dead: 0'
}

@test "show prints one or all, as one line of JSON each" {
	[ "$("$PURSE" dead show wallet_queue two | gojq -r '.body')" = two ]
	[ "$("$PURSE" dead show wallet_queue.dead | gojq -s 'length')" = 3 ]
	run "$PURSE" dead show wallet_queue nobody
	[ "$status" = 1 ]
}

@test "drop removes one, then all" {
	[ "$("$PURSE" dead drop wallet_queue two)" = "1 dropped" ]
	eventually waiting wallet_queue.dead 2
	run "$PURSE" dead show wallet_queue two
	[ "$status" = 1 ]
	[ "$("$PURSE" dead drop wallet_queue --all)" = "2 dropped" ]
	eventually waiting wallet_queue.dead 0
	run "$PURSE" dead drop wallet_queue two
	[ "$status" = 1 ]
}

@test "ids and reasons that a publisher chose: each is one line, cannot reach the terminal, and can be addressed" {
	local forged=$'x\n  two                                   -  harmless \e[31m'
	emit '{"pattern":"a\u001b[31m\u202e\nb","data":{}}' --message-id "$forged"
	emit 'all' --message-id --all
	emit 'other' --message-id 'zwei Wörter'
	eventually waiting wallet_queue.dead 6
	list=$("$PURSE" dead list wallet_queue)
	[ "$(wc -l <<<"$list")" = 7 ]
	if grep -qP '[^\x20-\x7e]' <<<"$list"; then return 1; fi
	[ "$(grep -cE '^  id-[0-9a-f]{12} ' <<<"$list")" = 3 ]
	grep -qF 'accepted here, not a\u001B[31m\u202E\u000Ab' <<<"$list"
	id=$(grep -F 'not a' <<<"$list" | grep -oE 'id-[0-9a-f]{12}')
	[ "$("$PURSE" dead show wallet_queue "$id" | gojq -r .message_id)" = "$forged" ]
	if "$PURSE" dead show wallet_queue | grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]'; then return 1; fi
	[ "$("$PURSE" dead show wallet_queue 'zwei Wörter' | gojq -r .body)" = other ]
	[ "$("$PURSE" dead show wallet_queue -- --all | gojq -r .body)" = all ]
	[ "$("$PURSE" dead drop wallet_queue -- --all)" = "1 dropped" ]
	[ "$("$PURSE" dead drop wallet_queue "$id")" = "1 dropped" ]
	eventually waiting wallet_queue.dead 4
	[ "$("$PURSE" dead drop wallet_queue --all)" = "4 dropped" ]
}

@test "replay requeues them: one that fails again is handled once, one that can now be posted is posted" {
	[ "$("$PURSE" dead replay wallet_queue --all)" = "3 replayed" ]
	eventually waiting wallet_queue.dead 3
	stop_service transaction_consumer
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")" --message-id good
	"$PROBE" requeue wallet_queue 21
	eventually waiting wallet_queue.dead 4
	start_service transaction_consumer
	[ "$("$PURSE" dead replay wallet_queue good)" = "1 replayed" ]
	eventually balance_is "$USER" 1
	eventually waiting wallet_queue.dead 3
}

@test "wrong usage and missing things get one clear sentence" {
	run "$PURSE" dead replay wallet_queue
	[ "$status" = 2 ]
	run "$PURSE" dead list no_such_queue
	[ "$status" = 1 ]
	[[ "$output" == *"there is no queue no_such_queue.dead"* ]]
	run env AMQP_URL=amqp://127.0.0.1:1/ "$PURSE" dead list
	[ "$status" = 1 ]
	[[ "$output" == *"whether RabbitMQ runs"* ]]
	run env AMQP_URL=http://example.com/ "$PURSE" dead list
	[ "$status" = 1 ]
	[[ "$output" == *"must be a URL such as amqp://"* ]]
}
