#!/usr/bin/env bats
# broker.bats - who may do what at the broker, and what the statement believes.

load events

setup() {
	USER=$(new_uuid)
	drop_dead_letters
}
teardown() {
	start_stopped_services
	drop_dead_letters
	sql wallet "DELETE FROM alarm WHERE code = 'broker'"
}

# as USER COMMAND... - as relay, consumer or publisher
as() {
	local url
	url=$(. "$ROOT/tools/lib/common.sh" && . "$ROOT/tools/lib/settings.sh" &&
		private_amqp_url "${1^^}")
	AMQP_URL=$url "${@:2}"
}

@test "a publisher writes to purse.in, and nowhere else; its replies arrive" {
	event=$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":7}")
	as publisher "$PROBE" to purse.in "$event"
	eventually balance_is "$USER" 7
	for exchange in '' purse.events; do
		run as publisher "$PROBE" to "$exchange" "$event"
		[ "$status" -ne 0 ]
		[[ $output == *ACCESS_REFUSED* ]]
	done
	for queue in wallet_queue statement_queue wallet_queue.dead; do
		run as publisher "$PROBE" steal "$queue"
		[ "$status" -ne 0 ]
		[[ $output == *ACCESS_REFUSED* ]]
	done
	[ "$(as publisher "$PROBE" ask purse.in "$event" | gojq -r '[.body.type, .body.data.amount] | join(" ")')" = "transaction_created 7" ]
}

@test "the relay cannot read queues or publish to them by name; the consumers cannot publish events" {
	for queue in wallet_queue statement_queue; do
		run as relay "$PROBE" steal "$queue"
		[[ $output == *ACCESS_REFUSED* ]]
	done
	run as relay "$PROBE" to '' '{}'
	[[ $output == *ACCESS_REFUSED* ]]
	run as consumer "$PROBE" to purse.events '{}'
	[[ $output == *ACCESS_REFUSED* ]]
}

@test "a publisher cannot delete or declare what others depend on" {
	for exchange in purse.in purse.events purse.in.watch; do
		run as publisher "$PROBE" undeclare $exchange
		[ "$status" -ne 0 ]
		[[ $output == *ACCESS_REFUSED* ]]
	done
	run as publisher "$PROBE" declare
	[[ $output == *ACCESS_REFUSED* ]]
	run as relay "$PROBE" undeclare purse.in.watch
	[[ $output == *ACCESS_REFUSED* ]]
}

# has_alarm NAME - its deletion is an alarm, and in the consumer's log
has_alarm() { [[ $(curl -sS "$BASE_URL/health/wallet/alarms") == *"{\"code\":\"broker\",\"subject\":\"$1\",\"since\":"* ]]; }
warned() { grep -q "$2 was deleted at the broker: it is declared and bound again" "$DATA_DIR/log/$1/current"; }

@test "purse.in, deleted and declared again without its binding, is bound again, and an alarm" {
	"$PROBE" redeclare purse.in
	emitted() { as publisher "$PROBE" to purse.in "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":7}")"; }
	eventually emitted
	eventually balance_is "$USER" 7
	eventually has_alarm purse.in
	warned transaction_consumer purse.in
}

@test "a deleted exchange or queue is declared again, and an alarm; a lost binding comes back" {
	"$PROBE" delete wallet_queue
	eventually has_alarm wallet_queue
	warned transaction_consumer wallet_queue
	"$PROBE" undeclare purse.events
	eventually warned statement_consumer purse.events
	grep -q 'alarm: purse.events was deleted at the broker' "$DATA_DIR/log/statement_consumer/current"
	rabbitmqctl_here eval 'X = rabbit_misc:r(<<"/">>, exchange, <<"purse.in">>), Q = rabbit_misc:r(<<"/">>, queue, <<"wallet_queue">>),
		ok = rabbit_binding:remove({binding, X, <<"#">>, Q, []}, <<"test">>).'
	emitted() { as publisher "$PROBE" to purse.in "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":7}")"; }
	eventually emitted
	eventually balance_is "$USER" 7
	eventually statement_has_all "$USER"
}

# forged VERSION BALANCE - an event of the user's wallet that the relay did not publish
forged() {
	printf '{"specversion":"1.0","id":"forged-%s","source":"/purse/wallet","type":"transaction_created","data":{"id":"%s","wallet_id":"%s","owner_id":"%s","kind":"deposit","amount":100000000000,"currency":"EUR","balance_after":%s,"version":%s,"created_at":"2026-11-23T09:15:20.4Z","balance_change":100000000000}}' \
		"$1" "$(new_uuid)" "$wallet" "$USER" "$2" "$1"
}

@test "a forged event of any kind is set aside, and the next true one is stored" {
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":100}")"
	eventually statement_has_all "$USER"
	wallet=$(sql wallet "SELECT id FROM wallet WHERE owner_id = '$USER'")
	forged 3 100000000100 | "$PURSE" publish --message-id forged statement_queue
	"$PROBE" emit transaction_created "$(forged 4 100000000100)"
	"$PROBE" emit statement_requested "{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"/s\",\"type\":\"statement_requested\",\"data\":{\"id\":\"$USER\"}}"
	printf '%s\n' "$(forged 5 100000000100)" | PURSE_CONFIG='' KEY_DIR=$BATS_TEST_TMPDIR "$PROBE" signed statement_queue
	eventually waiting statement_queue.dead 4
	[ "$("$PURSE" dead show statement_queue | gojq -r '.reason | .[:11]' | sort -u)" = "forbidden: " ]
	emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")"
	eventually history_is "$USER" $'opening 0 0\ndeposit 100 100\ndeposit 1 101'
	eventually statement_has_all "$USER"
	# Replayed, it is still not ours.
	[ "$("$PURSE" dead replay statement_queue --all)" = "4 replayed" ]
	eventually waiting statement_queue.dead 4
}

