"""Messages by voice: to people outside by a link, to those who live here in an inbox of the house; read out, answered, asked
after.

It says only what the link confirmed. Whose messages are read aloud where is decided by the person they belong to.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from earwitness.domain.confirmation import Act
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.home import Area
from earwitness.domain.intent import Context, Intent
from earwitness.domain.message import Message, MessageState
from earwitness.domain.turn import SkillResult
from earwitness.skills.confirming import confirm, with_slots
from earwitness.skills.inside import Inside
from earwitness.skills.interface import Parts, Skill, UnfulfillableError, answered, done, failed, refuse, slot_text
from earwitness.skills.message_draft import Draft, drafted
from earwitness.skills.messages_port import PostOffice
from earwitness.skills.wording import amount, sentence
from earwitness.understand.sounding import Named, matched

WAIT_SECONDS: Final = 1.8
"""How long a turn waits for a link to confirm."""
READ_AT_ONCE: Final = 5
NOT_FOR_TOKENS: Final = "A program may read and send no messages of yours. Say that yourself, or do it on the page of messages"
_OUT: Final = "There is no message of yours that I know of"
_TAKE_BACK: Final = 'Say "take back my last message" if you do not want that.'


class MessageSkill:
    """Without a post office there are no messages. `rooms` gives those of the home."""

    def __init__(self, inside: Inside, *, clock: Callable[[], datetime], rooms: Callable[[], Sequence[Area]]) -> None:
        self._inside = inside
        self._rooms = rooms
        self._clock = clock

    @property
    def _post(self) -> PostOffice:
        if self._inside.post is None:
            raise refuse("There are no messages here")
        return self._inside.post

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        """Nothing: what is said needs the box and the contacts, which are read off the event loop only."""
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        if context.scopes is not None:
            raise refuse(NOT_FOR_TOKENS)
        try:
            match intent.name:
                case "MessageStatus":
                    return answered(_told(await self._last_out(intent, context)))
                case "ReadMessages":
                    return await self._read(intent, context)
                case "WithdrawMessage":
                    return await self._withdraw(intent, context)
                case _:
                    draft = await asyncio.to_thread(self._confirmed, intent, context)
                    return await self._send(draft, context)
        except UnfulfillableError:
            raise
        except EarwitnessError as error:
            return failed(error.sentence)

    # Sending

    def _confirmed(self, intent: Intent, context: Context) -> Draft:
        """What to send, once nothing is to be asked any more. Raises UnfulfillableError."""
        if intent.name == "ChangeMessage":
            pending = context.pending
            if pending is None or pending.name not in ("SendMessage", "LeaveMessage") or context.expects != "confirmed":
                raise refuse("There is no message to change")
            intent = with_slots(pending, message=slot_text(intent.slots, "message"))
            context = replace(context, expects=None, pending=None)
        if intent.name == "ReplyMessage":
            intent = self._reply(intent, context)
        draft, intent = drafted(intent, context=context, inside=self._inside, post=self._post, rooms=self._rooms())
        confirm(
            self._inside,
            act=Act.MESSAGE,
            intent=intent,
            context=context,
            question=draft.read_back,
            read_back=draft.read_back,
        )
        return draft

    def _reply(self, intent: Intent, context: Context) -> Intent:
        """To the message that was last read to them, else to the newest. Raises UnfulfillableError."""
        incoming = [one for one in self._post.box.of(context.person_id) if one.is_incoming]
        read = [one for one in incoming if one.state is MessageState.READ]
        last = max(read or incoming, key=lambda one: one.changed_at, default=None)
        if last is None:
            raise refuse("There is no message to reply to")
        if last.link_id is None and not last.address and last.name:
            raise refuse("I do not know who left that message")
        text = slot_text(intent.slots, "message")
        slots = {"name": last.name, "address": last.address, "link_id": last.link_id or "", "message": text}
        return Intent(name="SendMessage", slots=slots)

    async def _send(self, draft: Draft, context: Context) -> SkillResult:
        now = self._clock()
        message = Message(
            message_id=self._inside.new_id(),
            person_id=context.person_id,
            is_incoming=False,
            link_id=draft.way.link_id if draft.way else None,
            address=draft.address,
            name=draft.name,
            text=draft.text,
            state=MessageState.WAITING,
            created_at=now,
            changed_at=now,
            area=draft.area,
        )
        if draft.way is None:
            await self._post.leave(message, to=draft.address or None, sender=self._sender(context))
            return done(f"I left it {'in' if draft.area else 'for'} {draft.name}.")
        sent = await self._post.send(message, seconds=WAIT_SECONDS)
        match sent.state:
            case MessageState.DELIVERED:
                return done(f"Delivered to {draft.name}.")
            case MessageState.SENT:
                return done(f"Sent to {draft.name}.")
            case MessageState.WAITING:
                why = sent.reason or draft.way.sentence
                return failed(f"It is not sent yet. {sentence(why)} It goes out when it can, within a day. {_TAKE_BACK}")
            case MessageState.SENDING:
                return failed(f"{draft.way.name} has not confirmed it yet. Ask in a moment whether it was sent.")
            case _:
                return failed(_told(sent))

    def _sender(self, context: Context) -> str:
        name = next((one.name for one in self._inside.people() if one.person_id == context.person_id), "")
        return name or (f"somebody in the {context.area.lower()}" if context.area else "somebody")

    # Asking after

    async def _last_out(self, intent: Intent, context: Context) -> Message:
        box = await asyncio.to_thread(self._post.box.of, context.person_id)
        found = _named([one for one in box if not one.is_incoming], slot_text(intent.slots, "message_to"))
        if not found:
            raise refuse(_OUT)
        return found[0]

    async def _withdraw(self, intent: Intent, context: Context) -> SkillResult:
        message = await self._last_out(intent, context)
        box = self._post.box
        taken = await asyncio.to_thread(lambda: box.mark(message.message_id, MessageState.WITHDRAWN))
        if taken is not None:
            return done(f"I took it back; it was not sent to {taken.name}.")
        return failed(f"It cannot be taken back any more. {_told(message)}")

    # Reading

    async def _read(self, intent: Intent, context: Context) -> SkillResult:
        mine, closed = await asyncio.to_thread(self._readable, context)
        if intent.slots.get("again"):
            found = [one for one in mine if one.state is MessageState.READ and one.text is not None][:READ_AT_ONCE]
            found.reverse()
        else:
            found = sorted((one for one in mine if one.state is MessageState.NEW), key=lambda one: one.created_at)
        wanted = slot_text(intent.slots, "message_from")
        if wanted:
            found = _named(found, wanted)
        beside = [f"There is a message for {name}, which I do not read here." for name in closed]
        if not found:
            whom = f" from {wanted}" if wanted else ""
            none = "There is no message to read again." if intent.slots.get("again") else f"No new message{whom}."
            return answered(" ".join((none, *beside)))
        said, left = found[:READ_AT_ONCE], len(found) - READ_AT_ONCE
        parts = [f"{amount(len(found), 'message')}." if len(found) > 1 else "", *(self._aloud(one, context) for one in said)]
        if left > 0:
            parts.append(f'{amount(left, "message")} more; say "read my messages" again.')
        await asyncio.to_thread(self._post.box.read, [one.message_id for one in said])
        return answered(" ".join(part for part in (*parts, *beside) if part))

    def _readable(self, context: Context) -> tuple[list[Message], list[str]]:
        """What may be read to whoever asks, newest first, and the names of those who have new ones that may not be read here."""
        post = self._post
        found = [one for one in post.box.of(None) if one.is_incoming and _is_read_at(one, context)]
        closed = list[str]()
        for person in self._inside.people():
            is_self = person.person_id == context.person_id
            if is_self or post.may_read(person.person_id, context.device_id, speaker=context.person_id):
                found += [one for one in post.box.of(person.person_id) if one.is_incoming]
            elif (
                context.device_id is not None and context.person_id is None and post.says_so(person.person_id, context.device_id)
            ):
                closed += [person.name] if post.box.unread(person.person_id) else []
        return sorted(found, key=lambda one: one.created_at, reverse=True), closed

    def _aloud(self, message: Message, context: Context) -> str:
        at = message.created_at.astimezone(self._clock().tzinfo)
        when = f"at {at:%-I:%M %p}" if at.date() == self._clock().date() else f"on {at:%A}"
        whose = ""
        if message.person_id is not None and message.person_id != context.person_id:
            name = next((one.name for one in self._inside.people() if one.person_id == message.person_id), "")
            whose = f"for {name} " if name else ""
        elif message.area and context.device_id is None:
            whose = f"in the {message.area.lower()} "
        words = sentence(message.text or "its words cannot be opened any more")
        return sentence(f"{whose}from {message.name} {when}: {words}")


def _is_read_at(message: Message, context: Context) -> bool:
    """Whether a message of the household is read there: a note in a room at its satellites, and on pages."""
    return not message.area or context.device_id is None or message.area == context.area


def _named(messages: Sequence[Message], spoken: str) -> list[Message]:
    """Those whose other side is called so; all without a name, and for "him", "her" and "them"."""
    if not spoken or spoken.casefold() in ("he", "she", "they", "him", "her", "them", "it"):
        return list(messages)
    names = list(dict.fromkeys(one.name for one in messages))
    found = matched(spoken.removeprefix("my ").removeprefix("My "), [Named(key=name, names=(name,)) for name in names])
    wanted = {one.key for one in ((found.best,) if found.best else found.near)}
    return [one for one in messages if one.name in wanted]


def _told(message: Message) -> str:
    """What is known of a message that went out, and no more."""
    name, reason = message.name, f" {message.reason}" if message.reason else ""
    match message.state:
        case MessageState.WAITING:
            return f"Your message to {name} waits and is not sent yet.{reason}"
        case MessageState.SENDING:
            return f"Your message to {name} is just being sent."
        case MessageState.SENT:
            return f"Your message to {name} was sent. I have not heard that it was delivered."
        case MessageState.DELIVERED if message.area:
            return f"Your note is in {name}."
        case MessageState.DELIVERED:
            where = "is in the inbox here" if message.link_id is None else "was delivered"
            return f"Your message to {name} {where}."
        case MessageState.WITHDRAWN:
            return f"Your message to {name} was taken back and not sent."
        case MessageState.UNKNOWN:
            return f"I do not know whether your message to {name} was sent.{reason}"
        case _:
            return f"Your message to {name} was not delivered.{reason}"


def make(parts: Parts) -> Skill:
    return MessageSkill(parts.inside, clock=parts.clock, rooms=lambda: parts.home.snapshot().areas)
