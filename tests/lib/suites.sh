# shellcheck shell=bash
# suites.sh - what each suite runs, and how we count its tests. Sourced by tests/run.

passed=0 failed=0
results=${results:?}
. tests/lib/hosting.sh

# count_tap NAME COMMAND... - runs a program that prints TAP, counts its tests, and shows the
# failures.
count_tap() {
	local name=$1 log ok bad skipped status=0
	shift
	log=$results/$name.tap
	"$@" >"$log" 2>&1 </dev/null || status=$?
	skipped=$(grep -ciE '^ok .*# skip' "$log" || true)
	ok=$(($(grep -cE '^ok( |$)' "$log" || true) - skipped))
	bad=$(grep -cE '^not ok( |$)' "$log" || true)
	if [ "$bad" -eq 0 ] && [ "$status" -ne 0 ]; then
		bad=1
		echo "not ok - $name exited with status $status after $ok tests; its last lines:"
		tail -n 20 "$log"
	elif [ "$bad" -gt 0 ]; then
		# Show each failure with the lines that explain it.
		awk '/^not ok/ { show = 1 } /^ok/ { show = 0 } show' "$log" | grep -v '^ok' |
			head -n 200
	elif ! planned "$log" $((ok + skipped)); then
		bad=1
		echo "not ok - $name did not run all its tests, or has none; see $log"
	fi
	[ "$skipped" -eq 0 ] || grep -iE '^ok .*# skip' "$log"
	suite_passed=$((suite_passed + ok))
	suite_failed=$((suite_failed + bad))
}

# The TAP plan states the number of tests: fewer results mean that something ended early.
planned() {
	local plan
	plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$1" | awk '{ n += $1 } END { print n + 0 }')
	[ "$2" -gt 0 ] && [ "$plan" -eq "$2" ]
}

count_bats() {
	local name=$1
	shift
	count_tap "$name" "$BUILD/tests/caller" bats --tap --timing "$@"
}

# The same for files that do not touch each other's data: four in parallel. Files that stop services
# take turns. So do files that declare it in a comment, because they need a service to be up all the
# time. A file that waits with `eventually` does not have to.
count_bats_at_once() {
	run_files_at_once "$@"
	count_files "$@"
}
take_turns='\<(stop|kill)_service\>|[Tt]akes turns'
run_files_at_once() {
	local name=$1
	shift
	run_files "$name" 4 \
		"$(grep -lE "$take_turns" "$@" | paste -sd ' ')
$(grep -LE "$take_turns" "$@")"
}
count_files() {
	local name=$1 file
	shift
	for file; do count_tap "$name-${file##*/}" cat "$results/$name/${file##*/}.tap"; done
	rm -rf "${results:?}/$name"
}
# run_files NAME AT_ONCE LINES - runs the files of a line one after another, and AT_ONCE lines in
# parallel.
run_files() {
	mkdir -p "$results/$1"
	# shellcheck disable=SC2016
	printf '%s' "$3" | xargs -r -d '\n' -P "$2" -I{} sh -c 'for file in $1; do
		"$3" bats --tap --timing "$file" >"$2/${file##*/}.tap" 2>&1 </dev/null || true
	done' - {} "$results/$1" "$BUILD/tests/caller"
}

run_suite() {
	suite_passed=0 suite_failed=0
	case $1 in
	unit | fuzz | ops | apart | campaign | hosting | leaks) "suite_$1" ;;
	*)
		if environment_start; then
			"suite_$1"
			# Not while another suite still writes in the background: the invariants run
			# again after it.
			[ -n "${background[db]:-}${background[schema]:-}" ] ||
				count_tap "$1-invariants" tests/invariants
		else
			suite_failed=1
			echo "not ok - could not start the servers for the suite $1"
		fi
		;;
	esac
	passed=$((passed + suite_passed))
	failed=$((failed + suite_failed))
}

