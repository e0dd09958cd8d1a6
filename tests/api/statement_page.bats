#!/usr/bin/env bats
# statement_page.bats - immediate statements: their contents, paging, refusals, and that a wrong one
# is never shown. It takes turns with the files that stop the consumer: some of its reads wait for a
# line only as long as users do.

load ../helper

setup() {
	a_user
	api POST /v1/wallets '{"name":"Everyday"}'
	WALLET=$(json .id)
}

# post KIND AMOUNT [MORE MEMBERS] - posts to the wallet; sets VERSION to the new line's version.
post() {
	api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"$1\",\"amount\":$2${3:+,$3}}"
	[ "$status_code" = 201 ] || { echo "$body"; return 1; }
	VERSION=$(json .version)
}

today() { date -u +%F; }

@test "a statement shows every line, signed, and adds up" {
	post deposit 10000
	post purchase 2500 '"merchant":"Corner Shop","description":"Groceries"'
	purchase=$(json .id)
	post cancellation 1000 "\"reference_id\":\"$purchase\""
	post withdrawal 500
	eventually line_arrived "$VERSION"
	api GET "/v1/statements?wallet_id=$WALLET&from=$(today)&to=$(today)"
	[ "$status_code" = 200 ]
	[ "$(json 'keys_unsorted | join(" ")')" = "wallet_id currency from to opening_balance closing_balance version lines next_cursor" ]
	[ "$(json '.lines[0] | keys_unsorted | join(" ")')" = "version id kind amount balance_after merchant description reference_id created_at" ]
	[ "$(json '[.wallet_id, .currency] | join(" ")')" = "$WALLET EUR" ]
	[ "$(json '[.lines[] | "\(.version) \(.kind) \(.amount) \(.balance_after)"] | join(", ")')" = \
		"1 opening 0 0, 2 deposit 10000 10000, 3 purchase -2500 7500, 4 cancellation 1000 8500, 5 withdrawal -500 8000" ]
	[ "$(json '[.opening_balance, .closing_balance, .version] | join(" ")')" = "0 8000 5" ]
	[ "$(json '.opening_balance + ([.lines[].amount] | add) == .closing_balance')" = true ]
	[ "$(json '[.lines[2].merchant, .lines[2].description, .lines[3].reference_id] | join("|")')" = "Corner Shop|Groceries|$purchase" ]
	[ "$(json .next_cursor)" = null ]
	[ "$(json .from)" = "$(today)T00:00:00.000000Z" ]
	[ "$(json .to)" = "$(date -u -d tomorrow +%F)T00:00:00.000000Z" ]
}

@test "reversals of every kind have the right sign" {
	post deposit 10000
	deposit=$(json .id)
	post purchase 2000 '"merchant":"Shop"'
	purchase=$(json .id)
	owner=$TOKEN
	sign_up_and_in
	make_operator "$EMAIL"
	post reversal 2000 "\"reference_id\":\"$purchase\""
	post reversal 3000 "\"reference_id\":\"$deposit\""
	TOKEN=$owner
	eventually line_arrived "$VERSION"
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$(json '[.lines[].amount] | join(" ")')" = "0 10000 -2000 2000 -3000" ]
	[ "$(json .closing_balance)" = 7000 ]
}

@test "without wallet_id it shows the caller's oldest wallet" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	api POST /v1/wallets '{"name":"Second"}'
	eventually line_arrived 1
	api GET "/v1/statements?min_version=1"
	[ "$status_code" = 200 ]
	[ "$(json .wallet_id)" = "$WALLET" ]
}

@test "once the oldest wallet is closed, it shows the one that transactions go to" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	an_operator
	api POST /v1/wallets '{"name":"Second"}'
	second=$(json .id)
	TOKEN=$OPERATOR api POST "/v1/wallets/$WALLET/close" '{"reason":"moved"}'
	expect 201
	api POST /v1/transactions '{"kind":"deposit","amount":5}'
	expect 201
	[ "$(json .wallet_id)" = "$second" ]
	moved() {
		api GET "/v1/statements?min_version=2"
		[ "$(json .wallet_id)" = "$second" ]
	}
	eventually moved
	[ "$(json .closing_balance)" = 5 ]
}

