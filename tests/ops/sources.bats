#!/usr/bin/env bats
# sources.bats - checks that need no servers: the list of options, docker-compose.yml, the scripts'
# behaviour.

ROOT=$(cd "$(dirname "$BATS_TEST_FILENAME")/../.." && pwd -P)
setup() { cd "$ROOT" || return 1; }
BUILD=${BUILD:-build}

# Prints "NAME default" of each option of common/base/config.def.
options() { sed -n 's/^OPTION(\([A-Z0-9_]*\), [A-Z]*, \(NULL\|"[^"]*"\),.*/\1 \2/p' common/base/config.def | sed 's/ NULL$/ /; s/"//g'; }

@test ".env.example lists every option with its default, and no other" {
	# The excluded ones belong to the tools; all others come from config.def.
	sed -n 's/^#\([A-Z0-9_]*\)=\(.*\)/\1 \2/p' .env.example | grep -vE '^(RUN_USER|PASSWORD_[A-Z_]*|WALLET_DATABASE_OWNER_URL) ' | sort >"$BATS_TEST_TMPDIR/example"
	options | sort >"$BATS_TEST_TMPDIR/list"
	[ -s "$BATS_TEST_TMPDIR/list" ]
	diff "$BATS_TEST_TMPDIR/list" "$BATS_TEST_TMPDIR/example"
}

@test ".env.example describes every option as config.def does" {
	while IFS= read -r help; do
		grep -qF -- "# $help" .env.example || { echo "missing: $help" && return 1; }
	done < <(sed -n 's/^OPTION(.*, "\(.*\)")$/\1/p' common/base/config.def)
}

@test "every program shows its help and version without any configuration" {
	local program
	while read -r program; do
		for argument in --help --version; do
			run env -i PURSE_CONFIG=/missing LOG_LEVEL=loud "$BUILD/$program" "$argument"
			[ "$status" -eq 0 ] || { echo "$program $argument: $output" && return 1; }
			[[ $output == *"$program"* ]]
		done
	done < <(sed -n 's/^[a-z][a-z]* //p' tools/programs)
	run "$BUILD/purse" key
	[ "$status" -eq 2 ]
	[[ $output == *"key rotate"*"key list"* && $output != *"user list"* ]]
	run "$BUILD/purse" key rotate --help
	[ "$status" -eq 0 ]
	[[ $output == *"key rotate"* && $output != *"key list"* ]]
}

@test "no program prints an error twice, or more than it" {
	for name in auth wallet statement outbox_relay transaction_consumer statement_consumer; do
		run env -i PURSE_CONFIG=/dev/null "$BUILD/$name"
		[ "$status" -ne 0 ]
		[ "${#lines[@]}" -eq 1 ] || { echo "$output" && return 1; }
		run env -i PURSE_CONFIG=/dev/null "$BUILD/$name" --nothing
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
	done
}

@test "purse config prints the options, without passwords" {
	run env -i PURSE_CONFIG=/dev/null AMQP_URL=amqp://purse:secret@host/v LOG_LEVEL=warn "$BUILD/purse" config
	[ "$status" -eq 0 ]
	[[ $output == *"LOG_LEVEL=warn"* && $output == *"AMQP_URL=amqp://purse:***@host/v"* ]]
}

@test "a command reports an error once, in plain text" {
	run env -i PURSE_CONFIG=/dev/null AUTH_DATABASE_URL='host=127.0.0.1 port=1' "$BUILD/purse" user list
	[ "$status" -eq 1 ]
	[ "$(grep -c 'cannot connect' <<<"$output")" -eq 1 ]
	[[ $output == "purse: cannot connect to the database"* ]]
}

@test "lighttpd accepts its configuration, with the services on sockets and over the network" {
	for backends in local network; do
		env PURSE_ROOT="$ROOT" RUN_DIR=/tmp GATEWAY_BIND=/tmp/gateway GATEWAY_PORT=0 GATEWAY_RAW=/tmp/raw BODY_KIB=64 STATEMENT_DIR=/tmp \
			AUTH_HOST=127.0.0.1 AUTH_PORT=9000 WALLET_HOST=127.0.0.1 WALLET_PORT=9000 STATEMENT_HOST=127.0.0.1 STATEMENT_PORT=9000 \
			PATH="$ROOT/build:$PATH" BACKENDS="$ROOT/deploy/gateway/backends-$backends.conf" lighttpd -tt -f lighttpd.conf
	done
}

