"""Understands a request by the sentences of the house and the names of one home.

Owns the choice between matching sentences and the slots that come of it. It does nothing: no state of the home changes, and
the same text in the same context always means the same. A request that names no room takes that of the device that heard it;
without one (a typed request, no room set) such a sentence stands without `area` and means the whole home.

Sentences of privacy are exact: they are never found by leaving words out, and none that gives consent is taken from a question.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hassil import Intents, recognize_best
from hassil.recognize import RecognizeResult

from earwitness.domain.home import Home
from earwitness.domain.intent import Completeness, Context, Intent, SlotValue, Understanding
from earwitness.understand.answers import answer, completeness_of_answer, is_instead
from earwitness.understand.candidates import Candidates, for_domains
from earwitness.understand.completeness import NameEnds, is_dangling, judge, without_trailing
from earwitness.understand.names import NO_AREA, area_sayings, device_sayings, floor_sayings, slot_lists
from earwitness.understand.normalise import is_call, is_mere_question, normalise
from earwitness.understand.prefix import Beginnings
from earwitness.understand.refusal import reason_for
from earwitness.understand.sensors import sensor_questions
from earwitness.understand.sentences import WINS, english, exact_intents, only, with_questions

REMEMBERED_TEXTS = 512
"""Results kept: a turn asks for the same words several times (partial, speculative, final)."""

MOST_WORDS = 80
"""More words are not matched; half a minute of speech has fewer."""

FREE_SLOTS = frozenset({"item", "message", "search_query", "conversation_command"})
"""Slots that take any words; so does the name of a new timer."""

GIVES_CONSENT = frozenset({"KeepRecordings", "GiveConsent"})

_LATER = "conversation_command"
_TOLD_ALL = (("HassTurnOn", "fan"), ("HassTurnOff", "fan"), ("HassTurnOff", "lock"))
"""What Home Assistant's tests call `name: all` unless the room is only understood."""
_TOLD_KINDS: Mapping[str, tuple[str, ...]] = {
    "HassTurnOn": ("scene", "script", "valve"),
    "HassTurnOff": ("scene", "script", "valve"),
    "HassSetPosition": ("cover", "valve"),
    "HassGetState": ("cover", "lock", "person", "valve", "binary_sensor"),
}
"""Kinds of things whose domain Home Assistant's tests expect beside the name."""


