#!/usr/bin/env bats
# races.bats - 64 parallel clients: a balance never passes its limit, what can happen once happens
# once, and a key moves money once. Here they race in the wallet's process, which posts many
# operations in one commit; in tests/db they race at the posting function.

load ../helper

setup() {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
}

# post KIND [AMOUNT] [more members]
post() { api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"$1\"${2:+,\"amount\":$2}${3:+,$3}}"; }
# op KIND AMOUNT [more members] - prints one operation of a batch
op() { printf '{"wallet_id":"%s","kind":"%s","amount":%s%s}' "$WALLET" "$1" "$2" "${3:+,$3}"; }
# wallet_is BALANCE HELD VERSION
wallet_is() {
	api GET "/v1/wallets/$WALLET"
	[ "$(json '"\(.balance) \(.held) \(.version)"')" = "$1 $2 $3" ]
}
# answered STATUS N [STATUS N] - at_once must have received N of each status and no other
answered() { [ "$(sort <<<"$statuses" | uniq -c | awk '{ printf "%s%s %d", n++ ? " " : "", $2, $1 }')" = "$*" ] || { sort <<<"$statuses" | uniq -c && return 1; }; }
codes() { cat "$BATS_TEST_TMPDIR"/answer.* | gojq -r '.code // empty' | sort -u; }
# allow KIND PER AMOUNT - sets the wallet's only limit
allow() {
	an_operator
	TOKEN=$OPERATOR api PUT "/v1/wallets/$WALLET/limits" "{\"limits\":[{\"kind\":\"$1\",\"per\":\"$2\",\"amount\":$3}]}"
	expect 200
}

@test "64 clients spend from one wallet: never below its limit" {
	post deposit 1000
	statuses=$(at_once 64 /v1/transactions '{"kind":"purchase","amount":30,"merchant":"Rush"}')
	answered 201 33 409 31
	wallet_is 10 0 35
}

@test "64 clients cancel one purchase: exactly once" {
	post deposit 100
	post purchase 100
	statuses=$(at_once 64 /v1/transactions "{\"kind\":\"cancellation\",\"reference_id\":\"$(json .id)\"}")
	answered 201 1 409 63
	wallet_is 100 0 4
}

@test "64 clients with one key: one transaction, 64 identical responses" {
	statuses=$(at_once -H 'Idempotency-Key: once' 64 /v1/transactions '{"kind":"deposit","amount":7}')
	answered 201 64
	[ "$(cat "$BATS_TEST_TMPDIR"/answer.* | sed 's/}{/}\n{/g' | sort -u | wc -l)" = 1 ]
	wallet_is 7 0 2
}

