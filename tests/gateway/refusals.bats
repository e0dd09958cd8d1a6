#!/usr/bin/env bats
# refusals.bats - refusals by the gateway itself: the contract's problem documents, each with a
# request id.

load ../helper

setup() { TOKEN=; }

# problem STATUS CODE - the last response must be a complete problem document.
problem() {
	expect "$1" "$2"
	[[ "$(header Content-Type)" == application/problem+json* ]]
	[ "$(json .status)" = "$1" ]
	[ "$(json .type)" = "/docs/errors#$2" ]
	[ -n "$(json '.title // empty')" ]
	[ -n "$(json '.detail // empty')" ]
	[[ "$(json .request_id)" =~ ^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
	[ "$(json .request_id)" = "$(header X-Request-Id)" ]
	[ "$(header X-Content-Type-Options)" = nosniff ]
	[ "$(header Content-Length)" = "$(printf '%s' "$body" | wc -c)" ]
}

# raw TEXT - sends bytes that curl would not send, and reads one response.
raw() {
	local host=${BASE_URL#http://} line
	exec 5<>"/dev/tcp/${host%:*}/${host#*:}"
	# shellcheck disable=SC2059
	printf "$1" >&5
	headers=
	while IFS= read -r -t 30 -u 5 line && [ "$line" != $'\r' ]; do headers+=${line%$'\r'}$'\n'; done
	body=$(timeout 30 head -c "$(header Content-Length)" <&5)
	exec 5>&-
	status_code=$(awk 'NR == 1 { print $2 }' <<<"$headers")
}

@test "404: unknown paths, also next to those of the services" {
	sign_up_and_in
	for path in /nothing /v1 /v1/ /v1/nothing /v1/walletsfoo /v1/wallets.json /v1/authentication /health /health/postgres /.well-known /.git/config /lighttpd.conf /docs/nothing /common/base/error.def; do
		api GET "$path"
		problem 404 not_found
	done
}

@test "404 is the same whatever the method" {
	for method in POST PUT PATCH DELETE OPTIONS; do
		api "$method" /v1/nothing '' --data ''
		problem 404 not_found
	done
	api HEAD /v1/nothing '' --head
	expect 404
	[ -n "$(header X-Request-Id)" ]
}

@test "no path escapes the folder of the documents" {
	for path in /docs/../../lighttpd.conf /../lighttpd.conf /%2e%2e/lighttpd.conf /docs/..%2f..%2fMakefile; do
		api GET "$path" '' --path-as-is
		[ "$status_code" -ge 400 ]
		[[ "$(header Content-Type)" == application/problem+json* ]]
	done
}

@test "405: the documents can only be read" {
	for request in 'POST /' 'POST /docs' 'POST /openapi.yaml' 'PUT /' 'PATCH /docs/errors' 'DELETE /docs' 'OPTIONS /docs' 'PROPFIND /icon.svg'; do
		# shellcheck disable=SC2086  # the method and the path
		api $request '' --data '' -H 'If-None-Match: *'
		problem 405 method_not_allowed
		[ "$(header Allow)" = 'GET, HEAD' ]
		[ -z "$(header ETag)$(header Location)" ]
	done
	api DELETE /docs/nothing '' --data ''
	problem 404 not_found
}

@test "501: an unknown method" {
	for path in /v1/wallets /docs /nothing; do
		api BREW "$path"
		problem 501 not_implemented
	done
}

@test "a malformed request gets a problem document, unless its RFC says to ignore the field" {
	host=${BASE_URL#http://}
	python3 "$ROOT/tests/gateway/malformed.py" "${host%:*}" "${host#*:}"
}

@test "a header with another character never passes for one with -" {
	sign_up_and_in
	for fold in _ . '~' '!' '+'; do
		api POST /v1/wallets '{}' -H "Idempotency${fold}Key: one"
		expect 201
		first=$(json .id)
		api POST /v1/wallets '{}' -H "Idempotency${fold}Key: one"
		expect 201
		[ "$(json .id)" != "$first" ]
		api GET /v1/wallets '' -H "X${fold}Request-Id: mine"
		[ "$(header X-Request-Id)" != mine ]
		# The same if the request bypasses the front's parser.
		raw "GET /v1/auth/me HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nX${fold}Request${fold}Id: mine\r\nConnection: close\r\n\r\n"
		[ "$(header X-Request-Id)" != mine ]
	done
}

@test "400: not HTTP" {
	for request in 'GET / HTTP/1.1\r\n\r\n' 'GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n' 'NONSENSE\r\n\r\n' 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n' \
		'POST /v1/auth/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'; do
		raw "$request"
		problem 400 malformed_request
	done
}

@test "411: a POST without a length" {
	raw 'POST /v1/auth/sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
	problem 411 malformed_request
	[[ "$(json .detail)" == *Content-Length* ]]
}

@test "413: a body over the limit, with or without Content-Length" {
	head -c 70000 /dev/zero >"$BATS_TEST_TMPDIR/large"
	api POST /v1/auth/sign-in '' --data-binary "@$BATS_TEST_TMPDIR/large"
	problem 413 too_large
	api POST /v1/auth/sign-in '' --data-binary "@$BATS_TEST_TMPDIR/large" -H 'Transfer-Encoding: chunked' -H 'Expect:'
	problem 413 too_large
}

@test "431: headers or a path over the limit" {
	api GET /v1/wallets '' -H "X-Long: $(printf 'x%.0s' {1..20000})"
	problem 431 too_large
	api GET "/v1/wallets?$(printf 'x%.0s' {1..20000})"
	problem 431 too_large
}

@test "ranges of the documents are ignored, so never 416" {
	api GET /openapi.yaml '' -H 'Range: bytes=999999999-'
	expect 200
}

@test "505: an unknown version of HTTP" {
	raw 'GET / HTTP/3.1\r\nHost: x\r\n\r\n'
	[ "$status_code" = 505 ]
	[ "$(json .code)" = malformed_request ]
}

@test "503 with Retry-After while the service cannot start; then it recovers" {
	mv "$BUILD/statement" "$BUILD/statement.moved"
	kill -KILL "$(handler_pid statement)"
	gone() {
		api GET /health/statement
		[ "$status_code" = 503 ]
	}
	if ! eventually gone; then mv "$BUILD/statement.moved" "$BUILD/statement" && return 1; fi
	mv "$BUILD/statement.moved" "$BUILD/statement"
	problem 503 unavailable
	[[ "$(header Retry-After)" =~ ^[1-9][0-9]*$ ]]
	healthy() { api GET /health/statement && [ "$status_code" = 200 ]; }
	eventually healthy
}

@test "502: a service that dies while serving a request" {
	handler=$(handler_pid wallet)
	kill -STOP "$handler"
	api_in_background() { api GET /health/wallet && problem 502 bad_gateway; }
	api_in_background 3>&- &
	# The request has reached the handler once a connection waits on its socket.
	is_pending() { ss -Hxl | awk -v path="$DATA_DIR/run/gateway/wallet.sock-0" '$5 == path && $3 > 0 { found = 1 } END { exit !found }'; }
	eventually is_pending
	kill -KILL "$handler"
	wait $!
}

@test "504: a service that does not respond in time" {
	kill -STOP "$(handler_pid wallet)"
	PATIENCE=60 api GET /health/wallet
	kill -CONT "$(handler_pid wallet)"
	problem 504 timeout
	api GET /health/wallet
	expect 200
}
