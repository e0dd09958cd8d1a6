# shellcheck shell=bash
# common.sh - what every tool shares: messages, paths, waiting. Sourced, never run.

say() { printf '%s\n' "purse: $*"; }
warn() { printf '%s\n' "purse: $*" >&2; }
die() {
	warn "$*"
	exit 1
}

# Debian keeps lighttpd and others in folders that only root's PATH includes.
PATH=$PATH:/usr/sbin:/sbin
export PATH

ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd -P)

# programs [KIND] - prints the names in tools/programs: of one kind (handler, consumer, tool, part)
# or of all.
programs() { sed -n "s/^${1:-[a-z]*} //p" "$ROOT/tools/programs"; }

# absolute PATH - prints the absolute path, whether it exists or not. A relative path starts at the
# root of the sources.
absolute() {
	case $1 in
	[!/]* | *//* | */./* | */../* | */ | */. | */..) (cd "$ROOT" && realpath -ms "$1") ;;
	*) printf '%s\n' "$1" ;; # unchanged: called often, and starting a process is slow
	esac
}

# eventually SECONDS COMMAND... - retries the command until it succeeds; fails after the time limit.
eventually() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.1
	done
}

# Prints a password: 192 random bits, in characters that never need quoting.
random_password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# write_private FILE [MODE] - atomically replaces the file with standard input; only its owner can
# read it. If the content is unchanged, it starts no process: make up writes dozens of such files.
write_private() {
	local file=$1 text='' present='' new
	IFS= read -r -d '' text || true
	if [ -f "$file" ]; then
		IFS= read -r -d '' present <"$file" || true
		[ "$text" != "$present" ] || return 0
	fi
	new=$(mktemp "$file.XXXXXX") && printf '%s' "$text" >"$new" && chmod "${2:-600}" "$new" &&
		mv -f "$new" "$file" || {
		rm -f "${new:-}"
		die "Cannot write $file."
	}
}

# quoted WORD... - prints the words quoted for any shell.
quoted() {
	local word out=''
	for word; do out+=" '${word//\'/\'\\\'\'}'"; done
	printf '%s' "${out# }"
}

# psql_at URL ARGUMENT... - runs psql on the database of a connection string, with its password in
# the environment: all users can read arguments.
psql_at() {
	local password
	connection_split "$1"
	shift
	[ -z "$password" ] || local -x PGPASSWORD=$password
	psql -X -d "$REPLY" "$@"
}
# connection_split STRING - sets REPLY to the connection string without its password, and password
# (a local of the caller) to that: of a URL or of a list of keywords.
connection_split() {
	local value="('([^'\\]|\\\\.)*'|[^[:space:]]*)" blank='[[:space:]]*'
	REPLY=$1 password=
	if [[ $1 =~ ^(postgres(ql)?://[^:/?#@]*):([^/?#@]*)@(.*)$ ]]; then
		REPLY=${BASH_REMATCH[1]}@${BASH_REMATCH[4]} password=${BASH_REMATCH[3]}
		url_decode
	elif [[ $1 =~ ^(postgres(ql)?://[^?]*\?(.*&)?)password=([^&#]*)(.*)$ ]]; then
		REPLY=${BASH_REMATCH[1]}${BASH_REMATCH[5]#&} password=${BASH_REMATCH[4]}
		url_decode
	elif [[ $1 =~ ^((.*[[:space:]])?)password$blank=$blank$value(.*)$ ]]; then
		REPLY=${BASH_REMATCH[1]}${BASH_REMATCH[5]} password=${BASH_REMATCH[3]}
		[[ $password != \'* ]] || password=${password:1:-1}
		password=${password//\\\\/\\}
		password=${password//\\\'/\'}
	fi
}
# Decodes the %XX in password.
url_decode() {
	password=${password//\\/\\\\}
	printf -v password '%b' "${password//%/\\x}"
}
