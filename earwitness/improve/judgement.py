"""Which judgement of an utterance counts, and why some are left out of a set. Pure.

The rule: what the person says of their own utterance counts before everything, their latest word first; else what reviewers
agreed on or the lead decided; else the judgement of one reviewer alone, where no second was asked. A dispute that is open
teaches nothing.
"""

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import rfc8785

from earwitness.domain.recording import Recording
from earwitness.domain.review import Annotation, Label

SELF: Final = "self"
"""The alias of the person themself."""
RULE: Final = "self, else confirmed, else the only one"
_BLANK: Final = "▇"
"""What review puts in place of personal words."""
_UNUSABLE: Final = frozenset({Label.UNCLEAR, Label.SEVERAL_SPEAKERS, Label.PERSONAL_DATA, Label.DISTURBING})


class LeftOut(StrEnum):
    """Why a judged utterance is in no set."""

    DISPUTED = "disputed"
    UNUSABLE = "unusable"
    """Judged unclear, of several speakers, disturbing, or with something personal left in it."""
    BLANKED = "blanked"
    """The transcript has blanks where personal words were taken out: it is not what was said."""
    EMPTY = "empty"
    """No words and no false wake."""
    DUPLICATE = "duplicate"
    """The same person was heard the same way and meant the same before."""


def counting(annotations: Sequence[Annotation]) -> Annotation | LeftOut:
    """The judgement that counts, or why none does. Raises ValueError where nobody judged."""
    if not annotations:
        raise ValueError("nobody judged this")
    own = [one for one in annotations if one.by == SELF]
    final = [one for one in annotations if one.is_final]
    confirmed = [one for one in final if one.is_confirmed]
    if own or confirmed:
        chosen = (own or confirmed)[-1]
    elif len({_claim(one) for one in final}) == 1:
        chosen = final[-1]
    else:
        return LeftOut.DISPUTED
    if chosen.labels & _UNUSABLE:
        return LeftOut.UNUSABLE
    if Label.FALSE_WAKE in chosen.labels:
        return chosen
    if not chosen.transcript.strip():
        return LeftOut.EMPTY
    is_blanked = any(_BLANK in text for text in (chosen.transcript, *(value for _, value in chosen.slots)))
    return LeftOut.BLANKED if is_blanked else chosen


def digest(annotation: Annotation) -> str:
    """The SHA-256 of a judgement as the ledger has it."""
    return hashlib.sha256(rfc8785.dumps(annotation.as_json())).hexdigest()


def sameness(recording: Recording, chosen: Annotation) -> tuple[object, ...]:
    """What makes two utterances of one person duplicates. False wakes are told apart by their sound: what was heard of most is
    nothing, and no two are alike."""
    if Label.FALSE_WAKE in chosen.labels and recording.audio_seconds:
        return (recording.turn.turn_id,)
    return (recording.person_id, recording.heard.casefold(), *_claim(chosen))


def _claim(one: Annotation) -> tuple[object, ...]:
    return (" ".join(one.transcript.casefold().split()), one.intent, tuple(sorted(one.slots)), tuple(sorted(one.labels)))
