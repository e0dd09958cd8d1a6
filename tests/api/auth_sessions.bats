#!/usr/bin/env bats
# auth_sessions.bats - signing in, refreshing and signing out; the list of signed-in devices.

# shellcheck disable=SC2153 # the helper sets EMAIL
load ../helper

refresh() { # TOKEN [curl arguments...]
	local token=$1
	shift
	TOKEN='' api POST /v1/auth/refresh "{\"refresh_token\":\"$token\"}" "$@"
}
# works TOKEN - the access token is valid, for auth and for the wallet behind the gateway.
works() {
	TOKEN=$1 api GET /v1/auth/me
	expect 200 && TOKEN=$1 api GET /v1/wallets && expect 200
}
is_over() {
	TOKEN=$1 api GET /v1/auth/me
	expect 401 session_ended && TOKEN=$1 api GET /v1/wallets && expect 401 session_ended
}
# Moves the use of spent tokens into the past, so that no test waits.
age_spent_tokens() { sql auth "UPDATE spent_token SET spent_at = spent_at - interval '1 hour' WHERE session_id = '$SESSION_ID'"; }

setup() {
	sign_up_and_in
}

@test "sign-in returns tokens, in an answer that no cache stores" {
	[ "$(json 'keys_unsorted | join(" ")')" = "access_token token_type expires_in refresh_token session_id" ]
	[ "$(json '[.token_type, .expires_in] | join(" ")')" = "Bearer 600" ]
	[ "$(header Cache-Control)" = no-store ]
	[[ $REFRESH_TOKEN =~ ^[A-Za-z0-9_-]{43}$ ]]
	works "$TOKEN"
}

@test "a wrong password and an unknown address get the same answer" {
	TOKEN=
	api POST /v1/auth/sign-in "{\"email\":\"$EMAIL\",\"password\":\"not the password\"}"
	expect 401 invalid_credentials
	known=$(gojq -c 'del(.request_id)' <<<"$body")
	[[ "$(header WWW-Authenticate)" == Bearer* ]]
	api POST /v1/auth/sign-in "{\"email\":\"$(new_email)\",\"password\":\"not the password\"}"
	expect 401 invalid_credentials
	[ "$(gojq -c 'del(.request_id)' <<<"$body")" = "$known" ]
}

@test "refresh tokens rotate, and the session continues" {
	first=$REFRESH_TOKEN
	refresh "$first"
	expect 200
	[ "$(header Cache-Control)" = no-store ]
	[ "$(json .session_id)" = "$SESSION_ID" ]
	second=$(json .refresh_token)
	[ "$second" != "$first" ]
	works "$(json .access_token)"
	works "$TOKEN"
	refresh "$second"
	expect 200
	[ "$(json .refresh_token)" != "$second" ]
}

@test "the same client can ask again for a lost answer" {
	refresh "$REFRESH_TOKEN"
	expect 200
	successor=$(json .refresh_token)
	refresh "$REFRESH_TOKEN"
	expect 200
	[ "$(json .refresh_token)" = "$successor" ]
}

@test "whichever spent token the same client offers again, it gets the live one" {
	local n tokens=("$REFRESH_TOKEN")
	for n in 1 2 3; do
		refresh "${tokens[-1]}"
		expect 200
		tokens+=("$(json .refresh_token)")
	done
	for n in 0 1 2; do
		refresh "${tokens[n]}"
		expect 200
		[ "$(json .refresh_token)" = "${tokens[3]}" ]
	done
	# The answer's token works, and goes on working after the grace period of the old ones.
	age_spent_tokens
	refresh "${tokens[3]}"
	expect 200
	works "$(json .access_token)"
}

@test "a spent token gets nothing once another client has used a later one" {
	refresh "$REFRESH_TOKEN"
	expect 200
	refresh "$(json .refresh_token)" -A 'Another browser'
	expect 200
	refresh "$REFRESH_TOKEN"
	expect 401 token_reused
	is_over "$TOKEN"
}

