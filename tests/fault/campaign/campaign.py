"""campaign.py - the driver: load through both doors, faults one after another, then the checker.

  campaign.py [--short] [--seed N] [--seconds N] [--faults N] [--hold SECONDS] [--only TEXT]
              [--prove] [--keep] [--folder FOLDER]

Prints a line for each fault and a summary. Fails if the checker finds a difference, if the system
does not recover, or, unless --short, if it recovers later than the bounds below.
"""
import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import psycopg2
from doors import PASSWORD
from faults import kinds
from load import Load
from meter import Meter
from plan import Plan
from servers import ROOT, Servers, eventually

# Seconds, median and worst. What Purse promises on a machine of its own is half of that.
BOUNDS = {'requests': (10, 30), 'statement': (20, 60)}
PATIENCE = int(os.environ.get("PATIENCE", "120"))


class Campaign:
    def __init__(self, plan, servers, folder):
        self.plan, self.servers, self.folder = plan, servers, folder
        self.meter, self.results, self.problems = Meter(), [], []
        self.load = Load(servers, self.meter, folder, plan)

    def run(self):
        self.servers.start()
        self.load.prepare()
        found, absent = kinds(self.servers)
        for reason in absent:
            print(f'  skipped: {reason}')
        self.write_addresses()
        self.load.start()
        time.sleep(1)
        began = time.monotonic()
        for kind, rng, hold in self.plan.order(found):
            limited = not (self.plan.faults or self.plan.short)
            if limited and time.monotonic() - began > self.plan.seconds:
                break
            self.one(kind, rng, hold)
            if self.problems or self.load.failed:
                break
        self.load.stop()
        self.settle()
        self.servers.resume_all()
        self.summary(time.monotonic() - began)
        return self.check()

    def one(self, kind, rng, hold):
        began = time.monotonic()
        try:
            with kind.make(self.servers, rng):
                if kind.lasts:
                    time.sleep(hold)
                ending = time.monotonic()
        except (subprocess.CalledProcessError, psycopg2.Error, OSError) as failure:
            self.problems.append(f'{kind.name}: {failure} {getattr(failure, "stderr", "")}')
            return
        end = ending if kind.lasts else time.monotonic()
        requests, statement = self.recovery(kind, end)
        failures = self.meter.failures(began, end + (requests or 0))
        worse = [f for f in failures if not re.fullmatch(kind.bears, f)]
        if worse:
            self.problems.append(f'{kind.name}: requests failed: {sorted(set(worse))}')
        self.results.append((kind, requests, statement))
        print(
            f'{len(self.results):5d}  {kind.name:40s} {seconds(requests)} {seconds(statement)}'
            f'  {len(failures):4d} failed  {self.load.done:7d} operations',
            flush=True,
        )

    def recovery(self, kind, end):
        """Waits until both work again; the seconds of each. What never comes is a problem."""
        found = {'requests': None, 'statement': None}
        marks, deadline = None, time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found['requests'] is None:
                found['requests'] = self.meter.recovered(end)
            if marks is None:
                marks = self.marks()
            elif found['statement'] is None:
                found['statement'] = self.caught_up(marks, end)
            # The short form goes on while events are still on their way.
            if found['requests'] is not None and (
                self.plan.short or found['statement'] is not None
            ):
                return found.values()
            time.sleep(0.05)
        late = [what for what, value in found.items() if value is None]
        self.problems.append(f'{kind.name}: not recovered after {PATIENCE} s: {late}')
        return found.values()

    def marks(self):
        """What the statement must reach: the version of each wallet now."""
        rows = self.query('wallet', 'SELECT id, version FROM wallet')
        return None if rows is None else dict(rows)

    def query(self, service, text):
        try:
            return self.servers.sql(service, text)
        except Exception:
            return None

    def caught_up(self, marks, end):
        rows = self.query('statement', 'SELECT wallet_id, version FROM wallet')
        known = dict(rows or [])
        if all(known.get(wallet, 0) >= version for wallet, version in marks.items()):
            return time.monotonic() - end
        return None

    # ---- the end ----

    def settle(self):
        """Everything that was accepted takes effect."""
        try:
            eventually(PATIENCE, self.is_settled, 'all events have been handled', 0.2)
        except TimeoutError as late:
            self.problems.append(str(late))

    def is_settled(self):
        marks = self.marks()
        if marks is None or self.caught_up(marks, 0) is None:
            return False
        time.sleep(0.5)
        return self.marks() == marks

    def write_addresses(self):
        path = self.folder / 'campaign.json'
        addresses = {
            'wallet': self.servers.database_url('wallet'),
            'statement': self.servers.database_url('statement'),
            'amqp': self.servers.amqp_url(),
            'base': f"http://127.0.0.1:{self.servers.state['PORT']}",
            'email': self.load.operator.email,
            'password': PASSWORD,
        }
        path.touch(0o600)
        path.write_text(json.dumps(addresses))

    def check(self):
        if self.script('checker.py') != 0:
            self.problems.append('the checker found differences')
        elif self.plan.prove and self.script('proof.py') != 0:
            self.problems.append('the checker does not find what is wrong')
        self.problems += self.load.failed
        for problem in self.problems:
            print(f'PROBLEM: {problem}')
        if self.problems:
            logs = shutil.copytree(self.servers.data / 'log', self.folder / 'log')
            print(f'the logs are in {logs}')
        return 1 if self.problems else 0

    def script(self, name):
        return subprocess.run([sys.executable, Path(__file__).parent / name, self.folder]).returncode

    def summary(self, took):
        families = {}
        for kind, requests, statement in self.results:
            families.setdefault(kind.family, []).append((requests, statement))
        print(f'\n{"":32s} faults   requests: median worst   statement: median worst')
        everything = [r for rows in families.values() for r in rows]
        for name, rows in sorted(families.items()) + [('all', everything)]:
            columns = [middle([r[i] for r in rows]) for i in (0, 1)]
            print(f'{name:32s} {len(rows):6d}   {columns[0]}         {columns[1]}')
        if not self.plan.short:
            self.bound(everything)
        print(f'\n{len(everything)} faults, {self.load.done} operations, {took:.0f} s; answers:')
        for (door, what), count in sorted(self.meter.counts.items()):
            print(f'  {door:6s} {what:40s} {count:8d}')

    def bound(self, rows):
        for place, (what, (usual, worst)) in enumerate(BOUNDS.items()):
            values = [r[place] for r in rows if r[place] is not None]
            if values and (median(values) > usual or max(values) > worst):
                self.problems.append(f'{what} recovered too late: the bounds are {usual}, {worst} s')


