#!/usr/bin/env bats
# auth_passwords.bats - changing a password, and the delays after failed sign-ins.

# shellcheck disable=SC2153 # the helper sets EMAIL
load ../helper

attempt() { # EMAIL PASSWORD
	TOKEN='' api POST /v1/auth/sign-in "{\"email\":\"$1\",\"password\":\"$2\"}"
}
change() { # CURRENT NEW
	api POST /v1/auth/password "{\"current_password\":\"$1\",\"new_password\":\"$2\"}"
}
# Uses up the five free failures, so that the next attempt is delayed.
exhaust() {
	local n
	for n in 1 2 3 4 5; do
		attempt "$1" "wrong password $n"
		expect 401 invalid_credentials || return 1
	done
}
# Ends the delay in the database, so that no test waits for it.
let_delay_pass() { sql auth "UPDATE sign_in_attempt SET next_at = now() - interval '1 s'"; }

setup() {
	sign_up_and_in
}

@test "a new password replaces the old one and ends every other session" {
	mine=$TOKEN
	sign_in "$EMAIL"
	other=$TOKEN
	TOKEN=$mine
	change "$PASSWORD" 'an even longer phrase'
	expect 204
	api GET /v1/auth/me
	expect 200
	TOKEN=$other api GET /v1/auth/me
	expect 401 session_ended
	TOKEN=$other api GET /v1/wallets
	expect 401 session_ended
	attempt "$EMAIL" "$PASSWORD"
	expect 401 invalid_credentials
	sign_in "$EMAIL" 'an even longer phrase'
}

@test "the current password must be correct, and the new one acceptable" {
	change 'not the password' 'an even longer phrase'
	expect 401 invalid_credentials
	for bad in short 1234567890 "$PASSWORD" "$EMAIL"; do
		change "$PASSWORD" "$bad"
		expect 422 invalid_request
		[ "$(json '.errors[0].pointer')" = /new_password ]
	done
	api POST /v1/auth/password "{\"new_password\":\"an even longer phrase\"}"
	expect 422 invalid_request
	api POST /v1/auth/password "{\"current_password\":5,\"new_password\":\"iloveyou2026\",\"more\":1}"
	expect 422 invalid_request
	[ "$(json '[.errors[].pointer] | sort | join(" ")')" = "/current_password /more /new_password" ]
	TOKEN='' api POST /v1/auth/password "{\"current_password\":\"$PASSWORD\",\"new_password\":\"an even longer phrase\"}"
	expect 401 unauthenticated
	sign_in "$EMAIL"
}

@test "after five failures sign-in is delayed, even with the correct password" {
	exhaust "$EMAIL"
	attempt "$EMAIL" "$PASSWORD"
	expect 429 too_many_attempts
	[[ "$(header Retry-After)" =~ ^[1-9][0-9]*$ ]]
	let_delay_pass
	sign_in "$EMAIL"
	exhaust "$EMAIL"
}

@test "an address without an account is delayed in the same way" {
	email=$(new_email)
	exhaust "$email"
	attempt "$email" 'wrong password 6'
	expect 429 too_many_attempts
	attempt "${email^^}" 'wrong password 6'
	expect 429 too_many_attempts
	TOKEN='' api POST /v1/auth/sign-up "{\"email\":\"$email\",\"password\":\"$PASSWORD\"}"
	expect 201
}

@test "each further failure doubles the delay, up to the maximum" {
	email=$(new_email)
	exhaust "$email"
	delays=
	for n in {6..16}; do
		let_delay_pass
		attempt "$email" 'wrong password again'
		expect 401 invalid_credentials
		attempt "$email" 'wrong password again'
		expect 429 too_many_attempts
		delays+=" $(sql auth "SELECT round(extract(epoch FROM next_at - tried_at)) FROM sign_in_attempt WHERE failures = $n ORDER BY tried_at DESC LIMIT 1")"
	done
	# The tests' first delay is 30 s (settings.env): too long to expire by itself, even on a
	# slow machine.
	[ "$delays" = " 60 120 240 480 900 900 900 900 900 900 900" ]
	[ "$(header Retry-After)" -gt 800 ]
	[ "$(header Retry-After)" -le 900 ]
}