@test "80 connections of one client that fill the queue of password hashes cost another client nothing" {
	local n email names=()
	for n in {1..160}; do
		new_email email
		names+=("{\"email\":\"$email\",\"password\":\"$PASSWORD\"}")
	done
	AT_ONCE=80 at_once ${#names[@]} /v1/auth/sign-up "${names[@]}" >"$BATS_TEST_TMPDIR/flood" &
	flood=$!
	overloaded() { grep -qs '"overloaded"' "$BATS_TEST_TMPDIR"/answer.*; }
	eventually overloaded
	TOKEN=
	for n in {1..6}; do
		kill -0 $flood || [ $n -gt 2 ]
		new_email email
		api POST /v1/auth/sign-up "{\"email\":\"$email\",\"password\":\"$PASSWORD\"}" --interface 127.0.0.9
		expect 201
		api POST /v1/auth/sign-in "{\"email\":\"$email\",\"password\":\"$PASSWORD\"}" --interface 127.0.0.9
		expect 200
	done
	wait $flood
	grep -q 201 "$BATS_TEST_TMPDIR/flood"
}

@test "64 clients open a first wallet with one key: one wallet" {
	sign_up_and_in
	statuses=$(at_once -H 'Idempotency-Key: first' 64 /v1/wallets '{}')
	answered 201 64
	api GET /v1/wallets
	[ "$(json '.data | length')" = 1 ]
}

@test "64 captures and releases at once: exactly one wins" {
	post deposit 1000
	for _ in 1 2 3; do
		post hold 100
		about="\"reference_id\":\"$(json .id)\""
		statuses=$(at_once 64 /v1/transactions "{\"kind\":\"capture\",$about}" "{\"kind\":\"release\",$about}" "{\"kind\":\"capture\",$about,\"amount\":40}")
		answered 201 1 409 63
		[ "$(codes)" = hold_closed ]
		api GET "/v1/wallets/$WALLET/holds"
		[ "$(json '.data | length')" = 0 ]
	done
	spent=$(sql wallet "SELECT coalesce(sum(-amount), 0) FROM transaction WHERE wallet_id = '$WALLET' AND kind = 'capture'")
	wallet_is $((1000 - spent)) 0 8
}

@test "64 partial captures and the hold's expiry: never more than was held" {
	post deposit 1000
	hold_briefly 100
	statuses=$(at_once 64 /v1/transactions "{\"kind\":\"capture\",\"reference_id\":\"$(json .id)\",\"amount\":3,\"final\":false}")
	won=$(grep -c 201 <<<"$statuses" || true)
	[ "$won" -le 33 ]
	[ "$(grep -cE '^(201|409)$' <<<"$statuses")" = 64 ]
	# The release that ends the hold is also a row.
	eventually wallet_is $((1000 - 3 * won)) 0 $((4 + won))
}

@test "64 clients at once never exceed a daily limit" {
	[ "$(date -u +%H%M)" != 2359 ] || skip "the day is about to end"
	post deposit 10000
	allow purchase day 100
	statuses=$(at_once 64 /v1/transactions '{"kind":"purchase","amount":7}')
	answered 201 14 409 50
	[ "$(codes)" = limit_exceeded ]
}

@test "64 clients exceed a limit at once: each error has its own amount" {
	allow deposit transaction 10
	mapfile -t bodies < <(for amount in $(seq 101 164); do op deposit "$amount" && echo; done)
	statuses=$(at_once 64 /v1/transactions "${bodies[@]}")
	answered 409 64
	reported=$(gojq -r '[.code, .limit.amount, .requested] | join(" ")' "$BATS_TEST_TMPDIR"/answer.{0..63})
	[ "$reported" = "$(printf 'limit_exceeded 10 %d\n' $(seq 101 164))" ]
}

@test "the same batch 32 times at once with one key: posted once" {
	statuses=$(at_once -H 'Idempotency-Key: once' 32 /v1/transactions/batch "{\"mode\":\"each\",\"transactions\":[$(op deposit 10),$(op purchase 4)]}")
	answered 200 32
	wallet_is 6 0 3
}

@test "32 atomic batches on the same wallets at once: each all or nothing" {
	first=$WALLET
	api POST /v1/wallets '{}'
	second=$(json .id)
	WALLET=$first post deposit 100
	bodies=("{\"mode\":\"atomic\",\"transactions\":[$(op transfer 7 "\"to_wallet_id\":\"$second\""),$(WALLET=$second op withdrawal 3),$(op withdrawal 3)]}"
		"{\"mode\":\"atomic\",\"transactions\":[$(WALLET=$second op deposit 4),$(WALLET=$second op transfer 4 "\"to_wallet_id\":\"$first\""),$(op withdrawal 14)]}")
	statuses=$(at_once 32 /v1/transactions/batch "${bodies[@]}")
	[ "$(grep -cE '^(201|409)$' <<<"$statuses")" = 32 ]
	won=$(grep -c 201 <<<"$statuses")
	# Each successful batch took 10 from the first wallet, and its three operations are four
	# rows.
	[ "$won" = 10 ]
	wallets=$(sql wallet "SELECT string_agg(balance::text, ' ' ORDER BY id = '$second') || ' ' || sum(version) FROM wallet WHERE id IN ('$first', '$second')")
	[ "${wallets%% *}" = 0 ]
	[ "${wallets##* }" = $((3 + 4 * won)) ]
}

@test "64 clients move money between 8 wallets: no deadlock, and the sum is unchanged" {
	wallets=()
	for _ in 1 2 3 4 5 6 7 8; do
		api POST /v1/wallets '{}'
		wallets+=("$(json .id)")
		WALLET=$(json .id) post deposit 100
		expect 201
	done
	bodies=()
	for i in $(seq 0 255); do
		a=$((RANDOM % 8)) b=$((RANDOM % 7))
		bodies+=("{\"wallet_id\":\"${wallets[a]}\",\"kind\":\"transfer\",\"to_wallet_id\":\"${wallets[(a + b + 1) % 8]}\",\"amount\":$((RANDOM % 60 + 1))}")
	done
	statuses=$(at_once 256 /v1/transactions "${bodies[@]}")
	[ "$(grep -cE '^(201|409)$' <<<"$statuses")" = 256 ]
	[ "$(grep -c 201 <<<"$statuses")" -ge 40 ]
	[ "$(codes)" = insufficient_funds ]
	[ "$(sql wallet "SELECT sum(balance) || ' ' || (min(balance) >= 0) || ' ' || sum(version) FROM wallet WHERE id = ANY ('{$(IFS=,; echo "${wallets[*]}")}')")" = "800 true $((16 + 2 * $(grep -c 201 <<<"$statuses")))" ]
}
