# shellcheck shell=bash
# postgres.sh - the private PostgreSQL server under DATA_DIR. Sourced after user.sh.
#
# PostgreSQL refuses to run as root, so root runs it as an unprivileged user (user.sh).

PG_DATA=$DATA/postgres

# Prints the folder of the server's programs: Debian keeps them off PATH, one folder per version.
postgres_bin() {
	local bin
	bin=$(find /usr/lib/postgresql -mindepth 3 -maxdepth 3 -path '*/bin/postgres' 2>/dev/null |
		sort -V | tail -n 1)
	[ -n "$bin" ] || die "No PostgreSQL server under /usr/lib/postgresql: run tools/install."
	dirname "$bin"
}

# Prints the user that the server runs as: the caller, or if that is root, the owner of the data or
# an unprivileged user.
postgres_user() {
	if [ "$(id -u)" -ne 0 ]; then
		id -un
	elif [ -d "$PG_DATA" ] && [ "$(stat -c %u "$PG_DATA")" -ne 0 ]; then
		stat -c %U "$PG_DATA"
	elif id postgres >/dev/null 2>&1; then
		echo postgres
	else
		echo nobody
	fi
}

choose_postgres_user() { lend AS_POSTGRES "$1" "$DATA"; }

# Prints the size of the server's cache: a quarter of the machine's memory, from 64 MB to 2 GB.
postgres_buffers() {
	local megabytes=$(($(awk '/^MemTotal:/ { print $2 }' /proc/meminfo) / 4096))
	[ $megabytes -lt 2048 ] || megabytes=2048
	[ $megabytes -gt 64 ] || megabytes=64
	echo "${megabytes}MB"
}

postgres_create() {
	local password_file user
	user=$(postgres_user)
	choose_postgres_user "$user"
	mkdir -p "$RUN/postgres"
	# Everyone can reach the socket: passwords protect the server.
	chmod 755 "$RUN/postgres"
	[ "$(id -u)" -ne 0 ] || chown "$user" "$RUN/postgres"
	[ ! -f "$PG_DATA/PG_VERSION" ] || return 0

	say "creating a private PostgreSQL server in $PG_DATA"
	[ -n "${STATE[PASSWORD_POSTGRES]:-}" ] || remember PASSWORD_POSTGRES "$(random_password)"
	# Create it under another name, then rename it: an interrupted creation never looks
	# complete.
	rm -rf "$PG_DATA" "$PG_DATA.new"
	mkdir -m 700 "$PG_DATA.new"
	password_file=$(mktemp "$RUN/password.XXXXXX")
	printf '%s\n' "${STATE[PASSWORD_POSTGRES]}" >"$password_file"
	[ "$(id -u)" -ne 0 ] || chown "$user" "$PG_DATA.new" "$password_file"
	if ! (cd / && "${AS_POSTGRES[@]}" "$(postgres_bin)/initdb" --pgdata="$PG_DATA.new" \
		--username=postgres --pwfile="$password_file" --auth-local=scram-sha-256 \
		--auth-host=scram-sha-256 --encoding=UTF8 --no-locale --data-checksums) \
		>"$LOG/initdb.log" 2>&1; then
		rm -rf "$password_file" "$PG_DATA.new"
		tail -n 5 "$LOG/initdb.log" >&2
		die "PostgreSQL could not create its data folder: see its messages above."
	fi
	rm -f "$password_file"
	mv "$PG_DATA.new" "$PG_DATA"
}

# Prints the service's run script.
postgres_run_script() {
	choose_postgres_user "$(postgres_user)"
	cat <<-END
		#!/bin/sh
		# Written by tools/up: the private PostgreSQL server.
		exec 2>&1
		cd /
		exec $(quoted "${AS_POSTGRES[@]:-env}" setpriv --pdeathsig INT \
			"$(postgres_bin)/postgres" -D "$PG_DATA" \
			-c port="${STATE[POSTGRES_PORT]}" -c listen_addresses=127.0.0.1 \
			-c unix_socket_directories="$RUN/postgres" \
			-c max_connections=300 -c max_wal_size=2GB \
			-c shared_buffers="$(postgres_buffers)" \
			-c fsync=on -c synchronous_commit=on -c full_page_writes=on -c jit=off \
			-c timezone=UTC -c log_timezone=UTC \
			-c log_line_prefix='%m [%p] %q%u@%d ' -c log_checkpoints=off \
			-c log_parameter_max_length=0 -c log_parameter_max_length_on_error=0)
	END
}

# Runs psql as the superuser of the private server.
postgres_admin() {
	PGPASSWORD=${STATE[PASSWORD_POSTGRES]} PGOPTIONS='-c client_min_messages=warning' \
		psql -X -q -v ON_ERROR_STOP=1 -h "$RUN/postgres" -p "${STATE[POSTGRES_PORT]}" \
		-U postgres -d postgres "$@"
}
postgres_answers() { postgres_admin -c 'SELECT 1' >/dev/null 2>&1; }

# scram_verifier PASSWORD - prints what the server stores for a password (StoredKey and ServerKey of
# RFC 5802), derived with one iteration. Iterations slow down guessing of weak passwords. These have
# 192 random bits, and each CGI request would pay for the iterations.
scram_verifier() {
	printf '%s' "$1" |
		perl -MDigest::SHA=hmac_sha256,sha256 -MMIME::Base64=encode_base64 -e '
		my ($password, $salt) = (scalar <STDIN>, "");
		open my $random, "<", "/dev/urandom" or die "no random numbers: $!\n";
		read($random, $salt, 16) == 16 or die "no random numbers\n";
		my $salted = hmac_sha256($salt . pack("N", 1), $password);
		printf "SCRAM-SHA-256\$1:%s\$%s:%s\n", map { encode_base64($_, "") }
			$salt, sha256(hmac_sha256("Client Key", $salted)),
			hmac_sha256("Server Key", $salted);'
}

# Creates the databases and roles that are missing. Each database has an owner, which migrates, and
# a run-time role with only the rights that the service needs.
postgres_create_databases() {
	local service role name
	for service in $(programs handler); do
		for role in owner app; do
			name=PASSWORD_${service^^}_${role^^}
			[ -n "${STATE[$name]:-}" ] || remember "$name" "$(random_password)"
		done
	done
	for service in $(programs handler); do
		for role in owner app; do
			name=PASSWORD_${service^^}_${role^^}
			cat <<-END
				SELECT 'CREATE ROLE purse_${service}_$role
					LOGIN PASSWORD ''$(scram_verifier "${STATE[$name]}")'''
					WHERE NOT EXISTS (SELECT FROM pg_roles
						WHERE rolname = 'purse_${service}_$role') \gexec
			END
		done
		cat <<-END
			SELECT 'CREATE DATABASE purse_$service OWNER purse_${service}_owner'
				WHERE NOT EXISTS (SELECT FROM pg_database
					WHERE datname = 'purse_$service') \gexec
			REVOKE ALL ON DATABASE purse_$service FROM PUBLIC;
			GRANT CONNECT ON DATABASE purse_$service TO purse_${service}_app;
		END
	done | cat - sql/administrator.sql | postgres_admin -f - ||
		die "Could not create the databases: see PostgreSQL's messages above."
}
