#!/usr/bin/env bats
# hosting.bats - what shared hosting needs in addition to the API tests: private files stay private,
# and cron does the consumers' work.

load ../helper

@test "no URL leads to programs, options, keys or the cron file" {
	for path in /purse/purse.env /purse/bin/auth /purse/README /purse/keys/ /purse/sql/auth/001_auth.sql; do
		TOKEN='' api GET "$path"
		[ "$status_code" = 404 ]
	done
}

# Runs each command with this space's URLs, except the one that opens an editor.
@test "each command in the package's README works as described" {
	cp -a "$SPACE/purse" "$BATS_TEST_TMPDIR/purse"
	cd "$BATS_TEST_TMPDIR"
	count=0
	while read -r line; do
		line=${line//'https://YOUR-SPACE'/$BASE_URL}
		line=${line//'postgresql://OWNER:PASSWORD@HOST/DATABASE'/$AUTH_DATABASE_OWNER_URL}
		line=${line//USER_OF_AUTH_DATABASE_URL/purse_auth_app}
		case $line in
		cp\ * | chmod\ * | OWNER_URL=*) bash -c "$line" </dev/null ;;
		curl\ *health*) [ "$(bash -c "$line")" = '{"status":"ok"}' ] ;;
		curl\ *) [ "$(bash -c "$line")" = 404 ] ;;
		crontab\ *) ;;
		*) continue ;;
		esac
		count=$((count + 1))
	done < <(sed -n 's/^    *//p' purse/README)
	[ "$count" = 6 ]
	[ "$(stat -c %a purse/purse.env)" = 600 ]
	cmp purse/purse.env purse/purse.env.example
}

@test "a forged AUTH_USER_ID header does not sign anyone in" {
	sign_up_and_in
	TOKEN='' api GET /v1/wallets '' -H "AUTH_USER_ID: $USER_ID" -H "AUTH-USER-ID: $USER_ID" -H "AUTH-ROLES: operator"
	expect 401 unauthenticated
}

# Fewer clients than in tests/gateway/races.bats: here each request is a process with two
# connections that posts alone.
@test "16 clients at once: a wallet never falls below its limit, a purchase is undone once, a key moves money once" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	wallet=$(json .id)
	api POST /v1/transactions '{"kind":"deposit","amount":100}'
	statuses=$(AT_ONCE=16 at_once 16 /v1/transactions '{"kind":"purchase","amount":30}')
	[ "$(sort <<<"$statuses" | uniq -c | awk '{ print $2, $1 }' | paste -sd ' ')" = "201 3 409 13" ]
	purchase=$(cat "$BATS_TEST_TMPDIR"/answer.* | gojq -r 'select(.kind == "purchase").id' | head -n 1)
	statuses=$(AT_ONCE=16 at_once 16 /v1/transactions "{\"kind\":\"cancellation\",\"reference_id\":\"$purchase\"}")
	[ "$(sort <<<"$statuses" | uniq -c | awk '{ print $2, $1 }' | paste -sd ' ')" = "201 1 409 15" ]
	statuses=$(AT_ONCE=16 at_once -H 'Idempotency-Key: once' 16 /v1/transactions '{"kind":"deposit","amount":7}')
	[ "$(sort -u <<<"$statuses")" = 201 ]
	api GET "/v1/wallets/$wallet/balance"
	[ "$(json '[.balance, .version] | join(" ")')" = "47 7" ]
}

@test "cron does the consumers' work; overlapping runs are harmless" {
	for name in outbox_relay transaction_consumer statement_consumer; do stop_service "$name"; done
	sign_up_and_in
	api POST /v1/wallets '{}'
	wallet=$(json .id)
	for amount in 1 2 3 4 5; do api POST /v1/transactions "{\"kind\":\"deposit\",\"amount\":$amount}"; done
	for _ in 1 2; do
		# The line of deploy/cgi/cron, as cron runs it.
		DATA_DIR=$SPACE/purse sh -c "$(sed -n 's/^\* \* \* \* \* //p' "$ROOT/deploy/cgi/cron")" 3>&- &
	done
	wait
	api GET "/v1/statements?wallet_id=$wallet&from=$(date -u +%F)&to=$(date -u +%F)"
	expect 200
	[ "$(json '[.closing_balance, .version] | join(" ")')" = "15 6" ]
	for name in outbox_relay transaction_consumer statement_consumer; do start_service "$name"; done
}
