#!/usr/bin/env bats
# statement_crash.bats - the statement consumer dies in the middle of its work: nothing is lost or
# duplicated, and the next consumer finishes a partial file.

load ../helper

setup() {
	sign_up_and_in
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
}
teardown() { service_ready statement_consumer || start_service statement_consumer; }

# deposits N - makes N deposits with the posting function, 500 per commit, like the handler's group
# commit.
deposits() {
	sql wallet "DO \$\$ BEGIN
		FOR i IN 1 .. $1 / 500 LOOP
			PERFORM post(array_agg(gen_random_uuid()), array_agg('$WALLET'::uuid), array_agg('$USER_ID'::uuid), array_agg(1),
				array_agg('deposit'::text), array_agg(100::bigint), array_agg(NULL::uuid), array_agg(NULL::text),
				array_agg(NULL::bytea), array_agg(NULL::text), array_agg('line ' || i), array_agg(NULL::text),
				interval '7 days', false, NULL)
			FROM generate_series(1, 500);
			COMMIT;
		END LOOP;
	END \$\$"
}
arrived() {
	api GET "/v1/statements?wallet_id=$WALLET&limit=1"
	[ "$status_code" = 200 ] && [ "$(json .version)" = "$1" ]
}
ask() {
	api GET "/v1/statements?wallet_id=$WALLET&from=2026-01-01&format=$1"
	[ "$status_code" = 202 ] || return 1
	JOB=$(header Location)
}
job_is_ready() {
	api GET "$JOB"
	[ "$(json .status)" = ready ]
}
job_is_half_done() {
	[ "$(sql statement "SELECT status <> 'queued' AND (progress > 0 OR status = 'ready') FROM job WHERE id = '${JOB##*/}'")" = t ]
}

# Checks the whole file: length, hash, every line exactly once, every sum.
file_is_whole() {
	local file=$BATS_TEST_TMPDIR/file
	api GET "$JOB"
	curl -sS -f -H "Authorization: Bearer $TOKEN" -o "$file" "$BASE_URL$JOB/file"
	[ "$(stat -c %s "$file")" = "$(json .file.bytes)" ]
	[ "$(sha256sum <"$file")" = "$(json .file.sha256)  -" ]
	if [ "$(json .format)" = json ]; then
		jq -e --argjson n "$1" '(.lines | length) == $n and .closing_balance == ($n - 1) * 100 and
			([.lines[].version] == [range(1; $n + 1)]) and ([.lines[].balance_after] == [range(0; $n * 100; 100)])' "$file" >/dev/null
	else
		awk -F, -v n="$1" 'NR > 1 && ($1 != NR - 1 || $5 != (NR - 2) * 100) { exit 1 } END { exit NR != n + 1 }' "$file"
	fi
}

@test "killed while lines arrive, it catches up by itself: none is lost or duplicated" {
	deposits 20000 &
	for _ in 1 2 3 4; do
		sleep 0.5
		kill_service statement_consumer || true
	done
	wait $!
	eventually arrived 20001
	[ "$(sql statement "SELECT count(*), count(DISTINCT transaction_id), sum(amount) FROM line WHERE wallet_id = '$WALLET'")" = "20001|20001|2000000" ]
}

@test "if it dies in the middle of a file, the next consumer finishes the file" {
	deposits 60000
	eventually arrived 60001
	# The kernel kills it (SIGXFSZ) at the seventh megabyte of a file of twelve, which is surely
	# in the middle.
	old=$(service_pid statement_consumer)
	# Only the owner of a process can limit it, unless root has every capability.
	owner=$(stat -c %u "/proc/$old") group=$(stat -c %g "/proc/$old")
	as_owner=()
	[ "$owner" = "$(id -u)" ] || as_owner=(setpriv --reuid "$owner" --regid "$group" --clear-groups)
	"${as_owner[@]}" prlimit --pid "$old" --fsize=7000000
	ask json
	eventually job_is_ready
	[ "$(service_pid statement_consumer)" != "$old" ]
	file_is_whole 60001
	# Kill it at a random point.
	for format in csv json; do
		ask "$format"
		eventually job_is_half_done
		kill_service statement_consumer || true
		eventually job_is_ready
		file_is_whole 60001
	done
	[ -z "$(find "$DATA_DIR/statements" -name '*.part')" ]
}

@test "on SIGTERM in the middle of a file, it leaves the rest to the next consumer" {
	deposits 60000
	eventually arrived 60001
	ask json
	eventually job_is_half_done
	stop_service statement_consumer
	# Finished or not, no one holds it now.
	[ "$(sql statement "SELECT claim IS NULL FROM job WHERE id = '${JOB##*/}'")" = t ]
	start_service statement_consumer
	eventually job_is_ready
	file_is_whole 60001
}

@test "after all these events the relay has given its memory back, and the broker keeps within a small machine" {
	kilobytes() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"; }
	relay_is_small() { [ "$(kilobytes "$(service_pid outbox_relay)" RssAnon)" -lt 12000 ]; }
	eventually relay_is_small
	broker=$(ss -Hltnp "sport = :$(sed -n 's/^AMQP_PORT=//p' "$DATA_DIR/state.env")" | sed -n 's/.*pid=\([0-9]*\),.*/\1/p' | head -n 1)
	[ "$(kilobytes "$broker" VmRSS)" -lt 300000 ]
}
