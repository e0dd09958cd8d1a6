# shellcheck shell=bash
# helper.bash - shared by all bats files: API calls, users, operators, waiting, services.
# Use it with `load ../helper`.
#
# tests/run sets the environment: BASE_URL, AUTH_/WALLET_/STATEMENT_DATABASE_URL (and
# ..._OWNER_URL), AMQP_URL, DATA_DIR, PURSE_CONFIG, and BUILD, the folder with the programs.

# CI machines are shared, so CI retries a failed test once. Local runs never retry.
# shellcheck disable=SC2034
BATS_TEST_RETRIES=${CI:+1}
BATS_TEST_RETRIES=${BATS_TEST_RETRIES:-0}
ROOT=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P)
. "$ROOT/tests/lib/bats.bash"
PASSWORD='tests have long passwords'
# Generous, for slow machines and sanitizers. Nothing waits longer than it must.
PATIENCE=${PATIENCE:-30}

# api METHOD PATH [JSON] [curl arguments...] - calls the API with $TOKEN (unauthenticated if empty),
# and sets $status_code, $headers and $body. Call it directly: a subshell would lose the variables
# it sets.
api() {
	local method=$1 path=$2 json=${3:-} lines=() file=$BATS_TEST_TMPDIR/headers.$BASHPID \
		trouble=
	shift $(($# < 3 ? $# : 3))
	[ -z "${TOKEN:-}" ] || lines+=("Authorization: Bearer $TOKEN")
	# Keep a Content-Type that the test sets itself.
	[ -z "$json" ] || [[ ${*,,} == *content-type:* ]] ||
		lines+=('Content-Type: application/json')
	while [ "${1:-}" = -H ]; do
		lines+=("$2")
		shift 2
	done
	# tests/lib/caller.c makes one call at a time, and supports no curl options except headers.
	if [ -n "${CALLER:-}" ] && [ $# -eq 0 ] && [ $BASHPID = $$ ]; then
		api_by_caller
	else
		api_by_curl "$@"
	fi
	IFS= read -r -d '' body <"$file.body" || true
	while [[ $body == *$'\n' ]]; do body=${body%$'\n'}; done
	IFS= read -r -d '' headers <"$file" || true
	headers=${headers//$'\r'/}
	# bats shows this only if the test fails.
	printf '%s %s -> %s %s%s\n' "$method" "$path" "$status_code" "${body:0:600}" "$trouble" >&2
}
api_by_caller() {
	local name=
	printf '%s\0' "$method" "$BASE_URL$path" "$PATIENCE" "$file" "$json" "${lines[@]}" '' \
		>&"${CALLER#* }"
	# Skip an answer to an earlier caller that was killed before it arrived.
	while [ "$name" != "$file" ]; do
		read -r -t $((PATIENCE + 5)) -u "${CALLER% *}" name status_code trouble ||
			{ echo 'tests/lib/caller does not answer' && return 1; }
	done
}
api_by_curl() {
	local arguments=() line
	for line in "${lines[@]}"; do arguments+=(-H "$line"); done
	[ -z "$json" ] || arguments+=(--data-binary "$json")
	: >"$file"
	: >"$file.body"
	status_code=$(curl -sS -m "$PATIENCE" -X "$method" -D "$file" -o "$file.body" \
		-w '%{http_code}' "${arguments[@]}" "$@" "$BASE_URL$path") || true
}

# member NAME - sets REPLY to a member of the last body, without a JSON parser. It sees the members
# before the first nested or escaped value, and the last member; for any other it fails.
member() {
	local plain=${body#\{}
	plain=,${plain%%[\{\[\\]*}
	[[ $body == '{'* ]] || return 1
	[[ $plain =~ ,\"$1\":(\"[^\"]*\"|[^\",\}]*)[,\}] ||
		$body =~ ,\"$1\":(\"[^\"\\]*\"|[^]\[\{\}\",]+)\}$ ]] || return 1
	REPLY=${BASH_REMATCH[1]#\"}
	REPLY=${REPLY%\"}
}
# members .NAME... - the same for several, separated by spaces. Fails on a null among several: jq
# decides how to print it.
members() {
	local name all=
	for name; do
		member "${name#.}" && [[ $# -eq 1 || $REPLY != null ]] || return 1
		all+=" $REPLY"
	done
	REPLY=${all# }
}

# json [jq options] EXPRESSION - evaluates EXPRESSION on the last body. jq starts slowly, and the
# tests call this thousands of times. Plain members, the most frequent case, need no process; most
# other expressions use gojq, which does not keep the order of members.
json() {
	local program=gojq asked=$1
	if [ $# -eq 1 ]; then
		# Reduce [.a, .b] | join(" ") and "\(.a) \(.b)" to ".a .b"; leave anything else to
		# jq.
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
	[[ $* != *keys_unsorted* && $* != *-c* && $* != *to*json* && $* != *entries* ]] ||
		program=jq
	"$program" -r "$@" <<<"$body"
}

# header NAME - prints the value of a header of the last answer, or nothing if it is missing.
header() {
	local line value=
	while IFS= read -r line; do
		[[ ${line,,} != "${1,,}: "* ]] || value=${line#*: }
	done <<<"$headers"
	[ -z "$value" ] || printf '%s\n' "$value"
}

# expect STATUS [CODE] - fails unless the last call returned this status and error code.
expect() {
	[ "$status_code" = "$1" ] || { echo "got status $status_code, want $1: $body" && return 1; }
	[ -z "${2:-}" ] || { member code && [ "$REPLY" = "$2" ]; } || [ "$(json .code)" = "$2" ] ||
		{ echo "got code $(json .code), want $2" && return 1; }
}

# new_email [NAME] - stores an unused address in the variable NAME, or prints it.
new_email() {
	printf -v "${1:-REPLY}" '%s' "t$BASHPID$RANDOM$RANDOM${EPOCHREALTIME//[!0-9]/}@example.com"
	[ $# -gt 0 ] || echo "$REPLY"
}

# session_take - sets TOKEN, REFRESH_TOKEN and SESSION_ID from the answer to a sign-in.
session_take() {
	expect 200 || return 1
	member access_token && TOKEN=$REPLY && member refresh_token && REFRESH_TOKEN=$REPLY &&
		member session_id && SESSION_ID=$REPLY
}

# sign_in EMAIL [PASSWORD] - sets TOKEN, REFRESH_TOKEN and SESSION_ID.
sign_in() {
	TOKEN=
	api POST /v1/auth/sign-in "{\"email\":\"$1\",\"password\":\"${2:-$PASSWORD}\"}"
	session_take
}

# sign_up_and_in - creates a new user and signs in: sets EMAIL, USER_ID, TOKEN, REFRESH_TOKEN and
# SESSION_ID.
sign_up_and_in() {
	new_email EMAIL
	TOKEN=
	api POST /v1/auth/sign-up "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}"
	expect 201 && [[ $body =~ ^\{\"id\":\"([0-9a-f-]+)\" ]] || return 1
	USER_ID=${BASH_REMATCH[1]}
	sign_in "$EMAIL"
}

# a_user [NAME] - the same, but a few tests of the file share the user; each opens its own wallets.
# NAME selects another shared user. A test that counts a user's wallets, or posts without wallet_id,
# needs sign_up_and_in.
a_user() {
	local kept=$BATS_FILE_TMPDIR/user.${1:-} made=0 left=0
	[ ! -f "$kept" ] || read -r made left EMAIL USER_ID TOKEN REFRESH_TOKEN SESSION_ID <"$kept"
	if [ "$left" -eq 0 ] || [ $((EPOCHSECONDS - made)) -gt 240 ]; then
		sign_up_and_in || return 1
		made=$EPOCHSECONDS left=6
	fi
	echo "$made $((left - 1)) $EMAIL $USER_ID $TOKEN $REFRESH_TOKEN $SESSION_ID" >"$kept"
}

# make_operator EMAIL - grants the role. If that is $EMAIL, signs in again, because the token
# carries the roles.
make_operator() {
	"$BUILD/purse" user role add "$1" operator
	[ "$1" != "${EMAIL:-}" ] || sign_in "$1"
}

# an_operator - sets OPERATOR to the token of a separate operator account; the current user stays
# signed in. The tests of a file share it until the token, which lives ten minutes, is four minutes
# old.
an_operator() {
	local email=$EMAIL user=$USER_ID token=$TOKEN session=$SESSION_ID refresh=$REFRESH_TOKEN \
		kept=$BATS_FILE_TMPDIR/operator made=0
	[ ! -f "$kept" ] || read -r made OPERATOR <"$kept"
	[ $((EPOCHSECONDS - made)) -gt 240 ] || return 0
	sign_up_and_in && make_operator "$EMAIL" || return 1
	OPERATOR=$TOKEN
	echo "$EPOCHSECONDS $OPERATOR" >"$kept"
	EMAIL=$email USER_ID=$user TOKEN=$token SESSION_ID=$session REFRESH_TOKEN=$refresh
}

# hold_briefly AMOUNT - places a hold that expires soon, with the file's own post(). On a machine so
# slow that the expiry has passed before the request arrives (422), it tries again with a longer
# one.
hold_briefly() {
	local seconds
	for seconds in 2 4 8 16; do
		post hold "$1" "\"expires_at\":\"$(date -u -d "+$seconds seconds" +%FT%T.%6NZ)\""
		[ "$status_code" = 422 ] || break
	done
	expect 201
}

# at_once [-H HEADER] N URL BODY... - makes N calls, at most ${AT_ONCE:-64} in parallel, cycling
# through the bodies. Prints the statuses, one per line. Fails if a call gets no status (connection
# refused, for example). The answers are in $BATS_TEST_TMPDIR/answer.*.
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
		printf '%s = "%s"\n' url "$BASE_URL$url" output "$BATS_TEST_TMPDIR/answer.$i" \
			max-time 60 write-out '%{http_code}\n' \
			header "Authorization: Bearer $TOKEN" \
			header 'Content-Type: application/json' data-binary "${body//\"/\\\"}"
		[ -z "$more" ] || printf 'header = "%s"\n' "$more"
	done >"$BATS_TEST_TMPDIR/calls"
	curl -sS --parallel --parallel-immediate --parallel-max "${AT_ONCE:-64}" \
		-K "$BATS_TEST_TMPDIR/calls"
}

# other_auth METHOD PATH [BODY [VARIABLE=VALUE...]] - prints the answer of a second auth process,
# run as plain CGI next to the running one, with $TOKEN. The variables are of the request, or
# options.
other_auth() {
	local method=$1 path=$2 body=${3:-}
	shift $(($# < 3 ? $# : 3))
	printf '%s' "$body" | env -i PATH="$PATH" PURSE_CONFIG="$PURSE_CONFIG" \
		REQUEST_METHOD="$method" SCRIPT_NAME="$path" \
		CONTENT_LENGTH="$(printf '%s' "$body" | wc -c)" \
		CONTENT_TYPE=application/json REMOTE_ADDR=192.0.2.1 \
		${TOKEN:+"HTTP_AUTHORIZATION=Bearer $TOKEN"} \
		${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} "$@" \
		"$BUILD/auth" 2>>"$BATS_TEST_TMPDIR/cgi.log"
}

# eventually COMMAND... - runs it until it succeeds, for at most $PATIENCE seconds, with growing
# pauses.
eventually() {
	local deadline=$((SECONDS + PATIENCE)) pauses=(0.05 0.1 0.1 0.2 0.2 0.3) turn=0
	until "$@"; do
		[ $SECONDS -lt $deadline ] || { echo "not within $PATIENCE s: $*" && return 1; }
		sleep "${pauses[turn]:-0.4}"
		turn=$((turn + 1))
	done
}

# line_arrived VERSION - whether the statement of $WALLET has this line. The long transaction of
# another test can delay a line for longer than MIN_VERSION_WAIT.
line_arrived() {
	api GET "/v1/statements?wallet_id=$WALLET&limit=1"
	[ "$status_code" = 200 ] && [ "$(json .version)" -ge "$1" ]
}

# sql SERVICE QUERY - queries a service's database as its owner; columns are separated by |.
sql() {
	local url=${1^^}_DATABASE_OWNER_URL
	psql -X -q -At -v ON_ERROR_STOP=1 -d "${!url}" -c "$2"
}

# --- databases of a test's own ---
admin() { # SQL... - as the superuser of the private server: only they can create databases
	local query arguments=()
	for query; do arguments+=(-c "$query"); done
	(. "$ROOT/tools/lib/common.sh" && . "$ROOT/tools/lib/settings.sh" &&
		. "$ROOT/tools/lib/postgres.sh" && postgres_admin "${arguments[@]}")
}

# at SERVICE URL - the same server, roles and options, another database
at() { sed -E "s#/purse_$1(\?|\$)#/$2\1#" <<<"$3"; }

# --- services ---
# gateway, postgres, rabbitmq, outbox_relay, transaction_consumer, statement_consumer
service_pid() { cat "$DATA_DIR/service/$1/supervise/pid"; }
handler_pid() { pgrep -P "$(service_pid gateway)" -x "$1"; }
stop_service() { sv -w 30 down "$DATA_DIR/service/$1"; }
start_service() { sv -w 30 up "$DATA_DIR/service/$1" && eventually "$DATA_DIR/service/$1/check"; }
kill_service() { kill -KILL "$(service_pid "$1")"; }
service_ready() { "$DATA_DIR/service/$1/check"; }
