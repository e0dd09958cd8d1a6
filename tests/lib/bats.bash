# shellcheck shell=bash
# bats.bash - faster versions of the parts of bats that took a quarter of a test's time. Sourced by
# the helpers.

# bats records its position before every command, to report where a test failed. bash also knows the
# position when a command fails, so we record it only then. (A test that ends with `exit` reports no
# position.)
bats_setup_tracing() {
	BATS_DEBUG_LAST_STACK_TRACE=() BATS_DEBUG_LASTLAST_STACK_TRACE=()
	BATS_DEBUG_LAST_STACK_TRACE_IS_VALID='' BATS_ERROR_SUFFIX=''
	exec 4<&1
	trap bats_error_trap ERR
}
bats_error_trap() {
	bats_check_status_from_trap
	[ -n "$BATS_DEBUG_LAST_STACK_TRACE_IS_VALID" ] || bats_capture_stack_trace
	BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
}

# For --timing: the time, without starting `date`.
get_mills_since_epoch() { printf '%d\n' "$((${EPOCHREALTIME/[.,]/} / 1000))"; }
