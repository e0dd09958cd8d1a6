#!/usr/bin/env bats
# faults.bats - whatever is killed, restarted or down while events flow, no event is lost or posted
# twice.

load events

PATIENCE=${PATIENCE_FAULTS:-120}

setup() {
	USERS=()
	for _ in $(seq 20); do USERS+=("$(new_uuid)"); done
	drop_dead_letters
}
teardown() { start_stopped_services; }

all_users() { local IFS=,; echo "${USERS[*]}"; }

# nothing_lost_or_duplicated N - exactly N deposits of 1 and no dead letters, and the statement has
# the same.
nothing_lost_or_duplicated() {
	eventually deposits_are "$(all_users)" "$1"
	[ "$(sql wallet "SELECT sum(balance) FROM wallet WHERE owner_id = ANY ('{$(all_users)}')")" = "$1" ]
	eventually waiting wallet_queue 0
	waiting wallet_queue.dead 0
	eventually statement_has_all "$(all_users)"
	waiting statement_queue.dead 0
}

# This test runs first, because it publishes everything again, and the others emit thousands.
@test "another server's cursor is ignored: everything is published again, and dropped as duplicates" {
	load_of 10 "${USERS[@]}" | "$PURSE" publish --lines wallet_queue
	nothing_lost_or_duplicated 10
	stop_service outbox_relay
	sql wallet "UPDATE outbox_cursor SET system_identifier = 1"
	start_service outbox_relay
	eventually cursor_is_ours
	nothing_lost_or_duplicated 10
}
cursor_is_ours() {
	[ "$(sql wallet "SELECT count(*) FROM outbox_cursor WHERE name = 'transaction' AND system_identifier <> 1")" = 1 ]
}

@test "all three consumers are killed (-9) again and again while 6,000 events flow" {
	load_of 6000 "${USERS[@]}" | "$PURSE" publish --lines wallet_queue &
	for _ in 1 2 3 4; do
		for service in transaction_consumer outbox_relay statement_consumer; do
			sleep 0.2
			kill_service "$service" || true
		done
		eventually service_ready outbox_relay
	done
	wait $!
	nothing_lost_or_duplicated 6000
}

@test "on SIGTERM the consumer finishes the messages it has taken and exits with 0" {
	stop_service transaction_consumer
	load_of 3000 "${USERS[@]}" | "$PURSE" publish --lines wallet_queue
	"$BUILD/transaction_consumer" &
	pid=$!
	eventually at_least_one_deposit
	kill -TERM $pid
	wait $pid
	# Posted messages are acknowledged, and no others. The broker's count can lag a moment
	# behind.
	eventually all_are_somewhere 3000
	"$PROBE" take wallet_queue "$("$PROBE" count wallet_queue)" >/dev/null
}
all_are_somewhere() { deposits_are "$(all_users)" $(($1 - $("$PROBE" count wallet_queue))); }
at_least_one_deposit() { [ "$(deposits "$(all_users)")" -gt 0 ]; }

@test "two --drain at once are harmless, for the consumer and for the relay" {
	stop_service transaction_consumer
	stop_service outbox_relay
	load_of 1500 "${USERS[@]}" | "$PURSE" publish --lines wallet_queue
	"$BUILD/transaction_consumer" --drain &
	first=$!
	"$BUILD/transaction_consumer" --drain
	wait $first
	deposits_are "$(all_users)" 1500
	"$BUILD/outbox_relay" --drain &
	first=$!
	"$BUILD/outbox_relay" --drain
	wait $first
	eventually statement_has_all "$(all_users)"
	nothing_lost_or_duplicated 1500
}

@test "PREFETCH can be larger than a batch" {
	stop_service transaction_consumer
	load_of 3000 "${USERS[@]}" | "$PURSE" publish --lines wallet_queue
	PREFETCH=4096 "$BUILD/transaction_consumer" --drain
	deposits_are "$(all_users)" 3000
}

@test "a second relay stands by, and takes over when the first is killed" {
	"$BUILD/outbox_relay" 2>"$BATS_TEST_TMPDIR/standby" &
	standby=$!
	eventually grep -q 'wallet: another relay is running' "$BATS_TEST_TMPDIR/standby"
	stop_service outbox_relay
	eventually grep -q 'wallet: relaying from' "$BATS_TEST_TMPDIR/standby"
	load_of 10 "${USERS[@]}" | "$PURSE" publish --lines wallet_queue
	nothing_lost_or_duplicated 10
	kill -TERM $standby
	wait $standby
}

