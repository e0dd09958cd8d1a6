#!/usr/bin/env bats
# refusals.bats - `make up` where it cannot work: one sentence, a nonzero status, and nothing left
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
	refused 'PORT must be a number from 1 to 65535, not "70000"'
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

@test "options that make no sense: all of them at once, before anything starts" {
	LOG_LEVEL=loud DEFAULT_CURRENCY=XXQ PUBLIC_URL=localhost:3000 SMTP_FROM=purse PROXIES='10.0.0.0/8 10.0.0/8' HANDLER_THREADS=many HOLD_TIME=31d \
		SMTP_URL='http://user:secret@host' run tools/up
	[ "$status" -ne 0 ]
	[ "${#lines[@]}" -eq 8 ]
	for fault in 'LOG_LEVEL must be debug, info, warn or error, not "loud".' 'DEFAULT_CURRENCY must be a currency code of ISO 4217, not "XXQ".' \
		'PUBLIC_URL must be a URL such as' 'SMTP_FROM must be a mail address' 'PROXIES must be addresses or networks' \
		'HANDLER_THREADS must be an integer from 1 to 512' 'HOLD_TIME (31d) must not be more than HOLD_TIME_MAX (30d).' 'SMTP_URL must be a URL such as smtp://host:25.'; do
		[[ $output == *"$fault"* ]] || { echo "not reported: $fault" && return 1; }
	done
	[[ $output != *secret* ]]
	[ ! -e "$DATA_DIR" ]
}

@test "every program explains itself without any configuration, and no error is printed twice" {
	local name words
	for name in $(sed -nE 's/^(handler|consumer|tool|part) //p' "$ROOT/tools/programs"); do
		for words in --help --version; do
			run env -i PURSE_CONFIG=/nowhere LOG_LEVEL=loud "$BUILD/$name" $words
			[ "$status" -eq 0 ]
			[[ $output == *[Pp]urse*  || $output == "$name "[0-9]* ]]
		done
	done
	for words in key user 'user role' dead; do
		run env -i PURSE_CONFIG=/nowhere "$BUILD/purse" $words
		[ "$status" -eq 2 ]
		[[ ${lines[0]} == "usage: purse $words COMMAND ..." ]]
		[ "$(grep -c "^  $words " <<<"$output")" -ge 2 ]
	done
	for name in auth wallet statement outbox_relay transaction_consumer statement_consumer; do
		run env -i PURSE_CONFIG=/dev/null "$BUILD/$name"
		[ "$status" -ne 0 ]
		[ "${#lines[@]}" -eq 1 ]
		run env -i PURSE_CONFIG=/dev/null "$BUILD/$name" --nothing
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
	done
}
