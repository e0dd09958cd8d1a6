#!/usr/bin/env bats
# limits.bats - small limits of the front, on a second front with its own options and the same
# gateway.

load ../helper

setup() {
	export PURSE_ROOT=$ROOT RUN_DIR=$BATS_TEST_TMPDIR BIND=127.0.0.1 PORT=$((27000 + RANDOM % 900))
	export GATEWAY=unix@$DATA_DIR/run/gateway/gateway.sock GATEWAY_RAW=unix@$DATA_DIR/run/gateway/raw.sock
	FRONT=
}
teardown() {
	cat "$BATS_TEST_TMPDIR/front.log" >&2 || true
	[ -z "$FRONT" ] || kill "$FRONT"
	kill -CONT "$(handler_pid wallet)"
}
# front NAME=VALUE... - starts a front with these options and sends later calls to it.
front() {
	env "$@" "$ROOT/deploy/front/run" >"$BATS_TEST_TMPDIR/front.log" 2>&1 3>&- &
	FRONT=$!
	BASE_URL=http://127.0.0.1:$PORT
	answers() { curl -sS -o /dev/null "$BASE_URL/openapi.yaml"; }
	eventually answers
}

@test "only a configured proxy can name the client's address" {
	sign_up_and_in
	front PROXIES="127.0.0.6 192.0.2.0/24"
	for source in 127.0.0.6 127.0.0.7; do
		api POST /v1/auth/sign-in "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}" --interface "$source" -H 'X-Forwarded-For: 203.0.113.1, 203.0.113.9'
		expect 200
	done
	api GET /v1/auth/sessions
	[[ $body == *'"203.0.113.9"'* && $body == *'"127.0.0.7"'* && $body != *203.0.113.1\"* && $body != *127.0.0.6* ]]
}

@test "a configured proxy can have more connections than a client" {
	front PROXIES=127.0.0.6 CONNECTIONS_PER_CLIENT=10
	[ "$(python3 "$ROOT/tests/gateway/silent.py" many 127.0.0.1 "$PORT" 127.0.0.6 30)" = '30 200' ]
	[ "$(python3 "$ROOT/tests/gateway/silent.py" many 127.0.0.1 "$PORT" 127.0.0.7 30)" = $'10 200\n20 503 overloaded' ]
}

@test "excess requests wait briefly, then get 503 overloaded; those within the limit are served" {
	front REQUESTS_MAX=8 REQUEST_QUEUE_TIME=500ms
	kill -STOP "$(handler_pid wallet)"
	for n in {1..20}; do
		curl -sS -m 60 -o "$BATS_TEST_TMPDIR/answer.$n" "$BASE_URL/health/wallet" 3>&- &
	done
	refused() { [ "$(cat "$BATS_TEST_TMPDIR"/answer.* 2>/dev/null | grep -o '"code":"overloaded"' | wc -l)" = 12 ]; }
	eventually refused
	kill -CONT "$(handler_pid wallet)"
	served() { [ "$(cat "$BATS_TEST_TMPDIR"/answer.* | grep -o '"ok"' | wc -l)" = 8 ]; }
	eventually served
	api GET /health/wallet
	expect 200
}

@test "a slow head or body gets 408, and an idle connection is closed" {
	front REQUEST_HEAD_TIME=1s REQUEST_BODY_TIME=1s KEEP_ALIVE_TIME=1s
	for what in head body; do
		[ "$(python3 "$ROOT/tests/gateway/silent.py" drip 127.0.0.1 "$PORT" "$what")" = '408 True' ]
	done
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'HEAD /openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n' >&5
	timeout 30 cat <&5 | grep -q '^HTTP/1.1 200'
	exec 5>&-
}

@test "without the gateway: 503 with Retry-After and a problem document" {
	front GATEWAY="unix@$BATS_TEST_TMPDIR/none" GATEWAY_RAW="unix@$BATS_TEST_TMPDIR/none"
	api GET /v1/wallets
	expect 503 unavailable
	[ -n "$(header Retry-After)" ]
	[ "$(json .request_id)" = "$(header X-Request-Id)" ]
}
