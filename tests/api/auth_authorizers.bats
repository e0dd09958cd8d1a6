#!/usr/bin/env bats
# auth_authorizers.bats - two authorizers: what ends at one is over at the other, in the very next
# request.

# shellcheck disable=SC2153 # the helper sets EMAIL
load ../helper

setup_file() {
	# The second one, as another gateway would start it.
	export SECOND=$BATS_FILE_TMPDIR/second
	LISTEN=$SECOND "$BUILD/auth" >"$SECOND.log" 2>&1 3>&- 4>&- &
	export SECOND_PID=$!
	eventually [ -S "$SECOND" ]
}
teardown_file() {
	kill -CONT "$SECOND_PID" 2>/dev/null || true
	kill "$SECOND_PID"
	wait "$SECOND_PID" || true
}
setup() {
	coproc ASKER { exec "$ROOT/tests/lib/authorizer.py" "$SECOND" 3>&- 4>&-; }
	sign_up_and_in
}
teardown() {
	local asker=${ASKER[1]}
	exec {asker}>&-
}

second_says() { # TOKEN STATUS [ROLES]
	local answer
	echo "$1" >&"${ASKER[1]}"
	IFS= read -r -t "$PATIENCE" answer <&"${ASKER[0]}"
	[ "$answer" = "$2 ${3:-}" ] || { echo "the second authorizer says $answer" && return 1; }
}
# It caches sessions from the first request on, once it listens.
second_caches() { second_says "$TOKEN" 200 customer && grep -q 'caching live sessions' "$SECOND.log"; }

@test "after a sign-out at one the other refuses the next request, every time" {
	local n
	eventually second_caches
	for n in {1..25}; do
		sign_in "$EMAIL"
		second_says "$TOKEN" 200 customer
		api POST /v1/auth/sign-out '{}'
		expect 204
		second_says "$TOKEN" 401
	done
}

@test "the other one applies every other ending, too" {
	local mine=$TOKEN session=$SESSION_ID refresh
	eventually second_caches
	# a session that another device ends
	sign_in "$EMAIL"
	second_says "$mine" 200 customer
	api DELETE "/v1/auth/sessions/$session"
	expect 204
	second_says "$mine" 401
	# all sessions
	mine=$TOKEN
	sign_in "$EMAIL"
	second_says "$mine" 200 customer
	api POST /v1/auth/sign-out '{"all":true}'
	expect 204
	second_says "$mine" 401
	second_says "$TOKEN" 401
	# a new password
	sign_in "$EMAIL"
	mine=$TOKEN
	second_says "$mine" 200 customer
	sign_in "$EMAIL"
	api POST /v1/auth/password "{\"current_password\":\"$PASSWORD\",\"new_password\":\"an even longer phrase\"}"
	expect 204
	second_says "$mine" 401
	second_says "$TOKEN" 200 customer
	# a stolen refresh token
	refresh="{\"refresh_token\":\"$REFRESH_TOKEN\"}"
	mine=$TOKEN TOKEN=
	api POST /v1/auth/refresh "$refresh"
	expect 200
	api POST /v1/auth/refresh "$refresh" -A 'Another browser'
	expect 401 token_reused
	second_says "$mine" 401
}

@test "the oldest session, ended by the limit of sessions, is refused by the other" {
	local oldest=$TOKEN
	eventually second_caches
	AT_ONCE=4 at_once $((${SESSIONS_MAX:-50} - 1)) /v1/auth/sign-in "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}" >/dev/null
	second_says "$oldest" 200 customer
	sign_in "$EMAIL"
	second_says "$oldest" 401
}

@test "a role is granted and revoked for the next request at both" {
	eventually second_caches
	"$BUILD/purse" user role add "$EMAIL" operator
	second_says "$TOKEN" 200 customer,operator
	"$BUILD/purse" user role remove "$EMAIL" operator
	second_says "$TOKEN" 200 customer
}

@test "an authorizer that hangs does not stop a sign-out, and does not trust what it missed" {
	eventually second_caches
	kill -STOP "$SECOND_PID"
	api POST /v1/auth/sign-out '{}'
	expect 204
	kill -CONT "$SECOND_PID"
	second_says "$TOKEN" 401
}
