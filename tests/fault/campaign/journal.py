"""journal.py - what the load intended and what was answered: lines of JSON, written before and after.

All that the driver and the checker share. One file a worker, `journal.NAME.jsonl`:

  {"do": "intent", "op": NAME, "door": …, "kind": …, "wallet": …, "amount": …, "to": …,
   "reference": …, "batch": …, "mode": …}          before the first attempt
  {"do": "ack", "op": NAME, "id": …, "version": …, "balance_after": …, "kind": …, "amount": …,
   "wallet": …}                                     each positive answer, replays too
  {"do": "refused", "op": NAME, "code": …}          a final refusal: nothing may have moved
  {"do": "confirmed", "op": NAME}                   the broker has it: it must take effect
  {"do": "poison", "op": NAME}                      a message that must become a dead letter
  {"do": "file", "job": PATH, "fault": …}           a statement file; the last record counts
  {"do": "wallet", "id": …, "currency": …, "credit_limit": …}

NAME is the transaction's description, or its idempotency key where a format has no description.
"""
import json
from pathlib import Path


class Journal:
    def __init__(self, folder, name):
        self.file = open(Path(folder) / f'journal.{name}.jsonl', 'a', encoding='utf-8')

    def write(self, do, **members):
        members['do'] = do
        self.file.write(json.dumps(members, separators=(',', ':')) + '\n')
        self.file.flush()


def records(folder):
    """Yields every record of a campaign."""
    for path in sorted(Path(folder).glob('journal.*.jsonl')):
        with open(path, encoding='utf-8') as lines:
            for line in lines:
                yield json.loads(line)
