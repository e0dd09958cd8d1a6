# shellcheck shell=bash
# user.sh - the user that the programs run as. Sourced after settings.sh.
#
# Nothing that talks to the network runs as root: root runs the services as an unprivileged user. If
# that user cannot reach a folder (below /root, for example), they get one capability that lets them
# traverse it.

# Prints the user of the gateway, the handlers and the consumers: RUN_USER, else "purse" if that
# user exists, else nobody.
run_user() {
	local user
	if [ "$(id -u)" -ne 0 ]; then
		id -un
		return
	fi
	user=$(setting RUN_USER "$(id purse >/dev/null 2>&1 && echo purse || echo nobody)")
	id "$user" >/dev/null 2>&1 ||
		die "The user \"$user\" does not exist: set RUN_USER to the services' user."
	[ "$(id -u "$user")" -ne 0 ] ||
		die "The services must not run as root: set RUN_USER to another user."
	printf '%s\n' "$user"
}

# lend ARRAY USER PATH... - fills the array with the prefix that runs a command as the user, who
# must be able to reach the paths.
lend() {
	local -n words=$1
	local user=$2 capability
	shift 2
	words=()
	[ "$(id -u)" -eq 0 ] || return 0
	for capability in '' dac_read_search dac_override; do
		words=(setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups
			"--inh-caps=-all${capability:+,+$capability}"
			"--ambient-caps=-all${capability:+,+$capability}"
			# Without it access(2), as Erlang uses it, ignores the capability.
			${capability:+--securebits=+no_setuid_fixup})
		if "${words[@]}" stat "${@/%//.}" >/dev/null 2>&1; then return 0; fi
	done
	die "The services must not run as root, and the user $user cannot reach $*:" \
		"choose another folder, such as DATA_DIR=/var/lib/purse."
}

# own USER FILE... - makes the user the owner of the files, if root runs this.
own() {
	[ "$(id -u)" -ne 0 ] || chown "$@"
}
