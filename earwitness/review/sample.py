"""Drawing by lot. Pure: the same seed, list and terms give the same draw, on any machine and for anybody.

An epoch is a day in UTC. Its seed is chosen and its SHA-256 committed to the ledger before anything of that day may be drawn;
once the day is over its list is committed, then the seed shown. A turn's number is HMAC-SHA256 (RFC 2104) of its random id
under the seed; it is drawn if the number is under a threshold that the terms and the length of the list give.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from earwitness.domain.review import MILLION, THOUSAND, DrawTerms, Excluded, KeptThen, Lot, StandsNow
from earwitness.ledger.edge import Edge
from earwitness.ledger.tree import leaf_hash

SEED_BYTES: Final = 32
SPACE: Final = 1 << 64
"""How many numbers there are."""
MOST_FAVOURED: Final = 10
"""What was hard to understand has at most this many times the usual chance, however little there is of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """The outcome: the recordings drawn, in the order of their lots; under which numbers of `SPACE` one is drawn; the most there
    may be; and how many were passed over, as the month's share of their person, or of all, was used up."""

    drawn: tuple[str, ...]
    threshold: int
    doubtful_threshold: int
    most: int
    passed_over: int


def epoch_of(moment: datetime) -> str:
    """The epoch of an aware moment: its day in UTC, such as "2026-03-02"."""
    return moment.astimezone(UTC).date().isoformat()


def month_of(epoch: str) -> str:
    """The calendar month of an epoch, such as "2026-03". Raises ValueError for what is none."""
    return date.fromisoformat(epoch).isoformat()[:7]


def seed_digest(seed: bytes) -> str:
    """What is committed of a seed before the draw: its SHA-256 in hexadecimal."""
    return hashlib.sha256(seed).hexdigest()


def why_not(then: KeptThen, now: StandsNow) -> Excluded | None:
    """Why a turn cannot be drawn; None if it can. What counted when it was kept comes first."""
    checks = (
        (not then.is_woken, Excluded.NOT_WOKEN),
        (then.is_child or now.is_child, Excluded.CHILD),
        (then.is_guest or now.is_guest, Excluded.GUEST),
        (not then.had_consent, Excluded.NO_CONSENT_THEN),
        (now.is_gone, Excluded.GONE),
        (not now.has_consent, Excluded.NO_CONSENT_NOW),
        (now.is_restricted, Excluded.RESTRICTED),
    )
    return next((reason for fails, reason in checks if fails), None)


def number(seed: bytes, recording: str) -> int:
    """The number of a recording under a seed, from 0 up to `SPACE`."""
    return int.from_bytes(hmac.digest(seed, bytes.fromhex(recording), "sha256")[:8])


def most_drawn(count: int, *, rate_millionths: int) -> int:
    """How many of `count` may be drawn: the rate, rounded up."""
    return -(-count * rate_millionths // MILLION)


def thresholds(count: int, doubtful: int, *, terms: DrawTerms) -> tuple[int, int]:
    """Under which numbers a plain and a doubtful recording are drawn, of a list of `count` with `doubtful` of them.

    With integers alone, so that every machine finds the same. Expected draws are at most the rate times `count`.
    """
    kept_back = terms.doubtful_thousandths if doubtful else 0
    plain = SPACE * terms.rate_millionths * (THOUSAND - kept_back) // (MILLION * THOUSAND)
    if not doubtful:
        return plain, plain
    more = SPACE * terms.rate_millionths * kept_back * count // (MILLION * THOUSAND * doubtful)
    favoured = min(plain + more, SPACE * terms.rate_millionths * MOST_FAVOURED // MILLION)
    return plain, min(favoured, SPACE)


def draw(seed: bytes, lots: Iterable[Lot], *, terms: DrawTerms) -> Draw:
    """Draw from a list. Lots that say why they are excluded are passed by, and count nowhere."""
    able = [lot for lot in lots if lot.excluded is None]
    plain, doubtful = thresholds(len(able), sum(lot.is_doubtful for lot in able), terms=terms)
    hit: list[tuple[int, str, Lot]] = []
    for lot in able:
        threshold = doubtful if lot.is_doubtful else plain
        found = number(seed, lot.recording)
        if found < threshold:
            hit.append((found * SPACE // threshold, lot.recording, lot))
    most, taken = most_drawn(len(able), rate_millionths=terms.rate_millionths), Counter[str]()
    drawn: list[str] = []
    for _, recording, lot in sorted(hit, key=lambda one: one[:2]):
        if len(drawn) < most and taken[lot.speaker] < lot.room:
            taken[lot.speaker] += 1
            drawn.append(recording)
    return Draw(drawn=tuple(drawn), threshold=plain, doubtful_threshold=doubtful, most=most, passed_over=len(hit) - len(drawn))


def leaf(lot: Lot) -> bytes:
    """A lot as the committed list has it: id, speaker, room, doubt, and why not, between spaces."""
    doubt, why = "doubtful" if lot.is_doubtful else "plain", lot.excluded.value if lot.excluded else "able"
    return f"{lot.recording} {lot.speaker} {lot.room} {doubt} {why}".encode()


def parse_leaf(line: str) -> Lot:
    """A lot again. Raises ValueError for what is none."""
    recording, speaker, room, doubt, why = line.split(" ")
    if len(bytes.fromhex(recording)) != 16 or len(bytes.fromhex(speaker)) != 8 or doubt not in ("doubtful", "plain"):
        raise ValueError("no lot")
    excluded = None if why == "able" else Excluded(why)
    return Lot(recording=recording, speaker=speaker, room=int(room), is_doubtful=doubt == "doubtful", excluded=excluded)


def list_root(lots: Sequence[Lot]) -> str:
    """The root (RFC 6962) over the lots sorted by id, in hexadecimal: what is committed of a list."""
    ordered = sorted(lots, key=lambda lot: lot.recording)
    return Edge().extended(leaf_hash(leaf(lot)) for lot in ordered)[0].root().hex()


def drawn_digest(drawn: Iterable[str]) -> str:
    """What is committed of a draw: the SHA-256 over the drawn ids, sorted, each with a line feed."""
    return hashlib.sha256("".join(f"{one}\n" for one in sorted(drawn)).encode()).hexdigest()
