# shellcheck shell=bash
# helper.bash - what the bats files share: calls of the API, users, operators, waiting, services. `load ../helper`.
#
# tests/run gives the environment: BASE_URL, AUTH_/WALLET_/STATEMENT_DATABASE_URL (and ..._OWNER_URL), AMQP_URL,
# DATA_DIR, PURSE_CONFIG, and BUILD, the folder of the programs.

# Continuous integration shares its machine: there a test that failed is tried once more; at a desk it is not.
# shellcheck disable=SC2034
BATS_TEST_RETRIES=${CI:+1}
BATS_TEST_RETRIES=${BATS_TEST_RETRIES:-0}
ROOT=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P)
. "$ROOT/tests/lib/bats.bash"
PASSWORD='tests have long passwords'
# Slow machines and sanitizers need patience; nothing waits longer than it must.
PATIENCE=${PATIENCE:-30}

# api METHOD PATH [JSON] [curl arguments...] - calls the API as the user of $TOKEN (nobody if it is empty), and sets
# $status_code, $headers and $body. Call it directly: in a subshell what it sets would be lost.
api() {
	local method=$1 path=$2 json=${3:-} lines=() file=$BATS_TEST_TMPDIR/headers.$BASHPID trouble=
	shift $(($# < 3 ? $# : 3))
	[ -z "${TOKEN:-}" ] || lines+=("Authorization: Bearer $TOKEN")
	# A test that says its own type means it.
	[ -z "$json" ] || [[ ${*,,} == *content-type:* ]] || lines+=('Content-Type: application/json')
	while [ "${1:-}" = -H ]; do
		lines+=("$2")
		shift 2
	done
	# tests/lib/caller.c makes one call at a time, and knows headers only.
	if [ -n "${CALLER:-}" ] && [ $# -eq 0 ] && [ $BASHPID = $$ ]; then api_by_caller; else api_by_curl "$@"; fi
	IFS= read -r -d '' body <"$file.body" || true
	while [[ $body == *$'\n' ]]; do body=${body%$'\n'}; done
	IFS= read -r -d '' headers <"$file" || true
	headers=${headers//$'\r'/}
	# Shown by bats only when the test fails.
	printf '%s %s -> %s %s%s\n' "$method" "$path" "$status_code" "${body:0:600}" "$trouble" >&2
}
api_by_caller() {
	local name=
	printf '%s\0' "$method" "$BASE_URL$path" "$PATIENCE" "$file" "$json" "${lines[@]}" '' >&"${CALLER#* }"
	# An answer to somebody who was ended before it came is passed over.
	while [ "$name" != "$file" ]; do
		read -r -t $((PATIENCE + 5)) -u "${CALLER% *}" name status_code trouble || { echo 'nobody makes calls any more' && return 1; }
	done
}
api_by_curl() {
	local arguments=() line
	for line in "${lines[@]}"; do arguments+=(-H "$line"); done
	[ -z "$json" ] || arguments+=(--data-binary "$json")
	: >"$file"
	: >"$file.body"
	status_code=$(curl -sS -m "$PATIENCE" -X "$method" -D "$file" -o "$file.body" -w '%{http_code}' "${arguments[@]}" "$@" "$BASE_URL$path") || true
}

# member NAME - sets REPLY to a member of the last body; fails where that is not plain to see: looked at are those before anything
# nested or escaped, and the last one.
member() {
	local plain=${body#\{}
	plain=,${plain%%[\{\[\\]*}
	[[ $body == '{'* ]] || return 1
	[[ $plain =~ ,\"$1\":(\"[^\"]*\"|[^\",\}]*)[,\}] || $body =~ ,\"$1\":(\"[^\"\\]*\"|[^]\[\{\}\",]+)\}$ ]] || return 1
	REPLY=${BASH_REMATCH[1]#\"}
	REPLY=${REPLY%\"}
}
# members .NAME... - the same for several, with a space between them; what null is there depends on who asks.
members() {
	local name all=
	for name; do
		member "${name#.}" && [[ $# -eq 1 || $REPLY != null ]] || return 1
		all+=" $REPLY"
	done
	REPLY=${all# }
}

# json [jq options] EXPRESSION - reads the last body. jq takes long to start, and there are thousands of calls: members, the
# most frequent question, are read without it, and most of the rest with gojq, which keeps no order of members.
json() {
	local program=gojq asked=$1
	if [ $# -eq 1 ]; then
		# [.a, .b] | join(" ") and "\(.a) \(.b)" are both ".a .b" then; whatever is more than that is left to jq.
		if [[ $asked == '['*'] | join(" ")' ]]; then
			asked=${asked#'['}
			asked=${asked%'] | join(" ")'}
			asked=${asked//,/}
		elif [[ $asked == '"\('*')"' ]]; then
			asked=${asked#'"\('}
			asked=${asked%')"'}
			asked=${asked//') \('/ }
		fi
		# shellcheck disable=SC2086  # several words
		if [[ $asked =~ ^\.[a-z_]+(\ \.[a-z_]+)*$ ]] && members $asked; then
			printf '%s\n' "$REPLY"
			return
		fi
	fi
	[[ $* != *keys_unsorted* && $* != *-c* && $* != *to*json* && $* != *entries* ]] || program=jq
	"$program" -r "$@" <<<"$body"
}

# header NAME - the value of a header of the last answer, nothing if it is not there.
header() {
	local line value=
	while IFS= read -r line; do
		[[ ${line,,} != "${1,,}: "* ]] || value=${line#*: }
	done <<<"$headers"
	[ -z "$value" ] || printf '%s\n' "$value"
}

# expect STATUS [CODE] - what the last call must have answered.
expect() {
	[ "$status_code" = "$1" ] || { echo "status $status_code, not $1: $body" && return 1; }
	[ -z "${2:-}" ] || { member code && [ "$REPLY" = "$2" ]; } || [ "$(json .code)" = "$2" ] || { echo "code $(json .code), not $2" && return 1; }
}

# new_email [NAME] - an address that nobody has, in the variable NAME, or printed.
new_email() {
	printf -v "${1:-REPLY}" '%s' "t$BASHPID$RANDOM$RANDOM${EPOCHREALTIME//[!0-9]/}@example.com"
	[ $# -gt 0 ] || echo "$REPLY"
}

# session_take - TOKEN, REFRESH_TOKEN and SESSION_ID, from the answer of a sign-in.
session_take() {
	expect 200 || return 1
	member access_token && TOKEN=$REPLY && member refresh_token && REFRESH_TOKEN=$REPLY && member session_id && SESSION_ID=$REPLY
}

# sign_in EMAIL [PASSWORD] - sets TOKEN, REFRESH_TOKEN and SESSION_ID.
sign_in() {
	TOKEN=
	api POST /v1/auth/sign-in "{\"email\":\"$1\",\"password\":\"${2:-$PASSWORD}\"}"
	session_take
}

# sign_up_and_in - a fresh user each time: sets EMAIL, USER_ID, TOKEN, REFRESH_TOKEN and SESSION_ID.
sign_up_and_in() {
	new_email EMAIL
	TOKEN=
	api POST /v1/auth/sign-up "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}"
	expect 201 && [[ $body =~ ^\{\"id\":\"([0-9a-f-]+)\" ]] || return 1
	USER_ID=${BASH_REMATCH[1]}
	sign_in "$EMAIL"
}

# a_user [NAME] - the same, but a user whom a few tests of the file share, each with wallets of its own; NAME: another one.
# Who counts a user's wallets, or has no wallet_id in what it posts, needs a fresh one.
a_user() {
	local kept=$BATS_FILE_TMPDIR/user.${1:-} made=0 left=0
	[ ! -f "$kept" ] || read -r made left EMAIL USER_ID TOKEN REFRESH_TOKEN SESSION_ID <"$kept"
	if [ "$left" -eq 0 ] || [ $((EPOCHSECONDS - made)) -gt 240 ]; then
		sign_up_and_in || return 1
		made=$EPOCHSECONDS left=6
	fi
	echo "$made $((left - 1)) $EMAIL $USER_ID $TOKEN $REFRESH_TOKEN $SESSION_ID" >"$kept"
}

# make_operator EMAIL - gives the role; the user of $EMAIL is signed in again, as roles are in the token.
make_operator() {
	"$BUILD/purse" user role add "$1" operator
	[ "$1" != "${EMAIL:-}" ] || sign_in "$1"
}

# an_operator - sets OPERATOR, the token of an operator who is nobody else; who is signed in stays so. The tests of a file
# share one, as long as the token has some of its ten minutes left.
an_operator() {
	local email=$EMAIL user=$USER_ID token=$TOKEN session=$SESSION_ID refresh=$REFRESH_TOKEN kept=$BATS_FILE_TMPDIR/operator made=0
	[ ! -f "$kept" ] || read -r made OPERATOR <"$kept"
	[ $((EPOCHSECONDS - made)) -gt 240 ] || return 0
	sign_up_and_in && make_operator "$EMAIL" || return 1
	OPERATOR=$TOKEN
	echo "$EPOCHSECONDS $OPERATOR" >"$kept"
	EMAIL=$email USER_ID=$user TOKEN=$token SESSION_ID=$session REFRESH_TOKEN=$refresh
}

# hold_briefly AMOUNT - by the file's post: a hold that is soon over. Where the machine is so slow that its end is over before
# it is asked for, 422, the next one lasts longer.
hold_briefly() {
	local seconds
	for seconds in 2 4 8 16; do
		post hold "$1" "\"expires_at\":\"$(date -u -d "+$seconds seconds" +%FT%T.%6NZ)\""
		[ "$status_code" = 422 ] || break
	done
	expect 201
}

# at_once [-H HEADER] N URL BODY... - N calls, up to ${AT_ONCE:-64} of them at once, each with one of the bodies in turn; their
# statuses, a line each. Whatever is not a status (a connection refused, say) fails. Their answers are in
# $BATS_TEST_TMPDIR/answer.*.
at_once() {
	local more='' n url i body
	if [ "$1" = -H ]; then
		more=$2
		shift 2
	fi
	n=$1 url=$2
	shift 2
	for ((i = 0; i < n; i++)); do
		body=${*:i % $# + 1:1}
		body=${body//\\/\\\\}
		[ "$i" = 0 ] || echo next
		printf '%s = "%s"\n' url "$BASE_URL$url" output "$BATS_TEST_TMPDIR/answer.$i" max-time 60 write-out '%{http_code}\n' \
			header "Authorization: Bearer $TOKEN" header 'Content-Type: application/json' data-binary "${body//\"/\\\"}"
		[ -z "$more" ] || printf 'header = "%s"\n' "$more"
	done >"$BATS_TEST_TMPDIR/calls"
	curl -sS --parallel --parallel-immediate --parallel-max "${AT_ONCE:-64}" -K "$BATS_TEST_TMPDIR/calls"
}

# eventually COMMAND... - runs it until it succeeds, for $PATIENCE seconds at most; soon again at first, then less often.
eventually() {
	local deadline=$((SECONDS + PATIENCE)) pauses=(0.05 0.1 0.1 0.2 0.2 0.3) turn=0
	until "$@"; do
		[ $SECONDS -lt $deadline ] || { echo "not within $PATIENCE s: $*" && return 1; }
		sleep "${pauses[turn]:-0.4}"
		turn=$((turn + 1))
	done
}

# sql SERVICE QUERY - asks a service's database as its owner; columns are separated by |.
sql() {
	local url=${1^^}_DATABASE_OWNER_URL
	psql -X -q -At -v ON_ERROR_STOP=1 -d "${!url}" -c "$2"
}

# --- services: gateway, postgres, rabbitmq, outbox_relay, transaction_consumer, statement_consumer ---
service_pid() { cat "$DATA_DIR/service/$1/supervise/pid"; }
handler_pid() { pgrep -P "$(service_pid gateway)" -x "$1"; }
stop_service() { sv -w 30 down "$DATA_DIR/service/$1"; }
start_service() { sv -w 30 up "$DATA_DIR/service/$1" && eventually "$DATA_DIR/service/$1/check"; }
kill_service() { kill -KILL "$(service_pid "$1")"; }
service_ready() { "$DATA_DIR/service/$1/check"; }
