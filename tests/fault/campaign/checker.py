"""checker.py - compares what clients were told with what both databases and the statements say.

  checker.py FOLDER [--tamper DATABASE SQL]

FOLDER has the journal of a campaign (journal.py) and campaign.json with the addresses. It shares
no code with Purse or the load. Everything is copied to SQLite, where each rule below is a query
for its violations. Prints a table, and the first differences of each rule; exits with 1 if there
are any. --tamper changes the wallet or the statement database first, in the transaction that reads
it and is rolled back: the tests show with it that the checker can fail.
"""
import argparse
import http.client
import json
import sqlite3
import sys
import urllib.parse
from pathlib import Path

import pika
import psycopg2
from journal import records

SHOWN = 5

TABLES = """
CREATE TABLE intent (op TEXT, door TEXT, kind TEXT, wallet TEXT, amount INT, receiver TEXT,
	reference TEXT, batch TEXT, mode TEXT);
CREATE TABLE ack (op TEXT, id TEXT, version INT, balance_after INT, kind TEXT, amount INT,
	wallet TEXT);
CREATE TABLE refused (op TEXT, code TEXT);
CREATE TABLE confirmed (op TEXT);
CREATE TABLE poison (op TEXT);
CREATE TABLE file (job TEXT, fault TEXT);
CREATE TABLE opened (id TEXT, currency TEXT, credit_limit INT);
CREATE TABLE row (wallet TEXT, version INT, id TEXT, kind TEXT, amount INT, balance_after INT,
	held_change INT, held_after INT, contra TEXT, op TEXT, counterpart TEXT, reference TEXT);
CREATE TABLE wallet (id TEXT, currency TEXT, balance INT, held INT, credit_limit INT, version INT);
CREATE TABLE line (wallet TEXT, version INT, id TEXT, kind TEXT, amount INT, balance_after INT);
CREATE TABLE shown (wallet TEXT, version INT, id TEXT, kind TEXT, amount INT, balance_after INT);
CREATE TABLE page (wallet TEXT, version INT, opening INT, closing INT, fault TEXT);
CREATE TABLE rejection (op TEXT, code TEXT);
CREATE TABLE waiting (what TEXT, count INT);
CREATE TABLE dead (op TEXT, reason TEXT);
"""
INDEXES = """
CREATE INDEX row_op ON row (op);
CREATE INDEX row_id ON row (id);
CREATE INDEX row_version ON row (wallet, version);
CREATE INDEX line_version ON line (wallet, version);
CREATE INDEX shown_version ON shown (wallet, version);
CREATE INDEX ack_op ON ack (op);
CREATE INDEX refused_op ON refused (op);
CREATE INDEX rejection_op ON rejection (op);
-- A transfer's second row, the receiver's, has no key of its own and is the other side of the first.
CREATE TABLE own AS SELECT row.* FROM row JOIN intent USING (op)
	WHERE row.kind <> 'transfer' OR row.wallet = intent.wallet;
CREATE INDEX own_op ON own (op);
"""

