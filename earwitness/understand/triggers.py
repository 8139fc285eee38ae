"""When a routine is to begin, as it is said or typed: on a phrase, at a time, or when a device does something. Pure.

It tells the three apart; what device and what time are meant is not known here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from hassil import Intents, recognize_best

from earwitness.domain.times import Frame, Toward
from earwitness.understand.normalise import normalise
from earwitness.understand.sentences import read_words
from earwitness.understand.times import find

_ANY_FRAME: Final = Frame(now=datetime(2026, 6, 3, 12, tzinfo=UTC), zone=ZoneInfo("UTC"), toward=Toward.AS_READ)
"""Against which it is seen whether words say a time at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Somebody says `phrase`."""

    phrase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """A device comes to be in a state ("open", "on", "unlocked"); `device` is how it was called."""

    device: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """At a time that `words` say."""

    words: str


TriggerWords: TypeAlias = Said | Became | Timed


def read_trigger(words: str) -> TriggerWords | None:
    """What "when I say sleep well", "when the front door opens" or "every weekday at seven" is; None for anything else.

    Raises TextError (text.too_long) for more than 1,000 characters.
    """
    plain = normalise(words).removesuffix(" instead").strip(" ,")
    found = recognize_best(plain, _sentences())
    slots = {} if found is None else {one.name: str(one.value).strip() for one in found.entities_list}
    if phrase := slots.get("said"):
        return Said(phrase=phrase)
    if device := slots.get("device"):
        return Became(device=device, state=slots["change"])
    return None if find(plain, frame=_ANY_FRAME) is None else Timed(words=plain)


@lru_cache(maxsize=1)
def _sentences() -> Intents:
    words = read_words("sentences/triggers_en.yaml")
    words["lists"] |= {"device_change": read_words("sentences/en/routines.yaml")["lists"]["device_change"]}
    return Intents.from_dict(words)
