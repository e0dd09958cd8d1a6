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

@test "SIGTERM to a handler under load refuses no request: it hands over the socket, then starts again" {
	pids() { for name in auth wallet statement; do handler_pid $name; done; }
	before=$(pids)
	calls() { # STATUSES N PATH [curl arguments...] - the fragment only counts
		curl -s --parallel --parallel-max 8 -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $TOKEN" "${@:4}" \
			"$BASE_URL$3#[1-$2]" >"$BATS_TEST_TMPDIR/statuses.$1" 2>/dev/null &
	}
	calls reads 700 "/v1/wallets/$WALLET"
	calls lines 700 "/v1/statements?wallet_id=$WALLET"
	calls me 700 /v1/auth/me
	calls posts 700 /v1/transactions -H 'Content-Type: application/json' -d '{"kind":"deposit","amount":1}'
	for name in auth wallet statement; do kill -TERM "$(handler_pid $name)"; done
	wait
	[ "$(cat "$BATS_TEST_TMPDIR"/statuses.* | sort | uniq -c | xargs)" = '2100 200 700 201' ]
	[ "$(pids)" = "$before" ]
	no_stand_ins() { ! pgrep -P "$(paste -sd , <<<"$before")" >/dev/null; }
	eventually no_stand_ins
	# The gateway still owns them: one that dies is started again.
	kill -KILL "$(handler_pid wallet)"
	answers() { api GET "/v1/wallets/$WALLET" && expect 200; }
	eventually answers
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
