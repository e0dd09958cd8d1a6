# shellcheck shell=bash
# hosting.sh - the suite "hosting": the API's tests once more, unchanged, where the handlers are programs on somebody's web
# server. Sourced by suites.sh.
#
# It runs in a copy of this checkout with servers of its own, beside the other suites. Root's copy belongs to nobody and
# has the PATH of an ordinary user: as root Apache would not start, and `make up` for others would not be tried.
results=${results:?}
. tests/hosting/servers.sh

# Makes the copy and starts the suite "inside" in it, in the background.
hosting_begin() {
	hosting_copy=$(mktemp -d /tmp/purse-user.XXXXXX)
	chmod 755 "$hosting_copy"
	mkdir -p "$hosting_copy/sources/build"
	git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$hosting_copy/sources"
	cp -r "$BUILD"/{auth,wallet,statement,outbox_relay,transaction_consumer,statement_consumer,purse,log_pump,tests} "$hosting_copy/sources/build/"
	[ "$(id -u)" -ne 0 ] || chown -R nobody "$hosting_copy"
	in_copy tests/run inside >"$results/hosting.out" 2>&1 </dev/null &
	hosting_pid=$!
}

# Waits for it and takes its numbers from its last line.
suite_hosting() {
	wait "$hosting_pid" || true
	take_numbers "$results/hosting.out"
	if [ "$suite_failed" -gt 0 ]; then grep -vE '^[0-9]+ passed, ' "$results/hosting.out" || true; fi
	rm -rf "$results/hosting-inside"
	cp -r "$hosting_copy/sources/build/test-results" "$results/hosting-inside" 2>/dev/null || true
}

in_copy() {
	local as=()
	[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups)
	(cd "$hosting_copy/sources" && exec "${as[@]}" env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$hosting_copy" LANG="${LANG:-C.UTF-8}" \
		${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} TEST_DATA="$hosting_copy/data" "$@")
}

hosting_tidy() {
	[ -n "${hosting_copy:-}" ] || return 0
	# Interrupted: what is still at work there ends first.
	kill "$hosting_pid" 2>/dev/null || true
	wait "$hosting_pid" 2>/dev/null || true
	in_copy tests/run --stop || {
		echo "not ok - the servers of the hosting suite could not be removed"
		return 1
	}
	rm -rf "$hosting_copy"
	hosting_copy=
}

hosting_kinds() {
	local kind gateway=$BASE_URL
	for kind in "${HOSTING_KINDS[@]}"; do
		hosting_unpack
		if hosting_start "$kind"; then
			count_bats_at_once "$kind" tests/api/*.bats
			# It stops the consumers, which the others wait for.
			count_bats "$kind-hosting" tests/hosting
		else
			suite_failed=$((suite_failed + 1))
			echo "not ok - $kind does not serve the API; see $results"
		fi
		hosting_stop
	done
	export BASE_URL=$gateway
}
