"""operations.py - what a worker does next: every kind of transaction, on the wallets it owns.

It remembers what its operations became, so that it can capture, release, cancel and reverse them.
It need not be right: a refusal changes nothing, and the checker judges from the journal alone.
"""
from dataclasses import dataclass, field

# How often each kind is chosen. Money comes in faster than it goes out, so most have funds.
WEIGHTS = {
    'deposit': 30,
    'withdrawal': 10,
    'purchase': 15,
    'transfer': 12,
    'hold': 10,
    'capture': 6,
    'release': 4,
    'cancellation': 7,
    'reversal': 5,
}
KEPT = 200


@dataclass
class Operation:
    name: str
    body: dict
    operator: bool = False
    intent: dict = field(default_factory=dict)


class Chooser:
    """One worker's operations; `others` are wallets that it can send money to."""

    def __init__(self, name, rng, wallets, others):
        self.name, self.rng, self.wallets, self.others = name, rng, wallets, others
        self.count, self.known = 0, {'hold': [], 'purchase': [], 'deposit': [], 'withdrawal': []}

    def next_name(self):
        self.count += 1
        return f'{self.name}-{self.count}'

    def choose(self, kinds=None):
        weights = WEIGHTS if kinds is None else {k: WEIGHTS[k] for k in kinds}
        kind = self.rng.choices(list(weights), list(weights.values()))[0]
        body = self.original(kind) or self.fresh(kind if kind in FRESH else 'deposit')
        name = self.next_name()
        body['description'] = name
        return Operation(name, body, body['kind'] == 'reversal', intent_of(body))

    def fresh(self, kind):
        wallet = self.rng.choice(self.wallets)
        body = {'kind': kind, 'wallet_id': wallet['id'], 'amount': self.amount(kind)}
        if kind == 'transfer':
            others = [w for w in self.others if w['currency'] == wallet['currency']]
            body['to_wallet_id'] = self.rng.choice([w['id'] for w in others if w != wallet])
        if kind == 'purchase' and self.rng.random() < 0.5:
            body['merchant'] = 'Corner Shop'
        return body

    def amount(self, kind):
        if kind == 'deposit':
            return self.rng.randint(1, 2000)
        # Now and then more than any wallet has.
        return self.rng.randint(1, 700) if self.rng.random() < 0.98 else 10**12

    def original(self, kind):
        """An operation on an earlier one, or None if there is none to choose."""
        of = {
            'capture': 'hold',
            'release': 'hold',
            'cancellation': 'purchase',
            'reversal': self.rng.choice(('deposit', 'withdrawal', 'purchase')),
        }.get(kind)
        if of is None or not self.known[of]:
            return None
        list_of = self.known[of]
        place = self.rng.randrange(len(list_of))
        wallet, original, amount = list_of[place]
        body = {'kind': kind, 'wallet_id': wallet, 'reference_id': original}
        if kind != 'release' and amount > 1 and self.rng.random() < 0.4:
            body['amount'] = self.rng.randint(1, amount // 2)
            if kind == 'capture':
                body['final'] = self.rng.random() < 0.5
        else:
            del list_of[place]
        return body

    def became(self, transaction):
        kept = self.known.get(transaction['kind'])
        if kept is not None:
            kept.append((transaction['wallet_id'], transaction['id'], transaction['amount']))
            del kept[:-KEPT]


FRESH = ('deposit', 'withdrawal', 'purchase', 'transfer', 'hold')


def intent_of(body):
    """What the journal keeps of a request."""
    names = {'wallet_id': 'wallet', 'to_wallet_id': 'to', 'reference_id': 'reference'}
    kept = {names.get(k, k): v for k, v in body.items() if k in (*names, 'kind', 'amount')}
    return kept
