#!/usr/bin/env bats
# refusals.bats - `make up` when it cannot work: one sentence, a nonzero status, and nothing left
# running.

load ../helper

setup() {
	cd "$ROOT" || return 1
	unset AUTH_DATABASE_URL WALLET_DATABASE_URL STATEMENT_DATABASE_URL AMQP_URL PURSE_CONFIG
	export DATA_DIR=$BATS_TEST_TMPDIR/data PORT=$((20000 + RANDOM % 9000))
}
teardown() { [ ! -d "$DATA_DIR/service" ] || YES=1 tools/clean-data; }

# refused TEXT - the last run must have failed with one line that contains TEXT, and left nothing
# running.
refused() {
	[ "$status" -ne 0 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"$1"* ]] || { echo "$output" && return 1; }
	! pgrep -f "$DATA_DIR"
}

@test "the port is in use: the message names the process" {
	perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => $ARGV[0], Listen => 1, ReuseAddr => 1) or die; sleep 60' "$PORT" 3>&- &
	holder=$!
	eventually sh -c "ss -Hltn 'sport = :$PORT' | grep -q ."
	run tools/up
	kill "$holder"
	refused "Port $PORT is in use by perl (process $holder)"
}

@test "the port is reserved for root" {
	[ "$(id -u)" -ne 0 ] || as_other=(setpriv --reuid nobody --regid nogroup --clear-groups)
	[ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 80 ] || skip "everyone can open port 80 here"
	mkdir -p "$DATA_DIR"
	[ "$(id -u)" -ne 0 ] || { DATA_DIR=$(mktemp -d /tmp/purse-ops.XXXXXX) && chown nobody "$DATA_DIR"; }
	"${as_other[@]}" test -r "$ROOT/tools/up" || skip "other users cannot read the sources"
	PORT=80 run "${as_other[@]}" tools/up
	refused "Only root can open port 80"
	rm -rf "$DATA_DIR"
}

@test "the port is invalid" {
	PORT=70000 run tools/up
	refused 'PORT must be an integer from 1 to 65535, not "70000"'
}

@test "invalid options: all are named at once, and nothing starts" {
	LOG_LEVEL=loud DEFAULT_CURRENCY=XXQ BIND=here HOLD_TIME=40d AMQP_URL=http://purse:secret@host \
		run tools/up
	[ "$status" -ne 0 ]
	[ "${#lines[@]}" -eq 5 ]
	for fault in 'LOG_LEVEL must be debug, info, warn or error, not "loud".' \
		'DEFAULT_CURRENCY must be a currency of ISO 4217, such as EUR, not "XXQ".' \
		'BIND must be an IP address such as 127.0.0.1 or ::1, not "here".' \
		'HOLD_TIME (40d) must not exceed HOLD_TIME_MAX (30d), or no hold' 'AMQP_URL must be a URL'; do
		[[ $output == *"$fault"* ]] || { echo "$output" && return 1; }
	done
	[[ $output != *secret* ]]
	[ ! -e "$DATA_DIR" ]
}

@test "the folder cannot be created" {
	touch "$BATS_TEST_TMPDIR/file"
	DATA_DIR=$BATS_TEST_TMPDIR/file/data run tools/up
	refused "Cannot create the folder"
}

@test "the folder belongs to another user" {
	mkdir -p "$DATA_DIR"
	if [ "$(id -u)" -eq 0 ]; then chown nobody "$DATA_DIR"; else export DATA_DIR=/usr; fi
	run tools/up
	refused "belongs to"
}

@test "the folder's path is too long for sockets" {
	long=$BATS_TEST_TMPDIR/$(printf 'x%.0s' {1..100})
	DATA_DIR=$long run tools/up
	refused "is too long for sockets"
	[ ! -e "$long" ]
}

@test "the disk is full" {
	mkdir -p "$DATA_DIR"
	mount -t tmpfs -o size=16m none "$DATA_DIR" || skip "only root can mount a small disk"
	run tools/up
	umount "$DATA_DIR"
	refused "16 MB left"
}

@test "the programs are not built" {
	BUILD=$BATS_TEST_TMPDIR/none run tools/up
	refused 'run "make" first'
}

@test "clean-data asks first, and refuses a folder that is not Purse's" {
	mkdir -p "$DATA_DIR"
	touch "$DATA_DIR/mine"
	YES=1 run tools/clean-data
	refused "does not look like a folder of Purse"
	[ -e "$DATA_DIR/mine" ]
	touch "$DATA_DIR/state.env"
	mkdir "$DATA_DIR/service"
	run tools/clean-data </dev/null
	refused "YES=1"
	[ -e "$DATA_DIR/mine" ]
	YES=1 tools/clean-data
	[ ! -e "$DATA_DIR" ]
}
