"""load.py - clients of both doors, who write down what they intend and what they are told.

Each worker is a thread with a user, wallets and a journal of its own. It retries as careful clients
do: the same key and body until there is an answer that settles it. Some clients vanish, and some
repeat what was answered.
"""
import json
import random
import threading
import time

from doors import Account, Events, Rest
from files import Files
from journal import Journal
from operations import Chooser

GIVE_UP = 90
UNSETTLED = ('unauthenticated', 'session_ended', 'too_many_attempts', 'rate_limited')
CURRENCIES = (('EUR', 0), ('EUR', 5000), ('USD', 0))


class Load:
    def __init__(self, servers, meter, folder, plan):
        self.servers, self.meter, self.folder, self.plan = servers, meter, folder, plan
        self.stopping, self.threads, self.done = threading.Event(), [], 0
        self.failed, self.lock = [], threading.Lock()
        self.operator = Account(f'operator-{plan.tag}@example.com')

    def prepare(self):
        """Users and wallets, before the first fault."""
        rest, journal = Rest(self.servers.port, self.meter, 30), Journal(self.folder, 'setup')
        self.operator.sign_up(rest)
        self.servers.purse('user', 'role', 'add', self.operator.email, 'operator')
        names = [f'r{i}' for i in range(self.plan.clients)]
        names += [f'e{i}' for i in range(self.plan.publishers)]
        owners = {name: self.user(rest, journal, name) for name in names}
        everyone = [w for _, _, wallets in owners.values() for w in wallets]
        for name, (account, user, wallets) in owners.items():
            rng = random.Random(f'{self.plan.seed}/{name}')
            chooser = Chooser(f'{self.plan.tag}-{name}', rng, wallets, everyone)
            kind = Client if name[0] == 'r' else Publisher
            self.threads.append(kind(self, name, account, user, chooser))

    def user(self, rest, journal, name):
        account = Account(f'{name}-{self.plan.tag}@example.com')
        user, wallets = account.sign_up(rest), []
        for currency, credit in CURRENCIES:
            wallet = self.must(rest, account, 'POST', '/v1/wallets', {'currency': currency}, 201)
            if credit:
                limits = {'limits': [], 'credit_limit': credit}
                self.must(rest, self.operator, 'PUT', f"/v1/wallets/{wallet['id']}/limits", limits)
            journal.write('wallet', id=wallet['id'], currency=currency, credit_limit=credit)
            wallets.append(wallet)
        return account, user, wallets

    def must(self, rest, account, method, path, body, want=200):
        status, _, body = rest.call(method, path, body, account.bearer(rest))
        if status != want:
            raise RuntimeError(f'{method} {path}: {status} {body}')
        return body

    def start(self):
        for thread in self.threads:
            thread.start()

    def count(self, operations):
        with self.lock:
            self.done += operations

    def stop(self):
        """Every worker settles what it has begun."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(GIVE_UP + 60)
        if any(thread.is_alive() for thread in self.threads):
            self.failed.append('a worker does not end')


class Worker(threading.Thread):
    def __init__(self, load, name, account, user, chooser):
        super().__init__(daemon=True)
        self.load, self.account, self.user, self.chooser = load, account, user, chooser
        self.rng, self.meter = chooser.rng, load.meter
        self.journal = Journal(load.folder, name)
        # Half of the clients are impatient.
        self.patience = 3 if int(name[1:]) % 2 else 30
        self.rest = Rest(load.servers.port, load.meter, self.patience)

    def run(self):
        pace = 1 / self.load.plan.rate
        try:
            while not self.load.stopping.is_set():
                began = time.monotonic()
                self.load.count(self.turn())
                time.sleep(max(0, pace * self.rng.uniform(0.5, 1.5) - (time.monotonic() - began)))
            self.end()
        except Exception as failure:  # the driver reports it
            self.load.failed.append(f'{self.account.email}: {failure!r}')
            raise

    def end(self):
        """Nothing more to settle."""

    def intend(self, operation, door, **more):
        self.journal.write('intent', op=operation.name, door=door, **operation.intent, **more)

    def ack(self, name, t):
        names = ('id', 'version', 'balance_after', 'kind', 'amount')
        self.journal.write(
            'ack', op=name, wallet=t['wallet_id'], **{k: t[k] for k in names}
        )
        self.chooser.became(t)


class Client(Worker):
    """The REST door."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.files = Files(self.rest, self.journal)

    def end(self):
        self.files.end(lambda: self.account.bearer(self.rest))

    def turn(self):
        dice = self.rng.random()
        if dice < 0.02:
            wallet = self.rng.choice(self.chooser.wallets)['id']
            self.files.ask(wallet, self.account.bearer(self.rest), self.chooser.next_name())
            return 0
        if dice < 0.04:
            self.files.turn(self.account.bearer(self.rest))
            return 0
        if dice < 0.1:
            return self.batch()
        if dice < 0.25:
            return self.look()
        operation = self.chooser.choose()
        self.intend(operation, 'rest')
        vanishes = self.rng.random() < 0.02
        account = self.load.operator if operation.operator else self.account
        call = ('POST', '/v1/transactions', operation.body, account, operation.name)
        if vanishes:
            self.rest.call(*call[:3], account.bearer(self.rest), call[4], read=False)
            return 1
        for _ in range(2 if self.rng.random() < 0.03 else 1):
            status, body = self.settle(*call)
            if status == 201:
                self.ack(operation.name, body)
            elif status:
                self.journal.write('refused', op=operation.name, code=body.get('code'))
                break
        return 1

    def look(self):
        wallet = self.rng.choice(self.chooser.wallets)['id']
        path = self.rng.choice((f'/v1/wallets/{wallet}', f'/v1/statements?wallet_id={wallet}&limit=5'))
        self.rest.call('GET', path, token=self.account.bearer(self.rest))
        return 0

    def batch(self):
        mode = self.rng.choice(('atomic', 'each'))
        kinds = None if mode == 'each' else ('deposit', 'deposit', 'purchase')
        places = [self.chooser.choose(kinds) for _ in range(self.rng.randint(2, 20))]
        # A customer cannot reverse: the batch is theirs.
        places = [p for p in places if not p.operator]
        if not places:
            return 0
        key = self.chooser.next_name()
        for place in places:
            self.intend(place, 'batch', batch=key, mode=mode)
        body = {'mode': mode, 'transactions': [p.body for p in places]}
        status, body = self.settle('POST', '/v1/transactions/batch', body, self.account, key)
        if status in (200, 201):
            for place, result in zip(places, body['results']):
                self.place(place, result)
        elif status:
            for place in places:
                self.journal.write('refused', op=place.name, code=body.get('code'))
        return len(places)

    def place(self, place, result):
        if result['status'] == 201:
            self.ack(place.name, result['transaction'])
        elif result['status'] < 500:
            self.journal.write('refused', op=place.name, code=result['problem']['code'])

    def settle(self, method, path, body, account, key):
        """Repeats a request until an answer settles it; (0, …) if none does in time."""
        deadline, pause, token = time.monotonic() + GIVE_UP, 0.1, None
        while time.monotonic() < deadline:
            token = account.bearer(self.rest, token)
            status, headers, answer = self.rest.call(method, path, body, token, key)
            if 200 <= status < 500 and answer.get('code') not in UNSETTLED:
                return status, answer
            if status != 401:
                token = None
                wait = min(float(headers.get('Retry-After', pause)), 1)
                time.sleep(self.rng.uniform(0.5, 1) * wait)
                pause = min(pause * 2, 1)
            else:
                time.sleep(0.05)
        return 0, {}


