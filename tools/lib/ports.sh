# shellcheck shell=bash
# ports.sh - TCP ports: checks whether one is free and picks some for the private servers.
# Sourced after settings.sh.

# port_free ADDRESS PORT - tries to listen there as the servers do; on failure prints the reason.
port_free() {
	# A shell cannot listen; perl-base is part of every Debian.
	perl -MIO::Socket::INET -e '
		my $s = IO::Socket::INET->new(LocalAddr => $ARGV[0], LocalPort => $ARGV[1],
			Listen => 1, ReuseAddr => 1, Proto => "tcp");
		exit 0 if $s;
		print $!{EACCES} ? "permission" : $!{EADDRINUSE} ? "taken" : "$!";
		exit 1' "$1" "$2"
}

# Exits with a one-sentence message if the gateway's port is unavailable.
require_gateway_port() {
	local why holder
	[[ $GATEWAY_PORT =~ ^[0-9]+$ ]] && [ "$GATEWAY_PORT" -ge 1 ] &&
		[ "$GATEWAY_PORT" -le 65535 ] ||
		die "PORT must be a number from 1 to 65535, not \"$GATEWAY_PORT\"."
	why=$(port_free "$BIND" "$GATEWAY_PORT") && return 0
	case $why in
	permission)
		die "Only root can open port $GATEWAY_PORT: choose another port, such as PORT=8080."
		;;
	taken)
		holder=$(ss -Hltnp "sport = :$GATEWAY_PORT" 2>/dev/null |
			sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/ by \1 (process \2)/p' |
				head -n 1)
		die "Port $GATEWAY_PORT is in use$holder:" \
			"stop it, or choose another port, such as PORT=8080."
		;;
	*) die "Cannot open port $GATEWAY_PORT on $BIND: $why." ;;
	esac
}

# pick_ports NAME... - assigns each named port of the private servers a free number, preferably the
# one used before. The search starts at a number derived from the gateway's port, so two copies of
# Purse rarely collide.
pick_ports() {
	local name candidate=$((10240 + GATEWAY_PORT * 4 % 20000)) known
	for name in "$@"; do
		known=${STATE[$name]:-}
		if [ -n "$known" ] && port_free 127.0.0.1 "$known" >/dev/null; then continue; fi
		until port_free 127.0.0.1 "$candidate" >/dev/null &&
			[[ " ${STATE[*]} " != *" $candidate "* ]]; do
			candidate=$((candidate + 1))
			[ "$candidate" -lt 65000 ] ||
				die "Found no free port for the private servers."
		done
		remember "$name" "$candidate"
		candidate=$((candidate + 1))
	done
}
