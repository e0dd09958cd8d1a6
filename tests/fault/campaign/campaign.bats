#!/usr/bin/env bats
# campaign.bats - the short form of make test-fault: faults of each family under load through both
# doors, on servers of its own; then the checker, and the proof that it can fail.

@test "faults of each family under load: nothing is lost, doubled or changed, and the system recovers" {
	# Debian's Python has the libraries.
	/usr/bin/python3 "$BATS_TEST_DIRNAME/campaign.py" --short --prove \
		--folder "$BATS_TEST_TMPDIR/journal"
}
