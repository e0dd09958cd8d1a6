#!/usr/bin/env bats
# find.bats - searching transactions: each filter, several together, and page by page.

load ../helper

setup() {
	a_user
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	post '{"kind":"deposit","amount":1000,"description":"Salary of May","metadata":{"run":7,"paid":true,"note":null,"a]b":"c=d&e"}},
		{"kind":"purchase","amount":10,"merchant":"Bakery","description":"50% of a_cake \\ today","metadata":{"order":"A-1"}},
		{"kind":"purchase","amount":20,"merchant":"bakery","metadata":{"order":"A-2","run":"7"}},
		{"kind":"hold","amount":30,"merchant":"Bakery"},
		{"kind":"withdrawal","amount":40,"description":"ÜBER cash"}'
}

# post 'TRANSACTION, ...' - posts them to the wallet, one after another
post() {
	api POST /v1/transactions/batch "{\"mode\":\"atomic\",\"transactions\":[${1//'{"kind"'/"{\"wallet_id\":\"$WALLET\",\"kind\""}]}"
	expect 201
}

# found [QUERY...] - prints the amounts of the matching transactions, newest first
found() {
	local arguments=() pair
	for pair; do arguments+=(--data-urlencode "$pair"); done
	api GET /v1/transactions '' -G --data-urlencode "wallet_id=$WALLET" "${arguments[@]}"
	expect 200 && json '[.data[].amount] | join(" ")'
}
refused() {
	local arguments=() pair
	for pair; do arguments+=(--data-urlencode "$pair"); done
	api GET /v1/transactions '' -G --data-urlencode "wallet_id=$WALLET" "${arguments[@]}"
	expect 422 invalid_request
}

@test "a value that is not text is refused by the name of its parameter" {
	local value
	for value in %ff %00 a%00b %c3 %80 %ed%a0%80 %c0%af %f8%88%80%80%80; do
		api GET "/v1/transactions?wallet_id=$WALLET&merchant=$value&metadata%5Ba%5D=$value"
		expect 422 invalid_request
		[ "$(json '[.errors[].pointer] | join(" ")')" = '/merchant /metadata' ]
		api GET "/v1/wallets?limit=$value"
		expect 422 invalid_request
		[ "$(json '[.errors[].pointer] | join(" ")')" = /limit ]
		# The name itself; no response repeats it.
		api GET "/v1/statements?a$value=1"
		expect 422 invalid_request
		[[ "$(json '.errors[0] | .pointer + .detail')" == 'the name of a parameter must '* ]]
		# The documents and paths without a query take no notice.
		api GET "/openapi.yaml?$value"
		expect 200
		api GET "/v1/wallets/$value"
		expect 404 not_found
	done
	# The gateway escapes an invalid %; other web servers pass it on.
	run other_auth GET /v1/auth/sessions '' QUERY_STRING='limit=%zz'
	[[ $output == 'Status: 400'* && $output == *'"code":"malformed_request"'*'invalid % escape in limit'* ]]
}

@test "by kind and by exact merchant" {
	[ "$(found)" = "40 30 20 10 1000 0" ]
	[ "$(found kind=hold)" = 30 ]
	[ "$(found merchant=Bakery)" = "30 10" ]
	[ "$(found merchant=bakery)" = 20 ]
	[ "$(found merchant=Bake)" = '' ]
	[ "$(found merchant=Bakery kind=purchase)" = 10 ]
}

@test "by amount as shown, both ends included" {
	[ "$(found min_amount=20)" = "40 30 20 1000" ]
	[ "$(found max_amount=20)" = "20 10 0" ]
	[ "$(found min_amount=20 max_amount=30)" = "30 20" ]
	[ "$(found min_amount=31 max_amount=39)" = '' ]
	[ "$(found min_amount=9007199254740991)" = '' ]
	for bad in min_amount=0 min_amount=x min_amount=1.5 max_amount=-1 max_amount=9007199254740992; do refused $bad; done
	api GET "/v1/transactions?wallet_id=$WALLET&min_amount=2&max_amount=1"
	expect 422 invalid_request
}

