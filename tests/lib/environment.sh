# shellcheck shell=bash
# environment.sh - the servers that the tests run against: made once, shared by the suites, removed. Sourced by tests/run.

results=${results:?}

# Prints a port that is free, away from the range that the system gives to outgoing connections.
free_port() {
	perl -MIO::Socket::INET -e '
		for (1 .. 500) {
			my $port = 10000 + int rand 20000;
			if (IO::Socket::INET->new(LocalAddr => "0.0.0.0", LocalPort => $port, Listen => 1, Proto => "tcp")) { print $port; exit }
		}
		exit 1'
}

# Starts what is not running and exports where it is.
environment_start() {
	local url service
	[ -z "${environment_up:-}" ] || return 0
	[ -f "$DATA_DIR/state.env" ] || export PORT="${PORT:-$(free_port)}"
	set -a
	. tests/settings.env
	set +a
	tools/up >"$results/up.log" 2>&1 || {
		cat "$results/up.log"
		return 1
	}
	export PURSE_CONFIG=$DATA_DIR/purse.env
	eval "$(tools/env)"
	# tests/db keeps its helpers in temporary functions, which the run-time roles may not make otherwise.
	for service in auth wallet statement; do
		echo "GRANT TEMPORARY ON DATABASE purse_$service TO purse_${service}_app;"
	done | (
		. tools/lib/settings.sh
		. tools/lib/user.sh
		. tools/lib/postgres.sh
		postgres_admin -f -
	)
	for service in AUTH WALLET STATEMENT; do
		url=$(. tools/lib/settings.sh && private_url "${service,,}" owner tcp)
		export "${service}_DATABASE_OWNER_URL=$url"
	done
	environment_up=yes
}

environment_remove() {
	# The addresses are exported by now, and would be taken for somebody else's servers once they are gone.
	unset AUTH_DATABASE_URL WALLET_DATABASE_URL STATEMENT_DATABASE_URL AMQP_URL
	[ ! -d "$DATA_DIR" ] || YES=1 tools/clean-data >"$results/clean.log" 2>&1 || {
		cat "$results/clean.log"
		return 1
	}
}
