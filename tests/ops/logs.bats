#!/usr/bin/env bats
# logs.bats - logging never blocks the services: log_pump alone, and in a running system.

load ../helper

# writer LINES - a service that writes lines of 100 bytes as fast as it can, then creates "done".
writer() { perl -e 'my ($n, $done) = @ARGV; $| = 0; printf "%08d %s\n", $_, "x" x 90 for 1 .. $n; close STDOUT; open my $f, ">", $done' "$1" "$BATS_TEST_TMPDIR/done"; }

@test "a log writer that keeps up gets every line, in order" {
	writer 200000 | "$BUILD/log_pump" sh -c 'cat >"$0"' "$BATS_TEST_TMPDIR/log"
	# On a busy machine the log writer can fall behind; lost lines are counted.
	lost=$(sed -n 's/.*"lines":\([0-9]*\),.*/\1/p' "$BATS_TEST_TMPDIR/log" | awk '{ n += $1 } END { print n + 0 }')
	kept=$(grep -cE '^[0-9]{8} x{90}$' "$BATS_TEST_TMPDIR/log")
	[ $((kept + lost)) = 200000 ]
	grep -E '^[0-9]{8} ' "$BATS_TEST_TMPDIR/log" | sort -C
}

@test "a log writer that hangs does not block the service; later the log reports the lost lines" {
	mkfifo "$BATS_TEST_TMPDIR/go"
	{ writer 200000; sleep 0.1; read -r _ <"$BATS_TEST_TMPDIR/go"; echo 'the last line'; } | "$BUILD/log_pump" sh -c 'while [ ! -e "$0.read" ]; do sleep 0.1; done; cat >"$0"' "$BATS_TEST_TMPDIR/log" &
	finished() { [ -e "$BATS_TEST_TMPDIR/done" ]; }
	eventually finished
	touch "$BATS_TEST_TMPDIR/log.read"
	reported() { grep -q '"program":"log_pump"' "$BATS_TEST_TMPDIR/log"; }
	eventually reported
	echo >"$BATS_TEST_TMPDIR/go"
	wait
	lost=$(sed -n 's/.*"lines":\([0-9]*\),.*/\1/p' "$BATS_TEST_TMPDIR/log" | awk '{ n += $1 } END { print n + 0 }')
	[ "$lost" -gt 100000 ]
	[ $(($(grep -cE '^[0-9]{8} x{90}$' "$BATS_TEST_TMPDIR/log") + lost)) = 200000 ]
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/log")" = 'the last line' ]
	# A line can be cut where the buffer was full. It counts as lost, and a report follows it.
	cut=$(grep -cvE '^[0-9]{8} x{90}$|^\{"time".*\}$|^the last line$' "$BATS_TEST_TMPDIR/log" || true)
	[ "$cut" -le "$(grep -c '"program":"log_pump"' "$BATS_TEST_TMPDIR/log")" ]
}

@test "a log writer that dies restarts, and the service does not notice" {
	{ echo one; sleep 0.3; echo two; sleep 1.5; echo three; sleep 0.3; } | "$BUILD/log_pump" sh -c 'head -n 1 >>"$0"' "$BATS_TEST_TMPDIR/log"
	grep -q one "$BATS_TEST_TMPDIR/log"
	grep -q three "$BATS_TEST_TMPDIR/log"
}

@test "a log writer that never exits does not keep the service from exiting" {
	run timeout 60 sh -c 'echo one | "$0" sh -c "trap \"\" TERM; exec sleep 300" >/dev/null 2>&1' "$BUILD/log_pump"
	[ "$status" -eq 0 ]
}

@test "with a full log disk requests are served, and later the log reports the lost lines" {
	[ "$(id -u)" -eq 0 ] || skip "only root can mount a small disk"
	export DATA_DIR=$BATS_FILE_TMPDIR/data PORT=$((26000 + RANDOM % 900))
	mkdir -p "$DATA_DIR/log"
	mount -t tmpfs -o size=3m none "$DATA_DIR/log" || skip "a small disk cannot be mounted here"
	unset AUTH_DATABASE_URL WALLET_DATABASE_URL STATEMENT_DATABASE_URL AMQP_URL PURSE_CONFIG
	cd "$ROOT"
	tools/up >"$BATS_TEST_TMPDIR/up" 2>&1 || { cat "$BATS_TEST_TMPDIR/up"; umount -l "$DATA_DIR/log"; false; }
	BASE_URL=http://localhost:$PORT
	failed=
	head -c 4m /dev/zero >"$DATA_DIR/log/ballast" 2>/dev/null || true
	# Far more than the pipes hold: each request is a line of the gateway's log.
	wrk -t1 -c16 -d8s "$BASE_URL/nothing/$(printf 'x%.0s' {1..300})" >"$BATS_TEST_TMPDIR/wrk"
	sign_up_and_in && api POST /v1/wallets '{}' && api POST /v1/transactions '{"kind":"deposit","amount":5}' && expect 201 || failed=yes
	rm "$DATA_DIR/log/ballast"
	# svlogd checks for free space every few seconds.
	reports() { api GET /nothing && grep -q '"program":"log_pump"' "$DATA_DIR"/log/gateway/*; }
	[ -n "$failed" ] || eventually reports || failed=yes
	YES=1 tools/down || failed=yes
	umount "$DATA_DIR/log" || umount -l "$DATA_DIR/log"
	YES=1 tools/clean-data
	[ -z "$failed" ]
}
