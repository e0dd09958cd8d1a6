#!/usr/bin/env bats
# pretence.bats - headers, hosts, paths, methods and framing that pretend a request is another one.
# (Malformed requests: malformed.py; the client's address: limits.bats, silent.bats; names that CGI
# folds: refusals.bats.)

load ../helper

# Headers by which some server, proxy or framework takes a method, path, host, scheme, address,
# user or file from a request.
pretending=(
	'X-HTTP-Method-Override: DELETE' 'X-HTTP-Method: DELETE' 'X-Method-Override: DELETE'
	'X-Original-URL: /v1/auth/sessions' 'X-Rewrite-URL: /v1/auth/sessions' 'X-Original-Uri: /v1/auth/sessions'
	'X-Forwarded-Host: evil.example' 'X-Forwarded-Server: evil.example' 'X-Host: evil.example' 'X-Original-Host: evil.example'
	'X-Forwarded-Proto: https' 'X-Forwarded-Scheme: https' 'X-Forwarded-Ssl: on' 'Front-End-Https: on' 'X-Forwarded-Port: 1'
	'X-Forwarded-Prefix: /evil' 'X-Forwarded-For: 192.0.2.1' 'X_Forwarded_For: 192.0.2.1' 'X.Forwarded.For: 192.0.2.1'
	'Forwarded: for=192.0.2.1;host=evil.example;proto=https' 'X-Real-IP: 192.0.2.1' 'X-Client-IP: 192.0.2.1' 'Client-IP: 192.0.2.1'
	'True-Client-IP: 192.0.2.1' 'CF-Connecting-IP: 192.0.2.1' 'X-Cluster-Client-IP: 192.0.2.1' 'X-ProxyUser-Ip: 192.0.2.1' 'Via: 1.1 evil.example'
	'Proxy: http://evil.example:1' 'Proxy-Host: evil.example' 'Remote-Addr: 192.0.2.1' 'Remote-User: root' 'X-Remote-User: root'
	'Script-Name: /v1/auth/sessions' 'Path-Info: /v1/auth/sessions' 'Request-Method: DELETE' 'Query-String: limit=1' 'Document-Root: /etc' 'Server-Name: evil.example'
	'Gateway-Interface: x' 'Https: on' 'Auth-Type: Basic' 'SSL-Client-Verify: SUCCESS' 'X-SSL-Client-Verify: SUCCESS' 'X-Sendfile: /etc/passwd' 'X-Accel-Redirect: /etc/passwd'
	'FCGI-ROLE: AUTHORIZER' 'Purse-Config: /dev/null' 'Key-Dir: /tmp' 'X-Purse-Mac: x' 'Connection: Authorization, X-Forwarded-For' 'Content-Encoding: gzip' 'Range: bytes=0-0'
)
evil='evil\.example|192\.0\.2\.1|^location: http'

setup() { a_user; }

