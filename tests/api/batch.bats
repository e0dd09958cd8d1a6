#!/usr/bin/env bats
# batch.bats - many operations in one call, each on its own or all or nothing; and dry runs, which
# write nothing.

load ../helper

setup() {
	a_user
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
}

# batch MODE TRANSACTIONS [QUERY] [curl arguments...] - TRANSACTIONS separated by commas, without
# the brackets
batch() {
	api POST "/v1/transactions/batch${3:-}" "{\"mode\":\"$1\",\"transactions\":[$2]}" "${@:4}"
}
# op KIND AMOUNT [more members]
op() { printf '{"wallet_id":"%s","kind":"%s","amount":%s%s}' "$WALLET" "$1" "$2" "${3:+,$3}"; }
# many N - deposits of 1, 2, … N
many() { seq "$1" | sed "s/.*/{\"wallet_id\":\"$WALLET\",\"kind\":\"deposit\",\"amount\":&}/" | paste -sd ,; }

# wallet_is BALANCE VERSION
wallet_is() {
	api GET "/v1/wallets/$WALLET"
	[ "$(json '"\(.balance) \(.version)"')" = "$1 $2" ] || { echo "got $body, want $*" && return 1; }
}
results() { json '[.results[] | (.transaction.balance_after // .problem.code)] | join(" ")'; }

@test "each: a refusal does not affect the others, and the results are in order" {
	batch each "$(op deposit 100),$(op purchase 101),$(op purchase 60),$(op withdrawal 41),$(op withdrawal 40)"
	expect 200
	[ "$(json .mode)" = each ]
	[ "$(results)" = "100 insufficient_funds 40 insufficient_funds 0" ]
	[ "$(json '[.results[].status] | join(" ")')" = "201 409 201 409 201" ]
	[ "$(json '.results[3].problem | [.type, .available, .required, .short_by, .held] | join(" ")')" = "/docs/errors#insufficient_funds 40 41 1 0" ]
	[ "$(json '.results[0].transaction | keys_unsorted | join(" ")')" = "id wallet_id kind amount currency balance_after version reference_id merchant description metadata created_at balance_change held_change" ]
	shown=$(json -c '.results[4].transaction')
	wallet_is 0 4
	api GET "/v1/transactions/$(gojq -r .id <<<"$shown")"
	[ "$body" = "$shown" ]
}

@test "each: the problem of an invalid operation is at its place in the results" {
	batch each "$(op deposit 100),{\"kind\":\"gift\",\"colour\":1},7,$(op withdrawal -5),$(op deposit 11)"
	expect 200
	[ "$(results)" = "100 invalid_request invalid_request invalid_request 111" ]
	[ "$(json '[.results[].problem.errors // [] | .[].pointer] | sort | join(" ")')" = "/transactions/1/colour /transactions/1/kind /transactions/2 /transactions/3/amount" ]
	batch each '{}'
	expect 200
	[ "$(results)" = invalid_request ]
	wallet_is 111 3
}

@test "atomic: everything is posted" {
	batch atomic "$(op deposit 100),$(op purchase 60),$(op deposit 5)"
	expect 201
	[ "$(json .mode)" = atomic ]
	[ "$(results)" = "100 40 45" ]
	[ "$(json '[.results[].transaction.version] | join(" ")')" = "2 3 4" ]
	wallet_is 45 4
}

@test "atomic: or nothing is, and the answer names the refused operation and the reason" {
	batch atomic "$(op deposit 100),$(op purchase 60),$(op withdrawal 41),$(op withdrawal 99)"
	expect 409 insufficient_funds
	[ "$(json '[.index, .available, .required, .short_by] | join(" ")')" = "2 40 41 1" ]
	wallet_is 0 1
	batch atomic "$(op deposit 100),{\"kind\":\"gift\",\"amount\":0},$(op withdrawal 40)"
	expect 422 invalid_request
	[ "$(json '[.errors[].pointer] | sort | join(" ")')" = "/transactions/1/amount /transactions/1/kind" ]
	wallet_is 0 1
	batch atomic "$(op deposit 7)"
	expect 201
	wallet_is 7 2
}

