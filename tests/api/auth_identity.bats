#!/usr/bin/env bats
# auth_identity.bats - who a caller is: tokens, the gateway's authorizer, roles, keys, other auth
# processes.

load ../helper

setup() {
	sign_up_and_in
}

part() { cut -d. -f"$1" <<<"$TOKEN" | tr '_-' '/+' | sed 's/$/===/' | base64 -d 2>/dev/null; }

is_refused() { # PATH CODE
	api GET "$1"
	expect 401 "$2"
}
is_session_over() { is_refused /v1/wallets session_ended; }

@test "an access token has the claims of the contract" {
	[ "$(part 1 | gojq -r '[.alg, .typ, (keys | join("+"))] | join(" ")')" = "ES256 at+jwt alg+kid+typ" ]
	[ "$(part 2 | gojq -r 'keys | join(" ")')" = "aud exp iat iss jti roles sid sub" ]
	[ "$(part 2 | gojq -r '[.sub, .sid, (.roles | join("+")), .aud, .exp - .iat] | join(" ")')" = "$USER_ID $SESSION_ID customer purse 600" ]
	api GET /.well-known/jwks.json
	expect 200
	[ "$(header Cache-Control)" = 'public, max-age=60' ]
	kid=$(part 1 | gojq -r .kid)
	[ "$(json ".keys[] | select(.kid == \"$kid\") | [.kty, .crv, .alg, .use, (.x | length), (.y | length)] | join(\" \")")" = "EC P-256 ES256 sig 43 43" ]
	[[ $body != *'"d"'* ]]
}

@test "the published key verifies the token" {
	api GET /.well-known/jwks.json
	python3 - "$TOKEN" "$body" "$BATS_TEST_TMPDIR" <<-'END'
		import base64, json, subprocess, sys
		token, jwks, folder = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
		raw = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
		head, payload, signature = token.split(".")
		key = next(k for k in jwks["keys"] if k["kid"] == json.loads(raw(head))["kid"])
		# The SubjectPublicKeyInfo of an uncompressed P-256 point, and r and s as a DER
		# sequence.
		spki = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004") + raw(key["x"]) + raw(key["y"])
		integer = lambda b: (lambda v: bytes([2, len(v)]) + v)((b"\0" if b.lstrip(b"\0")[:1] >= b"\x80" else b"") + b.lstrip(b"\0"))
		s = raw(signature)
		der = integer(s[:32]) + integer(s[32:])
		open(folder + "/key", "wb").write(spki)
		open(folder + "/signature", "wb").write(bytes([48, len(der)]) + der)
		open(folder + "/text", "wb").write((head + "." + payload).encode())
		subprocess.run(["openssl", "dgst", "-sha256", "-verify", folder + "/key", "-keyform", "DER",
			"-signature", folder + "/signature", folder + "/text"], check=True)
	END
}

@test "without a valid token a call gets 401, with WWW-Authenticate" {
	good=$TOKEN
	for path in /v1/auth/me /v1/auth/sessions /v1/wallets /v1/transactions; do
		TOKEN=
		is_refused "$path" unauthenticated
		[ "$(header WWW-Authenticate)" = 'Bearer realm="purse"' ]
		for TOKEN in x a.b.c "${good%?}" "${good}A" "$REFRESH_TOKEN" "$(printf 'x%.0s' {1..5000})"; do
			is_refused "$path" unauthenticated
			[[ "$(header WWW-Authenticate)" == *'error="invalid_token"'* ]]
		done
	done
	TOKEN=
	api GET /v1/auth/me '' -H "Authorization: Basic $good"
	expect 401 unauthenticated
	api GET /v1/auth/me '' -H "Authorization: bearer $good"
	expect 200
}

@test "a client cannot set its identity with headers" {
	me=$USER_ID
	sign_up_and_in
	TOKEN=
	api GET /v1/wallets '' -H "Auth-User-Id: $me" -H "AUTH_USER_ID: $me" -H "Auth-Session-Id: $SESSION_ID" -H 'Auth-Roles: operator' \
		-H "Variable-AUTH_USER_ID: $me" -H "X-Auth-User-Id: $me"
	[ "$status_code" = 401 ] || [ "$status_code" = 400 ]
	sign_in "$EMAIL"
	api POST /v1/wallets '{}' -H "Auth-User-Id: $me" -H "Variable-AUTH_USER_ID: $me" -H 'Variable-AUTH_ROLES: operator'
	expect 201
	[ "$(json .owner_id)" = "$USER_ID" ]
}

@test "a sign-out in another auth process takes effect here" {
	api GET /v1/wallets
	expect 200
	[[ "$(other_auth POST /v1/auth/sign-out)" == *"Status: 204"* ]]
	eventually is_session_over
}

@test "sign-outs take effect again after the database drops the connection" {
	api GET /v1/wallets
	expect 200
	# Authorizers hold a lock of this class.
	admin "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1886745203" >/dev/null
	api GET /v1/wallets
	expect 200
	[[ "$(other_auth POST /v1/auth/sign-out)" == *"Status: 204"* ]]
	eventually is_session_over
	sign_in "$EMAIL"
	api GET /v1/wallets
	expect 200
}

@test "an auth process without a gateway checks tokens itself" {
	answer=$(other_auth GET /v1/auth/me)
	[[ $answer == *"Status: 200"* ]]
	[[ $answer == *"$EMAIL"* ]]
	TOKEN=${TOKEN%?}
	[[ "$(other_auth GET /v1/auth/me)" == *"Status: 401"* ]]
}

@test "the operator's tool grants and revokes a role, also for signed-in users" {
	api POST /v1/wallets '{}'
	wallet=$(json .id)
	sign_up_and_in
	api GET "/v1/wallets/$wallet"
	expect 404 not_found
	run "$BUILD/purse" user role add "${EMAIL^^}" operator
	[ "$status" = 0 ]
	sees() { api GET "/v1/wallets/$wallet" && expect "$1"; }
	eventually sees 200
	api GET /v1/auth/me
	[ "$(json '.roles | join(" ")')" = "customer operator" ]
	run "$BUILD/purse" user role add "$EMAIL" operator
	[ "$status" = 0 ]
	run "$BUILD/purse" user show "$EMAIL"
	[[ $output == *"customer,operator"* ]]
	[[ $output == *"$SESSION_ID"* ]]
	run "$BUILD/purse" user list "$EMAIL"
	[[ $output == "$USER_ID"*"$EMAIL" ]]
	run "$BUILD/purse" user role remove "$EMAIL" operator
	[ "$status" = 0 ]
	eventually sees 404
}

@test "every change of roles and keys says who made it" {
	local me
	me="os:$(id -un)"
	row() { sql auth "SELECT actor, act, request_id ~ '^[0-9a-f-]{36}$', detail::text FROM operator_act WHERE account_id = '$USER_ID' ORDER BY id DESC LIMIT 1"; }
	SUDO_USER='' "$BUILD/purse" user role add "$EMAIL" service
	[ "$(row)" = "$me|roles|t|{\"roles\": [\"customer\", \"service\"], \"before\": [\"customer\"]}" ]
	SUDO_USER='' "$BUILD/purse" user role remove "$EMAIL" service
	[ "$(row)" = "$me|roles|t|{\"roles\": [\"customer\"], \"before\": [\"customer\", \"service\"]}" ]
	# In SQL by hand, too.
	sql auth "UPDATE account SET roles = '{}' WHERE id = '$USER_ID'"
	[[ "$(row)" == "db:"*"|roles||{\"roles\": [], "* ]]
	run "$BUILD/purse" acts "$EMAIL"
	[ "$status" = 0 ]
	[ "${#lines[@]}" = 3 ]
	[[ ${lines[2]} == *"  roles  "*"$me"*"$EMAIL"* ]]
	kid=$(SUDO_USER=alice "$BUILD/purse" key rotate)
	"$BUILD/purse" acts >"$BATS_TEST_TMPDIR/acts"
	grep -q "key_rotate.*os:$(id -un).*${kid%% *}" "$BATS_TEST_TMPDIR/acts"
	for change in "DELETE FROM operator_act" "UPDATE operator_act SET actor = 'someone'" "TRUNCATE operator_act"; do
		run psql -X -q -At -d "$AUTH_DATABASE_URL" -c "$change"
		[ "$status" != 0 ]
		[[ $output == *"permission denied"* ]]
	done
}

@test "without the database no key is made, because nothing could record it" {
	before=$("$BUILD/purse" key list)
	AUTH_DATABASE_OWNER_URL=postgresql://127.0.0.1:1/x run "$BUILD/purse" key rotate
	[ "$status" = 1 ]
	[ "$("$BUILD/purse" key list)" = "$before" ]
}

@test "the tool refuses unknown roles, users and commands" {
	run "$BUILD/purse" user role add "$EMAIL" king
	[ "$status" = 1 ]
	run "$BUILD/purse" user role add nobody@example.com operator
	[ "$status" = 1 ]
	[[ $output == *"no account"* ]]
	run "$BUILD/purse" user role add "$EMAIL"
	[ "$status" = 2 ]
	[[ $output == *"usage: purse user role add EMAIL ROLE"* ]]
	run "$BUILD/purse" nonsense
	[ "$status" = 2 ]
	for command in 'acts --nope' 'key list --all' 'user list --x' 'user show --head' 'dead list --all' 'dead drop wallet_queue --al' 'config --nope'; do
		# shellcheck disable=SC2086  # several words
		run "$BUILD/purse" $command
		[ "$status" = 2 ]
		[[ $output == *"unknown option -"*"usage: purse ${command%% *}"* ]]
	done
	run "$BUILD/purse" help
	[ "$status" = 0 ]
	[[ $output == *"key rotate"* ]]
}

@test "keys rotate with an overlap, and no one is signed out" {
	old=$TOKEN old_kid=$(part 1 | gojq -r .kid)
	run "$BUILD/purse" key rotate
	[ "$status" = 0 ]
	new_kid=${output%% *}
	sign_in "$EMAIL"
	[ "$(part 1 | gojq -r .kid)" = "$new_kid" ]
	[ "$new_kid" != "$old_kid" ]
	for TOKEN in "$TOKEN" "$old"; do
		api GET /v1/auth/me
		expect 200
		api GET /v1/wallets
		expect 200
	done
	api GET /.well-known/jwks.json
	[ "$(json '.keys[0].kid')" = "$new_kid" ]
	[ "$(json "[.keys[].kid] | index(\"$old_kid\") != null")" = true ]
	run "$BUILD/purse" key list
	[ "$status" = 0 ]
	[[ $output == *"$new_kid"*signs*"$old_kid"*"accepted until"* ]]
	[ "$(find "$DATA_DIR/keys" -type f ! -perm 600 | wc -l)" = 0 ]
}

@test "the run-time role cannot grant roles" {
	run psql -X -q -At -d "$AUTH_DATABASE_URL" -c "UPDATE account SET roles = '{operator}' WHERE id = '$USER_ID'"
	[ "$status" != 0 ]
	[[ $output == *"permission denied"* ]]
}
