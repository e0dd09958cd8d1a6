#!/usr/bin/env bats
# duplicates.bats - duplicate and reordered messages change nothing: an event moves money once, a
# line is stored once.

load events

setup() { USER=$(new_uuid); }
teardown() { start_stopped_services; }

@test "the same event a hundred times, in one batch and again later, moves money once" {
	event=$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":100}")
	for _ in $(seq 100); do printf '%s\n' "$event"; done | "$PURSE" publish --lines wallet_queue
	eventually balance_is "$USER" 100
	emit "$event"
	emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")"
	eventually history_is "$USER" $'opening 0 0\ndeposit 100 100\ndeposit 1 101'
}

# deposit ID SOURCE AMOUNT - as CloudEvents; ID and SOURCE are JSON
deposit() {
	emit "{\"specversion\":\"1.0\",\"id\":$1,\"source\":$2,\"type\":\"transaction_emitted\",\"data\":{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":$3}}"
}

@test "source and id together are the key: two producers with the same id both move money, each once" {
	for _ in 1 2; do
		deposit '"1"' '"/till/1"' 100
		deposit '"1"' '"/till/2"' 100
		deposit '"1"' '"/till/3"' 7
	done
	eventually balance_is "$USER" 207
	eventually waiting wallet_queue 0
	[ "$(history "$USER" | wc -l)" = 4 ]
}

@test "ids may be any text: blanks, umlauts, 300 characters" {
	long=$(printf 'x%.0s' {1..300})
	for _ in 1 2; do
		for id in "$long" "${long}y" 'zwei Wörter' 'zwei\tWörter' '✓'; do deposit "\"$id\"" '"/a b"' 1; done
		emit "$(nest "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")" --message-id "zwei Wörter"
	done
	eventually balance_is "$USER" 6
	eventually waiting wallet_queue 0
	[ "$(history "$USER" | wc -l)" = 7 ]
	waiting wallet_queue.dead 0
}

@test "an event that was posted under its id alone is a replay; another with that id is not" {
	stop_service transaction_consumer
	sql wallet "UPDATE event_ids SET before_until = now() + interval '1 hour'"
	emit "$(nest "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":100}")" --message-id "$USER-1"
	"$BUILD/transaction_consumer" --drain
	sql wallet "UPDATE event_ids SET before_until = clock_timestamp()"
	emit "$(nest "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":300}")" --message-id "$USER-3"
	deposit "\"$USER-1\"" '"/s"' 100
	deposit "\"$USER-1\"" '"/s"' 101
	deposit "\"$USER-2\"" '"/s"' 102
	"$BUILD/transaction_consumer" --drain
	# The key of a row that is younger is only someone else's key.
	deposit "\"$USER-3\"" '"/s"' 300
	"$BUILD/transaction_consumer" --drain
	sql wallet "UPDATE event_ids SET before_until = '-infinity'"
	history_is "$USER" $'opening 0 0\ndeposit 100 100\ndeposit 300 400\ndeposit 101 501\ndeposit 102 603\ndeposit 300 903'
}

@test "the same key in three forms moves money once" {
	data="{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":250}"
	emit "$(cloud_event "$USER-x" "${data%\}},\"idempotency_key\":\"$USER-1\"}")"
	emit "$(nest "$data")" --message-id "$USER-1"
	emit "{\"userId\":\"$USER\",\"transaction\":{\"amount\":2.50,\"operation\":0}}" --message-id "$USER-1"
	emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")"
	eventually balance_is "$USER" 251
	history_is "$USER" $'opening 0 0\ndeposit 250 250\ndeposit 1 251'
}

