#!/usr/bin/env python3
"""growth.py - measures what each declared statement reads, in a small and in a large database.

growth.py SMALL LARGE

The statements come from the sources, their values from calls.txt. AUTH_URL, WALLET_URL and
STATEMENT_URL are empty, migrated databases. EXPLAIN (ANALYZE, BUFFERS) counts the pages of a call,
functions included, and PostgreSQL's statistics count its rows. Twice as many, and 60 more, are
allowed in the large database: indexes and binary searches grow with the logarithm.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
SERVICES = {"auth": ["domain/identity", "handlers/auth"],
            "wallet": ["domain/ledger", "handlers/wallet", "common/outbox"],
            "statement": ["domain/statement", "handlers/statement", "common/outbox/relay.c"]}
CONSUMERS = "consumers"
DECLARED = re.compile(r'struct db_statement (\w+) = \{\s*"(\w+)",\s*((?:"(?:[^"\\]|\\.)*"\s*)+),')


def declared_in(path):
    """The statements of a file: (variable, name, SQL), with the macros expanded."""
    flags = subprocess.run(["pkg-config", "--cflags", "libpq", "jansson", "libsodium", "libcurl",
                            "librabbitmq"], capture_output=True, text=True, check=True).stdout
    text = subprocess.run(["cc", "-E", "-P", "-I.", "-D_GNU_SOURCE", *flags.split(), path],
                          capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return [(variable, name, "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', sql)).replace('\\"', '"'))
            for variable, name, sql in DECLARED.findall(text)]


def sources(path):
    folder = f"{ROOT}/{path}"
    if not os.path.isdir(folder):
        return [path]
    return [f"{path}/{file}" for file in sorted(os.listdir(folder)) if file.endswith(".c")]


def service_of(variable, usual):
    return "statement" if "jobs" in variable or variable.startswith("follower_") else usual


def statements():
    """{"wallet/post": SQL, …}"""
    found = {}
    for service, paths in SERVICES.items():
        for path in [file for each in paths for file in sources(each)]:
            for variable, name, sql in declared_in(path):
                found[f"{service_of(variable, service)}/{name}"] = sql
    for path in sources(CONSUMERS):
        for variable, name, sql in declared_in(path):
            found[f"{service_of(variable, 'wallet')}/{name}"] = sql
    return found


def unread():
    """Sources with statements that nothing above reads. tools/ is the operator's."""
    read = {file for paths in [*SERVICES.values(), [CONSUMERS]] for path in paths
            for file in sources(path)}
    kept = subprocess.run(["grep", "-rlE", "--include=*.c", "struct db_statement [a-z_]+ =",
                           "common", "consumers", "domain", "handlers"],
                          capture_output=True, text=True, cwd=ROOT, check=True).stdout.split()
    return sorted(set(kept) - read)


def calls():
    """(case, statement, values, most) of each row of calls.txt; values None: not measured."""
    rows = []
    for line in open(f"{HERE}/calls.txt"):
        if not line.strip() or line.startswith("#"):
            continue
        case, most, values = re.fullmatch(r"(\S+)(?: +<= (\d+))? *(.*)", line.strip()).groups()
        rows.append((case, case.split(":")[0], None if values.startswith("none:") else values,
                     int(most or 0)))
    return rows


MEASURE = """
CREATE FUNCTION pg_temp.rows_read() RETURNS bigint LANGUAGE sql VOLATILE AS
	$$ SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint
	   FROM pg_stat_xact_user_tables WHERE schemaname = 'public' $$;
CREATE FUNCTION pg_temp.cost(call text, OUT pages bigint, OUT rows bigint)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	plan   json;
	before bigint := pg_temp.rows_read();
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ' || call INTO plan;
	pages := (plan #>> '{0,Plan,Shared Hit Blocks}')::bigint
		+ (plan #>> '{0,Plan,Shared Read Blocks}')::bigint;
	rows := pg_temp.rows_read() - before;
END $$;
SET plan_cache_mode = force_generic_plan;
"""


def script(service, past, rows, known):
    lines = [f"\\set past {past}\n\\set rows {rows}", open(f"{HERE}/{service}.sql").read(), MEASURE]
    for case, statement, values, _ in calls():
        if not statement.startswith(service + "/") or values is None:
            continue
        call = f"EXECUTE measured({values})" if values else "EXECUTE measured"
        # The second call is measured: the first one fills the session's caches.
        lines.append(f"""PREPARE measured AS {known[statement]};
BEGIN; SAVEPOINT before;
SELECT pages AS unused FROM pg_temp.cost($call$ {call} $call$) \\gset
ROLLBACK TO before;
SELECT '{case} ' || pages || ' ' || rows FROM pg_temp.cost($call$ {call} $call$);
ROLLBACK; DEALLOCATE measured;""")
    return "\n".join(lines)


def interpolated(text):
    """psql does not replace variables in dollar quotes: do it here."""
    fixed = dict(re.findall(r"^\\set (\w+) '''(.*)'''$", text, re.M))
    numbers = dict(re.findall(r"^\\set (\w+) (\d+)$", text, re.M))

    def value(match):
        name = match.group(1)
        return f"'{fixed[name]}'" if name in fixed else numbers.get(name, match.group(0))
    return re.sub(r"\$call\$.*?\$call\$",
                  lambda call: re.sub(r"(?<!:):(\w+)", value, call.group(0)), text, flags=re.S)


def measure(service, past, rows, known):
    run = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d",
                          os.environ[f"{service.upper()}_URL"]],
                         input=interpolated(script(service, past, rows, known)),
                         capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stderr)
    return {line.split()[0]: [int(n) for n in line.split()[1:]]
            for line in run.stdout.splitlines() if line.count(" ") == 2}


def main():
    small, large = int(sys.argv[1]), int(sys.argv[2])
    known, bad = statements(), []
    called = {statement for _, statement, *_ in calls()}
    most = {case: rows for case, _, _, rows in calls()}
    bad += [f"{name} has no row in calls.txt" for name in sorted(known.keys() - called)]
    bad += [f"{name} of calls.txt is no statement" for name in sorted(called - known.keys())]
    bad += [f"{path} has statements, but is not read" for path in unread()]
    for service in SERVICES if not bad else ():
        few = measure(service, 0, small, known)
        many = measure(service, small, large, known)
        for case in few:
            print(f"{case}: {few[case][0]} pages, {few[case][1]} rows; "
                  f"{many[case][0]} pages, {many[case][1]} rows")
            if any(after > max(2 * before + 60, most[case])
                   for before, after in zip(few[case], many[case])):
                bad.append(f"{case} reads more the longer the history is")
    print("\n".join(bad))
    sys.exit(bool(bad))


main()
