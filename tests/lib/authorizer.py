#!/usr/bin/env python3
"""Asks an auth process who calls, as the gateway does: in FastCGI's authorizer role.

usage: authorizer.py SOCKET - reads tokens, one a line; for each prints the status, and the roles if it
is 200."""
import socket
import struct
import sys

AUTHORIZER, BEGIN, END, PARAMS, STDIN, STDOUT = 2, 1, 3, 4, 5, 6


def record(kind, content):
    return struct.pack("!BBHHBx", 1, kind, 1, len(content), 0) + content


def pair(name, value):
    name, value = name.encode(), value.encode()
    return struct.pack("!II", len(name) | 1 << 31, len(value) | 1 << 31) + name + value


def ask(path, token):
    gateway = socket.socket(socket.AF_UNIX)
    gateway.settimeout(30)
    gateway.connect(path)
    variables = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "/v1/wallets", "REMOTE_ADDR": "192.0.2.1",
                 "HTTP_AUTHORIZATION": "Bearer " + token}
    gateway.sendall(record(BEGIN, struct.pack("!HB5x", AUTHORIZER, 0))
                    + record(PARAMS, b"".join(pair(*v) for v in variables.items()))
                    + record(PARAMS, b"") + record(STDIN, b""))
    stream, answer = gateway.makefile("rb"), b""
    while True:
        _, kind, _, length, padding = struct.unpack("!BBHHBx", stream.read(8))
        content = stream.read(length + padding)[:length]
        if kind == STDOUT:
            answer += content
        if kind == END:
            return answer.decode()


for line in sys.stdin:
    head = ask(sys.argv[1], line.strip()).split("\r\n\r\n")[0]
    headers = dict(header.split(": ", 1) for header in head.split("\r\n"))
    print(headers.get("Status", "200")[:3], headers.get("Variable-AUTH_ROLES", ""), flush=True)