@test "refreshes of a session have a limit, which does not end it" {
	local ahead
	# 60 in ten minutes: the limit's clock moves 10 s each time.
	refresh "$REFRESH_TOKEN"
	expect 200
	REFRESH_TOKEN=$(json .refresh_token)
	ahead="SELECT round(extract(epoch FROM refreshes_until - now()) / 10) FROM session WHERE id = '$SESSION_ID'"
	[ "$(sql auth "$ahead")" = 1 ]
	sql auth "UPDATE session SET refreshes_until = now() + interval '9 minutes 55 seconds' WHERE id = '$SESSION_ID'"
	refresh "$REFRESH_TOKEN"
	expect 429 rate_limited
	[[ "$(header Retry-After)" =~ ^[1-5]$ ]]
	sql auth "UPDATE session SET refreshes_until = now() + interval '9 minutes 49 seconds' WHERE id = '$SESSION_ID'"
	refresh "$REFRESH_TOKEN"
	expect 200
}

@test "an old token ends the session even if its own row has been swept" {
	oldest=$REFRESH_TOKEN
	for _ in 1 2 3; do
		refresh "$REFRESH_TOKEN"
		expect 200
		REFRESH_TOKEN=$(json .refresh_token)
	done
	[ "$(sql auth "SELECT string_agg(rotation::text, ' ' ORDER BY rotation) FROM spent_token WHERE session_id = '$SESSION_ID'")" = "1 2 3" ]
	sql auth "DELETE FROM spent_token WHERE session_id = '$SESSION_ID'"
	refresh "$oldest"
	expect 401 token_reused
	is_over "$TOKEN"
}

@test "a session ends after its longest time, however often it is refreshed" {
	# 90 days; it has been used all the time.
	sql auth "UPDATE session SET created_at = now() - interval '89 days 23 hours' WHERE id = '$SESSION_ID'"
	TOKEN='' api POST /v1/auth/refresh '{}' -H "Cookie: purse_refresh=$REFRESH_TOKEN"
	expect 200
	[[ "$(header Set-Cookie)" =~ ^purse_refresh=([^\;]*)\;.*Max-Age=(3[56][0-9][0-9])($|\;) ]]
	REFRESH_TOKEN=${BASH_REMATCH[1]}
	[ "$(sql auth "SELECT expires_at - created_at FROM session WHERE id = '$SESSION_ID'")" = "90 days" ]
	sql auth "UPDATE session SET created_at = created_at - interval '1 hour', expires_at = now() + interval '1 day' WHERE id = '$SESSION_ID'"
	refresh "$REFRESH_TOKEN"
	expect 401 session_ended
}

@test "a spent token from another client ends the session" {
	refresh "$REFRESH_TOKEN"
	expect 200
	successor=$(json .refresh_token)
	refresh "$REFRESH_TOKEN" -A 'Another browser'
	expect 401 token_reused
	is_over "$TOKEN"
	refresh "$successor"
	expect 401 session_ended
	refresh "$REFRESH_TOKEN"
	expect 401 session_ended
}

@test "a spent token used later ends the session, however many tokens followed it" {
	oldest=$REFRESH_TOKEN
	for _ in 1 2 3; do
		refresh "$REFRESH_TOKEN"
		expect 200
		REFRESH_TOKEN=$(json .refresh_token)
	done
	age_spent_tokens
	refresh "$oldest"
	expect 401 token_reused
	is_over "$TOKEN"
	refresh "$REFRESH_TOKEN"
	expect 401 session_ended
}

