"""calls.py - makes CALLS calls that schemathesis generates from web/openapi.yaml, valid ones and
others, and checks each answer: no 5xx, a documented status, type and code, headers and body as
their schema says, and no success for what breaks the schema. Most calls must get past the door:
succeed.

Prints TAP: a test for each operation, and a table of the responses as comments. Two processes share
the calls.
"""
import collections
import math
import multiprocessing
import os
import sys
import time

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks

from world import World

BASE = os.environ['BASE_URL'].rstrip('/')
CALLS = int(os.environ.get('CALLS', 700))
SEED = int(os.environ.get('SEED', time.time_ns() % 1000000))
PROCESSES = 2
# Of 100 generated requests: the valid ones. The others break the schema somewhere.
VALID = 85
# Each request is sent as often, every time by another caller about other things. The first of a
# request that breaks the schema is sent as it was generated.
REPEATS = 2
CHECKS = [not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
          checks.response_headers_conformance, checks.response_schema_conformance]
# In an invalid batch of mode `each`, the valid places are posted.
MAY_SUCCEED = ('postBatch',)
# They take no input, so a few calls show all.
PLAIN = ('getKeys', 'health', 'live', 'alarms')


def codes(schema, operation, status):
    """The codes that the document shows for a status."""
    raw = schema.raw_schema
    response = follow(raw, operation.definition.raw['responses'].get(str(status), {}))
    media = response.get('content', {}).get('application/problem+json', {})
    return {follow(raw, e)['value']['code'] for e in media.get('examples', {}).values()}


def follow(raw, node):
    while '$ref' in node:
        place = raw
        for name in node['$ref'][2:].split('/'):
            place = place[name]
        node = place
    return node


class Caller:
    """Calls one operation after another, and counts."""

    def __init__(self, number):
        self.schema = schemathesis.openapi.from_path('web/openapi.yaml')
        self.world = World(BASE, SEED + number)
        self.number, self.session = number, requests.Session()
        self.counts = collections.defaultdict(collections.Counter)
        self.faults = collections.defaultdict(list)

    def call(self, name, case, as_generated):
        try:
            headers = self.world.headers(name) if as_generated else self.world.meet(name, case)
            answer = case.call(base_url=BASE, session=self.session, headers=headers, timeout=60)
        except (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL,
                UnicodeError):
            return  # this client cannot send it
        self.counts[name][answer.status_code] += 1
        self.judge(name, case, answer, as_generated)
        try:
            body = answer.json()
        except ValueError:
            body = None
        self.world.learn(name, case, answer.status_code, body)

    def judge(self, name, case, answer, as_generated):
        # A check of schemathesis that does not know 413.
        refused = as_generated and name not in MAY_SUCCEED and answer.status_code != 413
        try:
            case.validate_response(
                answer, checks=CHECKS + [checks.negative_data_rejection] * refused)
            if answer.status_code >= 400:
                code = answer.json()['code']
                known = codes(self.schema, case.operation, answer.status_code)
                assert code in known, f'{code} is not documented for {answer.status_code}'
        except (AssertionError, Failure, FailureGroup) as fault:
            self.blame(name, case, answer, fault)

    def blame(self, name, case, answer, fault):
        parts = getattr(fault, 'exceptions', [fault])
        what = '; '.join(f'{getattr(p, "title", "")} {getattr(p, "message", p)}' for p in parts)
        self.faults[name].append(f'{answer.status_code}: {what}\n'
                                 f'{answer.request.method} {answer.request.url}\n'
                                 f'{dict(answer.request.headers)}\n{answer.request.body!r:.2000}\n'
                                 f'answer: {answer.text[:600]}')

    def operation(self, operation, count):
        name = operation.definition.raw['operationId']
        for mode, share in ((GenerationMode.POSITIVE, VALID), (GenerationMode.NEGATIVE, 100 - VALID)):
            examples = math.ceil(count * share / 100 / REPEATS)

            @seed(SEED + self.number)
            @settings(max_examples=examples, phases=[Phase.generate], deadline=None, database=None,
                      suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy(generation_mode=mode))
            def calls(case):
                for i in range(REPEATS):
                    self.call(name, case, i == 0 and mode == GenerationMode.NEGATIVE)

            try:
                calls()
            except Unsatisfiable:
                pass  # nothing to get wrong: the operation takes no input

    def run(self):
        operations = [r.ok() for r in self.schema.get_all_operations()]
        rich = [o for o in operations if not o.definition.raw['operationId'].startswith(PLAIN)]
        mine = operations[self.number::PROCESSES]
        for o in mine:
            # A few more, because this client cannot send some.
            self.operation(o, math.ceil(CALLS * 1.05 / len(rich)) if o in rich else 4)
        return dict(self.counts), dict(self.faults)


def run(number):
    return Caller(number).run()


def report(counts, faults):
    names = sorted(counts)
    print(f'1..{len(names) + 1}')
    for place, name in enumerate(names, 1):
        print(f"{'not ok' if faults[name] else 'ok'} {place} - {name}")
        for fault in faults[name][:3]:
            print('# ' + fault.replace('\n', '\n# '))
    total, succeeded = collections.Counter(), 0
    print(f'# SEED={SEED}')
    for name in names:
        total.update(counts[name])
        row = ', '.join(f'{status}: {n}' for status, n in sorted(counts[name].items()))
        print(f'# {name:18} {row}')
    calls = sum(total.values())
    succeeded = sum(n for status, n in total.items() if status < 400)
    print(f"# {'all':18} " + ', '.join(f'{status}: {n}' for status, n in sorted(total.items())))
    print(f'# {calls} calls, of which {succeeded} succeeded; {sum(map(len, faults.values()))} faults')
    good = succeeded * 2 > calls and calls >= CALLS
    print(f"{'ok' if good else 'not ok'} {len(names) + 1} - most calls succeed")
    return good and not any(faults.values())


def main():
    counts = collections.defaultdict(collections.Counter)
    faults = collections.defaultdict(list)
    with multiprocessing.Pool(PROCESSES) as pool:
        for some, wrong in pool.imap_unordered(run, range(PROCESSES)):
            for name, statuses in some.items():
                counts[name].update(statuses)
            for name, list_ in wrong.items():
                faults[name] += list_
    return 0 if report(counts, faults) else 1


if __name__ == '__main__':
    sys.exit(main())
