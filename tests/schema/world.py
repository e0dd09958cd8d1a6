"""world.py - what the calls are about: accounts with each role, wallets, transactions, holds, jobs
and sessions that exist, and how a generated call is made to meet them.

No call can end the tokens that the others use: sign-out, passwords and sessions go with an account
of their own, and what closes or freezes a wallet meets wallets that no other call needs.
"""
import datetime
import os
import random
import subprocess
import time
import uuid

import requests

PASSWORD = 'a long enough phrase'
# Its limits are a system's own, and no other test has a wallet in it.
CURRENCY = 'XPF'


class Account:
    def __init__(self, base, role='customer'):
        self.base = base
        self.email = f'schema-{uuid.uuid4().hex}@example.com'
        self.password = PASSWORD
        self.post('/v1/auth/sign-up', {'email': self.email, 'password': PASSWORD}, 201)
        if role != 'customer':
            subprocess.run([f"{os.environ.get('BUILD', 'build')}/purse", 'user', 'role', 'add',
                            self.email, role], check=True, stdout=subprocess.DEVNULL)
        self.sign_in()

    def sign_in(self):
        grant = self.post('/v1/auth/sign-in', {'email': self.email, 'password': self.password}, 200)
        self.token, self.session = grant['access_token'], grant['session_id']
        self.refresh = grant['refresh_token']
        return self

    def post(self, path, body, status):
        headers = {'Authorization': f'Bearer {self.token}'} if hasattr(self, 'token') else {}
        answer = requests.post(self.base + path, json=body, headers=headers, timeout=30)
        assert answer.status_code == status, f'{path}: {answer.status_code} {answer.text}'
        return answer.json()


