"""Carries messages: what waits goes out by its link, what comes in goes into a box and is announced.

A message is noted as being sent before its link gets it, and what the link says is noted after. So after a crash a message that
was being sent is sent again only if its link says that this cannot send it twice; else nobody knows, and that is what is said.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Final

from earwitness.domain.contact import Contact, same_address
from earwitness.domain.errors import EarwitnessError, LinkError
from earwitness.domain.link import LinkState
from earwitness.domain.message import Aloud, Arrival, Message, MessageState, aloud_at
from earwitness.domain.person import Person
from earwitness.links.message_box import WAITS_AT_MOST, MessageBox
from earwitness.links.message_link import SEND_SECONDS, MessageLink
from earwitness.links.switchboard import Serving
from earwitness.skills.messages_port import Way
from earwitness.telemetry import log

LOOK_EVERY_SECONDS: Final = 5.0
EXPIRE_EVERY_SECONDS: Final = 60.0
LONGEST_PAUSE_SECONDS: Final = 300.0
"""Between two tries of a link that works and cannot hand over; each pause is twice the one before."""
_logger = logging.getLogger(__name__)
Announce = Callable[[Message], Awaitable[None]]
_DONT_KNOW: Final = "It was being sent when something broke, so nobody knows whether it was."


class CarryMessages:
    """The job, the post that links tell, and the post office that skills ask.

    `serving` gives the links of messages that could be made, `switched_on` the ids of all that shall run, and blocks; `contacts`
    those of a person, and blocks; `announce` tells whom it concerns of a message that came in or did not arrive; `clock` gives
    aware times.
    """

    def __init__(
        self,
        box: MessageBox,
        *,
        serving: Callable[[], Sequence[Serving]],
        switched_on: Callable[[], Collection[str]],
        people: Callable[[], Sequence[Person]],
        contacts: Callable[[str | None], Sequence[Contact]],
        announce: Announce,
        new_id: Callable[[], str],
        clock: Callable[[], datetime],
    ) -> None:
        self.box = box
        self._serving = serving
        self._switched_on = switched_on
        self._people = people
        self._contacts = contacts
        self._announce = announce
        self._new_id = new_id
        self._clock = clock
        self._look = asyncio.Event()
        self._changed = asyncio.Condition()
        self._busy: set[str] = set()
        self._pauses: dict[str, tuple[float, float]] = {}
        """Of each link that could not hand over: how long it pauses, and until when."""

    # The post office

    def ways(self, person_id: str | None) -> tuple[Way, ...]:
        """See PostOffice."""
        found = []
        for one in self._serving():
            if not isinstance(one.link, MessageLink):
                continue
            whose = one.link.owner_id
            if whose in (None, person_id):
                found.append(
                    Way(
                        link_id=one.configured.link_id,
                        name=one.link.name_of_way,
                        channels=one.link.channels,
                        person_id=whose,
                        works=one.status.state is LinkState.WORKS,
                        sentence=one.status.sentence,
                        tells_delivery=one.link.tells_delivery,
                    )
                )
        return tuple(sorted(found, key=lambda way: (way.person_id is None, not way.works)))

    async def send(self, message: Message, *, seconds: float) -> Message:
        """See PostOffice."""
        await asyncio.to_thread(self.box.add, message)
        self._pauses.pop(message.link_id or "", None)
        self._look.set()
        unsettled = (MessageState.WAITING, MessageState.SENDING)
        latest = message
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while latest.state in unsettled and self._may_go(latest):
                    async with self._changed:
                        found = await asyncio.to_thread(self.box.find, message.message_id)
                        latest = found or latest
                        if latest.state in unsettled:
                            await self._changed.wait()
        return await asyncio.to_thread(self.box.find, message.message_id) or latest

    async def leave(self, message: Message, *, to: str | None, sender: str) -> Message:
        """See PostOffice."""
        to_id = self._new_id()
        left = await asyncio.to_thread(lambda: self.box.add_inside(message, to=to, to_id=to_id, sender=sender))
        arrived = await asyncio.to_thread(self.box.find, to_id)
        if arrived is not None:
            await self._announce(arrived)
        return left

    def may_read(self, person_id: str, device_id: str | None, *, speaker: str | None) -> bool:
        """See PostOffice."""
        if device_id is None or speaker == person_id:
            return speaker == person_id
        return aloud_at(self.box.aloud(person_id), device_id) is Aloud.READS

    def says_so(self, person_id: str, device_id: str) -> bool:
        """See PostOffice."""
        return aloud_at(self.box.aloud(person_id), device_id) is not Aloud.NOTHING

    # The post

    async def arrived(self, link_id: str, arrival: Arrival) -> None:
        """See links.message_link.Post."""
        person_id, name = await asyncio.to_thread(self._whose, link_id, arrival)
        message_id = self._new_id()
        message = await asyncio.to_thread(
            lambda: self.box.receive(
                arrival,
                message_id=message_id,
                link_id=link_id,
                person_id=person_id,
                name=name or arrival.address,
                is_known=name is not None,
            )
        )
        if message is not None:
            await self._announce(message)

    async def told(self, link_id: str, message_id: str, state: MessageState, *, reason: str = "") -> None:
        """See links.message_link.Post."""
        await self._mark(message_id, state, reason, link_id=link_id)

    def _whose(self, link_id: str, arrival: Arrival) -> tuple[str | None, str | None]:
        """Whose inbox it is for, and what they call the sender, if it is a contact.

        Raises LinkError for the account of somebody who is gone.
        """
        link = self._link(link_id)
        person_id = None if link is None else link.owner_id
        if link is None or (person_id is not None and all(one.person_id != person_id for one in self._people())):
            raise LinkError("The person whose account it is does not live here any more; remove this link.", code="link.invalid")
        for contact in self._contacts(person_id):
            if any(same_address(address.value, arrival.address) for address in contact.addresses):
                return person_id, contact.name
        return person_id, None

    # The job

    async def run(self) -> None:
        """Carry until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._expire())
                while True:
                    self._look.clear()
                    try:
                        await self._ask_fates()
                        for link_id in await asyncio.to_thread(self.box.waiting_links):
                            one = self._working(link_id)
                            if one is not None and link_id not in self._busy and not self._pauses_still(link_id):
                                self._busy.add(link_id)
                                tasks.create_task(self._carry(link_id, one))
                    except EarwitnessError as error:
                        log(_logger, "messages unread", level=logging.WARNING, code=error.code)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_EVERY_SECONDS):
                            await self._look.wait()
        finally:
            self._busy.clear()

    def look(self) -> None:
        """A link works now, or something else changed: see what waits. Called in the loop."""
        self._pauses.clear()
        self._look.set()

    def _pauses_still(self, link_id: str) -> bool:
        return asyncio.get_running_loop().time() < self._pauses.get(link_id, (0.0, 0.0))[1]

    async def _carry(self, link_id: str, link: MessageLink) -> None:
        """Send what waits for one link, one after the other."""
        try:
            while (message := await asyncio.to_thread(self.box.claim, link_id)) is not None:
                state, reason = await self._handed(link, message)
                await self._mark(message.message_id, state, reason, link_id=link_id)
                if state is MessageState.WAITING:
                    pause = min(2 * self._pauses.get(link_id, (LOOK_EVERY_SECONDS / 2, 0.0))[0], LONGEST_PAUSE_SECONDS)
                    self._pauses[link_id] = (pause, asyncio.get_running_loop().time() + pause)
                    return
                self._pauses.pop(link_id, None)
        except EarwitnessError as error:  # what is SENDING in the box is asked after once the disk works again
            log(_logger, "messages uncarried", level=logging.WARNING, code=error.code)
        finally:
            self._busy.discard(link_id)

    async def _handed(self, link: MessageLink, message: Message) -> tuple[MessageState, str]:
        """Hand one message over; gives what is known of it then."""
        if message.text is None:
            return MessageState.FAILED, "Its text cannot be opened any more."
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await link.send(message.address, message.text, message_id=message.message_id), ""
        except LinkError as error:
            match error.code:
                case "link.unreachable":
                    return MessageState.WAITING, error.sentence
                case "link.unconfirmed":
                    return MessageState.UNKNOWN, error.sentence
                case _:
                    return MessageState.FAILED, error.sentence
        except TimeoutError:
            return MessageState.UNKNOWN, "The link did not say in time whether it took it."
        except Exception as error:
            log(_logger, "link.send_failed", level=logging.ERROR, error_type=type(error).__name__)
            return MessageState.UNKNOWN, _DONT_KNOW

    async def _ask_fates(self) -> None:
        """What was being sent by an earlier process, once its link works; for a link that is gone nobody knows."""
        for message in await asyncio.to_thread(self.box.being_sent):
            link_id = message.link_id or ""
            if link_id in self._busy:
                continue
            link, state = self._working(link_id), None
            if link is None and await asyncio.to_thread(self._may_tell_yet, message):
                continue
            if link is not None:
                with contextlib.suppress(LinkError, TimeoutError):
                    async with asyncio.timeout(SEND_SECONDS):
                        state = await link.fate(message.address, message_id=message.message_id)
            reason = "" if state is not None else _DONT_KNOW
            await self._mark(message.message_id, state or MessageState.UNKNOWN, reason, link_id=link_id)

    def _may_tell_yet(self, message: Message) -> bool:
        """Whether its link shall run, also if it is not made yet: then it is waited for, a day at most."""
        return self._clock() - message.changed_at < WAITS_AT_MOST and message.link_id in self._switched_on()

    async def _expire(self) -> None:
        while True:
            try:
                for message in await asyncio.to_thread(self.box.expire):
                    await self._note(message)
            except EarwitnessError as error:
                log(_logger, "messages unexpired", level=logging.WARNING, code=error.code)
            await asyncio.sleep(EXPIRE_EVERY_SECONDS)

    async def _mark(self, message_id: str, state: MessageState, reason: str, *, link_id: str) -> None:
        """Note it; what was sent by a link that tells nothing more is over."""
        link = self._link(link_id)
        is_last = state is MessageState.SENT and link is not None and not link.tells_delivery
        marked = await asyncio.to_thread(
            lambda: self.box.mark(message_id, state, reason=reason, link_id=link_id, is_last=is_last)
        )
        await self._note(marked)

    async def _note(self, message: Message | None) -> None:
        """Somebody may wait for this; and who sent it hears of what did not arrive."""
        if message is None:
            return
        async with self._changed:
            self._changed.notify_all()
        if message.state is MessageState.FAILED:
            await self._announce(message)

    def _may_go(self, message: Message) -> bool:
        return message.link_id is not None and self._working(message.link_id) is not None

    def _link(self, link_id: str, *, must_work: bool = False) -> MessageLink | None:
        for one in self._serving():
            if one.configured.link_id == link_id and isinstance(one.link, MessageLink):
                return one.link if not must_work or one.status.state is LinkState.WORKS else None
        return None

    def _working(self, link_id: str) -> MessageLink | None:
        return self._link(link_id, must_work=True)
