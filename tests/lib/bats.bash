# shellcheck shell=bash
# bats.bash - what in bats took a quarter of a test's time here, done otherwise. Sourced by the helpers.

# bats notes where it is before every command, so as to know where a test failed. bash says that where a command fails, too: it
# is noted then. (A test that ends by `exit` has no place.)
bats_setup_tracing() {
	BATS_DEBUG_LAST_STACK_TRACE=() BATS_DEBUG_LASTLAST_STACK_TRACE=() BATS_DEBUG_LAST_STACK_TRACE_IS_VALID='' BATS_ERROR_SUFFIX=''
	exec 4<&1
	trap bats_error_trap ERR
}
bats_error_trap() {
	bats_check_status_from_trap
	[ -n "$BATS_DEBUG_LAST_STACK_TRACE_IS_VALID" ] || bats_capture_stack_trace
	BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
}

# For --timing: the time, without starting date.
get_mills_since_epoch() { printf '%d\n' "$((${EPOCHREALTIME/[.,]/} / 1000))"; }