@test "HAProxy accepts its configuration, with the gateway on a socket and over the network" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nexec /usr/sbin/haproxy -c "$@"\n' >"$BATS_TEST_TMPDIR/bin/haproxy"
	chmod +x "$BATS_TEST_TMPDIR/bin/haproxy"
	for gateway in unix@/tmp/gateway.sock 127.0.0.1:3000; do
		run env PATH="$BATS_TEST_TMPDIR/bin:$PATH" PURSE_ROOT="$ROOT" RUN_DIR="$BATS_TEST_TMPDIR" BIND=127.0.0.1 PORT=3000 \
			PROXIES="192.0.2.1 2001:db8::/32" GATEWAY="$gateway" GATEWAY_RAW="$gateway" deploy/front/run
		[ "$status" -eq 0 ]
		# HAProxy warns that http-error needs HTTP mode, but by then the connection has
		# switched to it.
		[[ $output != *ALERT* ]]
		[ "$(grep WARNING <<<"$output" | grep -cv "HTTP log/header format not usable with frontend 'front'")" = 0 ]
	done
}

@test "CONNECTIONS_MAX above the limit on open files is refused with one sentence" {
	run env CONNECTIONS_MAX=400000000 PURSE_ROOT="$ROOT" RUN_DIR="$BATS_TEST_TMPDIR" PORT=3000 GATEWAY=unix@/tmp/g GATEWAY_RAW=unix@/tmp/r deploy/front/run
	[ "$status" -ne 0 ]
	[[ $output == *"CONNECTIONS_MAX=400000000 needs"* ]]
}

# compose ARGUMENTS... - runs docker-compose with every password set
compose() {
	sed 's/^#\(PASSWORD_[A-Z_]*\)=/\1=secret/' .env.example >"$BATS_TEST_TMPDIR/env"
	docker-compose -f docker-compose.yml --env-file "$BATS_TEST_TMPDIR/env" "$@"
}

# names [KIND] - prints the names in tools/programs
names() { sed -n "s/^${1:-[a-z]*} //p" tools/programs; }

