#!/usr/bin/env bats
# hardening.bats - checks in each program that it is built with protections against exploits.

load ../helper

# programs - prints the programs; each test below must hold for all of them.
programs() { printf '%s\n' "$BUILD"/{auth,wallet,statement,outbox_relay,transaction_consumer,statement_consumer,purse,log_pump}; }
# each COMMAND... - the command must succeed with each program as its last argument.
each() {
	local program
	while read -r program; do "$@" "$program" || { echo "failed for $program" && return 1; }; done < <(programs)
}

position_independent() { readelf -hW "$1" | grep -q 'Type:.*DYN'; }
@test "programs can be anywhere in memory (PIE)" { each position_independent; }

relocations_are_read_only() { readelf -lW "$1" | grep -q GNU_RELRO && readelf -dW "$1" | grep -qE 'BIND_NOW|FLAGS_1.*NOW'; }
@test "relocations are read-only (full RELRO, BIND_NOW)" { each relocations_are_read_only; }

stack_is_not_executable() { readelf -lW "$1" | grep GNU_STACK | grep -qv 'RWE'; }
@test "no stack is executable" { each stack_is_not_executable; }

stack_is_guarded() { readelf -sW --dyn-syms "$1" | grep -q __stack_chk_fail; }
@test "a stack overflow ends the program (stack protector)" { each stack_is_guarded; }

calls_are_checked() { readelf -sW --dyn-syms "$1" | grep -qE '__[a-z]+_chk@'; }
@test "calls that can overflow a buffer are checked (_FORTIFY_SOURCE)" {
	[[ $BUILD != */san && $BUILD != */tsan ]] || skip "the sanitizers check these calls"
	each calls_are_checked
}

branches_are_marked() { readelf -nW "$1" | grep -q 'x86 feature:.*IBT.*SHSTK'; }
@test "indirect jumps and returns are checked (CET)" {
	[ "$(uname -m)" = x86_64 ] || skip "only x86-64 has CET"
	# The linker marks a program only if every object in it is marked. A library's object may
	# not be, so the fallback reads the code.
	marked() { branches_are_marked "$1" || objdump -d --disassemble=main "$1" | grep -q endbr64; }
	each marked
}

# A 64 kB frame must touch each page as it grows.
@test "no stack frame can jump over the guard page" {
	printf 'void use(char *);\nvoid f(void);\nvoid f(void) { char large[65536]; use(large); }\n' >"$BATS_TEST_TMPDIR/large.c"
	flags=$(make -C "$ROOT" --no-print-directory -pn 2>/dev/null | sed -n 's/^HARDEN := //p')
	[[ $flags == *-fstack-clash-protection* ]]
	# shellcheck disable=SC2086
	gcc -O2 $flags -S -o - "$BATS_TEST_TMPDIR/large.c" | grep -qE 'or[qlb]\s+\$0, '
	[ "$(uname -m)" != x86_64 ] || objdump -d "$BUILD/wallet" | grep -qE 'or[qlb]?\s+\$0x0,(0x[0-9a-f]+)?\(%rsp\)'
}
