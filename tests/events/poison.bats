#!/usr/bin/env bats
# poison.bats - a message that cannot be handled is dead-lettered with its reason, and blocks
# nothing else.

load events

setup() {
	USER=$(new_uuid)
	drop_dead_letters
}
teardown() {
	sql wallet "DROP FUNCTION IF EXISTS test_explode() CASCADE"
	start_stopped_services
	drop_dead_letters
}

@test "each kind of poison message gets its reason, and its neighbours in the batch are posted" {
	stop_service transaction_consumer
	good() { cloud_event "$USER-$1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}"; }
	emit "$(good 1)"
	emit 'not json' --message-id text
	"$PROBE" empty wallet_queue
	emit "$(good 2)"
	emit "$(printf '[%.0s' {1..1000})" --message-id deep
	printf '{"pattern":"transaction_emitted","data":{"user_id":"%s","kind":"deposit","amount":5\0}}' "$USER" |
		"$PURSE" publish --message-id nul wallet_queue
	emit '{"pattern":"transaction_emitted","data":{"foo":1}}' --message-id members
	emit "$(nest "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1.5}")" --message-id amount
	emit "$(nest "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1,\"idempotency_key\":\"two words\"}")" --message-id key
	emit '{"specversion":"1.0","id":"x","source":"/s","type":"user_created","data":{}}' --message-id type
	emit '{"userId":"42","transaction":{"amount":1,"operation":0}}' --message-id user
	emit "{\"userId\":\"$USER\",\"transaction\":{\"amount\":1.005,\"operation\":0}}" --message-id decimal
	emit "{\"userId\":\"$USER\",\"transaction\":{\"amount\":1,\"operation\":9}}" --message-id operation
	"$PROBE" large wallet_queue 1048577
	emit "$(good 3)"
	start_service transaction_consumer
	eventually balance_is "$USER" 3
	dead_lettered text 'malformed_json: '
	dead_lettered empty 'malformed_json: the body is empty'
	dead_lettered deep 'malformed_json: nested more than 32 levels'
	dead_lettered nul 'malformed_json: byte '
	dead_lettered members 'invalid_request: /'
	dead_lettered amount 'invalid_request: /amount'
	dead_lettered key 'invalid_request: /idempotency_key'
	dead_lettered type 'invalid_request: only transaction_emitted is accepted here, not user_created'
	dead_lettered user 'invalid_request: /userId must be a UUID'
	dead_lettered decimal 'invalid_request: /transaction/amount 1.005 is not an amount in EUR'
	dead_lettered operation 'invalid_request: /transaction/operation'
	dead_lettered large rejected
	waiting wallet_queue.dead 12
	history_is "$USER" $'opening 0 0\ndeposit 1 1\ndeposit 1 2\ndeposit 1 3'
}

@test "a message without a deduplication key becomes a dead letter, with its body and properties unchanged" {
	body="{\"userId\":\"$USER\",\"transaction\":{\"amount\":1.10,\"operation\":0}}"
	emit "$body" --correlation-id c-1 --reply-to nowhere
	eventually waiting wallet_queue.dead 1
	letter=$("$PURSE" dead show wallet_queue)
	[ "$(gojq -r .body <<<"$letter")" = "$body" ]
	[ "$(gojq -r '[.correlation_id, .reply_to, .content_type] | join(" ")' <<<"$letter")" = "c-1 nowhere application/json" ]
	[[ "$(gojq -r .reason <<<"$letter")" == "invalid_request: no deduplication key"* ]]
	[ "$(history "$USER")" = '' ]
}

@test "a dead letter's CC header does not route it back to the queue" {
	"$PROBE" copied wallet_queue 'not json'
	dead_lettered copied 'malformed_json: '
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")"
	eventually balance_is "$USER" 1
	eventually waiting wallet_queue 0
	waiting wallet_queue.dead 1
}

@test "statement_queue has its own dead letters, for events that are not ours" {
	printf '{"specversion":"1.0","id":"x","source":"/s","type":"transaction_created","data":{"id":"none"}}' |
		"$PROBE" signed statement_queue
	eventually waiting statement_queue.dead 1
	[[ "$("$PURSE" dead show statement_queue | gojq -r .reason)" == "invalid_request: "* ]]
}

@test "a message that the database refuses is isolated; its neighbours are posted" {
	stop_service transaction_consumer
	sql wallet "CREATE FUNCTION test_explode() RETURNS trigger LANGUAGE plpgsql AS
		\$\$ BEGIN IF NEW.description = 'explode' THEN RAISE 'boom'; END IF; RETURN NEW; END \$\$;
		CREATE TRIGGER test_explode BEFORE INSERT ON transaction FOR EACH ROW EXECUTE FUNCTION test_explode()"
	for i in 1 2 3 4 5; do
		emit "$(cloud_event "$USER-$i" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":$i,\"description\":\"$([ $i = 3 ] && echo explode || echo fine)\"}")" --message-id "n$i"
	done
	start_service transaction_consumer
	eventually balance_is "$USER" 12
	dead_lettered n3 'internal: handling it failed 3 times'
	waiting wallet_queue.dead 1
	sql wallet "DROP FUNCTION test_explode() CASCADE"
	[ "$("$PURSE" dead replay wallet_queue n3)" = "1 replayed" ]
	eventually balance_is "$USER" 15
}

