"""plan.py - what a campaign does, all of it from its seed: the faults, their order, the load."""
import random
from dataclasses import dataclass

# One or two of each family, for the short form.
SHORT = (
    'kill wallet',
    'kill gateway',
    'kill front',
    'kill postgres',
    'kill transaction_consumer',
    'kill statement_consumer',
    'kill outbox_relay',
    'stop auth',
    'stop session',
    'restart gateway',
    'SIGTERM wallet',
    'cut wallet-database',
    'deaf wallet-database',
    'lost transactions-broker',
    'refuse lines-database',
    'no access to statement database',
    'restore statement database',
    'no files for wallet',
    'disk full: logs',
    'clock back: postgres',
)


@dataclass
class Plan:
    seed: str
    seconds: float = 900
    faults: int = 0
    short: bool = False
    only: str = ''
    prove: bool = False
    clients: int = 8
    publishers: int = 3
    rate: float = 12
    hold: float = 10

    def __post_init__(self):
        self.tag = f'c{self.seed}'
        if self.short:
            self.rate, self.hold, self.clients, self.publishers = 8, 1.5, 6, 2

    def order(self, kinds):
        """The faults, one after another: every kind once, in random order, and again."""
        rng = random.Random(f'{self.seed}/faults')
        if self.only:
            kinds = [k for k in kinds if self.only in k.name]
        elif self.short:
            kinds = [k for k in kinds if k.name in SHORT]
        if not kinds:
            raise SystemExit(f'no kind of fault has "{self.only}" in its name')
        count = 0
        while True:
            for kind in rng.sample(kinds, len(kinds)):
                if count == (self.faults or (len(kinds) if self.short else -1)):
                    return
                count += 1
                yield kind, rng, self.hold * rng.uniform(0.7, 1)
