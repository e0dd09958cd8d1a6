#!/usr/bin/env bats
# sources.bats - what can be checked without servers: the options' list, containers' file, scripts' manners.

ROOT=$(cd "$(dirname "$BATS_TEST_FILENAME")/../.." && pwd -P)
setup() { cd "$ROOT" || return 1; }

# Prints "NAME default" of each option of common/base/config.def.
options() { sed -n 's/^OPTION(\([A-Z0-9_]*\), [A-Z]*, \(NULL\|"[^"]*"\),.*/\1 \2/p' common/base/config.def | sed 's/ NULL$/ /; s/"//g'; }

@test ".env.example lists every option with its default, and no other" {
	# These are the tools' own; all others come from the one list.
	sed -n 's/^#\([A-Z0-9_]*\)=\(.*\)/\1 \2/p' .env.example | grep -vE '^(PORT|BIND|RUN_USER|PASSWORD_[A-Z_]*|(WALLET|STATEMENT)_DATABASE_OWNER_URL) ' | sort >"$BATS_TEST_TMPDIR/example"
	options | sort >"$BATS_TEST_TMPDIR/list"
	[ -s "$BATS_TEST_TMPDIR/list" ]
	diff "$BATS_TEST_TMPDIR/list" "$BATS_TEST_TMPDIR/example"
}

@test ".env.example says of every option what config.def says" {
	while IFS= read -r help; do
		grep -qF -- "# $help" .env.example || { echo "missing: $help" && return 1; }
	done < <(sed -n 's/^OPTION(.*, "\(.*\)")$/\1/p' common/base/config.def)
}

@test "lighttpd reads its configuration, with the services as sockets and over the network" {
	for backends in local network; do
		env PURSE_ROOT="$ROOT" RUN_DIR=/tmp GATEWAY_BIND=/tmp/gateway GATEWAY_PORT=0 GATEWAY_RAW=/tmp/raw BODY_KIB=64 STATEMENT_DIR=/tmp \
			AUTH_HOST=127.0.0.1 AUTH_PORT=9000 WALLET_HOST=127.0.0.1 WALLET_PORT=9000 STATEMENT_HOST=127.0.0.1 STATEMENT_PORT=9000 \
			PATH="$ROOT/build:$PATH" BACKENDS="$ROOT/deploy/gateway/backends-$backends.conf" lighttpd -tt -f lighttpd.conf
	done
}

@test "HAProxy reads its configuration, before a socket and before a network" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexec /usr/sbin/haproxy -c "$@"\n' >"$BATS_TEST_TMPDIR/bin/haproxy"
	chmod +x "$BATS_TEST_TMPDIR/bin/haproxy"
	for gateway in unix@/tmp/gateway.sock 127.0.0.1:3000; do
		run env PATH="$BATS_TEST_TMPDIR/bin:$PATH" PURSE_ROOT="$ROOT" RUN_DIR="$BATS_TEST_TMPDIR" BIND=127.0.0.1 PORT=3000 \
			PROXIES="192.0.2.1 2001:db8::/32" GATEWAY="$gateway" GATEWAY_RAW="$gateway" deploy/front/run
		[ "$status" -eq 0 ]
		# Of refusals in a frontend that begins as text, HAProxy warns that it needs HTTP: there it has switched to that.
		[[ $output != *ALERT* ]]
		[ "$(grep WARNING <<<"$output" | grep -cv "HTTP log/header format not usable with frontend 'front'")" = 0 ]
	done
}

@test "more connections than files may be opened: one sentence" {
	run env CONNECTIONS_MAX=400000000 PURSE_ROOT="$ROOT" RUN_DIR="$BATS_TEST_TMPDIR" PORT=3000 GATEWAY=unix@/tmp/g GATEWAY_RAW=unix@/tmp/r deploy/front/run
	[ "$status" -ne 0 ]
	[[ $output == *"CONNECTIONS_MAX=400000000 needs"* ]]
}

# compose ARGUMENTS... - docker-compose with every password set
compose() {
	sed 's/^#\(PASSWORD_[A-Z_]*\)=/\1=secret/' .env.example >"$BATS_TEST_TMPDIR/env"
	docker-compose -f docker-compose.yml --env-file "$BATS_TEST_TMPDIR/env" "$@"
}

@test "docker-compose.yml is valid and has the services of the design" {
	services=$(compose config --services)
	for service in postgres rabbitmq auth_service wallet_service statement_service api_gateway front transaction_consumer statement_consumer outbox_relay; do
		grep -qx "$service" <<<"$services"
	done
}

@test "docker-compose.yml: what runs for long has a health check; the services see each option and no owner's password" {
	compose config >"$BATS_TEST_TMPDIR/compose"
	options | cut -d ' ' -f 1 >"$BATS_TEST_TMPDIR/options"
	python3 - "$BATS_TEST_TMPDIR/compose" "$BATS_TEST_TMPDIR/options" <<-'END'
		import sys, yaml
		services = yaml.safe_load(open(sys.argv[1]))["services"]
		options = open(sys.argv[2]).read().split()
		lacking = [name for name, s in services.items() if "healthcheck" not in s and name != "migrate"]
		assert not lacking, lacking
		seen = set()
		for name, s in services.items():
		    if name in ("postgres", "rabbitmq", "migrate"):
		        continue
		    seen |= set(s["environment"])
		    assert "_owner" not in str(s["environment"]), name
		unseen = [o for o in options if o not in seen | {"KEY_DIR", "STATEMENT_DIR", "AUTH_DATABASE_OWNER_URL", "WATCH_EVERY", "WATCH_PATIENCE", "WATCH_PAUSE_MAX"}]
		assert not unseen, unseen
	END
}

@test "docker-compose.yml: without passwords it says what to do" {
	run docker-compose -f docker-compose.yml --env-file .env.example config
	[ "$status" -ne 0 ]
	[[ $output == *"set it in .env"* ]]
}

@test "nothing to install is found out quickly, and says nothing" {
	run tools/install run
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "an unknown group of packages is refused" {
	run tools/install everything
	[ "$status" -ne 0 ]
	[[ $output == *'not "everything"'* ]]
}