class Publisher(Worker):
    """The event door: bursts, each settled by its replies."""

    REPLY = 4

    def __init__(self, *arguments):
        super().__init__(*arguments)
        url = self.load.servers.amqp_url('publisher', self.load.servers.publisher_port)
        self.events = Events(url, self.meter)

    def turn(self):
        burst = {}
        for _ in range(self.rng.randint(2, 12)):
            operation = self.chooser.choose()
            burst[operation.name] = (operation, self.message(operation))
            self.intend(operation, burst[operation.name][1][0])
        waiting = {n: b for n, b in burst.items() if self.rng.random() < 0.9}
        for name in burst.keys() - waiting.keys():
            self.publish(name, burst[name][1], reply=False)
        if self.rng.random() < 0.02:
            self.poison()
        deadline = time.monotonic() + GIVE_UP
        while waiting and time.monotonic() < deadline:
            for name, (_, message) in waiting.items():
                if not self.publish(name, message, reply=True):
                    time.sleep(0.3)
            self.collect(waiting)
        return len(burst)

    def publish(self, name, message, reply):
        _, body, content_type, message_id = message
        if not self.events.publish(name, body, content_type, message_id, reply):
            return False
        self.journal.write('confirmed', op=name)
        return True

    def collect(self, waiting):
        """Takes replies until all are here, or none has come for a while."""
        quiet = time.monotonic() + self.REPLY
        while waiting and time.monotonic() < quiet and self.events.connection is not None:
            for name, replies in self.events.receive(0.2).items():
                for reply in replies:
                    quiet = time.monotonic() + self.REPLY
                    self.settle(name, reply)
                waiting.pop(name, None)

    def settle(self, name, reply):
        if reply['type'] == 'transaction_created':
            self.ack(name, reply['data'])
        else:
            self.journal.write('refused', op=name, code=reply['data']['code'])

    def poison(self):
        name = self.chooser.next_name()
        if self.events.publish(name, '{"pattern":', 'application/json', name, reply=False):
            self.journal.write('poison', op=name)

    def message(self, operation):
        """(form, body, content type, message id), in one of the accepted forms."""
        form, name = self.rng.choice(('own', 'id', 'nest', 'original')), operation.name
        data = operation.body
        if form == 'original' and data['kind'] not in ('deposit', 'withdrawal', 'purchase'):
            form = 'own'
        envelope = {'pattern': 'transaction_emitted', 'data': data}
        if form == 'original':
            return self.original(operation)
        if form == 'nest':
            return form, json.dumps(envelope), 'application/json', name
        if form == 'own':
            data = data | {'idempotency_key': name}
        envelope |= {'specversion': '1.0', 'type': 'transaction_emitted', 'source': '/campaign'}
        envelope |= {'id': name, 'data': data}
        return form, json.dumps(envelope), 'application/cloudevents+json', name

    def original(self, operation):
        """The first wallet is the user's oldest, in euros."""
        codes = {'deposit': 0, 'withdrawal': 1, 'purchase': 2}
        amount = operation.body['amount']
        operation.intent['wallet'] = self.chooser.wallets[0]['id']
        transaction = {
            'amount': f'{amount // 100}.{amount % 100:02d}',
            'operation': codes[operation.body['kind']],
        }
        body = {'userId': self.user, 'transaction': transaction}
        return 'original', json.dumps(body), 'application/json', operation.name