class Grammar:
    """An Understander (turn.ports) for one home; make a new one when devices, areas or their names change. Thread-safe."""

    def __init__(self, home: Home, *, intents: Intents | None = None) -> None:
        self._home = home
        domains = frozenset((*(device.domain for device in home.devices), "todo"))
        known = for_domains(with_questions(intents or english(), sensor_questions(home)), domains)
        self._candidates = Candidates(known)
        self._lists = slot_lists(home)
        self._devices = device_sayings(home)
        areas = area_sayings(home)
        self._areas = frozenset((*areas, *floor_sayings(home)))
        self._names = NameEnds(names=self._devices, areas=self._areas)
        self._beginnings = Beginnings(known, self._lists)
        self._exact = exact_intents()
        self._exact_beginnings = Beginnings(only(known, self._exact), self._lists)
        self._remembered = lru_cache(maxsize=REMEMBERED_TEXTS)(self._understand)
        self._match("set a timer for twenty five minutes", None)

    def understand(self, text: str, *, context: Context) -> Understanding:
        """What `text` means here. Raises TextError (text.too_long) for more than 1,000 characters."""
        plain = normalise(text)
        heard = self._answered(plain, context) or self._remembered(plain, context.area)
        if heard.intent is not None and heard.intent.name in GIVES_CONSENT and is_mere_question(text):
            reason = "To agree to that, say it plainly and not as a question."
            return Understanding(text=plain, intent=None, completeness=Completeness.OPEN, reason=reason)
        return heard

    def knows(self, text: str) -> bool:
        """Whether `text` is a sentence of this home, wherever it is said."""
        return self.understand(text, context=Context()).intent is not None

    def is_closed(self, text: str) -> bool:
        """Whether it is one that having heard just so is evidence for: no slot takes any words, and a mistake does no harm."""
        intent = self.understand(text, context=Context()).intent
        if intent is None or self.is_exact(text):
            return False
        return not FREE_SLOTS & intent.slots.keys() and not (intent.name == "HassStartTimer" and "name" in intent.slots)

    def is_exact(self, text: str) -> bool:
        """Whether `text` is a sentence that must be what was heard best: a less likely hearing of it counts for nothing."""
        intent = self.understand(text, context=Context()).intent
        return intent is not None and intent.name in self._exact

    def hints(self) -> tuple[str, ...]:
        """Names and aliases of devices, areas and lists."""
        return self._home.names()

    def _answered(self, plain: str, context: Context) -> Understanding | None:
        """The pending intent with the answer in it; None when nothing was asked or a new request was made instead."""
        if context.pending is None or context.expects is None or not plain or is_dangling(plain):
            return None
        anew = self._remembered(plain, context.area)
        if anew.intent is not None and is_instead(anew, expects=context.expects):
            return None
        filled = answer(plain, expects=context.expects, pending=context.pending, lists=self._lists)
        if filled is None:
            return None
        reason = f"Answers the question for {context.expects}."
        return Understanding(text=plain, intent=filled, completeness=completeness_of_answer(plain), reason=reason)

    def _understand(self, plain: str, area: str | None) -> Understanding:
        if is_call(plain):
            return Understanding(text=plain, intent=None, completeness=Completeness.ABSENT, reason="There were no words.")
        if plain.count(" ") >= MOST_WORDS:
            reason = f"A request has at most {MOST_WORDS} words."
            return Understanding(text=plain, intent=None, completeness=Completeness.UNKNOWN, reason=reason)
        result = self._match_known(plain, area)
        if result is None:
            return self._not_understood(plain, area)
        completeness = self._judge(plain, result)
        if completeness is Completeness.INCOMPLETE and is_dangling(plain):
            return self._not_understood(plain, area)
        return Understanding(
            text=plain, intent=self._intent(result, area), completeness=completeness, reason=_match_reason(result)
        )

    def _judge(self, plain: str, result: RecognizeResult) -> Completeness:
        if result.intent.name not in self._exact:
            return judge(plain, result, names=self._names)
        return Completeness.OPEN if self._exact_beginnings.begins(plain) else Completeness.COMPLETE

    def _not_understood(self, plain: str, area: str | None) -> Understanding:
        shorter = without_trailing(plain)
        result = self._match_known(shorter, area) if shorter != plain else None
        if result is not None and result.intent.name not in self._exact:
            return Understanding(
                text=plain,
                intent=self._intent(result, area),
                completeness=Completeness.INCOMPLETE,
                reason=_match_reason(result),
            )
        first = plain.split(" and ", 1)[0]
        if first != plain and self._match_known(first, area) is not None and self._match_known(plain.split(" and ", 1)[1], area):
            reason = "I can do only one thing at a time."
            return Understanding(text=plain, intent=None, completeness=Completeness.UNKNOWN, reason=reason)
        is_begun = bool(plain) and (is_dangling(plain) or self._beginnings.begins(plain))
        completeness = Completeness.INCOMPLETE if is_begun else Completeness.UNKNOWN
        devices = frozenset(self._devices)
        reason = reason_for(plain, completeness=completeness, devices=devices, areas=self._areas)
        return Understanding(text=plain, intent=None, completeness=completeness, reason=reason)

    def _match(self, plain: str, area: str | None) -> RecognizeResult | None:
        return recognize_best(
            plain,
            self._candidates.of(plain),
            slot_lists=dict(self._lists),
            intent_context={"area": area or NO_AREA},
            best_metadata_key=WINS,
            best_slot_name="name",
        )

    def _match_known(self, plain: str, area: str | None) -> RecognizeResult | None:
        """The match, unless it is for later and what is to be done then is no request, or one for later again."""
        result = self._match(plain, area) if plain else None
        if result is None or _LATER not in result.entities:
            return result
        later = self._match(normalise(str(result.entities[_LATER].value)), area)
        return None if later is None or _LATER in later.entities else result

    def _intent(self, result: RecognizeResult, area: str | None) -> Intent:
        slots: dict[str, SlotValue] = {}
        for entity in result.entities_list:
            if entity.value != NO_AREA:
                slots[entity.name] = _value(entity.value)
        self._place(slots, area)
        return Intent(name=result.intent.name, slots=_as_named(result, slots), response=_asked_for(result))

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
    """Slots as Home Assistant's tests have them: what the intent says by itself left out, the kind of some things put in."""
    intent = result.intent.name
    named = {key: value for key, value in slots.items() if (intent, key) != ("HassLightSet", "domain")}
    if "period_count" in named:
        named["period"] = f"{named.pop('period_count')} {named.pop('period_unit')}"
    kind = result.context.get("domain")
    kind = kind.get("value") if isinstance(kind, dict) else kind
    if "name" in named and kind in _TOLD_KINDS.get(intent, ()):
        named["domain"] = str(kind)
    if (intent, named.get("domain")) in _TOLD_ALL and "area" not in result.intent_data.requires_context:
        named.setdefault("name", "all")
    if kind == "binary_sensor" and (device_class := result.context.get("device_class")):
        named.setdefault("device_class", str(device_class))
    return named


def _asked_for(result: RecognizeResult) -> str:
    response = result.response or ""
    return response if result.intent.name in ("HassGetState", "HassRespond") and response != "default" else ""


def _match_reason(result: RecognizeResult) -> str:
    template = result.intent_sentence.text if result.intent_sentence is not None else ""
    return f"Matches the sentence: {template}"