@test "the database is down: messages wait, and their delivery limit is not used up" {
	load_of 2000 "${USERS[@]}" | "$PURSE" publish --lines wallet_queue &
	stop_service postgres
	wait $!
	run timeout 60 env AMQP_CONSUMER_URL="$AMQP_URL" AMQP_TIMEOUT=1s "$BUILD/transaction_consumer" --drain
	[ "$status" = 1 ]
	start_service postgres
	nothing_lost_or_duplicated 2000
}

@test "the broker is killed and stays down: its messages survive, the API continues, and its events arrive later" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	wallet=$(json .id)
	stop_service transaction_consumer
	load_of 2000 "${USERS[@]}" | "$PURSE" publish --lines wallet_queue
	# Do not restart it when it dies.
	sv once "$DATA_DIR/service/rabbitmq"
	kill_service rabbitmq
	for amount in $(seq 20); do
		api POST /v1/transactions "{\"kind\":\"deposit\",\"amount\":$amount}"
		expect 201
	done
	api GET "/v1/wallets/$wallet/balance"
	[ "$(json '[.balance, .version] | join(" ")')" = "210 21" ]
	run timeout 60 env AMQP_TIMEOUT=1s "$BUILD/outbox_relay" --drain
	[ "$status" = 1 ]
	broker_up
	start_service transaction_consumer
	eventually statement_has_all "$USER_ID"
	[ "$(lines_of statement "$USER_ID" | wc -l)" = 21 ]
	nothing_lost_or_duplicated 2000
}

@test "no permission to consume from the queue: the consumer retries with backoff, and --drain gives up" {
	stop_service transaction_consumer
	rabbitmqctl_here set_permissions purse '.*' '.*' '^purse\.(events|in)$'
	run timeout 60 env AMQP_CONSUMER_URL="$AMQP_URL" AMQP_TIMEOUT=1s LOG_LEVEL=debug "$BUILD/transaction_consumer" --drain
	rabbitmqctl_here set_permissions purse '.*' '.*' '.*'
	[ "$status" = 1 ]
	attempts=$(grep -c "access to queue 'wallet_queue' in vhost '/' refused" <<<"$output")
	[ "$attempts" -ge 2 ]
	[ "$attempts" -le 20 ]
	# Nor may it watch purse.in: it does without.
	[ "$(grep -c 'purse.in is not watched' <<<"$output")" = 1 ]
}
@test "a deleted queue is created again" {
	"$PROBE" delete statement_queue
	# Messages published while the broker deletes the queue are lost with it, so wait until the
	# queue exists again.
	eventually waiting statement_queue 0
	load_of 10 "${USERS[@]}" | "$PURSE" publish --lines wallet_queue
	nothing_lost_or_duplicated 10
}

@test "a queue that exists with other options: a clear sentence, and the consumer continues" {
	run env QUEUE_ARGUMENTS=1 QUEUE_LENGTH=1234 "$BUILD/transaction_consumer" --drain
	[ "$status" = 0 ]
	[[ "$output" == *"queue wallet_queue exists with other options and keeps them"*"inequivalent arg"* ]]
}

@test "what a lost connection gave back is handled in batches, and what came back twice alone" {
	USER=${USERS[0]}
	stop_service transaction_consumer
	commits() { sql wallet "SELECT count(DISTINCT xid) FROM transaction_shown
		WHERE owner_id = '$USER' AND kind = 'deposit'"; }
	load_of 200 "$USER" | "$PURSE" publish --lines wallet_queue
	"$PROBE" touch wallet_queue 200
	start_service transaction_consumer
	eventually balance_is "$USER" 200
	[ "$(commits)" -le 8 ]
	stop_service transaction_consumer
	load_of 20 "$USER" | "$PURSE" publish --lines wallet_queue
	"$PROBE" touch wallet_queue 20
	"$PROBE" touch wallet_queue 20
	before=$(commits)
	start_service transaction_consumer
	eventually balance_is "$USER" 220
	[ $(($(commits) - before)) = 20 ]
}
