"""What skills and page may ask of all satellites: announcements reach ours and foreign ones; calls are between ours alone.

Foreign satellites have no intercom: a call never rings there, and who calls one is told so.
"""

import asyncio
from typing import Protocol

from earwitness.domain.satellite import Announcement, CallAnswer, Station
from earwitness.foreign.attendance import Attendance


class OurSatellites(Protocol):
    """The satellites that speak our own protocol."""

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement: ...

    def stations(self) -> tuple[Station, ...]: ...

    def plain_ringers(self) -> tuple[Station, ...]: ...

    def is_muted(self, device_id: str) -> bool | None: ...

    def wish_mute(self, device_id: str) -> bool: ...

    def call(self, device_id: str, *, area: str) -> CallAnswer: ...

    def answer(self, device_id: str) -> CallAnswer: ...

    def hang_up(self, device_id: str) -> CallAnswer: ...


class EverySatellite:
    """Ours and foreign ones as one (skills.ports.Satellites). Only ours say themselves whether they are muted."""

    def __init__(self, ours: OurSatellites, foreign: Attendance) -> None:
        self._ours = ours
        self._foreign = foreign
        self.answer, self.hang_up = ours.answer, ours.hang_up
        self.is_muted, self.wish_mute = ours.is_muted, ours.wish_mute

    def call(self, device_id: str, *, area: str) -> CallAnswer:
        """Ring at the satellites of a room for the one that asked."""
        if any(one.device_id == device_id for one in self._foreign.stations()):
            return CallAnswer.NO_INTERCOM_HERE
        answer = self._ours.call(device_id, area=area)
        if answer is CallAnswer.NO_SATELLITE and self._foreign.stations(area=area):
            return CallAnswer.NO_INTERCOM_THERE
        return answer

    def rings_plainly(self, *, area: str | None = None, device_id: str | None = None) -> tuple[Station, ...]:
        """Of the satellites at which an alert for that place rings, those that have a tone of their own alone."""
        here = (*self._ours.stations(), *self._foreign.stations())
        meant = [one for one in here if one.device_id == device_id or (area is not None and _is_in(one, area))]
        plain = {one.device_id for one in (*self._ours.plain_ringers(), *self._foreign.plain_ringers())}
        return tuple(one for one in meant or here if one.device_id in plain)

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement:
        """Say something at every satellite, or at those of one room, `but` at one; says where it was confirmed."""
        told = await asyncio.gather(
            self._ours.announce(text, area=area, but=but), self._foreign.announce(text, area=area, but=but)
        )
        return Announcement(
            confirmed=tuple(at for one in told for at in one.confirmed),
            unconfirmed=tuple(at for one in told for at in one.unconfirmed),
            quiet=tuple(at for one in told for at in one.quiet),
        )


def _is_in(station: Station, area: str) -> bool:
    return station.area is not None and station.area.casefold() == area.casefold()
