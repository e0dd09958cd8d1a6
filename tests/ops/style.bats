#!/usr/bin/env bats
# style.bats - each rule of tools/style finds its violations and accepts correct code.

ROOT=$(cd "$(dirname "$BATS_TEST_FILENAME")/../.." && pwd -P)
TREE=$BATS_TEST_TMPDIR/tree

# put FILE - writes standard input to the file in the tree that is checked.
put() {
	mkdir -p "$TREE/$(dirname "$1")"
	cat >"$TREE/$1"
}
style() { "$ROOT/tools/style" --root "$TREE" "$@"; }

# catches PLACE RULE [WORDS] - style must report exactly this violation.
catches() {
	run style
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ ${lines[0]} == "$1: "*"${3:-}"*" ($2)" ]]
}
passes() {
	run style
	[ -z "$output" ]
	[ "$status" -eq 0 ]
}

# repeated N TEXT - prints a line N times; %d is its number.
repeated() { for ((i = 1; i <= $1; i++)); do printf '%s\n' "${2//%d/$i}"; done; }

@test "a file that follows every rule passes" {
	put common/base/good.h <<<'/* good.h - a file without violations. */'
	put common/base/good.c <<-'END'
		/* good.c - a file without violations. */
		#include "common/base/good.h"

		#include <stdio.h>
		#include <string.h>

		#include "common/base/arena.h"
		#include "common/base/text.h"

		enum color { RED, GREEN, COLOR_COUNT };
		static const char *const color_names[COLOR_COUNT] = { [RED] = "red", [GREEN] = "TO-DO" };
		static const int widths[] = { [RED] = 1, [GREEN] = 2 };
		_Static_assert(sizeof widths / sizeof widths[0] == COLOR_COUNT, "a width for each color");

		/* strcpy() and time() in a comment or a string are not calls. */
		const char *
		color_name(enum color c)
		{
			return c == COLOR_COUNT ? "strcpy(a, b)" : color_names[c];
		}
	END
	passes
}

@test "a function of more than 70 lines" {
	body() { printf '/* long.c - one function of some length. */\nint\nlong_one(void)\n{\n'; repeated "$1" $'\ta[%d]++;'; echo '}'; }
	put common/base/long.c < <(body 66)
	passes
	put common/base/long.c < <(body 67)
	catches common/base/long.c:2 function-length 'long_one() has 71 lines'
}

@test "a file of more than 400 lines" {
	put common/base/long.c < <(echo '/* long.c - a file of some length. */' && repeated 399 'extern int a%d;')
	passes
	put common/base/long.c < <(echo '/* long.c - a file of some length. */' && repeated 400 'extern int a%d;')
	catches common/base/long.c:401 file-length
}

@test "an endpoint file of more than 60 lines; others in handlers/ can be longer" {
	put handlers/wallet/main.c <<-'END'
		/* main.c - the routes of a service. */
		static const struct route routes[] = {
			{ METHOD_GET, "/v1/wallets/{id}", wallet_get, SIGNED_IN },
		};
	END
	endpoint() { echo "/* $1.c - a file of some length. */" && repeated 56 'extern int a%d;' && printf 'int\n%s(void)\n{\n}\n' "$1"; }
	put handlers/wallet/other.c < <(endpoint other)
	passes
	rm "$TREE/handlers/wallet/other.c"
	put handlers/wallet/wallet_get.c < <(endpoint wallet_get)
	catches handlers/wallet/wallet_get.c:61 endpoint-length 'wallet_get()'
}

