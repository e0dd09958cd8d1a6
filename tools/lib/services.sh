# shellcheck shell=bash
# services.sh - the services and their supervisor: runit's runsvdir on DATA_DIR/service.
# Sourced after the others.
#
# Each service is a folder with run, check (is it ready?), stuck (would a restart help?), log/run
# and, if the signal for a graceful stop is not TERM, control/t. All have a file "down": nothing
# starts before tools/up starts it. lighttpd itself supervises the handlers. runit restarts a
# service that exits; the service "watch" (tools/watch) restarts one that hangs.

mapfile -t HANDLERS < <(programs handler)
mapfile -t CONSUMERS < <(programs consumer)

# Prints the names of this copy's services, in start order.
service_names() {
	if needs_postgres; then echo postgres; fi
	if needs_rabbitmq; then printf '%s\n' epmd rabbitmq; fi
	printf '%s\n' gateway front "${CONSUMERS[@]}" watch
}

# service_write NAME [SIGNAL] - creates a service from the run script on standard input. SIGNAL
# stops it; the default is TERM.
service_write() {
	local name=$1 folder=$SERVICES/$1
	mkdir -p "$folder/log" "$folder/control" "$LOG/$name"
	[ -e "$folder/down" ] || touch "$folder/down"
	write_private "$folder/run" 700
	write_private "$folder/log/run" 700 <<-END
		#!/bin/sh
		# A full disk stops svlogd; it must not stop the service as well.
		exec $(quoted "$PROGRAMS_DIR/log_pump") svlogd $(quoted "$LOG/$name")
	END
	# Ten files of 10 MB at most.
	printf 's10000000\nn10\n' | write_private "$LOG/$name/config"
	write_private "$folder/check" 700 <<-END
		#!/bin/sh
		DATA_DIR=$(quoted "$DATA") exec $(quoted "$ROOT/tools/ready" "$name")
	END
	write_private "$folder/stuck" 700 <<-END
		#!/bin/sh
		DATA_DIR=$(quoted "$DATA") exec $(quoted "$ROOT/tools/ready" --stuck "$name")
	END
	if [ -n "${2:-}" ]; then
		write_private "$folder/control/t" 700 <<-END
			#!/bin/sh
			kill -$2 "\$(cat $(quoted "$folder/supervise/pid"))"
		END
	fi
}

