#!/usr/bin/env bats
# limits.bats - limits per transaction, day and month, credit limits, and who can set them.
#
# A currency's limits apply to every wallet in it, so these tests use currencies that no other test
# uses.

load ../helper

setup() {
	a_user
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	an_operator
}

post() { api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"$1\"${2:+,\"amount\":$2}${3:+,$3}}"; }
# allow LIMITS [more members] - sets the wallet's limits: KIND/PER/AMOUNT, separated by spaces
allow() {
	local limit kind_of per_of amount_of list=
	for limit in $1; do
		IFS=/ read -r kind_of per_of amount_of <<<"$limit"
		list+="${list:+,}{\"kind\":\"$kind_of\",\"per\":\"$per_of\",\"amount\":$amount_of}"
	done
	TOKEN=$OPERATOR api PUT "/v1/wallets/$WALLET/limits" "{\"limits\":[$list]${2:+,$2}}"
}
allow_currency() {
	TOKEN=$OPERATOR api PUT "/v1/wallets/limits?currency=$1" "{\"limits\":$2${3:+,$3}}"
}
# refused KIND PER AMOUNT USED REQUESTED [OF] - checks the last refusal; frees_at must be the next
# day or month in UTC
refused() {
	local frees=null next
	expect 409 limit_exceeded || return 1
	case $2 in
	day) next=$(date -u -d "$(date -u +%F) + 1 day" +%F) ;;
	month) next=$(date -u -d "$(date -u +%Y-%m-01) + 1 month" +%F) ;;
	esac
	[ "$2" = transaction ] || frees=${next}T00:00:00.000000Z
	[ "$(json '[.limit.kind, .limit.per, .limit.amount, .used, .requested, .limit.of, .frees_at // "null"] | join(" ")')" = "$1 $2 $3 $4 $5 ${6:-wallet} $frees" ]
}

# Near midnight the day can change between a posting and the check, which is not a failure.
skip_at_midnight() { [ "$(date -u +%H%M)" != 2359 ] || skip "the day is about to end"; }

@test "each kind, per transaction, day and month" {
	skip_at_midnight
	post deposit 1000
	api POST /v1/wallets '{}'
	other=$(json .id)
	for kind in deposit withdrawal purchase hold transfer; do
		more=
		[ $kind != transfer ] || more="\"to_wallet_id\":\"$other\""
		used=0
		[ $kind != deposit ] || used=1000
		allow "$kind/transaction/10"
		expect 200
		post $kind 11 "$more"
		refused $kind transaction 10 0 11
		post $kind 10 "$more"
		expect 201
		used=$((used + 10))
		for per in day month; do
			allow "$kind/$per/$((used + 15))"
			post $kind 16 "$more"
			refused $kind $per $((used + 15)) $used 16
			post $kind 15 "$more"
			expect 201
			used=$((used + 15))
			post $kind 1 "$more"
			refused $kind $per $used $used 1
		done
	done
}

@test "captures count by the captured amount, and undoing one frees nothing" {
	skip_at_midnight
	post deposit 1000
	allow 'capture/transaction/50 capture/day/80'
	post hold 100
	hold=$(json .id)
	post capture '' "\"reference_id\":\"$hold\""
	refused capture transaction 50 0 100
	post capture 50 "\"reference_id\":\"$hold\",\"final\":false"
	expect 201
	capture=$(json .id)
	post capture 31 "\"reference_id\":\"$hold\",\"final\":false"
	refused capture day 80 50 31
	post cancellation '' "\"reference_id\":\"$capture\""
	expect 201
	post capture 31 "\"reference_id\":\"$hold\""
	refused capture day 80 50 31
	post release '' "\"reference_id\":\"$hold\""
	expect 201
}

