#!/usr/bin/env bats
# ownership.bats - each role and each stranger at each endpoint: the matrix of ownership.table, whose
# rows must name every route that the programs print and every kind that can be requested.

load ../helper

TABLE=$BATS_TEST_DIRNAME/ownership.table
callers=(none ended owner stranger former operator service)
declare -gA token user mine session policy thing
refusal='^[45]'

# person CALLER [ROLE] - a new user with a wallet, whose token carries the role
person() {
	sign_up_and_in || return 1
	if [ -n "${2:-}" ]; then
		"$BUILD/purse" user role add "$EMAIL" "$2" && sign_in "$EMAIL" || return 1
	fi
	api POST /v1/wallets '{}'
	expect 201
	token[$1]=$TOKEN user[$1]=$USER_ID session[$1]=$SESSION_ID mine[$1]=$(json .id)
}
people() {
	person owner
	OWNERS_EMAIL=$EMAIL CANARY=canary-$RANDOM$RANDOM
	api PATCH /v1/auth/me "{\"name\":\"$CANARY\"}"
	expect 200
	sign_in "$EMAIL"
	token[ended]=$TOKEN
	api POST /v1/auth/sign-out '{}'
	expect 204
	person stranger
	person former operator
	"$BUILD/purse" user role remove "$EMAIL" operator
	person operator operator
	person service service
	token[none]='' mine[none]=${mine[stranger]} mine[ended]=${mine[owner]}
	TOKEN=${token[owner]}
	a_wallet && thing[wallet]=$WALLET
	api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",\"kind\":\"deposit\",\"amount\":1000000,\"description\":\"$CANARY\"}"
	expect 201
}
a_wallet() {
	api POST /v1/wallets "{\"name\":\"$CANARY\"}"
	expect 201
	WALLET=$(json .id)
}
posted() {
	api POST /v1/transactions "{\"wallet_id\":\"${thing[wallet]}\",\"kind\":\"$1\",\"amount\":5,\"description\":\"$CANARY\"}"
	expect 201
	thing[$1]=$(json .id)
}
file_is_ready() {
	api GET "/v1/statements/${thing[job]}"
	[ "$(json .status)" = ready ]
}
# make NAME - makes the owner's thing of that name.
make_thing() {
	local TOKEN=${token[owner]} REFRESH_TOKEN SESSION_ID WALLET
	case $1 in
	purchase | hold) posted "$1" ;;
	spare) a_wallet && thing[spare]=$WALLET ;;
	session) sign_in "$OWNERS_EMAIL" && thing[session]=$SESSION_ID ;;
	refresh) sign_in "$OWNERS_EMAIL" && thing[refresh]=$REFRESH_TOKEN ;;
	job)
		eventually line_of_wallet
		api GET "/v1/statements?wallet_id=${thing[wallet]}&from=2026-01-01"
		expect 202 && thing[job]=$(json .id) && eventually file_is_ready
		;;
	esac
}
line_of_wallet() { api GET "/v1/statements?wallet_id=${thing[wallet]}" && [ "$status_code" = 200 ]; }

# rows - sets the array rows to the table's "METHOD PATH RULE BODY", in order, and reads the policy.
rows() {
	local first row
	rows=()
	while read -r first row; do
		case $first in
		route | kind) rows+=("$row") ;;
		'' | '#' | rule) ;;
		*) policy_row "$first" $row ;;
		esac
	done <"$TABLE"
}
policy_row() {
	local rule=$1 caller
	shift
	[ $# = ${#callers[@]} ] || { echo "the rule $rule has $# cells" && return 1; }
	for caller in "${callers[@]}"; do
		policy[$rule.$caller]=$1
		shift
	done
}

# cell CALLER METHOD PATH BODY - makes the call, with the things filled in.
cell() {
	local text="$3 ${4:-}" name new_email TOKEN=${token[$1]}
	new_email new_email
	text=${text//'{email}'/$new_email} text=${text//'{password}'/$PASSWORD}
	text=${text//'{owners_email}'/$OWNERS_EMAIL} text=${text//'{mine}'/${mine[$1]}}
	for name in "${!thing[@]}"; do text=${text//"{$name}"/${thing[$name]}}; done
	api "$2" "${text%% *}" "${text#* }"
}
# things TEXT - the names in it of what must be made for a row
things() { grep -oE '\{(purchase|hold|spare|session|refresh|job)\}' <<<"$1" | tr -d '{}' || true; }

# keeps_secrets CALLER - an answer to someone else shows nothing of the owner.
keeps_secrets() {
	local secret
	for secret in "$CANARY" "$OWNERS_EMAIL" "${user[owner]}"; do
		[[ $body$headers != *"$secret"* ]] || { echo "$1 sees the owner's $secret: $body" && return 1; }
	done
}
judge() { # CALLER WANT ROW
	local good='^2'
	case $2 in
	2xx | own) [[ $status_code =~ $good ]] ;;
	*) [ "$status_code" = "$2" ] ;;
	esac || { echo "$1 got $status_code, not $2: $3: $body" && return 1; }
	case $2.$1 in
	own.owner) ;;
	own.*) keeps_secrets "$1" ;;
	2xx.*) ;;
	*) keeps_secrets "$1" ;;
	esac || { echo "$3" && return 1; }
	[[ $2 != own || $3 != GET* ]] || shows_own "$1" || { echo "$1 does not see their own: $3: $body" && return 1; }
}
shows_own() { [[ $body == *"${user[$1]}"* || $body == *"${mine[$1]}"* || $body == *"${session[$1]}"* ]]; }

