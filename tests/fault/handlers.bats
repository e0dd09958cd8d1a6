#!/usr/bin/env bats
# handlers.bats - what a handler survives: no descriptors left, a signal to end under load, and a
# database whose connections go silent.

load ../helper

setup() {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
}

# as_owner_of PID COMMAND... - only the owner of a process may limit it, unless root has every
# capability.
as_owner_of() {
	local owner group
	owner=$(stat -c %u "/proc/$1") group=$(stat -c %g "/proc/$1")
	shift
	if [ "$owner" = "$(id -u)" ]; then
		"$@"
	else
		setpriv --reuid "$owner" --regid "$group" --clear-groups "$@"
	fi
}
threads() { find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l; }
logged() { grep -q "$1" "$DATA_DIR/log/gateway/current"; }

@test "a handler without free descriptors waits for some, and no thread is lost" {
	handler=$(handler_pid wallet)
	before=$(threads "$handler")
	as_owner_of "$handler" prlimit --pid "$handler" --nofile=3:
	api_in_background() { (api GET "/v1/wallets/$WALLET" && echo "$status_code" >"$BATS_TEST_TMPDIR/$1") & }
	for n in {1..8}; do api_in_background "$n"; done
	eventually logged 'cannot accept a connection: Too many open files'
	as_owner_of "$handler" prlimit --pid "$handler" --nofile=1024:
	wait
	# Each is answered. One that also needed a new connection to the database can be a 503.
	[ "$(cat "$BATS_TEST_TMPDIR"/[1-8] | grep -cE '^(200|503)$')" -eq 8 ]
	[ "$(threads "$handler")" -ge "$before" ]
	[ "$(handler_pid wallet)" = "$handler" ]
}

stand_ins() { pgrep -P "$(handler_pid "$1")"; }
no_stand_ins() { ! stand_ins "$1" >/dev/null; }
# A handler starts its threads last, and ends them before it executes itself again.
serves() { [ "$(threads "$1")" -ge 64 ]; } # HANDLER_THREADS
# The stand-in before the handler's present execution.
last_stand_in() { tr '\0' '\n' <"/proc/$1/environ" | sed -n 's/^PURSE_STAND_IN=//p'; }
serves_or_gone() { [ ! -d "/proc/$1/task" ] || serves "$1"; }
# Sets stand_in at once: it can live for less than a pause of eventually.
await_stand_in() {
	local deadline=$((SECONDS + PATIENCE))
	stand_in=''
	until read -r stand_in _ <"/proc/$1/task/$1/children" || [ -n "$stand_in" ]; do
		[ $SECONDS -lt $deadline ] || return 1
	done
}
has_executed() { [ "$(last_stand_in "$1")" != "$2" ]; }
is_calm() { no_stand_ins "$1" && serves "$2" && grep -qE '^ShdPnd:\s0*$' "/proc/$2/status"; }

# storm NAME - SIGTERM to the handler and its stand-in, nine times: before the stand-in serves,
# once it does, and once the handler has executed itself again.
storm() {
	local handler stand_in last
	handler=$(handler_pid "$1")
	for _ in 1 2 3; do
		last=$(last_stand_in "$handler")
		kill -TERM "$handler"
		await_stand_in "$handler"
		# While it is stopped, it cannot begin to serve before these signals have arrived.
		kill -STOP "$stand_in" && kill -TERM "$stand_in" && kill -CONT "$stand_in" || true
		kill -TERM "$handler"
		eventually serves_or_gone "$stand_in"
		kill -TERM "$handler"
		kill -TERM "$stand_in" || true
		eventually has_executed "$handler" "$last"
	done
	eventually is_calm "$1" "$handler"
}

@test "SIGTERM to a handler under load, once or many times, refuses no request: it hands over the socket, then starts again" {
	pids() { for name in auth wallet statement; do handler_pid $name; done; }
	before=$(pids)
	calls() { # STATUSES PATH [curl arguments...] - until the storms have ended; the fragment only counts
		until [ -e "$BATS_TEST_TMPDIR/calm" ]; do
			curl -s --parallel --parallel-max 8 -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $TOKEN" "${@:3}" \
				"$BASE_URL$2#[1-200]" >>"$BATS_TEST_TMPDIR/statuses.$1" 2>/dev/null
		done &
	}
	calls reads "/v1/wallets/$WALLET"
	calls lines "/v1/statements?wallet_id=$WALLET"
	calls me /v1/auth/me
	calls posts /v1/transactions -H 'Content-Type: application/json' -d '{"kind":"deposit","amount":1}'
	storms=()
	for name in auth wallet statement; do storm $name & storms+=($!); done
	for storm in "${storms[@]}"; do wait "$storm" || echo failed >>"$BATS_TEST_TMPDIR/statuses.storm"; done
	touch "$BATS_TEST_TMPDIR/calm"
	wait
	sort "$BATS_TEST_TMPDIR"/statuses.* | uniq -c
	[ "$(sort -u "$BATS_TEST_TMPDIR"/statuses.* | xargs)" = '200 201' ]
	[ "$(pids)" = "$before" ]
	# The gateway still owns them: one that dies is started again.
	kill -KILL "$(handler_pid wallet)"
	answers() { api GET "/v1/wallets/$WALLET" && expect 200; }
	eventually answers
}

@test "a stand-in serves until its handler does: SIGTERM does not end it, and killed, it leaves no zombie" {
	handler=$(handler_pid statement)
	# The handler cannot execute itself again before this request has ended: MIN_VERSION_WAIT.
	curl -s -o /dev/null -H "Authorization: Bearer $TOKEN" "$BASE_URL/v1/statements?wallet_id=$WALLET&min_version=99" &
	waits=$!
	arrived() { ss -xH state established | grep -q "$DATA_DIR.*/statement.sock-0"; }
	eventually arrived
	last=$(last_stand_in "$handler")
	kill -TERM "$handler"
	await_stand_in "$handler"
	has_handed_over() { serves "$stand_in" && ! serves "$handler"; }
	eventually has_handed_over
	kill -TERM "$stand_in"
	api GET "/v1/statements?wallet_id=$WALLET"
	expect 200
	kill -0 "$waits"
	kill -KILL "$stand_in"
	wait "$waits"
	eventually has_executed "$handler" "$last"
	eventually is_calm statement "$handler"
	[ "$(handler_pid statement)" = "$handler" ]
}

@test "silent database connections cost the requests that wait for them, and no others; both sides notice; health answers within a second" {
	output=$(python3 "$ROOT/tests/lib/half_open.py" "$BUILD/auth" 2>"$BATS_TEST_TMPDIR/log")
	echo "$output"
	stage() { awk -v stage="$1" '$1 == stage { print $2, $3 }' <<<"$output"; }
	quick() { [[ $(stage "$1") == "$2 "* ]] && [ "$(stage "$1" | cut -d ' ' -f 2)" -lt 1000 ]; }
	[[ $(stage first) == '503 '* ]]
	# PostgreSQL, too, notices soon that a client is gone, so no dead session keeps a lock.
	[ "$(stage keepalive)" -le 10 ]
	for stage in after again; do [[ $(stage $stage) == '401 '* ]]; done
	quick ready 200
	for stage in deaf flood; do
		quick $stage-live 200
		quick $stage-ready 503
	done
}
