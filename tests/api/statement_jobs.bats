#!/usr/bin/env bats
# statement_jobs.bats - statements over the threshold: requested, written, fetched, mailed, removed.

load ../helper

setup() {
	a_user
	wallet_with_lines
}
wallet_with_lines() {
	api POST /v1/wallets '{}'
	WALLET=$(json .id)
	post '"kind":"deposit","amount":1000,"description":"=SUM(A1), \"quoted\""'
	post '"kind":"purchase","amount":300,"merchant":"Zażółć 漢字"'
	VERSION=$(json .version)
	LONG="/v1/statements?wallet_id=$WALLET&from=2026-01-01&min_version=$VERSION"
	eventually line_arrived "$VERSION"
}
post() { api POST /v1/transactions "{\"wallet_id\":\"$WALLET\",$1}"; }
teardown() {
	[ -z "${SMTP_PID:-}" ] || kill "$SMTP_PID" 2>/dev/null || true
	service_ready statement_consumer || start_service statement_consumer
}

# ask [QUERY] - requests a long statement; sets JOB to its path.
ask() {
	api GET "$LONG${1:-}"
	[ "$status_code" = 202 ] || return 1
	JOB=$(header Location)
}
job_is() {
	api GET "$JOB"
	[ "$status_code" = 200 ] && [ "$(json .status)" = "$1" ]
}
mails_to_me() { grep -rlxF "X-RcptTo: $EMAIL" "$mails" | wc -l; }
drain() { "$BUILD/statement_consumer" --drain; }

@test "a long statement is a job: 202, then a file of the promised length and hash" {
	ask '&format=json'
	[ "$(json 'keys_unsorted | join(" ")')" = "id wallet_id status progress format from to min_version version file created_at finished_at" ]
	[ "$(json '[.status, .progress, .min_version, .version, .file] | map(tostring) | join(" ")')" = "queued 0 3 null null" ]
	[ "$JOB" = "/v1/statements/$(json .id)" ]
	[ "$(header Retry-After)" -ge 1 ]
	eventually job_is ready
	[ "$(json '[.progress, .min_version, .version] | join(" ")')" = "100 3 3" ]
	[ "$(json .file.url)" = "$JOB/file" ]
	bytes=$(json .file.bytes)
	sha256=$(json .file.sha256)
	curl -sS -f -H "Authorization: Bearer $TOKEN" -o "$BATS_TEST_TMPDIR/file" "$BASE_URL$JOB/file"
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/file")" = "$bytes" ]
	[ "$(sha256sum <"$BATS_TEST_TMPDIR/file")" = "$sha256  -" ]
	# The same lines as in an immediate statement.
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$(jq -c .lines "$BATS_TEST_TMPDIR/file")" = "$(jq -c .lines <<<"$body")" ]
	[ "$(jq -r '[.opening_balance, .closing_balance, .version, .wallet_id, .next_cursor] | map(tostring) | join(" ")' "$BATS_TEST_TMPDIR/file")" = "0 700 3 $WALLET null" ]
}

@test "the CSV file equals the CSV answer, and has the right type and file name" {
	ask '&format=csv'
	eventually job_is ready
	api GET "$JOB/file"
	[ "$status_code" = 200 ]
	file=$body
	[[ "$(header Content-Type)" = text/csv* ]]
	[ "$(header Statement-Version)" = 3 ]
	[[ "$(header Content-Disposition)" = "attachment; filename=\"statement-${WALLET:24}-2026-01-01-"*".csv\"" ]]
	api GET "/v1/statements?wallet_id=$WALLET&format=csv"
	[ "$file" = "$body" ]
	[ "$(header Statement-Version)" = 3 ]
	grep -qF "\"'=SUM(A1), \"\"quoted\"\"\"" <<<"$file"
	grep -qF "Zażółć 漢字" <<<"$file"
}

@test "a file supports range requests, and is not sent again unless it has changed" {
	ask '&format=csv'
	eventually job_is ready
	bytes=$(json .file.bytes)
	api GET "$JOB/file"
	whole=$body
	etag=$(header ETag)
	[ -n "$etag" ]
	api GET "$JOB/file" '' -H 'Range: bytes=0-6'
	[ "$status_code" = 206 ]
	[ "$body" = version ]
	[ "$(header Content-Range)" = "bytes 0-6/$bytes" ]
	api GET "$JOB/file" '' -H 'Range: bytes=7-'
	[ "$status_code" = 206 ]
	[ "version$body" = "$whole" ]
	api GET "$JOB/file" '' -H "If-None-Match: $etag"
	[ "$status_code" = 304 ]
	api GET "$JOB/file" '' -H "If-Modified-Since: $(header Last-Modified)"
	[ "$status_code" = 304 ]
}