class World:
    def __init__(self, base, seed):
        self.base, self.random = base, random.Random(seed)
        self.customer = Account(base)
        self.operator, self.service = Account(base, 'operator'), Account(base, 'service')
        self.throwaway, self.opener = Account(base), Account(base)
        self.wallets = [self.wallet(self.customer) for _ in range(3)]
        self.spare, self.cursors, self.jobs = [], [], []
        self.transactions, self.holds = [], []
        self.cursors.append('MDE5YWFmMDEtMGYzYy03YTUzLTlhM2ItNGYwZDJjNmI4ZTEx')
        for wallet in self.wallets:
            self.note(self.move(wallet, 'deposit', 10**12))
            self.note(self.move(wallet, 'purchase', 100000))
            self.note(self.move(wallet, 'hold', 100000))
        self.jobs.append(self.job())

    def wallet(self, owner):
        return owner.post('/v1/wallets', {'currency': 'EUR'}, 201)['id']

    def move(self, wallet, kind, amount):
        body = {'wallet_id': wallet, 'kind': kind, 'amount': amount}
        return self.customer.post('/v1/transactions', body, 201)

    def job(self):
        """A statement as a file, which a consumer writes: waits for the wallet, then for the file."""
        headers = {'Authorization': f'Bearer {self.customer.token}'}
        query = {'wallet_id': self.wallets[0], 'from': '2026-01-01', 'min_version': 4}
        end = time.monotonic() + 60
        answer = requests.get(self.base + '/v1/statements', query, headers=headers, timeout=30)
        while answer.status_code != 200 and time.monotonic() < end:
            time.sleep(0.2)
            place = answer.headers.get('Location')
            answer = requests.get(self.base + (f'{place}/file' if place else '/v1/statements'),
                                  None if place else query, headers=headers, timeout=30)
            if place:
                answer.headers.setdefault('Location', place)
        assert answer.status_code == 200, f'no file: {answer.text}'
        return place.rsplit('/', 1)[1]

    def note(self, transaction):
        """Remembers a transaction, for later calls."""
        kind, wallet = transaction.get('kind'), transaction.get('wallet_id')
        if wallet in self.wallets and kind != 'opening':
            (self.holds if kind == 'hold' else self.transactions).append(transaction['id'])

    def chance(self, share):
        return self.random.random() < share

    def one(self, list_):
        return self.random.choice(list_[-50:])

    def spare_wallet(self):
        """A wallet that can be frozen or closed; a new one after each 20 calls."""
        if not self.spare or self.chance(0.05):
            self.spare.append(self.wallet(Account(self.base)))
        return self.one(self.spare)

    # --- who calls ---

    def caller(self, name):
        if name in ('signOut', 'changePassword', 'endSession'):
            return self.throwaway.sign_in()
        if name == 'openWallet':
            return self.opener
        if name in OPERATORS and self.chance(0.9):
            return self.operator
        return self.random.choice([self.customer, self.customer, self.operator, self.service])

    def headers(self, name):
        """What its caller sends: a generated token would not get past the door."""
        return {'Authorization': f'Bearer {self.caller(name).token}'} if self.chance(0.97) else {}

    def meet(self, name, case):
        """Puts what exists into a generated call; leaves some calls as they are. Returns headers.

        The caller comes first: for some operations they sign in again."""
        headers = self.headers(name)
        if 'id' in (case.path_parameters or {}) and self.chance(0.85):
            case.path_parameters['id'] = self.path_id(name, case)
        if case.query:
            self.meet_query(name, case.query)
        if isinstance(case.body, dict):
            self.meet_body(name, case.body)
        if isinstance(case.body, dict) and isinstance(case.body.get('transactions'), list):
            for place in case.body['transactions']:
                if isinstance(place, dict):
                    self.meet_body('postTransaction', place)
        return headers

    def path_id(self, name, case):
        if name == 'endSession':
            return self.throwaway.session
        if 'statements' in case.path:
            return self.one(self.jobs) if self.jobs else str(uuid.uuid4())
        if 'transactions' in case.path:
            return self.one(self.transactions)
        return self.spare_wallet() if name in CHANGES else self.one(self.wallets)

    def meet_query(self, name, query):
        if 'cursor' in query:
            del query['cursor']
            if self.cursors and self.chance(0.5):
                query['cursor'] = self.one(self.cursors)
        if 'wallet_id' in query and self.chance(0.9):
            query['wallet_id'] = self.one(self.wallets)
        if query.get('min_version') and self.chance(0.98):
            query['min_version'] = self.random.randint(1, 3)
        # No other currency: its limits would hold for other tests.
        if 'currency' in query and (name == 'setCurrencyLimits' or self.chance(0.8)):
            query['currency'] = CURRENCY

    def meet_body(self, name, body):
        if name == 'signIn' and self.chance(0.5):
            body.update(email=self.throwaway.email, password=self.throwaway.password)
        if name == 'signUp' and self.chance(0.8):
            body.update(email=f'schema-{uuid.uuid4().hex}@example.com', password=PASSWORD)
        if name == 'openWallet' and 'currency' in body and self.chance(0.8):
            body['currency'] = self.random.choice(['EUR', 'JPY', 'KWD'])
        if name == 'refresh' and self.chance(0.6):
            body['refresh_token'] = self.throwaway.sign_in().refresh
        if name == 'changePassword' and self.chance(0.8):
            body.update(current_password=self.throwaway.password,
                        new_password=f'{PASSWORD} {uuid.uuid4().hex}')
        if name == 'postTransaction' and self.chance(0.9):
            self.meet_transaction(body)

    def meet_transaction(self, body):
        kind = body.get('kind')
        if 'wallet_id' in body:
            body['wallet_id'] = self.one(self.wallets)
        elif self.chance(0.9):
            body['wallet_id'] = self.wallets[0]
        if 'to_wallet_id' in body:
            body['to_wallet_id'] = self.one([w for w in self.wallets if w != body.get('wallet_id')])
        if 'reference_id' in body:
            held = kind in ('capture', 'release')
            body['reference_id'] = self.one(self.holds if held else self.transactions)
        if isinstance(body.get('amount'), int) and body['amount'] > 0:
            body['amount'] = 1 + body['amount'] % 1000
        if isinstance(body.get('expires_at'), str):
            later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3)
            body['expires_at'] = later.isoformat()

    # --- what is learned from an answer ---

    def learn(self, name, case, status, answer):
        if name == 'changePassword' and status == 204:
            self.throwaway.password = case.body['new_password']
        if name == 'openWallet' and status == 409:
            self.opener = Account(self.base)
        if not isinstance(answer, dict):
            return
        if status == 201 and name == 'postTransaction':
            self.note(answer)
        if status == 202:
            self.jobs.append(answer['id'])
        if answer.get('next_cursor'):
            self.cursors.append(answer['next_cursor'])


CHANGES = ('freezeWallet', 'unfreezeWallet', 'closeWallet', 'setLimits')
OPERATORS = CHANGES + ('getCurrencyLimits', 'setCurrencyLimits')
