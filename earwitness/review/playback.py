"""Playback at the desk: a token for one short part of one task's sound, good once, in one sign-in, for half a minute.

It keeps no sound: each part comes from the household when its token is spent, where its entry is written first. Calls block.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES
from earwitness.domain.errors import ReviewError
from earwitness.domain.recording import Actor
from earwitness.review.conduct import Act
from earwitness.review.desk import Desk

PART_BYTES: Final = 4 * RATE_HZ * SAMPLE_BYTES
"""The most that one token gives: four seconds."""
TOKEN_LASTS: Final = timedelta(seconds=30)
MOST_TOKENS: Final = 10_000
"""Unspent at a time, of all reviewers; the oldest go."""


class SoundPorter(Protocol):
    """Fetches sound from the household, on record, for a task that one lease holds."""

    def sound_length(self, actor: Actor, task_id: str, *, lease_id: str) -> int | None:
        """How many bytes of 16 kHz mono int16 there are to hear; None for text alone. Raises as the desk's porter."""
        ...

    def sound_part(self, actor: Actor, task_id: str, *, lease_id: str, start: int, end: int) -> bytes:
        """Those bytes; the entry is in the ledger before. Raises as the desk's porter."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """What a token is good for."""

    reviewer: str
    sign_in_id: str
    lease_id: str
    start: int
    end: int
    until: datetime


class Playback:
    """The tokens of one desk. `clock` gives aware datetimes."""

    def __init__(self, desk: Desk, *, porter: SoundPorter, clock: Callable[[], datetime]) -> None:
        self._desk = desk
        self._porter = porter
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[str, _Token] = {}
        self._lengths: dict[str, int] = {}

    def length(self, actor: Actor, lease_id: str, *, sign_in_id: str) -> int | None:
        """How many bytes there are to hear of the leased task; None for text alone. Raises AccessError, ReviewError, VaultError,
        LedgerError."""
        lease = self._desk.held(actor, lease_id, sign_in_id=sign_in_id)
        is_made_up = self._desk.is_made_up(lease.task_id)
        found = None if is_made_up else self._porter.sound_length(actor, lease.task_id, lease_id=lease_id)
        with self._lock:
            self._lengths.pop(lease_id, None)
            if found is not None:
                self._lengths[lease_id] = found
            while len(self._lengths) > MOST_TOKENS:
                del self._lengths[next(iter(self._lengths))]
        return found

    def token(self, actor: Actor, lease_id: str, *, sign_in_id: str, start: int, end: int) -> str:
        """A token for bytes `start` up to `end`: whole samples, inside of the sound, four seconds at most.

        Raises AccessError, ReviewError (review.over; review.text_only; review.no_such_part).
        """
        self._desk.held(actor, lease_id, sign_in_id=sign_in_id)
        with self._lock:
            length = self._lengths.get(lease_id)
        if length is None:
            raise ReviewError("Of this task there is no sound to hear, only the words.", code="review.text_only")
        if not 0 <= start < end <= length or end - start > PART_BYTES or start % SAMPLE_BYTES or end % SAMPLE_BYTES:
            raise self._refused(actor, "That part of the sound cannot be had.", code="review.no_such_part")
        made = secrets.token_urlsafe(32)
        with self._lock:
            self._tokens[made] = _Token(
                reviewer=actor.alias,
                sign_in_id=sign_in_id,
                lease_id=lease_id,
                start=start,
                end=end,
                until=self._clock() + TOKEN_LASTS,
            )
            while len(self._tokens) > MOST_TOKENS:
                del self._tokens[next(iter(self._tokens))]
        return made

    def part(self, actor: Actor, token: str, *, sign_in_id: str) -> bytes:
        """Spend a token for its part, int16 [samples] as bytes. Raises ReviewError (review.token for one that is spent, too old,
        unknown or another's), AccessError, VaultError, LedgerError."""
        with self._lock:
            found = self._tokens.pop(token, None)
        if found is None or (found.reviewer, found.sign_in_id) != (actor.alias, sign_in_id) or found.until <= self._clock():
            raise self._refused(actor, "That part was had already, or its time is over; ask for it anew.", code="review.token")
        lease = self._desk.held(actor, found.lease_id, sign_in_id=sign_in_id)
        self._desk.note(actor, Act.PLAYED, task_id=lease.task_id)
        self._desk.held(actor, found.lease_id, sign_in_id=sign_in_id)  # what was noted may have suspended them
        return self._porter.sound_part(actor, lease.task_id, lease_id=found.lease_id, start=found.start, end=found.end)

    def _refused(self, actor: Actor, sentence: str, *, code: str) -> ReviewError:
        """A refusal, which is on record for the rules of conduct."""
        self._desk.note(actor, Act.REFUSED)
        return ReviewError(sentence, code=code)
