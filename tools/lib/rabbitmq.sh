# shellcheck shell=bash
# rabbitmq.sh - the private RabbitMQ server under DATA_DIR. Sourced after settings.sh.
#
# It is started by the server's own script, as Debian's wrapper wants its own user. Erlang's name server (epmd) gets a
# port of its own and is supervised like the rest: left to itself the first Erlang program would start one that stays.

RABBIT_HOME=$DATA/rabbitmq
RABBIT_SCRIPT=/usr/lib/rabbitmq/bin/rabbitmq-server

rabbitmq_create() {
	[ -x "$RABBIT_SCRIPT" ] || die "RabbitMQ's start script $RABBIT_SCRIPT is not there: run tools/install."
	[ -n "${STATE[PASSWORD_AMQP]:-}" ] || remember PASSWORD_AMQP "$(random_password)"
	[ -n "${STATE[ERLANG_COOKIE]:-}" ] || remember ERLANG_COOKIE "$(random_password)"
	[ -d "$RABBIT_HOME" ] || say "creating a private RabbitMQ server in $RABBIT_HOME"
	mkdir -p -m 700 "$RABBIT_HOME"
	mkdir -p "$RABBIT_HOME/mnesia" "$RABBIT_HOME/log"
	if [ ! -f "$RABBIT_HOME/.erlang.cookie" ]; then
		printf '%s' "${STATE[ERLANG_COOKIE]}" >"$RABBIT_HOME/.erlang.cookie"
		chmod 400 "$RABBIT_HOME/.erlang.cookie"
	fi
	echo '[].' | write_private "$RABBIT_HOME/enabled_plugins"
	write_private "$RABBIT_HOME/rabbitmq.conf" <<-END
		# Written by tools/up. The user is made when the server first starts.
		listeners.tcp.1 = 127.0.0.1:${STATE[AMQP_PORT]}
		default_user = purse
		default_pass = ${STATE[PASSWORD_AMQP]}
		default_vhost = /
		loopback_users = none
		log.console = true
		log.console.level = warning
		log.file = false
		disk_free_limit.absolute = 64MB
		collect_statistics_interval = 30000
		# A consumer keeps its batch while the database is away. After 30 minutes, the default, the broker would end its
		# channel, and each such return counts towards the delivery limit: a week leaves time to mend a database.
		consumer_timeout = 604800000
	END
}

epmd_run_script() {
	cat <<-END
		#!/bin/sh
		# Written by tools/up: Erlang's name server, for the private RabbitMQ only.
		exec 2>&1
		exec setpriv --pdeathsig TERM epmd -address 127.0.0.1 -port ${STATE[EPMD_PORT]}
	END
}

# "detached" makes the start script become the server instead of watching over it, so that the supervisor sees it.
rabbitmq_run_script() {
	cat <<-END
		#!/bin/sh
		# Written by tools/up: the private RabbitMQ server.
		exec 2>&1
		cd $(quoted "$RABBIT_HOME") || exit 1
		export HOME=$(quoted "$RABBIT_HOME")
		$(rabbitmq_environment)
		until epmd -port ${STATE[EPMD_PORT]} -names >/dev/null 2>&1; do sleep 0.1; done
		exec setpriv --pdeathsig TERM $RABBIT_SCRIPT
	END
}
rabbitmq_environment() {
	cat <<-END
		export detached=yes
		export ERL_EPMD_PORT=${STATE[EPMD_PORT]} ERL_EPMD_ADDRESS=127.0.0.1
		export RABBITMQ_NODENAME=purse@localhost RABBITMQ_DIST_PORT=${STATE[DIST_PORT]}
		export RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE=$(quoted "$RABBIT_HOME/rabbitmq.conf")
		export RABBITMQ_MNESIA_BASE=$(quoted "$RABBIT_HOME/mnesia") RABBITMQ_LOG_BASE=$(quoted "$RABBIT_HOME/log")
		export RABBITMQ_ENABLED_PLUGINS_FILE=$(quoted "$RABBIT_HOME/enabled_plugins")
		export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
	END
}

port_answers() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }
# The server greets a client with a frame of method connection.start once it takes connections.
amqp_answers() {
	local host=$1 port=$2
	(
		exec 3<>"/dev/tcp/$host/$port" || exit 1
		printf 'AMQP\0\0\011\001' >&3
		[ "$(timeout 2 head -c 1 <&3 | od -An -tx1 | tr -d ' ')" = 01 ]
	) 2>/dev/null
}
rabbitmq_answers() { amqp_answers 127.0.0.1 "${STATE[AMQP_PORT]}"; }
