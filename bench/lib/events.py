"""events.py - scenarios for events and statements: full queues, lag, pages, files; and for sign-ins."""
import json
import random
import secrets
import statistics
import subprocess
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone

from lib import load, setup
from lib.posting import Pair, watched
from lib.servers import eventually
from lib.watch import Watch


def drained(bench, consumer):
    """The seconds that a consumer takes to drain its queue, and the cost."""
    s = bench.servers
    with Watch(bench.supervisor) as watch:
        begun = time.monotonic()
        subprocess.run([s.build / consumer, "--drain"], env=s.env, check=True, stderr=subprocess.DEVNULL)
        seconds = time.monotonic() - begun
    return seconds, watch


def emitted(bench):
    """transaction_emitted waiting in wallet_queue, compared with post() at 64 connections."""
    s, pair = bench.servers, Pair(f"events, {bench.events} waiting in wallet_queue", 5.0)
    for _ in range(bench.rounds_long):
        s.checkpoint()
        pair.floor.append(watched(bench, load.pgbench, "wallet", "post.sql", 64, bench.seconds, wallets=bench.wallets))
        s.await_quiet()
        s.service("down", "transaction_consumer")
        publish(bench, bench.events)
        s.checkpoint()
        before = int(s.sql("wallet", "SELECT sum(version) FROM wallet"))
        seconds, watch = drained(bench, "transaction_consumer")
        posted = int(s.sql("wallet", "SELECT sum(version) FROM wallet")) - before
        if posted != bench.events:
            raise SystemExit(f"bench: {posted} of {bench.events} events were posted")
        pair.ours.append({"rate": posted / seconds, "cost": watch.cost(posted), "memory": watch.memory})
        s.service("up", "transaction_consumer")
        s.await_quiet()
    return pair.row()


def publish(bench, count):
    """Publishes events for random wallets to wallet_queue."""
    run = secrets.token_hex(4)
    with tempfile.TemporaryFile("w+") as lines:
        for n in range(count):
            wallet = random.randrange(bench.wallets)
            data = {"wallet_id": setup.wallet_id(wallet), "user_id": bench.people.ids[wallet % setup.OWNERS],
                    "kind": "deposit", "amount": random.randint(1, 10000), "description": "Till"}
            lines.write(json.dumps({"specversion": "1.0", "type": "transaction_emitted", "pattern": "transaction_emitted",
                                    "source": "/bench", "id": f"{run}-{n}", "data": data}) + "\n")
        lines.seek(0)
        subprocess.run([bench.servers.build / "purse", "publish", "--lines", "wallet_queue"], env=bench.servers.env,
                       check=True, stdin=lines, stdout=subprocess.DEVNULL)


def statement_queue(bench, posting):
    """transaction_created waiting in statement_queue. It must be at least as fast as posting, so our posting is the floor."""
    s = bench.servers
    s.await_quiet()
    s.service("down", "statement_consumer")
    publish(bench, bench.events)
    eventually(300, lambda: s.lines_missing() >= bench.events and s.relay_is_done(), "the relay publishes", 0.5)
    s.checkpoint()
    seconds, watch = drained(bench, "statement_consumer")
    s.service("up", "statement_consumer")
    if s.lines_missing() != 0:
        raise SystemExit("bench: lines are missing after the drain")
    rate = bench.events / seconds
    return {"scenario": f"statement_consumer, {bench.events} waiting", "ours": rate, "floor": posting["ours"],
            "ratio": rate / posting["ours"], "bar": 1.0, "unit": "/s", "cost": watch.cost(bench.events),
            "memory": watch.memory}


def lag(bench, posting):
    """The time from the 201 to the line in the statement, while the load runs at half the measured rate."""
    s, delays = bench.servers, []
    pause = round(64 / (posting["ours"] / 2) * 1000)
    background = threading.Thread(target=lambda: loads.append(load.wrk(
        s, "post.lua", 64, bench.lag_seconds, wallets=bench.wallets, tokens=bench.people.token_file, delay_ms=pause)))
    loads = []
    with Watch(bench.supervisor) as watch:
        background.start()
        time.sleep(1)
        while background.is_alive():
            delays.append(lag_once(bench))
    delays = sorted(delays)
    s.await_quiet()
    return {"scenario": f"lag from 201 to the statement at {loads[0]['rate']:.0f}/s", "ours": percentile(delays, 0.99) * 1000,
            "floor": 100, "ratio": percentile(delays, 0.99) * 1000 / 100, "bar": 1.0, "unit": "ms p99", "less": True,
            "p50_us": statistics.median(delays) * 1e6, "p99_us": percentile(delays, 0.99) * 1e6, "memory": watch.memory,
            "samples": len(delays)}