@test "later operations build on earlier ones, across wallets" {
	first=$WALLET
	api POST /v1/wallets '{}'
	second=$(json .id)
	batch atomic "$(op deposit 100),$(op transfer 70 "\"to_wallet_id\":\"$second\""),$(WALLET=$second op transfer 20 "\"to_wallet_id\":\"$first\""),$(WALLET=$second op withdrawal 50)"
	expect 201
	[ "$(results)" = "100 30 50 0" ]
	wallet_is 50 4
	WALLET=$second wallet_is 0 4
	batch atomic "$(WALLET=$second op deposit 100),$(op transfer 50 "\"to_wallet_id\":\"$second\""),$(op withdrawal 1)"
	expect 409 insufficient_funds
	[ "$(json .index)" = 2 ]
	wallet_is 50 4
	WALLET=$second wallet_is 0 4
}

@test "1 to 1000 operations in either mode; an unknown mode is refused" {
	batch each "$(many 1000)"
	expect 200
	[ "$(json '[.results[].status] | unique | tostring + " " + (length | tostring)')" = "[201] 1" ]
	[ "$(json '.results | length')" = 1000 ]
	wallet_is 500500 1001
	batch atomic "$(many 1000)"
	expect 201
	[ "$(json '[.results[].transaction.amount] == [range(1; 1001)]')" = true ]
	wallet_is 1001000 2001
	for mode in each atomic; do
		batch $mode "$(many 1001)"
		expect 422 invalid_request
		[ "$(json '.errors[0].pointer')" = /transactions ]
		batch $mode ''
		expect 422 invalid_request
	done
	batch some "$(op deposit 1)"
	expect 422 invalid_request
	for bad in '{"transactions":[]}' '{"mode":"each"}' '{"mode":"each","transactions":{}}' '{"mode":"each","transactions":[],"x":1}' '[]'; do
		api POST /v1/transactions/batch "$bad"
		expect 422 invalid_request
	done
	wallet_is 1001000 2001
}

@test "one key for the whole batch: a retry gets the same answer and moves nothing" {
	for mode in each atomic; do
		unset first
		for _ in 1 2; do
			batch $mode "$(op deposit 100),$(op purchase 60)" '' -H "Idempotency-Key: $mode"
			first=${first:-$body}
			[ "$body" = "$first" ]
		done
		[ "$(header Idempotent-Replayed)" = true ]
	done
	wallet_is 80 5
	# The same body, with another order of members and other white space.
	api POST /v1/transactions/batch "{ \"transactions\": [$(op deposit 100), $(op purchase 60)], \"mode\": \"each\"}" -H 'Idempotency-Key: each'
	expect 200
	[ "$(header Idempotent-Replayed)" = true ]
	batch each "$(op deposit 1)" '' -H 'Idempotency-Key: not good'
	expect 422 invalid_request
}

# faults - prints the pointers of the errors, in alphabetical order
faults() {
	[ "$status_code" = 422 ] && json '[.errors[].pointer] | sort | join(" ")'
}

