#!/usr/bin/env bats
# forgery.bats - everything that a caller could pretend to be: forged tokens, tokens in other places,
# cookies, and cursors and keys of others. (Forged events: tests/events/broker.bats; the identity
# headers, sessions and cookies one by one: the auth_*.bats here.)

load ../helper

# The victim has a wallet, lines, a statement and sessions; the attacker is another customer.
setup() {
	a_user victim
	VICTIM=$TOKEN VICTIM_ID=$USER_ID VICTIM_SESSION=$SESSION_ID VICTIM_EMAIL=$EMAIL
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	a_user attacker
}
as_victim() { TOKEN=$VICTIM api "$@"; }
deposited() {
	as_victim POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"deposit\",\"amount\":$1}" "${@:2}"
	expect 201
}

@test "no forged token is accepted, by the service that issues them or by the gateway for the others" {
	local name forged path count=0 good=$TOKEN
	python3 "$BATS_TEST_DIRNAME/forge.py" "$DATA_DIR/keys" "$VICTIM_ID" "$VICTIM_SESSION" <<<"$good" >"$BATS_TEST_TMPDIR/forged"
	[ "$(cut -f 1 "$BATS_TEST_TMPDIR/forged" | sort | uniq -d)" = '' ]
	while IFS=$'\t' read -r name forged; do
		for path in /v1/auth/me /v1/wallets; do
			# The caches know the real one.
			if ((count % 20 == 0)); then TOKEN=$good api GET "$path" && expect 200; fi
			TOKEN=$forged api GET "$path"
			[ "$status_code" = 401 ] || { echo "$path accepts: $name: $forged" && return 1; }
			member code
			[ "$REPLY" = unauthenticated ] || [[ $name = *'sid of '* && $REPLY = session_ended ]] ||
				{ echo "$path answers $REPLY: $name" && return 1; }
		done
		count=$((count + 1))
	done <"$BATS_TEST_TMPDIR/forged"
	[ $count -gt 120 ]
	# No forgery has ended a session.
	for TOKEN in "$good" "$VICTIM"; do
		api GET /v1/auth/me
		expect 200
	done
}

@test "a token counts only in the Authorization header, once, and only one of its own kind" {
	local good=$TOKEN refresh=$REFRESH_TOKEN path
	TOKEN=
	for path in /v1/auth/me /v1/wallets /v1/statements; do
		for header in "X-Authorization: Bearer $good" "Proxy-Authorization: Bearer $good" "Authorization: Basic $good" "Authorization: $good" \
			"Authorization: Bearer" "Authorization: Token $good" "Authorization: Bearer $refresh" "Authorization: Bearer Bearer $good" \
			"Cookie: access_token=$good; purse_refresh=$good" "X-Access-Token: $good" "Auth-Token: $good" "X-HTTP-Authorization: Bearer $good" \
			"Authorization: Bearer x, Bearer $good"; do
			api GET "$path" '' -H "$header"
			expect 401 unauthenticated || { echo "$path: $header" && return 1; }
		done
		api GET "$path" '' -H "Authorization: Bearer x" -H "Authorization: Bearer $good"
		[ "$status_code" = 400 ] || [ "$status_code" = 401 ]
		for query in "access_token=$good" "token=$good" "authorization=Bearer%20$good"; do
			api GET "$path?$query"
			expect 401 unauthenticated
		done
	done
	# An access token is not a refresh token, in the body or in the cookie.
	api POST /v1/auth/refresh "{\"refresh_token\":\"${good:0:43}\"}"
	expect 401 unauthenticated
	api POST /v1/auth/refresh '{}' -H "Cookie: purse_refresh=${good:0:43}"
	expect 401 unauthenticated
}

# writes - "METHOD PATH" of the routes that change something and need a caller
writes() {
	local service
	for service in auth wallet statement; do "$BUILD/$service" --routes || return 1; done |
		awk -F '\t' '$1 != "GET" && $3 != "anyone" { gsub(/\{[^}]*\}/, "00000000-0000-7000-8000-000000000000", $2); print $1, $2 }'
}

@test "a page of another site can do nothing with a cookie, and is told nothing" {
	local cookie="Cookie: purse_refresh=$REFRESH_TOKEN; __Host-purse_refresh=$REFRESH_TOKEN" route
	TOKEN=
	mapfile -t routes < <(writes)
	[ "${#routes[@]}" -gt 10 ]
	for route in "${routes[@]}"; do
		# The cookie signs no one in.
		api "${route% *}" "${route#* }" '{}' -H "$cookie"
		expect 401 unauthenticated
		# A browser asks first (CORS), and gets no permission.
		api OPTIONS "${route#* }" '' -H 'Origin: https://evil.example' -H "Access-Control-Request-Method: ${route% *}" \
			-H 'Access-Control-Request-Headers: authorization, content-type'
		[[ ${headers,,} != *access-control-allow* ]]
		[ "${status_code:0:1}" = 4 ]
	done
	# The types that a form can send without asking are no JSON.
	for path in sign-up sign-in refresh; do
		for type in text/plain application/x-www-form-urlencoded 'multipart/form-data; boundary=x' 'text/plain; application/json' ''; do
			api POST "/v1/auth/$path" "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}" -H "$cookie" -H "Content-Type:${type:+ $type}"
			expect 415 unsupported_media_type || { echo "$path: $type" && return 1; }
		done
	done
	for origin in null https://evil.example "$BASE_URL.evil.example" "http://evil.example/$BASE_URL" "${BASE_URL/localhost/localhost@evil.example}" \
		"${BASE_URL/localhost/localhost.}" "$BASE_URL/" "${BASE_URL%:*}" "file://" "$BASE_URL https://evil.example"; do
		api POST /v1/auth/refresh '{}' -H "$cookie" -H "Origin: $origin"
		expect 403 forbidden || { echo "$origin" && return 1; }
	done
	# None of this has used the token up.
	api POST /v1/auth/refresh "{\"refresh_token\":\"$REFRESH_TOKEN\"}"
	session_take
	a_user_is_spent
}
# The tests after this one must not get the refreshed user from a_user.
a_user_is_spent() { rm -f "$BATS_FILE_TMPDIR/user.attacker"; }

