"""Jokes: one that was not told within a month. Such as children may hear, unless the household wants others too: then those of
programmers are told unasked, and some about bars and the like. Children never hear these.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from importlib import resources
from typing import Final

import pyjokes
import yaml

from earwitness.domain.account import AccountRole
from earwitness.domain.person import Person
from earwitness.skills.inside import Customs
from earwitness.skills.interface import Context, Intent, Memory, Parts, Skill, SkillResult, answered, done, refuse, slot_text

AGAIN_AFTER: Final = timedelta(days=31)
TOLD: Final = "told"
_NOT_HERE: Final = (
    "sex",
    "god",
    "drunk",
    "beer",
    "wife",
    "girl",
    "hell",
    "damn",
    "kill",
    "die",
    "dead",
    "bar",
    "smok",
    "nicotine",
)
"""Words of programmers' jokes that children do not hear."""
_NOWHERE: Final = ("killing yourself", "girlfriend")
"""Words of those that nobody hears."""
_FILTERED: Final = (
    'I tell jokes that children may hear; an owner can have others told too, on the page Household or with "tell any jokes"'
)
_FOR_CHILDREN: Final = "I tell you jokes that children may hear"


class JokeSkill:
    """`memory` remembers what was told when, by a digest of the joke. `people` are those who have an account."""

    def __init__(
        self,
        memory: Memory,
        *,
        clock: Callable[[], datetime],
        choose: Callable[[Sequence[str]], str],
        customs: Customs | None = None,
        people: Callable[[], Sequence[Person]] = tuple,
    ) -> None:
        self._memory = memory
        self._customs = customs
        self._people = people
        self._clock = clock
        self._choose = choose

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        if intent.name == "ChooseJokes":
            return await asyncio.to_thread(self._choose_customs, slot_text(intent.slots, "jokes"), context.person_id)
        if intent.name == "AnotherOne":
            last = context.before.intent if context.before is not None else None
            if last is None or last.name not in ("TellJoke", "AnotherOne"):
                raise refuse("Another what? Say for example: tell me a joke")
            intent = last
        is_child, is_filtered = await asyncio.to_thread(self._hearer, context.person_id)
        kind = slot_text(intent.slots, "kind")
        if kind == "grown_up" and is_filtered:
            raise refuse(_FOR_CHILDREN if is_child else _FILTERED)
        jokes = _told_of(kind, is_filtered=is_filtered)
        now = self._clock()
        told = recent(await self._memory.get(TOLD), now=now)
        fresh = [joke for joke in jokes if name_of(joke) not in told]
        if not fresh:
            days = (min(told.values()) + AGAIN_AFTER - now).days + 1
            raise refuse(f"You have heard all of those within a month. I have one again in {days} days")
        joke = self._choose(fresh)
        told[name_of(joke)] = now
        await self._memory.keep(TOLD, {name: at.isoformat() for name, at in told.items()})
        return answered(joke)

    def _choose_customs(self, jokes: str, person_id: str | None) -> SkillResult:
        """Let the household's jokes be such as children may hear, or any, as an owner says."""
        role = next((one.role for one in self._people() if one.person_id == person_id), None)
        if self._customs is None:
            raise refuse("This house tells every joke that it has")
        if role is not AccountRole.OWNER:
            raise refuse("Only an owner decides which jokes are told here, on the page Household or when I know who speaks")
        self._customs.choose_jokes(is_family=jokes == "family")
        if jokes == "family":
            return done("From now on I tell only jokes that children may hear.")
        return done("From now on I tell any joke, but to children only what they may hear.")

    def _hearer(self, person_id: str | None) -> tuple[bool, bool]:
        """Whether a child asks, and whether only what children may hear is told."""
        role = next((one.role for one in self._people() if one.person_id == person_id), None)
        is_child = role is AccountRole.CHILD
        return is_child, is_child or self._customs is None or self._customs.has_family_jokes


def _told_of(kind: str, *, is_filtered: bool) -> tuple[str, ...]:
    """The jokes of a kind: "programmer", "family", "grown_up", or any."""
    match kind:
        case "programmer":
            return programmers() if is_filtered else (*programmers(), *grown_up())
        case "grown_up":
            return grown_up()
        case _:
            return family() if is_filtered or kind == "family" else (*family(), *programmers(), *grown_up())


def recent(kept: object, *, now: datetime) -> dict[str, datetime]:
    """What was told within AGAIN_AFTER of `now`, of what was kept."""
    if not isinstance(kept, Mapping):
        return {}
    told = {str(name): datetime.fromisoformat(str(at)) for name, at in kept.items()}
    return {name: at for name, at in told.items() if now - at < AGAIN_AFTER}


def name_of(joke: str) -> str:
    """A short name that stays when jokes are added or moved."""
    return sha256(joke.encode()).hexdigest()[:12]


@lru_cache(maxsize=1)
def family() -> tuple[str, ...]:
    """The jokes of the house."""
    text = resources.files("earwitness.skills").joinpath("jokes.yaml").read_text(encoding="utf-8")
    return tuple(yaml.safe_load(text)["family"])


@lru_cache(maxsize=1)
def programmers() -> tuple[str, ...]:
    """Those of the package pyjokes that children may hear."""
    return tuple(joke for joke in _all() if not any(word in joke.casefold() for word in _NOT_HERE))


@lru_cache(maxsize=1)
def grown_up() -> tuple[str, ...]:
    """The others of that package."""
    return tuple(joke for joke in _all() if any(word in joke.casefold() for word in _NOT_HERE))


def _all() -> list[str]:
    every = pyjokes.get_jokes(language="en", category="neutral")
    return [joke for joke in every if not any(words in joke.casefold() for words in _NOWHERE)]


def make(parts: Parts) -> Skill:
    choose, inside = random.SystemRandom().choice, parts.inside
    return JokeSkill(parts.memory, clock=parts.clock, choose=choose, customs=inside.customs, people=inside.people)