@test "all faults come at once, wherever they are" {
	api POST '/v1/transactions/batch?dry_run=x&zz=1' '{"mode":"atomic","transactions":[{"kind":"deposit","amount":0},{"kind":"x"},{}],"zz":1}' -H 'Idempotency-Key: not good'
	[ "$(faults)" = " /Idempotency-Key /dry_run /transactions/0/amount /transactions/1/kind /transactions/2/kind /zz" ]
	api POST /v1/transactions/batch "{\"mode\":\"some\",\"transactions\":[$(op deposit 1),$(op gift 0)]}"
	[ "$(faults)" = "/mode /transactions/1/amount /transactions/1/kind" ]
	api POST /v1/transactions/batch '{"mode":"each","zz":1,"transactions":[{"kind":"gift"},7]}'
	[ "$(faults)" = "/transactions/0/kind /transactions/1 /zz" ]
	api POST '/v1/transactions?dry_run=x' "{\"kind\":\"transfer\",\"amount\":0,\"to_wallet_id\":\"$WALLET\",\"wallet_id\":\"$WALLET\",\"expires_at\":\"2020-01-01T00:00:00Z\",
		\"reference_id\":7,\"zz\":1,\"metadata\":{\"x\":\"$(printf '%04096d' 0)\"}}" -H 'Idempotency-Key: é'
	[ "$(faults)" = "/Idempotency-Key /amount /dry_run /expires_at /metadata /reference_id /reference_id /to_wallet_id /zz" ]
	# What could not be read causes no other fault.
	api POST /v1/transactions '{"kind":"hold","amount":1,"expires_at":"soon","wallet_id":"x"}'
	[ "$(faults)" = "/expires_at /wallet_id" ]
	api POST /v1/transactions '{"kind":"transfer","amount":1,"to_wallet_id":"x","wallet_id":"x"}'
	[ "$(faults)" = "/to_wallet_id /wallet_id" ]
	api POST '/v1/wallets?x=1' '{"currency":"EURO","name":""}' -H 'Idempotency-Key: é'
	[ "$(faults)" = " /Idempotency-Key /currency /name" ]
	[[ $body == *'"must be an ISO 4217 currency code, such as EUR"'* ]]
	api GET '/v1/transactions?limit=0&from=yesterday&min_amount=2&max_amount=1&cursor=x'
	[ "$(faults)" = "/cursor /from /limit /min_amount" ]
	api GET "/v1/wallets/$WALLET/balances?from=x&to=y&by=week"
	[ "$(faults)" = "/by /from /to" ]
	api GET "/v1/statements?from=x&wallet_id=x&cursor=x&format=x" '' -H 'Idempotency-Key: é'
	[ "$(faults)" = "/Idempotency-Key /cursor /format /from /wallet_id" ]
	api GET "/v1/wallets?limit=0&cursor=x"
	[ "$(faults)" = "/cursor /limit" ]
	api PATCH /v1/auth/me '{"name":" ","x":1}'
	[ "$(faults)" = "/name /x" ]
	# An error that is more than a fault comes first.
	api POST '/v1/transactions?dry_run=x' '{'
	expect 400 malformed_json
}

@test "a batch's key belongs to that batch: a longer or shorter one, other wallets or another mode are refused as a whole" {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	api POST /v1/wallets '{}'
	other=$(json .id)
	for mode in each atomic; do
		batch $mode "$(op deposit 100),$(op purchase 60)" '' -H "Idempotency-Key: $mode"
		for list in "$(op deposit 100),$(op purchase 61)" "$(op deposit 100)" "$(op deposit 100),$(op purchase 60),$(op deposit 7)" \
			"$(WALLET=$other op deposit 100),$(WALLET=$other op deposit 60)" \
			"$(op deposit 100 '"idempotency_key":"new-1"'),$(op purchase 60 '"idempotency_key":"new-2"')"; do
			batch $mode "$list" '' -H "Idempotency-Key: $mode"
			expect 422 idempotency_key_reused
			batch $mode "$list" '?dry_run=true' -H "Idempotency-Key: $mode"
			expect 422 idempotency_key_reused
		done
	done
	batch atomic "$(op deposit 100),$(op purchase 60)" '' -H 'Idempotency-Key: each'
	expect 422 idempotency_key_reused
	wallet_is 80 5
	# The same key of another user is another key.
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	batch each "$(op deposit 5)" '' -H 'Idempotency-Key: each'
	expect 200
	[ "$(results)" = 5 ]
}

@test "a batch that posts nothing does not use up its key" {
	batch each "$(op withdrawal 1),$(op purchase 2)" '' -H 'Idempotency-Key: k'
	[ "$(results)" = "insufficient_funds insufficient_funds" ]
	batch atomic "$(op deposit 1),$(op purchase 2)" '' -H 'Idempotency-Key: k'
	expect 409 insufficient_funds
	batch each "$(op deposit 3),$(op purchase 4)" '' -H 'Idempotency-Key: k'
	[ "$(results)" = "3 insufficient_funds" ]
	wallet_is 3 2
}