@test "by text in the description, case-insensitive and without wildcards" {
	[ "$(found q=salary)" = 1000 ]
	[ "$(found q=OF)" = "10 1000" ]
	[ "$(found 'q=ÜBER CASH')" = 40 ]
	[ "$(found 'q=über cash')" = 40 ]
	[ "$(found 'q=50%')" = 10 ]
	[ "$(found 'q=5%c')" = '' ]
	[ "$(found q=a_c)" = 10 ]
	[ "$(found q=f_m)" = '' ]
	[ "$(found 'q=\')" = 10 ]
	[ "$(found q=.)" = '' ]
	[ "$(found "q='")" = '' ]
	refused q=
	refused "q=$(printf 'q%.0s' {1..101})"
}

@test "by metadata: a member with that value, text, number or true; several must all match" {
	[ "$(found 'metadata[order]=A-1')" = 10 ]
	[ "$(found 'metadata[run]=7')" = "20 1000" ]
	[ "$(found 'metadata[paid]=true')" = 1000 ]
	[ "$(found 'metadata[run]=7' 'metadata[order]=A-2')" = 20 ]
	[ "$(found 'metadata[run]=7' 'metadata[order]=A-1')" = '' ]
	[ "$(found 'metadata[a]b]=c=d&e')" = 1000 ]
	[ "$(found 'metadata[note]=')" = '' ]
	[ "$(found 'metadata[order]=a-1')" = '' ]
	refused metadata=7
	refused 'metadata[run]=7' 'metadata[paid]=true' 'metadata[run]=8'
	[[ $body == *'"/metadata","detail":"is given twice for one member"'* ]]
}

@test "metadata keeps its numbers as sent, and is found by their value, however it is spelled" {
	post '{"kind":"deposit","amount":1,"metadata": {"price": 1.1, "big":123456789.123456789,"e":1E2, "z":1.10,"small":1e-400}},
		{"kind":"deposit","amount":2,"metadata":{"price":"1.1","n":9007199254740993}},
		{"kind":"deposit","amount":3,"metadata":{"price":1.10,"n":9007199254740992,"big":0e99999}}'
	[[ $body == *'"metadata":{"price":1.1,"big":123456789.123456789,"e":1E2,"z":1.10,"small":1e-400}'* ]]
	[ "$(found 'metadata[price]=1.1')" = "3 2 1" ]
	[ "$(found 'metadata[price]=11e-1')" = "3 1" ]
	[ "$(found 'metadata[price]=1.1000000000000001')" = '' ]
	[ "$(found 'metadata[big]=123456789.123456789' 'metadata[e]=100.0' 'metadata[z]=1.1' 'metadata[small]=1e-400')" = 1 ]
	[ "$(found 'metadata[n]=9007199254740993')" = 2 ]
	[ "$(found 'metadata[n]=9007199254740992.0')" = 3 ]
	[ "$(found 'metadata[big]=1e131072')" = '' ]
	[ "$(found 'metadata[big]=0e99999')" = 3 ]
	api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"deposit\",\"amount\":4,\"metadata\":{\"price\":1.10,\"n\":[0.10]}}"
	expect 201
	[[ $body == *'"metadata":{"price":1.10,"n":[0.10]}'* ]]
	[ "$(found 'metadata[price]=1.100')" = "4 3 1" ]
	api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"deposit\",\"amount\":4,\"metadata\":{\"n\":9223372036854775808}}"
	[[ "$status_code $body" == "422 "*'"detail":"line 1, column 115: the number is too large: integers have 64 bits, other numbers are at most 1.8e308"'* ]]
	api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"deposit\",\"amount\":4,\"metadata\":{\"n\":1e309}}"
	[[ "$status_code $body" == "422 "*'the number is too large'* ]]
}

@test "by time, and by all filters together" {
	refused from=2026-01-02 to=2026-01-01
	[[ $body == *'"/from","detail":"must not be later than to"'* ]]
	[ "$(found from=2026-01-02 to=2026-01-02)" = '' ]
	refused from=1969-12-31 to=1969-12-31T23:59:59Z
	[ "$(grep -o 'must be a date from 1970 on' <<<"$body" | wc -l)" = 2 ]
	at=$(sql wallet "SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM transaction WHERE wallet_id = '$WALLET' AND kind = 'hold'")
	[ "$(found "from=$at")" = "40 30 20 10 1000" ]
	[ "$(found "to=$at")" = 0 ]
	[ "$(found "from=$at" kind=purchase merchant=Bakery min_amount=5 max_amount=15 q=cake 'metadata[order]=A-1')" = 10 ]
	[ "$(found "from=$at" kind=purchase merchant=Bakery min_amount=5 max_amount=15 q=cake 'metadata[order]=A-2')" = '' ]
}

@test "pages keep the filters, also across all of a user's wallets" {
	for i in $(seq 6); do printf '{"kind":"purchase","amount":%d,"merchant":"M%d"},{"kind":"deposit","amount":9},' "$i" $((i % 2)); done >"$BATS_TEST_TMPDIR/list"
	api POST /v1/wallets '{}'
	other=$(json .id)
	post "$(sed 's/,$//' "$BATS_TEST_TMPDIR/list")"
	api POST /v1/transactions "{\"wallet_id\":\"$other\",\"kind\":\"deposit\",\"amount\":9}"
	api POST /v1/transactions "{\"wallet_id\":\"$other\",\"kind\":\"purchase\",\"amount\":7,\"merchant\":\"M1\"}"
	seen=
	cursor=
	for _ in 1 2 3 4; do
		api GET "/v1/transactions?merchant=M1&kind=purchase&limit=1$cursor"
		expect 200
		seen+="$(json '.data[0].amount') "
		cursor="&cursor=$(json .next_cursor)"
	done
	[ "$seen" = "7 5 3 1 " ]
	[ "$(json .next_cursor)" = null ]
}

@test "a long query also gets a link to its next page; a forged cursor is refused" {
	merchant=$(printf 'Ж%.0s' {1..180})
	for _ in 1 2; do
		api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"deposit\",\"amount\":9,\"merchant\":\"$merchant\"}"
		expect 201
	done
	api GET "/v1/transactions?limit=1&merchant=$(gojq -rn --arg m "$merchant" '$m | @uri')"
	expect 200
	link=$(header Link)
	[[ $link == '</v1/transactions?limit=1&merchant=%D0%96'*'>; rel="next"' ]]
	link=${link#<}
	api GET "${link%%>*}"
	expect 200
	[ "$(json '.data | length')" = 1 ]
	for forged in '-99999999999999999 00000000-0000-0000-0000-000000000000 1' '-1 00000000-0000-0000-0000-000000000000 1' 'a b c' '1 2'; do
		api GET "/v1/transactions?cursor=$(printf '%s' "$forged" | base64 -w0 | tr '+/' '-_' | tr -d =)"
		expect 422 invalid_request
	done
}

@test "another user's wallet is not found; an unknown filter is refused" {
	refused colour=red
	sign_up_and_in
	api GET "/v1/transactions?wallet_id=$WALLET&merchant=Bakery"
	expect 404 not_found
	api GET "/v1/transactions?merchant=Bakery"
	[ "$(json -c .data)" = '[]' ]
}

@test "a search that matches next to nothing is answered in pages, even empty ones, with a cursor" {
	sql wallet "INSERT INTO transaction (version, amount, balance_after, created_at, wallet_id, id, kind, contra, held_after)
			SELECT w.version + n, 1, w.balance + n, w.changed_at, w.id, gen_random_uuid(), 'deposit', 'funding', w.held
			FROM wallet w, generate_series(1, 10100) AS n WHERE w.id = '$WALLET';
		UPDATE wallet SET version = version + 10100, balance = balance + 10100 WHERE id = '$WALLET'"
	found merchant=Bakery
	[ "$(json '.data | length')" = 0 ]
	cursor=$(json .next_cursor)
	[ "$cursor" != null ]
	[[ $headers == *'rel="next"'* ]]
	[ "$(found merchant=Bakery "cursor=$cursor")" = "30 10" ]
	found merchant=Bakery limit=1 "cursor=$cursor"
	[ "$(json '.data[0].amount')" = 30 ]
	found merchant=Bakery limit=1 "cursor=$(json .next_cursor)"
	[ "$(json '.data[0].amount')" = 10 ]
	[ "$(json .next_cursor)" = null ]
}
