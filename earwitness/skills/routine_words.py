"""Routines in words: how they are told, which one is meant, and which of its steps. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from earwitness.domain.routine import AtTimes, OnPhrase, OnState, Routine, Trigger
from earwitness.skills.interface import Context, Intent, ask, refuse
from earwitness.skills.resolve import is_same, plain
from earwitness.skills.wording import listed

TOLD_AT_MOST: Final = 5
_HOUR: Final = re.compile(r"\b(?P<hour>\d{1,2})(?::\d\d)? (?P<half>[AP]M)\b")
_PARTS: Final = {"morning": range(4, 12), "noon": range(12, 13), "afternoon": range(12, 18), "evening": range(17, 23)}
_GOOD_NIGHT: Final = re.compile(r"good ?night|(?:im|i am|were|we are) going to bed|sleep well")
_STEP_OF: Final = re.compile(r"(?P<step>.+) from (?:the|my|our) (?P<which>.+)", re.IGNORECASE)
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINAL: Final = re.compile(rf"(?:the )?(?P<which>last|{'|'.join(_ORDINALS)}) (?:step|thing|one)")


def told(routine: Routine) -> str:
    """A routine in plain words."""
    name = f"{routine.name}, " if routine.name else ""
    return f"{name}{told_trigger(routine.trigger)}: {told_steps(routine.steps)}{'' if routine.is_on else ', switched off'}"


def told_trigger(trigger: Trigger) -> str:
    """When it runs, in words."""
    match trigger:
        case OnPhrase(phrase=phrase):
            return f'when you say "{phrase}"'
        case AtTimes(told=told):
            return told
        case OnState(state=state, device_name=name):
            return f"when the {name.lower()} is {state}"


def told_steps(steps: Sequence[str]) -> str:
    """Steps as people tell them."""
    return listed([f'"{step}"' for step in steps])


def called(routine: Routine) -> str:
    """What a routine is called where it is spoken of: "good night", "every weekday at 7 AM"."""
    match routine.trigger:
        case _ if routine.name:
            return routine.name
        case OnPhrase(phrase=phrase):
            return phrase
        case AtTimes(told=told):
            return told
        case OnState(device_name=name):
            return name.lower()


def names_of(routine: Routine) -> tuple[str, ...]:
    """All that a routine may be called."""
    return tuple(dict.fromkeys(filter(None, (routine.name, _trigger_name(routine.trigger).lower()))))


def choose(which: str, *, routines: Sequence[Routine], intent: Intent, context: Context) -> Routine:
    """The routine that `which` means: by name, phrase, time or device, else by some of those words or its part of the day.

    Raises UnfulfillableError when there is none, or to ask which.
    """
    if not routines:
        raise refuse("There is no routine")
    said = plain(which).removesuffix(" routine").strip()
    for is_meant in (_is_called, _has_words, _is_of_part):
        found = [one for one in routines if is_meant(one, said)]
        if len(found) == 1:
            return found[0]
        if found:
            options = listed([_option(one) for one in found[:TOLD_AT_MOST]], last="or")
            raise ask(f"Which one: {options}?", slot="which", intent=intent, context=context)
    known = listed([f'"{called(one)}"' for one in routines[:TOLD_AT_MOST]])
    raise refuse(f'There is no routine "{which}"; there is {known}')


def _option(routine: Routine) -> str:
    return f'"{routine.name}"' if routine.name else told_trigger(routine.trigger)


def _is_called(routine: Routine, which: str) -> bool:
    return is_same(called(routine), which) or is_same(_trigger_name(routine.trigger), which)


def _trigger_name(trigger: Trigger) -> str:
    match trigger:
        case OnPhrase(phrase=phrase):
            return phrase
        case AtTimes(told=told):
            return told
        case OnState(device_name=name):
            return name


def _has_words(routine: Routine, which: str) -> bool:
    known = set(plain(f"{routine.name} {_trigger_name(routine.trigger)}").split())
    return bool(which) and set(which.split()) <= known


def _is_of_part(routine: Routine, which: str) -> bool:
    """Whether it runs at a time of that part of the day."""
    if not isinstance(routine.trigger, AtTimes) or which not in (*_PARTS, "night"):
        return False
    found = _HOUR.search(routine.trigger.told.replace("noon", "12 PM").replace("midnight", "12 AM"))
    if found is None:
        return False
    hour = int(found["hour"]) % 12 + 12 * (found["half"] == "PM")
    return hour in _PARTS[which] if which in _PARTS else hour >= 21 or hour < 4


def is_good_night(phrase: str) -> bool:
    """Whether a phrase says good night, which a routine may do on, beside what waits for it."""
    return _GOOD_NIGHT.fullmatch(plain(phrase)) is not None


# Steps


def step_of(which: str) -> tuple[str, str] | None:
    """Step and routine of "the lamp from my good night"; None for the name of a routine alone."""
    found = _STEP_OF.fullmatch(which)
    return None if found is None else (found["step"], found["which"])


def imperatives(text: str) -> Iterator[str]:
    """A step as a request: as it is, and "turning off the heating" as "turn off the heating", in each likely spelling."""
    words = text.strip(" ,").removeprefix("to ").removeprefix("also ")
    yield words
    first, _, rest = words.partition(" ")
    stem = first.removesuffix("ing")
    if stem == first or len(stem) < 2:
        return
    undoubled = stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else stem
    for verb in dict.fromkeys((stem, f"{stem}e", undoubled)):
        yield f"{verb} {rest}".strip()


def step_meant(said: str, routine: Routine, *, means: Callable[[str], object]) -> int:
    """Which step `said` names, from 0: by its words, by what it means (as `means` tells), or by words that only one has.

    Raises UnfulfillableError when there is none or several.
    """
    if (number := _ORDINAL.fullmatch(plain(f"the {said}"))) is not None:
        place = len(routine.steps) - 1 if number["which"] == "last" else _ORDINALS.index(number["which"])
        if place < len(routine.steps):
            return place
    worded = [plain(one) for one in imperatives(said)]
    found = [place for place, step in enumerate(routine.steps) if plain(step) in worded]
    if not found:
        meanings = [meant for one in imperatives(said) if (meant := means(one)) is not None]
        found = [place for place, step in enumerate(routine.steps) if means(step) in meanings] if meanings else []
    if not found:
        parts = set(plain(said).split())
        found = [place for place, step in enumerate(routine.steps) if parts <= set(plain(step).split())]
    if not found:
        raise refuse(f'It does not do "{said}"; it does {told_steps(routine.steps)}')
    if len(found) > 1:
        raise refuse(f'Several steps are meant by "{said}": {told_steps([routine.steps[place] for place in found])}')
    return found[0]
