"""The API of what the owner chose: the home's name, rooms, wake words, voice, time zone, sound of alarms, and which jokes.

It translates; `people/household.py` decides. What is changed counts at once where it can; the answer says in sentences what does
not.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from fastapi import APIRouter

from earwitness.domain.account import AccountEvent, Origin
from earwitness.domain.errors import PersonError
from earwitness.domain.person import Person
from earwitness.domain.ring_sound import TONE
from earwitness.people.account_log import AccountLog
from earwitness.people.household import Household, HouseholdChoices
from earwitness.web import household_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.ports import Assistant
from earwitness.web.signed_in import From, Me

Settle = Callable[[HouseholdChoices], Awaitable[None]]
"""Lets the running house take what was chosen."""
SIMULATED: Final = " (simulated)"
"""What the demonstration home says of itself, which is no part of a name."""
_WAKE: Final = "Satellites take the new wake word now; pages that are open take it when they are loaded again."
_VOICE: Final = "The new voice is heard from the next reply on; a satellite with a voice of its own keeps that."
_AREA: Final = "This machine stands in a room that is called otherwise now: start Earwitness again, so that it knows."


class HouseholdDesk:
    """Takes changes of the household. `move` tells satellites in a room by what name it goes now; `own_area` is the room in
    which this machine stands, `zone` the time zone that counts, `words` the wake words that do; `check_sound` raises AlertError
    for what alarms cannot ring with."""

    def __init__(
        self,
        household: Household,
        *,
        log: AccountLog,
        wake_words: Sequence[str],
        settle: Settle,
        move: Callable[[str, str], None] = lambda old, new: None,
        own_area: Callable[[], str | None] = lambda: None,
        zone: Callable[[], str] = lambda: "UTC",
        words: Callable[[], Sequence[str]] = lambda: (),
        check_sound: Callable[[str], None] = lambda reference: None,
    ) -> None:
        self.household = household
        self.wake_words = tuple(wake_words)
        self.zone = zone
        self.words = words
        self._log = log
        self._settle = settle
        self._move = move
        self._own_area = own_area
        self._check_sound = check_sound
        self._lock = asyncio.Lock()

    async def change(
        self, given: shapes.HouseholdChange, *, shown: shapes.HouseholdShape, voices: Sequence[str], by: Person, origin: Origin
    ) -> list[str]:
        """Choose anew; gives what does not count at once, in sentences. Raises PersonError, AlertError (alert.no_sound)."""
        async with self._lock:
            own = self._own_area()
            chosen = await asyncio.to_thread(self._note, given, shown=shown, voices=voices)
            for old, new in given.renamed.items():
                await asyncio.to_thread(self._move, old, new)
            changed = _changed(given, shown=shown)
            if changed:
                what, detail = AccountEvent.HOUSEHOLD_CHANGED, ", ".join(changed)
                await asyncio.to_thread(self._log.note, by.person_id, what, origin=origin, detail=detail)
            await self._settle(chosen)
        sentences = [_WAKE] if "wake word" in changed else []
        sentences += [_VOICE] if "voice" in changed else []
        is_own = own is not None and own.casefold() in {old.casefold() for old in given.renamed}
        return sentences + ([_AREA] if is_own else [])

    def _note(self, given: shapes.HouseholdChange, *, shown: shapes.HouseholdShape, voices: Sequence[str]) -> HouseholdChoices:
        rooms = {room.casefold() for room in shown.areas}
        if not all(old.casefold() in rooms for old in given.renamed):
            raise PersonError("There is no such room that could be called otherwise.", code="household.invalid")
        if given.alarm_sound is not None and given.alarm_sound != shown.alarm_sound:
            self._check_sound(given.alarm_sound)
        return self.household.change(
            name=given.home,
            rooms=given.areas,
            wake_words=given.wake_words,
            voice=given.voice,
            zone=given.zone,
            renames=given.renamed,
            alarm_sound=given.alarm_sound,
            has_family_jokes=given.has_family_jokes,
            wake_words_known=self.wake_words,
            voices_known=voices,
        )


def household_router(desk: HouseholdDesk, *, assistant: Assistant) -> APIRouter:
    """The routes under /api/v1/household."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))

    async def shown() -> shapes.HouseholdShape:
        chosen = await asyncio.to_thread(desk.household.choices)
        return _shape(chosen, desk, assistant)

    @router.get("/household")
    async def household() -> shapes.HouseholdShape:
        """What the home is called, its rooms, wake words, voice and time zone, the usual sound of alarms, and which jokes."""
        return await shown()

    @router.put("/household")
    async def change(given: shapes.HouseholdChange, person: Me, origin: From) -> shapes.HouseholdChangedShape:
        """Choose them anew. What does not count at once is said in `told`."""
        installed = [voice.name for voice in assistant.voices() if voice.is_installed]
        sentences = await desk.change(given, shown=await shown(), voices=installed, by=person, origin=origin)
        return shapes.HouseholdChangedShape(**(await shown()).model_dump(), told=sentences)

    return router


def voices_shape(assistant: Assistant) -> list[shapes.ChoiceOfVoiceShape]:
    """The voices, as something to choose from."""
    return [
        shapes.ChoiceOfVoiceShape(name=one.name, description=one.description, installed=one.is_installed)
        for one in assistant.voices()
    ]


def _changed(given: shapes.HouseholdChange, *, shown: shapes.HouseholdShape) -> list[str]:
    """What a change changes, in words."""
    pairs = {
        "name": (given.home, shown.home),
        "rooms": (given.areas, shown.areas),
        "wake word": (given.wake_words, shown.wake_words),
        "voice": (given.voice, shown.voice),
        "time zone": (given.zone, shown.chosen_zone),
        "sound of alarms": (given.alarm_sound, shown.alarm_sound),
        "jokes": (given.has_family_jokes, shown.has_family_jokes),
    }
    return [word for word, (after, before) in pairs.items() if after is not None and after != before]


def _shape(chosen: HouseholdChoices | None, desk: HouseholdDesk, assistant: Assistant) -> shapes.HouseholdShape:
    home = assistant.board().home
    with_devices = {device.area for device in home.devices}
    return shapes.HouseholdShape(
        home=chosen.name if chosen else home.name.removesuffix(SIMULATED),
        areas=[area.name for area in home.areas],
        fixed=[area.name for area in home.areas if area.name in with_devices],
        wake_words=list(desk.words() or (chosen.wake_words if chosen else ()) or desk.wake_words[:1]),
        voice=chosen.voice if chosen and chosen.voice else assistant.default_voice(),
        zone=desk.zone(),
        chosen_zone=chosen.zone if chosen else "",
        alarm_sound=chosen.alarm_sound if chosen else TONE,
        has_family_jokes=chosen.has_family_jokes if chosen else True,
        wake_words_known=list(desk.wake_words),
        voices=voices_shape(assistant),
    )
