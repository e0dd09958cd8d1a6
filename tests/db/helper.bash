# shellcheck shell=bash
# helper.bash - access to the wallet database: as the run-time role, and as the owner where no
# function does the job.
#
# WALLET_DATABASE_URL names a migrated database; WALLET_DATABASE_OWNER_URL is the same as its owner.
# Every test creates its own owners and wallets, so the database can hold other data and be in use.

# CI machines are shared, so CI retries a failed test once. Local runs never retry.
# shellcheck disable=SC2034
BATS_TEST_RETRIES=${CI:+1}
BATS_TEST_RETRIES=${BATS_TEST_RETRIES:-0}
here=${BATS_TEST_DIRNAME:-$(dirname "${BASH_SOURCE[0]}")}
. "$here/../lib/bats.bash"
: "${WALLET_DATABASE_URL:?names the wallet database as the run-time role (make -s env prints it)}"
PGBENCH=${PGBENCH:-$(command -v pgbench || echo /usr/lib/postgresql/15/bin/pgbench)}
# Make the planner treat the small test tables like large ones.
PGOPTIONS='-c client_min_messages=warning -c statement_timeout=60s'
PGOPTIONS+=' -c plan_cache_mode=force_generic_plan -c enable_seqscan=off'
PGOPTIONS+=' -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off'
export PGOPTIONS

# sql [URL] - runs SQL from standard input and prints the values; on failure, the server's message.
sql() {
	local text
	text=$(cat)
	# lib.sql creates functions, which takes longer than most queries here, so load it only if
	# needed.
	{
		[[ $text != *pg_temp.* ]] || cat "$here/lib.sql"
		printf '%s\n' "$text"
	} | psql -XAtq -v ON_ERROR_STOP=1 -d "${1:-$WALLET_DATABASE_URL}" 2>&1
}

owner_url() {
	[ -n "${WALLET_DATABASE_OWNER_URL:-}" ] || skip "WALLET_DATABASE_OWNER_URL is not set"
	echo "$WALLET_DATABASE_OWNER_URL"
}

as_owner() {
	[ -n "${WALLET_DATABASE_OWNER_URL:-}" ] || skip "WALLET_DATABASE_OWNER_URL is not set"
	sql "$WALLET_DATABASE_OWNER_URL"
}

# value 'SQL expression' - prints one value, from its own session.
value() {
	sql <<<"SELECT $1;"
}

# parallel CLIENTS TIMES 'SQL' - runs the SQL TIMES times on each of CLIENTS parallel connections;
# fails on any error.
parallel() {
	printf '%s\n' "$3" >"$BATS_TEST_TMPDIR/script.sql"
	"$PGBENCH" -n -c "$1" -j 2 -t "$2" -f "$BATS_TEST_TMPDIR/script.sql" \
		"$WALLET_DATABASE_URL" \
		>"$BATS_TEST_TMPDIR/pgbench.out" 2>&1 ||
			{ cat "$BATS_TEST_TMPDIR/pgbench.out"; return 1; }
	grep -qF "number of transactions actually processed: $(($1 * $2))/$(($1 * $2))" \
		"$BATS_TEST_TMPDIR/pgbench.out" ||
		{ cat "$BATS_TEST_TMPDIR/pgbench.out"; return 1; }
}

# one WALLET KIND AMOUNT REFERENCE KEY - prints a call of post() with one operation. Arguments are
# SQL; null if absent.
one() {
	echo "SELECT error FROM post(ARRAY[gen_random_uuid()], ARRAY[$1::uuid], ARRAY[null::uuid],
		ARRAY[6], ARRAY['$2'], ARRAY[$3::bigint]," \
		"ARRAY[$4::uuid], ARRAY[$5::text], ARRAY[null::bytea], ARRAY[null::text]," \
		"ARRAY[null::text], ARRAY[null::text], 604800000, false, null);"
}

# until_true 'SQL expression' - polls until it is true, for at most 30 s.
until_true() {
	for _ in $(seq 300); do
		[ "$(psql -XAtq -d "$WALLET_DATABASE_URL" -c "SELECT $1")" != t ] || return 0
		sleep 0.1
	done
	echo "never true: $1"
	return 1
}

# Check the invariants of the wallet database after every file.
teardown_file() {
	run psql -XAtq -d "$WALLET_DATABASE_URL" -v ON_ERROR_STOP=1 -f "$here/invariants.sql"
	# shellcheck disable=SC2154  # bats' run sets them
	[ "$status" -eq 0 ] && [ -z "$output" ] || { echo "$output" >&2; return 1; }
}
