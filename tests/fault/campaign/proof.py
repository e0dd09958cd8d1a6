"""proof.py - shows that the checker can fail: changes a row in each way, and expects to read of it.

  proof.py FOLDER        of a campaign whose servers still run

Every change is made in the transaction in which the checker reads, and is rolled back.
"""
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2

# Complete: later than all others, and the wallet agrees. Only the journal knows better.
DOUBLE = """WITH last AS (SELECT t.*, w.version AS newest, w.balance FROM transaction t
	JOIN wallet w ON w.id = t.wallet_id WHERE t.id = '{id}'),
	made AS (INSERT INTO transaction (version, amount, balance_after, created_at, wallet_id, id,
		kind, contra, description, held_after)
		SELECT newest + 1, amount, balance + amount, created_at, wallet_id,
			'{other}', kind, contra, description, held_after FROM last
		RETURNING wallet_id, version, balance_after)
	UPDATE wallet SET version = made.version, balance = made.balance_after FROM made
	WHERE wallet.id = made.wallet_id"""
OTHER = '00000000-0000-7000-8000-00000000d0b1'

# what happens: (database, change, what the checker must print)
CHANGES = {
    'a row is lost': (
        'wallet',
        "DELETE FROM transaction WHERE id = '{id}'",
        '{op}: acknowledged as {id}, and missing',
    ),
    'a row is doubled': ('wallet', DOUBLE, '{op}: stored 2 times'),
    'an amount is changed': (
        'wallet',
        "UPDATE transaction SET amount = amount + 1 WHERE id = '{id}'",
        '{op}: acknowledged as deposit',
    ),
    'a version is changed': (
        'wallet',
        "UPDATE transaction SET version = version + 1000000 WHERE id = '{id}'",
        '{op}: acknowledged as deposit',
    ),
    'a balance is changed': (
        'wallet',
        "UPDATE wallet SET balance = balance + 1 WHERE id = '{wallet}'",
        '{wallet}: balance',
    ),
    'a line is lost': (
        'statement',
        "DELETE FROM line WHERE transaction_id = '{id}'",
        '{wallet}, version {version}: deposit',
    ),
    'a line is changed': (
        'statement',
        "UPDATE line SET balance_after = balance_after - 1 WHERE transaction_id = '{id}'",
        '{wallet}, version {version}: deposit',
    ),
}


def newest_deposit(folder):
    """The last acknowledged deposit: an operation, its row, its wallet and version."""
    address = json.loads((Path(folder) / 'campaign.json').read_text())['wallet']
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute(
            """SELECT id::text, wallet_id::text, version, description FROM transaction
			WHERE kind = 'deposit' AND description IS NOT NULL
			ORDER BY version DESC LIMIT 50"""
        )
        rows = cursor.fetchall()
    acknowledged = set()
    for path in Path(folder).glob('journal.*.jsonl'):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if record['do'] == 'ack':
                acknowledged.add(record['id'])
    names = ('id', 'wallet', 'version', 'op')
    return next(dict(zip(names, row)) for row in rows if row[0] in acknowledged)


def is_found(folder, row, what):
    database, change, sentence = CHANGES[what]
    checker = Path(__file__).parent / 'checker.py'
    command = [sys.executable, checker, folder, '--tamper', database, change.format(**row)]
    done = subprocess.run(command, capture_output=True, text=True)
    found = done.returncode == 1 and sentence.format(**row) in done.stdout
    print(f"{'ok' if found else 'NOT FOUND':9s} {what}")
    if not found:
        print(done.stdout + done.stderr)
    return found


def main():
    folder = sys.argv[1]
    row = newest_deposit(folder) | {'other': OTHER}
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda what: is_found(folder, row, what), CHANGES))
    sys.exit(0 if all(found) else 1)


main()
