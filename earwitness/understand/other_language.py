"""Understands requests to a smart home in another language than English, by Home Assistant's sentences alone. No side effects.

Owns what is the same in every such language; its words are in sentences/other/ and in the package of sentences. There is no
dialog, and nothing of privacy: consent is given and taken back in English or on the page.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from hassil import Intents, recognize_best
from hassil.intents import SlotList, TextSlotList
from hassil.recognize import RecognizeResult
from home_assistant_intents import get_intents

from earwitness.domain.errors import SettingsError
from earwitness.domain.home import Home
from earwitness.domain.intent import Completeness, Context, Intent, SlotValue, Understanding
from earwitness.understand.candidates import Candidates, for_domains
from earwitness.understand.names import NO_AREA
from earwitness.understand.normalise import LONGEST_CHARACTERS
from earwitness.understand.sentences import read_words
from earwitness.understand.spoken_lists import SpokenLists
from earwitness.understand.templates import domains_of

LANGUAGES: Final = ("de", "fr", "es")
_YES_OR_NO: Final = frozenset(("confirmed", "confirm", "is_sure"))
_EDGES: Final = " ,.!?;:¿¡\"'«»„“”"


@lru_cache(maxsize=len(LANGUAGES))
def words_of(language: str) -> Mapping[str, Any]:
    """The words of a language that the package has not. Raises SettingsError for a language that is none of LANGUAGES."""
    if language not in LANGUAGES:
        raise SettingsError(f"There is no language {language} here; choose en, {', '.join(LANGUAGES)}.")
    return read_words(f"sentences/other/{language}.yaml")


@lru_cache(maxsize=len(LANGUAGES))
def sentences_in(language: str) -> Intents:
    """Home Assistant's sentences. The result is shared: nobody changes it."""
    words_of(language)
    return Intents.from_dict(get_intents(language) or {})


def lists_in(home: Home) -> dict[str, SlotList]:
    """The names of a home as its file has them."""
    names = [
        (spoken, device.name, {"domain": device.domain, "device_class": device.device_class})
        for device in home.devices
        for spoken in dict.fromkeys((device.name, *device.aliases))
    ]
    areas = [(spoken, area.name) for area in home.areas for spoken in (area.name, *area.aliases)]
    floors = [(spoken, area.floor) for area in home.areas if area.floor for spoken in (area.floor, *area.floor_aliases)]
    return {
        "name": TextSlotList.from_tuples(names, allow_template=False, name="name"),
        "area": TextSlotList.from_tuples(areas, allow_template=False, name="area"),
        "floor": TextSlotList.from_tuples(dict.fromkeys(floors), allow_template=False, name="floor"),
        "zone": TextSlotList.from_tuples(areas, allow_template=False, name="zone"),
    }


class OtherLanguage:
    """An Understander (turn.ports) for one home in one of LANGUAGES; make a new one when names change. Thread-safe."""

    def __init__(self, home: Home, *, language: str) -> None:
        """Raises SettingsError for a language that is none of LANGUAGES."""
        self.home = home
        self._words = words_of(language)
        known = for_domains(sentences_in(language), domains_of(home))
        self._candidates = Candidates(known)
        self._lists = lists_in(home)
        self._spoken = SpokenLists(self._lists, skip_words=self._candidates.skip_words, knows_numbers=False)
        courtesy = "|".join(re.escape(one) for one in sorted(self._words["courtesy"], key=len, reverse=True))
        self._courtesy = re.compile(rf"^(?:(?:{courtesy})[\s,.!]+)+|(?:[\s,]+(?:{courtesy}))+$", re.IGNORECASE)

    def understand(self, text: str, *, context: Context) -> Understanding:
        """What `text` means here; a text that is too long means nothing."""
        plain = self._plain(text[: LONGEST_CHARACTERS + 1])
        if not plain:
            return Understanding(text=plain, intent=None, completeness=Completeness.ABSENT, reason="")
        if context.pending is not None and context.expects is not None:
            answered = self._answer(plain, context.pending, expects=context.expects)
            if answered is not None:
                return Understanding(text=plain, intent=answered, completeness=Completeness.COMPLETE, reason="")
        result = self._match(plain, context.area) if len(text) <= LONGEST_CHARACTERS else None
        if result is None:
            reason = str(self._words["replies"]["not_understood"])
            return Understanding(text=plain, intent=None, completeness=Completeness.UNKNOWN, reason=reason)
        template = result.intent_sentence.text if result.intent_sentence is not None else ""
        return Understanding(text=plain, intent=_intent(result), completeness=Completeness.OPEN, reason=template or "")

    def knows(self, text: str) -> bool:
        """Whether `text` is a sentence of this home."""
        return self.understand(text, context=Context()).intent is not None

    def is_closed(self, text: str) -> bool:
        """Nothing heard is taken for a sentence: recognition is in English."""
        return False

    def is_exact(self, text: str) -> bool:
        """No sentence of privacy is understood here."""
        return False

    def hints(self) -> tuple[str, ...]:
        """Names and aliases of devices, areas and lists."""
        return self.home.names()

    def _plain(self, text: str) -> str:
        plain = " ".join(unicodedata.normalize("NFC", text).replace("\u2019", "'").split()).strip(_EDGES)
        shorter = self._courtesy.sub("", plain).strip(_EDGES)
        return shorter or plain

    def _match(self, plain: str, area: str | None) -> RecognizeResult | None:
        lists, present = self._spoken.within(plain)
        return recognize_best(
            plain,
            self._candidates.of(plain, present),
            slot_lists=lists,
            intent_context={"area": area or NO_AREA},
            best_slot_name="name",
        )

    def _answer(self, plain: str, pending: Intent, *, expects: str) -> Intent | None:
        if expects in _YES_OR_NO:
            said = plain.casefold()
            if said in self._words["yes"] or said in self._words["no"]:
                return replace(pending, slots={**pending.slots, expects: said in self._words["yes"]})
            return None
        if expects in ("area", "name", "floor"):
            names = self._lists[expects]
            for value in names.values if isinstance(names, TextSlotList) else ():
                if str(getattr(value.text_in, "text", "")).casefold() == plain.casefold():
                    return replace(pending, slots={**pending.slots, expects: str(value.value_out)})
        return None


def _intent(result: RecognizeResult) -> Intent:
    slots: dict[str, SlotValue] = {}
    for entity in result.entities_list:
        if entity.value != NO_AREA:
            value = entity.value
            is_whole = isinstance(value, float) and value.is_integer()
            slots[entity.name] = (
                int(value) if is_whole else value if isinstance(value, bool | int | float) else str(value).strip()
            )
    return Intent(name=result.intent.name, slots=slots, response=result.response or "")
