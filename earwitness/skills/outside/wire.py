"""What crosses the boundary between the house and the process of a skill: lines of JSON, bounded and strict. Pure.

    house → skill   {"do": "perform", "id": 1, "intent": {…}, "context": {…}, "home": {…} or null, "now": "…"}
    skill → house   {"id": 1, "outcome": "answered", "reply": "…", "asks": null, "more": ""}
    skill → house   {"ask": "fetch" | "apply" | "skip" | "get" | "keep", "id": 7, "with": {…}}
    house → skill   {"told": 7, "value": …}   or   {"told": 7, "error": "…", "code": "…"}

A skill learns the words of its own slots, the room, and the home if it asked for that; never who speaks or what was said besides.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from earwitness.domain.errors import SkillError
from earwitness.domain.home import Area, Device, Home
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult

LONGEST_LINE: Final = 2 * 1024 * 1024
LONGEST_REPLY: Final = 2_000
LONGEST_NUMBER: Final = 16
"""Digits."""
_SLOT: Final = re.compile(r"[A-Za-z0-9_]{1,60}")
_JOINERS: Final = "\u200c\u200d"
"""Invisible, but letters of some scripts and emoji are written with them."""
ENDS: Final = frozenset((Outcome.ANSWERED, Outcome.DONE, Outcome.FAILED, Outcome.REFUSED, Outcome.ASKED))


def line(message: Mapping[str, object]) -> bytes:
    """One message. Raises SkillError (skill.failed) for what JSON has no form for, or is too long."""
    try:
        written = json.dumps(message, allow_nan=False, separators=(",", ":")).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise SkillError("A message to or from a skill holds what JSON has no form for.", code="skill.failed") from error
    if len(written) > LONGEST_LINE:
        raise SkillError("A message to or from a skill is too long.", code="skill.failed")
    return written


def read(line: bytes) -> dict[str, Any]:
    """A message. Raises SkillError (skill.failed)."""
    try:
        found = json.loads(line, parse_constant=_number, parse_float=_number, parse_int=_whole)
        if b"\\u" in line:
            json.dumps(found, ensure_ascii=False).encode()  # half a character, which nothing later on could write
    except (ValueError, RecursionError) as error:
        raise SkillError("The skill said what is no message.", code="skill.failed") from error
    if not isinstance(found, dict):
        raise SkillError("The skill said what is no message.", code="skill.failed")
    return found


def request(number: int, intent: Intent, *, context: Context, home: Home | None, now: datetime) -> dict[str, object]:
    """What a skill is asked."""
    return {
        "do": "perform",
        "id": number,
        "intent": asdict(intent),
        "context": {"area": context.area, "expects": context.expects},
        "home": None if home is None else asdict(home),
        "now": now.isoformat(),
        "zone": str(now.tzinfo),
    }


def result(message: Mapping[str, Any], *, intent: Intent, context: Context) -> SkillResult:
    """The result that a skill tells of. Raises SkillError (skill.failed) for anything else."""
    reply, asks, more = message.get("reply"), message.get("asks"), message.get("more", "")
    try:
        outcome = Outcome(str(message.get("outcome")))
    except ValueError:
        outcome = Outcome.CANCELLED
    texts = (reply, more, *(() if asks is None else (asks,)))
    is_text = all(isinstance(text, str) and len(text) <= LONGEST_REPLY for text in texts)
    if asks is not None and not (is_text and _SLOT.fullmatch(asks)):
        raise SkillError("The skill asks for what is no slot.", code="skill.failed")
    if outcome not in ENDS or not is_text or not reply or (asks is not None) != (outcome is Outcome.ASKED):
        raise SkillError("The skill ended its turn in no way that there is.", code="skill.failed")
    waiting = None if asks is None else Context(area=context.area, device_id=context.device_id, expects=asks, pending=intent)
    said = seen(str(reply))
    if not said:
        raise SkillError("The skill ended its turn without a word.", code="skill.failed")
    return SkillResult(outcome=outcome, reply=said, asks=waiting, more=seen(str(more)))


def seen(text: str) -> str:
    """A text without what cannot be seen: what steers a terminal, or turns the order of letters around, is a space."""
    return " ".join("".join(each if each.isprintable() or each in _JOINERS else " " for each in text).split())


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number that is none")
    return number


def _whole(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError("a number beyond all measure")
    return int(text)


def device(tree: Mapping[str, Any]) -> Device:
    """A device from its fields."""
    return Device(**{**tree, "aliases": tuple(tree["aliases"])})


def home(tree: Mapping[str, Any]) -> Home:
    """A home from its fields."""
    return Home(
        name=tree["name"],
        is_simulated=tree["is_simulated"],
        areas=tuple(
            Area(**{**area, "aliases": tuple(area["aliases"]), "floor_aliases": tuple(area["floor_aliases"])})
            for area in tree["areas"]
        ),
        devices=tuple(device(one) for one in tree["devices"]),
        lists=tuple(tree["lists"]),
    )
