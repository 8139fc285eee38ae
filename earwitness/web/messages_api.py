"""The API of messages: one's inbox, what one sent and what became of it, writing one, and which satellites may tell of them.

It translates; `links/message_box.py` keeps them, and the skill of messages writes them as it does by voice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, StringConstraints

from earwitness.domain.device import Device
from earwitness.domain.errors import LinkError, SkillError
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.domain.message import LONGEST_TEXT, Aloud, Message, MessageState, aloud_at
from earwitness.domain.person import Person
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.links.message_box import MessageBox
from earwitness.skills.messages_port import PostOffice
from earwitness.web.errors_told import told
from earwitness.web.signed_in import Me

MessageId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class MessageShape(_Shape):
    id: str
    name: str
    """Who wrote it, or whom it goes to."""
    text: str | None
    """None once it was erased."""
    state: MessageState
    reason: str
    created_at: datetime
    is_for_everybody: bool
    room: str
    """Of one for everybody: the room that it was left in, where alone satellites tell of it; empty for all."""


class AloudShape(_Shape):
    """What one satellite does with your messages."""

    device_id: str
    """Empty for all that are not named."""
    name: str
    aloud: Aloud


class MessagesShape(_Shape):
    inbox: list[MessageShape]
    sent: list[MessageShape]
    ways: list[str]
    """By what your messages can go to people outside."""
    people: list[str]
    """Who lives here."""
    rooms: list[str]
    """Where a note can be left."""
    keeps: bool
    """Whether texts stay as long as your history; else they go once they are delivered or read."""
    aloud: list[AloudShape]


class NewMessage(_Shape):
    to: Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT, strip_whitespace=True)]
    stays_here: bool = False
    """Whether it is for the inbox of somebody who lives here, or a note in a room."""


class WrittenShape(_Shape):
    reply: str
    is_sent: bool
    """Whether what carries it confirmed it."""


class AloudChoice(_Shape):
    device_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{0,64}$")] = ""
    aloud: Aloud


def messages_router(
    box: MessageBox,
    *,
    post: Callable[[], PostOffice],
    perform: Callable[[Intent, Context], Awaitable[SkillResult]],
    people: Callable[[], Sequence[Person]],
    devices: Callable[[], Sequence[Device]],
    keeps: Callable[[str], bool],
    rooms: Callable[[], Sequence[str]] = tuple,
) -> APIRouter:
    """The routes under /api/v1/messages. What is handed over blocks, but for `post` and `perform`."""
    router = APIRouter(prefix="/api/v1/messages", responses=told(404, 409))

    def shown(person: Person) -> MessagesShape:
        mine, all_of_us = box.of(person.person_id), box.of(None)
        incoming = [*(one for one in mine if one.is_incoming), *(one for one in all_of_us if one.is_incoming)]
        return MessagesShape(
            inbox=[_shape(one) for one in sorted(incoming, key=lambda one: one.created_at, reverse=True)],
            sent=[_shape(one) for one in mine if not one.is_incoming],
            ways=list(dict.fromkeys(way.name for way in post().ways(person.person_id))),
            people=[one.name for one in people() if one.person_id != person.person_id],
            rooms=list(rooms()),
            keeps=keeps(person.person_id),
            aloud=_aloud(box.aloud(person.person_id), devices()),
        )

    def found(message_id: str, person: Person) -> Message:
        one = box.find(message_id)
        if one is None or not (one.person_id == person.person_id or (one.person_id is None and one.is_incoming)):
            raise LinkError("There is no such message any more.", code="link.not_found")
        return one

    @router.get("")
    async def all_messages(person: Me) -> MessagesShape:
        """Your messages, newest first."""
        return await asyncio.to_thread(shown, person)

    @router.post("", status_code=201)
    async def write(given: NewMessage, person: Me) -> WrittenShape:
        """Write a message; the reply says what became of it. 409 with a sentence or a question where it cannot be sent so."""
        slots: dict[str, SlotValue] = {"message_to": given.to, "message": given.text, "confirmed": True}
        intent = Intent(name="LeaveMessage" if given.stays_here else "SendMessage", slots=slots)
        result = await perform(intent, Context(person_id=person.person_id))
        if result.outcome in (Outcome.ASKED, Outcome.REFUSED):
            raise SkillError(result.reply, code="skill.refused")
        return WrittenShape(reply=result.reply, is_sent=result.outcome is Outcome.DONE)

    @router.post("/{message_id}/read", status_code=204)
    async def read(message_id: MessageId, person: Me) -> None:
        """Note that you read it; if you keep nothing, its text goes soon after."""
        one = await asyncio.to_thread(found, message_id, person)
        await asyncio.to_thread(box.read, [one.message_id])

    @router.delete("/{message_id}", status_code=204)
    async def remove(message_id: MessageId, person: Me) -> None:
        """Delete a message; one that waits is taken back with it. 409 for one that is just being sent."""

        def gone() -> int:
            one = found(message_id, person)
            box.mark(one.message_id, MessageState.WITHDRAWN)
            return box.remove([one.message_id])

        if not await asyncio.to_thread(gone):
            raise SkillError("It is just being sent; try again in a moment.", code="skill.refused")

    @router.put("/aloud", status_code=204)
    async def aloud(given: AloudChoice, person: Me) -> None:
        """Choose what a satellite does with your messages, or all that are not named."""
        await asyncio.to_thread(box.choose_aloud, person.person_id, given.device_id, given.aloud)

    return router


def _shape(message: Message) -> MessageShape:
    return MessageShape(
        id=message.message_id,
        name=message.name,
        text=message.text,
        state=message.state,
        reason=message.reason,
        created_at=message.created_at,
        is_for_everybody=message.person_id is None,
        room=message.area,
    )


def _aloud(chosen: dict[str, Aloud], devices: Sequence[Device]) -> list[AloudShape]:
    named = [("", "Every satellite that is not named below"), *((one.device_id, one.name) for one in devices)]
    return [AloudShape(device_id=device_id, name=name, aloud=aloud_at(chosen, device_id)) for device_id, name in named]