def lag_once(bench):
    """Makes a posting, and requests its statement with min_version, which answers as soon as the line has arrived."""
    n = random.randrange(bench.wallets)
    token = bench.people.tokens[n % setup.OWNERS]
    status, _, posted = bench.servers.call("POST", "/v1/transactions", {
        "wallet_id": setup.wallet_id(n), "kind": "deposit", "amount": 1}, token)
    begun = time.monotonic()
    if status != 201:
        raise SystemExit(f"bench: a posting returned {status}")
    today = datetime.now(timezone.utc).date()
    status, _, page = bench.servers.call("GET", f"/v1/statements?wallet_id={posted['wallet_id']}&from={today}&to={today}"
                                         f"&limit=1&min_version={posted['version']}", None, token)
    if status != 200:
        raise SystemExit(f"bench: a statement returned {status}")
    return time.monotonic() - begun


def percentile(ordered, part):
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


LINES = """
INSERT INTO line (wallet_id, version, transaction_id, kind, amount, balance_after, created_at, merchant, description)
SELECT '{wallet}', n, ('{part:08x}-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
	CASE WHEN n = 1 THEN 'opening' WHEN n % 2 = 0 THEN 'deposit' ELSE 'purchase' END,
	CASE WHEN n = 1 THEN 0 WHEN n % 2 = 0 THEN 1000 ELSE -999 END, (n / 2) * 1000 - greatest((n - 1) / 2, 0) * 999,
	now() - interval '10 days' + n * interval '{step}', CASE WHEN n % 2 = 1 AND n > 1 THEN 'Corner Shop' END, 'Bread and milk'
FROM generate_series(1, {lines}) AS n;
INSERT INTO wallet (wallet_id, owner_id, version, newest, currency) VALUES ('{wallet}', '{owner}', {lines}, {lines}, 'EUR');
"""


def history(bench, part, lines, step):
    """Creates a wallet with `lines` lines, in the statement database only, for the first user. Returns its number."""
    number = 0x70000000 + part
    if bench.servers.sql("statement", f"SELECT EXISTS (SELECT FROM wallet WHERE wallet_id = '{setup.wallet_id(number)}')") == "t":
        return number
    bench.servers.sql("statement", LINES.format(wallet=setup.wallet_id(number), part=part, owner=bench.people.ids[0],
                                                lines=lines, step=step))
    bench.servers.sql("statement", "ANALYZE line")
    return number


def inline(bench):
    """1,000 lines in one answer, compared with PostgreSQL returning the same rows as JSON in one query."""
    s, pair = bench.servers, Pair("statement of 1,000 lines, 15 days, 1 connection", 0.5)
    number = history(bench, 1, 1000, "1 second")
    today = datetime.now(timezone.utc).date()
    path = f"/v1/statements?wallet_id={setup.wallet_id(number)}&from={today - timedelta(days=14)}&to={today}&format=csv"
    first = s.data / "bench/first"
    first.write_text(bench.people.tokens[0] + "\n")
    for _ in range(bench.rounds):
        pair.floor.append(watched(bench, load.pgbench, "statement", "statement.sql", 1, bench.seconds_short, wallet=number,
                                  lines=1000))
        pair.ours.append(watched(bench, load.wrk, "read.lua", 1, bench.seconds_short, wallets=1, tokens=first, path=path))
    return pair.row()


def job(bench):
    """A file of many lines: lines per second from request to ready, and the consumer's memory."""
    s, token = bench.servers, bench.people.tokens[0]
    number = history(bench, 2, bench.job_lines, "0.5 seconds")
    today = datetime.now(timezone.utc).date()
    path = f"/v1/statements?wallet_id={setup.wallet_id(number)}&from={today - timedelta(days=59)}&to={today}&format=csv"
    with Watch(bench.supervisor) as watch:
        begun = time.monotonic()
        status, _, asked = s.call("GET", path, None, token)
        if status != 202:
            raise SystemExit(f"bench: a long statement returned {status}: {asked}")

        def ready():
            state = s.call("GET", f"/v1/statements/{asked['id']}", None, token)[2]
            if state["status"] == "failed":
                raise SystemExit("bench: the statement job failed")
            return state["status"] == "ready"
        eventually(300, ready, "the file is ready")
        seconds = time.monotonic() - begun
    memory = watch.memory["statement_consumer"] / 2 ** 20
    return {"scenario": f"statement job, {bench.job_lines} lines to CSV", "ours": bench.job_lines / seconds, "floor": 200000,
            "ratio": bench.job_lines / seconds / 200000, "bar": 1.0, "unit": "lines/s",
            "cost": watch.cost(bench.job_lines), "memory": watch.memory, "note": f"statement_consumer {memory:.0f} MiB of 32", "holds": memory <= 32}


def sign_in(bench):
    """Sign-ins, compared with argon2id alone in a loop, with the same parameters on the same processors."""
    s, pair = bench.servers, Pair("sign-ins, 8 connections", 0.9)
    for _ in range(bench.rounds):
        floor = subprocess.run([s.build / "bench/floor_argon2", str(bench.seconds), "2", str(19 * 2 ** 20), "2"], check=True,
                               text=True, stdout=subprocess.PIPE)
        pair.floor.append({"rate": float(floor.stdout)})
        pair.ours.append(watched(bench, load.wrk, "sign_in.lua", 8, bench.seconds, users=bench.people.email_file,
                                 password=setup.PASSWORD))
    return pair.row()
