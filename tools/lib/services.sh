# shellcheck shell=bash
# services.sh - what runs and who watches over it: runit's runsvdir on DATA_DIR/service. Sourced after the others.
#
# Each service is a folder with run, check (is it ready?), stuck (would a new start help?), log/run and, where TERM is not
# the polite signal, control/t. All have a file "down": nothing starts before tools/up says so. lighttpd itself watches over the handlers.
# runit starts again what has ended; what lives and does not work is found by the service "watch" (tools/watch).

mapfile -t HANDLERS < <(programs handler)
mapfile -t CONSUMERS < <(programs consumer)

# Prints the names of this copy's services, in the order they start.
service_names() {
	if needs_postgres; then echo postgres; fi
	if needs_rabbitmq; then printf '%s\n' epmd rabbitmq; fi
	printf '%s\n' gateway front "${CONSUMERS[@]}" watch
}

# service_write NAME [SIGNAL] - makes a service of the run script on standard input. SIGNAL is what stops it, if not TERM.
service_write() {
	local name=$1 folder=$SERVICES/$1
	mkdir -p "$folder/log" "$folder/control" "$LOG/$name"
	[ -e "$folder/down" ] || touch "$folder/down"
	write_private "$folder/run" 700
	write_private "$folder/log/run" 700 <<-END
		#!/bin/sh
		# A disk that is full stops svlogd, and must not stop who writes to it.
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

# Everything that a service is made of, as one number: when it differs from the one it was started with, it is outdated.
service_fingerprint() {
	local files=("$SERVICES/$1/run")
	case $1 in
	rabbitmq) files+=("$DATA/rabbitmq/rabbitmq.conf") ;;
	gateway) files+=("$CONFIG" "$ROOT/lighttpd.conf" "$ROOT"/deploy/gateway/* "$ROOT/common/base/error.def"
		"${HANDLERS[@]/#/$PROGRAMS_DIR/}") ;;
	front) files+=("$ROOT"/deploy/front/* "$ROOT/deploy/gateway/problem.lua" "$ROOT/common/base/error.def") ;;
	watch) files+=("$CONFIG" "$ROOT/tools/watch" "$ROOT/tools/ready") ;;
	*) [[ " ${CONSUMERS[*]} " != *" $1 "* ]] || files+=("$CONFIG" "$PROGRAMS_DIR/$1") ;;
	esac
	cat "${files[@]}" | sha256sum
}

gateway_run_script() {
	# The gateway lets through what any handler takes.
	local body batch
	body=$(bytes_of "$(option BODY_LIMIT)")
	batch=$(bytes_of "$(option BATCH_BODY_LIMIT)")
	body=$(((body > batch ? body : batch) + 1023))
	body=$((body / 1024))
	cat <<-END
		#!/bin/sh
		# Written by tools/up: the gateway, which starts the handlers.
		exec 2>&1
		cd $(quoted "$RUN/gateway") || exit 1
		# It opens the log by its name.
		$([ ${#AS_SERVICE[@]} -eq 0 ] || echo "chown $(quoted "$(run_user)") /dev/stdout")
		# Whoever still holds these sockets is without a parent and about to end.
		rm -f ${HANDLERS[*]/%/.sock-0} gateway.sock raw.sock
		export PATH=$(quoted "$PROGRAMS_DIR"):"\$PATH" PURSE_CONFIG=$(quoted "$CONFIG")
		export PURSE_ROOT=$(quoted "$ROOT") RUN_DIR=$(quoted "$RUN/gateway") BODY_KIB=$body
		export GATEWAY_BIND=$(quoted "$RUN/gateway/gateway.sock") GATEWAY_PORT=0 GATEWAY_RAW=$(quoted "$RUN/gateway/raw.sock")
		export STATEMENT_DIR=$(quoted "$(absolute "$(setting STATEMENT_DIR "$DATA/statements")")")
		export BACKENDS=$(quoted "$ROOT/deploy/gateway/backends-local.conf")
		exec $(quoted "${AS_SERVICE[@]:-env}") setpriv --pdeathsig TERM lighttpd -D -f $(quoted "$ROOT/lighttpd.conf")
	END
}

front_run_script() {
	local name as=("${AS_SERVICE[@]:-env}")
	# Root's front may have a port that only root may open.
	if [ ${#AS_SERVICE[@]} -gt 0 ] && [ "$GATEWAY_PORT" -lt 1024 ]; then
		as=("${as[@]/--inh-caps=-all/--inh-caps=-all,+net_bind_service}")
		as=("${as[@]/--ambient-caps=-all/--ambient-caps=-all,+net_bind_service}")
	fi
	cat <<-END
		#!/bin/sh
		# Written by tools/up: the front, which all connections come to.
		exec 2>&1
		cd $(quoted "$RUN/gateway") || exit 1
		ulimit -n "\$(ulimit -Hn)"
		export PURSE_ROOT=$(quoted "$ROOT") RUN_DIR=$(quoted "$RUN/gateway") BIND=$(quoted "$BIND") PORT=$GATEWAY_PORT
		export GATEWAY=$(quoted "unix@$RUN/gateway/gateway.sock") GATEWAY_RAW=$(quoted "unix@$RUN/gateway/raw.sock")
		$(for name in "${FRONT_OPTIONS[@]}"; do [ -z "$(setting "$name")" ] || echo "export $name=$(quoted "$(setting "$name")")"; done)
		exec $(quoted "${as[@]}") setpriv --pdeathsig TERM $(quoted "$ROOT/deploy/front/run")
	END
}
FRONT_OPTIONS=(CONNECTIONS_MAX CONNECTIONS_PER_CLIENT PROXIES REQUESTS_MAX REQUEST_QUEUE_TIME REQUEST_HEAD_TIME REQUEST_BODY_TIME
	KEEP_ALIVE_TIME BODY_LIMIT BATCH_BODY_LIMIT)

consumer_run_script() {
	cat <<-END
		#!/bin/sh
		# Written by tools/up.
		exec 2>&1
		cd $(quoted "$ROOT") || exit 1
		export PURSE_CONFIG=$(quoted "$CONFIG")
		exec $(quoted "${AS_SERVICE[@]:-env}") setpriv --pdeathsig TERM $(quoted "$PROGRAMS_DIR/$1")
	END
}

watch_run_script() {
	cat <<-END
		#!/bin/sh
		# Written by tools/up: restarts what runs and does not work. It speaks with the supervisor, and so is who made up is.
		exec 2>&1
		export DATA_DIR=$(quoted "$DATA")
		exec setpriv --pdeathsig TERM $(quoted "$ROOT/tools/watch")
	END
}

supervisor_pid() {
	local pid
	pid=$(cat "$RUN/supervisor.pid" 2>/dev/null) || return 1
	[ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] && grep -qzxF -- "$SERVICES" "/proc/$pid/cmdline" && echo "$pid"
}

# True while any service is watched over, even when runsvdir itself was killed.
anything_supervised() {
	supervisor_pid >/dev/null && return 0
	local name
	for name in "$SERVICES"/*/; do
		if sv status "${name%/}" 2>/dev/null | grep -qE '^(run|down|finish)'; then return 0; fi
	done
	return 1
}