@test "failed password changes count too" {
	for n in 1 2 3 4 5; do
		change "wrong password $n" 'an even longer phrase'
		expect 401 invalid_credentials
	done
	change "$PASSWORD" 'an even longer phrase'
	expect 429 too_many_attempts
	[ -n "$(header Retry-After)" ]
	attempt "$EMAIL" "$PASSWORD"
	expect 429 too_many_attempts
	api GET /v1/auth/me
	expect 200
}

@test "a success resets the count of failures" {
	for _ in 1 2 3; do
		for n in 1 2 3 4; do
			attempt "$EMAIL" "wrong password $n"
			expect 401 invalid_credentials
		done
		sign_in "$EMAIL"
	done
}

# from ADDRESS EMAIL PASSWORD [VARIABLE=VALUE...] - a sign-in from there; sets status_code.
from() {
	local answer
	TOKEN=
	answer=$(other_auth POST /v1/auth/sign-in "{\"email\":\"$2\",\"password\":\"$3\"}" "REMOTE_ADDR=$1" "${@:4}")
	[[ $answer == Status:\ * ]] || { echo "$answer" && return 1; }
	status_code=${answer:8:3}
	echo "from $1: $status_code" >&2
}
# a_network - sets NETWORK to the start of addresses that no other test uses.
a_network() { printf -v NETWORK '2001:db8:%x:%x' $((RANDOM * 2 + RANDOM % 2)) $((RANDOM * 2 + RANDOM % 2)); }

@test "strangers who fail do not slow the owner, known device or not" {
	local n
	a_network
	for n in 1 2 3 4 5; do
		from "$NETWORK::$n" "$EMAIL" "wrong password $n"
		[ "$status_code" = 401 ]
	done
	# One network of 64 bits is one stranger, whatever its user agent says.
	from "$NETWORK::6" "$EMAIL" "$PASSWORD"
	[ "$status_code" = 429 ]
	from "$NETWORK::6" "$EMAIL" "$PASSWORD" 'HTTP_USER_AGENT=Another browser'
	[ "$status_code" = 429 ]
	sign_in "$EMAIL"
	from "${NETWORK%:*}:ffff::1" "$EMAIL" "$PASSWORD"
	[ "$status_code" = 200 ]
}

@test "a device that has signed in is not slowed by others behind its address" {
	local n
	a_network
	from "$NETWORK::1" "$EMAIL" "$PASSWORD" 'HTTP_USER_AGENT=My browser'
	[ "$status_code" = 200 ]
	for n in 1 2 3 4 5; do from "$NETWORK::1" "$EMAIL" "wrong password $n" HTTP_USER_AGENT=curl; done
	from "$NETWORK::1" "$EMAIL" "$PASSWORD" HTTP_USER_AGENT=curl
	[ "$status_code" = 429 ]
	from "$NETWORK::1" "$EMAIL" "$PASSWORD" 'HTTP_USER_AGENT=My browser'
	[ "$status_code" = 200 ]
	[[ "$(sql auth "SELECT string_agg(d::text, '') FROM known_device d WHERE account_id = '$USER_ID'")" != *browser* ]]
}

@test "one address that tries many accounts is slowed, whatever it signs in to" {
	local n limit=SIGN_IN_CLIENT_ATTEMPTS=6
	a_network
	for n in 1 2 3 4 5; do
		from "$NETWORK::$n" "$(new_email)" "$PASSWORD" $limit
		[ "$status_code" = 401 ]
	done
	# A success gives back what it took, and no more.
	for n in 1 2 3; do
		from "$NETWORK::1" "$EMAIL" "$PASSWORD" $limit HTTP_USER_AGENT=mine
		[ "$status_code" = 200 ]
	done
	from "$NETWORK::7" "$(new_email)" "$PASSWORD" $limit
	[ "$status_code" = 401 ]
	from "$NETWORK::8" "$(new_email)" "$PASSWORD" $limit
	[ "$status_code" = 429 ]
	from "$NETWORK::8" "$EMAIL" "$PASSWORD" $limit
	[ "$status_code" = 429 ]
	from "$NETWORK::1" "$EMAIL" "$PASSWORD" $limit HTTP_USER_AGENT=mine
	[ "$status_code" = 200 ]
	from "${NETWORK%:*}:ffff::1" "$(new_email)" "$PASSWORD" $limit
	[ "$status_code" = 401 ]
}