@test "a wallet that is locked for long holds up its own messages only" {
	other=$(new_uuid)
	deposit() { emit "$(cloud_event "$1-$2" "{\"user_id\":\"$1\",\"kind\":\"deposit\",\"amount\":$2}")"; }
	deposit "$USER" 1
	deposit "$other" 1
	eventually balance_is "$USER" 1
	eventually balance_is "$other" 1
	stop_service transaction_consumer
	for amount in 2 3; do
		deposit "$USER" $amount
		deposit "$other" $amount
	done
	coproc HOLDER { exec psql -X -q -At -d "$WALLET_DATABASE_OWNER_URL" 2>&1 3>&-; }
	echo "BEGIN; SELECT 'locked' FROM wallet WHERE owner_id = '$USER' FOR UPDATE;" >&"${HOLDER[1]}"
	read -r -t "$PATIENCE" got <&"${HOLDER[0]}"
	[ "$got" = locked ]
	DB_STATEMENT_TIMEOUT=300ms "$BUILD/transaction_consumer" 3>&- &
	consumer=$!
	eventually balance_is "$other" 6
	[ "$(balance "$USER")" = 1 ]
	echo 'ROLLBACK;' >&"${HOLDER[1]}"
	eventually balance_is "$USER" 6
	kill "$consumer" "$HOLDER_PID"
	wait "$consumer"
	waiting wallet_queue.dead 0
}

@test "a message that is delivered again and again is dead-lettered by the broker at the delivery limit" {
	stop_service transaction_consumer
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")" --message-id again
	"$PROBE" requeue wallet_queue 21
	eventually waiting wallet_queue.dead 1
	start_service transaction_consumer
	dead_lettered again delivery_limit
	[ "$(history "$USER")" = '' ]
}

# deposits AMOUNT... - emits them; the one of 3 is handled slowly, and fails: see slow_three
deposits_of() {
	local i
	for i; do
		emit "$(cloud_event "$USER-$i" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":$i}")" --message-id "m$i" "${@:$#+1}"
	done
}
slow_three() {
	sql wallet "CREATE FUNCTION test_explode() RETURNS trigger LANGUAGE plpgsql AS
		\$\$ BEGIN IF NEW.amount = 3 THEN PERFORM pg_sleep(1.7); RAISE 'slow'; END IF; RETURN NEW; END \$\$;
		CREATE TRIGGER test_explode BEFORE INSERT ON transaction FOR EACH ROW EXECUTE FUNCTION test_explode()"
}
# waits - counts the backends in slow_three; the run-time role sees its own
waits() { psql -XAtq -d "$WALLET_DATABASE_URL" -c "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"; }
some_wait() { [ "$(waits)" != 0 ]; }
# no_one_waits - the backends of consumers that ended have ended too
no_one_waits() { [ "$(waits)" = 0 ]; }

@test "a message that cannot be finished in HANDLE_TIME is set aside with its reason, and answered; its neighbours are posted" {
	stop_service transaction_consumer
	slow_three
	"$PROBE" listen "test-$USER"
	deposits_of 1 2
	emit "$(cloud_event "$USER-3" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":3}")" --message-id m3 --reply-to "test-$USER"
	deposits_of 4 5
	drain() { HANDLE_TIME=1s DB_RETRIES=0 "$BUILD/transaction_consumer" --drain; }
	# The batch does not end, nor when its messages come back; then each of them comes alone.
	for _ in 1 2; do
		run drain
		[ "$status" -ne 0 ]
		[[ $output == *"messages of wallet_queue did not finish in 1 s"* ]]
		[[ $output != *"handling 1 messages"* ]]
		eventually no_one_waits
	done
	run drain
	[ "$status" -ne 0 ]
	[[ $output == *"handling 1 messages of wallet_queue did not finish in 1 s"* ]]
	eventually no_one_waits
	drain
	balance_is "$USER" 12
	[ "$(history "$USER" | wc -l)" = 5 ]
	dead_lettered m3 'timeout: handling it did not finish in 1 s'
	waiting wallet_queue.dead 1
	[ "$("$PROBE" take "test-$USER" 1 | gojq -r '[.body.type, .body.data.code] | join(" ")')" = "transaction_rejected timeout" ]
	"$PROBE" delete "test-$USER"
}

@test "a message at the delivery limit is set aside and answered by the consumer, before the broker does it" {
	stop_service transaction_consumer
	"$PROBE" listen "test-$USER"
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")" --message-id again --reply-to "test-$USER"
	"$PROBE" requeue wallet_queue 20
	start_service transaction_consumer
	[ "$("$PROBE" take "test-$USER" 1 | gojq -r .body.data.detail)" = "delivered 20 times, and never finished" ]
	dead_lettered again 'timeout: delivered 20 times'
	[ "$(history "$USER")" = '' ]
	"$PROBE" delete "test-$USER"
}

@test "a message that kills the consumer again and again reaches the delivery limit alone" {
	stop_service transaction_consumer
	slow_three
	deposits_of 1 2 3 4 5
	# Killed once with all of them in a batch, then with the third alone.
	for _ in 1 2 3; do
		DELIVERY_LIMIT=3 "$BUILD/transaction_consumer" 3>&- &
		eventually some_wait
		kill -KILL $!
		eventually no_one_waits
	done
	drain_all() { DELIVERY_LIMIT=3 "$BUILD/transaction_consumer" --drain && is_dead m3; }
	eventually drain_all
	balance_is "$USER" 12
	dead_lettered m3 'timeout: delivered 3 times'
	waiting wallet_queue.dead 1
}
