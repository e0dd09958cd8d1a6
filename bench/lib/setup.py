"""setup.py - whom the load belongs to: users who signed up through the API, and wallets with money."""
import concurrent.futures
import secrets
from pathlib import Path

from lib.servers import BENCH

OWNERS = 64
PASSWORD = "a bench has a long password"


class People:
    """The owners of the wallets: ids, and the files of tokens and e-mail addresses that the wrk scripts read."""

    def __init__(self, servers):
        folder = Path(servers.data) / "bench"
        folder.mkdir(exist_ok=True)
        run = secrets.token_hex(4)
        self.emails = [f"bench-{run}-{n}@example.com" for n in range(OWNERS)]
        with concurrent.futures.ThreadPoolExecutor(4) as several:
            answers = list(several.map(lambda email: self.enter(servers, email), self.emails))
        self.ids, self.tokens = zip(*answers)
        self.token_file, self.email_file = folder / "tokens", folder / "emails"
        self.token_file.write_text("\n".join(self.tokens) + "\n")
        self.token_file.chmod(0o600)
        self.email_file.write_text("\n".join(self.emails) + "\n")

    @staticmethod
    def enter(servers, email):
        who = {"email": email, "password": PASSWORD}
        status, _, user = servers.call("POST", "/v1/auth/sign-up", who)
        if status == 201:
            status, _, session = servers.call("POST", "/v1/auth/sign-in", who)
        if status != 200:
            raise SystemExit(f"bench: {email} cannot sign up and in: {status}")
        return user["id"], session["access_token"]


def wallets(servers, people, first, count):
    servers.psql("wallet", "-v", f"users={{{','.join(people.ids)}}}", "-v", f"first={first}", "-v", f"count={count}",
                 "-f", BENCH / "wallets.sql")


def wallet_id(n):
    return f"{n:08x}-0000-7000-8000-000000000000"