@test "strangers from many addresses are slowed at one account, its devices are not" {
	local n email limit=SIGN_IN_ACCOUNT_ATTEMPTS=4
	for email in "$EMAIL" "$(new_email)"; do
		for n in 1 2 3 4; do
			a_network
			from "$NETWORK::1" "$email" "wrong password $n" $limit
			[ "$status_code" = 401 ]
		done
		a_network
		from "$NETWORK::1" "$email" "$PASSWORD" $limit
		[ "$status_code" = 429 ]
	done
	sign_in "$EMAIL"
}

@test "as CGI programs, too, one address has one password hash at a time" {
	[ -z "${HOSTED:-}" ] || skip "the locks that it holds would keep others from signing up"
	local name address
	mkfifo "$BATS_TEST_TMPDIR/held"
	psql -X -q -d "$AUTH_DATABASE_URL" <"$BATS_TEST_TMPDIR/held" >/dev/null 3>&- &
	exec 7>"$BATS_TEST_TMPDIR/held"
	echo 'SELECT count(pg_advisory_lock(1886745205, i)) FROM generate_series(1, 64) i;' >&7
	held() { [ "$(sql auth "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND granted")" = "$2" ]; }
	eventually held 1886745205 64
	TOKEN=
	a_network
	for name in a.1 a.2 a.3 b.1; do
		address=$NETWORK::1
		[[ $name == a.* ]] || address=${NETWORK%:*}:ffff::1
		other_auth POST /v1/auth/sign-up "{\"email\":\"$(new_email)\",\"password\":\"$PASSWORD\"}" "REMOTE_ADDR=$address" \
			>"$BATS_TEST_TMPDIR/$name" 7>&- 3>&- &
	done
	# All four wait; two of them are the turns of the two addresses.
	waiting() {
		[ "$(psql -X -q -At -d "$AUTH_DATABASE_URL" -c "SELECT count(*) FROM pg_stat_activity
			WHERE query LIKE '%pg_try_advisory_lock%' AND pid <> pg_backend_pid()")" = 4 ]
	}
	eventually waiting
	held 1886745204 2
	exec 7>&-
	wait
	[ "$(grep -l 'Status: 201' "$BATS_TEST_TMPDIR"/[ab].[0-9] | wc -l)" = 4 ]
}

@test "parallel attempts get no more guesses than sequential ones" {
	mapfile -t bodies < <(for n in $(seq 32); do echo "{\"email\":\"$EMAIL\",\"password\":\"wrong password $n\"}"; done)
	statuses=$(AT_ONCE=16 at_once 32 /v1/auth/sign-in "${bodies[@]}")
	[ "$(grep -c 401 <<<"$statuses")" = 5 ]
	[ "$(grep -c 429 <<<"$statuses")" = 27 ]
}

@test "a few parallel sign-ins with the correct password all succeed" {
	statuses=$(AT_ONCE=4 at_once 12 /v1/auth/sign-in "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}")
	[ "$(grep -c 200 <<<"$statuses")" = 12 ]
}

@test "a success and another attempt from the same address do not deadlock" {
	local keys steps="'{36000,36000}'"
	keys="ARRAY[sha256('1$EMAIL'), sha256('2$EMAIL'), sha256('3$EMAIL'), sha256('4$EMAIL')]"
	begin="SELECT known FROM attempt_begin('$USER_ID', sha256('$EMAIL'), $keys, '{0}', 3600000, $steps, 3600000)"
	sql auth "$begin"
	# Holds the address's bucket until the success waits for it, and then counts its attempt.
	sql auth "SELECT FROM attempt_bucket WHERE key = sha256('3$EMAIL') FOR UPDATE; SELECT pg_advisory_xact_lock(1912), pg_current_xact_id();
		DO \$\$ BEGIN FOR i IN 1..600 LOOP
			EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid);
			PERFORM pg_sleep(0.05);
		END LOOP; END \$\$; $begin" >"$BATS_TEST_TMPDIR/other" &
	holds() { [ "$(sql auth "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1912")" = 1 ]; }
	eventually holds
	sql auth "SELECT attempt_succeeded('$USER_ID', sha256('$EMAIL'), $keys, false, $steps)"
	wait $!
}