# The supervisor inherits nothing of the terminal, of make or of the tests: neither variables nor open files.
start_supervisor() {
	supervisor_pid >/dev/null && return 0
	# shellcheck disable=SC2016
	env -i PATH="$PATH" HOME="${HOME:-/}" LANG=C.UTF-8 ${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} \
		${UBSAN_OPTIONS:+"UBSAN_OPTIONS=$UBSAN_OPTIONS"} ${TSAN_OPTIONS:+"TSAN_OPTIONS=$TSAN_OPTIONS"} \
		setsid bash -c 'for fd in /proc/self/fd/*; do fd=${fd##*/}; [ "$fd" -le 2 ] || eval "exec $fd>&-"; done
			cd /; echo $$ >"$1"; exec runsvdir -P "$2"' - "$RUN/supervisor.pid" "$SERVICES" \
		</dev/null >"$LOG/supervisor.log" 2>&1 &
	disown
	eventually 10 all_supervised || die "runit's runsvdir did not start: see $LOG/supervisor.log."
}
all_supervised() {
	local name
	for name in $(service_names); do
		[ -p "$SERVICES/$name/supervise/ok" ] && sv status "$SERVICES/$name" >/dev/null 2>&1 || return 1
	done
}

# service_start NAME... - starts what does not run, and anew what runs from other files than these.
service_start() {
	local name now
	for name; do
		now=$(service_fingerprint "$name")
		if service_runs "$name"; then
			if [ "$now" = "$(cat "$RUN/started.$name" 2>/dev/null)" ]; then continue; fi
			say "$name has changed: starting it anew"
			if [ "$name" = gateway ]; then stop_gateway; else service_stop 30 "$name"; fi
		fi
		sv up "$SERVICES/$name" >/dev/null || die "The service $name could not be started."
		echo "$now" >"$RUN/started.$name"
	done
}
service_runs() { sv status "$SERVICES/$1" 2>/dev/null | grep -q '^run:'; }
service_pid() { cat "$SERVICES/$1/supervise/pid" 2>/dev/null; }

# service_await SECONDS NAME... - waits until each is ready; on failure shows the end of the service's log.
service_await() {
	local limit=$1 name
	shift
	for name; do
		eventually "$limit" "$SERVICES/$name/check" && continue
		tail -n 5 "$LOG/$name/current" >&2 || true
		die "$name is not ready after $limit s: the end of its log is above, all of it in $LOG/$name/current."
	done
}

# service_stop SECONDS NAME... - asks politely, waits, then kills.
service_stop() {
	local limit=$1 name folders=()
	shift
	for name; do [ ! -p "$SERVICES/$name/supervise/ok" ] || folders+=("$SERVICES/$name"); done
	[ ${#folders[@]} -eq 0 ] || sv -w "$limit" force-stop "${folders[@]}" >/dev/null 2>&1 || true
}

# Handlers end by themselves when their gateway has: they answer what they have first. One that hangs is killed.
stop_gateway() {
	local gateway handlers=()
	gateway=$(service_pid gateway) || true
	[ -z "$gateway" ] || mapfile -t handlers < <(pgrep -P "$gateway")
	service_stop 30 gateway
	[ ${#handlers[@]} -gt 0 ] || return 0
	eventually 20 none_alive "${handlers[@]}" || kill -KILL "${handlers[@]}" 2>/dev/null || true
}
# A process that has ended but whose parent does not care (init of many containers) still counts for kill -0.
none_alive() {
	local pid
	for pid; do ! readlink -q "/proc/$pid/exe" >/dev/null || return 1; done
}

# Stops everything in the reverse order of its start, then the supervisor.
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
	eventually 20 nothing_supervised || die "Something still runs under $SERVICES: see \"make status\"."
	rm -f "$RUN/supervisor.pid"
}
nothing_supervised() { ! anything_supervised; }