@test "no header changes the method, path, host, scheme, address or user of a request" {
	local header id
	api GET /v1/auth/me
	expected=$body
	api POST /v1/wallets '{}'
	api POST /v1/wallets '{}'
	for header in "${pretending[@]}"; do
		api GET /v1/auth/me '' -H "$header"
		[ "$status_code" = 200 ] && [ "$body" = "$expected" ] || { echo "$header: $body" && return 1; }
		api GET '/v1/wallets?limit=1' '' -H "$header"
		expect 200
		[[ "$(header Link)" == '</v1/wallets?'* ]]
		! grep -qiE "$evil" <<<"$headers$body" || { echo "$header: $headers" && return 1; }
		TOKEN='' api GET / '' -H "$header"
		[ "$status_code $(header Location)" = '302 /docs' ] || { echo "$header: $headers" && return 1; }
		TOKEN='' api GET /v1/wallets '' -H "$header"
		expect 401 unauthenticated || { echo "$header" && return 1; }
	done
	# All at once, and the address that is kept is the connection's.
	all=()
	for header in "${pretending[@]}"; do [[ $header == Content-Encoding* ]] || all+=(-H "$header"); done
	TOKEN='' api POST /v1/auth/sign-in "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}" "${all[@]}" --interface 127.0.0.5
	expect 200
	id=$(json .session_id)
	api GET /v1/auth/sessions
	[ "$(json ".data[] | select(.id == \"$id\") | .ip")" = 127.0.0.5 ]
}

@test "no answer repeats the Host that it was asked by" {
	api POST /v1/wallets '{}'
	wallet=$(json .id)
	api POST /v1/transactions "{\"wallet_id\":\"$wallet\",\"kind\":\"deposit\",\"amount\":1}"
	has_lines() { api GET "/v1/statements?wallet_id=$wallet" && [ "$status_code" = 200 ]; }
	eventually has_lines
	for path in / /docs /docs/ /docs/errors /nothing /v1/nothing /v1/wallets '/v1/wallets?limit=1' "/v1/statements?wallet_id=$wallet&limit=1" \
		"/v1/statements?wallet_id=$wallet&from=2026-01-01" /.well-known/jwks.json /health/wallet /v1/auth /docs/vendor; do
		for host in evil.example evil.example:80 'evil.example"><script>' '[::1]:1'; do
			api GET "$path" '' -H "Host: $host"
			! grep -qiE 'evil|\[::1\]' <<<"$headers$body" || { echo "$path repeats $host: $headers$body" && return 1; }
		done
	done
}

# allows METHODS - the last answer's Allow names these, besides those of every path.
allows() {
	local shown method
	[[ $headers =~ $'\n'[Aa]llow:\ ([A-Z, ]+)$'\n' ]] || return 1
	shown=" ${BASH_REMATCH[1]//,/ } "
	for method in GET POST PUT PATCH DELETE; do
		[[ " $1 " == *" $method "* ]] && [[ $shown == *" $method "* ]] ||
			[[ " $1 " != *" $method "* && $shown != *" $method "* ]] || return 1
	done
}

@test "each path answers the methods of its routes, and says which they are" {
	local path method allowed count=0
	for service in auth wallet statement; do "$BUILD/$service" --routes || return 1; done |
		awk -F '\t' '{ gsub(/\{[^}]*\}/, "00000000-0000-7000-8000-000000000000", $2); all[$2] = all[$2] " " $1 } END { for (p in all) print p all[p] }' \
			>"$BATS_TEST_TMPDIR/paths"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/paths")" -gt 25 ]
	while read -r path allowed; do
		for method in GET POST PUT PATCH DELETE OPTIONS TRACE; do
			[[ " $allowed " != *" $method "* ]] || continue
			api "$method" "$path" '' -H 'Content-Length: 0'
			# The gateway may refuse TRACE itself; it never repeats the request's headers.
			[[ $method != TRACE || ! $status_code =~ ^(405|501)$ || $body == *Bearer* ]] || continue
			expect 405 method_not_allowed || { echo "$method $path" && return 1; }
			allows "$allowed" || { echo "$method $path does not allow $allowed: $headers" && return 1; }
			count=$((count + 1))
		done
	done <"$BATS_TEST_TMPDIR/paths"
	[ $count -gt 100 ]
}