@test "a password hashed with other parameters is hashed again at sign-in" {
	hash() { sql auth "SELECT password_hash FROM account WHERE id = '$USER_ID'"; }
	todays=$(hash)
	# argon2id of "tests have long passwords" with 8 MiB and 3 passes
	sql auth "UPDATE account SET password_hash = '\$argon2id\$v=19\$m=8192,t=3,p=1\$SUE+uDh+x73lS1SpMOmZyg\$IT8ZrAxJcn0Z18uhBmD3fQ/WA/7AHbFgg9EzLx+gVn4' WHERE id = '$USER_ID'"
	attempt "$EMAIL" 'not the password'
	expect 401 invalid_credentials
	[[ "$(hash)" == *m=8192,t=3* ]]
	sign_in "$EMAIL"
	[ "$(hash | cut -d'$' -f1-4)" = "$(cut -d'$' -f1-4 <<<"$todays")" ]
	sign_in "$EMAIL"
}

@test "two sign-ins that both hash again succeed, but not with a password that has changed in between" {
	todays=$(sql auth "SELECT password_hash FROM account WHERE id = '$USER_ID'")
	# argon2id of "tests have long passwords" with 8 MiB and 3 passes
	old="\$argon2id\$v=19\$m=8192,t=3,p=1\$SUE+uDh+x73lS1SpMOmZyg\$IT8ZrAxJcn0Z18uhBmD3fQ/WA/7AHbFgg9EzLx+gVn4"
	# The other one locks the account until this one also wants to write its hash.
	other_stores() { # HASH
		sql auth "UPDATE account SET password_hash = '$1' WHERE id = '$USER_ID'; SELECT 1 FROM pg_advisory_lock(1911);
			DO \$\$ BEGIN FOR i IN 1..600 LOOP
				EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid);
				PERFORM pg_sleep(0.05);
			END LOOP; END \$\$"
	}
	holds() { [ "$(sql auth "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1911")" = 1 ]; }
	for stored in "$todays" "${todays%?????}AAAAA"; do
		sql auth "UPDATE account SET password_hash = '$old' WHERE id = '$USER_ID'"
		other_stores "$stored" &
		eventually holds
		attempt "$EMAIL" "$PASSWORD"
		wait $!
		if [ "$stored" = "$todays" ]; then expect 200; else expect 401 invalid_credentials; fi
		[ "$(sql auth "SELECT password_hash FROM account WHERE id = '$USER_ID'")" = "$stored" ]
	done
}

@test "a sign-in without enough memory gets 503 with Retry-After, and does not count as a failure" {
	if ldd "$BUILD/auth" | grep -qE 'lib[at]san'; then skip "the sanitizer needs more address space than that"; fi
	json="{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}"
	# The hash needs 1 GiB, in an auth process (CGI) that is limited to less.
	sql auth "UPDATE account SET password_hash = replace(password_hash, 'm=8192', 'm=1048576') WHERE id = '$USER_ID'"
	for _ in 1 2 3 4 5 6; do
		answer=$(ulimit -v 1000000 && printf '%s' "$json" | env -i PATH="$PATH" PURSE_CONFIG="$PURSE_CONFIG" REQUEST_METHOD=POST \
			SCRIPT_NAME=/v1/auth/sign-in CONTENT_LENGTH=${#json} CONTENT_TYPE=application/json REMOTE_ADDR=192.0.2.1 \
			"$BUILD/auth" 2>>"$BATS_TEST_TMPDIR/cgi.log")
		[[ $answer == *"Status: 503"* ]]
		[[ $answer == *Retry-After:* ]]
		[[ $answer == *'"overloaded"'* ]]
	done
	sql auth "UPDATE account SET password_hash = replace(password_hash, 'm=1048576', 'm=8192') WHERE id = '$USER_ID'"
	sign_in "$EMAIL"
}