@test "a wallet's limits are shown with their usage; all apply at once, and kinds are independent" {
	skip_at_midnight
	post deposit 100
	allow 'purchase/transaction/30 purchase/day/50 purchase/month/60 withdrawal/day/5'
	expect 200
	post purchase 30
	post purchase 21
	refused purchase day 50 30 21
	post purchase 20
	expect 201
	allow 'purchase/day/90 purchase/month/60 withdrawal/day/5'
	post purchase 11
	refused purchase month 60 50 11
	api GET "/v1/wallets/$WALLET/limits"
	expect 200
	[ "$(json '.credit_limit')" = 0 ]
	[ "$(json '[.limits[] | "\(.kind)/\(.per)/\(.amount)/\(.used)/\(.of)"] | join(" ")')" = "purchase/day/90/50/wallet purchase/month/60/50/wallet withdrawal/day/5/0/wallet" ]
	[ "$(json '.limits[0].frees_at')" = "$(date -u -d "$(date -u +%F) + 1 day" +%F)T00:00:00.000000Z" ]
	post deposit 100000
	expect 201
	allow ''
	expect 200
	[ "$(json -c .limits)" = '[]' ]
	post purchase 1000
	expect 201
}

@test "zero is a valid limit; a refused operation uses up nothing" {
	skip_at_midnight
	post deposit 100
	allow 'purchase/transaction/0 withdrawal/day/10'
	post purchase 1
	refused purchase transaction 0 0 1
	post withdrawal 11
	refused withdrawal day 10 0 11
	# Funds are checked first.
	post withdrawal 101
	expect 409 insufficient_funds
	post withdrawal 10
	expect 201
	allow 'withdrawal/transaction/5'
	[ "$(json -c '.limits[0]')" = '{"kind":"withdrawal","per":"transaction","amount":5,"of":"wallet"}' ]
}

@test "a currency's limits apply to each wallet in it, unless the wallet has its own" {
	skip_at_midnight
	for own in 1 2; do
		api POST /v1/wallets '{"currency":"NOK"}'
		WALLET=$(json .id)
		eval "wallet_$own=$WALLET"
	done
	allow_currency NOK '[{"kind":"deposit","per":"day","amount":100},{"kind":"deposit","per":"transaction","amount":60}]'
	expect 200
	[ "$(json '[.currency, .credit_limit, (.limits | length)] | join(" ")')" = "NOK 0 2" ]
	post deposit 61
	refused deposit transaction 60 0 61 currency
	post deposit 60
	expect 201
	post deposit 41
	refused deposit day 100 60 41 currency
	WALLET=$wallet_1 post deposit 60
	expect 201
	allow 'deposit/day/1000'
	[ "$(json '[.limits[] | "\(.kind)/\(.per)/\(.amount)/\(.of)"] | join(" ")')" = "deposit/transaction/60/currency deposit/day/1000/wallet" ]
	post deposit 41
	expect 201
	# null: no such limit for this wallet, even if the currency has one.
	TOKEN=$OPERATOR api PUT "/v1/wallets/$WALLET/limits" '{"limits":[{"kind":"deposit","per":"day","amount":null},{"kind":"deposit","per":"transaction","amount":null}]}'
	expect 200
	[ "$(json '.limits | length')" = 0 ]
	post deposit 5000
	expect 201
	WALLET=$wallet_1 post deposit 41
	refused deposit day 100 60 41 currency
	TOKEN=$OPERATOR api GET '/v1/wallets/limits?currency=NOK'
	[ "$(json '[.limits[] | "\(.kind)/\(.per)/\(.amount)"] | join(" ")')" = "deposit/transaction/60 deposit/day/100" ]
	allow_currency NOK '[]'
	expect 200
	WALLET=$wallet_1 post deposit 1000
	expect 201
}