# part RANGE [HEADER] - downloads with this range; the condition is an If-Range
part() { api GET "$JOB/file" '' -H "Range: $1" ${2:+-H "If-Range: $2"}; }

@test "a range that RFC 9110 ignores gets the whole file, one past the end 416 as a problem" {
	ask '&format=csv'
	eventually job_is ready
	bytes=$(json .file.bytes)
	api GET "$JOB/file"
	whole=$body etag=$(header ETag) modified=$(header Last-Modified)
	for range in 'bytes=5-1' 'bytes=' 'bytes=abc' 'bytes=-' 'bytes=--5' 'bytes=+0-6' 'bytes=0-+6' 'bytes=0x1-' 'bytes=0-6x' \
		'bytes=0' 'bytes 0-6' 'lines=0-6' 'bytes=0-6,8-9' 'bytes=99999999-,5-1' 'bytes=0-6;q=1'; do
		part "$range"
		[ "$status_code" = 200 ]
		[ "$body" = "$whole" ]
	done
	for range in 'bytes=0-6' 'Bytes=0-6' "bytes=-$bytes" 'bytes=-99999999999999999999' 'bytes=0-99999999999999999999'; do
		part "$range"
		[ "$status_code" = 206 ]
		[[ $whole == "$body"* && $body == version* ]]
	done
	for range in "bytes=$bytes-" 'bytes=99999999999999999999-' 'bytes=-0' 'bytes=-00'; do
		for condition in '' "$etag" "$modified"; do
			part "$range" "$condition"
			expect 416 range_not_satisfiable
			[ "$(header Content-Range)" = "bytes */$bytes" ]
			[ "$(json .detail)" = "The file is $bytes bytes long." ]
			[ "$(json .request_id)" = "$(header X-Request-Id)" ]
		done
	done
	for condition in "$etag" "$modified"; do
		part 'bytes=0-6' "$condition"
		[ "$status_code $body" = '206 version' ]
	done
	for condition in '"x"' "W/$etag" 'Sun, 06 Nov 1994 08:49:37 GMT' @; do
		for range in 'bytes=0-6' "bytes=$bytes-"; do
			part "$range" "$condition"
			[ "$status_code" = 200 ]
			[ "$body" = "$whole" ]
		done
	done
	# Only GET has ranges.
	api HEAD "$JOB/file" '' --head -H "Range: bytes=$bytes-"
	[ "$status_code" = 200 ]
	# On some web servers that run the programs themselves, it is "none" after an ignored range.
	api GET "$JOB/file"
	[ "$(header Accept-Ranges)" = bytes ]
	[ -z "$(header X-Sendfile-Range)" ]
}

@test "an empty period has a file too" {
	LONG="/v1/statements?wallet_id=$WALLET&from=2020-01-01&to=2020-12-31&min_version=1"
	ask
	eventually job_is ready
	api GET "$JOB/file"
	[ "$(json '[.opening_balance, .closing_balance, (.lines | length)] | join(" ")')" = "0 0 0" ]
}

@test "repeating an unfinished request returns the same job; ten unfinished jobs are the limit" {
	# With a new user, so that only these jobs count.
	sign_up_and_in
	wallet_with_lines
	stop_service statement_consumer
	ask
	first=$JOB
	ask
	[ "$JOB" = "$first" ]
	ask '&format=csv'
	[ "$JOB" != "$first" ]
	for n in $(seq 8); do
		api GET "/v1/statements?wallet_id=$WALLET&from=2026-01-0$n&to=2026-06-01"
		[ "$status_code" = 202 ]
	done
	api GET "/v1/statements?wallet_id=$WALLET&from=2026-01-09&to=2026-06-01"
	expect 429 rate_limited
	[ "$(header Retry-After)" -ge 1 ]
	ask
	[ "$JOB" = "$first" ]
	api GET "$JOB/file"
	expect 409 not_ready
	start_service statement_consumer
	eventually job_is ready
	ask
	[ "$JOB" != "$first" ]
}