# state - what no refused call may change
state() {
	sql wallet "SELECT id, version, balance, held, status FROM wallet WHERE owner_id = '${user[owner]}' ORDER BY id;
		SELECT currency, version FROM currency_limit_change WHERE currency = 'WST'"
	sql auth "SELECT name, roles, password_hash FROM account WHERE id = '${user[owner]}';
		SELECT count(*) FROM session WHERE account_id = '${user[owner]}' AND ended_at IS NULL"
	sql statement "SELECT count(*) FROM job WHERE owner_id = '${user[owner]}'"
}

@test "the table names every route and every kind, and nothing else" {
	rows
	for service in auth wallet statement; do "$BUILD/$service" --routes || return 1; done |
		awk '{ gsub(/\{[^}]*\}/, "{id}", $2); print $1, $2 }' | sort -u >"$BATS_TEST_TMPDIR/served"
	printf '%s\n' "${rows[@]}" | awk '{ sub(/\?.*/, "", $2); gsub(/\{[^}]*\}/, "{id}", $2); print $1, $2 }' |
		sort -u >"$BATS_TEST_TMPDIR/rows"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/served")" -gt 30 ]
	diff "$BATS_TEST_TMPDIR/served" "$BATS_TEST_TMPDIR/rows"
	sed -n 's/^KIND([A-Z]*, "\([a-z]*\)", REQUESTED,.*/\1/p' "$ROOT/domain/ledger/kinds.def" | sort >"$BATS_TEST_TMPDIR/kinds"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/kinds")" -ge 9 ]
	printf '%s\n' "${rows[@]}" | sed -n 's/.*"wallet_id":"{wallet}","kind":"\([a-z]*\)".*/\1/p' | sort -u |
		diff "$BATS_TEST_TMPDIR/kinds" -
	for row in "${rows[@]}"; do
		read -r _ _ rule _ <<<"$row"
		[ -n "${policy[$rule.owner]:-}" ] || { echo "no rule $rule: $row" && return 1; }
	done
}

@test "each caller gets what the table says, and a refused call shows and changes nothing" {
	local row method path rule json caller want name before cells=0
	rows
	people
	for name in purchase hold spare session refresh job; do make_thing "$name"; done
	before=$(state)
	for row in "${rows[@]}"; do
		read -r method path rule json <<<"$row"
		for caller in "${callers[@]}"; do
			want=${policy[$rule.$caller]}
			[[ $want =~ $refusal ]] || continue
			cell "$caller" "$method" "$path" "$json"
			judge "$caller" "$want" "$row"
			cells=$((cells + 1))
		done
	done
	[ "$(state)" = "$before" ]
	for row in "${rows[@]}"; do
		read -r method path rule json <<<"$row"
		for caller in "${callers[@]}"; do
			want=${policy[$rule.$caller]}
			[[ ! $want =~ $refusal ]] || continue
			[[ $method == GET ]] || for name in $(things "$row"); do make_thing "$name"; done
			cell "$caller" "$method" "$path" "$json"
			judge "$caller" "$want" "$row"
			cells=$((cells + 1))
		done
	done
	[ $cells = $((${#rows[@]} * ${#callers[@]})) ]
}
