"""malformed.py - sends requests that no client library sends and checks the responses.

usage: malformed.py HOST PORT      prints TAP-like lines "ok NAME" and "not ok NAME: why"; exits
                                   with 1 if any is not ok

Each case is sent on its own connection, and again after a good request on the same connection.
There the front can close the connection without a response; any response must match the contract.
"""
import json
import re
import socket
import sys

HOST, PORT = sys.argv[1], int(sys.argv[2])
GET = "GET /v1/wallets HTTP/1.1\r\nHost: x\r\n"
POST = "POST /v1/auth/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


def headers(*lines, start=GET, body=""):
    return start + "".join(line + "\r\n" for line in lines) + "\r\n" + body


# name: (request, the allowed statuses). If the RFC says to ignore the field, the response is that
# of a request without it: 401 for an anonymous GET of the wallets, 4xx for a sign-in without a
# password.
CASES = {
    # the request line
    "no version": ("GET /\r\n\r\n", {400}),
    "HTTP/0.9 with version": ("GET / HTTP/0.9\r\n\r\n", {400, 505}),
    "HTTP/2.0": ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", {400, 505}),
    "HTTP/3.1": ("GET / HTTP/3.1\r\nHost: x\r\n\r\n", {505}),
    "the HTTP/2 preface": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 405, 501, 505}),
    "lower case version": ("GET / http/1.1\r\nHost: x\r\n\r\n", {400, 505}),
    "two spaces": ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "a tab": ("GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", {400, 501}),
    "no method": (" / HTTP/1.1\r\nHost: x\r\n\r\n", {400, 501}),
    "a control character in the path": ("GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "a byte above ASCII in the path": ("GET /\xe4 HTTP/1.1\r\nHost: x\r\n\r\n", {400, 404}),
    "a control character in the query": ("GET /v1/wallets?\x01 HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "a NUL in the path": ("GET /v1/\x00 HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "DEL in the path": ("GET /\x7f HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "a fragment in the path": ("GET /v1/wallets#x HTTP/1.1\r\nHost: x\r\n\r\n", {400, 401}),
    "a path without a slash": ("GET v1 HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "absolute form": ("GET http://x/v1/wallets HTTP/1.1\r\nHost: x\r\n\r\n", {401}),
    # RFC 9112 lets the target win, but lighttpd and HAProxy both refuse: nothing depends on Host.
    "absolute form, another Host": ("GET http://x/v1/wallets HTTP/1.1\r\nHost: y\r\n\r\n", {400}),
    "authority form": ("GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "CONNECT": ("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", {400, 405, 501}),
    "OPTIONS *": ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", {200, 204, 404, 405}),
    "TRACE": ("TRACE /v1/wallets HTTP/1.1\r\nHost: x\r\n\r\n", {401, 405, 501}),
    "an unknown method": ("BREW /v1/wallets HTTP/1.1\r\nHost: x\r\n\r\n", {501}),
    "a method in lower case": ("get /v1/wallets HTTP/1.1\r\nHost: x\r\n\r\n", {400, 501}),
    "a method that is not a token": ("G@T /v1/wallets HTTP/1.1\r\nHost: x\r\n\r\n", {400, 501}),
    "noise": ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400}),
    "NONSENSE": ("NONSENSE\r\n\r\n", {400}),
    "an empty line first": ("\r\n" + headers(), {401}),
    "bare line feeds": (headers().replace("\r\n", "\n"), {400, 401}),
    "a long path": (headers(start="GET /v1/wallets?" + "x" * 17000 + " HTTP/1.1\r\nHost: x\r\n"), {413, 414, 431}),
    "a path larger than any buffer": (headers(start="GET /" + "x" * 700000 + " HTTP/1.1\r\nHost: x\r\n"), {413, 414, 431}),
    # header fields
    "a space in a name": (headers("Bad Name: x"), {400}),
    "a space before the colon": (headers("Accept : x"), {400}),
    "no colon": (headers("nothing"), {400}),
    "no name": (headers(": x"), {400}),
    "a NUL in a value": (headers("Accept: a\x00b"), {400}),
    "a carriage return in a value": (headers("Accept: a\rb"), {400}),
    "a control character in a value": (headers("Accept: a\x01b"), {400, 401}),
    "a folded line": (headers("Accept: a,", " b"), {400, 401}),
    "a folded first line": (headers(start="GET /v1/wallets HTTP/1.1\r\n Host: x\r\n"), {400}),
    "a name above ASCII": (headers("\xc4ccept: x"), {400}),
    "300 fields": (headers(*[f"X-{i}: x" for i in range(300)]), {400, 401, 431}),
    "one large field": (headers("X: " + "x" * 17000), {431}),
    "fields larger than any buffer": (headers(*["X: " + "x" * 10000] * 80), {400, 413, 431}),
    "Host is missing": ("GET /v1/wallets HTTP/1.1\r\n\r\n", {400}),
    "Host is missing, HTTP/1.0": ("GET /v1/wallets HTTP/1.0\r\n\r\n", {401}),
    "Host is empty": ("GET /v1/wallets HTTP/1.1\r\nHost:\r\n\r\n", {400, 401}),
    "Host twice": ("GET /v1/wallets HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", {400}),
    "Host twice the same": ("GET /v1/wallets HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", {400, 401}),
    "Host with blanks": ("GET /v1/wallets HTTP/1.1\r\nHost: a b\r\n\r\n", {400}),
    "Host with a path": ("GET /v1/wallets HTTP/1.1\r\nHost: x/y\r\n\r\n", {400}),
    "Host with a user": ("GET /v1/wallets HTTP/1.1\r\nHost: u@x\r\n\r\n", {400}),
    "Host with a bad port": ("GET /v1/wallets HTTP/1.1\r\nHost: x:99999999\r\n\r\n", {400, 401}),
    "Host with a bad address": ("GET /v1/wallets HTTP/1.1\r\nHost: [::1\r\n\r\n", {400}),
    # the body's length
    "Content-Length of letters": (headers("Content-Length: z", start=POST), {400}),
    "Content-Length below zero": (headers("Content-Length: -1", start=POST), {400}),
    "Content-Length with a sign": (headers("Content-Length: +2", start=POST, body="{}"), {400}),
    "Content-Length in hexadecimal": (headers("Content-Length: 0x2", start=POST, body="{}"), {400}),
    "Content-Length empty": (headers("Content-Length:", start=POST), {400, 411}),
    "Content-Length with a fraction": (headers("Content-Length: 2.0", start=POST, body="{}"), {400}),
    "Content-Length past 64 bits": (headers("Content-Length: 99999999999999999999999", start=POST), {400, 413}),
    "Content-Length that is too large": (headers("Content-Length: 9999999999", start=POST), {413}),
    "Content-Length twice": (headers("Content-Length: 2", "Content-Length: 3", start=POST, body="{}"), {400}),
    "Content-Length as a list": (headers("Content-Length: 2, 3", start=POST, body="{}"), {400}),
    "Content-Length as a list of the same": (headers("Content-Length: 2, 2", start=POST, body="{}"), {400, 422}),
    "no Content-Length": (headers(start=POST), {411}),
    "GET with a body": (headers("Content-Length: 2", body="{}"), {401}),
    "GET with a body in chunks": (headers("Transfer-Encoding: chunked", body="2\r\n{}\r\n0\r\n\r\n"), {401}),
    "HEAD with a body": (headers("Content-Length: 2", start=GET.replace("GET", "HEAD"), body="{}"), {401}),
    "DELETE with a body": (headers("Content-Length: 2", start=GET.replace("GET", "DELETE"), body="{}"), {401}),
    "chunked": (headers("Transfer-Encoding: chunked", start=POST, body="2\r\n{}\r\n0\r\n\r\n"), {422}),
    "chunked with trailers": (headers("Transfer-Encoding: chunked", start=POST, body="2\r\n{}\r\n0\r\nX: y\r\n\r\n"), {422}),
    "chunked with an extension": (headers("Transfer-Encoding: chunked", start=POST, body="2;a=b\r\n{}\r\n0\r\n\r\n"), {422}),
    "chunked in another case": (headers("Transfer-Encoding: Chunked", start=POST, body="2\r\n{}\r\n0\r\n\r\n"), {422}),
    "a chunk size of letters": (headers("Transfer-Encoding: chunked", start=POST, body="zz\r\n{}\r\n0\r\n\r\n"), {400}),
    "a negative chunk size": (headers("Transfer-Encoding: chunked", start=POST, body="-2\r\n{}\r\n0\r\n\r\n"), {400}),
    "a chunk past 64 bits": (headers("Transfer-Encoding: chunked", start=POST, body="fffffffffffffffff\r\n{}\r\n0\r\n\r\n"), {400, 413}),
    "a chunk longer than its size": (headers("Transfer-Encoding: chunked", start=POST, body="2\r\n{}x\r\n0\r\n\r\n"), {400}),
    "chunks without an end": (headers("Transfer-Encoding: chunked", start=POST, body="80000\r\n" + "x" * 0x80000 + "\r\n80000\r\n" + "x" * 0x80000), {413}),
    "Transfer-Encoding unknown": (headers("Transfer-Encoding: foo", start=POST), {501}),
    "Transfer-Encoding unknown, PUT": (headers("Transfer-Encoding: foo", start=POST.replace("POST", "PUT")), {501}),
    "Transfer-Encoding gzip, chunked": (headers("Transfer-Encoding: gzip, chunked", start=POST, body="0\r\n\r\n"), {501}),
    "Transfer-Encoding chunked, gzip": (headers("Transfer-Encoding: chunked, gzip", start=POST, body="0\r\n\r\n"), {400, 501}),
    "Transfer-Encoding identity": (headers("Transfer-Encoding: identity", start=POST), {400, 411, 501}),
    "Transfer-Encoding empty": (headers("Transfer-Encoding:", start=POST), {400, 411, 501}),
    "Transfer-Encoding twice": (headers("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", start=POST, body="0\r\n\r\n"), {400, 422, 501}),
    "Transfer-Encoding and Content-Length": (headers("Transfer-Encoding: chunked", "Content-Length: 5", start=POST, body="2\r\n{}\r\n0\r\n\r\n"), {400, 422}),
    "Transfer-Encoding in HTTP/1.0": (headers("Transfer-Encoding: chunked", start=POST.replace("1.1", "1.0"), body="2\r\n{}\r\n0\r\n\r\n"), {400, 411, 422}),
    # RFC 9110 fields that are ignored if invalid
    "Range of another unit": (headers("Range: lines=1-2"), {401}),
    "Range invalid": (headers("Range: bytes=9-1"), {401}),
    "Range past the end": (headers("Range: bytes=99999999-", start="GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n"), {200}),
    "Range of letters": (headers("Range: bytes=a-b", start="GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n"), {200}),
    "a thousand ranges": (headers("Range: bytes=" + ",".join(["0-0"] * 1000), start="GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n"), {200}),
    "If-Range invalid": (headers("If-Range: @", "Range: bytes=0-1", start="GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n"), {200}),
    "If-Modified-Since invalid": (headers("If-Modified-Since: yesterday", start="GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n"), {200}),
    "If-Unmodified-Since invalid": (headers("If-Unmodified-Since: tomorrow", start="GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n"), {200, 412}),
    "If-None-Match invalid": (headers("If-None-Match: @@", start="GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n"), {200}),
    "If-Match that fails": (headers('If-Match: "x"', start="GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n"), {200, 412}),
    "Expect unknown": (headers("Expect: tea"), {401, 417}),
    "Expect unknown with a body": (headers("Expect: tea", "Content-Length: 2", start=POST, body="{}"), {417, 422}),
    "Expect empty": (headers("Expect:"), {401, 417}),
    "Upgrade": (headers("Upgrade: websocket", "Connection: Upgrade"), {401}),
    "Upgrade to HTTP/2": (headers("Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", "Connection: Upgrade, HTTP2-Settings"), {401}),
    "Connection invalid": (headers("Connection: ,,@"), {400, 401}),
    "TE invalid": (headers("TE: @@"), {401}),
    "Trailer forbidden": (headers("Trailer: Content-Length"), {401}),
    "Max-Forwards of letters": (headers("Max-Forwards: x"), {401}),
    "Via invalid": (headers("Via: @"), {401}),
    "Date invalid": (headers("Date: @"), {401}),
    "Accept invalid": (headers("Accept: @@;q=7"), {401}),
    "Accept-Encoding invalid": (headers("Accept-Encoding: ;;;q=z"), {401}),
    "Accept-Language invalid": (headers("Accept-Language: \xff"), {400, 401}),
    "Authorization empty": (headers("Authorization:"), {401}),
    "Authorization of another kind": (headers("Authorization: Basic !!!"), {401}),
    "Authorization twice": (headers("Authorization: Bearer a", "Authorization: Bearer b"), {400, 401}),
    "Cookie invalid": (headers("Cookie: ;=;="), {401}),
    "From, Referer, User-Agent invalid": (headers("From: @", "Referer: ://", "User-Agent: ((("), {401}),
    "Content-Type invalid": (headers("Content-Type: @@", "Content-Length: 2", start=POST.replace("Content-Type: application/json\r\n", ""), body="{}"), {415}),
    "Content-Language, Content-Location invalid": (headers("Content-Language: @", "Content-Location: ://"), {401}),
    "X-Request-Id invalid": (headers("X-Request-Id: <script>"), {401}),
    "Forwarded invalid": (headers("Forwarded: for=_x", "X-Forwarded-For: not an address"), {401}),
}


def exchange(count, *parts, head_only=False):
    """Returns the responses, until there are count or the connection ends."""
    with socket.create_connection((HOST, PORT)) as s:
        s.settimeout(40)
        data, found = b"", []
        try:
            for part in parts:
                s.sendall(part.encode("latin-1"))
        except OSError:
            pass  # the response can come before everything is sent
        try:
            while len(found) < count and (piece := s.recv(65536)):
                data += piece
                found, data = answers(found, data, head_only)
        except ConnectionResetError:
            pass
        except TimeoutError:
            raise ValueError("neither a response nor a closed connection") from None
        if data and len(found) < count:
            raise ValueError(f"incomplete response: {data[:80]!r}")
        return found


def answers(found, data, head_only):
    """Moves complete responses, as (status, headers, body), from the data to found."""
    while b"\r\n\r\n" in data:
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        line = re.fullmatch(r"HTTP/1\.[01] (\d{3})( .*)?", lines[0])
        if not line:
            raise ValueError(f"not a response: {data[:80]!r}")
        fields = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in lines[1:])}
        status = int(line[1])
        length = 0 if status < 200 or status in (204, 304) or head_only else int(fields.get("content-length", -1))
        if length < 0:
            raise ValueError(f"{status} without a Content-Length")
        if len(rest) < length:
            break
        if status >= 200:
            found = found + [(status, fields, rest[:length])]
        data = rest[length:]
    return found, data