@test "parallel refreshes with one token get one successor" {
	[ "$(at_once 16 /v1/auth/refresh "{\"refresh_token\":\"$REFRESH_TOKEN\"}" | sort -u)" = 200 ]
	[ "$(gojq -r .refresh_token "$BATS_TEST_TMPDIR"/answer.* | sort | uniq -c | awk '{ print $1 }')" = 16 ]
	refresh "$(gojq -r .refresh_token "$BATS_TEST_TMPDIR/answer.1")"
	expect 200
}

@test "an invalid refresh token is refused" {
	for bad in x "${REFRESH_TOKEN}A" "${REFRESH_TOKEN%?}" "$TOKEN" "$(printf 'A%.0s' {1..43})" "${REFRESH_TOKEN:0:42}="; do
		[ ${#bad} -le 255 ] || continue
		refresh "$bad"
		expect 401 unauthenticated
	done
	TOKEN='' api POST /v1/auth/refresh '{}'
	expect 401 unauthenticated
	TOKEN='' api POST /v1/auth/refresh '' --data ''
	expect 401 unauthenticated
	TOKEN='' api POST /v1/auth/refresh '{"refresh_token":5}'
	expect 422 invalid_request
	refresh "$REFRESH_TOKEN"
	expect 200
}

@test "an expired session cannot be refreshed" {
	sql auth "UPDATE session SET expires_at = now() WHERE id = '$SESSION_ID'"
	refresh "$REFRESH_TOKEN"
	expect 401 session_ended
}

@test "with use_cookie the refresh token is only in a cookie, which no script can read" {
	jar=$BATS_TEST_TMPDIR/jar
	TOKEN=
	api POST /v1/auth/sign-in "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\",\"use_cookie\":true}" -c "$jar"
	expect 200
	[ "$(json 'has("refresh_token")')" = false ]
	cookie=$(header Set-Cookie)
	[[ $cookie =~ ^purse_refresh=([A-Za-z0-9_-]{43})\; ]]
	token=${BASH_REMATCH[1]}
	for attribute in 'Path=/v1/auth' HttpOnly 'SameSite=Strict' 'Max-Age=2592000'; do
		[[ "$cookie;" == *"; $attribute;"* ]]
	done
	[[ $body != *"$token"* ]]

	api POST /v1/auth/refresh '{}' -b "$jar" -c "$jar"
	expect 200
	[ "$(json 'has("refresh_token")')" = false ]
	next=$(header Set-Cookie)
	[[ $next =~ ^purse_refresh=[A-Za-z0-9_-]{43}\; ]]
	[ "${next%%;*}" != "${cookie%%;*}" ]
	TOKEN=$(json .access_token)
	works "$TOKEN"

	api POST /v1/auth/sign-out '{}' -b "$jar" -c "$jar"
	expect 204
	[[ "$(header Set-Cookie)" == "purse_refresh=; Path=/v1/auth; HttpOnly; SameSite=Strict; Max-Age=0"* ]]
	api POST /v1/auth/refresh '{}' -b "$jar"
	expect 401 unauthenticated
	TOKEN='' api POST /v1/auth/refresh '{}' -H "Cookie: theme=dark; purse_refresh=$token; x=y"
	expect 401 session_ended
	[[ "$(header Set-Cookie)" == *Max-Age=0* ]]
}

@test "a page of another origin cannot use the cookie" {
	cookie="Cookie: purse_refresh=$REFRESH_TOKEN"
	TOKEN=
	for bad in 'Origin: https://evil.example' 'Origin: null' 'Origin: http://localhost:1' 'Origin: https://wallet.evil.example' \
		'Sec-Fetch-Site: cross-site' 'Sec-Fetch-Site: same-site'; do
		api POST /v1/auth/refresh '{}' -H "$cookie" -H "$bad"
		expect 403 forbidden
		[ -z "$(header Set-Cookie)" ]
		api POST /v1/auth/sign-in "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\",\"use_cookie\":true}" -H "$bad"
		expect 403 forbidden
		[ -z "$(header Set-Cookie)" ]
	done
	# Without the cookie there is nothing to protect: the token itself is the proof.
	refresh "$REFRESH_TOKEN" -H 'Origin: https://app.example' -H 'Sec-Fetch-Site: cross-site'
	expect 200
	REFRESH_TOKEN=$(json .refresh_token)
	for good in "Origin: ${BASE_URL}" 'Sec-Fetch-Site: same-origin' 'X-Other: x'; do
		api POST /v1/auth/refresh '{}' -H "Cookie: purse_refresh=$REFRESH_TOKEN" -H "$good"
		expect 200
		[[ "$(header Set-Cookie)" =~ ^purse_refresh=([^\;]*) ]]
		REFRESH_TOKEN=${BASH_REMATCH[1]}
	done
}

@test "over TLS the cookie has the prefix __Host-, and no other name is read" {
	TOKEN=
	over_tls() { other_auth POST /v1/auth/refresh '' PUBLIC_URL=https://wallet.example "$@"; }
	answer=$(over_tls "HTTP_COOKIE=purse_refresh=$REFRESH_TOKEN")
	[[ $answer == *'Status: 401'* ]]
	answer=$(over_tls "HTTP_COOKIE=a=b; __Host-purse_refresh=$REFRESH_TOKEN" HTTP_ORIGIN=http://wallet.example)
	[[ $answer == *'Status: 403'* ]]
	answer=$(over_tls "HTTP_COOKIE=a=b; __Host-purse_refresh=$REFRESH_TOKEN" HTTP_ORIGIN=http://wallet.example HTTP_HOST=wallet.example)
	[[ $answer == *'Status: 403'* ]]
	answer=$(over_tls "HTTP_COOKIE=a=b; __Host-purse_refresh=$REFRESH_TOKEN" HTTP_ORIGIN=https://wallet.example)
	[[ $answer == *'Status: 200'* ]]
	[[ $answer =~ Set-Cookie:\ __Host-purse_refresh=[A-Za-z0-9_-]{43}\;\ Path=/\;\ HttpOnly\;\ SameSite=Strict\;\ Max-Age=[0-9]+\;\ Secure ]]
}

@test "the very next request after sign-out is refused" {
	works "$TOKEN"
	for _ in 1 2 3 4 5; do
		sign_in "$EMAIL"
		works "$TOKEN"
		api POST /v1/auth/sign-out '' --data ''
		expect 204
		is_over "$TOKEN"
		api POST /v1/auth/sign-out '{}'
		expect 401 session_ended
		refresh "$REFRESH_TOKEN"
		expect 401 session_ended
	done
}

@test "signing out of all sessions ends every session of this user, and no other user's" {
	mine=$TOKEN
	sign_in "$EMAIL"
	other_device=$TOKEN
	email=$EMAIL
	sign_up_and_in
	somebody_else=$TOKEN
	works "$mine"
	works "$other_device"
	TOKEN=$mine api POST /v1/auth/sign-out '{"all":true}'
	expect 204
	is_over "$mine"
	is_over "$other_device"
	works "$somebody_else"
	sign_in "$email"
}

@test "sessions are listed newest first, with the current one marked" {
	first=$SESSION_ID
	sign_in "$EMAIL"
	api GET /v1/auth/sessions '' -A 'Test browser/1.0'
	expect 200
	[ "$(json 'keys_unsorted | join(" ")')" = "data next_cursor" ]
	[ "$(json '.data[0] | keys_unsorted | join(" ")')" = "id current user_agent ip created_at last_used_at expires_at" ]
	[ "$(json '[.data[].id] | join(" ")')" = "$SESSION_ID $first" ]
	[ "$(json '[.data[].current | tostring] | join(" ")')" = "true false" ]
	[[ "$(json '.data[0].user_agent')" == curl/* ]]
	[ -n "$(json '.data[0].ip')" ]
	refresh "$REFRESH_TOKEN" -A $'caf\xc3\xa9 "browser"'
	expect 200
	api GET /v1/auth/sessions
	[ "$(json '.data[0].user_agent')" = 'caf?? "browser"' ]
	[ "$(json '.data[0].last_used_at > .data[0].created_at')" = true ]
}

@test "the list of sessions has pages" {
	for _ in 1 2 3 4; do sign_in "$EMAIL"; done
	api GET '/v1/auth/sessions?limit=200'
	all=$(json '[.data[].id] | join(" ")')
	[ "$(wc -w <<<"$all")" = 5 ]
	seen='' next='/v1/auth/sessions?limit=2' pages=0
	while [ -n "$next" ]; do
		api GET "$next"
		expect 200
		seen+=" $(json '[.data[].id] | join(" ")')"
		next=$(header Link | sed -n 's/^<\(.*\)>; rel="next"$/\1/p')
		[ "$(json '.next_cursor != null')" = "$([ -n "$next" ] && echo true || echo false)" ]
		pages=$((pages + 1))
	done
	[ "$seen" = " $all" ]
	[ $pages = 3 ]
	api GET '/v1/auth/sessions?limit=0&cursor=x&colour=red'
	[ "$(json '[.errors[].pointer] | sort | join(" ")')" = " /cursor /limit" ]
	for bad in limit=0 limit=201 limit=x cursor=x cursor=bm9uZQ colour=red; do
		api GET "/v1/auth/sessions?$bad"
		expect 422 invalid_request
	done
}

@test "users can end one of their sessions; another user's is not found" {
	mine=$TOKEN
	sign_in "$EMAIL"
	other_device=$TOKEN other_session=$SESSION_ID
	works "$other_device"
	TOKEN=$mine api DELETE "/v1/auth/sessions/$other_session"
	expect 204
	is_over "$other_device"
	works "$mine"
	TOKEN=$mine api DELETE "/v1/auth/sessions/$other_session"
	expect 404 not_found
	sign_up_and_in
	TOKEN=$mine api DELETE "/v1/auth/sessions/$SESSION_ID"
	expect 404 not_found
	works "$TOKEN"
	api DELETE /v1/auth/sessions/1
	expect 404 not_found
	api DELETE "/v1/auth/sessions/$SESSION_ID"
	expect 204
	is_over "$TOKEN"
}

@test "past the limit of sessions the oldest end" {
	oldest=$TOKEN
	most=${SESSIONS_MAX:-50}
	statuses=$(AT_ONCE=4 at_once $((most + 1)) /v1/auth/sign-in "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}")
	[ "$(grep -c 200 <<<"$statuses")" = $((most + 1)) ]
	is_over "$oldest"
	sign_in "$EMAIL"
	api GET '/v1/auth/sessions?limit=200'
	[ "$(json '.data | length')" = "$most" ]
	[ "$(json '.data[0].id')" = "$SESSION_ID" ]
}

@test "the database stores no token or password in plain text" {
	refresh "$REFRESH_TOKEN"
	expect 200
	dump=$(sql auth "SELECT * FROM session WHERE id = '$SESSION_ID'; SELECT * FROM spent_token WHERE session_id = '$SESSION_ID'; SELECT * FROM account WHERE id = '$USER_ID'")
	for secret in "$REFRESH_TOKEN" "$(json .refresh_token)" "$PASSWORD"; do
		hex=$(printf '%s=' "$secret" | tr '_-' '/+' | base64 -d 2>/dev/null | od -An -tx1 | tr -d ' \n')
		[[ $dump != *"$secret"* ]]
		[[ $dump != *"${hex:-nothing}"* ]]
	done
	[[ $dump == *argon2id* ]]
}

@test "stale rows are swept, and one that cannot be swept does not block the others" {
	app=$(psql -X -q -At -d "$AUTH_DATABASE_URL" -c 'SELECT current_user')
	old=$SESSION_ID
	sign_in "$EMAIL"
	sql auth "UPDATE session SET ended_at = now() - interval '8 days' WHERE id = '$old';
		INSERT INTO sign_in_attempt VALUES (sha256('$EMAIL'), 1, now() - interval '1 year', now() - interval '1 year');
		INSERT INTO attempt_bucket VALUES (sha256('$EMAIL'), now() - interval '1 second'), (sha256('b$EMAIL'), now() + interval '1 hour');
		INSERT INTO known_device VALUES ('$USER_ID', sha256('$EMAIL'), now() - interval '91 days'),
			('$USER_ID', sha256('b$EMAIL'), now() - interval '89 days');
		INSERT INTO spent_token VALUES (sha256('$EMAIL'), '$SESSION_ID', '', '', now() - interval '1 year', 0)
			, (sha256('a$EMAIL'), '$SESSION_ID', '', '', now() - interval '61 minutes', 127)
			, (sha256('b$EMAIL'), '$SESSION_ID', '', '', now() - interval '61 minutes', 128)"
	# Failed sign-ins and refreshes sweep at random, once in a while.
	failures_sweep() {
		for _ in {1..8}; do TOKEN='' api POST /v1/auth/sign-in "{\"email\":\"$(new_email)\",\"password\":\"not the password\"}"; done
		[ "$(sql auth "SELECT (SELECT count(*) FROM sign_in_attempt WHERE key = k) + (SELECT count(*) FROM attempt_bucket WHERE key = k) +
			(SELECT count(*) FROM known_device WHERE device = k) + (SELECT count(*) FROM spent_token WHERE token_hash IN (k, sha256('a$EMAIL')))
			FROM sha256('$EMAIL') k")" = 0 ] &&
			[ "$(sql auth "SELECT (SELECT count(*) FROM spent_token WHERE token_hash = k) + (SELECT count(*) FROM attempt_bucket WHERE key = k) +
				(SELECT count(*) FROM known_device WHERE device = k) FROM sha256('b$EMAIL') k")" = 3 ]
	}
	refreshes_sweep() {
		for _ in {1..8}; do
			refresh "$REFRESH_TOKEN"
			REFRESH_TOKEN=$(json .refresh_token)
		done
		sql auth "UPDATE session SET refreshes_until = now() WHERE id = '$SESSION_ID'"
		[ "$(sql auth "SELECT count(*) FROM session WHERE id = '$old'")" = 0 ]
	}
	sql auth "REVOKE DELETE ON session FROM $app"
	failed=0
	eventually failures_sweep || failed=1
	sql auth "GRANT DELETE ON session TO $app"
	[ $failed = 0 ]
	eventually refreshes_sweep
}
