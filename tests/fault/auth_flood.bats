#!/usr/bin/env bats
# auth_flood.bats - a flood of sign-ins, and a database that goes down: excess requests get a clean
# error, other users are served, and no restart is needed.

load ../helper

# flood - sends 128 parallel sign-ins for unknown addresses; sets $statuses to a line with status
# and Retry-After for each.
flood() {
	local n
	statuses=$BATS_TEST_TMPDIR/statuses
	for n in {1..128}; do
		[ "$n" = 1 ] || echo next
		cat <<-END
			url = "$BASE_URL/v1/auth/sign-in"
			header = "Content-Type: application/json"
			data = "{\"email\":\"flood$RANDOM$RANDOM$n@example.com\",\"password\":\"wrong password\"}"
			output = "/dev/null"
			write-out = "%{http_code} %header{retry-after}\n"
		END
	done >"$BATS_TEST_TMPDIR/flood"
	curl -sZ --no-progress-meter --parallel-immediate --parallel-max 128 -K "$BATS_TEST_TMPDIR/flood" >"$statuses" 2>"$statuses.errors"
}
some_are_refused() {
	flood
	grep -q '^503 [1-9]' "$statuses"
}

@test "sign-ins that do not fit in the queue are refused, the rest are answered" {
	eventually some_are_refused
	[ "$(grep -c '^401' "$statuses")" -gt 0 ]
	[ "$(grep -cv '^\(401\|503\)' "$statuses")" = 0 ]
}

@test "a flood of sign-ins does not block signed-in users" {
	sign_up_and_in
	(flood) &
	for _ in {1..20}; do
		api GET /v1/wallets
		expect 200
	done
	wait
}

@test "without its database auth answers 503, and recovers by itself" {
	sign_up_and_in
	stop_service postgres
	TOKEN_BEFORE=$TOKEN
	api GET /v1/auth/me
	expect 503 unavailable
	[[ "$(header Retry-After)" =~ ^[1-9] ]]
	api GET /health/auth
	expect 503 unavailable
	api POST /v1/auth/refresh "{\"refresh_token\":\"$REFRESH_TOKEN\"}"
	expect 503 unavailable
	start_service postgres
	TOKEN=$TOKEN_BEFORE
	answers() { api GET /v1/auth/me && expect 200; }
	eventually answers
	api POST /v1/auth/refresh "{\"refresh_token\":\"$REFRESH_TOKEN\"}"
	expect 200
	api GET /v1/wallets
	expect 200
}
