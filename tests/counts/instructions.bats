#!/usr/bin/env bats
# instructions.bats - what the pure parts of the hot paths cost, counted in instructions (callgrind): the same on a busy
# machine as on an idle one. Held against bench/counts.json; who makes a part dearer on purpose records the new figure.

load ../helper

setup_file() {
	# Sanitizers and callgrind do not go together: with them the plain program is counted.
	local plain=$BUILD
	case $BUILD in */san | */tsan) plain=${BUILD%/*} ;; esac
	export COUNTS=$plain/bench/counts
	make -s -C "$ROOT" MODE= BUILD="$plain" "$COUNTS"
}

# instructions PART TIMES - of the whole program
instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$COUNTS" "$1" "$2" 2>&1 | sed -n 's/^.*Collected : //p'
}

# The difference between many calls and few is what the calls cost, without the program's start.
within() {
	local few many cost recorded most
	few=$(instructions "$1" 100) && many=$(instructions "$1" 600)
	cost=$(((many - few) / 500))
	recorded=$(jq -e ".instructions.$1" "$ROOT/bench/counts.json")
	most=$((recorded * (100 + $(jq -e .tolerance_percent "$ROOT/bench/counts.json")) / 100))
	echo "$1: $cost instructions, recorded are $recorded, allowed are $most"
	[ "$cost" -gt 0 ] && [ "$cost" -le "$most" ]
}

@test "a posting's body, from JSON to an operation with its fingerprint" { within operation; }
@test "a token that was seen before" { within token; }
@test "a posting's answer as JSON" { within reply; }
@test "a posting's event" { within event; }
@test "a line of a CSV statement" { within csv; }
