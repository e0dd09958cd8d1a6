"""setup.py - the owners of the load: users who sign up through the API, and wallets with money."""
import concurrent.futures
import json
from pathlib import Path

from lib.servers import BENCH

OWNERS = 64
PASSWORD = "a bench has a long password"


class People:
    """The owners of the wallets, and files with their tokens and e-mail addresses for the wrk scripts."""

    def __init__(self, folder, known):
        self.ids, self.tokens, self.emails = known["ids"], known["tokens"], known["emails"]
        self.token_file, self.email_file = folder / "tokens", folder / "emails"
        for file, lines in ((self.token_file, self.tokens), (self.email_file, self.emails)):
            file.write_text("\n".join(lines) + "\n")
            file.chmod(0o600)


def enter(servers, email):
    who = {"email": email, "password": PASSWORD}
    status, _, user = servers.call("POST", "/v1/auth/sign-up", who)
    if status == 201:
        status, _, session = servers.call("POST", "/v1/auth/sign-in", who)
    if status != 200:
        raise SystemExit(f"bench: {email} cannot sign up and in: {status}")
    return user["id"], session["access_token"]


def people(servers):
    """The users of an earlier run on these servers if their tokens are valid, or new ones."""
    folder = Path(servers.data) / "bench"
    folder.mkdir(exist_ok=True)
    file = folder / "people.json"
    if file.exists():
        known = json.loads(file.read_text())
        if servers.call("GET", "/v1/auth/me", token=known["tokens"][0])[0] == 200:
            return People(folder, known)
        raise SystemExit(f"bench: the tokens of the earlier run have expired: remove {servers.data} (make clean-data)")
    emails = [f"bench-{n}@example.com" for n in range(OWNERS)]
    with concurrent.futures.ThreadPoolExecutor(4) as several:
        ids, tokens = zip(*several.map(lambda email: enter(servers, email), emails))
    known = {"ids": ids, "tokens": tokens, "emails": emails}
    file.write_text(json.dumps(known))
    file.chmod(0o600)
    return People(folder, known)


def wallets(servers, people, first, count):
    servers.psql("wallet", "-v", f"users={{{','.join(people.ids)}}}", "-v", f"first={first}", "-v", f"count={count}",
                 "-f", BENCH / "wallets.sql")


def grow(servers, people, first, count, rows):
    """Adds wallets with a past of `rows` transactions each, in both databases (growth.sql)."""
    for side in ("wallet", "statement"):
        servers.psql(side, "-v", f"users={{{','.join(people.ids)}}}", "-v", f"first={first}", "-v", f"count={count}", "-v",
                     f"rows={rows}", "-v", f"side={side}", "-f", BENCH / "growth.sql")


def wallet_id(n):
    return f"{n:08x}-0000-7000-8000-000000000000"
