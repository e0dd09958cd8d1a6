"""smuggle.py - sends requests whose end is ambiguous, and checks that no one gets another's answer.

usage: smuggle.py HOST PORT      prints "not ok NAME: why" for each failure, then a summary

The front shares a few connections to lighttpd among all clients. If the two disagreed about where
a request ends, the rest of it would become the beginning of the next client's request. So after
each attack several clients send a request with an id of its own, and each must get the answer to
that request: its id, and the status of that path. What the attacker itself gets does not matter.
"""
import re
import socket
import sys

HOST, PORT = sys.argv[1], int(sys.argv[2])
HIDDEN = "GET /docs/smuggled HTTP/1.1\r\nHost: x\r\nX-Request-Id: smuggled\r\nX-Rest: "
START = "POST /v1/auth/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
GET = "GET /v1/wallets HTTP/1.1\r\nHost: x\r\n"
CHUNKED = "0\r\n\r\n" + HIDDEN
SHORT = f"Content-Length: {len(CHUNKED)}\r\n"


def both(line, start=START, length=SHORT, body=CHUNKED):
    """A request with Content-Length and this form of Transfer-Encoding: either may count."""
    return [start + length + line + "\r\n\r\n" + body, start + line + "\r\n" + length + "\r\n" + body]


ATTACKS = {
    "Content-Length, Transfer-Encoding": both("Transfer-Encoding: chunked"),
    "the body of a GET": [GET + f"Content-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}", GET + "\r\n" + HIDDEN],
    "the body of a HEAD": [GET.replace("GET", "HEAD") + f"Content-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}"],
    "the body of a DELETE": [GET.replace("GET", "DELETE") + f"Content-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}"],
    "the body of a document": ["GET /docs HTTP/1.1\r\nHost: x\r\n" + f"Content-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}"],
    "the body of a redirect": ["GET / HTTP/1.1\r\nHost: x\r\n" + f"Content-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}"],
    "the body of what is refused": ["POST /nothing HTTP/1.1\r\nHost: x\r\n" + f"Content-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}"],
    "HTTP/1.0 with chunks": both("Transfer-Encoding: chunked\r\nConnection: keep-alive", START.replace("1.1", "1.0")),
    "a length that Connection names": both("Transfer-Encoding: chunked\r\nConnection: Content-Length"),
    "an encoding that Connection names": both("Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding"),
    "two lengths": [START + f"Content-Length: 2\r\nContent-Length: {len(HIDDEN) + 2}\r\n\r\n{{}}{HIDDEN}", START + f"Content-Length: {len(HIDDEN) + 2}\r\nContent-Length: 2\r\n\r\n{{}}{HIDDEN}"],
    "a length in a folded line": [START + f"X: y\r\n Content-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}"],
    "an upgrade": [GET + "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n" + HIDDEN, GET + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n" + HIDDEN],
    "Expect": [START + f"Content-Length: {len(HIDDEN)}\r\nExpect: 100-continue\r\n\r\n{HIDDEN}", both("Transfer-Encoding: chunked\r\nExpect: 100-continue")[0]],
    "trailers": [START + "Transfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n2\r\n{}\r\n0\r\n" + f"Content-Length: {len(HIDDEN)}\r\n\r\n{HIDDEN}"],
}
for name, line in (("blank before the colon", "Transfer-Encoding : chunked"), ("tab", "Transfer-Encoding:\tchunked"), ("vertical tab", "Transfer-Encoding: \x0bchunked"), ("xchunked", "Transfer-Encoding: xchunked"),
                   ("chunked, identity", "Transfer-Encoding: chunked, identity"), ("identity, chunked", "Transfer-Encoding: identity, chunked"), ("twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
                   ("twice, the other way", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"), ("folded", "Transfer-Encoding:\r\n chunked"), ("bare line feed", "X: y\nTransfer-Encoding: chunked"),
                   ("bare carriage return", "X: y\rTransfer-Encoding: chunked"), ("NUL", "Transfer-Encoding: chunked\0"), ("underscore", "Transfer_Encoding: chunked"), ("dot", "Transfer.Encoding: chunked"),
                   ("quotes", 'Transfer-Encoding: "chunked"'), ("parameter", "Transfer-Encoding: chunked;x=y"), ("a comma", "Transfer-Encoding: ,chunked"), ("capitals", "TRANSFER-ENCODING: CHUNKED"), ("blank in the name", "Transfer -Encoding: chunked"),
                   ("blank line start", " Transfer-Encoding: chunked"), ("empty", "Transfer-Encoding:"), ("Latin-1", "Transfer-Encoding: chunked\xa0"), ("as X-", "X-Transfer-Encoding: chunked")):
    ATTACKS["Transfer-Encoding: " + name] = both(line)
for name, size in (("sign", "+0"), ("minus", "-0"), ("0x", "0x0"), ("blank", " 0"), ("blank after", "0 "), ("extension", "0;x=y"), ("extension with a line feed", "0;\n"), ("many zeros", "0" * 40), ("past 64 bits", "10000000000000000"), ("letters", "0g"),
                   ("line feed", "0\n"), ("nothing", ""), ("underscore", "0_0")):
    ATTACKS["chunk size: " + name] = [START + "Transfer-Encoding: chunked\r\n\r\n" + f"2\r\n{{}}\r\n{size}\r\n\r\n{HIDDEN}", START + f"Transfer-Encoding: chunked\r\n\r\n{size}\r\n\r\n{HIDDEN}"]
for name, value in (("sign", "+{}"), ("list", "{0}, {0}"), ("list of two", "0, {}"), ("blank", "{} 0"), ("fraction", "{}.0"), ("hexadecimal", "0x{}"), ("quotes", '"{}"'), ("many zeros", "0" * 40 + "{}"), ("empty", "")):
    ATTACKS["Content-Length: " + name] = [START + "Content-Length: " + value.format(len(HIDDEN)) + "\r\n\r\n" + HIDDEN]


def answer(request):
    """The status and headers of the first response; the connection is closed then."""
    with socket.create_connection((HOST, PORT)) as s:
        s.settimeout(20)
        s.sendall(request.encode("latin-1"))
        data = b""
        while b"\r\n\r\n" not in data and (piece := s.recv(65536)):
            data += piece
        return data.decode("latin-1")


def attack(request):
    """Sends it, and reads what comes at once: the connection stays open until the victims are served."""
    s = socket.create_connection((HOST, PORT))
    try:
        s.sendall(request.encode("latin-1"))
        s.settimeout(0.02)
        s.recv(65536)
    except OSError:
        pass
    return s


def victims(tag):
    for i, (path, status) in enumerate((("/v1/wallets", "401"), ("/health/auth/live", "200"), ("/docs", "200"), ("/v1/auth/me", "401"))):
        want = f"{tag}-{i}"
        got = answer(f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: {want}\r\nConnection: close\r\n\r\n")
        status_got = got[9:12]
        id_got = re.search(r"(?im)^x-request-id: *(\S+)", got)
        if status_got != status or (path.startswith(("/v1", "/health")) and (not id_got or id_got[1] != want)):
            return f"{path} got {got[:300]!r}"
    return None


bad = count = 0
for name, requests in ATTACKS.items():
    for n, request in enumerate(requests):
        open_one = attack(request)
        why = victims(f"victim-{count}")
        open_one.close()
        count += 1
        if why:
            bad += 1
            print(f"not ok {name} ({n}): {why}")
print(f"{count} attacks, {bad} not ok")
sys.exit(bad > 0)
