"""Jokes: one that was not told within a month. Children may hear those of the house; programmers' jokes only on request."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from importlib import resources
from typing import Final

import pyjokes
import yaml

from earwitness.skills.interface import Context, Intent, Memory, Parts, Skill, SkillResult, answered, refuse, slot_text

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
"""Words of programmers' jokes that are not told in a home."""


class JokeSkill:
    """`memory` remembers what was told when, by a digest of the joke."""

    def __init__(self, memory: Memory, *, clock: Callable[[], datetime], choose: Callable[[Sequence[str]], str]) -> None:
        self._memory = memory
        self._clock = clock
        self._choose = choose

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        if intent.name == "AnotherOne":
            last = context.before.intent if context.before is not None else None
            if last is None or last.name not in ("TellJoke", "AnotherOne"):
                raise refuse("Another what? Say for example: tell me a joke")
            intent = last
        kind = slot_text(intent.slots, "kind")
        jokes = programmers() if kind == "programmer" else family()
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
    """Those of the package pyjokes that fit a home."""
    every = pyjokes.get_jokes(language="en", category="neutral")
    return tuple(joke for joke in every if not any(word in joke.casefold() for word in _NOT_HERE))


def make(parts: Parts) -> Skill:
    return JokeSkill(parts.memory, clock=parts.clock, choose=random.SystemRandom().choice)
