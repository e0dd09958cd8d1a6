#!/usr/bin/env bats
# instructions.bats - the cost of the pure parts of the hot paths in instructions (callgrind), which
# is the same on a busy machine and an idle one. Compared with bench/counts.json: if you make a part
# more expensive on purpose, record the new figure.

load ../helper

setup_file() {
	# Sanitizers do not work under callgrind, so a sanitizer run counts the plain program.
	local plain=$BUILD
	case $BUILD in */san | */tsan) plain=${BUILD%/*} ;; esac
	export COUNTS=$plain/bench/counts
	make -s -C "$ROOT" MODE= BUILD="$plain" "${COUNTS#"$ROOT"/}"
}

# instructions PART TIMES - prints the instructions of the whole program
instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$COUNTS" "$1" "$2" 2>&1 | sed -n 's/^.*Collected : //p'
}

# The difference between many calls and few is the cost of the calls, without the program's start.
within() {
	local few many cost recorded most
	few=$(instructions "$1" 100) && many=$(instructions "$1" 600)
	cost=$(((many - few) / 500))
	recorded=$(jq -e ".instructions.$1" "$ROOT/bench/counts.json")
	most=$((recorded * (100 + $(jq -e .tolerance_percent "$ROOT/bench/counts.json")) / 100))
	echo "$1: $cost instructions; $recorded recorded, $most allowed"
	[ "$cost" -gt 0 ] && [ "$cost" -le "$most" ]
}

@test "a posting's body, from JSON to a fingerprinted operation" { within operation; }
@test "a cached token" { within token; }
@test "a posting's answer as JSON" { within reply; }
@test "a posting's event" { within event; }
@test "a line of a CSV statement" { within csv; }