@test "an operation's own key works as in a single request, and a duplicate in the batch is posted once" {
	batch each "$(op deposit 100 '"idempotency_key":"k"'),$(op deposit 100 '"idempotency_key":"k"'),$(op deposit 5 '"idempotency_key":"k"'),$(op deposit 5)"
	expect 200
	[ "$(results)" = "100 100 idempotency_key_reused 105" ]
	[ "$(json '.results[0].transaction.id == .results[1].transaction.id')" = true ]
	[ "$(header Idempotent-Replayed)" = '' ]
	api POST /v1/transactions "$(op deposit 100)" -H 'Idempotency-Key: k'
	expect 201
	[ "$(header Idempotent-Replayed)" = true ]
	batch atomic "$(op deposit 100 '"idempotency_key":"k"'),$(op deposit 9 '"idempotency_key":"l"')" '' -H 'Idempotency-Key: whole'
	expect 201
	[ "$(results)" = "100 114" ]
	batch each "$(op deposit 1 '"idempotency_key":"not good"'),$(op deposit 1 '"idempotency_key":""')"
	[ "$(results)" = "invalid_request invalid_request" ]
	wallet_is 114 4
	api POST /v1/transactions "$(op deposit 1 '"idempotency_key":"k"')"
	expect 422 invalid_request
}

@test "another user's wallet is not found, in a batch as in a single request" {
	mine=$WALLET
	sign_up_and_in
	batch each "$(op deposit 5)"
	[ "$(results)" = not_found ]
	batch atomic "$(op deposit 5)"
	expect 404 not_found
	[ "$(json .index)" = 0 ]
	TOKEN='' batch each "$(op deposit 5)"
	expect 401 unauthenticated
}

@test "a dry run returns what would happen and writes nothing: single, each, atomic" {
	api POST '/v1/transactions?dry_run=true' "$(op deposit 100)" -H 'Idempotency-Key: dry'
	expect 200
	[ "$(header Dry-Run)" = true ]
	[ "$(header Location)" = '' ]
	[ "$(json '[.kind, .amount, .balance_after, .version] | join(" ")')" = "deposit 100 100 2" ]
	api GET "/v1/transactions/$(json .id)"
	expect 404 not_found
	api POST '/v1/transactions?dry_run=true' "$(op withdrawal 1)"
	expect 409 insufficient_funds
	[ "$(json .short_by)" = 1 ]
	batch each "$(op deposit 10),$(op withdrawal 11),$(op hold 10)" '?dry_run=true' -H 'Idempotency-Key: dry'
	expect 200
	[ "$(results)" = "10 insufficient_funds 10" ]
	[ "$(header Dry-Run)" = true ]
	batch atomic "$(op deposit 10),$(op withdrawal 10)" '?dry_run=true'
	expect 200
	[ "$(results)" = "10 0" ]
	batch atomic "$(op deposit 10),$(op withdrawal 11)" '?dry_run=true'
	expect 409 insufficient_funds
	[ "$(json .index)" = 1 ]
	wallet_is 0 1
	[ "$(sql wallet "SELECT count(*) FROM transaction WHERE wallet_id = '$WALLET'")" = 1 ]
	# dry_run=false is a real run, and the keys are unused.
	api POST '/v1/transactions?dry_run=false' "$(op deposit 100)" -H 'Idempotency-Key: dry'
	expect 201
	[ "$(header Idempotent-Replayed)" = '' ]
	# A dry run of a posted key shows the earlier result.
	api POST '/v1/transactions?dry_run=true' "$(op deposit 100)" -H 'Idempotency-Key: dry'
	expect 200
	[ "$(json .balance_after)" = 100 ]
	api POST '/v1/transactions/batch?dry_run=perhaps' '{"mode":"each","transactions":[{}]}'
	expect 422 invalid_request
	wallet_is 100 2
}
