"""fault_clock.py - one program whose clock is an hour ahead, or behind, and is then set right."""
import contextlib
import glob
import os
import re
import signal

from servers import HANDLERS


def library():
    return next(iter(glob.glob('/usr/lib/*/faketime/libfaketimeMT.so.1')), None)


def variables(hours):
    # Only the time of day moves: waits are unaffected, as when a clock is set.
    return f'LD_PRELOAD={library()} FAKETIME={hours:+d}h FAKETIME_DONT_FAKE_MONOTONIC=1'


def moved(name, hours):
    @contextlib.contextmanager
    def fault(servers, _rng):
        with handler(servers, name, hours) if name in HANDLERS else service(servers, name, hours):
            yield

    return fault


def forget(pid):
    """What the library leaves behind of a process that is killed."""
    for path in glob.glob(f'/dev/shm/*faketime_*_{pid}'):
        os.unlink(path)


@contextlib.contextmanager
def handler(servers, name, hours):
    """The gateway starts it again, and finds the wrapper first."""
    wrapper = servers.extra / 'bin' / name
    wrapper.write_text(f'#!/bin/sh\nexec env {variables(hours)} {servers.build / name}\n')
    wrapper.chmod(0o755)
    servers.signal(signal.SIGKILL, servers.pid(name))
    try:
        yield
    finally:
        wrapper.unlink()
        pid = servers.pid(name)
        servers.signal(signal.SIGKILL, pid)
        forget(pid)


@contextlib.contextmanager
def service(servers, name, hours):
    script = servers.data / 'service' / name / 'run'
    text = script.read_text()
    # After the change of users: the library's semaphore belongs to who loads it first.
    moved_text, count = re.subn(r"('--pdeathsig' '\w+')", rf'\1 env {variables(hours)}', text)
    assert count == 1, text
    script.write_text(moved_text)
    servers.sv('restart', name)
    try:
        yield
    finally:
        script.write_text(text)
        pid = servers.pid(name)
        servers.sv('restart', name)
        forget(pid)