# Each selects sentences about what is wrong.
RULES = {
    'acknowledged operations exist': """
	SELECT printf('%s: acknowledged as %s, and missing', a.op, a.id) FROM ack a
	LEFT JOIN row r ON r.id = a.id WHERE r.id IS NULL""",
    'with the values that were acknowledged': """
	SELECT printf('%s: acknowledged as %s %d, version %d, balance %d; stored as %s %d, %d, %d',
		a.op, a.kind, a.amount, a.version, a.balance_after, r.kind, r.amount, r.version,
		r.balance_after)
	FROM ack a JOIN row r ON r.id = a.id
	WHERE (a.kind, a.version, a.balance_after, a.wallet) <>
		(r.kind, r.version, r.balance_after, r.wallet)
	   OR a.amount <> CASE WHEN r.kind IN ('hold', 'release') THEN abs(r.held_change)
		ELSE abs(r.amount) END""",
    'with one id, however often they are acknowledged': """
	SELECT printf('%s: %d ids', op, count(DISTINCT id)) FROM ack GROUP BY op
	HAVING count(DISTINCT id) > 1""",
    'as they were intended': """
	SELECT printf('%s: intended %s %s for %s, stored %s %d in %s', i.op, i.kind, i.amount,
		i.wallet, r.kind, r.amount, r.wallet) FROM intent i JOIN own r USING (op)
	WHERE i.kind <> r.kind OR i.wallet <> r.wallet OR i.amount <> abs(CASE r.kind
		WHEN 'hold' THEN r.held_change ELSE r.amount END)
		OR i.reference IS NOT r.reference AND i.reference IS NOT NULL""",
    'every operation at most once': """
	SELECT printf('%s: stored %d times', op, count(*)) FROM own GROUP BY op
	HAVING count(*) > 1""",
    'both sides of each transfer': """
	SELECT printf('%s: no other side', r.op) FROM row r LEFT JOIN row o ON o.id = r.counterpart
	WHERE r.contra = 'transfer' AND (o.counterpart IS NOT r.id OR o.amount <> -r.amount
		OR o.kind <> r.kind)""",
    'no row without an intent': """
	SELECT printf('%s, version %d: %s %d of no one', wallet, version, kind, amount) FROM row
	WHERE op NOT IN (SELECT op FROM intent) OR op IS NULL
		AND kind NOT IN ('opening', 'limit')""",
    'nothing that was refused': """
	SELECT printf('%s: refused (%s), and stored', f.op, f.code) FROM refused f JOIN own USING (op)""",
    'confirmed events took effect, or were refused': """
	SELECT printf('%s: confirmed by the broker, and lost', c.op) FROM confirmed c
	WHERE NOT EXISTS (SELECT FROM own r WHERE r.op = c.op)
		AND NOT EXISTS (SELECT FROM rejection j WHERE j.op = c.op)""".replace(
        'SELECT FROM', 'SELECT 1 FROM'
    ),
    'atomic batches as a whole': """
	SELECT printf('batch %s: %d of %d', i.batch, count(r.id), count(*)) FROM intent i
	LEFT JOIN own r USING (op) WHERE i.mode = 'atomic' GROUP BY i.batch
	HAVING count(r.id) NOT IN (0, count(*))""",
    'versions without gaps': """
	SELECT printf('%s: version %d after %d', wallet, version, before) FROM (SELECT wallet,
		version, lag(version, 1, 0) OVER (PARTITION BY wallet ORDER BY version) AS before
		FROM row) WHERE version <> before + 1""",
    'each balance follows from the one before': """
	SELECT printf('%s, version %d: %d after %d', wallet, version, balance_after, before)
	FROM (SELECT *, lag(balance_after, 1, 0) OVER history AS before,
		lag(held_after, 1, 0) OVER history AS held_before FROM row
		WINDOW history AS (PARTITION BY wallet ORDER BY version))
	WHERE balance_after <> before + amount OR held_after <> held_before + held_change""",
    'no balance past its limit': """
	SELECT printf('%s, version %d: balance %d, held %d, credit limit %d', r.wallet, r.version,
		r.balance_after, r.held_after, o.credit_limit) FROM row r JOIN opened o
	ON o.id = r.wallet WHERE r.balance_after - r.held_after < -o.credit_limit
		OR r.held_after < 0""",
    'wallets are their last row': """
	SELECT printf('%s: balance %d, held %d, version %d; its last row %d, %d, %d', w.id,
		w.balance, w.held, w.version, r.balance_after, r.held_after, r.version)
	FROM wallet w LEFT JOIN row r ON r.wallet = w.id AND r.version =
		(SELECT max(version) FROM row WHERE wallet = w.id)
	WHERE (w.balance, w.held, w.version) IS NOT (r.balance_after, r.held_after, r.version)
	UNION ALL SELECT printf('%s: lost', id) FROM opened WHERE id NOT IN (SELECT id FROM wallet)
	UNION ALL SELECT printf('%s: limit %d, not %d', w.id, w.credit_limit, o.credit_limit)
	FROM wallet w JOIN opened o ON o.id = w.id WHERE w.credit_limit <> o.credit_limit""",
    'per currency, wallets and contra accounts are zero': """
	SELECT printf('%s: wallets %d, contra accounts %d', w.currency, sum(w.balance), (SELECT
		-sum(r.amount) FROM row r JOIN wallet v ON v.id = r.wallet
		WHERE v.currency = w.currency)) FROM wallet w GROUP BY w.currency
	HAVING sum(w.balance) <> (SELECT sum(r.amount) FROM row r JOIN wallet v
		ON v.id = r.wallet WHERE v.currency = w.currency)
	UNION ALL SELECT printf('transfers add up to %d', sum(amount)) FROM row
	WHERE contra = 'transfer' HAVING sum(amount) <> 0""",
    'undone at most the original': """
	SELECT printf('%s: %d undone of %d', o.id, sum(abs(u.amount)), o.amount) FROM row u
	JOIN row o ON o.id = u.reference WHERE u.kind IN ('cancellation', 'reversal')
	GROUP BY o.id HAVING sum(abs(u.amount)) > abs(o.amount)""",
    'statement lines are the rows': """
	SELECT printf('%s, version %d: %s %d, and its line %s', wallet, version, row.kind,
		row.amount, coalesce(l.kind || ' ' || l.amount, 'is missing')) FROM row LEFT JOIN line l
	USING (wallet, version) WHERE (l.id, l.kind, l.amount, l.balance_after)
		IS NOT (row.id, row.kind, row.amount, row.balance_after)
	UNION ALL SELECT printf('%s, version %d: a line without a row', wallet, version) FROM line
	WHERE NOT EXISTS (SELECT 1 FROM row r WHERE (r.wallet, r.version) =
		(line.wallet, line.version))""",
    'GET /v1/statements shows them': """
	SELECT printf('%s, version %d: %s %d, shown as %s', wallet, version, row.kind,
		row.amount, coalesce(s.kind || ' ' || s.amount, 'nothing')) FROM row LEFT JOIN shown s
	USING (wallet, version) WHERE (s.id, s.kind, s.amount, s.balance_after)
		IS NOT (row.id, row.kind, row.amount, row.balance_after)
	UNION ALL SELECT printf('%s: %s', wallet, fault) FROM page WHERE fault IS NOT NULL
	UNION ALL SELECT printf('%s: the statement ends with %d, the wallet has %d', w.id,
		p.closing, w.balance) FROM page p JOIN wallet w ON w.id = p.wallet
	WHERE p.closing <> w.balance OR p.version <> w.version""",
    'statement files are whole': """
	SELECT printf('%s: %s', job, fault) FROM file WHERE rowid IN (SELECT max(rowid)
		FROM file GROUP BY job) AND fault IS NOT NULL""",
    'nothing waits to be published or handled': """
	SELECT printf('%s: %d', what, count) FROM waiting WHERE count <> 0""",
    'dead letters are those that had to be': """
	SELECT printf('%s: a dead letter: %s', op, reason) FROM dead
	WHERE op NOT IN (SELECT op FROM poison)
	UNION ALL SELECT printf('%s: unreadable, and no dead letter', op) FROM poison
	WHERE op NOT IN (SELECT op FROM dead)""",
}


