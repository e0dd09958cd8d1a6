"""fault_limits.py - what runs out: open files, memory, the disk."""
import contextlib
import os
import subprocess
from pathlib import Path

MARGIN = 256 << 10


def limited(servers, pid, limit, value):
    """Sets a soft limit. Only the owner may, unless root has every capability."""
    command = ['prlimit', '--pid', str(pid), f'--{limit}={value}:']
    owner = os.stat(f'/proc/{pid}')
    if owner.st_uid != os.geteuid():
        ids = ['--reuid', str(owner.st_uid), '--regid', str(owner.st_gid), '--clear-groups']
        command = ['setpriv', *ids, *command]
    return subprocess.run(command, capture_output=True).returncode == 0


@contextlib.contextmanager
def below(servers, name, limit, value):
    pid = servers.pid(name)
    hard = limits(pid)[limit]
    limited(servers, pid, limit, value(pid))
    try:
        yield
    finally:
        # It can have ended: then the next one has the old limits.
        limited(servers, pid, limit, hard)


def limits(pid):
    """The soft limits as they were."""
    found = {}
    names = {'Max open files': 'nofile', 'Max address space': 'as'}
    for line in Path(f'/proc/{pid}/limits').read_text().splitlines():
        for name, short in names.items():
            if line.startswith(name):
                found[short] = line[len(name) :].split()[0]
    return found


def files(name):
    """Those that are open stay open; the next one fails."""

    def fault(servers, _rng):
        return below(servers, name, 'nofile', lambda pid: len(os.listdir(f'/proc/{pid}/fd')))

    return fault


def memory(name):
    def size(pid):
        return int(Path(f'/proc/{pid}/statm').read_text().split()[0]) * 4096 + MARGIN

    def fault(servers, _rng):
        return below(servers, name, 'as', size)

    return fault


def disk(name):
    @contextlib.contextmanager
    def fault(servers, _rng):
        filler = servers.disks[name] / 'filler'
        try:
            fill(filler)
            yield
        finally:
            filler.unlink(missing_ok=True)

    return fault


def fill(path):
    """Takes all that is left, down to the last block."""
    with open(path, 'wb') as file:
        size, step = 0, 1 << 30
        while step >= 4096:
            try:
                os.posix_fallocate(file.fileno(), size, step)
                size += step
            except OSError:
                step //= 2