# Prints a hash of everything that a service consists of. If it has changed since the start, the
# service is out of date.
service_fingerprint() {
	local files=("$SERVICES/$1/run")
	case $1 in
	rabbitmq) files+=("$DATA/rabbitmq/rabbitmq.conf" "$DATA/rabbitmq/definitions.json"
		"$ROOT/deploy/broker/guard.erl") ;;
	gateway) files+=("$CONFIG" "$ROOT/lighttpd.conf" "$ROOT"/deploy/gateway/*
		"$ROOT/common/base/error.def"
		"${HANDLERS[@]/#/$PROGRAMS_DIR/}") ;;
	front) files+=("$ROOT"/deploy/front/* "$ROOT/deploy/gateway/problem.lua"
		"$ROOT/common/base/error.def") ;;
	watch) files+=("$CONFIG" "$ROOT/tools/watch" "$ROOT/tools/ready") ;;
	*) [[ " ${CONSUMERS[*]} " != *" $1 "* ]] || files+=("$CONFIG" "$PROGRAMS_DIR/$1") ;;
	esac
	cat "${files[@]}" | sha256sum
}

gateway_run_script() {
	# The gateway accepts the largest body that any handler accepts.
	local body batch statements
	statements=$(absolute "$(setting STATEMENT_DIR "$DATA/statements")")
	body=$(bytes_of "$(option BODY_LIMIT)")
	batch=$(bytes_of "$(option BATCH_BODY_LIMIT)")
	body=$(((body > batch ? body : batch) + 1023))
	body=$((body / 1024))
	cat <<-END
		#!/bin/sh
		# Written by tools/up: the gateway, which starts the handlers.
		exec 2>&1
		cd $(quoted "$RUN/gateway") || exit 1
		# lighttpd opens the log by name, as the unprivileged user.
		$([ ${#AS_SERVICE[@]} -eq 0 ] || echo "chown $(quoted "$(run_user)") /dev/stdout")
		# A process that still holds these sockets has lost its parent and is about to exit.
		rm -f ${HANDLERS[*]/%/.sock-0} gateway.sock raw.sock
		export PATH=$(quoted "$PROGRAMS_DIR"):"\$PATH" PURSE_CONFIG=$(quoted "$CONFIG")
		export PURSE_ROOT=$(quoted "$ROOT") RUN_DIR=$(quoted "$RUN/gateway") BODY_KIB=$body
		export GATEWAY_BIND=$(quoted "$RUN/gateway/gateway.sock") GATEWAY_PORT=0
		export GATEWAY_RAW=$(quoted "$RUN/gateway/raw.sock")
		export STATEMENT_DIR=$(quoted "$statements")
		export BACKENDS=$(quoted "$ROOT/deploy/gateway/backends-local.conf")
		exec $(quoted "${AS_SERVICE[@]:-env}" setpriv --pdeathsig TERM \
			lighttpd -D -f "$ROOT/lighttpd.conf")
	END
}

front_run_script() {
	local name as=("${AS_SERVICE[@]:-env}")
	# If root starts the front, it can have a port below 1024: keep that one capability.
	if [ ${#AS_SERVICE[@]} -gt 0 ] && [ "$GATEWAY_PORT" -lt 1024 ]; then
		as=("${as[@]/--inh-caps=-all/--inh-caps=-all,+net_bind_service}")
		as=("${as[@]/--ambient-caps=-all/--ambient-caps=-all,+net_bind_service}")
	fi
	cat <<-END
		#!/bin/sh
		# Written by tools/up: the front, which accepts all connections.
		exec 2>&1
		cd $(quoted "$RUN/gateway") || exit 1
		ulimit -n "\$(ulimit -Hn)"
		export PURSE_ROOT=$(quoted "$ROOT") RUN_DIR=$(quoted "$RUN/gateway")
		export BIND=$(quoted "$BIND") PORT=$GATEWAY_PORT
		export GATEWAY=$(quoted "unix@$RUN/gateway/gateway.sock")
		export GATEWAY_RAW=$(quoted "unix@$RUN/gateway/raw.sock")
		$(front_options)
		exec $(quoted "${as[@]}" setpriv --pdeathsig TERM "$ROOT/deploy/front/run")
	END
}
FRONT_OPTIONS=(CONNECTIONS_MAX CONNECTIONS_PER_CLIENT PROXIES REQUESTS_MAX REQUEST_QUEUE_TIME
	REQUEST_HEAD_TIME REQUEST_BODY_TIME KEEP_ALIVE_TIME BODY_LIMIT BATCH_BODY_LIMIT)
front_options() {
	local name value
	for name in "${FRONT_OPTIONS[@]}"; do
		value=$(setting "$name")
		[ -z "$value" ] || echo "export $name=$(quoted "$value")"
	done
}

consumer_run_script() {
	cat <<-END
		#!/bin/sh
		# Written by tools/up.
		exec 2>&1
		cd $(quoted "$ROOT") || exit 1
		export PURSE_CONFIG=$(quoted "$CONFIG")
		exec $(quoted "${AS_SERVICE[@]:-env}" setpriv --pdeathsig TERM "$PROGRAMS_DIR/$1")
	END
}

watch_run_script() {
	cat <<-END
		#!/bin/sh
		# Written by tools/up: restarts services that hang. It controls the supervisor,
		# so it runs as the user who ran make up.
		exec 2>&1
		export DATA_DIR=$(quoted "$DATA")
		exec setpriv --pdeathsig TERM $(quoted "$ROOT/tools/watch")
	END
}

supervisor_pid() {
	local pid
	pid=$(cat "$RUN/supervisor.pid" 2>/dev/null) || return 1
	[ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] &&
		grep -qzxF -- "$SERVICES" "/proc/$pid/cmdline" && echo "$pid"
}

# True while any service is supervised, even if runsvdir itself was killed.
anything_supervised() {
	supervisor_pid >/dev/null && return 0
	local name
	for name in "$SERVICES"/*/; do
		if sv status "${name%/}" 2>/dev/null | grep -qE '^(run|down|finish)'; then
			return 0; fi
	done
	return 1
}

