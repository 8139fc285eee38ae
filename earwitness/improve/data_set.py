"""A data set: which judged utterances teach and which measure, by ids alone. Pure.

A set holds no words. It names recordings, the digest of the judgement that counts and the consents in force; the words stay
where they are, sealed with their recording, so that deleting one takes it out of every set. Its name is the SHA-256 of its
manifest.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import rfc8785

from earwitness.improve.judgement import RULE

MEASURED_SHARE: Final = 0.3
"""About so much of a set measures, and teaches nothing."""
FEWEST_SPEAKERS: Final = 4
"""With fewer, nobody can be left out: then recordings are, and the set says so."""
FEWEST_ITEMS: Final = 10
"""A smaller set teaches and measures nothing."""


class Side(StrEnum):
    TEACHES = "teaches"
    MEASURES = "measures"


class Split(StrEnum):
    """What is never on both sides."""

    SPEAKERS = "speakers"
    RECORDINGS = "recordings"
    """In a home of a few people: the same person may be on both sides, the same recording never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A judged utterance that may be in a set, with what is known of its speaker."""

    recording_id: str
    person_id: str
    annotation_sha256: str
    keep_decision: str
    train_decision: str
    expires_at: datetime
    age: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetItem:
    """One line of a manifest: ids and digests, no words. `speaker` stands for one person in this set alone."""

    recording: str
    speaker: str
    side: Side
    annotation_sha256: str
    keep_decision: str
    train_decision: str
    age: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a set is. `left_out` counts judged utterances by the reason why they are not in it."""

    made_at: str
    split: Split
    items: tuple[SetItem, ...]
    left_out: Mapping[str, int]

    def as_bytes(self) -> bytes:
        """Canonical JSON (RFC 8785)."""
        items = [{**asdict(item), "side": item.side.value} for item in self.items]
        return rfc8785.dumps(
            {
                "v": 1,
                "made_at": self.made_at,
                "split": self.split.value,
                "judgements": RULE,
                "items": items,
                "left_out": dict(self.left_out),
            }
        )

    @property
    def set_id(self) -> str:
        return hashlib.sha256(self.as_bytes()).hexdigest()

    @property
    def contents(self) -> frozenset[tuple[str, str, str, str]]:
        """What is in it, whenever it was made and whatever speakers are called in it."""
        return frozenset((one.recording, one.annotation_sha256, one.keep_decision, one.train_decision) for one in self.items)

    def of(self, side: Side) -> tuple[SetItem, ...]:
        return tuple(item for item in self.items if item.side is side)


def manifest_of(data: bytes) -> Manifest:
    """A manifest out of its bytes. Raises ValueError, KeyError or TypeError for what is none."""
    found: dict[str, Any] = json.loads(data)
    items = tuple(SetItem(**{**one, "side": Side(one["side"])}) for one in found["items"])
    return Manifest(made_at=found["made_at"], split=Split(found["split"]), items=items, left_out=found["left_out"])


def made_set(
    candidates: Sequence[Candidate], *, speakers: Mapping[str, str], left_out: Mapping[str, int], made_at: datetime
) -> Manifest:
    """The manifest of these utterances; `speakers` gives each person's random key. The same person falls on the same side in
    every set, as far as their shares allow."""
    split = Split.SPEAKERS if len({one.person_id for one in candidates}) >= FEWEST_SPEAKERS else Split.RECORDINGS
    measured = _measured(candidates, split)
    items = tuple(
        SetItem(
            recording=one.recording_id,
            speaker=speakers[one.person_id],
            side=Side.MEASURES if _unit(one, split) in measured else Side.TEACHES,
            annotation_sha256=one.annotation_sha256,
            keep_decision=one.keep_decision,
            train_decision=one.train_decision,
            age=one.age,
        )
        for one in sorted(candidates, key=lambda one: one.recording_id)
    )
    return Manifest(made_at=made_at.isoformat(timespec="seconds"), split=split, items=items, left_out=dict(left_out))


def _unit(one: Candidate, split: Split) -> str:
    return one.person_id if split is Split.SPEAKERS else one.recording_id


def _measured(candidates: Sequence[Candidate], split: Split) -> frozenset[str]:
    """Those that measure: by the digests of their ids, until there are enough; of speakers at least two, and not all."""
    sizes: dict[str, int] = {}
    for one in candidates:
        unit = _unit(one, split)
        sizes[unit] = sizes.get(unit, 0) + 1
    order = sorted(sizes, key=lambda unit: hashlib.sha256(b"earwitness/v1/measures\0" + unit.encode()).digest())
    chosen: list[str] = []
    taken = 0
    for unit in order[:-1]:
        if taken >= MEASURED_SHARE * len(candidates) and len(chosen) >= 2:
            break
        chosen.append(unit)
        taken += sizes[unit]
    return frozenset(chosen)