# spellings PATH - other ways to write a path that some server takes for the same
spellings() {
	local p=$1 first rest
	first=${p#/} first=${first%%/*} rest=${p#/"$first"}
	printf '%s\n' "/$p" "//$p" "/.$p" "/./${p#/}" "/x/..$p" "/docs/..$p" "/docs/%2e%2e$p" "/docs/..%2f${p#/}" "/docs/..%5c${p#/}" "/health/..$p" "/health/%2e%2e$p" "/v1/auth/../..$p" \
		"/v1/auth/%2e%2e/%2e%2e$p" "/v1/auth/..;/..;$p" "/;x$p" "/$first;x$rest" "/%2f$first$rest" "/$first%2f${rest#/}" "/$first//${rest#/}" "/$first/./${rest#/}" "/$first\\${rest#/}" "/$first%5c${rest#/}" \
		"${p^^}" "$p/" "$p//" "$p/." "$p/.." "$p/x/.." "$p%00" "$p%00.html" "$p%20" "$p%09" "$p%0a" "$p%0d%0aX:y" "$p;x=y" "$p.json" "$p%3f" "$p%23" "$p~" "$p%c0%af" "$p%c0%ae%c0%ae" "$p%252f" "$p%ff" "$p%" "$p%2" "$p%zz" \
		"/%76${p:2}" "$p?" "$p??" "$p?/../x" "$p?x=/v1/auth" "/.well-known/jwks.json/../..$p" "/v1/auth$p" "/health$p"
}

@test "no spelling of a path reaches a service without a token" {
	for path in /v1/wallets /v1/transactions /v1/statements /v1/auth/me /v1/wallets/limits; do spellings "$path"; done >"$BATS_TEST_TMPDIR/paths"
	# curl's configuration files have escapes.
	sed "s|\\\\|\\\\\\\\|g; s|.*|url = \"$BASE_URL&\"\noutput = \"-\"|" "$BATS_TEST_TMPDIR/paths" >"$BATS_TEST_TMPDIR/calls"
	curl -sS --path-as-is -g -w '\nstatus %{http_code} %{content_type} %{url}\n' -H 'Auth-User-Id: x' -K "$BATS_TEST_TMPDIR/calls" | tr -d '\0' >"$BATS_TEST_TMPDIR/answers"
	[ "$(grep -c '^status ' "$BATS_TEST_TMPDIR/answers")" = "$(wc -l <"$BATS_TEST_TMPDIR/paths")" ]
	! grep '^status ' "$BATS_TEST_TMPDIR/answers" | grep -vE '^status (400|401|404) application/problem\+json'
}

@test "no spelling of a path reaches a file outside the documents" {
	local secrets=(purse.env lighttpd.conf Makefile .git/config .env state.env etc/passwd sql/auth/001_auth.sql keys/events.key) file from up
	for file in "${secrets[@]}"; do
		for from in / /docs/ /docs/vendor/ /vendor/ /web/ /v1/statements/ /static/; do
			for up in '' ../ ../../ ../../../../../../ %2e%2e/ %2e%2e/%2e%2e/ .%2e/ ..%2f ..%252f ..%5c ..%5c..%5c '..\' .../ ....// ..// %c0%ae%c0%ae/ '..;/' %00/ ./ file:///; do
				printf '%s\n' "$BASE_URL$from$up$file"
			done
		done
	done >"$BATS_TEST_TMPDIR/urls"
	sed 's|\\|\\\\|g; s|.*|url = "&"\noutput = "-"|' "$BATS_TEST_TMPDIR/urls" >"$BATS_TEST_TMPDIR/calls"
	curl -sS --path-as-is -g -w '\nstatus %{http_code} %{url}\n' -K "$BATS_TEST_TMPDIR/calls" | tr -d '\0' >"$BATS_TEST_TMPDIR/answers"
	[ "$(grep -ac '^status ' "$BATS_TEST_TMPDIR/answers")" = "$(wc -l <"$BATS_TEST_TMPDIR/urls")" ]
	[ "$(grep -acE '^status [23]' "$BATS_TEST_TMPDIR/answers")" = 0 ]
	! grep -aE 'root:x:|server\.modules|CREATE TABLE|PASSWORD|\[core\]|postgresql://' "$BATS_TEST_TMPDIR/answers"
}

@test "a request whose end is ambiguous never becomes part of another's" {
	host=${BASE_URL#http://}
	python3 "$ROOT/tests/gateway/smuggle.py" "${host%:*}" "${host#*:}"
}

@test "a value in a query never starts a header, and counts once" {
	api POST /v1/wallets '{}'
	wallet=$(json .id)
	for amount in 1 2 3; do api POST /v1/transactions "{\"wallet_id\":\"$wallet\",\"kind\":\"deposit\",\"amount\":$amount,\"description\":\"a, b\"}"; done
	for value in 'a%2C+b' 'a%2C%20b'; do
		api GET "/v1/transactions?wallet_id=$wallet&q=$value&limit=1"
		expect 200
		[[ "$(header Link)" =~ ^\<[^\<\>\ ]*\>\;\ rel=\"next\"$ ]]
	done
	for value in '%0d%0aX-Evil:%20y' '%0aX-Evil:y' 'a%2C%20b%0d%0aX-Evil:y' '%3E%3B%20rel%3D%22x'; do
		for name in q cursor limit kind "$value"; do
			api GET "/v1/transactions?wallet_id=$wallet&$name=$value&limit=1"
			[[ ${headers,,} != *x-evil* && $headers != *'rel="x'* ]]
			[ "${status_code:0:1}" != 5 ]
		done
		api GET "/v1/auth/me" '' -H "X-Request-Id: $value"
		[[ ${headers,,} != *x-evil:* ]]
	done
	for twice in 'limit=1&limit=2' "wallet_id=$wallet&wallet_id=$wallet" 'kind=deposit&kind=purchase' 'limit=1&lim%69t=2' 'limit[]=1' 'limit[0]=1' 'limit=1;limit=2'; do
		api GET "/v1/transactions?$twice"
		expect 422 invalid_request || { echo "$twice" && return 1; }
	done
	printf -v many 'x%d=1&' {1..2000}
	api GET "/v1/transactions?${many:0:7000}"
	[[ $status_code =~ ^4 ]]
}
