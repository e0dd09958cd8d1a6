# shellcheck shell=bash
# environment.sh - the servers under test: started once, shared by the suites, then removed. Sourced
# by tests/run.

results=${results:?}

# Prints a free port outside the range that the system assigns to outgoing connections.
free_port() {
	perl -MIO::Socket::INET -e '
		for (1 .. 500) {
			my $port = 10000 + int rand 20000;
			if (IO::Socket::INET->new(LocalAddr => "0.0.0.0", LocalPort => $port,
				Listen => 1, Proto => "tcp")) { print $port; exit }
		}
		exit 1'
}

# Starts the servers that are not running, and exports their addresses.
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
	# The helpers of tests/db are temporary functions. By default the run-time roles are not
	# allowed to create any.
	for service in auth wallet statement; do
		echo "GRANT TEMPORARY ON DATABASE purse_$service TO purse_${service}_app;"
	done | (
		. tools/lib/settings.sh
		. tools/lib/user.sh
		. tools/lib/postgres.sh
		postgres_admin -f -
	)
	for database in AUTH WALLET STATEMENT; do
		url=$(. tools/lib/settings.sh && private_url "${database,,}" owner tcp)
		export "${database}_DATABASE_OWNER_URL=$url"
	done
	environment_up=yes
}

environment_remove() {
	# The addresses are still exported. Once our servers are gone, they would look like someone
	# else's.
	unset AUTH_DATABASE_URL WALLET_DATABASE_URL STATEMENT_DATABASE_URL AMQP_URL
	[ ! -d "$DATA_DIR" ] || YES=1 tools/clean-data >"$results/clean.log" 2>&1 || {
		cat "$results/clean.log"
		return 1
	}
}
