# shellcheck shell=bash
# user.sh - who the programs run as. Sourced after settings.sh.
#
# Nothing that speaks with the world runs as root: root lends the services to an unprivileged user. Where that user cannot
# reach a folder (below /root, say) they get the one capability that lets them walk through folders.

# Prints the user of the gateway, the handlers and the consumers: RUN_USER, else "purse" where there is one, else nobody.
run_user() {
	local user
	if [ "$(id -u)" -ne 0 ]; then
		id -un
		return
	fi
	user=$(setting RUN_USER "$(id purse >/dev/null 2>&1 && echo purse || echo nobody)")
	id "$user" >/dev/null 2>&1 || die "There is no user \"$user\": RUN_USER names who runs the services."
	[ "$(id -u "$user")" -ne 0 ] || die "The services do not run as root: name another user with RUN_USER."
	printf '%s\n' "$user"
}

# lend ARRAY USER PATH... - fills the array with the words that run a command as the user, who must reach the paths.
lend() {
	local -n words=$1
	local user=$2 capability
	shift 2
	words=()
	[ "$(id -u)" -eq 0 ] || return 0
	for capability in '' dac_read_search dac_override; do
		words=(setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups
			"--inh-caps=-all${capability:+,+$capability}" "--ambient-caps=-all${capability:+,+$capability}"
			# Without it access(2), which Erlang asks whether it may write, disregards the capability.
			${capability:+--securebits=+no_setuid_fixup})
		if "${words[@]}" stat "${@/%//.}" >/dev/null 2>&1; then return 0; fi
	done
	die "The services must not run as root, and the user $user cannot reach $*: choose another folder with DATA_DIR=/var/lib/purse, say."
}

# own USER FILE... - gives root's files to the user.
own() {
	[ "$(id -u)" -ne 0 ] || chown "$@"
}
