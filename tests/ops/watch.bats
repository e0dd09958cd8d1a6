#!/usr/bin/env bats
# watch.bats - tools/watch restarts a service that runs but does not work, with growing pauses. The
# service here is a fake under its own supervisor.

load ../helper

setup() {
	cd "$ROOT" || return 1
	unset AUTH_DATABASE_URL WALLET_DATABASE_URL STATEMENT_DATABASE_URL AMQP_URL PURSE_CONFIG
	export DATA_DIR=$BATS_TEST_TMPDIR/data WATCH_EVERY=1s WATCH_PATIENCE=1s WATCH_PAUSE_MAX=4s
	mkdir -p "$DATA_DIR"/{run,log} "$DATA_DIR/service/fake"
	printf '#!/bin/sh\necho started >>%s\nexec sleep 1000\n' "$DATA_DIR/starts" >"$DATA_DIR/service/fake/run"
	printf '#!/bin/sh\n[ -e %s ]\n' "$DATA_DIR/broken" >"$DATA_DIR/service/fake/stuck"
	chmod +x "$DATA_DIR/service/fake"/*
	runsvdir -P "$DATA_DIR/service" 3>&- &
	supervisor=$!
	eventually sv status "$DATA_DIR/service/fake"
	tools/watch >"$DATA_DIR/watch.log" 2>&1 3>&- &
	watch=$!
}
teardown() {
	kill "$watch"
	sv -w 10 exit "$DATA_DIR/service/fake" || true
	kill -HUP "$supervisor"
}
starts() { wc -l <"$DATA_DIR/starts"; }
started() { [ "$(starts)" -ge "$1" ]; }

@test "a service that works is left alone" {
	checked() { [ -e "$DATA_DIR/run/watch" ]; }
	eventually checked
	rm "$DATA_DIR/run/watch"
	eventually checked
	[ "$(starts)" = 1 ]
}

@test "a service that does not work restarts after growing pauses, shown in log and status, until it works" {
	touch "$DATA_DIR/broken"
	eventually started 4
	jq -se 'length >= 3 and all(.[]; .level == "warn" and .service == "fake" and .program == "watch")' "$DATA_DIR/watch.log"
	[ "$(jq -r .message "$DATA_DIR/watch.log" | sed -n 's/.*the next restart is after \([0-9]*\) s/\1/p' | head -n 3 | paste -sd ' ')" = '2 4 4' ]
	grep -qE '^fake [3-9][0-9]* [0-9]+ 4$' "$DATA_DIR/run/watch"
	run tools/status
	[[ $output == *"fake"*"did not work: restarted"* ]]
	rm "$DATA_DIR/broken"
	forgotten() { ! grep -q fake "$DATA_DIR/run/watch"; }
	eventually forgotten
}

@test "a service that was stopped on purpose stays stopped" {
	sv -w 10 down "$DATA_DIR/service/fake"
	touch "$DATA_DIR/broken"
	rm -f "$DATA_DIR/run/watch"
	checked() { [ -e "$DATA_DIR/run/watch" ]; }
	eventually checked
	sleep 2.5
	[ "$(starts)" = 1 ]
	sv status "$DATA_DIR/service/fake" | grep -q ^down
}
