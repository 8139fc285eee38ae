"""Understands a request by the sentences of the house and the names of one home.

Owns the choice between matching sentences and the slots that come of it. It does nothing: no state of the home changes, and
the same text in the same context always means the same. A request that names no room takes that of the device that heard it;
without one (a typed request, no room set) such a sentence stands without `area` and means the whole home.

Sentences of privacy are exact: they are never found by leaving words out, and none that gives consent is taken from a question.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from hassil import Intents, recognize_best
from hassil.intents import SlotList
from hassil.recognize import RecognizeResult

from earwitness.domain.home import Home
from earwitness.domain.intent import Completeness, Context, Intent, SlotValue, Understanding
from earwitness.domain.skill import SkillManifest
from earwitness.domain.times import Frame, Toward
from earwitness.understand.answers import WAITED_FOR, answer, completeness_of_answer, is_instead
from earwitness.understand.completeness import NameEnds, is_dangling, judge, without_trailing
from earwitness.understand.misheard import BY_SOUND, BySound
from earwitness.understand.names import NO_AREA, area_sayings, device_sayings, floor_sayings, slot_lists
from earwitness.understand.normalise import is_call, is_mere_question, is_question, is_whole_question, normalise
from earwitness.understand.phrases import CALLED, LIST, PHRASES, called_list, phrase_list
from earwitness.understand.prefix import HomeLists
from earwitness.understand.refusal import UNKNOWN_SENTENCE, reason_for
from earwitness.understand.sentences import NEEDS_TIME, WINS
from earwitness.understand.spoken_lists import SpokenLists
from earwitness.understand.templates import templates_for, templates_of
from earwitness.understand.times import find

REMEMBERED_TEXTS = 512
"""Results kept: a turn asks for the same words several times (partial, speculative, final)."""

MOST_WORDS = 80
"""More words are not matched; half a minute of speech has fewer."""

FREE_SLOTS = frozenset(
    {
        "conversation_command",
        "looked_up",
        "one",
        "other",
        "spelt",
        "item",
        "message",
        "message_from",
        "message_to",
        "message_words",
        "new_name",
        "question",
        "really_said",
        "request",
        "rest",
        "said",
        "search_query",
        "skill_title",
        "steps",
        "trigger",
        "voice_name",
        "when",
        "which",
    }
)
"""Slots that take any words; so does the name of a new timer."""

QUESTION = "AskQuestion"
"""The intent of a question that no sentence fits; its slot `question` has all the words."""

GIVES_CONSENT = frozenset({"KeepRecordings", "GiveConsent"})

_LATER = "conversation_command"
_ANY_FRAME = Frame(now=datetime(2026, 6, 3, 12, tzinfo=UTC), zone=ZoneInfo("UTC"), toward=Toward.AS_READ)
"""Against which it is seen whether words say a time at all."""
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

    def __init__(
        self,
        home: Home,
        *,
        others: Sequence[SkillManifest] = (),
        phrases: Mapping[str, str] | None = None,
        called: Sequence[str] = (),
        intents: Intents | None = None,
    ) -> None:
        """`others` are skills beside the house's own; `phrases` of routines, with their ids, `called` what those are called;
        `intents` stands in for all sentences. Takes milliseconds for skills and kinds of devices that a grammar was made for
        before. Raises SkillError."""
        self._home = home
        others = (*others, PHRASES) if phrases or called else tuple(others)
        made = templates_for(home, others=others) if intents is None else templates_of(intents, home)
        self._templates = made
        self._lists = {**slot_lists(home), LIST: phrase_list(phrases or {}), CALLED: called_list(called)}
        self._spoken = SpokenLists(self._lists, skip_words=made.candidates.skip_words)
        self._begun = HomeLists(self._lists)
        self._devices = device_sayings(home)
        areas = area_sayings(home)
        self._areas = frozenset((*areas, *floor_sayings(home)))
        self._names = NameEnds(names=self._devices, areas=self._areas)
        self._exact = made.exact
        self._by_sound = BySound(home)
        self._looks_up = QUESTION in made.names
        self._match_known = lru_cache(maxsize=REMEMBERED_TEXTS)(self._matched)
        self._remembered = lru_cache(maxsize=REMEMBERED_TEXTS)(self._understand)
        self._match("set a timer for twenty five minutes", None)

    @property
    def home(self) -> Home:
        """The home whose names it knows."""
        return self._home

    def understand(self, text: str, *, context: Context) -> Understanding:
        """What `text` means here. Raises TextError (text.too_long) for more than 1,000 characters."""
        plain = normalise(text)
        return _unless_asked(text, self._answered(plain, context) or self._remembered(plain, context.area))

    def matched(self, text: str, *, context: Context) -> Understanding | None:
        """What `text` means as a sentence of this home: as `understand`, but None where it is none, and then it is neither
        looked for by sound nor taken for a question, and nobody worked out why. Raises TextError (text.too_long)."""
        plain = normalise(text)
        heard = self._as_sentence(plain, context.area)
        return None if heard is None else _unless_asked(text, heard)

    def knows(self, text: str) -> bool:
        """Whether `text` is a sentence of this home, wherever it is said."""
        intent = self.understand(text, context=Context()).intent
        return intent is not None and intent.name != QUESTION and intent.name not in WAITED_FOR and BY_SOUND not in intent.slots

    def is_closed(self, text: str) -> bool:
        """Whether it is one that having heard just so is evidence for: no slot takes any words, and a mistake does no harm."""
        intent = self.understand(text, context=Context()).intent
        if intent is None or intent.name in WAITED_FOR or BY_SOUND in intent.slots or self.is_exact(text):
            return False
        return not FREE_SLOTS & intent.slots.keys() and not (intent.name == "HassStartTimer" and "name" in intent.slots)

    def is_exact(self, text: str) -> bool:
        """Whether `text` is a sentence that must be what was heard best: a less likely hearing of it counts for nothing."""
        intent = self.understand(text, context=Context()).intent
        return intent is not None and intent.name in self._exact

    def is_exact_intent(self, name: str) -> bool:
        """Whether only the very words of its sentences mean that intent, so that nothing said before may lead to it."""
        return name in self._exact

    def begins(self, text: str) -> bool:
        """Whether `text` (as `normalise` gives it) could go on to a sentence of this home."""
        return self._templates.beginnings.begins(text, self._begun)

    def lists_within(self, text: str) -> dict[str, SlotList]:
        """The names of the home that may be said in `text`, as slot lists."""
        return self._spoken.within(text)[0]

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
        return self._as_sentence(plain, area) or self._not_understood(plain, area)

    def _as_sentence(self, plain: str, area: str | None) -> Understanding | None:
        """The sentence that the text is, or is without "and" at its end."""
        if is_call(plain) or plain.count(" ") >= MOST_WORDS:
            return None
        result = self._match_known(plain, area)
        if result is not None:
            completeness = self._judge(plain, result)
            if completeness is not Completeness.INCOMPLETE or not is_dangling(plain):
                return self._understood(plain, result, area=area, completeness=completeness)
        shorter = without_trailing(plain)
        result = self._match_known(shorter, area) if shorter != plain else None
        if result is None or result.intent.name in self._exact:
            return None
        return self._understood(plain, result, area=area, completeness=Completeness.INCOMPLETE)

    def _understood(self, plain: str, result: RecognizeResult, *, area: str | None, completeness: Completeness) -> Understanding:
        return Understanding(
            text=plain, intent=self._intent(result, area), completeness=completeness, reason=_match_reason(result)
        )

    def _judge(self, plain: str, result: RecognizeResult) -> Completeness:
        if result.intent.name not in self._exact:
            return judge(plain, result, names=self._names)
        return Completeness.OPEN if self._templates.exact_beginnings.begins(plain, self._begun) else Completeness.COMPLETE

    def _not_understood(self, plain: str, area: str | None) -> Understanding:
        first = plain.split(" and ", 1)[0]
        if first != plain and self._match_known(first, area) is not None and self._match_known(plain.split(" and ", 1)[1], area):
            reason = "I can do only one thing at a time."
            return Understanding(text=plain, intent=None, completeness=Completeness.UNKNOWN, reason=reason)
        meant = None if is_dangling(plain) else self._by_sound.meant(plain, match=lambda text: self._exactly(text, area))
        if meant is not None:
            reason = f"A name of this home sounds like {meant.slots[BY_SOUND]}."
            return Understanding(text=plain, intent=meant, completeness=Completeness.UNKNOWN, reason=reason)
        is_begun = bool(plain) and (is_dangling(plain) or self._templates.beginnings.begins(plain, self._begun))
        completeness = Completeness.INCOMPLETE if is_begun else Completeness.UNKNOWN
        devices = frozenset(self._devices)
        reason = reason_for(plain, completeness=completeness, devices=devices, areas=self._areas)
        # "When is Easter" may go on ("Easter in my calendar"), and is a question if it does not.
        may_go_on = is_begun and not is_dangling(plain) and is_whole_question(plain)
        if self._looks_up and is_question(plain) and (reason == UNKNOWN_SENTENCE or may_go_on):
            looked_up = Intent(name=QUESTION, slots={"question": plain})
            reason = "No sentence of this house fits, so it is taken for a question to look up."
            completeness = Completeness.INCOMPLETE if is_begun else Completeness.OPEN
            return Understanding(text=plain, intent=looked_up, completeness=completeness, reason=reason)
        return Understanding(text=plain, intent=None, completeness=completeness, reason=reason)

    def _match(self, plain: str, area: str | None) -> RecognizeResult | None:
        lists, present = self._spoken.within(plain)
        return recognize_best(
            plain,
            self._templates.candidates.of(plain, present),
            slot_lists=lists,
            intent_context={"area": area or NO_AREA},
            best_metadata_key=WINS,
            best_slot_name="name",
        )

    def _matched(self, plain: str, area: str | None) -> RecognizeResult | None:
        """The match, unless it wants a time and none is said, or is for later and what is to be done then is no request."""
        result = self._match(plain, area) if plain else None
        if result is not None and (result.intent_metadata or {}).get(NEEDS_TIME) and find(plain, frame=_ANY_FRAME) is None:
            return None
        if result is None or _LATER not in result.entities:
            return result
        later = self._match(normalise(str(result.entities[_LATER].value)), area)
        return None if later is None or _LATER in later.entities else result

    def _exactly(self, plain: str, area: str | None) -> Intent | None:
        result = self._match_known(plain, area)
        return None if result is None or result.intent.name in self._exact else self._intent(result, area)

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


def _unless_asked(text: str, heard: Understanding) -> Understanding:
    """What was understood, unless it gives consent and may as well have been asked."""
    if heard.intent is not None and heard.intent.name in GIVES_CONSENT and is_mere_question(text):
        reason = "To agree to that, say it plainly and not as a question."
        return Understanding(text=heard.text, intent=None, completeness=Completeness.OPEN, reason=reason)
    return heard


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
