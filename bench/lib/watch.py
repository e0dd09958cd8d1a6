"""watch.py - the cost of each program during a run: processor seconds and resident memory, from /proc."""
import os
import re
import threading
import time
from pathlib import Path

from lib.programs import names

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
OURS = (*names("handler"), *names("consumer"))
PROGRAMS = (*OURS, "haproxy", "lighttpd", "postgres", "beam.smp", "wrk", "pgbench", "floor_responder", "floor_argon2")


# The kernel keeps 15 characters of a program's name.
SHORT = {name[:15]: name for name in PROGRAMS}


def server_process(pid):
    """Names a PostgreSQL process by its database: pg wallet, pg statement, pg auth; pg is the rest of the server."""
    try:
        title = Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return "pg"
    serves = re.search(r" purse_(auth|wallet|statement) ", title)
    return f"pg {serves[1]}" if serves else "pg"


def processes(root):
    """pid -> (program, ticks, resident bytes) of all descendants of the supervisor, and of the load programs below us."""
    found = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                text = Path(f"/proc/{entry.name}/stat").read_text()
            except OSError:
                continue
            name, rest = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2:].split()
            if name == "postgres":
                name = server_process(entry.name)
            # utime and stime, and for the server's parent those of the children that have ended.
            ticks = int(rest[11]) + int(rest[12]) + (int(rest[13]) + int(rest[14]) if name == "pg" else 0)
            found[int(entry.name)] = (int(rest[1]), SHORT.get(name, name), ticks, int(rest[21]) * PAGE)
    inside, grown = {root, os.getpid()}, True
    while grown:
        more = {pid for pid, (parent, *_) in found.items() if parent in inside} - inside
        inside |= more
        grown = bool(more)
    return {pid: found[pid][1:] for pid in inside if pid in found}


def proportional(pid):
    """Resident bytes of a process, with shared pages divided by the number of their users."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


class Watch:
    """with Watch(supervisor_pid) as w: …   then w.spent (seconds) and w.memory (bytes), by program."""

    def __init__(self, root):
        self.root = root

    def __enter__(self):
        self.begun, self.first = time.monotonic(), processes(self.root)
        self.last, self.memory, self.stopping = dict(self.first), {}, threading.Event()
        self.thread = threading.Thread(target=self.follow)
        self.thread.start()
        return self

    def follow(self):
        while not self.stopping.wait(0.25):
            self.look()

    def look(self):
        now = processes(self.root)
        # Once a server process has ended, its parent's counters include it.
        self.last = {pid: what for pid, what in self.last.items() if not what[0].startswith("pg")} | now
        for name in OURS:
            most = max((rss for program, _, rss in now.values() if program == name), default=0)
            self.memory[name] = max(self.memory.get(name, 0), most)

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()
        self.look()
        spent = {}
        for pid, (program, ticks, _) in self.last.items():
            if program in PROGRAMS or program.startswith("pg"):
                spent[program] = spent.get(program, 0) + ticks - self.first.get(pid, (None, 0, 0))[1]
        for pid, (program, ticks, _) in self.first.items():
            if program.startswith("pg") and pid not in self.last:
                spent[program] = spent.get(program, 0) - ticks
        self.seconds = time.monotonic() - self.begun
        self.spent = {name: ticks / TICK for name, ticks in spent.items() if ticks > 0}

    def cost(self, operations):
        """Processor microseconds per operation, by program. Other work on the processors does not affect it."""
        return {name: round(seconds / operations * 1e6, 1) for name, seconds in self.spent.items()}
