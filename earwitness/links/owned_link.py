"""A link of messages that is one person's account. Owns whose it is, from the first time it ran: a name may change, and may be
somebody else's later. It carries nothing itself.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Final

from earwitness.domain.errors import LinkError
from earwitness.domain.message import MessageState
from earwitness.domain.person import Person
from earwitness.links.link_kind import Memory, Report
from earwitness.links.message_link import MessageLink

NOBODY_YET: Final = ""
"""Whose a link is that has not run yet: nothing goes out or comes in by it."""


class OwnedLink:
    """A MessageLink. It does not run where nobody is called `name`, or where that person is gone."""

    def __init__(self, link: MessageLink, *, name: str, memory: Memory, people: Callable[[], Sequence[Person]]) -> None:
        self.channels = link.channels
        self.name_of_way = link.name_of_way
        self.tells_delivery = link.tells_delivery
        self.owner_id: str | None = NOBODY_YET
        self._link = link
        self._name = name
        self._memory = memory
        self._people = people

    async def run(self, report: Report) -> None:
        self.owner_id = NOBODY_YET
        self.owner_id = await self._owner()
        await self._link.run(report)

    async def check(self) -> None:
        await self._link.check()

    async def send(self, address: str, text: str, *, message_id: str) -> MessageState:
        return await self._link.send(address, text, message_id=message_id)

    async def fate(self, address: str, *, message_id: str) -> MessageState | None:
        return await self._link.fate(address, message_id=message_id)

    async def _owner(self) -> str:
        people = await asyncio.to_thread(self._people)
        data = await self._memory.get("owner")
        kept = json.loads(data) if data else {}
        if kept.get("name") == self._name:
            if any(one.person_id == kept["person_id"] for one in people):
                return str(kept["person_id"])
            raise LinkError("The person whose account it is does not live here any more; remove this link.", code="link.invalid")
        found = [one.person_id for one in people if one.name.casefold() == self._name.casefold()]
        if len(found) != 1:
            raise LinkError(f'Nobody called "{self._name}" lives here; correct whose account it is.', code="link.invalid")
        await self._memory.keep("owner", json.dumps({"name": self._name, "person_id": found[0]}).encode())
        return found[0]
