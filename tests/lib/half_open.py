"""half_open.py PROGRAM - a handler whose connections to its database pass a proxy that can fall silent; prints what it answers.

Environment: the handler's, with AUTH_DATABASE_URL by TCP. Each line is a stage and its statuses, with the slowest in ms.
"""
import os
import re
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time


class Proxy:
    """Passes bytes on, except for connections that it was told to keep silent."""

    def __init__(self, host, port):
        self.target, self.pairs, self.silent, self.deaf = (host, port), {}, set(), False
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            for key, _ in self.selector.select(0.05):
                with self.lock:
                    self.accept() if key.fileobj is self.listener else self.move(key.fileobj)

    def accept(self):
        client, _ = self.listener.accept()
        if self.deaf:
            self.silent.add(client)
            return
        server = socket.create_connection(self.target)
        for one, other in ((client, server), (server, client)):
            self.pairs[one] = other
            self.selector.register(one, selectors.EVENT_READ)

    def move(self, one):
        other = self.pairs.get(one)
        if other is None:
            return
        data = one.recv(65536)
        if data:
            other.sendall(data)
            return
        for end in (one, other):
            self.selector.unregister(end)
            self.pairs.pop(end)
            end.close()

    def keepalives(self):
        """In how many seconds the database asks each of its clients whether it still lives, if soon."""
        with self.lock:
            ours = [s.getsockname()[1] for s in self.pairs if s.getpeername() == self.target]
        timers = subprocess.run(["ss", "-Htno", "state", "established", f"( sport = :{self.target[1]} )"], capture_output=True, text=True, check=True).stdout
        return [float(m[2]) for m in re.finditer(r":(\d+) +timer:\(keepalive,([\d.]+)(?:ms|sec),", timers) if int(m[1]) in ours]

    def silence(self, deaf=False):
        with self.lock:
            for one in self.pairs:
                self.selector.unregister(one)
                self.silent.add(one)
            self.pairs, self.deaf = {}, deaf


def record(kind, content):
    return struct.pack("!BBHHBx", 1, kind, 1, len(content), 0) + content


def pair(name, value):
    return struct.pack("!BB", len(name), len(value)) + name.encode() + value.encode()


def request(path, method, uri, body=b""):
    """One FastCGI request; returns its status."""
    variables = {"REQUEST_METHOD": method, "SCRIPT_NAME": uri, "QUERY_STRING": "", "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body))}
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(record(1, struct.pack("!HB5x", 1, 0)) + record(4, b"".join(pair(*v) for v in variables.items())) + record(4, b"")
                  + (record(5, body) if body else b"") + record(5, b""))
        answer = b""
        while data := s.recv(65536):
            answer += data
    found = re.search(rb"Status: (\d+)", answer)
    return found[1].decode() if found else "none"


def main():
    url = re.fullmatch(r"(.*@)([^:/]*):(\d+)(/.*)", os.environ["AUTH_DATABASE_URL"])
    proxy = Proxy(url[2], int(url[3]))
    with tempfile.TemporaryDirectory() as folder:
        path = folder + "/handler.sock"
        environment = dict(os.environ, LISTEN=path, AUTH_DATABASE_URL=f"{url[1]}127.0.0.1:{proxy.port}{url[4]}", DB_STATEMENT_TIMEOUT="100ms", DB_POOL="6", DB_CONNECT_TIMEOUT="1s")
        handler = subprocess.Popen([sys.argv[1]], env=environment, stdin=subprocess.DEVNULL, stderr=sys.stderr)
        try:
            while not os.path.exists(path):
                time.sleep(0.01)

            def call(method="POST", uri="/v1/auth/refresh", body=b'{"refresh_token":"' + b"A" * 43 + b'"}'):
                began = time.monotonic()
                return request(path, method, uri, body), int((time.monotonic() - began) * 1000)

            def report(stage, answers):
                print(stage, *sorted({a for a, _ in answers}), max(ms for _, ms in answers), flush=True)

            def at_once(count):
                answers, threads = [], []
                for _ in range(count):
                    threads.append(threading.Thread(target=lambda: answers.append(call())))
                    threads[-1].start()
                for t in threads:
                    t.join()
                return answers

            report("before", at_once(24))
            for _ in range(100):
                if proxy.keepalives():
                    break
                time.sleep(0.02)  # until what was sent last is acknowledged
            print("keepalive", int(max(proxy.keepalives(), default=999)), flush=True)
            proxy.silence()
            report("first", [call()])
            report("after", at_once(12))
            report("ready", [call("GET", "/health/auth", b"")])
            proxy.silence(deaf=True)
            report("deaf-ready", [call("GET", "/health/auth", b"") for _ in range(3)])
            report("deaf-live", [call("GET", "/health/auth/live", b"") for _ in range(3)])
            # Now that the database is known to be silent, only one request at a time waits for it.
            at_once(7)
            flood = threading.Thread(target=at_once, args=(200,))
            flood.start()
            time.sleep(0.3)
            report("flood-ready", [call("GET", "/health/auth", b"") for _ in range(3)])
            report("flood-live", [call("GET", "/health/auth/live", b"") for _ in range(3)])
            proxy.deaf = False
            flood.join()
            deadline = time.monotonic() + 20
            while (call()[0], call("GET", "/health/auth", b"")[0]) != ("401", "200") and time.monotonic() < deadline:
                time.sleep(0.05)
            report("again", [call() for _ in range(12)])
        finally:
            handler.terminate()
            handler.wait()


main()
