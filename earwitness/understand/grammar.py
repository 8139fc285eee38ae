"""Understands a request by the sentences of the house and the names of one home.

Owns the choice between matching sentences and the slots that come of it. It does nothing: no state of the home changes, and
the same text in the same context always means the same. A request that names no room takes that of the device that heard it;
without one (a typed request, no room set) such a sentence stands without `area` and means the whole home.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hassil import Intents, recognize_best
from hassil.recognize import RecognizeResult

from earwitness.domain.home import Home
from earwitness.domain.intent import Completeness, Context, Intent, SlotValue, Understanding
from earwitness.understand.answers import answer
from earwitness.understand.completeness import NameEnds, is_dangling, judge, without_trailing
from earwitness.understand.names import NO_AREA, area_sayings, device_sayings, floor_sayings, slot_lists
from earwitness.understand.normalise import normalise
from earwitness.understand.prefix import Beginnings
from earwitness.understand.refusal import reason_for
from earwitness.understand.sentences import WINS, english

REMEMBERED_TEXTS = 512
"""Results kept: a turn asks for the same words several times (partial, speculative, final)."""

_LATER = "conversation_command"


class Grammar:
    """An Understander (turn.ports) for one home; make a new one when devices, areas or their names change. Thread-safe."""

    def __init__(self, home: Home, *, intents: Intents | None = None) -> None:
        self._home = home
        self._intents = intents or english()
        self._lists = slot_lists(home)
        self._devices = device_sayings(home)
        areas = area_sayings(home)
        self._areas = frozenset((*areas, *floor_sayings(home)))
        self._names = NameEnds((*self._devices, *self._areas))
        self._beginnings = Beginnings(self._intents, self._lists)
        self._remembered = lru_cache(maxsize=REMEMBERED_TEXTS)(self._understand)
        self._match("set a timer for twenty five minutes", None)

    def understand(self, text: str, *, context: Context) -> Understanding:
        """What `text` means here. Raises TextError (text.too_long) for more than 1,000 characters."""
        plain = normalise(text)
        if context.pending is not None and context.expects is not None:
            filled = self._answered(plain, context)
            if filled is not None:
                reason = f"Answers the question for {context.expects}."
                return Understanding(text=plain, intent=filled, completeness=Completeness.COMPLETE, reason=reason)
        return self._remembered(plain, context.area)

    def hints(self) -> tuple[str, ...]:
        """Names and aliases of devices, areas and lists."""
        return self._home.names()

    def _answered(self, plain: str, context: Context) -> Intent | None:
        assert context.pending is not None
        assert context.expects is not None
        stops = self._remembered(plain, context.area).intent
        if stops is not None and stops.name in ("Stop", "HassNevermind") and context.expects != "confirmed":
            return None
        return answer(plain, expects=context.expects, pending=context.pending, lists=self._lists)

    def _understand(self, plain: str, area: str | None) -> Understanding:
        result = self._match(plain, area) if plain else None
        if result is None:
            return self._not_understood(plain, area)
        completeness = judge(plain, result, names=self._names)
        if completeness is Completeness.INCOMPLETE:
            return self._not_understood(plain, area)
        return Understanding(
            text=plain, intent=self._intent(result, area), completeness=completeness, reason=_match_reason(result)
        )

    def _not_understood(self, plain: str, area: str | None) -> Understanding:
        shorter = without_trailing(plain)
        if shorter != plain and (result := self._match(shorter, area)) is not None:
            return Understanding(
                text=plain,
                intent=self._intent(result, area),
                completeness=Completeness.INCOMPLETE,
                reason=_match_reason(result),
            )
        is_begun = bool(plain) and (is_dangling(plain) or self._beginnings.begins(plain))
        completeness = Completeness.INCOMPLETE if is_begun else Completeness.UNKNOWN
        devices = frozenset(self._devices)
        reason = reason_for(plain, completeness=completeness, devices=devices, areas=self._areas)
        return Understanding(text=plain, intent=None, completeness=completeness, reason=reason)

    def _match(self, plain: str, area: str | None) -> RecognizeResult | None:
        result = recognize_best(
            plain,
            self._intents,
            slot_lists=dict(self._lists),
            intent_context={"area": area or NO_AREA},
            best_metadata_key=WINS,
            best_slot_name="name",
        )
        if result is not None and _LATER in result.entities and not self._is_known_command(result, area):
            return None
        return result

    def _is_known_command(self, result: RecognizeResult, area: str | None) -> bool:
        """Whether what is to be done later is itself a request, and not one for later again."""
        inner = self._match(normalise(str(result.entities[_LATER].value)), area)
        return inner is not None and _LATER not in inner.entities

    def _intent(self, result: RecognizeResult, area: str | None) -> Intent:
        slots: dict[str, SlotValue] = {}
        for entity in result.entities_list:
            if entity.value != NO_AREA:
                slots[entity.name] = _value(entity.value)
        self._place(slots, area)
        return Intent(name=result.intent.name, slots=_as_named(result, slots))

    def _place(self, slots: dict[str, SlotValue], area: str | None) -> None:
        """Of several devices with one name, mean the one in this room."""
        name = slots.get("name")
        if area is None or not isinstance(name, str) or "area" in slots or "floor" in slots:
            return
        places = [device.area for device in self._home.devices if device.name == name]
        if len(places) > 1 and area in places:
            slots["area"] = area


def _value(value: Any) -> SlotValue:
    if isinstance(value, bool | int | float):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    return str(value).strip()


def _as_named(result: RecognizeResult, slots: Mapping[str, SlotValue]) -> dict[str, SlotValue]:
    """Slots as Home Assistant's tests have them: what the intent says by itself is left out."""
    return {key: value for key, value in slots.items() if (result.intent.name, key) != ("HassLightSet", "domain")}


def _match_reason(result: RecognizeResult) -> str:
    template = result.intent_sentence.text if result.intent_sentence is not None else ""
    return f"Matches the sentence: {template}"
