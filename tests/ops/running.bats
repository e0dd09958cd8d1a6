#!/usr/bin/env bats
# running.bats - make up and make down when they work: twice, side by side, on external servers.

load ../helper

# The make targets as people type them. Other tests call the scripts, which is faster.
make_it() { env -u MAKEFLAGS -u MAKELEVEL make --no-print-directory BUILD="$BUILD" "$@"; }
in_first() { DATA_DIR=$FIRST "$@"; }

setup_file() {
	export FIRST=$BATS_FILE_TMPDIR/first SECOND=$BATS_FILE_TMPDIR/second
	export FIRST_PORT=$((12000 + RANDOM % 4000)) SECOND_PORT=$((16000 + RANDOM % 4000))
	unset AUTH_DATABASE_URL WALLET_DATABASE_URL STATEMENT_DATABASE_URL AMQP_URL PURSE_CONFIG PORT DATA_DIR
	cd "$(dirname "$BATS_TEST_FILENAME")/../.." || return 1
	DATA_DIR=$FIRST PORT=$FIRST_PORT make_it up >"$BATS_FILE_TMPDIR/up" 2>&1 || { cat "$BATS_FILE_TMPDIR/up" && return 1; }
}
teardown_file() {
	cd "$(dirname "$BATS_TEST_FILENAME")/../.." || return 1
	for data in "$SECOND" "$FIRST"; do [ ! -d "$data" ] || DATA_DIR=$data YES=1 make_it clean-data; done
}
setup() { cd "$ROOT" || return 1; }

processes() { pgrep -f "$1" | sort; }
# Prints everything that make up could change: the files it writes, and the processes.
snapshot() {
	(cd "$FIRST" && find . -path ./postgres -prune -o -path ./rabbitmq/mnesia -prune -o -path ./log -prune -o -name '.lock' -prune -o -path ./run/watch -prune -o \
		-type f -printf '%p %T@ %m %s\n' | sort)
	for name in postgres epmd rabbitmq gateway front outbox_relay transaction_consumer statement_consumer; do cat "$FIRST/service/$name/supervise/pid"; done
}

# on_its_broker COMMAND... - runs it for a copy in $SECOND that uses the first one's broker: a
# broker takes as long to start as everything else.
on_its_broker() {
	env AMQP_URL="$(DATA_DIR=$FIRST tools/env | sed -n "s/^export AMQP_URL='\(.*\)'/\1/p")" DATA_DIR="$SECOND" PORT="$SECOND_PORT" "$@"
}

@test "up prints the URLs, and its example command works when pasted" {
	grep -qF "http://localhost:$FIRST_PORT/docs" "$BATS_FILE_TMPDIR/up"
	command=$(sed -n '/^  curl/,$p' "$BATS_FILE_TMPDIR/up")
	run bash -c "$command"
	[ "$status" -eq 0 ]
	[[ $output == *"HTTP/1.1 201 Created"* ]]
}

