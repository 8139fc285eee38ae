"""What the skills may ask of all satellites: announcements reach ours and foreign ones; calls are between ours alone.

Foreign satellites have no intercom, so a call never rings there.
"""

import asyncio
from typing import Protocol

from earwitness.domain.satellite import Announcement, CallAnswer
from earwitness.foreign.attendance import Attendance


class OurSatellites(Protocol):
    """The satellites that speak our own protocol."""

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement: ...

    def call(self, device_id: str, *, area: str) -> CallAnswer: ...

    def answer(self, device_id: str) -> CallAnswer: ...

    def hang_up(self, device_id: str) -> CallAnswer: ...


class EverySatellite:
    """Ours and foreign ones as one (skills.ports.Satellites)."""

    def __init__(self, ours: OurSatellites, foreign: Attendance) -> None:
        self._ours = ours
        self._foreign = foreign
        self.call, self.answer, self.hang_up = ours.call, ours.answer, ours.hang_up

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement:
        """Say something at every satellite, or at those of one room, `but` at one; says where it was confirmed."""
        told = await asyncio.gather(
            self._ours.announce(text, area=area, but=but), self._foreign.announce(text, area=area, but=but)
        )
        return Announcement(
            confirmed=tuple(at for one in told for at in one.confirmed),
            unconfirmed=tuple(at for one in told for at in one.unconfirmed),
        )
