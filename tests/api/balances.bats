#!/usr/bin/env bats
# balances.bats - the balance over time, with a point per hour, day or month; and as of an instant.

load ../helper

# A wallet with backdated rows: opened three days ago, 100 a day later, a hold of 30 some two hours
# after that, now 60.
setup() {
	a_user
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	for operation in '"kind":"deposit","amount":100' '"kind":"hold","amount":30' '"kind":"purchase","amount":40'; do
		api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",$operation}"
		expect 201
	done
	# Wait until the statement has the rows before they change. Otherwise it could get either
	# time.
	eventually arrived
	# At noon, so that an hour more or less stays on the same day.
	DAY=$(date -u -d '3 days ago' +%F)
	sql wallet "UPDATE transaction SET created_at = CASE version WHEN 1 THEN '$DAY 12:00Z'::timestamptz WHEN 2 THEN '$DAY 12:00Z'::timestamptz + interval '1 day'
			WHEN 3 THEN '$DAY 14:30Z'::timestamptz + interval '1 day' ELSE created_at END WHERE wallet_id = '$WALLET';
		UPDATE wallet SET created_at = '$DAY 12:00Z' WHERE id = '$WALLET'"
}
arrived() {
	api GET "/v1/statements?wallet_id=$WALLET&min_version=4&limit=1"
	[ "$status_code" = 200 ] && [ "$(json .version)" = 4 ]
}
teardown() {
	# The statement still has the original times, so update them.
	sql statement "UPDATE line l SET created_at = t.at::timestamptz FROM (VALUES $(sql wallet "SELECT string_agg(format('(%L::uuid, %s, %L)', wallet_id, version, created_at), ',')
		FROM transaction WHERE wallet_id = '$WALLET'")) AS t(wallet_id, version, at) WHERE l.wallet_id = t.wallet_id AND l.version = t.version"
}

day() { date -u -d "$DAY + $1 days" +%F; }
points() { api GET "/v1/wallets/$WALLET/balances?$1" && expect 200; }

@test "by day: the balance at the end of each day; none before the opening; the last point ends now" {
	points "from=$(day -5)"
	[ "$(json '[.wallet_id, .currency, .by] | join(" ")')" = "$WALLET EUR day" ]
	[ "$(json '[.data[] | "\(.balance)/\(.held)/\(.available)/\(.version)"] | join(" ")')" = "0/0/0/1 100/30/70/3 100/30/70/3 60/30/30/4" ]
	[ "$(json '[.data[].starts_at] | join(" ")')" = "$(for i in 0 1 2 3; do echo "$(day $i)T00:00:00.000000Z"; done | paste -sd ' ')" ]
	[ "$(json '.data[0].ends_at == .data[1].starts_at')" = true ]
	[[ $(json '.data[3].ends_at') > $(json '.data[3].starts_at') ]]
	[ "$(json '.data[0] | keys_unsorted | join(" ")')" = "starts_at ends_at balance held available version" ]
}

@test "by hour, and only the requested hours" {
	points "from=$(day 1)T11:00:00Z&to=$(day 1)T16:00:00Z&by=hour"
	[ "$(json '[.data[] | "\(.starts_at[11:13]):\(.balance)/\(.held)"] | join(" ")')" = "11:0/0 12:100/0 13:100/0 14:100/30 15:100/30" ]
	points "from=$(day 1)T14:10:00Z&to=$(day 1)T14:20:00Z&by=hour"
	[ "$(json '[.data[] | "\(.starts_at[11:19]) \(.ends_at[11:19]) \(.balance)/\(.held)"] | join(" ")')" = "14:00:00 14:20:00 100/0" ]
}

@test "a period that reaches into the future ends now" {
	points "from=$(day 2)&to=$(day 40)"
	[ "$(json '[.data[] | "\(.starts_at[0:10]) \(.balance)"] | join(" ")')" = "$(day 2) 100 $(day 3) 60" ]
	[[ $(json '.data[-1].ends_at') < $(day 4) ]]
	points "from=$(day 10)&to=$(day 20)"
	[ "$(json '.data | length')" = 0 ]
}

@test "by month: the last point is the current balance" {
	points "from=2020-01-01&by=month"
	[ "$(json '.data[-1] | "\(.balance)/\(.held)/\(.version)"')" = 60/30/4 ]
	[ "$(json '.data | length')" -le 2 ]
	[ "$(json '.data[0].starts_at')" = "$(date -u -d "$DAY" +%Y-%m)-01T00:00:00.000000Z" ]
}

@test "each point equals the balance at its end" {
	points "from=$(day 0)&by=hour"
	list=$(json '.data[] | "\(.ends_at) \(.balance) \(.held) \(.available) \(.version)"' | awk 'NR % 9 == 1')
	while read -r at want; do
		# The end is exclusive: the point includes the microsecond before it.
		before=$(($(date -u -d "$at" +%s%6N) - 1))
		api GET "/v1/wallets/$WALLET/balance?at=$(date -u -d "@${before::-6}.${before: -6}" +%FT%T.%6NZ)"
		expect 200 || expect 404
		[ "$status_code" = 404 ] || [ "$(json '"\(.balance) \(.held) \(.available) \(.version)"')" = "$want" ]
	done <<<"$list"
}

@test "at most 1000 points; periods and steps must be valid; only for the owner's wallet" {
	sql wallet "UPDATE transaction SET created_at = created_at - interval '60 days' WHERE wallet_id = '$WALLET' AND version < 4;
		UPDATE wallet SET created_at = created_at - interval '60 days' WHERE id = '$WALLET'"
	api GET "/v1/wallets/$WALLET/balances?from=2020-01-01&by=hour"
	expect 422 invalid_request
	[ "$(json '.errors[0].pointer')" = /by ]
	from=$(date -u -d "$DAY 13:00 UTC - 60 days" +%FT%TZ)
	points "from=$from&to=$(date -u -d "$from + 1000 hours" +%FT%TZ)&by=hour"
	[ "$(json '.data | length')" = 1000 ]
	api GET "/v1/wallets/$WALLET/balances?from=$from&to=$(date -u -d "$from + 1001 hours" +%FT%TZ)&by=hour"
	expect 422 invalid_request
	for bad in 'by=year' 'from=yesterday' "from=$(day 2)&to=$(day 1)" 'colour=red'; do
		api GET "/v1/wallets/$WALLET/balances?$bad"
		expect 422 invalid_request
	done
	points "to=2020-01-01"
	[ "$(json -c .data)" = '[]' ]
	sign_up_and_in
	api GET "/v1/wallets/$WALLET/balances"
	expect 404 not_found
}