@test "a credit limit: a wallet can owe that much, and the limit cannot fall below what is owed" {
	post deposit 10
	TOKEN=$OPERATOR api PUT "/v1/wallets/$WALLET/limits" '{"credit_limit":100,"limits":[],"reason":"a good customer"}'
	expect 200
	[ "$(json .credit_limit)" = 100 ]
	api GET "/v1/wallets/$WALLET"
	[ "$(json '[.balance, .available] | join(" ")')" = "10 110" ]
	post purchase 111
	expect 409 insufficient_funds
	[ "$(json '[.available, .required, .short_by, .held] | join(" ")')" = "110 111 1 0" ]
	post purchase 80
	expect 201
	[ "$(json .balance_after)" = -70 ]
	post hold 30
	expect 201
	api GET "/v1/wallets/$WALLET"
	[ "$(json '[.balance, .held, .available] | join(" ")')" = "-70 30 0" ]
	TOKEN=$OPERATOR api PUT "/v1/wallets/$WALLET/limits" '{"credit_limit":99,"limits":[]}'
	expect 409 insufficient_funds
	[ "$(json .short_by)" = 1 ]
	# Without the member it does not change.
	TOKEN=$OPERATOR api PUT "/v1/wallets/$WALLET/limits" '{"limits":[]}'
	expect 200
	[ "$(json .credit_limit)" = 100 ]
	post deposit 70
	[ "$(json .balance_after)" = 0 ]
	TOKEN=$OPERATOR api PUT "/v1/wallets/$WALLET/limits" '{"credit_limit":30,"limits":[]}'
	expect 200
	api GET "/v1/transactions?wallet_id=$WALLET&kind=limit"
	[ "$(json '[.data[].metadata.credit_limit | "\(.from)-\(.to)"] | join(" ")')" = "100-30 100-100 0-100" ]
	[ "$(json '.data[2] | [.amount, .description] | join(" ")')" = "0 a good customer" ]
}

@test "a currency's credit limit applies to wallets opened later" {
	api POST /v1/wallets '{"currency":"SEK"}'
	WALLET=$(json .id)
	allow_currency SEK '[]' '"credit_limit":500'
	expect 200
	[ "$(json .credit_limit)" = 500 ]
	post purchase 1
	expect 409 insufficient_funds
	api POST /v1/wallets '{"currency":"SEK"}'
	[ "$(json .available)" = 500 ]
	WALLET=$(json .id)
	post purchase 500
	expect 201
	[ "$(json .balance_after)" = -500 ]
	allow_currency SEK '[]'
	[ "$(json .credit_limit)" = 0 ]
}

@test "who can read and set limits, and which values are invalid" {
	api PUT "/v1/wallets/$WALLET/limits" '{"limits":[]}'
	expect 403 forbidden
	api PUT '/v1/wallets/limits?currency=CHF' '{"limits":[]}'
	expect 403 forbidden
	api GET "/v1/wallets/$WALLET/limits"
	expect 200
	owner=$TOKEN
	sign_up_and_in
	api GET "/v1/wallets/$WALLET/limits"
	expect 404 not_found
	TOKEN=$owner
	TOKEN=$OPERATOR api PUT /v1/wallets/018f6f2e-7b1c-7cc0-8000-000000000000/limits '{"limits":[]}'
	expect 404 not_found
	for bad in '{}' '{"limits":{}}' '{"limits":[{"kind":"gift","per":"day","amount":1}]}' '{"limits":[{"kind":"deposit","per":"year","amount":1}]}' \
		'{"limits":[{"kind":"deposit","per":"day","amount":-1}]}' '{"limits":[{"kind":"deposit","per":"day","amount":"1"}]}' '{"limits":[7]}' \
		'{"limits":[],"credit_limit":-1}' '{"limits":[{"kind":"deposit","per":"day","amount":1},{"kind":"deposit","per":"day","amount":2}]}'; do
		TOKEN=$OPERATOR api PUT "/v1/wallets/$WALLET/limits" "$bad"
		expect 422 invalid_request
		TOKEN=$OPERATOR api PUT '/v1/wallets/limits?currency=CHF' "$bad"
		expect 422 invalid_request
	done
	TOKEN=$OPERATOR api PUT '/v1/wallets/limits?currency=CHF' '{"limits":[{"kind":"deposit","per":"day","amount":null}]}'
	expect 422 invalid_request
	for bad in '' '?currency=XXQ' '?currency=eur' '?currency=EURO'; do
		TOKEN=$OPERATOR api PUT "/v1/wallets/limits$bad" '{"limits":[]}'
		expect 422 invalid_request
	done
	TOKEN=$OPERATOR api GET "/v1/wallets/$WALLET/limits"
	[ "$(json -c .limits)" = '[]' ]
}

