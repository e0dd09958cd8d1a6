"""silent.py - clients that hold connections and send nothing, or too little.

usage:
  silent.py flood HOST PORT FROM IDLE DRIPPING
      opens connections from the addresses FROM (a,b) and prints "held"; keeps dripping and reopens
      closed ones until its standard input ends
  silent.py ask HOST PORT FROM COUNT
      sends COUNT requests on new connections and COUNT on one; prints the number of good responses
      and the median in microseconds
  silent.py drip HOST PORT head|body|batch
      drips one request until the response or the end of the connection; prints the status
  silent.py halfclose HOST PORT TOKEN BODY COUNT
      posts the transaction BODY on COUNT connections, and closes each for writing at once; prints
      the number of responses, all of which must be 201
  silent.py many HOST PORT FROM COUNT
      opens COUNT connections and sends a request on each; prints the count of each status
"""
import collections
import http.client
import itertools
import resource
import select
import socket
import statistics
import sys
import time

REQUEST = b"GET /openapi.yaml HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n\r\n"


def connect(host, port, source):
    s = socket.socket()
    # IP_BIND_ADDRESS_NO_PORT: allows many more connections than one address has ports
    s.setsockopt(socket.IPPROTO_IP, 24, 1)
    s.bind((source, 0))
    s.connect((host, port))
    s.setblocking(False)
    return s


def flood(host, port, sources, idle, dripping):
    held, ready = {}, select.epoll()
    drippers = 0
    source = itertools.cycle(sources.split(","))

    def send(s, data):
        try:
            s.send(data)
        except OSError:
            pass

    def keep():
        nonlocal drippers
        while len(held) < idle + dripping:
            try:
                s = connect(host, port, next(source))
            except OSError:
                return  # refused: retry at the next turn
            drips = drippers < dripping
            drippers += drips
            held[s.fileno()] = s, drips
            ready.register(s, select.EPOLLIN)
            if drips:
                send(s, b"POST /v1/auth/sign-in HTTP/1.1\r\nHost: x\r\nX: ")

    keep()
    print("held", flush=True)
    for turn in itertools.count(1):
        if select.select([sys.stdin], [], [], 0.5)[0]:
            return
        for number, _ in ready.poll(0, 10000):
            s, drips = held[number]
            if closed(s):
                drippers -= drips
                ready.unregister(s)
                del held[number]
                s.close()
        keep()
        for s, drips in held.values():
            if drips and turn % 4 == 0:
                send(s, b"x")


def closed(s):
    try:
        return s.recv(4096) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def ask(host, port, source, count):
    good, times = 0, []
    kept = http.client.HTTPConnection(host, port, timeout=60, source_address=(source, 0))
    for n in range(2 * count):
        connection = kept if n % 2 else http.client.HTTPConnection(host, port, timeout=60, source_address=(source, 0))
        begun = time.perf_counter()
        try:
            connection.request("GET", "/health/auth")
            answer = connection.getresponse()
            answer.read()
            good += answer.status == 200
        except OSError as fault:
            print(fault, file=sys.stderr)
        times.append(time.perf_counter() - begun)
    print(good, round(statistics.median(times) * 1e6))


def drip(host, port, what):
    s = socket.create_connection((host, port))
    head = b"POST /v1/transactions/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    start = {"head": b"GET / HTTP/1.1\r\nHost: x\r\nX: ", "body": head % 1000 + b"\r\n", "batch": head % 500000 + b"\r\n" + b" " * 400000}[what]
    s.sendall(start)
    answer = b""
    while not select.select([s], [], [], 0.3)[0]:
        try:
            s.send(b" ")
        except OSError:
            break
    try:
        while piece := s.recv(65536):
            answer += piece
    except OSError:
        pass
    print(answer.split(b" ")[1].decode() if answer else "closed", b"application/problem+json" in answer and b"nosniff" in answer)


def halfclose(host, port, token, body, count):
    head = f"POST /v1/transactions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    answered = 0
    for _ in range(count):
        with socket.create_connection((host, port)) as s:
            s.settimeout(60)
            s.sendall((head + body).encode())
            s.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := s.recv(65536):
                answer += piece
        if answer and not answer.startswith(b"HTTP/1.1 201 "):
            sys.exit(answer.decode())
        answered += bool(answer)
    print(answered)


def many(host, port, source, count):
    held, seen = [], collections.Counter()
    for _ in range(count):
        s = connect(host, port, source)
        s.setblocking(True)
        s.settimeout(60)
        s.sendall(b"GET /health/auth HTTP/1.1\r\nHost: x\r\n\r\n")
        held.append(s)
    for s in held:
        try:
            answer = s.recv(65536).decode("latin-1")
            seen[answer.split(" ")[1] + (" overloaded" if '"code":"overloaded"' in answer and "retry-after" in answer.lower() else "")] += 1
        except (OSError, IndexError):
            seen["closed"] += 1
    for status, n in sorted(seen.items()):
        print(n, status)


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
what, host, port, *rest = sys.argv[1:]
{"flood": lambda: flood(host, int(port), rest[0], int(rest[1]), int(rest[2])), "ask": lambda: ask(host, int(port), rest[0], int(rest[1])),
 "halfclose": lambda: halfclose(host, int(port), rest[0], rest[1], int(rest[2])),
 "drip": lambda: drip(host, int(port), rest[0]), "many": lambda: many(host, int(port), rest[0], int(rest[1]))}[what]()
