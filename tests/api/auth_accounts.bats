#!/usr/bin/env bats
# auth_accounts.bats - opening, reading and renaming an account; what is refused, and with which
# error.

# shellcheck disable=SC2153 # the helper sets EMAIL
load ../helper

sign_up() { # EMAIL [PASSWORD] [NAME as JSON]
	api POST /v1/auth/sign-up "{\"email\":\"$1\",\"password\":\"${2:-$PASSWORD}\"${3:+,\"name\":$3}}"
}

@test "sign-up returns the account" {
	email=$(new_email)
	sign_up "$email" "$PASSWORD" '"Ada"'
	expect 201
	[ "$(json 'keys_unsorted | join(" ")')" = "id email name roles created_at" ]
	[ "$(json '[.email, .name, (.roles | join("+"))] | join(" ")')" = "$email Ada customer" ]
	[[ "$(json .id)" =~ ^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
	[[ "$(json .created_at)" =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z$ ]]
	[[ $body != *password* ]]
}

@test "a name is optional" {
	sign_up "$(new_email)"
	expect 201
	[ "$(json .name)" = null ]
	[ "$(json 'has("name")')" = true ]
}

@test "an address can be registered once, regardless of case" {
	email=$(new_email)
	sign_up "$email"
	expect 201
	sign_up "$email"
	expect 409 email_taken
	sign_up "${email^^}"
	expect 409 email_taken
	sign_in "${email^^}"
	api GET /v1/auth/me
	[ "$(json .email)" = "$email" ]
}

@test "a password can have 1024 characters of any script" {
	new_email email
	long=$(perl -CO -e 'print map chr(0x4e00 + 7 * $_), 1 .. 1024')
	sign_up "$email" "$long"
	expect 201
	sign_in "$email" "$long"
	sign_up "$(new_email)" "${long}x"
	expect 422 invalid_request
	[[ $body == *'"/password","detail":"must be 10 to 1024 characters long"'* ]]
}

@test "the error names every invalid member" {
	sign_up "not an address" short '"  "'
	expect 422 invalid_request
	[ "$(json '[.errors[].pointer] | sort | join(" ")')" = "/email /name /password" ]
	sign_up "not an address" "P@ssw0rd2026" '"  "'
	expect 422 invalid_request
	[ "$(json '[.errors[].pointer] | sort | join(" ")')" = "/email /name /password" ]
	api POST /v1/auth/sign-up '{"mail":"ada@example.com"}'
	expect 422 invalid_request
	[ "$(json '[.errors[].pointer] | sort | join(" ")')" = "/email /mail /password" ]
	api POST /v1/auth/sign-up '{"email":"not an address","name":"two\nlines","password":7,"more":true}'
	expect 422 invalid_request
	[ "$(json '[.errors[].pointer] | sort | join(" ")')" = "/email /more /name /password" ]
	api POST /v1/auth/sign-up '{"email":5,"password":["x"],"name":true}'
	expect 422 invalid_request
	[ "$(json '[.errors[].pointer] | sort | join(" ")')" = "/email /name /password" ]
}

@test "weak passwords are refused" {
	for weak in 'short pw' 1234567890 qwertyuiop Password123 aaaaaaaaaaaa iloveyou2026 1234567890a 1234567qwerty asdasdasd1 3141592653 alexandria "$(printf 'é%.0s' {1..9})"; do
		sign_up "$(new_email)" "$weak"
		expect 422 invalid_request
		[ "$(json '.errors[0].pointer')" = /password ]
	done
	email=somebody.$(new_email)
	sign_up "$email" "$email"
	expect 422 invalid_request
	sign_up "$email" "${email%@*}1"
	expect 422 invalid_request
}

@test "a password can contain any characters, and every one counts" {
	email=$(new_email)
	sign_up "$email" 'пароль 密码 \"q\" 🔑🔑🔑'
	expect 201
	sign_in "$email" 'пароль 密码 \"q\" 🔑🔑🔑'
	api POST /v1/auth/sign-in "{\"email\":\"$email\",\"password\":\"пароль 密码 \\\"q\\\" 🔑🔑\"}"
	expect 401 invalid_credentials
	long=$(printf 'long enough %.0s' {1..85})
	email=$(new_email)
	sign_up "$email" "${long}xyzw"
	expect 201
	api POST /v1/auth/sign-in "{\"email\":\"$email\",\"password\":\"${long}xyzv\"}"
	expect 401 invalid_credentials
	sign_in "$email" "${long}xyzw"
	sign_up "$(new_email)" "${long}xyzw12345"
	expect 422 invalid_request
}

@test "a password is the same in every normal form, and the hashes of before still work" {
	email=$(new_email)
	sign_up "$email" 'un café à la crème'
	expect 201
	sign_in "$email" $'un cafe\xcc\x81 a\xcc\x80 la cre\xcc\x80me'
	sign_in "$email" $'un\xe3\x80\x80caf\xc3\xa9 \xc3\xa0\xc2\xa0la cr\xc3\xa8me'
	# Before, the bytes were hashed as they came.
	hash=$(python3 - <<-'END'
		import ctypes
		sodium, out = ctypes.CDLL("libsodium.so.23"), ctypes.create_string_buffer(128)
		password = "un cafe\u0301 a\u0300 la cre\u0300me".encode()
		sodium.crypto_pwhash_str(out, password, ctypes.c_ulonglong(len(password)),
			ctypes.c_ulonglong(1), ctypes.c_size_t(8 << 20))
		print(out.value.decode())
	END
	)
	sql auth "UPDATE account SET password_hash = '$hash' WHERE email = '$email'"
	TOKEN='' api POST /v1/auth/sign-in "{\"email\":\"$email\",\"password\":\"un café à la crème\"}"
	expect 401 invalid_credentials
	sign_in "$email" $'un cafe\xcc\x81 a\xcc\x80 la cre\xcc\x80me'
	[ "$(sql auth "SELECT password_hash = '$hash' FROM account WHERE email = '$email'")" = f ]
	sign_in "$email" 'un café à la crème'
}

@test "/me shows the account, and PATCH renames it" {
	sign_up_and_in
	api GET /v1/auth/me
	expect 200
	[ "$(json 'keys_unsorted | join(" ")')" = "id email name roles created_at" ]
	[ "$(json '[.id, .email] | join(" ")')" = "$USER_ID $EMAIL" ]
	api PATCH /v1/auth/me '{"name":"Grażyna Żółć"}'
	expect 200
	[ "$(json .name)" = "Grażyna Żółć" ]
	api GET /v1/auth/me
	[ "$(json .name)" = "Grażyna Żółć" ]
	for bad in '{}' '{"name":""}' '{"name":"   "}' '{"name":"two\nlines"}' '{"name":5}' '{"name":null}' \
		"{\"name\":\"$(printf 'x%.0s' {1..101})\"}" '{"name":"Ada","email":"x@example.com"}' '{"name":"Ada","roles":["operator"]}'; do
		api PATCH /v1/auth/me "$bad"
		expect 422 invalid_request
	done
	api GET /v1/auth/me
	[ "$(json '[.name, .email, (.roles | join("+"))] | join(" ")')" = "Grażyna Żółć $EMAIL customer" ]
}

@test "malformed requests get the right error" {
	api POST /v1/auth/sign-up '{"email":'
	expect 400 malformed_json
	api POST /v1/auth/sign-up '{"email":"a@b","email":"c@d"}'
	expect 400 malformed_json
	api POST /v1/auth/sign-up '["email"]'
	expect 422 invalid_request
	api POST /v1/auth/sign-up 'email=a' -H 'Content-Type: application/x-www-form-urlencoded'
	expect 415 unsupported_media_type
	head -c 70000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/large"
	api POST /v1/auth/sign-up '' -H 'Content-Type: application/json' --data-binary "@$BATS_TEST_TMPDIR/large"
	expect 413 too_large
	api GET /v1/auth/sign-up
	expect 405 method_not_allowed
	[ "$(header Allow)" = POST ]
	api GET /v1/auth/nothing
	expect 404 not_found
	[ "$(header Content-Type)" = application/problem+json ]
}

@test "parallel sign-ups with one address create one account" {
	email=$(new_email)
	statuses=$(at_once 16 /v1/auth/sign-up "{\"email\":\"$email\",\"password\":\"$PASSWORD\"}")
	[ "$(grep -c 201 <<<"$statuses")" = 1 ]
	[ "$(grep -c 409 <<<"$statuses")" = 15 ]
}

@test "the service reports its health" {
	api GET /health/auth
	expect 200
	[ "$body" = '{"status":"ok"}' ]
}