@test "an Idempotency-Key stands for one job, even after it has finished" {
	LONG="/v1/statements?wallet_id=$WALLET&from=2026-01-01&to=2026-03-01&min_version=1"
	api GET "$LONG" '' -H "Idempotency-Key: $WALLET"
	[ "$status_code" = 202 ]
	JOB=$(header Location)
	eventually job_is ready
	api GET "$LONG" '' -H "Idempotency-Key: $WALLET"
	[ "$status_code" = 202 ]
	[ "$(header Location)" = "$JOB" ]
	[ "$(json .status)" = ready ]
	api GET "$LONG&format=csv" '' -H "Idempotency-Key: $WALLET"
	expect 422 idempotency_key_reused
	[ -z "$(header Retry-After)" ] # because waiting does not help
}

@test "only the user who requested a job and operators see it" {
	ask
	eventually job_is ready
	sign_up_and_in
	for path in "$JOB" "$JOB/file" /v1/statements/01a00000-0000-7000-8000-000000000000; do
		api GET "$path"
		expect 404 not_found
	done
	make_operator "$EMAIL"
	api GET "$JOB/file"
	[ "$status_code" = 200 ]
	api GET /v1/statements/no-uuid
	[ "$status_code" = 404 ]
	api DELETE "$JOB"
	expect 405 method_not_allowed
	TOKEN='' api GET "$JOB/file"
	[ "$status_code" = 401 ]
}