@test "an event published again is known, even if the user's oldest wallet is another one by now, in another currency" {
	event="{\"userId\":\"$USER\",\"transaction\":{\"amount\":2.50,\"operation\":0}}"
	emit "$event" --message-id "$USER-1"
	eventually balance_is "$USER" 250
	emit "{\"userId\":\"$USER\",\"transaction\":{\"amount\":2.50,\"operation\":1}}" --message-id "$USER-2"
	eventually balance_is "$USER" 0
	sql wallet "SELECT wallet_change(gen_random_uuid(), wallet_id, 'close', 2, NULL, NULL, NULL, NULL) FROM owner WHERE owner_id = '$USER'"
	sql wallet "SELECT wallet_open(gen_random_uuid(), '$USER', gen_random_uuid(), 'JPY', NULL, NULL, NULL, 5)"
	emit "$event" --message-id "$USER-1"
	emit "$(cloud_event "$USER-3" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1}")"
	eventually balance_is "$USER" 1
	[ "$(rejections "$USER-1")" = '' ]
	refute_dead() { ! is_dead "$USER-1"; }
	refute_dead
}

@test "a key used with a different body is refused, and the rejection recorded" {
	emit "$(nest "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":5}")" --message-id "$USER-1"
	eventually balance_is "$USER" 5
	emit "$(nest "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":6}")" --message-id "$USER-1"
	eventually rejections_are "$USER-1" idempotency_key_reused
	balance_is "$USER" 5
}

@test "transaction_created in any order, duplicated, with and without balance_change: each line once, with its sign" {
	stop_service statement_consumer
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1000}")"
	emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"withdrawal\",\"amount\":300}")"
	eventually balance_is "$USER" 700
	for id in $(sql wallet "SELECT id FROM transaction_shown WHERE owner_id = '$USER' AND version > 1 ORDER BY version DESC"); do
		emit "$(cloud_event "$USER-r$id" "{\"user_id\":\"$USER\",\"kind\":\"reversal\",\"reference_id\":\"$id\"}")"
	done
	eventually history_is "$USER" $'opening 0 0\ndeposit 1000 1000\nwithdrawal -300 700\nreversal 300 1000\nreversal -1000 0'
	# Requeue them newest first, each twice: once like an older event, once unchanged.
	"$PROBE" take statement_queue 5 >"$BATS_TEST_TMPDIR/events"
	[ "$(jq -c '.body.data | [.balance_change, .held_change]' "$BATS_TEST_TMPDIR/events" | paste -sd ' ')" = '[0,0] [1000,0] [-300,0] [300,0] [-1000,0]' ]
	jq -c --slurp 'reverse | .[].body | ((.data |= del(.balance_change, .held_change)), .)' "$BATS_TEST_TMPDIR/events" | "$PROBE" signed statement_queue
	waiting statement_queue 10
	start_service statement_consumer
	eventually statement_has_all "$USER"
	[ "$(lines_of statement "$USER" | wc -l)" = 5 ]
}

@test "older events without balance_change give the same lines" {
	stop_service statement_consumer
	emit "$(cloud_event "$USER-1" "{\"user_id\":\"$USER\",\"kind\":\"deposit\",\"amount\":1000}")"
	emit "$(cloud_event "$USER-2" "{\"user_id\":\"$USER\",\"kind\":\"withdrawal\",\"amount\":300}")"
	eventually balance_is "$USER" 700
	for id in $(sql wallet "SELECT id FROM transaction_shown WHERE owner_id = '$USER' AND version > 1 ORDER BY version DESC"); do
		emit "$(cloud_event "$USER-r$id" "{\"user_id\":\"$USER\",\"kind\":\"reversal\",\"reference_id\":\"$id\"}")"
	done
	eventually balance_is "$USER" 0
	"$PROBE" take statement_queue 5 >"$BATS_TEST_TMPDIR/events"
	jq -c --slurp 'reverse | .[].body | .data |= del(.balance_change, .held_change)' "$BATS_TEST_TMPDIR/events" | "$PROBE" signed statement_queue
	waiting statement_queue 5
	start_service statement_consumer
	eventually statement_has_all "$USER"
	[ "$(lines_of statement "$USER" | wc -l)" = 5 ]
}