own_write_is_read() {
	api GET "/v1/statements?wallet_id=$WALLET&min_version=$VERSION"
	[ "$status_code" = 200 ] && [ "$(json .version)" = "$VERSION" ]
}

@test "min_version reads the caller's own writes, and waits no longer than it must" {
	for n in $(seq 5); do
		post deposit "$n"
		eventually own_write_is_read
		[ "$(json '.lines[-1].amount')" = "$n" ]
	done
	# Requested before it is posted: the statement waits for it, and its period, which ends now,
	# includes it.
	curl -sS -m "$PATIENCE" -H "Authorization: Bearer $TOKEN" "$BASE_URL/v1/statements?wallet_id=$WALLET&min_version=$((VERSION + 1))" \
		>"$BATS_TEST_TMPDIR/early" 3>&- &
	sleep 0.3
	post deposit 77
	wait $!
	[ "$(gojq '.lines[-1].amount' "$BATS_TEST_TMPDIR/early")" = 77 ]
	api GET "/v1/statements?wallet_id=$WALLET&min_version=1000"
	[ "$status_code" = 200 ]
	[ "$(json .version)" = "$VERSION" ]
}

@test "pages neither skip nor repeat lines, and show the balances of the whole period" {
	for n in 1 2 3 4 5 6; do post deposit $((n * 100)); done
	eventually line_arrived "$VERSION"
	api GET "/v1/statements?wallet_id=$WALLET&limit=3"
	[ "$status_code" = 200 ]
	all=$(json '[.lines[].version] | join(" ")')
	closing=$(json .closing_balance)
	[ "$closing" = 2100 ]
	next=$(json .next_cursor)
	grep -qi "^link: </v1/statements?.*cursor=$next>; rel=\"next\"" <<<"$headers"
	post deposit 5000 # too late for this statement
	eventually line_arrived "$VERSION"
	while [ "$next" != null ]; do
		api GET "/v1/statements?wallet_id=$WALLET&limit=3&cursor=$next"
		[ "$status_code" = 200 ]
		[ "$(json '[.opening_balance, .closing_balance, .version] | join(" ")')" = "0 $closing 7" ]
		all="$all $(json '[.lines[].version] | join(" ")')"
		next=$(json .next_cursor)
	done
	[ "$all" = "1 2 3 4 5 6 7" ]
	[ -z "$(header Link)" ]
	# A cursor has the version that the first page saw, so no later page waits for another.
	api GET "/v1/statements?wallet_id=$WALLET&limit=3&min_version=2"
	next=$(json .next_cursor)
	[ "$(header Link)" = "</v1/statements?wallet_id=$WALLET&limit=3&cursor=$next>; rel=\"next\"" ]
	begun=$SECONDS
	api GET "/v1/statements?wallet_id=$WALLET&limit=3&cursor=$next&min_version=1000"
	[ "$status_code" = 200 ]
	[ $((SECONDS - begun)) -lt 5 ]
}

@test "lines dated ahead by a clock that ran ahead belong to a period that ends now: it closes with the balance" {
	a_user
	api POST /v1/wallets '{}'
	wallet=$(json .id)
	deposit() { api POST /v1/transactions "{\"wallet_id\":\"$wallet\",\"kind\":\"deposit\",\"amount\":$1}" && expect 201; }
	deposit 100
	sql wallet "UPDATE wallet SET changed_at = clock_timestamp() + interval '15 s' WHERE id = '$wallet'"
	deposit 20
	deposit 3
	ahead=$(json .created_at)
	WALLET=$wallet
	eventually line_arrived 4
	api GET "/v1/statements?wallet_id=$wallet"
	expect 200
	[ "$(json '[.opening_balance, .closing_balance, .dated_ahead, .version, (.lines | length), .lines[3].created_at] | join(" ")')" = "0 123 3 4 4 $ahead" ]
	[[ $(json .to) < $ahead ]]
	# Every page, and every format.
	api GET "/v1/statements?wallet_id=$wallet&limit=3"
	[ "$(json '"\(.closing_balance) \(.dated_ahead)"')" = "123 3" ]
	api GET "/v1/statements?wallet_id=$wallet&limit=3&cursor=$(json .next_cursor)"
	[ "$(json '[.closing_balance, (.lines | length), .lines[0].balance_after, .next_cursor] | join(" ")')" = "123 1 123 " ]
	api GET "/v1/statements?wallet_id=$wallet&format=csv"
	[ "$(grep -c deposit <<<"$body")" = 3 ]
	# A period that has ended has none of them.
	api GET "/v1/statements?wallet_id=$wallet&from=2026-01-01T00:00:00Z&to=2026-01-10T00:00:00Z"
	[ "$(json '"\(.closing_balance) \(has("dated_ahead"))"')" = "0 false" ]
	# The wallet's own reads agree.
	api GET "/v1/wallets/$wallet/balance?at=$(date -u +%FT%T.%6NZ)"
	[ "$(json '"\(.balance) \(.version)"')" = "123 4" ]
	api GET "/v1/wallets/$wallet/balances?by=hour"
	[ "$(json '.data[-1] | "\(.balance) \(.version)"')" = "123 4" ]
}