decoded() { tr '_-' '/+' <<<"$1" | sed 's/$/===/' | base64 -d 2>/dev/null || true; }
encoded() { printf '%s' "$1" | base64 -w 0 | tr '/+' '_-' | tr -d =; }

@test "another's cursor shows nothing of them, and a cursor made by hand neither" {
	local cursor text own other
	for amount in 11 12 13; do deposited $amount; done
	api POST /v1/wallets '{}'
	other=$(json .id)
	for list in sessions wallets transactions "transactions?wallet_id=$WALLET" statements; do
		case $list in
		sessions)
			sign_in "$VICTIM_EMAIL"
			as_victim GET '/v1/auth/sessions?limit=1'
			a_user attacker
			;;
		statements)
			has_lines() { as_victim GET "/v1/statements?wallet_id=$WALLET&limit=2" && [ "$status_code" = 200 ] && [ "$(json .next_cursor)" != null ]; }
			eventually has_lines
			;;
		wallets)
			as_victim POST /v1/wallets '{}'
			as_victim GET '/v1/wallets?limit=1'
			;;
		*\?*) as_victim GET "/v1/$list&limit=1" ;;
		*) as_victim GET "/v1/$list?limit=1" ;;
		esac
		expect 200
		cursor=$(json .next_cursor)
		[ -n "$cursor" ] && [ "$cursor" != null ]
		text=$(decoded "$cursor")
		for path in auth/sessions wallets transactions statements "transactions?wallet_id=$other" "statements?wallet_id=$other"; do
			for forged in "$cursor" "$(encoded "${text//$WALLET/$other}")" "$(encoded "$text' OR true --")"; do
				if [[ $path == *\?* ]]; then api GET "/v1/$path&cursor=$forged"; else api GET "/v1/$path?cursor=$forged"; fi
				[[ $status_code =~ ^(200|404|422)$ ]]
				[[ $body != *"$VICTIM_ID"* && $body != *"$VICTIM_SESSION"* ]]
				# A refusal can repeat the id that the caller sent.
				[ "$status_code" != 200 ] || [[ $body != *"$WALLET"* ]] || { echo "$path with $list's cursor: $body" && return 1; }
			done
		done
	done
	# A statement's cursor holds its wallet: with the victim's in it, the attacker's own finds nothing.
	api POST /v1/transactions "{\"wallet_id\":\"$other\",\"kind\":\"deposit\",\"amount\":1}"
	own_lines() { api GET "/v1/statements?wallet_id=$other&limit=1" && [ "$status_code" = 200 ] && [ "$(json .next_cursor)" != null ]; }
	eventually own_lines
	own=$(json .next_cursor)
	text=$(decoded "$own")
	[[ $text == *"$other"* ]]
	api GET "/v1/statements?cursor=$(encoded "${text//$other/$WALLET}")"
	expect 404 not_found
}

@test "another's idempotency key replays nothing of theirs" {
	local key=shared-$RANDOM$RANDOM mine
	deposited 7 -H "Idempotency-Key: $key"
	first=$(json .id)
	body_of() { printf '{"wallet_id":"%s","kind":"deposit","amount":7}' "$1"; }
	api POST /v1/transactions "$(body_of "$WALLET")" -H "Idempotency-Key: $key"
	expect 404 not_found
	api POST /v1/transactions/batch "{\"mode\":\"each\",\"transactions\":[$(body_of "$WALLET")]}" -H "Idempotency-Key: $key"
	[[ $body != *"$first"* ]]
	[ "$(json '.results[0].status')" = 404 ]
	api POST /v1/wallets '{}' -H "Idempotency-Key: $key"
	expect 201
	mine=$(json .id)
	[ "$(json .owner_id)" = "$USER_ID" ]
	[ -z "$(header Idempotent-Replayed)" ]
	api POST /v1/transactions "$(body_of "$mine")" -H "Idempotency-Key: $key-2"
	expect 201
	[ -z "$(header Idempotent-Replayed)" ]
	# Keys of wallets, batches and jobs too, the same way round.
	as_victim POST /v1/wallets '{}' -H "Idempotency-Key: $key"
	expect 201
	[ "$(json .owner_id)" = "$VICTIM_ID" ]
	as_victim POST /v1/transactions/batch "{\"mode\":\"each\",\"transactions\":[$(body_of "$WALLET")]}" -H "Idempotency-Key: $key-3"
	expect 200
	api POST /v1/transactions/batch "{\"mode\":\"each\",\"transactions\":[$(body_of "$WALLET")]}" -H "Idempotency-Key: $key-3"
	[ "$(json '.results[0].status')" = 404 ]
	[ -z "$(header Idempotent-Replayed)" ]
	has_line() { as_victim GET "/v1/statements?wallet_id=$WALLET" && [ "$status_code" = 200 ]; }
	eventually has_line
	as_victim GET "/v1/statements?wallet_id=$WALLET&from=2026-01-01" '' -H "Idempotency-Key: $key"
	expect 202
	job=$(json .id)
	api GET "/v1/statements?wallet_id=$WALLET&from=2026-01-01" '' -H "Idempotency-Key: $key"
	expect 404 not_found
	[[ $body != *"$job"* ]]
}
