"""Sentences that ask what a home's sensors notice or measure. Pure, apart from reading the package's own word list once.

Owns the step from a device class ("motion", "humidity") to sentences. Only the classes that a home has are made into sentences,
so that a home without sensors pays nothing for them.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from hassil.intents import IntentData, SlotList, TextSlotList

from earwitness.domain.home import Home
from earwitness.understand.sentences import read_words

_LEVEL = "[(level|concentration|amount|reading|value)]"
_FROM = "(of|in|on|at|for|from|indicated by|measured by|reported by|shown by)"


def sensor_questions(home: Home) -> list[IntentData]:
    """The questions (HassGetState) that the sensors of this home can answer."""
    noticing = tuple(sorted({device.device_class for device in home.devices if device.domain == "binary_sensor"}))
    measuring = tuple(sorted({device.device_class for device in home.devices if device.domain == "sensor"}))
    return [*_questions(noticing, measuring)]


@lru_cache(maxsize=8)
def _questions(noticing: tuple[str, ...], measuring: tuple[str, ...]) -> tuple[IntentData, ...]:
    words = read_words("sentences/sensors_en.yaml")
    found: list[IntentData] = []
    for device_class in noticing:
        if device_class in words["notices"]:
            found += _noticed(device_class, words["notices"][device_class])
    for device_class in measuring:
        if device_class in words["measures"]:
            found.append(_measured(device_class, words["measures"][device_class]))
    return tuple(found)


def _noticed(device_class: str, words: dict[str, str]) -> Iterator[IntentData]:
    slots = {"domain": "binary_sensor", "device_class": device_class}
    states = TextSlotList.from_tuples([(words["is_on"], "on"), (words["is_off"], "off")], name="noticed")
    lists: dict[str, SlotList] = {"noticed": states}
    yield IntentData(
        sentence_texts=[
            "<is> [<the>] {name} {noticed:state}",
            "<is> [<the>] {name} {noticed:state} <in> [<the>] {area}",
            "(tell me|check|see|do you know) (if|whether) [<the>] {name} (is|are) {noticed:state}",
        ],
        requires_context=_of(device_class, "binary_sensor"),
        slot_lists=lists,
        response="one_yesno",
    )
    things = words["things"]
    for response, asked in (("any", "<are_any>"), ("all", "<are_all>"), ("which", "<which>"), ("how_many", "<how_many>")):
        are = "" if response in ("any", "all") else " <is>"
        yield IntentData(
            sentence_texts=[
                f"{asked} {things}{are} {{noticed:state}} [[<in>] [<the>] {{area}}]",
                f"{asked} {{area}} {things}{are} {{noticed:state}}",
            ],
            slots=slots,
            slot_lists=lists,
            response=response,
        )
    if "there" in words:
        yield _there(words["there"], slots)


def _there(noun: str, slots: dict[str, str]) -> IntentData:
    return IntentData(
        sentence_texts=[
            f"(is|are) there [(a|any|some)] {noun} [(detected|available|left)] [<in> [<the>] {{area}}]",
            f"(is|are) [any] {noun} (detected|available) [<in> [<the>] {{area}}]",
            f"(is|are) there [(a|any|some)] {noun} [<in>] [<the>] {{area}}",
        ],
        slots={**slots, "state": "on"},
        response="any",
    )


def _measured(device_class: str, noun: str) -> IntentData:
    return IntentData(
        sentence_texts=[
            f"<what_is> [the] [(amount|total|level|concentration) of] {noun} {_LEVEL} {_FROM} [<the>] {{name}}",
            f"<what_is> [<the>] {{name}}['s] {noun} {_LEVEL}",
            f"how much {noun} (does|do|is|has) [<the>] {{name}} [(have|use|show|left|got|measure)] [left]",
            f"how much {noun} <is> (in|on|at) [<the>] {{name}}",
        ],
        requires_context=_of(device_class, "sensor"),
        response="one",
    )


def _of(device_class: str, domain: str) -> dict[str, Any]:
    return {"domain": {"value": domain, "slot": True}, "device_class": {"value": device_class, "slot": True}}
