#!/usr/bin/env bats
# answers.bats - what every answer of the gateway has, what is logged, and how it finds its way to services that died.

load ../helper

@test "every answer has a request id, and no other's" {
	TOKEN=
	ids=()
	for path in / /docs /openapi.yaml /health/auth /health/wallet /v1/wallets /v1/auth/me /.well-known/jwks.json /nothing; do
		api GET "$path"
		ids+=("$(header X-Request-Id)")
		[ -n "${ids[-1]}" ]
	done
	[ "$(printf '%s\n' "${ids[@]}" | sort -u | wc -l)" = ${#ids[@]} ]
}

@test "the documents are there, with a type, an ETag and a policy" {
	TOKEN=
	api GET /
	expect 302
	[ "$(header Location)" = /docs ]
	for document in /docs=text/html /docs/errors=text/html /openapi.yaml=application/yaml /asyncapi.yaml=application/yaml; do
		api GET "${document%=*}"
		expect 200
		[[ "$(header Content-Type)" == "${document#*=}"* ]]
		[[ "$(header Content-Security-Policy)" == "default-src 'self'"* ]]
		etag=$(header ETag)
		[ -n "$etag" ]
		api GET "${document%=*}" '' -H "If-None-Match: $etag"
		expect 304
	done
}

@test "no answer says what runs here, and none may be sniffed or framed" {
	TOKEN=
	for path in /docs /v1/wallets /nothing; do
		api GET "$path"
		[ -z "$(header Server)" ]
		[ "$(header X-Content-Type-Options)" = nosniff ]
		[ "$(header X-Frame-Options)" = DENY ]
	done
}

@test "wallets, transactions and statements are not answered to who is nobody, however the path is written" {
	TOKEN=
	for path in /v1/wallets /v1/wallets/ /v1//wallets /v1/./wallets /v1/x/../wallets /v1%2fwallets /v1/wallets/%2e /v1/transactions /v1/statements '/v1/wallets?x=/v1/auth'; do
		api GET "$path" '' --path-as-is -H 'AUTH_USER_ID: 01a20702-7e95-7e5e-ba33-fea303305267' -H 'AUTH-ROLES: operator'
		[ "$status_code" = 401 ] || [ "$status_code" = 404 ]
	done
}

@test "each request is a line of JSON in the log, with its id" {
	TOKEN=
	api GET '/v1/wallets?a="b"' '' -H 'User-Agent: "quoted\ agent"'
	id=$(header X-Request-Id)
	line() { grep -hF "$id" "$DATA_DIR"/log/gateway/* | grep -F '"message":"request"'; }
	eventually line
	[ "$(line | jq -r '[.method, .path, .status, .agent] | join(" ")')" = 'GET /v1/wallets 401 "quoted\ agent"' ]
	# What is secret is in the query or in headers, and neither is logged.
	! line | grep -q '"b"\|Authorization'
}

# serves HANDLER - with 200; while lighttpd starts it, 503 says when to come again, and nothing else is said.
serves() {
	api GET "/health/$1"
	[ "$status_code" = 200 ] && return
	expect 503 unavailable && [ -n "$(header Retry-After)" ] || NEVER=yes
	return 1
}

# A process that is about to die may still be given a request, and breaks it off: 502.
is_dead() { ! grep -q '^State:[[:space:]]*[^XZ]' "/proc/$1/status" 2>/dev/null; }

@test "a killed handler is back by itself" {
	NEVER=
	sign_up_and_in
	for handler in auth wallet statement auth wallet statement; do
		killed=$(handler_pid "$handler")
		kill -KILL "$killed"
		eventually is_dead "$killed"
		eventually serves "$handler"
		[ -z "$NEVER" ]
		api GET /v1/wallets
		expect 200
		# Twice dead within a second is a crash to lighttpd, which then waits for the next one.
		sleep 1.1
	done
}

@test "a killed gateway is back, and its handlers with it: none of the old ones is left" {
	old=$(pgrep -P "$(service_pid gateway)")
	kill_service gateway
	eventually service_ready gateway
	for pid in $old; do
		eventually sh -c "! readlink -q /proc/$pid/exe"
	done
	sign_up_and_in
	api GET /v1/wallets
	expect 200
}

@test "a killed consumer is back" {
	for name in $(sed -n 's/^consumer //p' "$ROOT/tools/programs"); do
		pid=$(service_pid "$name")
		kill_service "$name"
		back() { [ "$(service_pid "$name")" != "$pid" ] && service_ready "$name"; }
		eventually back
	done
}

@test "the handlers have the gateway's life and read the options of this copy" {
	for handler in auth wallet statement; do
		tr '\0' '\n' <"/proc/$(handler_pid "$handler")/environ" | grep -qxF "PURSE_CONFIG=$PURSE_CONFIG"
	done
}
