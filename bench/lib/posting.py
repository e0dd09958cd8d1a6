"""posting.py - scenarios for HTTP: posting compared with post() alone, and reads compared with a bare answer."""
import statistics

from lib import load, setup
from lib.watch import Watch


class Pair:
    """Ours and the floor take turns in one run, because other work on the machine changes from minute to minute."""

    def __init__(self, name, bar, unit="/s"):
        self.name, self.bar, self.unit, self.ours, self.floor = name, bar, unit, [], []

    def row(self):
        rates = [r["rate"] for r in self.ours], [r["rate"] for r in self.floor]
        ratios = sorted(a / b for a, b in zip(*rates))
        ours, floor = statistics.median(rates[0]), statistics.median(rates[1])
        row = {"scenario": self.name, "ours": ours, "floor": floor, "ratio": statistics.median(ratios), "bar": self.bar,
               "unit": self.unit, "ratios": ratios, "runs": {"ours": self.ours, "floor": self.floor}}
        for name in ("p50_us", "p99_us"):
            values = [r[name] for r in self.ours if name in r]
            if values:
                row[name] = statistics.median(values)
        # The cost of an operation, as the median of the turns, for ours and for the floor.
        for name, turns in (("cost", self.ours), ("floor_cost", self.floor)):
            costs = [turn["cost"] for turn in turns if "cost" in turn]
            if costs:
                row[name] = {program: statistics.median(cost.get(program, 0) for cost in costs) for program in costs[0]}
        memories = [turn["memory"] for turn in self.ours if "memory" in turn]
        if memories:
            row["memory"] = {name: max(m.get(name, 0) for m in memories) for name in memories[0]}
        return row


def watched(bench, run, *arguments, **more):
    """A run with its cost, by program."""
    with Watch(bench.supervisor) as watch:
        result = run(bench.servers, *arguments, **more)
    return result | {"cost": watch.cost(result["operations"]), "memory": watch.memory}


def posting(bench, name, bar, connections, wallets):
    """Deposits and purchases, half each. The statements catch up after each turn, so no turn pays for another."""
    pair, s = Pair(name, bar), bench.servers
    for _ in range(bench.rounds):
        s.checkpoint()
        pair.floor.append(watched(bench, load.pgbench, "wallet", "post.sql", connections, bench.seconds, wallets=wallets))
        s.await_quiet()
        s.checkpoint()
        pair.ours.append(watched(bench, load.wrk, "post.lua", connections, bench.seconds, wallets=wallets,
                                 tokens=bench.people.token_file))
        pair.ours[-1]["behind"] = s.lines_missing()
        s.await_quiet()
    return pair.row()


def uniform64(bench):
    return posting(bench, f"posting, {bench.wallets} wallets, 64 connections", 2.0, 64, bench.wallets)


def hot(bench):
    return posting(bench, "posting, one wallet, 64 connections", 8.0, 64, 1)


def uniform16(bench):
    return posting(bench, f"posting, {bench.wallets} wallets, 16 connections", 1.2, 16, bench.wallets)


def uniform1(bench):
    return posting(bench, f"posting, {bench.wallets} wallets, 1 connection", 0.6, 1, bench.wallets)


def growth(bench):
    """Ours before and after the years of growth that give a service this many wallets and transactions."""
    s, rows = bench.servers, 20
    pair = Pair(f"growth: posting over {bench.grown:,} wallets with {bench.grown * rows:,} transactions, against {bench.wallets:,}", 0.8)

    def turn(wallets):
        s.checkpoint()
        done = watched(bench, load.wrk, "post.lua", 64, bench.seconds, wallets=wallets, tokens=bench.people.token_file)
        s.await_quiet()
        return done
    for _ in range(bench.rounds):
        pair.floor.append(turn(bench.wallets))
    s.service("down", "outbox_relay")
    setup.grow(s, bench.people, bench.wallets, bench.grown - bench.wallets, rows)
    s.service("up", "outbox_relay")
    for _ in range(bench.rounds):
        pair.ours.append(turn(bench.grown))
    return pair.row()


def reads(bench):
    pair, s = Pair("balance reads, 64 connections", 0.6), bench.servers
    arguments = {"wallets": bench.wallets, "tokens": bench.people.token_file, "path": "/v1/wallets/%s/balance"}
    floor = s.floor_start()
    try:
        for _ in range(bench.rounds):
            pair.floor.append(watched(bench, load.wrk, "read.lua", 64, bench.seconds, base=floor, **arguments))
            pair.ours.append(watched(bench, load.wrk, "read.lua", 64, bench.seconds, **arguments))
    finally:
        s.floor_stop()
    return pair.row()
