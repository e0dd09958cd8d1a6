#!/usr/bin/env bats
# leaks.bats - tests/leaks finds a secret wherever it is planted, and nothing where there is none.

ROOT=$(cd "$(dirname "$BATS_TEST_FILENAME")/../.." && pwd -P)

# A folder like that of the servers, with one secret of each kind.
setup() {
	export DATA_DIR=$BATS_TEST_TMPDIR/data
	unset AUTH_DATABASE_OWNER_URL
	mkdir -m 711 "$DATA_DIR"
	mkdir -m 700 "$DATA_DIR"/{keys,log,statements,rabbitmq,postgres}
	mkdir -p "$DATA_DIR"/{log/gateway,rabbitmq/log}
	mkdir -m 755 "$DATA_DIR/run"
	# Not the same as those of a running system.
	DATABASE=0123456789abcdef0123 BROKER=$RANDOM$RANDOM$RANDOM$RANDOM COOKIE=cookie$RANDOM$RANDOM
	printf '%s\n' "PASSWORD_AUTH_APP=$DATABASE" "ERLANG_COOKIE=$COOKIE" PORT=3000 >"$DATA_DIR/state.env"
	echo "AMQP_URL=amqp://purse:$BROKER@127.0.0.1:5672/%2f" >"$DATA_DIR/purse.env"
	chmod 600 "$DATA_DIR"/*.env
	head -c 32 /dev/urandom >"$DATA_DIR/keys/events.key"
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$DATA_DIR/keys/a.pem"
	echo '{"message":"request","request_id":"01a2226a-4572-72d4-979d-26ddd6aaf38f","hash":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}' >"$DATA_DIR/log/gateway/current"
}
teardown() { [ -z "${PLANTED:-}" ] || kill "$PLANTED"; }

# found WHERE WHAT - the search fails, in that place only, and says what, but not the secret itself.
found() {
	run "$ROOT/tests/leaks"
	[ "$status" -eq 1 ] && [ "$(grep -c '^not ok' <<<"$output")" = 1 ] && grep -q "^not ok.* in any $1" <<<"$output" &&
		grep -q "^# .*$2" <<<"$output" || { echo "want $2 in a $1, got $output" && return 1; }
	[ -z "${3:-}" ] || [[ $output != *"$3"* ]]
}
found_nothing() {
	run "$ROOT/tests/leaks"
	[ "$status" -eq 0 ] && [ "$(grep -c '^ok' <<<"$output")" = 5 ] || { echo "$output" && return 1; }
}

@test "a folder as it should be has no leaks" { found_nothing; }

@test "a secret in a log is found, in each form" {
	base64url() { base64 -w 0 | tr '/+' '_-' | tr -d =; }
	token=$(printf '{"alg":"ES256","typ":"at+jwt"}' | base64url).$(printf '{"sub":"someone","roles":[]}' | base64url).$(head -c 64 /dev/urandom | base64url)
	planted=(
		"PASSWORD_AUTH_APP of state.env" "connection failed: password $DATABASE"
		"ERLANG_COOKIE of state.env" "cookie $COOKIE."
		"the password of AMQP_URL" "x${BROKER}y"
		"the key events.key" "$(od -An -v -tx1 "$DATA_DIR/keys/events.key" | tr -d ' \n')"
		"the key events.key" "$(base64 -w 0 "$DATA_DIR/keys/events.key")"
		"the key events.key" "mac=$(base64url <"$DATA_DIR/keys/events.key")"
		"the private key a.pem" "$(sed -n 2p "$DATA_DIR/keys/a.pem")"
		"a private key" '-----BEGIN EC PRIVATE KEY-----'
		"the password of a test's user" '{"password":"tests have long passwords"}'
		"an access token" "Authorization: Bearer $token"
		"a refresh token or MAC" '{"refresh_token":"dGhpcyBpcyBub3QgYSByZWFsIHRva2VuLCBhdCBhbGw"}'
		"a refresh token or MAC" 'Cookie: purse_refresh=dGhpcyBpcyBub3QgYSByZWFsIHRva2VuLCBhdCBhbGw; x=y'
		"a password hash" 'detail: ($argon2id$v=19$m=8192,t=1,p=1$c2FsdA$aGFzaA)'
		"a URL with a password" 'could not connect to amqp://someone:something@host'
	)
	for ((i = 0; i < ${#planted[@]}; i += 2)); do
		printf '{"message":"%s"}\n' "${planted[i + 1]}" >"$DATA_DIR/log/gateway/$i."
	done
	found log 'gateway/0\.: PASSWORD_AUTH_APP' "$DATABASE"
	for ((i = 0; i < ${#planted[@]}; i += 2)); do
		grep -qF "gateway/$i.: ${planted[i]}" <<<"$output" || { echo "${planted[i]}: $output" && return 1; }
		[[ $output != *"${planted[i + 1]}"* ]]
	done
	rm "$DATA_DIR"/log/gateway/*.
	# Raw bytes; RabbitMQ's own log; a dump; a log of a tool.
	cp "$DATA_DIR/keys/events.key" "$DATA_DIR/log/core"
	found log 'the key events.key'
	mv "$DATA_DIR/log/core" "$DATA_DIR/rabbitmq/erl_crash.dump"
	found log 'the key events.key'
	mv "$DATA_DIR/rabbitmq/erl_crash.dump" "$DATA_DIR/rabbitmq/log/x.log"
	found log 'the key events.key'
	rm "$DATA_DIR/rabbitmq/log/x.log"
	echo "password $DATABASE" >"$BATS_TEST_TMPDIR/up.log"
	run "$ROOT/tests/leaks" "$BATS_TEST_TMPDIR/up.log"
	[ "$status" -eq 1 ]
	[[ $output == *PASSWORD_AUTH_APP* && $output != *"$DATABASE"* ]]
	found_nothing
}

# plant COMMAND... - starts it as a service of the folder: a child of the supervisor.
plant() {
	"$@" 3>&- &
	PLANTED=$!
	echo $$ >"$DATA_DIR/run/supervisor.pid"
}
unplant() {
	kill "$PLANTED"
	wait "$PLANTED" || true
	PLANTED=
}

@test "a secret in the arguments or the environment of a process is found" {
	plant env "GREETING=postgresql://purse:$DATABASE@/db" sleep 100
	found 'environment of a service' PASSWORD_AUTH_APP "$DATABASE"
	unplant
	plant bash -c 'exec -a "sleep-$1" sleep 100' - "$DATABASE"
	found 'argument of a process' PASSWORD_AUTH_APP "$DATABASE"
	# A process that is none of the services: others can read its arguments too.
	rm "$DATA_DIR/run/supervisor.pid"
	found 'argument of a process' PASSWORD_AUTH_APP "$DATABASE"
	unplant
	plant sleep 100
	found_nothing
}

@test "a secret in a file that others can read is found, and folders that others can enter" {
	echo "$BROKER" >"$DATA_DIR/run/started"
	chmod 644 "$DATA_DIR/run/started"
	found 'file that others can read' AMQP_URL "$BROKER"
	chmod 600 "$DATA_DIR/run/started"
	found_nothing
	chmod 644 "$DATA_DIR/run/started"
	chmod 700 "$DATA_DIR/run"
	found_nothing
	chmod 750 "$DATA_DIR/keys"
	found 'file that others can read' 'others can enter'
	chmod 700 "$DATA_DIR/keys"
	chmod 640 "$DATA_DIR/state.env"
	found 'file that others can read' "others can read .*state.env"
	chmod 600 "$DATA_DIR/state.env"
	found_nothing
}

@test "without secrets to search for it fails, because it would find nothing" {
	rm -r "$DATA_DIR/keys" "$DATA_DIR"/*.env
	run "$ROOT/tests/leaks"
	[ "$status" -ne 0 ]
}
