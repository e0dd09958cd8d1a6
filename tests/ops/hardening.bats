#!/usr/bin/env bats
# hardening.bats - checks in each program that it is built with protections against exploits.

load ../helper

# Each check must hold for all programs; tools/hardening says how it looks for it, and tools/lint
# runs all of them, too.
holds() { "$ROOT/tools/hardening" --only "$1"; }

@test "programs can be anywhere in memory (PIE)" { holds pie; }
@test "relocations are read-only (full RELRO, BIND_NOW)" { holds relro; }
@test "no stack is executable, and no memory both writable and executable" { holds stack; }
@test "a stack overflow ends the program (stack protector)" { holds guard; }
@test "calls that can overflow a buffer are checked (_FORTIFY_SOURCE)" {
	[[ $BUILD != */san && $BUILD != */tsan ]] || skip "the sanitizers check these calls"
	holds fortify
}
@test "indirect jumps and returns are checked (CET)" {
	[ "$(uname -m)" = x86_64 ] || skip "only x86-64 has CET"
	holds cet
}
@test "libraries come from the system's folders only" { holds rpath; }

@test "a program that is built without protection fails each check" {
	cd "$BATS_TEST_TMPDIR"
	printf '#include <stdio.h>\n#include <string.h>\nint main(int n, char **a) { char b[64]; strcpy(b, a[0]); return puts(b) + n; }\n' >bare.c
	gcc -O2 -w -no-pie -fno-stack-protector -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0 -fcf-protection=none -Wl,-z,norelro,-z,lazy,-z,execstack,-rpath,/tmp -o bare bare.c
	for check in pie relro stack guard fortify cet rpath; do
		[ "$check" != cet ] || [ "$(uname -m)" = x86_64 ] || continue
		[ "$check" != fortify ] || [[ $BUILD != */san && $BUILD != */tsan ]] || continue
		run "$ROOT/tools/hardening" --only "$check" "$PWD/bare"
		[ "$status" -eq 1 ] && [[ $output == *"fails the check \"$check\""* ]] || { echo "$check: $output" && return 1; }
	done
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