def judge(answer, statuses, head_only):
    status, fields, body = answer
    if status not in statuses:
        return f"{status}, not {sorted(statuses)}"
    if not fields.get("x-request-id"):
        return f"{status} without X-Request-Id"
    if status < 400:
        return None
    if not fields.get("content-type", "").startswith("application/problem+json"):
        return f"{status} is {fields.get('content-type')}"
    if fields.get("x-content-type-options") != "nosniff":
        return f"{status} can be sniffed"
    if head_only:
        return None
    document = json.loads(body)
    if document["status"] != status or not document["code"] or document["type"] != "/docs/errors#" + document["code"]:
        return f"{status}: {document}"
    if document["request_id"] != fields["x-request-id"] or not UUID7.match(document["request_id"]):
        return f"request ids: {document['request_id']} and {fields['x-request-id']}"
    return None


def run(request, statuses):
    head_only = request.startswith("HEAD")
    try:
        found = exchange(1, request, head_only=head_only)
        if not found:
            return "no response"
        if why := judge(found[0], statuses, head_only):
            return why
        # The good request's response comes first; the other can be missing. The front's parser
        # overlooks some faults.
        found = exchange(2, headers() + request) if not head_only else []
        if len(found) > 1 and (why := judge(found[1], statuses | {200, 302, 400, 401}, False)):
            return f"after a good request: {why}"
        return None
    except (ValueError, KeyError) as fault:
        return str(fault)


bad = 0
for case, (text, allowed) in CASES.items():
    if why := run(text, allowed):
        bad += 1
        print(f"not ok {case}: {why}")
    else:
        print(f"ok {case}")
print(f"{len(CASES)} cases, {bad} not ok")
sys.exit(bad > 0)
