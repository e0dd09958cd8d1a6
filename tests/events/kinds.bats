#!/usr/bin/env bats
# kinds.bats - holds, captures, releases and transfers by event: the same results and refusals as
# over HTTP, and lines in both sides' statements.

load events

setup() {
	USER=$(new_uuid) OTHER=$(new_uuid)
	QUEUE=test-$USER
	"$PROBE" listen "$QUEUE" transaction_rejected
	request 1 '"kind":"deposit","amount":1000'
	eventually balance_is "$USER" 1000
}
teardown() { "$PROBE" delete "$QUEUE"; }

# request N DATA - emits an event of $USER with the key $USER-N
request() { emit "$(cloud_event "$USER-$1" "{\"user_id\":\"$USER\",$2,\"idempotency_key\":\"$USER-$1\"}")" "${@:3}"; }
id_of() { sql wallet "SELECT t.id FROM transaction t JOIN wallet w ON w.id = t.wallet_id WHERE w.owner_id = '$USER' AND t.idempotency_key = '$USER-$1'"; }
posted() { [ -n "$(id_of "$1")" ]; }
not_dead() { ! is_dead "$1"; }
held_is() { [ "$(sql wallet "SELECT held FROM wallet WHERE owner_id = '$USER'")" = "$1" ]; }

@test "a hold, its captures and its release" {
	request 2 '"kind":"hold","amount":300,"merchant":"Hotel"'
	eventually held_is 300
	hold=$(id_of 2)
	request 3 "\"kind\":\"capture\",\"reference_id\":\"$hold\",\"amount\":100,\"final\":false"
	eventually held_is 200
	request 4 "\"kind\":\"capture\",\"reference_id\":\"$hold\",\"amount\":50"
	eventually held_is 0
	request 5 "\"kind\":\"hold\",\"amount\":7,\"expires_at\":\"$(date -u -d '+1 day' +%FT%TZ)\""
	eventually held_is 7
	request 6 "\"kind\":\"release\",\"reference_id\":\"$(id_of 5)\""
	eventually history_is "$USER" $'opening 0 0\ndeposit 1000 1000\nhold 0 1000\ncapture -100 900\ncapture -50 850\nhold 0 850\nrelease 0 850'
	held_is 0
	[ "$(sql wallet "SELECT merchant FROM transaction WHERE id = '$(id_of 3)'")" = Hotel ]
	request 7 "\"kind\":\"cancellation\",\"reference_id\":\"$(id_of 3)\""
	eventually balance_is "$USER" 950
	eventually statement_has_all "$USER"
}

@test "a repeated hold that has expired meanwhile is a duplicate; a new one that has expired is refused" {
	hold="\"kind\":\"hold\",\"amount\":10,\"expires_at\":\"$(date -u -d '+4 seconds' +%FT%T.%6NZ)\""
	request 2 "$hold"
	eventually posted 2
	has_expired() { [ "$(sql wallet "SELECT expires_at < clock_timestamp() FROM transaction WHERE id = '$(id_of 2)'")" = t ]; }
	eventually has_expired
	request 2 "$hold" --message-id "$USER-2" --reply-to "$QUEUE.dead"
	request 3 "$hold" --message-id "$USER-3"
	request 4 '"kind":"deposit","amount":1'
	eventually balance_is "$USER" 1001
	not_dead "$USER-2"
	not_dead "$USER-3"
	[ "$("$PROBE" take "$QUEUE.dead" 1 | gojq -r '[.body.type, .body.data.id] | join(" ")')" = "transaction_created $(id_of 2)" ]
	rejections_are "$USER-3" invalid_request
}

@test "a transfer has a row and a line on each side, and an event for each; it is reversed" {
	emit "$(cloud_event "$OTHER-1" "{\"user_id\":\"$OTHER\",\"kind\":\"deposit\",\"amount\":1}")"
	eventually balance_is "$OTHER" 1
	to=$(sql wallet "SELECT id FROM wallet WHERE owner_id = '$OTHER'")
	"$PROBE" listen "$QUEUE" transaction_created
	request 2 "\"kind\":\"transfer\",\"to_wallet_id\":\"$to\",\"amount\":400" --reply-to "$QUEUE.dead"
	eventually balance_is "$OTHER" 401
	[ "$(history "$USER" | tail -n 1) $(history "$OTHER" | tail -n 1)" = 'transfer -400 600 transfer 400 401' ]
	reply=$("$PROBE" take "$QUEUE.dead" 1)
	[ "$(gojq -r '.body.data | [.kind, .amount, .to_wallet_id, .owner_id] | join(" ")' <<<"$reply")" = "transfer 400 $to $USER" ]
	# The exchange carries other tests' events too, so pick out these two.
	sent=$(gojq -r .body.data.id <<<"$reply") received=$(gojq -r .body.data.counterpart_id <<<"$reply")
	until [ "${both:-}" = 2 ]; do
		event=$("$PROBE" take "$QUEUE" 1)
		case $(gojq -r .message_id <<<"$event") in
		"$sent") [ "$(jq -c .body.data <<<"$event")" = "$(jq -c .body.data <<<"$reply")" ] ;;
		"$received") [ "$(gojq -r '.body.data | [.wallet_id, .owner_id, .kind, .amount, .counterpart_id, .reference_id] | join(" ")' <<<"$event")" = "$to $OTHER transfer 400 $sent " ] ;;
		*) continue ;;
		esac
		both=$((${both:-0} + 1))
	done
	request 3 "\"kind\":\"reversal\",\"reference_id\":\"$sent\",\"amount\":150"
	eventually balance_is "$USER" 750
	[ "$(history "$OTHER" | tail -n 1)" = 'reversal -150 251' ]
	eventually statement_has_all "$USER,$OTHER"
}

