#!/usr/bin/env bats
# answers.bats - headers of every gateway response, the request log, and recovery of services that
# died.

load ../helper

@test "every response has a unique request id" {
	TOKEN=
	ids=()
	for path in / /docs /openapi.yaml /health/auth /health/wallet /v1/wallets /v1/auth/me /.well-known/jwks.json /nothing; do
		api GET "$path"
		ids+=("$(header X-Request-Id)")
		[ -n "${ids[-1]}" ]
	done
	[ "$(printf '%s\n' "${ids[@]}" | sort -u | wc -l)" = ${#ids[@]} ]
}

@test "the documents have a content type, an ETag and a security policy" {
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

# guarded - the last answer has each header that protects browsers, once.
guarded() {
	local name
	[ -z "$(header Server)" ]
	[ "$(header X-Content-Type-Options)" = nosniff ]
	[ "$(header X-Frame-Options)" = DENY ]
	[ "$(header Referrer-Policy)" = no-referrer ]
	[[ "$(header Content-Security-Policy)" == "default-src '"*"frame-ancestors 'none'"* ]]
	for name in x-content-type-options x-frame-options referrer-policy content-security-policy cache-control; do
		[ "$(grep -ci "^$name:" <<<"$headers")" -le 1 ] || { echo "$name twice: $headers" && return 1; }
	done
}

@test "no response names the server, and none can be sniffed, framed or stored" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	wallet=$(json .id)
	api POST /v1/transactions "{\"wallet_id\":\"$wallet\",\"kind\":\"deposit\",\"amount\":1}"
	transaction=$(json .id)
	for path in /v1/auth/me /v1/auth/sessions /v1/wallets "/v1/wallets/$wallet" "/v1/wallets/$wallet/balance" /v1/transactions "/v1/transactions/$transaction" \
		/v1/statements "/v1/statements?wallet_id=$wallet&from=2026-01-01" /v1/nothing /health/auth /health/wallet/alarms; do
		for TOKEN in '' "$TOKEN"; do
			api GET "$path"
			guarded || { echo "$path: $headers" && return 1; }
			[ "$(header Cache-Control)" = no-store ] || { echo "$path: $headers" && return 1; }
			[[ "$(header Content-Security-Policy)" == "default-src 'none';"* ]]
		done
	done
	TOKEN=
	for path in / /docs /docs/errors /openapi.yaml /nothing /.well-known/jwks.json; do
		api GET "$path"
		guarded || { echo "$path: $headers" && return 1; }
	done
	# By the front itself, and by the service.
	for bytes in 600000 70000; do
		head -c $bytes /dev/zero >"$BATS_TEST_TMPDIR/large"
		api POST /v1/auth/sign-in '' --data-binary "@$BATS_TEST_TMPDIR/large" -H 'Expect:'
		expect 413 too_large
		guarded
		[ "$(header Cache-Control)" = no-store ]
	done
}

@test "wallets, transactions and statements need a signed-in caller, however the path is written" {
	TOKEN=
	for path in /v1/wallets /v1/wallets/ /v1//wallets /v1/./wallets /v1/x/../wallets /v1%2fwallets /v1/wallets/%2e /v1/transactions /v1/statements '/v1/wallets?x=/v1/auth'; do
		api GET "$path" '' --path-as-is -H 'AUTH_USER_ID: 01a20702-7e95-7e5e-ba33-fea303305267' -H 'AUTH-ROLES: operator'
		[ "$status_code" = 401 ] || [ "$status_code" = 404 ]
	done
}

@test "each request is logged as a line of JSON with its id" {
	TOKEN=
	api GET '/v1/wallets?a="b"' '' -H 'User-Agent: "quoted\ agent"'
	id=$(header X-Request-Id)
	line() { grep -hF "$id" "$DATA_DIR"/log/gateway/* | grep -F '"message":"request"'; }
	eventually line
	[ "$(line | jq -r '[.method, .path, .status, .agent] | join(" ")')" = 'GET /v1/wallets 401 "quoted\ agent"' ]
	# Secrets can be in the query or in headers, and neither is logged.
	! line | grep -q '"b"\|Authorization'
}

# serves HANDLER - succeeds on 200. While lighttpd starts the handler, only 503 with Retry-After is
# allowed; anything else sets UNEXPECTED.
serves() {
	api GET "/health/$1"
	[ "$status_code" = 200 ] && return
	expect 503 unavailable && [ -n "$(header Retry-After)" ] || UNEXPECTED=yes
	return 1
}

# A dying process can still get a request and abort it (502), so wait until it is gone.
is_dead() { ! grep -q '^State:[[:space:]]*[^XZ]' "/proc/$1/status" 2>/dev/null; }

@test "a killed handler restarts by itself" {
	UNEXPECTED=
	sign_up_and_in
	for handler in auth wallet statement auth wallet statement; do
		killed=$(handler_pid "$handler")
		kill -KILL "$killed"
		eventually is_dead "$killed"
		eventually serves "$handler"
		[ -z "$UNEXPECTED" ]
		api GET /v1/wallets
		expect 200
		# If a process dies twice within a second, lighttpd delays the next start.
		sleep 1.1
	done
}

@test "a killed gateway restarts with new handlers, and none of the old ones is left" {
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

@test "a killed consumer restarts" {
	for name in $(sed -n 's/^consumer //p' "$ROOT/tools/programs"); do
		pid=$(service_pid "$name")
		kill_service "$name"
		restarted() { [ "$(service_pid "$name")" != "$pid" ] && service_ready "$name"; }
		eventually restarted
	done
}

@test "the gateway's handlers read the options of this copy" {
	for handler in auth wallet statement; do
		tr '\0' '\n' <"/proc/$(handler_pid "$handler")/environ" | grep -qxF "PURSE_CONFIG=$PURSE_CONFIG"
	done
}
