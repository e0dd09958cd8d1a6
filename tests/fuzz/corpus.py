#!/usr/bin/env python3
"""corpus.py - keeps the inputs of a fuzz target as lines of one text file.

corpus.py unpack FILE FOLDER    writes each line as a file of the folder
corpus.py pack FOLDER FILE      the other way round, in order

A line has the bytes of an input, with \\n, \\t, \\r, \\\\ and \\xHH for what is not printable ASCII.
"""
import os
import sys

NAMES = {10: "\\n", 9: "\\t", 13: "\\r", 92: "\\\\"}


def escaped(data):
    return "".join(NAMES.get(b) or (chr(b) if 32 <= b < 127 else f"\\x{b:02x}") for b in data)


def plain(line):
    return line.encode("ascii").decode("unicode_escape").encode("latin-1")


def unpack(path, folder):
    os.makedirs(folder, exist_ok=True)
    with open(path, encoding="ascii") as lines:
        for number, line in enumerate(lines, 1):
            with open(f"{folder}/{number:04}", "wb") as out:
                out.write(plain(line.rstrip("\n")))


def pack(folder, path):
    inputs = set()
    for name in os.listdir(folder):
        with open(f"{folder}/{name}", "rb") as f:
            inputs.add(escaped(f.read()))
    with open(path, "w", encoding="ascii") as out:
        out.writelines(line + "\n" for line in sorted(inputs))


if __name__ == "__main__":
    {"unpack": unpack, "pack": pack}[sys.argv[1]](*sys.argv[2:])
