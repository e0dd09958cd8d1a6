"""soak.py - an hour of even load without faults: memory, open files and threads must stay flat.

  soak.py [--seconds N] [--seed N]

Samples every process; the median of the last quarter must not exceed that of the second quarter,
by which all caches and pools are filled, by more than GROWTH. Then the checker.
"""
import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from campaign import Campaign
from plan import Plan
from servers import CONSUMERS, HANDLERS, ROOT, Servers

SAMPLES = 240
# measure: (share, and what is always allowed)
GROWTH = {'memory (KiB)': (0.1, 4096), 'open files': (0.1, 4), 'threads': (0, 1)}


def measure(pid):
    folder = Path(f'/proc/{pid}')
    status = dict(
        line.split(':', 1) for line in (folder / 'status').read_text().splitlines() if ':' in line
    )
    return {
        'memory (KiB)': int(status['RssAnon'].split()[0]),
        'open files': len(os.listdir(folder / 'fd')),
        'threads': int(status['Threads']),
    }


class Soak(Campaign):
    def run(self):
        self.servers.start()
        self.load.prepare()
        self.write_addresses()
        self.load.start()
        self.samples = {name: [] for name in (*HANDLERS, 'gateway', 'front', *CONSUMERS)}
        began, pids = time.monotonic(), {name: self.servers.pid(name) for name in self.samples}
        for turn in range(SAMPLES):
            time.sleep(max(0, began + turn * self.plan.seconds / SAMPLES - time.monotonic()))
            for name, pid in pids.items():
                self.samples[name].append(measure(pid))
        self.load.stop()
        self.settle()
        self.report()
        return self.check()

    def report(self):
        print(f'{"":24s} {"":14s}   second quarter   last quarter')
        for name, samples in self.samples.items():
            for what, (share, least) in GROWTH.items():
                quarter = len(samples) // 4
                before = median(s[what] for s in samples[quarter : 2 * quarter])
                after = median(s[what] for s in samples[-quarter:])
                print(f'{name:24s} {what:14s} {before:12.0f} {after:14.0f}')
                if after > before * (1 + share) + least:
                    self.problems.append(f'{name}: {what} grew from {before:.0f} to {after:.0f}')
        print(f'{self.load.done} operations')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--seconds', type=float, default=3600)
    parser.add_argument('--seed', default=str(int(time.time())))
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix='purse-soak-'))
    # About half of what the clients and Purse can do together on two cores.
    plan = Plan(options.seed, options.seconds, clients=20, publishers=4, rate=12)
    servers = Servers(f'/tmp/purse-fault-{os.getpid()}', ROOT / os.environ.get('BUILD', 'build'))
    print(f'seed {plan.seed}, journal in {folder}', flush=True)
    try:
        status = Soak(plan, servers, folder).run()
    finally:
        servers.stop()
    sys.exit(status)


if __name__ == '__main__':
    main()
