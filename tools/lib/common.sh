# shellcheck shell=bash
# common.sh - what every tool shares: how to speak, where things are, how to wait. Sourced, never run.

say() { printf '%s\n' "purse: $*"; }
warn() { printf '%s\n' "purse: $*" >&2; }
die() {
	warn "$*"
	exit 1
}

# Debian keeps lighttpd and others where only root's PATH looks.
PATH=$PATH:/usr/sbin:/sbin
export PATH

ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd -P)

# programs [KIND] - the names in tools/programs: of the handlers, the consumers, the tools, or of all.
programs() { sed -n "s/^${1:-[a-z]*} //p" "$ROOT/tools/programs"; }

# Prints the path made absolute, whether it exists or not; a relative one is meant from the root of the sources.
absolute() {
	case $1 in
	[!/]* | *//* | */./* | */../* | */ | */. | */..) (cd "$ROOT" && realpath -ms "$1") ;;
	*) printf '%s\n' "$1" ;; # as it is: this is asked often, and a process takes long
	esac
}

# eventually SECONDS COMMAND... - runs the command until it succeeds; fails when the time is over.
eventually() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.1
	done
}

# Prints a password: 192 random bits in characters that need no quoting anywhere.
random_password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# write_private FILE [MODE] - replaces the file by what comes on standard input, whole or not at all; its owner alone
# may read it. A file that has this content already is left as it is, and costs no process: make up has dozens.
write_private() {
	local file=$1 text='' present='' new
	IFS= read -r -d '' text || true
	if [ -f "$file" ]; then
		IFS= read -r -d '' present <"$file" || true
		[ "$text" != "$present" ] || return 0
	fi
	new=$(mktemp "$file.XXXXXX") && printf '%s' "$text" >"$new" && chmod "${2:-600}" "$new" && mv -f "$new" "$file" || {
		rm -f "${new:-}"
		die "$file cannot be written."
	}
}

# quoted WORD... - the words as any shell reads them back.
quoted() {
	local word out=''
	for word; do out+=" '${word//\'/\'\\\'\'}'"; done
	printf '%s' "${out# }"
}
