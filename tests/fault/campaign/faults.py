"""faults.py - every kind of fault: what begins it, and what ends it.

A kind is a context: entering it begins the fault, leaving it ends it, whatever happened in between.
The driver waits inside those that last. `family` is what a summary puts together.
"""
import contextlib
import os
import shutil
import signal
from dataclasses import dataclass
from typing import Callable

import fault_clock
import fault_database
import fault_limits
from servers import CONSUMERS, DISKS, HANDLERS, LINKS, children

# What a busy machine does to requests, without any fault.
BUSY = 'impatient|503 overloaded'
PROGRAMS = (*HANDLERS, 'gateway', 'front', *CONSUMERS)


@dataclass
class Fault:
    name: str
    family: str
    make: Callable
    lasts: bool = True  # the driver waits inside it
    bears: str = '.*'  # how requests may fail meanwhile


def kill(target):
    @contextlib.contextmanager
    def fault(servers, rng):
        servers.signal(signal.SIGKILL, pick(servers, rng, target))
        yield

    return Fault(f'kill {target}', 'kill -9', fault, lasts=False)


def stop(target):
    @contextlib.contextmanager
    def fault(servers, rng):
        pid = pick(servers, rng, target)
        # PostgreSQL's sessions work on without the postmaster.
        pids = [pid, *children(pid)] if target == 'postgres' else [pid]
        servers.signal(signal.SIGSTOP, *pids)
        try:
            yield
        finally:
            servers.signal(signal.SIGCONT, *pids)

    return Fault(f'stop {target}', 'SIGSTOP', fault)


def pick(servers, rng, target):
    if target == 'session':
        return rng.choice(servers.backends() or [None])
    return servers.pid(target)


def terminate(target):
    @contextlib.contextmanager
    def fault(servers, _rng):
        servers.signal(signal.SIGTERM, servers.pid(target))
        yield

    return Fault(f'SIGTERM {target}', 'graceful', fault, lasts=False, bears=BUSY)


def restart(target, number=None, bears='.*'):
    @contextlib.contextmanager
    def fault(servers, _rng):
        if number:
            servers.signal(number, servers.pid(target))
        else:
            servers.sv('restart', target)
        yield

    name = f'restart {target}' + (' at once' if number else '')
    family = 'restart' if bears == '.*' else 'graceful'
    return Fault(name, family, fault, lasts=False, bears=bears)


def away(target):
    @contextlib.contextmanager
    def fault(servers, _rng):
        servers.sv('down', target)
        try:
            yield
        finally:
            servers.sv('up', target)

    return Fault(f'{target} is away', 'away', fault)


def link(name, mode):
    """`lost`: silent, and then the connections are gone for good, as after a firewall's restart."""

    @contextlib.contextmanager
    def fault(servers, rng):
        silent = 'silent' if mode == 'lost' else mode
        between = servers.front_through_proxy if name == 'front-gateway' else contextlib.nullcontext
        with between():
            servers.proxies.switch(name, silent, rng.choice((20, 100, 400)))
            try:
                yield
            finally:
                servers.proxies.switch(name, 'cut' if mode == 'lost' else 'pass')

    return Fault(f'{mode} {name}', f'network: {mode}', fault, lasts=mode != 'cut')


def kinds(servers):
    """Every kind that can be had here, and why the others cannot."""
    found = [kill(t) for t in (*PROGRAMS, 'postgres', 'session', 'rabbitmq', 'epmd')]
    found += [stop(t) for t in (*PROGRAMS, 'postgres', 'session', 'rabbitmq')]
    found += [terminate(t) for t in HANDLERS]
    # While the gateway is away the front says so: what is accepted is answered.
    found += [restart('gateway', bears=f'503 unavailable|{BUSY}')]
    found += [restart(t) for t in ('front', 'postgres', 'rabbitmq', *CONSUMERS)]
    found += [restart('postgres', signal.SIGQUIT)]
    found += [away(t) for t in ('postgres', 'rabbitmq', *CONSUMERS)]
    modes = ('cut', 'refuse', 'silent', 'lost', 'deaf', 'delay')
    found += [link(name, mode) for name in LINKS for mode in modes]
    for name in HANDLERS:
        found.append(Fault(f'no access to {name} database', 'database', fault_database.away(name)))
        found.append(Fault(f'locked {name} database', 'database', fault_database.locked(name)))
        found.append(
            Fault(f'restore {name} database', 'restore', fault_database.restored(name), lasts=False)
        )
    for name in (*PROGRAMS, 'postgres'):
        found.append(Fault(f'no files for {name}', 'no files', fault_limits.files(name)))
    for name in (*HANDLERS, *CONSUMERS):
        found.append(Fault(f'no memory for {name}', 'no memory', fault_limits.memory(name)))
    found += [
        Fault(f'disk full: {name}', 'disk full', fault_limits.disk(name)) for name in servers.disks
    ]
    if clocks(servers):
        for name in (*HANDLERS, *CONSUMERS, 'postgres'):
            for hours in (1, -1):
                way = 'ahead' if hours > 0 else 'back'
                make = fault_clock.moved(name, hours)
                found.append(Fault(f'clock {way}: {name}', 'clock', make))
    return found, missing(servers)


def clocks(servers):
    return fault_clock.library() and servers.build.name not in ('san', 'tsan')


def missing(servers):
    reasons = []
    if len(servers.disks) < len(DISKS):
        reasons.append('no full disks: these need root, mkfs.ext4 and loop devices')
    if not clocks(servers):
        reasons.append('no clocks: these need libfaketime, and programs without sanitizers')
    if os.geteuid() != 0 and not shutil.which('prlimit'):
        reasons.append('no limits: these need prlimit')
    return reasons