def seconds(value):
    return '    –  ' if value is None else f'{value:5.1f} s'


def middle(values):
    values = [v for v in values if v is not None]
    return f'{median(values):5.1f} s {max(values):5.1f} s' if values else f'{"–":>7s} {"–":>7s}'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--short', action='store_true')
    parser.add_argument('--seed', default=str(int(time.time())))
    parser.add_argument('--seconds', type=float, default=900)
    parser.add_argument('--faults', type=int, default=0)
    parser.add_argument('--hold', type=float, help='seconds that a fault lasts at most')
    parser.add_argument('--only', default='')
    parser.add_argument('--prove', action='store_true', help='that the checker can fail')
    parser.add_argument('--keep', action='store_true', help='the folder, and no cleaning')
    parser.add_argument('--folder', help='where the journal goes')
    options = parser.parse_args()
    folder = Path(options.folder or tempfile.mkdtemp(prefix='purse-campaign-'))
    folder.mkdir(exist_ok=True)
    plan = Plan(options.seed, options.seconds, options.faults, options.short, options.only)
    plan.prove, plan.hold = options.prove, options.hold or plan.hold
    servers = Servers(f'/tmp/purse-fault-{os.getpid()}', ROOT / os.environ.get('BUILD', 'build'))
    print(f'seed {plan.seed}, journal in {folder}', flush=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(130))
    try:
        status = Campaign(plan, servers, folder).run()
    finally:
        servers.resume_all()
        if not options.keep:
            servers.stop()
    if status == 0 and not (options.keep or options.folder):
        shutil.rmtree(folder)
    sys.exit(status)


if __name__ == '__main__':
    main()
