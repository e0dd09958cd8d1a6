"""meter.py - every attempt of the load, with its times: what succeeded, and since when again."""
import threading
import time
from dataclasses import dataclass

WINDOW, LEAST, SHARE = 1.0, 20, 0.99


@dataclass
class Attempt:
    began: float
    door: str
    ended: float = 0.0
    ok: bool = False
    what: str = ''


class Meter:
    """Attempts of the last minutes; older ones are only counted."""

    KEPT = 20000

    def __init__(self):
        self.lock, self.attempts, self.counts = threading.Lock(), [], {}

    def begin(self, door):
        attempt = Attempt(time.monotonic(), door)
        with self.lock:
            self.attempts.append(attempt)
            if len(self.attempts) > 2 * self.KEPT:
                del self.attempts[: self.KEPT]
        return attempt

    def end(self, attempt, ok, what):
        attempt.ok, attempt.what, attempt.ended = ok, what, time.monotonic()
        with self.lock:
            self.counts[attempt.door, what] = self.counts.get((attempt.door, what), 0) + 1

    def since(self, began):
        with self.lock:
            return [a for a in self.attempts if a.began >= began]

    def failures(self, began, until):
        """What went wrong among the attempts that were under way in between."""
        with self.lock:
            return [
                a.what
                for a in self.attempts
                if a.began <= until and a.ended >= began and not a.ok and a.door == 'rest'
            ]

    def recovered(self, end):
        """Seconds from `end` until requests succeed again; None if that is not known yet.

        From that moment on, 99 % of the requests of a second, and of twenty at least, succeed.
        """
        attempts = [a for a in self.since(end) if a.door == 'rest']
        for start in [end] + [a.began for a in attempts if a.ended and not a.ok]:
            window = [a for a in attempts if start < a.began <= start + WINDOW]
            later = [a for a in attempts if a.began > start + WINDOW]
            window += later[: max(0, LEAST - len(window))]
            if time.monotonic() < start + WINDOW or len(window) < LEAST:
                return None
            if sum(a.ok for a in window) >= SHARE * len(window):
                return start - end
            if any(not a.ended for a in window):
                return None
        return None