# The supervisor inherits nothing from the terminal, make or the tests: no variables, no open files.
start_supervisor() {
	supervisor_pid >/dev/null && return 0
	# shellcheck disable=SC2016
	env -i PATH="$PATH" HOME="${HOME:-/}" LANG=C.UTF-8 \
		${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} \
		${UBSAN_OPTIONS:+"UBSAN_OPTIONS=$UBSAN_OPTIONS"} \
		${TSAN_OPTIONS:+"TSAN_OPTIONS=$TSAN_OPTIONS"} \
		setsid bash -c '
			for fd in /proc/self/fd/*; do
				fd=${fd##*/}
				[ "$fd" -le 2 ] || eval "exec $fd>&-"
			done
			cd /; echo $$ >"$1"; exec runsvdir -P "$2"' \
		- "$RUN/supervisor.pid" "$SERVICES" \
		</dev/null >"$LOG/supervisor.log" 2>&1 &
	disown
	eventually 10 all_supervised ||
		die "runit's runsvdir did not start: see $LOG/supervisor.log."
}
all_supervised() {
	local name
	for name in $(service_names); do
		[ -p "$SERVICES/$name/supervise/ok" ] &&
			sv status "$SERVICES/$name" >/dev/null 2>&1 || return 1
	done
}

# service_start NAME... - starts stopped services and restarts those that are out of date.
service_start() {
	local name now
	for name; do
		now=$(service_fingerprint "$name")
		if service_runs "$name"; then
			if [ "$now" = "$(cat "$RUN/started.$name" 2>/dev/null)" ]; then continue; fi
			say "$name has changed: restarting it"
			if [ "$name" = gateway ]; then
				stop_gateway; else service_stop 30 "$name"; fi
		fi
		sv up "$SERVICES/$name" >/dev/null || die "Could not start the service $name."
		echo "$now" >"$RUN/started.$name"
	done
}
service_runs() { sv status "$SERVICES/$1" 2>/dev/null | grep -q '^run:'; }
service_pid() { cat "$SERVICES/$1/supervise/pid" 2>/dev/null; }

# service_await SECONDS NAME... - waits until each is ready; on failure prints the end of its log.
service_await() {
	local limit=$1 name
	shift
	for name; do
		eventually "$limit" "$SERVICES/$name/check" && continue
		tail -n 5 "$LOG/$name/current" >&2 || true
		die "$name is not ready after $limit s: see the end of its log above," \
			"or all of it in $LOG/$name/current."
	done
}

# service_stop SECONDS NAME... - asks them to stop, waits, then kills them.
service_stop() {
	local limit=$1 name folders=()
	shift
	for name; do [ ! -p "$SERVICES/$name/supervise/ok" ] || folders+=("$SERVICES/$name"); done
	[ ${#folders[@]} -eq 0 ] || sv -w "$limit" force-stop "${folders[@]}" >/dev/null 2>&1 ||
		true
}

# Handlers exit after their gateway, once they have finished their requests. Kills those that hang.
stop_gateway() {
	local gateway handlers=()
	gateway=$(service_pid gateway) || true
	[ -z "$gateway" ] || mapfile -t handlers < <(pgrep -P "$gateway")
	service_stop 30 gateway
	[ ${#handlers[@]} -gt 0 ] || return 0
	eventually 20 none_alive "${handlers[@]}" || kill -KILL "${handlers[@]}" 2>/dev/null || true
}
# kill -0 would count zombies, which the init process of many containers never reaps.
none_alive() {
	local pid
	for pid; do ! readlink -q "/proc/$pid/exe" >/dev/null || return 1; done
}

# Stops everything in reverse start order, then the supervisor.
stop_all() {
	local pid name
	service_stop 5 watch
	service_stop 30 front
	stop_gateway
	service_stop 30 "${CONSUMERS[@]}"
	service_stop 30 rabbitmq
	service_stop 30 epmd postgres
	if pid=$(supervisor_pid); then kill -HUP "$pid" 2>/dev/null || true; fi
	for name in "$SERVICES"/*/; do
		[ ! -p "$name/supervise/ok" ] || sv exit "${name%/}" >/dev/null 2>&1 || true
	done
	eventually 20 nothing_supervised ||
		die "Some services still run under $SERVICES: see \"make status\"."
	rm -f "$RUN/supervisor.pid"
}
nothing_supervised() { ! anything_supervised; }
