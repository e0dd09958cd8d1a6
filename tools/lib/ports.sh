# shellcheck shell=bash
# ports.sh - TCP ports: is one free, may we have it, pick some for the private servers. Sourced after settings.sh.

# port_free ADDRESS PORT - tries to listen there as the servers will; prints the reason when it cannot.
port_free() {
	# perl-base is on every Debian; a shell cannot listen.
	perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(LocalAddr => $ARGV[0], LocalPort => $ARGV[1], Listen => 1, ReuseAddr => 1, Proto => "tcp");
		if (!$s) { print $!{EACCES} ? "permission" : $!{EADDRINUSE} ? "taken" : "$!"; exit 1 }' "$1" "$2"
}

# Dies with one sentence unless the gateway's port can be had.
require_gateway_port() {
	local why holder
	[[ $GATEWAY_PORT =~ ^[0-9]+$ ]] && [ "$GATEWAY_PORT" -ge 1 ] && [ "$GATEWAY_PORT" -le 65535 ] ||
		die "PORT must be a number from 1 to 65535, not \"$GATEWAY_PORT\"."
	why=$(port_free "$BIND" "$GATEWAY_PORT") && return 0
	case $why in
	permission) die "Port $GATEWAY_PORT may only be opened by root: choose another with PORT=8080, say." ;;
	taken)
		holder=$(ss -Hltnp "sport = :$GATEWAY_PORT" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/ by \1 (process \2)/p' | head -n 1)
		die "Port $GATEWAY_PORT is taken$holder: stop that or choose another port with PORT=8080, say."
		;;
	*) die "Port $GATEWAY_PORT cannot be opened on $BIND: $why." ;;
	esac
}

# pick_ports NAME... - gives each named port of the private servers a number that is free, the remembered one if possible.
# They begin at a place that the gateway's port decides, so that two copies seldom meet.
pick_ports() {
	local name candidate=$((10240 + GATEWAY_PORT * 4 % 20000)) known
	for name in "$@"; do
		known=${STATE[$name]:-}
		if [ -n "$known" ] && port_free 127.0.0.1 "$known" >/dev/null; then continue; fi
		until port_free 127.0.0.1 "$candidate" >/dev/null && [[ " ${STATE[*]} " != *" $candidate "* ]]; do
			candidate=$((candidate + 1))
			[ "$candidate" -lt 65000 ] || die "No free port was found for the private servers."
		done
		remember "$name" "$candidate"
		candidate=$((candidate + 1))
	done
}
