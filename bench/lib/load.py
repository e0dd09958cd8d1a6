"""load.py - the load programs: wrk for ours, pgbench for the floor. Every run has a time limit."""
import json
import re
import subprocess

from lib.servers import BENCH


def wrk(servers, script, connections, seconds, base=None, **variables):
    """Requests per second and latencies from wrk; an unsuccessful answer fails the run."""
    env = servers.env | {"BENCH_SCRIPT": str(BENCH / "wrk" / script)} | {f"BENCH_{k.upper()}": str(v) for k, v in variables.items()}
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s",
                           BENCH / "wrk/summary.lua", base or servers.base], env=env, text=True, capture_output=True,
                          timeout=seconds + 60)
    line = next((text for text in done.stdout.splitlines() if text.startswith("{")), None)
    if done.returncode != 0 or line is None:
        raise SystemExit(f"bench: wrk: {done.stdout}{done.stderr}")
    result = json.loads(line)
    if result["failed"] or result["broken"]:
        raise SystemExit(f"bench: {result['failed']} of {result['requests']} answers were refusals, {result['broken']} connections failed")
    return result | {"rate": result["requests"] / result["seconds"], "operations": result["requests"]}


def pgbench(servers, service, script, connections, seconds, **variables):
    """Transactions per second from pgbench, on the same server, as the same role, with the same plans as the programs."""
    env = servers.env | servers.connection(service) | {"PGOPTIONS": "-c plan_cache_mode=force_generic_plan"}
    threads = min(connections, 2)
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(connections), "-j", str(threads), "-T", str(seconds),
               "-f", BENCH / "pgbench" / script]
    for name, value in variables.items():
        command += ["-D", f"{name}={value}"]
    done = subprocess.run(command, env=env, text=True, capture_output=True, timeout=seconds + 60)
    rate = re.search(r"^tps = ([0-9.]+) \(without", done.stdout, re.M)
    count = re.search(r"actually processed: (\d+)", done.stdout)
    if done.returncode != 0 or rate is None or not re.search(r"failed transactions: 0 ", done.stdout):
        raise SystemExit(f"bench: pgbench: {done.stdout}{done.stderr[:2000]}")
    return {"rate": float(rate[1]), "operations": int(count[1]), "mean_us": round(float(re.search(r"latency average = ([0-9.]+)", done.stdout)[1]) * 1000)}