# mac_of FILE - the MAC of its only line, by the key of the relay
mac_of() {
	python3 - "$DATA_DIR/keys/events.key" "$1" <<-'END'
		import base64, hashlib, sys
		key, body = (open(name, "rb").read() for name in sys.argv[1:])
		print(base64.urlsafe_b64encode(hashlib.blake2b(body.rstrip(b"\n"), digest_size=32, key=key).digest()).rstrip(b"=").decode())
	END
}

@test "a MAC counts only for the body that it was made for, and only whole" {
	stop_service statement_consumer
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":100}")"
	eventually balance_is "$USER" 100
	cd "$BATS_TEST_TMPDIR"
	"$PROBE" take statement_queue 2 | jq -c .body >events
	head -n 1 events >first
	tail -n 1 events >second
	for event in first second; do mac_of $event >$event.mac; done
	true=$(cat second.mac)
	jq -c '.data.amount = 101 | .data.balance_after = 101 | .data.balance_change = 101' second >larger
	jq -c '.data.owner_id = "018f6f2e-7b1c-7cc0-8000-00000000abcd"' second >stolen
	jq -c '.type = "statement_requested"' second >other_type
	{ cat second; } | sed 's/$/ /' >blank
	start_service statement_consumer
	sent=0
	for forged in larger stolen other_type blank; do
		"$PROBE" signed statement_queue "$true" <$forged
		sent=$((sent + 1))
	done
	for mac in "$(cat first.mac)" "${true%?}" "${true}A" "$true=" "${true^^}" "${true:1}${true:0:1}" A "$true$true" "$(printf 'A%.0s' {1..43})"; do
		"$PROBE" signed statement_queue "$mac" <second
		sent=$((sent + 1))
	done
	eventually waiting statement_queue.dead $sent
	[ "$("$PURSE" dead show statement_queue | gojq -r '.reason | .[:11]' | sort -u)" = "forbidden: " ]
	# The true ones, with their own.
	for event in first second; do "$PROBE" signed statement_queue "$(cat $event.mac)" <$event; done
	eventually statement_has_all "$USER"
	eventually history_is "$USER" $'opening 0 0\ndeposit 100 100'
}

@test "a request whose reply_to is one of our queues gets no reply" {
	for queue in statement_queue statement_queue.dead wallet_queue; do
		emit "$(cloud_event "$USER-$queue" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")" --reply-to $queue
	done
	eventually balance_is "$USER" 3
	eventually statement_has_all "$USER"
	waiting statement_queue.dead 0
	waiting wallet_queue.dead 0
}

@test "events of an older relay are stored, until the first one with a MAC" {
	stop_service statement_consumer
	sql statement "UPDATE event_trust SET signed_since = NULL"
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":100}")"
	eventually balance_is "$USER" 100
	wallet=$(sql wallet "SELECT id FROM wallet WHERE owner_id = '$USER'")
	# Two events, sent again without the MAC.
	"$PROBE" take statement_queue 2 | jq -c .body | "$PURSE" publish --lines statement_queue
	start_service statement_consumer
	eventually statement_has_all "$USER"
	emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")"
	eventually statement_has_all "$USER"
	is_closed() { [ "$(sql statement "SELECT signed_since IS NOT NULL FROM event_trust")" = t ]; }
	eventually is_closed
	forged 4 100000000101 | "$PURSE" publish statement_queue
	eventually waiting statement_queue.dead 1
	eventually history_is "$USER" $'opening 0 0\ndeposit 100 100\ndeposit 1 101'
}

@test "an older installation: its queues keep their messages, and others can declare them" {
	stop_service transaction_consumer
	"$PROBE" delete wallet_queue
	QUEUE_ARGUMENTS=1 "$PROBE" declare
	load_of 10 "$USER" | "$PURSE" publish --lines wallet_queue
	run as consumer "$PROBE" declare
	[[ $output == *"queue wallet_queue exists with other options"* ]]
	rabbitmqctl_here eval "$(cat "$ROOT/deploy/broker/adopt.erl")"
	run as consumer "$PROBE" declare
	[ "$status" -eq 0 ]
	[[ $output != *"exists with other options"* ]]
	start_service transaction_consumer
	eventually balance_is "$USER" 10
	# The policy has the limits now: the broker dead-letters as before.
	"$PROBE" large wallet_queue 1048577
	dead_lettered large rejected
}

@test "a broker that has given up its queues, as after a full disk, is started again" {
	old=$(service_pid rabbitmq)
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")"
	eventually balance_is "$USER" 1
	# Its log ends more often than its supervisor bears.
	rabbitmqctl_here eval '[begin exit(P, kill), timer:sleep(50) end || _ <- lists:seq(1, 40),
		P <- [whereis(ra_log_wal)], is_pid(P)], ok.' || true
	is_another() { local new && new=$(service_pid rabbitmq) && [ -n "$new" ] && [ "$new" != "$old" ]; }
	eventually is_another
	broker_up
	emit_again() { emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":2}")"; }
	eventually emit_again
	eventually balance_is "$USER" 3
	eventually statement_has_all "$USER"
}
