"""servers.py - the system under load: starts it on its own servers, calls it, watches it, stops it."""
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from lib.programs import names

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
CONSUMERS = names("consumer")


def eventually(seconds, condition, what, turn=0.05):
    """Waits until condition() is true, checking every `turn` seconds, for at most `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"bench: not within {seconds} s: {what}")
        time.sleep(turn)


class Servers:
    def __init__(self, port, data, build):
        self.port, self.data, self.build = port, Path(data), Path(build).resolve()
        self.env = {k: v for k, v in os.environ.items() if not k.endswith("_DATABASE_URL") and k != "AMQP_URL"}
        # Only the token lifetime differs from the defaults, because a run takes longer than ten
        # minutes.
        self.env |= {"PORT": str(port), "DATA_DIR": str(self.data), "BUILD": str(self.build), "BIND": "127.0.0.1",
                     "ACCESS_TOKEN_TIME": "1d", "PURSE_CONFIG": str(self.data / "purse.env")}
        self.base = f"http://127.0.0.1:{port}"
        self.floor_gateway = None

    def up(self):
        subprocess.run([ROOT / "tools/up"], env=self.env, check=True, stdout=subprocess.DEVNULL)
        self.state = dict(line.split("=", 1) for line in (self.data / "state.env").read_text().splitlines())

    def down(self):
        self.floor_stop()
        subprocess.run([ROOT / "tools/down"], env=self.env, check=True, stdout=subprocess.DEVNULL)

    # ---- PostgreSQL ----

    def connection(self, service, role="app"):
        """libpq's variables for the private server's socket, which the programs also use."""
        return {"PGHOST": str(self.data / "run/postgres"), "PGPORT": self.state["POSTGRES_PORT"],
                "PGDATABASE": f"purse_{service}", "PGUSER": f"purse_{service}_{role}",
                "PGPASSWORD": self.state[f"PASSWORD_{service.upper()}_{role.upper()}"]}

    def psql(self, service, *arguments, role="owner"):
        command = ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", *arguments]
        done = subprocess.run(command, env=self.env | self.connection(service, role), text=True, capture_output=True)
        if done.returncode != 0:
            raise SystemExit(f"bench: psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def sql(self, service, query):
        return self.psql(service, "-c", query)

    def checkpoint(self):
        """So that no scenario pays for pages written by the previous one."""
        self.psql_admin("CHECKPOINT")

    def psql_admin(self, query):
        env = self.env | self.connection("wallet") | {"PGUSER": "postgres", "PGPASSWORD": self.state["PASSWORD_POSTGRES"]}
        return subprocess.run(["psql", "-X", "-q", "-At", "-c", query], env=env, check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()

    # ---- HTTP ----

    def call(self, method, path, body=None, token=None, headers=None, base=None):
        """Makes one call; returns (status, headers, JSON body)."""
        request = urllib.request.Request((base or self.base) + path, method=method)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, json.loads(refused.read() or b"null")

    # ---- events ----

    def service(self, action, name):
        subprocess.run(["sv", "-w", "30", action, self.data / "service" / name], check=True, stdout=subprocess.DEVNULL)

    def relay_is_done(self):
        """True if everything committed has been published."""
        return self.sql("wallet", "SELECT NOT EXISTS (SELECT FROM transaction WHERE xid >"
                        " coalesce((SELECT xid FROM outbox_cursor WHERE name = 'transaction'), '0'::xid8))") == "t"

    def lines_missing(self):
        """The number of transactions that no statement shows yet."""
        return int(self.sql("wallet", "SELECT sum(version) FROM wallet") or 0) - \
            int(self.sql("statement", "SELECT coalesce(sum(version), 0) FROM wallet WHERE wallet_id NOT BETWEEN"
                         " '70000000-0000-7000-8000-000000000000' AND '7fffffff-0000-7000-8000-000000000000'"))

    def await_quiet(self, seconds=300):
        eventually(seconds, lambda: self.lines_missing() == 0, "the statements catch up", 0.5)

    # ---- the gateway of the floor of reads ----

    def floor_start(self):
        folder = self.data / "run"
        (folder / "floor.sock-0").unlink(missing_ok=True)
        port = self.port + 1
        env = self.env | {"PATH": f"{self.build}/bench:{os.environ['PATH']}", "PURSE_ROOT": str(ROOT), "RUN_DIR": str(folder / "gateway"),
                          "FLOOR_DIR": str(folder), "BIND": "127.0.0.1", "PORT": str(port), "BODY_KIB": "64",
                          "GATEWAY_BIND": str(folder / "floor-gateway.sock"), "GATEWAY_PORT": "0", "GATEWAY_RAW": str(folder / "floor-raw.sock"),
                          "STATEMENT_DIR": str(self.data / "statements"), "BACKENDS": str(BENCH / "floor/backends.conf")}
        # Its log goes where that of the real one goes: through a pipe to svlogd.
        for log in ("floor", "floor-front"):
            (self.data / "log" / log).mkdir(exist_ok=True)
        self.floor_gateway = subprocess.Popen(
            ["bash", "-c", 'exec lighttpd -D -f "$1" > >(exec svlogd "$2") 2>&1', "-", ROOT / "lighttpd.conf", self.data / "log/floor"],
            env=env, cwd=folder)
        self.floor_front = subprocess.Popen(
            ["bash", "-c", 'exec "$1" > >(exec svlogd "$2") 2>&1', "-", ROOT / "deploy/front/run", self.data / "log/floor-front"], cwd=folder,
            env=env | {"RUN_DIR": str(folder), "GATEWAY": f"unix@{folder}/floor-gateway.sock", "GATEWAY_RAW": f"unix@{folder}/floor-raw.sock"})
        base = f"http://127.0.0.1:{port}"

        def answers():
            try:
                return self.call("GET", "/health/wallet", base=base)[0] == 200
            except OSError:
                return False
        eventually(10, answers, "the gateway of the floor answers")
        return base

    def floor_stop(self):
        if self.floor_gateway is not None:
            for server in (self.floor_front, self.floor_gateway):
                server.send_signal(signal.SIGTERM)
                server.wait(30)
            self.floor_gateway = None