@test "a line of more than 100 columns, where a tab counts as eight" {
	wide() { printf "$1"'%0*d' "$2" 0; }
	put sql/wallet/functions/wide.sql < <(echo '-- wide.sql - lines that are wide.' && wide '\t' 92)
	put common/base/rows.def < <(echo '/* rows.def - a table, a row a line. */' && wide '' 101)
	put sql/wallet/001_wallet.sql < <(echo '-- 001_wallet.sql - a migration that has landed.' && wide '' 101)
	passes
	put sql/wallet/functions/wide.sql < <(echo '-- wide.sql - lines that are wide.' && wide '\t' 93)
	catches sql/wallet/functions/wide.sql:2 line-length '101 columns'
	put sql/wallet/functions/wide.sql <<<'-- wide.sql - lines that are not wide.'
	put tools/wide < <(printf '#!/bin/sh\n# wide - lines that are wide.\n' && wide '' 101)
	catches tools/wide:3 line-length
	rm "$TREE/tools/wide"
	put common/base/wide.h < <(echo '/* wide.h - lines that are wide. */' && wide '/*' 99)
	catches common/base/wide.h:2 line-length
}

@test "calls that are banned everywhere" {
	for call in sprintf vsprintf strcpy strcat strncpy strtok strtok_r atoi atol atof gets; do
		put tests/unit/test_bad.c < <(printf '/* test_bad.c - a call of a bad function. */\nint v = %s (a, b);\n' $call)
		catches tests/unit/test_bad.c:2 banned "$call() is banned:"
	done
}

@test "waiting, time and randomness outside their files" {
	for call in sleep usleep nanosleep time gettimeofday clock_gettime rand srand random; do
		put common/db/bad.c < <(printf '/* bad.c - a call of a bad function. */\nint v = %s(a, b);\n' $call)
		catches common/db/bad.c:2 banned "$call() is banned outside"
	done
	rm "$TREE/common/db/bad.c"
	put common/base/clock.c < <(printf '/* clock.c - the time, and waiting. */\nint v = time(NULL) + usleep(1);\n')
	put common/base/random.c < <(printf '/* random.c - randomness from one file. */\nint v = random();\n')
	put tests/unit/test_time.c < <(printf '/* test_time.c - a test may wait. */\nint v = usleep(1) + o.time(1) + o->time(2);\n')
	passes
	put common/base/clock.c < <(printf '/* clock.c - the time, and waiting. */\nint v = random();\n')
	catches common/base/clock.c:2 banned
}

@test "includes in the wrong order" {
	good='/* a.c - includes in some order. */
#include "common/base/a.h"

#include <stdio.h>
#include <string.h>

#include "common/base/b.h"
#include "common/base/c.h"

int a;'
	put common/base/a.h <<<'/* a.h - the header of a.c, with nothing in it. */'
	put common/base/a.c <<<"$good"
	passes
	put common/base/a.c < <(grep -v 'a.h' <<<"$good")
	catches common/base/a.c:3 include-order '"common/base/a.h" is expected'
	put common/base/a.c < <(sed 's/stdio/time/' <<<"$good")
	catches common/base/a.c:4 include-order '<string.h> is expected'
	put common/base/a.c < <(sed 's,/b.h,/d.h,' <<<"$good")
	catches common/base/a.c:7 include-order '"common/base/c.h" is expected'
	put common/base/a.c < <(sed '6d' <<<"$good")
	catches common/base/a.c:6 include-order 'a blank line is expected'
	put common/base/a.c < <(sed '3d' <<<"$good")
	catches common/base/a.c:3 include-order 'a blank line is expected'
	put common/base/a.c < <(sed '7a\\' <<<"$good")
	catches common/base/a.c:8 include-order '"common/base/c.h" is expected'
	put common/base/a.c < <(sed '5a #include <string.h>' <<<"$good")
	catches common/base/a.c:6 include-order 'a blank line is expected'
}

@test "an include from a room that is not below" {
	includes() { put "$1" < <(printf '/* %s - what it includes is the question. */\n#include %s\n' "${1##*/}" "$2"); }
	includes common/base/bad.c '"common/db/db.h"'
	catches common/base/bad.c:2 floors 'common/db/db.h is not below common/base'
	rm -r "$TREE/common"
	for header in common/http/request.h common/amqp/amqp.h domain/statement/job.h handlers/wallet/service.h consumers/topology.h; do
		includes domain/ledger/bad.h "\"$header\""
		catches domain/ledger/bad.h:2 floors "$header is not below"
	done
	includes domain/ledger/bad.h '<libpq-fe.h>'
	catches domain/ledger/bad.h:2 floors 'for common/db only'
	includes domain/ledger/bad.h '"common/db/db.h"'
	includes domain/ledger/bad.c '"domain/ledger/bad.h"'
	passes
	includes domain/new/bad.c '"common/base/arena.h"'
	catches domain/new/bad.c:1 floors 'not among FLOORS'
}