@test "two limits of one kind and period are refused; a retry is marked as a replay" {
	allow "deposit/day/10 deposit/day/11"
	expect 422 invalid_request
	[ "$(json '.errors[0].pointer')" = /limits/1 ]
	allow_currency AED '[{"kind":"deposit","per":"day","amount":10},{"kind":"deposit","per":"day","amount":10}]'
	expect 422 invalid_request
	for _ in 1 2; do
		TOKEN=$OPERATOR api PUT "/v1/wallets/$WALLET/limits" '{"limits":[{"kind":"deposit","per":"day","amount":10}]}' -H 'Idempotency-Key: l'
		expect 200
	done
	[ "$(header Idempotent-Replayed)" = true ]
}

@test "a refusal caches the usage up to the last row, and counts no row twice" {
	skip_at_midnight
	post deposit 1000
	allow withdrawal/day/100
	post withdrawal 40
	for _ in 1 2; do
		post withdrawal 61
		refused withdrawal day 100 40 61
		[ "$(sql wallet "SELECT version || ' ' || day_used FROM limit_usage WHERE wallet_id = '$WALLET' AND kind = 'withdrawal'")" = "4 40" ]
	done
	post withdrawal 60
	expect 201
	post withdrawal 1
	refused withdrawal day 100 100 1
	api POST /v1/transactions/batch "{\"mode\":\"each\",\"transactions\":[{\"wallet_id\":\"$WALLET\",\"kind\":\"withdrawal\",\"amount\":1},{\"wallet_id\":\"$WALLET\",\"kind\":\"deposit\",\"amount\":1}]}"
	[ "$(json '[.results[].status] | join(" ")')" = "409 201" ]
}

@test "a limit on a wallet with a long history counts all of it, by HTTP, in a batch and in a dry run" {
	skip_at_midnight
	post deposit 100000
	sql wallet "INSERT INTO transaction (version, amount, balance_after, created_at, wallet_id, id, kind, contra)
			SELECT w.version + n, -1, w.balance - n, w.changed_at, w.id, gen_random_uuid(), 'purchase', 'merchant'
			FROM wallet w, generate_series(1, 12000) AS n WHERE w.id = '$WALLET';
		UPDATE wallet SET version = version + 12000, balance = balance - 12000 WHERE id = '$WALLET'"
	allow 'purchase/day/12010'
	expect 200
	[ "$(json '.limits[0].used')" = 12000 ]
	forget() { sql wallet "DELETE FROM limit_usage WHERE wallet_id = '$WALLET'"; }
	forget
	post purchase 11
	refused purchase day 12010 12000 11
	forget
	api POST '/v1/transactions?dry_run=true' "{\"wallet_id\":\"$WALLET\",\"kind\":\"purchase\",\"amount\":10}"
	expect 200
	forget
	api POST /v1/transactions/batch "{\"mode\":\"atomic\",\"transactions\":[{\"wallet_id\":\"$WALLET\",\"kind\":\"purchase\",\"amount\":4},
		{\"wallet_id\":\"$WALLET\",\"kind\":\"purchase\",\"amount\":4}]}"
	expect 201
	forget
	post purchase 2
	expect 201
	post purchase 1
	refused purchase day 12010 12010 1
}
