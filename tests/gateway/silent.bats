#!/usr/bin/env bats
# silent.bats - clients that hold connections: how many they get, for how long, and that other
# clients notice nothing.

load ../helper

setup() {
	TOKEN=
	host=${BASE_URL#http://} port=${BASE_URL##*:}
	host=${host%:*}
	[ "$host" != localhost ] || host=127.0.0.1
}
# The flood ends with the test, whatever its result.
teardown() { [ -z "${FLOOD_PID:-}" ] || kill "$FLOOD_PID" 2>/dev/null || true; }
silent() { python3 "$ROOT/tests/gateway/silent.py" "$1" "$host" "$port" "${@:2}"; }

# flood FROM IDLE DRIPPING - holds these connections until flood_end.
flood() {
	coproc FLOOD { silent flood "$@" 3>&-; }
	read -r -t 120 -u "${FLOOD[0]}" line
	[ "$line" = held ]
}
flood_end() {
	local pid=$FLOOD_PID
	eval "exec ${FLOOD[1]}>&-"
	wait "$pid"
}
connections() { ss -Htn state established "sport = :$port" | wc -l; }
# Another client gets as many good responses, at a similar speed: both share the machine with the
# flood.
others_are_unaffected() {
	silent ask 127.0.0.3 100 >"$BATS_TEST_TMPDIR/during"
	read -r good median <"$BATS_TEST_TMPDIR/during"
	echo "before: $before, during: $good $median"
	[ "$good" = 200 ]
	[ "$median" -lt $((${before#* } * 10)) ]
}

@test "5,000 silent and 1,000 dripping connections from one address do not affect another" {
	[ "$(ulimit -Hn)" -ge 7000 ] || skip "this machine allows $(ulimit -Hn) open files, and the test needs 7000"
	before=$(silent ask 127.0.0.3 100)
	[ "${before% *}" = 200 ]
	flood 127.0.0.2 5000 1000
	[ "$(connections)" -gt 1100 ]
	others_are_unaffected
	flood_end
}

@test "2,000 dripping connections from ten addresses do not affect another" {
	[ "$(ulimit -Hn)" -ge 7000 ] || skip "this machine allows $(ulimit -Hn) open files, and the test needs 7000"
	before=$(silent ask 127.0.0.3 100)
	flood "$(printf '127.0.0.%d,' {10..18})127.0.0.19" 0 2000
	[ "$(connections)" -gt 1500 ]
	others_are_unaffected
	flood_end
}

@test "excess connections get 503 overloaded, the others are served, and the client recovers" {
	run silent many 127.0.0.4 300
	[ "$status" -eq 0 ]
	[ "$output" = $'256 200\n44 503 overloaded' ]
	recovered() { [ "$(silent many 127.0.0.4 10)" = '10 200' ]; }
	eventually recovered
}

@test "a dripping head, body or large body ends in 408 with a problem document" {
	for what in head body batch; do
		silent drip "$what" >"$BATS_TEST_TMPDIR/$what" 3>&- &
	done
	wait
	for what in head body batch; do [ "$(cat "$BATS_TEST_TMPDIR/$what")" = '408 True' ] || { echo "$what: $(cat "$BATS_TEST_TMPDIR/$what")" && return 1; }; done
}

# HAProxy 2.6 can miss the request if it switches to HTTP in the moment in which the end arrives.
@test "a client that closes its side too early gets its response, or nothing was done" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	answered=$(silent halfclose "$TOKEN" '{"kind":"deposit","amount":1}' 30)
	[ "$answered" -ge 10 ]
	api GET /v1/wallets
	[ "$(json '.data[0].balance')" = "$answered" ]
}

@test "the client's address comes from the connection, never from its headers" {
	sign_up_and_in
	api POST /v1/auth/sign-in "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}" --interface 127.0.0.5 -H 'X-Forwarded-For: 192.0.2.1' -H 'Forwarded: for=192.0.2.1'
	expect 200
	session=$(json .session_id)
	api GET /v1/auth/sessions
	[ "$(json "[.data[] | select(.id == \"$session\") | .ip] | join(\" \")")" = 127.0.0.5 ] || [[ $body == *127.0.0.5* && $body != *192.0.2.1* ]]
}
