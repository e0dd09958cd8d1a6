# shellcheck shell=bash
# events.bash - shared by the event tests: publishing in each form, waiting for the effects.
# Use it with `load events`.

load ../helper

PROBE=$BUILD/tests/probe
PURSE=$BUILD/purse

new_uuid() { cat /proc/sys/kernel/random/uuid; }

# emit BODY [purse publish arguments...] - publishes to wallet_queue, with a confirm
emit() {
	local body=$1
	shift
	printf '%s' "$body" | "$PURSE" publish "$@" wallet_queue
}

# cloud_event ID DATA, nest DATA - print an envelope
cloud_event() {
	local head='{"specversion":"1.0","id":"%s","source":"/tests","type":"transaction_emitted"'
	# shellcheck disable=SC2059
	printf "$head"',"pattern":"transaction_emitted","data":%s}' "$1" "$2"
}
nest() { printf '{"pattern":"transaction_emitted","data":%s}' "$1"; }

# history OWNER - prints the user's transactions in order, one "kind amount balance" per line
history() {
	sql wallet "SELECT t.kind || ' ' || t.amount || ' ' || t.balance_after
		FROM transaction_shown t
		WHERE t.owner_id = '$1' ORDER BY t.wallet_id, t.version"
}
history_is() { [ "$(history "$1")" = "$2" ]; }

# balance OWNER - prints the sum of all the user's wallets
balance() { sql wallet "SELECT coalesce(sum(balance), 0) FROM wallet WHERE owner_id = '$1'"; }
balance_is() { [ "$(balance "$1")" = "$2" ]; }

# deposits OWNERS - prints their number of deposits; OWNERS are separated by commas
deposits() { sql wallet "SELECT count(*) FROM transaction_shown WHERE kind = 'deposit'
	AND owner_id = ANY ('{$1}')"; }
deposits_are() { [ "$(deposits "$1")" = "$2" ]; }

# rejections KEY - of the event with this key or CloudEvents id
rejections() { sql wallet "SELECT body->>'code' FROM rejection
	WHERE '$1' IN (body->>'idempotency_key', body->'event'->>'id') ORDER BY created_at"; }
rejections_are() { [ "$(rejections "$1")" = "$2" ]; }

# waiting QUEUE N - the queue has N waiting messages
waiting() { [ "$("$PROBE" count "$1")" = "$2" ]; }

# reason ID - prints why that message is a dead letter of wallet_queue
reason() { "$PURSE" dead show wallet_queue "$1" | gojq -r .reason; }
is_dead() { "$PURSE" dead show wallet_queue "$1" >/dev/null 2>&1; }
dead_lettered() { eventually is_dead "$1" && [[ $(reason "$1") == *$2* ]] ||
	{ reason "$1" && return 1; }; }

drop_dead_letters() {
	"$PURSE" dead drop wallet_queue --all >/dev/null
	"$PURSE" dead drop statement_queue --all >/dev/null
}

# Prints the lines of the users' wallets, which must be the same in both databases.
lines_of() {
	case $1 in
	wallet) sql wallet "SELECT wallet_id, version, id, kind, amount, balance_after
		FROM transaction_shown WHERE owner_id = ANY ('{$2}') ORDER BY 1, 2" ;;
	statement) sql statement \
		"SELECT l.wallet_id, l.version, l.transaction_id, l.kind, l.amount, l.balance_after
		FROM line l
		JOIN wallet w USING (wallet_id) WHERE w.owner_id = ANY ('{$2}') ORDER BY 1, 2" ;;
	esac
}
statement_has_all() { [ "$(lines_of wallet "$1" | md5sum)" = \
	"$(lines_of statement "$1" | md5sum)" ]; }

# load_of N USERS... - prints N deposits of 1, spread over the users; the ids start with $LOAD
load_of() {
	local n=$1
	shift
	local form='{"specversion":"1.0","id":"%s-%d","source":"/tests",'
	form+='"type":"transaction_emitted",'
	form+='"data":{"user_id":"%s","kind":"deposit","amount":1}}\n'
	awk -v n="$n" -v users="$*" -v form="$form" -v tag="${LOAD:-load}-$RANDOM$RANDOM" 'BEGIN {
		count = split(users, user, " ")
		for (i = 0; i < n; i++)
			printf form, tag, i, user[i % count + 1]
	}'
}

# rabbitmqctl, on the private broker
rabbitmqctl_here() (
	for file in common settings rabbitmq; do
		# shellcheck source=/dev/null
		. "$ROOT/tools/lib/$file.sh"
	done
	eval "$(rabbitmq_environment)"
	HOME=$RABBIT_HOME "${RABBIT_SCRIPT%/*}/rabbitmqctl" -q "$@"
)

# RabbitMQ can take longer to start than sv waits.
broker_up() { sv up "$DATA_DIR/service/rabbitmq" &&
	PATIENCE=120 eventually service_ready rabbitmq; }

# Starts whatever a failed test left stopped, for the next tests.
start_stopped_services() {
	local service
	for service in postgres rabbitmq outbox_relay transaction_consumer statement_consumer; do
		case $(sv status "$DATA_DIR/service/$service") in
		run:*) ;;
		*)
			if [ "$service" = rabbitmq ]; then
				broker_up
			else
				start_service "$service"
			fi
			;;
		esac
	done
}