@test "periods of instants are half-open, dates are whole days, and both can be mixed" {
	post deposit 100
	eventually line_arrived "$VERSION"
	api GET "/v1/statements?wallet_id=$WALLET"
	opened=$(json '.lines[0].created_at')
	deposited=$(json '.lines[1].created_at')
	api GET "/v1/statements?wallet_id=$WALLET&from=$opened&to=$deposited"
	[ "$(json '[.lines[].version] | join(" ")')" = 1 ]
	[ "$(json '[.opening_balance, .closing_balance] | join(" ")')" = "0 0" ]
	api GET "/v1/statements?wallet_id=$WALLET&from=$deposited&to=$(today)"
	[ "$(json '[.lines[].version] | join(" ")')" = 2 ]
	[ "$(json '[.opening_balance, .closing_balance] | join(" ")')" = "0 100" ]
	# An offset, with and without its plus sign escaped.
	berlin=$(TZ=Europe/Berlin date -d "$deposited" +%Y-%m-%dT%H:%M:%S)
	micro=$(sed 's/.*\(\.[0-9]*\)Z/\1/' <<<"$deposited")
	offset=$(TZ=Europe/Berlin date -d "$deposited" +%:z)
	for plus in "${offset/+/%2B}" "$offset"; do
		api GET "/v1/statements?wallet_id=$WALLET&from=$berlin$micro$plus"
		[ "$status_code" = 200 ]
		[ "$(json .from)" = "$deposited" ]
	done
	api GET "/v1/statements?wallet_id=$WALLET&from=$deposited&to=$deposited"
	[ "$status_code" = 200 ]
	[ "$(json '.lines | length')" = 0 ]
	yesterday=$(date -u -d yesterday +%F)
	api GET "/v1/statements?wallet_id=$WALLET&from=$yesterday&to=$yesterday"
	[ "$(json '[(.lines | length), .opening_balance, .closing_balance] | join(" ")')" = "0 0 0" ]
}

@test "fifteen days are answered at once; one more day makes it a job" {
	eventually line_arrived 1
	api GET "/v1/statements?wallet_id=$WALLET&from=2026-01-01&to=2026-01-15"
	[ "$status_code" = 200 ]
	api GET "/v1/statements?wallet_id=$WALLET&from=2026-01-01T00:00:00Z&to=2026-01-16T00:00:00Z"
	[ "$status_code" = 200 ]
	api GET "/v1/statements?wallet_id=$WALLET&from=2026-01-01&to=2026-01-16"
	[ "$status_code" = 202 ]
}

