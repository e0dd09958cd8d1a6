#!/usr/bin/env bats
# campaign.bats - the short form of make test-fault: faults of each family under load through both
# doors, on servers of its own; then the checker, and the proof that it can fail.

@test "faults of each family under load: nothing is lost, doubled or changed, and the system recovers" {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	# Debian's Python has the libraries.
	/usr/bin/python3 "$root/tests/fault/campaign/campaign.py" --short --prove \
		--folder "$BATS_TEST_TMPDIR/journal"
}
