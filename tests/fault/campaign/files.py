"""files.py - statement files: a client asks for one, waits for it, and reads all of it.

Each line of a file must follow from the one before, and its length and hash must be those that the
job names. What is wrong goes to the journal as a sentence.
"""
import hashlib
import json
import time

END = 60


class Files:
    """One client's jobs; `turn` moves the oldest of them on."""

    MOST = 2

    def __init__(self, rest, journal):
        self.rest, self.journal, self.jobs = rest, journal, []

    def ask(self, wallet, token, key):
        if len(self.jobs) >= self.MOST:
            return
        path = f'/v1/statements?wallet_id={wallet}&from=2020-01-01&format=json'
        status, headers, _ = self.rest.call('GET', path, token=token, key=key)
        if status == 202:
            self.jobs.append(headers['Location'])
            self.journal.write('file', job=headers['Location'], fault='never finished')

    def turn(self, token):
        if not self.jobs:
            return
        path = self.jobs[0]
        status, _, job = self.rest.call('GET', path, token=token)
        if status != 200 or job['status'] in ('queued', 'running'):
            return
        if job['status'] == 'ready':
            status, _, text = self.rest.call('GET', job['file']['url'], token=token, raw=True)
            if status != 200:
                return
            fault = fault_of(job, text)
        else:
            fault = job['status']
        self.jobs.pop(0)
        self.journal.write('file', job=path, fault=fault)

    def end(self, bearer):
        """Waits for what it has asked for."""
        deadline = time.monotonic() + END
        while self.jobs and time.monotonic() < deadline:
            self.turn(bearer())
            time.sleep(0.2)


def fault_of(job, text):
    if len(text) != job['file']['bytes']:
        return f"{len(text)} bytes, not {job['file']['bytes']}"
    if hashlib.sha256(text).hexdigest() != job['file']['sha256']:
        return 'its hash is another'
    statement, balance = json.loads(text), 0
    for version, line in enumerate(statement['lines'], 1):
        balance += line['amount']
        if (line['version'], line['balance_after']) != (version, balance):
            return f'line {version} does not follow: {line}'
    if statement['closing_balance'] != balance:
        return f"lines add up to {balance}, not {statement['closing_balance']}"
    return None
