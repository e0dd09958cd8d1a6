#!/usr/bin/env bats
# secrets.bats - a web server that ignores .htaccess (AllowOverride None) publishes no secrets, and
# the programs refuse to run with secrets that it could publish.

load ../helper

setup_file() {
	export HEALTH=/cgi-bin/wallet/health/wallet LOG="${TEST_RESULTS:-$BUILD/test-results}/apache-cgi.log"
	cp -a "$SPACE" "$BATS_FILE_TMPDIR/space"
	# What an attacker is after. No response may contain the word canary.
	for file in keys/019aaf00-0000-7000-8000-000000000000.pem statements/stranger.csv; do
		echo "canary-$file" >"$SPACE/purse/$file"
	done
	echo '# canary-options' >>"$SPACE/purse/purse.env"
}
# Each test starts with the space as it was unpacked.
teardown() {
	rm -rf "${SPACE:?}"/purse "$WEB"
	cp -a "$BATS_FILE_TMPDIR"/space/. "$SPACE/"
}

# urls_of PATH - prints the URL of a path in every spelling that has ever tricked a web server.
urls_of() {
	local from up
	for from in / /plain/ /cgi-bin/ /plain/cgi-bin/; do
		for up in '' ../ ../../ ../../../ %2e%2e/ %2e%2e/%2e%2e/ .%2e/ ..%2f ..%252f ..%5c .../ ....// ..//; do
			printf '%s\n' "$BASE_URL$from$up$1"
		done
	done
}

@test "no spelling of a URL leads to options, keys, statement files or programs" {
	cd "$SPACE"
	mapfile -t secrets < <(find purse -type f ! -path '*/sql/*')
	[ "${#secrets[@]}" -gt 10 ]
	for secret in "${secrets[@]}" purse/ purse purse/keys/ purse/statements/; do urls_of "$secret"; done >"$BATS_TEST_TMPDIR/urls"
	sed 's/.*/url = "&"\noutput = "-"/' "$BATS_TEST_TMPDIR/urls" >"$BATS_TEST_TMPDIR/calls"
	curl -sS --path-as-is -w '\nstatus %{http_code} %{url}\n' -K "$BATS_TEST_TMPDIR/calls" | tr -d '\0' >"$BATS_TEST_TMPDIR/answers"
	[ "$(grep -ac '^status ' "$BATS_TEST_TMPDIR/answers")" = "$(wc -l <"$BATS_TEST_TMPDIR/urls")" ]
	# None of this is published, not even the names.
	[ "$(grep -acE '^status 2' "$BATS_TEST_TMPDIR/answers")" = 0 ]
	password=$(sed -n 's|^WALLET_DATABASE_URL=.*://[^:]*:\([^@]*\)@.*|\1|p' purse/purse.env)
	[ -n "$password" ]
	[ "$(grep -acE "canary|$password|PRIVATE KEY" "$BATS_TEST_TMPDIR/answers")" = 0 ]
}

@test "published files contain no secrets" {
	for path in /plain/ /plain/cgi-bin/ /plain/cgi-bin/auth /plain/.htaccess; do
		TOKEN='' api GET "$path"
		[ "$status_code" = 200 ] || [ "$status_code" = 403 ]
		! grep -E 'canary|://[^ ]*:[^ ]*@|PRIVATE KEY' <<<"$body"
	done
}

# refused FILE - the handler answers 500 without details, and the server's log names the file.
refused() {
	: >"$LOG"
	TOKEN='' api GET "$HEALTH"
	expect 500 internal
	[[ $body != *"$DATA_DIR"* && $headers != *"$DATA_DIR"* ]]
	grep -F "$1" "$LOG" | grep -F 'is in the folder that the web server publishes'
	TOKEN='' api POST /cgi-bin/auth/v1/auth/sign-in '{"email":"ada@example.com","password":"a long enough phrase"}'
	expect 500 internal
}

@test "the programs work as unpacked" {
	TOKEN='' api GET "$HEALTH"
	expect 200
}

@test "refused: the whole package in the published folder" {
	mv "$SPACE/purse" "$WEB/purse"
	sed -i 's|^purse=.*|purse=$here/../purse|' "$WEB"/cgi-bin/*
	# The danger is real: without the refusal, anyone can read the passwords.
	TOKEN='' api GET /purse/purse.env
	expect 200
	refused "the configuration file ("
}

@test "refused: KEY_DIR or STATEMENT_DIR in the published folder, even if it does not exist" {
	for option in KEY_DIR STATEMENT_DIR; do
		for folder in "$WEB/made" "$WEB/not/made" "$WEB/cgi-bin/../later"; do
			mkdir -p "$WEB/made"
			sed -i "/^$option=/d" "$SPACE/purse/purse.env"
			echo "$option=$folder" >>"$SPACE/purse/purse.env"
			refused "$option ($folder)"
		done
		cp "$BATS_FILE_TMPDIR/space/purse/purse.env" "$SPACE/purse/purse.env"
	done
}

@test "refused: only the options, or a link to them, in the published folder" {
	cp "$SPACE/purse/purse.env" "$WEB/mine.env"
	sed -i '3i export PURSE_CONFIG=${0%/*}/../mine.env' "$WEB"/cgi-bin/*
	refused "the configuration file ("
	rm -rf "$WEB"
	cp -a "$BATS_FILE_TMPDIR/space/public_html" "$WEB"
	ln -s ../purse "$WEB/purse"
	sed -i 's|^purse=.*|purse=$here/../purse|' "$WEB"/cgi-bin/*
	refused "the configuration file ("
}