@test "each refusal has the same code and details as over HTTP" {
	request 2 '"kind":"hold","amount":1001'
	request 3 "\"kind\":\"capture\",\"reference_id\":\"$(id_of 1)\""
	request 4 "\"kind\":\"release\",\"reference_id\":\"$(new_uuid)\""
	request 5 "\"kind\":\"transfer\",\"to_wallet_id\":\"$(new_uuid)\",\"amount\":5"
	request 6 '"kind":"hold","amount":100'
	eventually posted 6
	request 7 "\"kind\":\"capture\",\"reference_id\":\"$(id_of 6)\",\"amount\":101"
	request 8 "\"kind\":\"release\",\"reference_id\":\"$(id_of 6)\""
	eventually posted 8
	request 9 "\"kind\":\"capture\",\"reference_id\":\"$(id_of 6)\""
	eventually rejections_are "$USER-9" hold_closed
	codes=$(for i in 2 3 4 5 7; do rejections "$USER-$i"; done | paste -sd ' ')
	[ "$codes" = 'insufficient_funds not_a_hold not_found not_found exceeds_hold' ]
	event=$("$PROBE" take "$QUEUE" 1)
	[ "$(gojq -r '.body.data | [.code, .available, .required, .held] | join(" ")' <<<"$event")" = 'insufficient_funds 1000 1001 0' ]
	balance_is "$USER" 1000
	held_is 0
}

@test "a limit's refusal reports its usage" {
	an_operator_sets() {
		sign_up_and_in
		make_operator "$EMAIL"
		api PUT "/v1/wallets/$(sql wallet "SELECT id FROM wallet WHERE owner_id = '$USER'")/limits" "$1"
		expect 200
	}
	an_operator_sets '{"limits":[{"kind":"transfer","per":"transaction","amount":10},{"kind":"purchase","per":"month","amount":50}]}'
	request 2 '"kind":"purchase","amount":40'
	request 3 '"kind":"purchase","amount":11'
	eventually rejections_are "$USER-3" limit_exceeded
	event=$("$PROBE" take "$QUEUE" 1)
	[ "$(gojq -r '.body.data | [.code, .limit.kind, .limit.per, .limit.amount, .used, .requested] | join(" ")' <<<"$event")" = 'limit_exceeded purchase month 50 40 11' ]
	[ "$(gojq -r '.body.data.frees_at | length' <<<"$event")" = 27 ]
}

@test "duplicates are posted once; malformed events become dead letters, with the reason" {
	for _ in 1 2 3; do request 2 '"kind":"hold","amount":10'; done
	request 3 '"kind":"hold","amount":5'
	eventually held_is 15
	emit "$(cloud_event "$USER-4" "{\"user_id\":\"$USER\",\"kind\":\"hold\"}")" --message-id "$USER-4"
	dead_lettered "$USER-4" '/amount is required'
	emit "$(cloud_event "$USER-5" "{\"user_id\":\"$USER\",\"kind\":\"transfer\",\"amount\":5}")" --message-id "$USER-5"
	dead_lettered "$USER-5" '/to_wallet_id is required'
	emit "$(cloud_event "$USER-6" "{\"user_id\":\"$USER\",\"kind\":\"freeze\"}")" --message-id "$USER-6"
	dead_lettered "$USER-6" '/kind must be one of'
	drop_dead_letters
	held_is 15
}
