# shellcheck shell=bash
# rabbitmq.sh - the private RabbitMQ server under DATA_DIR. Sourced after user.sh.
#
# The server's own script starts it, because Debian's wrapper requires its own user. Erlang's name
# server (epmd) gets its own port and is supervised like the rest; otherwise the first Erlang
# program would start one that never stops.

. "${BASH_SOURCE[0]%/*}/amqp.sh"

RABBIT_HOME=$DATA/rabbitmq
RABBIT_SCRIPT=/usr/lib/rabbitmq/bin/rabbitmq-server

rabbitmq_create() {
	local name
	[ -x "$RABBIT_SCRIPT" ] ||
		die "RabbitMQ's start script $RABBIT_SCRIPT is missing: run tools/install."
	for name in PASSWORD_AMQP{,_RELAY,_CONSUMER,_PUBLISHER}; do
		[ -n "${STATE[$name]:-}" ] || remember "$name" "$(random_password)"
	done
	[ -n "${STATE[ERLANG_COOKIE]:-}" ] || remember ERLANG_COOKIE "$(random_password)"
	if [ ! -d "$RABBIT_HOME" ]; then
		say "creating a private RabbitMQ server in $RABBIT_HOME"
		remember BROKER_ADOPTED "$(adoption)"
	fi
	mkdir -p -m 700 "$RABBIT_HOME"
	mkdir -p "$RABBIT_HOME/mnesia" "$RABBIT_HOME/log"
	lend AS_RABBITMQ "$(run_user)" "$DATA"
	if [ ! -f "$RABBIT_HOME/.erlang.cookie" ]; then
		printf '%s' "${STATE[ERLANG_COOKIE]}" >"$RABBIT_HOME/.erlang.cookie"
		chmod 400 "$RABBIT_HOME/.erlang.cookie"
	fi
	echo '[].' | write_private "$RABBIT_HOME/enabled_plugins"
	write_private "$RABBIT_HOME/rabbitmq.conf" <<-END
		# Written by tools/up. The definitions are loaded at each start: users, permissions,
		# and the limits of the queues.
		listeners.tcp.1 = 127.0.0.1:${STATE[AMQP_PORT]}
		load_definitions = $RABBIT_HOME/definitions.json
		loopback_users = none
		log.console = true
		log.console.level = warning
		log.file = false
		disk_free_limit.absolute = 64MB
		collect_statistics_interval = 30000
		# A consumer keeps its batch while the database is down. After the default of 30
		# minutes the broker closes its channel, and each redelivery counts towards the
		# delivery limit. A week leaves time to repair a database.
		consumer_timeout = 604800000
		# Quorum queues keep their write-ahead log in memory too: 512 MB by default, which
		# a machine of 1 GB does not have.
		raft.wal_max_size_bytes = 33554432
	END
	rabbitmq_definitions | write_private "$RABBIT_HOME/definitions.json"
	# An earlier server may have run as root: its files get the new owner. It restarts later
	# because its script has changed.
	if [ "$(id -u)" -eq 0 ] && [ "$(stat -c %U "$RABBIT_HOME")" != "$(run_user)" ]; then
		own -R "$(run_user)" "$RABBIT_HOME"
	else
		own "$(run_user)" "$RABBIT_HOME" \
			"$RABBIT_HOME"/{mnesia,log,.erlang.cookie,enabled_plugins} \
			"$RABBIT_HOME"/{rabbitmq.conf,definitions.json}
	fi
}

rabbitmq_definitions() {
	local name
	for name in QUEUE_LENGTH DELIVERY_LIMIT; do export "$name=$(option "$name")"; done
	for name in PASSWORD_AMQP{,_RELAY,_CONSUMER,_PUBLISHER}; do
		export "$name=${STATE[$name]}"
	done
	"$ROOT/deploy/broker/definitions"
}

# Queues that an older version declared become as they are declared now. A server that this version
# created needs none of it.
rabbitmq_adopt() {
	[ "${STATE[BROKER_ADOPTED]:-}" != "$(adoption)" ] || return 0
	say "adopting the queues of the private RabbitMQ server"
	(
		eval "$(rabbitmq_environment)"
		HOME=$RABBIT_HOME "${RABBIT_SCRIPT%/*}/rabbitmqctl" -q eval \
			"$(cat "$ROOT/deploy/broker/adopt.erl")" 2>&1
	) | sed '/^ok$/d' >&2 || die "Could not adopt the queues: see the message above."
	remember BROKER_ADOPTED "$(adoption)"
}
adoption() { sha256sum <"$ROOT/deploy/broker/adopt.erl" | cut -c 1-16; }

epmd_run_script() {
	cat <<-END
		#!/bin/sh
		# Written by tools/up: Erlang's name server, for the private RabbitMQ only.
		exec 2>&1
		exec $(quoted "${AS_RABBITMQ[@]:-env}" setpriv --pdeathsig TERM \
			epmd -address 127.0.0.1 -port "${STATE[EPMD_PORT]}")
	END
}

# "detached" makes the start script exec the server instead of waiting for it, so runit supervises
# the server itself.
rabbitmq_run_script() {
	cat <<-END
		#!/bin/sh
		# Written by tools/up: the private RabbitMQ server.
		exec 2>&1
		cd $(quoted "$RABBIT_HOME") || exit 1
		export HOME=$(quoted "$RABBIT_HOME")
		$(rabbitmq_environment)
		until epmd -port ${STATE[EPMD_PORT]} -names >/dev/null 2>&1; do sleep 0.1; done
		exec $(quoted "${AS_RABBITMQ[@]:-env}") setpriv --pdeathsig TERM $RABBIT_SCRIPT \
			-eval "\$(cat $(quoted "$ROOT/deploy/broker/guard.erl"))"
	END
}
rabbitmq_environment() {
	cat <<-END
		export detached=yes
		export ERL_EPMD_PORT=${STATE[EPMD_PORT]} ERL_EPMD_ADDRESS=127.0.0.1
		export RABBITMQ_NODENAME=purse@localhost RABBITMQ_DIST_PORT=${STATE[DIST_PORT]}
		export RABBITMQ_CONF_ENV_FILE=/dev/null
		export RABBITMQ_CONFIG_FILE=$(quoted "$RABBIT_HOME/rabbitmq.conf")
		export RABBITMQ_MNESIA_BASE=$(quoted "$RABBIT_HOME/mnesia")
		export RABBITMQ_LOG_BASE=$(quoted "$RABBIT_HOME/log")
		export RABBITMQ_ENABLED_PLUGINS_FILE=$(quoted "$RABBIT_HOME/enabled_plugins")
		erlang='-kernel inet_dist_use_interface {127,0,0,1}'
		export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="\$erlang"
	END
}

# Both fail within 5 s, even if the host drops every packet.
port_answers() {
	# shellcheck disable=SC2016
	timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2"' - "$1" "$2" 2>/dev/null
}
# Once the server accepts connections it greets a client with a connection.start frame.
amqp_answers() {
	local byte
	# shellcheck disable=SC2016
	byte=$(timeout 5 bash -c 'exec 3<>"/dev/tcp/$1/$2" && printf "AMQP\0\0\011\001" >&3 &&
		head -c 1 <&3' - "$1" "$2" 2>/dev/null | od -An -tx1)
	[ "$byte" = " 01" ]
}
rabbitmq_answers() { amqp_serves 127.0.0.1 "${STATE[AMQP_PORT]}" purse "${STATE[PASSWORD_AMQP]}"; }