suite_unit() {
	local program
	for program in "$BUILD"/tests/unit/test_*; do
		[ ! -x "$program" ] ||
			PURSE_CONFIG=/dev/null CMOCKA_MESSAGE_OUTPUT=TAP count_tap \
			"unit-${program##*/}" "$program"
	done
	[ $((suite_passed + suite_failed)) -gt 0 ] || suite_failed=1
}
suite_counts() { count_bats counts tests/counts; }
suite_migrate() { count_bats migrate tests/migrate; }

# --- in the background ---
# A suite that starts in the background, in its own process group, and is counted when its turn
# comes.
declare -A background=()
background_begin() {
	local name=$1
	shift
	set -m
	"$@" >"$results/$name.out" 2>&1 </dev/null &
	background[$name]=$!
	set +m
}
background_end() {
	wait "${background[$1]}" || true
	unset "background[$1]"
}
# On an interrupt bats ends its tests and removes what they created.
background_tidy() {
	local pid
	for pid in "${background[@]}"; do
		kill -- "-$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

# The suites that keep stopping the servers, in a separate run with its own servers.
apart_begin() { background_begin apart apart tests/run events fault; }
apart() {
	env TEST_RESULTS="$results/apart" TEST_DATA="$DATA_DIR.apart" "$@"
}
suite_apart() {
	background_end apart
	grep -vE '^[0-9]+ passed, ' "$results/apart.out" || true
	take_numbers "$results/apart.out"
}
apart_tidy() { [ ! -d "$DATA_DIR.apart" ] || apart tests/run --stop; }

# take_numbers FILE - reads the counts of another run from its last line.
take_numbers() {
	local numbers
	numbers=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$1" | tail -n 1)
	read -r suite_passed suite_failed <<<"${numbers:-0 1}"
}

# The replay of the fuzzing corpora needs no servers, but builds its own programs.
fuzz_begin() { background_begin fuzz nice tests/fuzz/replay; }
suite_fuzz() {
	background_end fuzz
	count_tap fuzz cat "$results/fuzz.out"
}

# It installs its copies as users install theirs: without the options of the test servers.
ops_begin() {
	local options
	mapfile -t options < <(sed -n 's/^\([A-Z][A-Z0-9_]*\)=.*/--unset=\1/p' tests/settings.env)
	background_begin ops env "${options[@]}" "$BUILD/tests/caller" bats --tap --timing tests/ops
}
suite_ops() {
	background_end ops
	count_tap ops cat "$results/ops.out"
}

# It has servers of its own and is idle much of the time.
campaign_begin() { background_begin campaign bats --tap --timing tests/fault/campaign; }
suite_campaign() {
	background_end campaign
	count_tap campaign cat "$results/campaign.out"
}

# Files that take turns with the API's tests run after those have finished.
db_begin() { environment_start &&
	background_begin db run_files db 2 "$(grep -LE "$take_turns" tests/db/*.bats)"; }
suite_db() {
	if [ -n "${background[db]:-}" ]; then
		background_end db
	else
		run_files db 4 "$(grep -LE "$take_turns" tests/db/*.bats)"
	fi
	run_files db 1 "$(grep -lE "$take_turns" tests/db/*.bats)"
	count_files db tests/db/*.bats
}

schema_begin() { environment_start && background_begin schema tests/schema/run; }
suite_schema() {
	[ -n "${background[schema]:-}" ] || schema_begin
	background_end schema
	count_tap schema cat "$results/schema.out"
	# On request the whole table of responses.
	[ "${CALLS:-0}" -eq 0 ] || grep '^# [A-Za-z0-9=]* ' "$results/schema.out" || true
}

suite_api() { count_bats_at_once api tests/api/*.bats; }
suite_events() { count_bats events tests/events; }
suite_fault() { count_bats fault tests/fault; }
suite_web() { count_tap web tests/web/run; }
# The db suite's test with more rows; not part of a full run.
suite_growth() { GROWTH='10000 1000000' count_bats growth tests/db/growth.bats; }
suite_gateway() { count_bats gateway tests/gateway; }
# Not a suite that can be chosen: it searches what the others have left.
suite_leaks() { count_tap leaks tests/leaks "$results/up.log"; }
# Runs in a copy of this checkout: see hosting.sh.
suite_inside() { hosting_kinds; }