@test "every listed program has sources, and every program is listed" {
	[ "$(names | sort | uniq -d)" = "" ]
	diff <(names handler | sort) <(find handlers -mindepth 2 -name main.c -printf '%h\n' | sed 's|.*/||' | sort)
	diff <(names consumer | sort) <(grep -l '^main(' consumers/*.c | sed 's|.*/||; s/\.c$//' | sort)
	diff <(names handler | sort) <(find sql -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)
	diff <(names part | sort) <(grep -l '^main(' tools/*/*.c | sed 's|.*/||; s/\.c$//' | sort)
	[ "$(names tool)" = "$(grep -l '^main(' tools/*.c | sed 's|.*/||; s/\.c$//')" ]
}

@test "docker-compose.yml is valid and has a service for every server and long-running program" {
	compose config >"$BATS_TEST_TMPDIR/compose"
	{ names handler | sed 's/.*/&_service &/'; names consumer | sed 's/.*/& &/'; } | sort >"$BATS_TEST_TMPDIR/list"
	python3 - "$BATS_TEST_TMPDIR/compose" <<-'END' | sort | diff "$BATS_TEST_TMPDIR/list" -
		import sys, yaml
		services = yaml.safe_load(open(sys.argv[1]))["services"]
		for other in ("postgres", "rabbitmq", "migrate", "purse", "api_gateway", "front"):
		    del services[other]
		for name, service in services.items():
		    print(name, *service["command"])
	END
}

@test "files that cannot read the list of programs name all of them: lighttpd's configuration, cron, passwords" {
	for name in $(names handler); do
		grep -q "^var.$name = .*/$name.sock.* TERM $name\"" deploy/gateway/backends-local.conf
		grep -q "^var.${name}_shared = .*/$name.sock-0\"" deploy/gateway/backends-local.conf
		grep -q "^var.$name = .*env.${name^^}_HOST.*env.${name^^}_PORT" deploy/gateway/backends-network.conf
		grep -q "^var.${name}_shared = var.$name$" deploy/gateway/backends-network.conf
		grep -qw "${name}_shared" lighttpd.conf
		grep -qw "PASSWORD_${name^^}_OWNER" .env.example && grep -qw "PASSWORD_${name^^}_APP" .env.example
		grep -q "^for service in .*\<$name\>" deploy/containers/postgres-init.sh
		grep -q "^OPTION(${name^^}_DATABASE_URL, " common/base/config.def
	done
	[ "$(grep -o '\./[a-z_]* --drain' deploy/cgi/cron | sed 's|./||; s/ .*//' | sort -u)" = "$(names consumer | sort)" ]
	[ "$(grep -c '^var\.[a-z]* = .*sock' deploy/gateway/backends-local.conf)" = "$(names handler | wc -l)" ]
}

@test "docker-compose.yml: health checks everywhere; services get every option and no owner's password" {
	compose config >"$BATS_TEST_TMPDIR/compose"
	options | cut -d ' ' -f 1 >"$BATS_TEST_TMPDIR/options"
	python3 - "$BATS_TEST_TMPDIR/compose" "$BATS_TEST_TMPDIR/options" <<-'END'
		import sys, yaml
		services = yaml.safe_load(open(sys.argv[1]))["services"]
		options = open(sys.argv[2]).read().split()
		lacking = [name for name, s in services.items() if "healthcheck" not in s and name not in ("migrate", "purse")]
		assert not lacking, lacking
		seen = set()
		for name, s in services.items():
		    if name in ("postgres", "rabbitmq", "migrate", "purse"):
		        continue
		    seen |= set(s["environment"])
		    assert "_owner" not in str(s["environment"]), name
		unseen = [o for o in options if o not in seen | {"KEY_DIR", "STATEMENT_DIR", "AUTH_DATABASE_OWNER_URL", "STATEMENT_DATABASE_OWNER_URL", "AMQP_RELAY_URL", "AMQP_CONSUMER_URL", "WATCH_EVERY", "WATCH_PATIENCE", "WATCH_PAUSE_MAX"}]
		assert not unseen, unseen
	END
}

@test "docker-compose.yml: without passwords the error explains what to do" {
	run docker-compose -f docker-compose.yml --env-file .env.example config
	[ "$status" -ne 0 ]
	[[ $output == *"set it in .env"* ]]
}

@test "with nothing to install, tools/install finishes quickly and prints nothing" {
	run tools/install run
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "an unknown group of packages is refused" {
	run tools/install everything
	[ "$status" -ne 0 ]
	[[ $output == *'"everything"'* ]]
}

# one_value PATTERN FILE... - the number after the pattern must be the same in all files
one_value() {
	local pattern=$1 file found=()
	shift
	for file; do found+=("$(sed -n "s/.*$pattern\([0-9][0-9]*\).*/\1/p" "$file")"); done
	[ -n "${found[0]}" ] && [ "$(printf '%s\n' "${found[@]}" | sort -u | wc -l)" = 1 ]
}

@test "the servers in containers have the settings of those of make up" {
	one_value 'consumer_timeout = ' tools/lib/rabbitmq.sh deploy/containers/rabbitmq.conf
	one_value 'wal_max_size_bytes = ' tools/lib/rabbitmq.sh deploy/containers/rabbitmq.conf
	one_value 'max_connections=' tools/lib/postgres.sh docker-compose.yml
}

@test "defaults of options are only in config.def, where the tools read them" {
	run grep -nE "\\\$\(setting ($(options | cut -d ' ' -f 1 | grep -vxE 'PUBLIC_URL|KEY_DIR|STATEMENT_DIR|AMQP_URL|AMQP_RELAY_URL|AMQP_CONSUMER_URL|STATEMENT_DATABASE_OWNER_URL|PORT|BIND' | paste -sd '|')) [^)]" tools/lib/*.sh tools/up tools/env tools/watch
	[ "$status" -eq 1 ]
	(. tools/lib/common.sh && . tools/lib/settings.sh && [ "$(unset URL_LIMIT && option URL_LIMIT)" = 4k ] && [ "$(URL_LIMIT=9k option URL_LIMIT)" = 9k ])
}

@test "the broker's definitions: passwords with any character, limits from the options, users without a password left out" {
	PASSWORD_AMQP='a"b\c' PASSWORD_AMQP_RELAY=r QUEUE_LENGTH=77 DELIVERY_LIMIT=3 deploy/broker/definitions >"$BATS_TEST_TMPDIR/json"
	[ "$(jq -r '.users[] | "\(.name) \(.password)"' "$BATS_TEST_TMPDIR/json")" = 'purse a"b\c
purse_relay r' ]
	[ "$(jq -r '.policies[].definition | [."max-length", ."delivery-limit"] | join(" ")' "$BATS_TEST_TMPDIR/json" | paste -sd ,)" = "77 3,77 3,77 " ]
	[ "$(deploy/broker/definitions | jq -c '[.users, .policies[0].definition."max-length"]')" = "[[],1000000]" ]
}

# right USER WHAT NAME - the user has that right (configure, write, read) on the queue or exchange
right() {
	jq -e --arg user "$1" --arg what "$2" --arg name "$3" \
		'.permissions[] | select(.user == $user) | .[$what] as $rule | $name | test($rule)' "$BATS_TEST_TMPDIR/json" >/dev/null
}

no_right() { ! right "$@"; }

@test "docs/events.md lists who can write where, and the definitions agree" {
	PASSWORD_AMQP=a PASSWORD_AMQP_RELAY=b PASSWORD_AMQP_CONSUMER=c PASSWORD_AMQP_PUBLISHER=d deploy/broker/definitions >"$BATS_TEST_TMPDIR/json"
	right purse_relay write purse.events
	right purse_consumer write amq.default
	right purse_consumer read statement_queue
	right purse_publisher write purse.in
	right purse_publisher read purse_publisher.replies
	for name in purse.in purse.events purse.in.watch; do no_right purse_publisher configure $name; done
	no_right purse_relay configure purse.in.watch
	for user in relay publisher; do no_right purse_$user write amq.default; done
	for user in consumer publisher; do no_right purse_$user write purse.events; done
	for queue in wallet_queue statement_queue wallet_queue.dead xpurse_publisher.a; do
		for what in configure write read; do no_right purse_publisher $what $queue; done
		no_right purse_relay read $queue
	done
	for user in purse_relay purse_consumer purse_publisher; do grep -q "^| \`$user\` |" docs/events.md; done
}

@test "the broker's container writes the definitions for the server alone, then becomes the server" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	sed "s|/opt/purse|$ROOT|; s|/etc/rabbitmq|$BATS_TEST_TMPDIR|" deploy/containers/rabbitmq >"$BATS_TEST_TMPDIR/start"
	printf '#!/bin/sh\necho "$*" >>%s/called\n' "$BATS_TEST_TMPDIR" | tee "$BATS_TEST_TMPDIR"/bin/{chown,rabbitmqctl} >/dev/null
	printf '#!/bin/sh\necho "server $*"\n' >"$BATS_TEST_TMPDIR/bin/docker-entrypoint.sh"
	chmod +x "$BATS_TEST_TMPDIR"/bin/*
	run env PATH="$BATS_TEST_TMPDIR/bin:$PATH" PASSWORD_AMQP=a bash "$BATS_TEST_TMPDIR/start"
	[[ "$output" == "server rabbitmq-server -eval "* ]]
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/purse.json")" = 600 ]
	[ "$(jq -r '.users[].name' "$BATS_TEST_TMPDIR/purse.json")" = purse ]
	grep -q "^rabbitmq $BATS_TEST_TMPDIR/purse.json" "$BATS_TEST_TMPDIR/called"
}

@test "the check of the broker does not show its password in arguments, which all users can read" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nprintf "%%s " "$@" >%s/arguments\ncat\n' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/bin/perl"
	chmod +x "$BATS_TEST_TMPDIR/bin/perl"
	. tools/lib/amqp.sh
	PATH="$BATS_TEST_TMPDIR/bin:$PATH" run amqp_serves localhost 5672 purse very-secret
	[ "$output" = very-secret ]
	grep -q 'localhost 5672 purse' "$BATS_TEST_TMPDIR/arguments"
	! grep -q very-secret "$BATS_TEST_TMPDIR/arguments"
}

@test "no script gives a connection string or a password to a program as an argument" {
	# psql_at and postgres_admin keep passwords in the environment.
	found=$(git grep -nE '\b(psql|pg_dump|pg_restore|pgbench|pg_isready|vacuumdb)\b.*(-d|--dbname|URL|PASSWORD|password)' -- tools deploy Dockerfile docker-compose.yml ':!tools/lib/common.sh' ':!*.md' |
		grep -vE '^[^:]*:[0-9]+:[[:space:]]*#|-d postgres\b|-d "\$REPLY"|\[CMD, pg_isready' || true)
	[ -z "$found" ] || { echo "$found" && return 1; }
	[ "$(grep -cE '^[^#]*\bpsql\b.*-d ' tools/lib/common.sh)" = 1 ]
}
