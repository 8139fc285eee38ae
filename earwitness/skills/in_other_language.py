"""What is said in another language than English: the package's own answers, filled with what the skills did and the home reports.

Owns the wording alone; what is done and whether it was done is decided by the skills. Where the package has no answer, one of the
few sentences of the language's own file is said, and never more than was confirmed.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Protocol

from home_assistant_intents import get_intents
from jinja2 import ChainableUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.interface import UnfulfillableError
from earwitness.skills.plan import NAMED
from earwitness.understand.other_language import words_of

_ASKS_YES: Final = frozenset(("confirmed", "confirm", "is_sure"))
_SAYS: Final = frozenset((Outcome.DONE, Outcome.ANSWERED))
_QUESTIONS: Final = frozenset(("any", "all", "which", "how_many", "one_yesno"))


class Skills(Protocol):
    """Who carries out intents."""

    def foresee(self, intent: Intent, *, context: Context) -> str | None: ...

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult: ...


class InOtherLanguage:
    """Skills whose replies are in `language`. `home` is as it was last reported; `clock` is aware."""

    def __init__(self, skills: Skills, *, language: str, home: Callable[[], Home], clock: Callable[[], datetime]) -> None:
        self._skills = skills
        self._words: Mapping[str, str] = words_of(language)["replies"]
        self._answers: Mapping[str, Mapping[str, str]] = (get_intents(language) or {})["responses"]["intents"]
        self._home = home
        self._clock = clock
        self._templates = ImmutableSandboxedEnvironment(undefined=ChainableUndefined, autoescape=False)

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        """Nothing: what is said is taken from what the home reports afterwards."""
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        """As the skills do, in other words."""
        try:
            result = await self._skills.perform(self._for_skills(intent), context=context)
        except UnfulfillableError as stopped:
            result = stopped.result
        return replace(result, reply=self._reply(intent, result), more="")

    def _for_skills(self, intent: Intent) -> Intent:
        """With the form of question that the skill of states knows; other answers are only for the wording."""
        keeps = intent.name == "HassGetState" and intent.response in (*_QUESTIONS, "one")
        return intent if keeps else replace(intent, response="")

    def _reply(self, intent: Intent, result: SkillResult) -> str:
        if not result.reply:
            return ""
        if result.asks is not None:
            is_yes = result.asks.expects in _ASKS_YES
            named = self._asked_about(result) or str(intent.slots.get("name", ""))
            question = self._words["asked" if is_yes else "incomplete"]
            return f"{named}: {question}" if named else question
        if result.outcome in _SAYS and (said := self._rendered(intent)):
            return said
        return self._words[result.outcome.value] if result.outcome.value in self._words else self._words["failed"]

    def _asked_about(self, result: SkillResult) -> str:
        """The devices that a question is about, by name; empty if it is about none."""
        pending = result.asks.pending if result.asks is not None else None
        lines = str(pending.slots.get(NAMED, "")).splitlines() if pending is not None else []
        ids = {line.partition(" ")[2] for line in lines}
        return ", ".join(one.name for one in self._home().devices if one.device_id in ids)

    def _rendered(self, intent: Intent) -> str:
        """The package's answer; empty where there is none, or it wants what is not known here."""
        answers = self._answers.get(intent.name, {})
        template = answers.get(intent.response) or answers.get("default")
        if not template:
            return ""
        devices = _meant(intent, self._home())
        wanted = str(intent.slots.get("state", ""))
        matched = [_shown(one) for one in devices if not wanted or one.state == wanted]
        unmatched = [_shown(one) for one in devices if wanted and one.state != wanted]
        now = self._clock()
        slots = {**intent.slots, "time": now.time(), "date": now.date()}
        state = (matched or unmatched or [{}])[0]
        by_id = {str(one["entity_id"]): one for one in (*matched, *unmatched)}
        try:
            said = self._templates.from_string(template).render(
                slots=slots,
                state=state,
                query={"matched": matched, "unmatched": unmatched},
                state_attr=lambda device_id, name: by_id.get(str(device_id), {}).get(name),
            )
        except (TemplateError, TypeError, ValueError, ArithmeticError, AttributeError, LookupError):
            return ""
        return _ended(" ".join(said.split()))


def _meant(intent: Intent, home: Home) -> list[Device]:
    """The devices that the slots leave."""
    slots = intent.slots
    rooms = {area.name for area in home.areas if area.floor == slots.get("floor")}
    return [
        one
        for one in home.devices
        if slots.get("name") in (None, "all", one.name)
        and slots.get("area") in (None, one.area)
        and ("floor" not in slots or one.area in rooms)
        and slots.get("domain") in (None, one.domain)
        and slots.get("device_class") in (None, one.device_class)
        and (intent.name != "HassClimateGetTemperature" or one.domain == "climate")
    ]


def _shown(device: Device) -> dict[str, Any]:
    """A device as the package's templates see it."""
    unit = str(device.attributes.get("unit_of_measurement", ""))
    return {
        **device.attributes,
        "entity_id": device.device_id,
        "name": device.name,
        "domain": device.domain,
        "state": device.state,
        "state_with_unit": f"{device.state} {unit}".strip(),
    }


def _ended(said: str) -> str:
    return said if not said or said[-1] in ".!?" else f"{said}."