@test "a job whose lines do not add up fails, with an alarm, and leaves no file" {
	eventually line_arrived "$VERSION"
	sql statement "UPDATE line SET amount = amount + 1 WHERE wallet_id = '$WALLET' AND version = 2"
	ask
	eventually job_is failed
	[ "$(json .file)" = null ]
	api GET "$JOB/file"
	expect 409 not_ready
	[ "$(sql statement "SELECT failure FROM job WHERE id = '${JOB##*/}'")" = inconsistent ]
	[ -z "$(find "$DATA_DIR/statements" -name "${JOB##*/}*")" ]
	sql statement "UPDATE line SET amount = amount - 1 WHERE wallet_id = '$WALLET' AND version = 2"
	ask
	eventually job_is ready
}

@test "a job that is given up leaves no file from earlier attempts" {
	stop_service statement_consumer
	ask
	# As if it had crashed twenty times: first in the middle, last after moving the file and
	# before recording it.
	sql statement "UPDATE job SET attempts = 20 WHERE id = '${JOB##*/}'"
	mkdir -p "$DATA_DIR/statements"
	touch "$DATA_DIR/statements/${JOB##*/}.json.part" "$DATA_DIR/statements/${JOB##*/}.json"
	start_service statement_consumer
	eventually job_is failed
	[ "$(sql statement "SELECT failure FROM job WHERE id = '${JOB##*/}'")" = 'given up' ]
	no_file_is_left() { [ -z "$(find "$DATA_DIR/statements" -name "${JOB##*/}*")" ]; }
	eventually no_file_is_left
}

@test "a job waits for a line that is on its way" {
	eventually line_arrived "$VERSION"
	lost=$(sql statement "SELECT row_to_json(l) FROM line l WHERE wallet_id = '$WALLET' AND version = 2")
	sql statement "DELETE FROM line WHERE wallet_id = '$WALLET' AND version = 2;
		UPDATE wallet SET version = 1, gap_since = clock_timestamp() WHERE wallet_id = '$WALLET'"
	ask '&format=csv'
	api GET "$JOB"
	[ "$(json .file)" = null ]
	sql statement "SELECT lines_store(ARRAY['$WALLET'::uuid], ARRAY[2::bigint], ARRAY[l.transaction_id], ARRAY['$USER_ID'::uuid], ARRAY['EUR'],
		ARRAY[l.kind], ARRAY[l.amount], ARRAY[l.balance_after], ARRAY[l.merchant], ARRAY[l.description], ARRAY[l.reference_id],
		ARRAY[l.created_at]) FROM json_populate_record(NULL::public.line, \$\$$lost\$\$) AS l"
	eventually job_is ready
	api GET "$JOB/file"
	[ "$(grep -c '^[0-9]' <<<"$body")" = 3 ]
}

@test "a job that waited for min_version in vain says where its file ends" {
	LONG=${LONG/min_version=*/min_version=5}
	ask
	[ "$(json '[.min_version, .version] | map(tostring) | join(" ")')" = "5 null" ]
	sql statement "UPDATE job SET created_at = created_at - interval '10 seconds' WHERE id = '${JOB##*/}'"
	eventually job_is ready
	[ "$(json '[.min_version, .version] | join(" ")')" = "5 3" ]
	api GET "$JOB/file"
	[ "$(json .version) $(header Statement-Version)" = "3 3" ]
}

@test "statement_consumer --drain handles the pending lines and jobs, and exits; two at once are harmless" {
	stop_service statement_consumer
	post '"kind":"deposit","amount":77'
	version=$(json .version)
	ask
	eventually queued_events 1
	drain &
	first=$!
	drain
	wait "$first"
	job_is ready
	api GET "/v1/statements?wallet_id=$WALLET"
	[ "$(json .version)" = "$version" ]
	start_service statement_consumer
}
queued_events() {
	[ "$(sql statement "SELECT count(*) FROM job j WHERE j.id = '${JOB##*/}' AND j.xid <= (SELECT min(xid::text::bigint)::text::xid8 FROM outbox_cursor)")" -ge "$1" ]
}

# Starts a mail server that keeps its mails in $mails, on SMTP_PORT.
mail_server() {
	mails=$BATS_TEST_TMPDIR/mails
	mkdir "$mails"
	/usr/bin/python3 "$ROOT/tests/lib/smtp_server.py" "$mails" >"$BATS_TEST_TMPDIR/port" 2>"$BATS_TEST_TMPDIR/smtp.log" 3>&- &
	SMTP_PID=$!
	eventually test -s "$BATS_TEST_TMPDIR/port"
	SMTP_PORT=$(cat "$BATS_TEST_TMPDIR/port")
}

@test "a link is mailed to the user who requested the statement" {
	stop_service statement_consumer
	mail_server
	ask '&format=csv'
	SMTP_URL="smtp://127.0.0.1:$SMTP_PORT" SMTP_FROM=bank@example.com drain
	job_is ready
	[ "$(mails_to_me)" = 1 ]
	mail=$(cat "$(grep -rlxF "X-RcptTo: $EMAIL" "$mails")")
	grep -qxF 'X-MailFrom: bank@example.com' <<<"$mail"
	grep -qxF "X-RcptTo: $EMAIL" <<<"$mail"
	grep -qxF "To: <$EMAIL>" <<<"$mail"
	link=$(grep -o 'http[^ ]*/file' <<<"$mail")
	[[ "$link" = http*://*"$JOB/file" ]] # starts with PUBLIC_URL, which can differ from the tests' BASE_URL
	api GET "$JOB/file"
	[ "$status_code" = 200 ]
	# It is sent only once.
	SMTP_URL="smtp://127.0.0.1:$SMTP_PORT" drain
	[ "$(mails_to_me)" = 1 ]
	[ "$(sql statement "SELECT mail FROM job WHERE id = '${JOB##*/}'")" = sent ]
	start_service statement_consumer
}

@test "an unavailable mail server does not delay the statement; the mail is sent later" {
	stop_service statement_consumer
	ask
	SMTP_URL=smtp://127.0.0.1:1 drain
	job_is ready
	[ "$(sql statement "SELECT mail || ' ' || mail_attempts FROM job WHERE id = '${JOB##*/}'")" = "due 1" ]
	mail_server
	sql statement "UPDATE job SET mail_after = clock_timestamp() WHERE id = '${JOB##*/}'"
	SMTP_URL="smtp://127.0.0.1:$SMTP_PORT" drain
	[ "$(mails_to_me)" = 1 ]
	start_service statement_consumer
}

@test "the mail server's password is sent over TLS only" {
	stop_service statement_consumer
	mail_server
	ask
	SMTP_URL="smtp://someone:secret@127.0.0.1:$SMTP_PORT" drain
	job_is ready
	[ ! -e "$mails/passwords" ]
	[ "$(mails_to_me)" = 0 ]
	[ "$(sql statement "SELECT mail || ' ' || mail_attempts FROM job WHERE id = '${JOB##*/}'")" = "due 1" ]
	start_service statement_consumer
}

@test "a file is removed after STATEMENT_KEEP_DAYS, and then answers 410" {
	ask
	eventually job_is ready
	[ -n "$(find "$DATA_DIR/statements" -name "${JOB##*/}.json")" ]
	sql statement "UPDATE job SET finished_at = finished_at - interval '8 days' WHERE id = '${JOB##*/}'"
	drain
	[ -z "$(find "$DATA_DIR/statements" -name "${JOB##*/}*")" ]
	api GET "$JOB"
	[ "$(json '[.status, .file] | map(tostring) | join(" ")')" = "ready null" ]
	api GET "$JOB/file"
	expect 410 gone
	# The job itself is forgotten after STATEMENT_JOB_KEEP.
	sql statement "UPDATE job SET finished_at = finished_at - interval '83 days' WHERE id = '${JOB##*/}'"
	drain
	api GET "$JOB"
	expect 404 not_found
}