@test "a second up changes nothing" {
	snapshot >"$BATS_TEST_TMPDIR/before"
	run in_first make_it up
	[ "$status" -eq 0 ]
	[[ $output == *"Purse is ready"* ]]
	snapshot >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "only their owner can read the secrets" {
	for file in purse.env state.env rabbitmq/.erlang.cookie rabbitmq/rabbitmq.conf; do
		[[ $(stat -c %a "$FIRST/$file") == [46]00 ]]
	done
	for folder in keys log statements rabbitmq postgres service; do
		[ "$(stat -c %a "$FIRST/$folder")" = 700 ]
	done
}

@test "nothing listens to other machines unless BIND is set" {
	local pids
	pids=$(for name in postgres epmd rabbitmq gateway front; do cat "$FIRST/service/$name/supervise/pid"; done | paste -sd '|')
	listening=$(ss -Hltnp | grep -E "pid=($pids)," | awk '{ print $4 }')
	[ "$(wc -l <<<"$listening")" -ge 5 ]
	grep -q ":$FIRST_PORT\$" <<<"$listening"
	! grep -vE "^(127\.0\.0\.1|\[::1\]|\[::ffff:127\.0\.0\.1\]):" <<<"$listening"
}

@test "no service runs as root, and each has its own files" {
	[ "$(id -u)" -eq 0 ] || skip "without root, everything runs as the current user"
	for name in postgres epmd rabbitmq gateway front outbox_relay transaction_consumer statement_consumer; do
		[ "$(ps -o user= -p "$(cat "$FIRST/service/$name/supervise/pid")")" != root ] || { echo "$name runs as root" && return 1; }
	done
	for pid in $(pgrep -P "$(cat "$FIRST/service/gateway/supervise/pid")"); do
		[ "$(ps -o user= -p "$pid")" != root ]
		[ "$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status" | tr -d 0)" != 1ffffffffff ]
	done
	DATA_DIR=$FIRST PURSE_CONFIG=$FIRST/purse.env "$BUILD/purse" key rotate
	[ -z "$(find "$FIRST/keys" "$FIRST/statements" -user root)" ]
}

@test "status reports that everything is ready, and env prints shell assignments" {
	DATA_DIR=$FIRST run tools/status
	[ "$status" -eq 0 ]
	[ "$(grep -c ' ready ' <<<"$output")" = 12 ]
	eval "$(DATA_DIR=$FIRST tools/env)"
	[ "$BASE_URL" = "http://localhost:$FIRST_PORT" ]
	for url in "$AUTH_DATABASE_URL" "$WALLET_DATABASE_URL" "$STATEMENT_DATABASE_URL"; do
		[ "$(psql -X -At -d "$url" -c 'SELECT 1')" = 1 ]
	done
	[[ $AMQP_URL == amqp://*@127.0.0.1:*/%2f ]]
}

@test "another PORT does not move a running copy, and status and env report where it runs" {
	snapshot >"$BATS_TEST_TMPDIR/before"
	DATA_DIR=$FIRST PORT=$SECOND_PORT run tools/up
	[ "$status" -eq 1 ]
	[ "$output" = "purse: The copy under $FIRST runs on port $FIRST_PORT, not $SECOND_PORT: for a second copy choose another DATA_DIR; to move this one, run \"make down\" first." ]
	snapshot >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	DATA_DIR=$FIRST PORT=$SECOND_PORT BIND=::1 run tools/status
	[ "$status" -eq 0 ]
	[ "${lines[-1]}" = "http://localhost:$FIRST_PORT, data in $FIRST" ]
	[[ $(DATA_DIR=$FIRST PORT=$SECOND_PORT tools/env) == *"BASE_URL='http://localhost:$FIRST_PORT'"* ]]
}

@test "up recognizes its own servers if their URLs are in the environment" {
	eval "$(DATA_DIR=$FIRST tools/env)"
	snapshot >"$BATS_TEST_TMPDIR/before"
	DATA_DIR=$FIRST tools/up
	snapshot >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "a second copy on the first one's servers starts no servers, and works" {
	admin() {
		PGPASSWORD=$(sed -n 's/^PASSWORD_POSTGRES=//p' "$FIRST/state.env") psql -X -q -v ON_ERROR_STOP=1 \
			-h "$FIRST/run/postgres" -p "$(sed -n 's/^POSTGRES_PORT=//p' "$FIRST/state.env")" -U postgres -d postgres "$@"
	}
	port=$(sed -n 's/^POSTGRES_PORT=//p' "$FIRST/state.env")
	for service in auth wallet statement; do
		admin -c "CREATE ROLE other_$service LOGIN PASSWORD 'other'" -c "CREATE ROLE other_${service}_app LOGIN PASSWORD 'other'" \
			-c "CREATE DATABASE other_$service OWNER other_$service"
		export "${service^^}_DATABASE_URL=postgresql://other_${service}_app:other@127.0.0.1:$port/other_$service"
		export "${service^^}_DATABASE_OWNER_URL=postgresql://other_$service:other@127.0.0.1:$port/other_$service"
	done
	# The two share a broker, so the first one's consumers must not take the second one's
	# events.
	for name in transaction_consumer statement_consumer; do sv -w 30 down "$FIRST/service/$name"; done
	on_its_broker tools/up
	[ ! -e "$SECOND/postgres" ]
	[ ! -e "$SECOND/rabbitmq" ]
	run on_its_broker tools/status
	[ "$status" -eq 0 ]
	[[ $output != *postgres* ]]
	BASE_URL=http://localhost:$SECOND_PORT
	sign_up_and_in
	api POST /v1/wallets '{}'
	wallet=$(json .id)
	api POST /v1/transactions '{"kind":"deposit","amount":700}'
	expect 201
	arrived() {
		api GET "/v1/statements?wallet_id=$wallet&from=$(date -u +%F)&to=$(date -u +%F)&min_version=2"
		[ "$status_code" = 200 ] && [ "$(json .closing_balance)" = 700 ]
	}
	eventually arrived
	YES=1 on_its_broker tools/clean-data
	for name in transaction_consumer statement_consumer; do sv -w 30 up "$FIRST/service/$name"; done
}

# The suites themselves run in parallel on copies with their own brokers: see tests/run.
@test "two copies side by side: each has its own users" {
	on_its_broker tools/up
	BASE_URL=http://localhost:$FIRST_PORT
	sign_up_and_in
	first_token=$TOKEN
	BASE_URL=http://localhost:$SECOND_PORT
	api GET /v1/auth/me
	expect 401
	TOKEN=
	api POST /v1/auth/sign-in "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}"
	expect 401 invalid_credentials
	on_its_broker tools/down
	BASE_URL=http://localhost:$FIRST_PORT
	TOKEN=$first_token
	api GET /v1/auth/me
	expect 200
	[ -z "$(processes "$SECOND")" ]
	YES=1 on_its_broker tools/clean-data
}

# failed_with TEXT... - the last run must have failed with these texts and left nothing running.
failed_with() {
	local text
	[ "$status" -ne 0 ]
	for text; do [[ $output == *"$text"* ]] || { echo "$output" && return 1; }; done
	[ -z "$(processes "$SECOND")" ]
	YES=1 on_its_broker tools/clean-data
}

@test "the database named in the environment does not answer" {
	AUTH_DATABASE_URL=postgresql://nobody@127.0.0.1:1/none run on_its_broker tools/up
	failed_with "The database at AUTH_DATABASE_URL does not answer" "stopping all services again"
}

@test "if a service does not start, up stops the others and shows its log" {
	mkdir "$BATS_TEST_TMPDIR/build"
	for name in $(sed -nE 's/^(handler|consumer|tool|part) //p' "$ROOT/tools/programs"); do cp "$BUILD/$name" "$BATS_TEST_TMPDIR/build/"; done
	printf '#!/bin/sh\necho the relay is broken >&2\nsleep 1\nexit 1\n' >"$BATS_TEST_TMPDIR/build/outbox_relay"
	READY_SECONDS=4 BUILD=$BATS_TEST_TMPDIR/build run on_its_broker tools/up
	failed_with "the relay is broken" "outbox_relay is not ready"
}

@test "as root, with DATA_DIR in a folder that other users cannot enter" {
	[ "$(id -u)" -eq 0 ] || skip "only root lends PostgreSQL to another user"
	closed=$BATS_TEST_TMPDIR/closed
	mkdir -m 700 "$closed"
	SECOND=$closed/data on_its_broker tools/up
	owners=$(for name in postgres gateway front outbox_relay; do ps -o user= -p "$(cat "$closed/data/service/$name/supervise/pid")"; done)
	SECOND=$closed/data YES=1 on_its_broker tools/clean-data
	[ "$(wc -l <<<"$owners")" = 4 ]
	! grep -qx root <<<"$owners"
}

@test "options come from the environment, then .env, then the generated values" {
	copy=$BATS_TEST_TMPDIR/sources
	mkdir "$copy"
	cp -r tools common sql lighttpd.conf deploy "$copy/"
	printf '# a comment\nLOG_LEVEL = "warn"\nWALLETS_MAX=7\nDATA_DIR=%s\n' "$BATS_TEST_TMPDIR/data" >"$copy/.env"
	mkdir -p "$BATS_TEST_TMPDIR/data"
	(
		cd "$copy"
		. tools/lib/common.sh
		unset DATA_DIR
		. tools/lib/settings.sh
		LOG_LEVEL=debug write_settings
	)
	grep -qx 'LOG_LEVEL=debug' "$BATS_TEST_TMPDIR/data/purse.env"
	grep -qx 'WALLETS_MAX=7' "$BATS_TEST_TMPDIR/data/purse.env"
	grep -qx "KEY_DIR=$BATS_TEST_TMPDIR/data/keys" "$BATS_TEST_TMPDIR/data/purse.env"
	! grep -q '^CANCEL_WINDOW' "$BATS_TEST_TMPDIR/data/purse.env"
}

@test "a changed option restarts only the services that read it" {
	broker=$(cat "$FIRST/service/rabbitmq/supervise/pid")
	gateway=$(cat "$FIRST/service/gateway/supervise/pid")
	DATA_DIR=$FIRST DEFAULT_CURRENCY=CHF tools/up
	[ "$(cat "$FIRST/service/rabbitmq/supervise/pid")" = "$broker" ]
	[ "$(cat "$FIRST/service/gateway/supervise/pid")" != "$gateway" ]
	BASE_URL=http://localhost:$FIRST_PORT
	sign_up_and_in
	api POST /v1/wallets '{}'
	[ "$(json .currency)" = CHF ]
}

@test "down leaves nothing running; the next up has all data" {
	BASE_URL=http://localhost:$FIRST_PORT
	sign_up_and_in
	api POST /v1/wallets '{}'
	api POST /v1/transactions '{"kind":"deposit","amount":12345}'
	wallet=$(json .wallet_id)
	epmd=$(sed -n 's/^EPMD_PORT=//p' "$FIRST/state.env")
	in_first make_it down
	[ -z "$(processes "$FIRST")" ]
	[ -z "$(ss -Hltn | grep -E ":($FIRST_PORT|$epmd|$(sed -n 's/^POSTGRES_PORT=//p' "$FIRST/state.env")|$(sed -n 's/^AMQP_PORT=//p' "$FIRST/state.env")) ")" ]
	DATA_DIR=$FIRST run tools/status
	[ "$status" -eq 3 ]
	DATA_DIR=$FIRST run tools/down
	[ "$status" -eq 0 ]
	in_first make_it down up
	api GET "/v1/wallets/$wallet"
	expect 200
	[ "$(json .balance)" = 12345 ]
}

@test "if the supervisor is killed, the services keep running, and up and down still work" {
	kill -KILL "$(cat "$FIRST/run/supervisor.pid")"
	curl -fsS -o /dev/null "http://localhost:$FIRST_PORT/health/wallet"
	DATA_DIR=$FIRST tools/up
	DATA_DIR=$FIRST tools/down
	[ -z "$(processes "$FIRST")" ]
}
