"""How often a passphrase or code may be tried: growing waits for a name from an address, an address, a name, and all.

A try counts as wrong from before it is checked until it proves right, so that many at once are no more than many in a row. A
refused try does not count and does not lengthen a wait. Who is signed in from an address already is held to the first two limits
alone: guesses from elsewhere cannot keep them out. In memory and bounded; nothing here knows which names exist. Time is an
argument, in seconds on any steady clock.
"""

import ipaddress
import math
import threading
from dataclasses import dataclass
from typing import Final

from earwitness.domain.errors import AccessError

MOST_COUNTS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`free_tries` without a wait; then one after `first_wait` seconds, doubling to `longest_wait`.

    All is forgotten `forget` seconds after the last wrong try, which is at least the longest wait.
    """

    free_tries: int
    first_wait: float
    longest_wait: float
    forget: float

    def wait(self, wrong_tries: int) -> float:
        """For how many seconds one waits after so many wrong tries."""
        surplus = wrong_tries - self.free_tries
        return 0.0 if surplus < 0 else min(self.longest_wait, self.first_wait * 2.0 ** min(surplus, 32))


PAIR: Final = Limit(free_tries=5, first_wait=30, longest_wait=3600, forget=86_400)
"""One name from one address."""
ADDRESS: Final = Limit(free_tries=20, first_wait=30, longest_wait=3600, forget=86_400)
NAME: Final = Limit(free_tries=50, first_wait=30, longest_wait=900, forget=86_400)
ALL: Final = Limit(free_tries=200, first_wait=1, longest_wait=10, forget=3600)
"""Bounds what hashing costs; short, for it holds up people who have nothing to do with it."""


@dataclass(slots=True)
class _Count:
    wrong: int = 0
    last_at: float = -math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A try that is being checked: give it back to `was_right` when it was."""

    counts: tuple[tuple[tuple[str, str], float], ...]
    """What it was counted under, and when the try before it was."""
    at: float


class Throttle:
    """All counts. Safe to call from many threads."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], _Count] = {}
        self._lock = threading.Lock()

    def begin(self, name: str, address: str, *, now: float, is_known: bool = False) -> Try:
        """Count a try. Raises AccessError (access.wait), which says for how long, while one has to wait."""
        limits = _limits(name, network_of(address), is_known=is_known)
        with self._lock:
            waits = (self._wait(key, limit, now=now) for key, limit in limits.items())
            longest = max(waits)
            if longest > 0:
                raise AccessError(f"Too many attempts; wait {_said(longest)}, then try again.", code="access.wait")
            before = []
            for key, limit in limits.items():
                count = self._counts.pop(key, None) or _Count()
                if now - count.last_at >= limit.forget:
                    count = _Count()
                before.append((key, count.last_at))
                count.wrong += 1
                count.last_at = now
                self._counts[key] = count
            while len(self._counts) > MOST_COUNTS:
                del self._counts[next(iter(self._counts))]
        return Try(counts=tuple(before), at=now)

    def was_right(self, tried: Try) -> None:
        """Take a try back; the name from that address starts afresh, other counts only lose this one."""
        with self._lock:
            for key, before in tried.counts:
                count = self._counts.get(key)
                if count is None:
                    continue
                count.wrong -= 1
                if count.last_at == tried.at:
                    count.last_at = before
                if count.wrong <= 0:
                    del self._counts[key]

    def forget(self, name: str) -> None:
        """Begin afresh with a name, from wherever: its passphrase was changed at the machine itself."""
        with self._lock:
            for key in [one for one in self._counts if one[0] == name]:
                del self._counts[key]

    def _wait(self, key: tuple[str, str], limit: Limit, *, now: float) -> float:
        count = self._counts.get(key)
        if count is None or now - count.last_at >= limit.forget:
            return 0.0
        return limit.wait(count.wrong) - (now - count.last_at)


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, and of IPv6 the first 64 bits, all of which one subscriber has."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 6:
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed), 64), strict=False))
    return str(parsed)


def _limits(name: str, address: str, *, is_known: bool) -> dict[tuple[str, str], Limit]:
    own = {(name, address): PAIR, ("", address): ADDRESS}
    return own if is_known else {**own, (name, "*"): NAME, ("", "*"): ALL}


def _said(seconds: float) -> str:
    minutes = math.ceil(seconds / 60)
    return f"{math.ceil(seconds)} seconds" if seconds < 60 else "a minute" if minutes == 1 else f"{minutes} minutes"