@test "eight lines that occur in two files" {
	text() { printf '/* %s - lines, some of them twice. */\nint %s(void)\n{\n' "$1" "${1%.c}" && repeated "$2" $'\tsame(%d);'; echo '}'; }
	put common/base/one.c < <(text one.c 7)
	put common/base/two.c < <(text two.c 7)
	passes
	put common/base/one.c < <(text one.c 9)
	put common/base/two.c < <(text two.c 9 | sed $'s/^\t/  /; 5a\\\\n/* another comment */')
	catches common/base/two.c:4 duplicates '9 lines as in common/base/one.c:4'
}

@test "an array indexed by an enum without a check of its size" {
	put common/base/color.c < <(
		printf '/* color.c - names of some colors. */\nenum color { RED, GREEN, COLOR_COUNT };\n'
		printf 'static const char *const names[] = { [RED] = "red", [GREEN] = "green" };\n'
	)
	catches common/base/color.c:3 enum-array 'names[..._COUNT]'
	put common/base/color.c < <(
		printf '/* color.c - names of some colors. */\nenum color { RED, GREEN, COLOR_COUNT };\n'
		printf 'static const char *const names[COLOR_COUNT] = { "red", "green" };\n'
	)
	catches common/base/color.c:3 enum-array 'name elements'
}

@test "unfinished work" {
	for word in TODO FIXME XXX; do
		put docs/later.md <<<"$word: write this."
		catches docs/later.md:1 todo "$word"
	done
	put docs/later.md <<<'`mktemp /tmp/file.XXXXXX`, and "XXX", which is not a currency.'
	passes
}

@test "an error status in a handler" {
	for answer in 'reply_json(r, 404, NULL)' 'reply_empty(r, e == OK ? 200 : 409)'; do
		put handlers/wallet/bad.c < <(printf '/* bad.c - an answer with a status. */\nreturn %s;\n' "$answer")
		catches handlers/wallet/bad.c:2 handler-status
	done
	put handlers/wallet/bad.c < <(printf '/* bad.c - an answer with a status. */\nreturn reply_json(r, made ? 201 : 200, json(500));\n')
	passes
}

@test "a first line that is missing or about another file" {
	put common/base/bad.c <<<'#include <stdio.h>'
	catches common/base/bad.c:1 first-line 'no description'
	put common/base/bad.c <<<'/* good.c - what another file is for. */'
	catches common/base/bad.c:1 first-line 'about good.c'
	rm "$TREE/common/base/bad.c"
	put tools/bad < <(printf '#!/usr/bin/env bash\nset -e\n')
	catches tools/bad:2 first-line 'no description'
	put tools/bad < <(printf '#!/usr/bin/env bash\n# shellcheck shell=bash\n# bad - says what it is for.\n')
	passes
}

@test "counts and measures are printed even with violations" {
	put common/base/bad.c < <(printf '/* bad.c - a function of four lines. */\nint f(int a)\n{\n\treturn a && atoi(b) ? 1 : 2;\n}\n')
	run style --counts
	[ "$status" -eq 0 ]
	grep -qx ' *1 banned' <<<"$output"
	grep -qx ' *0 todo' <<<"$output"
	run style --measures
	[ "$status" -eq 0 ]
	grep -qx 'function lines, median / p90 / max *4 / 4 / 4' <<<"$output"
	grep -qx 'complexity, median / p90 / max *3 / 3 / 3' <<<"$output"
	grep -qx 'comment share of nonblank lines *20.0 %' <<<"$output"
}
