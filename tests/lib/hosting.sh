# shellcheck shell=bash
# hosting.sh - the suite "hosting": the API's tests again, unchanged, with the handlers as programs
# on the web servers of shared hosts. Sourced by suites.sh.
#
# It runs in a copy of this checkout with its own servers, in parallel with the other suites. If
# root runs it, the copy belongs to the user nobody and has an ordinary PATH: Apache does not start
# as root, and this tests `make up` for others.
results=${results:?}
. tests/hosting/servers.sh

# Creates the copy and starts the suite "inside" in it, in the background.
hosting_begin() {
	hosting_copy=$(mktemp -d /tmp/purse-user.XXXXXX)
	chmod 755 "$hosting_copy"
	mkdir -p "$hosting_copy/sources/build"
	git ls-files -z --cached --others --exclude-standard |
		xargs -0 cp --parents -t "$hosting_copy/sources"
	# shellcheck disable=SC2046
	(cd "$BUILD" && cp -r $(programs) tests "$hosting_copy/sources/build/")
	[ "$(id -u)" -ne 0 ] || chown -R nobody "$hosting_copy"
	in_copy tests/run inside >"$results/hosting.out" 2>&1 </dev/null &
	hosting_pid=$!
}

# Waits for it and reads the counts from its last line.
suite_hosting() {
	wait "$hosting_pid" || true
	take_numbers "$results/hosting.out"
	[ "$suite_failed" -eq 0 ] || grep -vE '^[0-9]+ passed, ' "$results/hosting.out" || true
	rm -rf "$results/hosting-inside"
	cp -r "$hosting_copy/sources/build/test-results" "$results/hosting-inside" 2>/dev/null ||
		true
}

in_copy() {
	local as=()
	[ "$(id -u)" -ne 0 ] || as=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups)
	(cd "$hosting_copy/sources" &&
		exec "${as[@]}" env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$hosting_copy" \
		LANG="${LANG:-C.UTF-8}" HOSTED=1 HOSTING_FULL="${HOSTING_FULL:-}" \
		${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} TEST_DATA="$hosting_copy/data" "$@")
}

hosting_tidy() {
	# In the copy, the web server has its own process group and would keep running.
	[ -z "${HOSTING_PID:-}" ] || hosting_stop
	[ -n "${hosting_copy:-}" ] || return 0
	# On an interrupt, first stop everything that still runs there.
	kill "$hosting_pid" 2>/dev/null || true
	wait "$hosting_pid" 2>/dev/null || true
	in_copy tests/run --stop || {
		echo "not ok - could not remove the servers of the hosting suite"
		return 1
	}
	rm -rf "$hosting_copy"
	hosting_copy=
}

# Web servers differ in how they run a program and pass a request. The rules of the ledger do not
# depend on that, so a full run leaves out the files that are only about them, and runs fewer on the
# other kinds. HOSTING_FULL (make test-hosting) runs all of them on each kind.
hosting_files() { # KIND - sets files
	case ${HOSTING_FULL:-}$1 in
	lighttpd-cgi)
		files=(tests/api/{auth_accounts,auth_passwords,auth_sessions,batch,idempotency}.bats
			tests/api/{roles,statement_jobs,statement_page,transactions,wallets}.bats)
		;;
	apache-cgi) files=(tests/api/transactions.bats) ;;
	apache-fcgid) files=(tests/api/{auth_sessions,statement_jobs,transactions}.bats) ;;
	*) files=(tests/api/*.bats) ;;
	esac
}
hosting_kinds() {
	local kind gateway=$BASE_URL files
	for kind in "${HOSTING_KINDS[@]}"; do
		hosting_files "$kind"
		if hosting_serve "$kind"; then
			count_bats_at_once "$kind" "${files[@]}"
			# This file stops the consumers, which the other files need.
			count_bats "$kind-hosting" tests/hosting/hosting.bats
		fi
		hosting_stop
	done
	! hosting_serve apache-bare || count_bats secrets tests/hosting/secrets.bats
	hosting_stop
	export BASE_URL=$gateway
}

# hosting_serve KIND - serves a fresh copy of the package; a failed start counts as a failed test.
hosting_serve() {
	hosting_unpack
	hosting_start "$1" || {
		suite_failed=$((suite_failed + 1))
		echo "not ok - $1 does not serve the API; see $results"
		return 1
	}
}