@test "CSV: the whole period at once, or page by page; formulas are escaped" {
	post deposit 100 '"description":"=1+1"'
	post deposit 200 '"description":"a, \"b\"\nc"'
	eventually line_arrived "$VERSION"
	api GET "/v1/statements?wallet_id=$WALLET&format=csv"
	[ "$status_code" = 200 ]
	grep -qi '^content-type: text/csv' <<<"$headers"
	rows=$(python3 -c '
import csv, io, sys
for row in csv.reader(io.StringIO(sys.stdin.buffer.read().decode(), newline="")):
    print("|".join(row[:1] + row[2:5] + row[6:7]))' <<<"$body")
	[ "$rows" = "$(printf 'version|kind|amount|balance_after|description\n1|opening|0|0|\n2|deposit|100|100|'"'"'=1+1\n3|deposit|200|300|a, "b"\nc')" ]
	for accept in text/csv 'text/*' 'application/json;q=0.1, TEXT/CSV'; do
		api GET "/v1/statements?wallet_id=$WALLET" '' -H "Accept: $accept"
		[ "$status_code" = 200 ]
		grep -qi '^content-type: text/csv' <<<"$headers"
	done
	for accept in 'text/csv;q=0' 'text/csv, application/json' image/png; do
		api GET "/v1/statements?wallet_id=$WALLET" '' -H "Accept: $accept"
		grep -qi '^content-type: application/json' <<<"$headers"
	done
	api GET "/v1/statements?wallet_id=$WALLET&format=csv&limit=2"
	grep -qi '^link: .*rel="next"' <<<"$headers"
	next=$(sed -n 's/.*cursor=\([A-Za-z0-9_-]*\)>.*/\1/p' <<<"$headers")
	api GET "/v1/statements?wallet_id=$WALLET&format=csv&limit=2&cursor=$next"
	[ "$(grep -c '^3,' <<<"$body")" = 1 ]
	! grep -q '^2,' <<<"$body"
}

@test "the error lists everything wrong in the query at once" {
	api GET '/v1/statements?wallet_id=x&from=yesterday&to=2026-02-30&format=pdf&min_version=0&limit=201&colour=red'
	[ "$status_code" = 422 ]
	[ "$(json .code)" = invalid_request ]
	[ "$(json '[.errors[].pointer] | sort | join(" ")' | grep -c '/format /from /limit /min_version /to /wallet_id')" = 1 ]
	for query in 'from=2026-02-02&to=2026-02-01' 'from=2010-01-01&to=2026-01-01' 'limit=0' 'limit=ten' 'cursor=abc' 'from=1969-12-31' \
		'from=2026-01-01T00:00:00' 'to=' 'min_version=9007199254740992' 'from=2026-01-01&from=2026-01-02'; do
		api GET "/v1/statements?wallet_id=$WALLET&$query"
		[ "$status_code" = 422 ] || { echo "$query: $status_code $body"; return 1; }
		[ "$(json .code)" = invalid_request ]
	done
	api POST /v1/statements '{}'
	[ "$status_code" = 405 ]
	grep -qi '^allow: .*GET' <<<"$headers"
}

@test "a cursor belongs to its wallet and period" {
	post deposit 1
	eventually line_arrived "$VERSION"
	api GET "/v1/statements?wallet_id=$WALLET&limit=1"
	next=$(json .next_cursor)
	api GET "/v1/statements?limit=1&cursor=$next"
	[ "$status_code" = 200 ]
	[ "$(json '.lines[0].version')" = 2 ]
	api GET "/v1/statements?from=2026-01-01&to=2026-01-02&cursor=$next"
	[ "$status_code" = 422 ]
	api POST /v1/wallets '{}'
	api GET "/v1/statements?wallet_id=$(json .id)&cursor=$next"
	[ "$status_code" = 422 ]
	sign_up_and_in
	api GET "/v1/statements?cursor=$next"
	[ "$status_code" = 404 ]
}

@test "a forged cursor is refused, and raises no alarm" {
	post deposit 1
	eventually line_arrived "$VERSION"
	api GET "/v1/statements?wallet_id=$WALLET&limit=1"
	next=$(json .next_cursor)
	read -r wallet _ to head after _ <<<"$(tr '_-' '/+' <<<"$next==" | base64 -d 2>/dev/null)"
	# The period begins where the statement has already ended.
	api GET "/v1/statements?cursor=$(printf '%s' "$wallet $to $to $head $after 1" | base64 -w0 | tr '+/' '-_' | tr -d =)"
	[ "$status_code" = 422 ]
	[[ "$(json '.errors[0].detail')" == *"not a valid cursor"* ]]
}

@test "another user's wallet looks like one that does not exist, except to operators and services" {
	eventually line_arrived 1
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$status_code" = 200 ]
	sign_up_and_in
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$status_code" = 404 ]
	theirs=$(json .code)
	api GET "/v1/statements?wallet_id=01a00000-0000-7000-8000-000000000000"
	[ "$status_code" = 404 ]
	[ "$(json .code)" = "$theirs" ]
	api GET /v1/statements
	[ "$status_code" = 404 ]
	"$BUILD/purse" user role add "$EMAIL" service
	sign_in "$EMAIL"
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$status_code" = 200 ]
	"$BUILD/purse" user role remove "$EMAIL" service
	sign_in "$EMAIL"
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$status_code" = 404 ]
	make_operator "$EMAIL"
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$status_code" = 200 ]
	TOKEN='' api GET "/v1/statements?wallet_id=$WALLET"
	[ "$status_code" = 401 ]
}

# Tries everything that a rogue writer could do to a line, and restores the line each time.
@test "a changed line is never shown: 500 inconsistent, and an alarm" {
	post deposit 1000
	post deposit 2000
	post purchase 500 '"merchant":"Shop"'
	eventually line_arrived "$VERSION"
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$status_code" = 200 ]
	good=$body
	saved=$(sql statement "SELECT row_to_json(l) FROM line l WHERE wallet_id = '$WALLET' AND version = 3")
	for change in "UPDATE line SET amount = amount + 1" "UPDATE line SET balance_after = balance_after + 1" \
		"UPDATE line SET amount = amount + 1, balance_after = balance_after + 1" "UPDATE line SET version = 300" \
		"UPDATE line SET created_at = created_at - interval '1 day'" "DELETE FROM line"; do
		sql statement "$change WHERE wallet_id = '$WALLET' AND version = 3"
		api GET "/v1/statements?wallet_id=$WALLET"
		changed="$change: $status_code $body"
		sql statement "DELETE FROM line WHERE wallet_id = '$WALLET' AND version IN (3, 300);
			INSERT INTO line SELECT * FROM json_populate_record(NULL::public.line, \$\$$saved\$\$)"
		grep -q ': 500 .*"code":"inconsistent"' <<<"$changed" || { echo "$changed"; return 1; }
	done
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$(gojq -c .lines <<<"$good")" = "$(gojq -c .lines <<<"$body")" ]
}

@test "a missing line hides the lines after it, however long it is missing: what is proven before it is shown" {
	post deposit 1000
	eventually line_arrived "$VERSION"
	api GET "/v1/statements?wallet_id=$WALLET"
	deposited=$(json '.lines[1].created_at')
	# Line 4 without line 3: stored, but not shown.
	sql statement "SELECT lines_store(ARRAY['$WALLET'::uuid], ARRAY[4::bigint], ARRAY['$WALLET'::uuid], ARRAY['$USER_ID'::uuid], ARRAY['EUR'],
		ARRAY['deposit'], ARRAY[1::bigint], ARRAY[1002::bigint], ARRAY[NULL], ARRAY[NULL], ARRAY[NULL::uuid], ARRAY[clock_timestamp()])"
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$status_code" = 200 ]
	[ "$(json '[.version, (.lines | length)] | join(" ")')" = "2 2" ]
	sql statement "UPDATE wallet SET gap_since = gap_since - interval '1 hour' WHERE wallet_id = '$WALLET'"
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$status_code" = 200 ]
	[ "$(json '[.version, .closing_balance, (.lines | length)] | join(" ")')" = "2 1000 2" ]
	# A period that ends before the gap is complete.
	api GET "/v1/statements?wallet_id=$WALLET&to=$deposited"
	[ "$status_code" = 200 ]
	sql statement "DELETE FROM line WHERE wallet_id = '$WALLET' AND version = 4;
		UPDATE wallet SET newest = version, gap_since = NULL WHERE wallet_id = '$WALLET'"
	post deposit 7
	eventually line_arrived "$VERSION"
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$status_code" = 200 ]
	[ "$(json '[.version, .closing_balance] | join(" ")')" = "3 1007" ]
}

@test "the service reports that it is healthy" {
	TOKEN='' api GET /health/statement
	[ "$status_code" = 200 ]
	[ "$body" = '{"status":"ok"}' ]
}

@test "a statement without lines says what was looked for, and what to do" {
	unknown=01a00000-0000-7000-8000-000000000000
	api GET "/v1/statements?wallet_id=$unknown"
	expect 404 not_found
	[[ "$(json .detail)" == *"$unknown"*'try again'* ]]
	[ "$(header Retry-After)" = 1 ]
	api GET "/v1/statements/$unknown"
	expect 404 not_found
	[[ "$(json .detail)" == *'GET /v1/statements '* ]]
}