class Checker:
    def __init__(self, folder, tamper):
        self.folder, self.tamper = Path(folder), tamper
        self.addresses = json.loads((self.folder / 'campaign.json').read_text())
        self.copy = sqlite3.connect(':memory:')
        self.copy.executescript(TABLES)

    def add(self, table, rows):
        width = len(self.copy.execute(f'PRAGMA table_info({table})').fetchall())
        marks = ','.join('?' * width)
        self.copy.executemany(f'INSERT INTO {table} VALUES ({marks})', rows)

    def count(self, table):
        return self.copy.execute(f'SELECT count(*) FROM {table}').fetchone()[0]

    # ---- what clients were told ----

    def read_journal(self):
        names = {
            'intent': 'op door kind wallet amount to reference batch mode',
            'ack': 'op id version balance_after kind amount wallet',
            'refused': 'op code',
            'confirmed': 'op',
            'poison': 'op',
            'file': 'job fault',
            'wallet': 'id currency credit_limit',
        }
        found = {do: [] for do in names}
        for record in records(self.folder):
            members = names[record['do']].split()
            found[record['do']].append([record.get(name) for name in members])
        for do, rows in found.items():
            self.add('opened' if do == 'wallet' else do, rows)

    # ---- what is stored ----

    def read_databases(self):
        wallet = self.open('wallet')
        self.take(
            wallet,
            'row',
            """SELECT wallet_id::text, version, id::text, kind, amount, balance_after,
		coalesce(held_change, 0), coalesce(held_after, 0), contra,
		coalesce(description, idempotency_key), counterpart_id::text, reference_id::text
		FROM transaction""",
        )
        self.take(
            wallet,
            'wallet',
            'SELECT id::text, currency, balance, held, credit_limit, version FROM wallet',
        )
        self.take(
            wallet,
            'rejection',
            """SELECT coalesce(body -> 'request' ->> 'description', body ->> 'idempotency_key',
		body -> 'event' ->> 'id'), body ->> 'code' FROM rejection""",
        )
        self.take(
            wallet,
            'waiting',
            """SELECT 'rows of ' || c.name || ' that wait for the relay', CASE c.name
		WHEN 'transaction' THEN (SELECT count(*) FROM transaction WHERE xid > c.xid)
		WHEN 'rejection' THEN (SELECT count(*) FROM rejection WHERE xid > c.xid)
		ELSE 0 END FROM outbox_cursor c""",
        )
        wallet.close()
        statement = self.open('statement')
        self.take(
            statement,
            'line',
            """SELECT wallet_id::text, version, transaction_id::text, kind, amount,
		balance_after FROM line""",
        )
        self.take(
            statement,
            'waiting',
            """SELECT 'wallets with a gap in their lines', count(*) FROM wallet
		WHERE gap_since IS NOT NULL""",
        )
        statement.close()

    def open(self, database):
        """One snapshot, never committed."""
        connection = psycopg2.connect(self.addresses[database])
        connection.set_session(isolation_level='REPEATABLE READ')
        with connection.cursor() as cursor:
            for where, change in self.tamper:
                if where == database:
                    cursor.execute(change)
                    if cursor.rowcount < 1:
                        raise SystemExit(f'checker: this changes nothing: {change}')
        return connection

    def take(self, connection, table, query):
        with connection.cursor(name='copy' if table in ('row', 'line') else None) as cursor:
            cursor.itersize = 20000
            cursor.execute(query)
            self.add(table, cursor)

    # ---- what the API shows ----

    def read_statements(self):
        url = urllib.parse.urlparse(self.addresses['base'])
        api = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
        body = {name: self.addresses[name] for name in ('email', 'password')}
        headers = {'Content-Type': 'application/json'}
        api.request('POST', '/v1/auth/sign-in', json.dumps(body), headers)
        token = json.loads(api.getresponse().read())['access_token']
        for (wallet,) in self.copy.execute('SELECT id FROM opened').fetchall():
            self.read_statement(api, token, wallet)

    def read_statement(self, api, token, wallet):
        path, page = f'/v1/statements?wallet_id={wallet}&limit=200', None
        cursor, balance, version = '', 0, 0
        while cursor is not None:
            api.request('GET', path + cursor, headers={'Authorization': f'Bearer {token}'})
            answer = api.getresponse()
            page = json.loads(answer.read())
            if answer.status != 200:
                self.add('page', [[wallet, 0, 0, 0, f'{answer.status} {page}']])
                return
            names = ('version', 'id', 'kind', 'amount', 'balance_after')
            self.add('shown', [[wallet] + [line[n] for n in names] for line in page['lines']])
            balance += sum(line['amount'] for line in page['lines'])
            version += len(page['lines'])
            following = page['next_cursor']
            cursor = None if following is None else f'&cursor={urllib.parse.quote(following)}'
        fault = None
        if balance != page['closing_balance']:
            fault = f"lines add up to {balance}, closing balance {page['closing_balance']}"
        opening, closing = page['opening_balance'], page['closing_balance']
        self.add('page', [[wallet, version, opening, closing, fault]])

    # ---- what the broker has ----

    def read_broker(self):
        connection = pika.BlockingConnection(pika.URLParameters(self.addresses['amqp']))
        channel = connection.channel()
        for queue in ('wallet_queue', 'statement_queue'):
            waiting = channel.queue_declare(queue, passive=True).method.message_count
            self.add('waiting', [[f'messages in {queue}', waiting]])
            while True:
                method, head, body = channel.basic_get(f'{queue}.dead')
                if method is None:
                    break
                headers = head.headers or {}
                reason = headers.get('x-reason') or headers.get('x-first-death-reason')
                self.add('dead', [[head.message_id or body.decode()[:80], f'{queue}: {reason}']])
        # Unacknowledged, so they return to their queues.
        connection.close()

    # ---- the rules ----

    def check(self):
        self.read_journal()
        self.read_databases()
        self.read_statements()
        self.read_broker()
        self.copy.executescript(INDEXES)
        different = 0
        for name, query in RULES.items():
            found = self.copy.execute(query).fetchall()
            different += len(found)
            print(f"{'ok' if not found else 'NOT OK':7s} {name:52s} {len(found) or ''}".rstrip())
            for (sentence,) in found[:SHOWN]:
                print(f'        {sentence}')
        names = ('intent', 'ack', 'row', 'line', 'shown', 'refused', 'file', 'dead')
        counts = ', '.join(f'{self.count(name)} {name}' for name in names)
        print(f'{counts}: {different} differences')
        return different


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('folder')
    parser.add_argument('--tamper', action='append', default=[], nargs=2)
    options = parser.parse_args()
    checker = Checker(options.folder, options.tamper)
    sys.exit(1 if checker.check() else 0)


if __name__ == '__main__':
    main()
