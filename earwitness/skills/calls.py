"""Calls: "call the kitchen", "call Mum", "answer", "hang up", "call back". Carries no sound and keeps nothing.

Another room is reached by its satellites, anybody else by a telephone line that an owner set up. It says that it calls once it
rings there. Emergency numbers are refused unless an owner says otherwise: whoever comes to help would not know where to.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from earwitness.domain.account import Scope
from earwitness.domain.call import OutsideCall, Placed
from earwitness.domain.confirmation import Act, Speaker
from earwitness.domain.contact import Address, Channel, Contact
from earwitness.domain.errors import LinkError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.link import LinkRole, LinkState
from earwitness.domain.satellite import CallAnswer
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.links.switchboard import Serving
from earwitness.skills.confirming import confirm, speaker
from earwitness.skills.contact_choice import chosen_contact
from earwitness.skills.emergency import digits_of, is_emergency, is_service, number_for
from earwitness.skills.inside import Inside
from earwitness.skills.interface import Parts, Skill, answered, ask, done, failed, refuse, slot_text
from earwitness.skills.wording import listed

NOT_HERE: Final = "Calls go from a satellite or from the open page, and this is neither."
NO_LINE: Final = "No telephone is set up here. An owner can add an account on the page of links; rooms can be called without one"
ROOMS_STILL: Final = "Rooms can still be called."
_TOLD: Final = 5
_REPLIES: Final = {
    CallAnswer.BUSY: (Outcome.REFUSED, "There is a call already. Say hang up first."),
    CallAnswer.MUTED: (Outcome.REFUSED, "This satellite is muted. Switch mute off at the device, then try again."),
    CallAnswer.NO_INTERCOM_HERE: (Outcome.REFUSED, "This satellite is of another make: it can neither call nor be called."),
    CallAnswer.NO_CALL: (Outcome.REFUSED, "There is no call here."),
    CallAnswer.OPEN: (Outcome.DONE, ""),
    CallAnswer.ENDED: (Outcome.DONE, "The call is over."),
}
_ROOM_REPLIES: Final = {
    CallAnswer.RINGING: (Outcome.DONE, "Calling the {room}."),
    CallAnswer.RINGING_MUTED: (
        Outcome.DONE,
        "It rings in the {room}, but it is muted there: nobody can answer until it is switched on.",
    ),
    CallAnswer.OFFLINE: (Outcome.REFUSED, "The satellite in the {room} is not connected."),
    CallAnswer.NO_INTERCOM_THERE: (Outcome.REFUSED, "The satellite in the {room} is of another make and cannot take calls."),
    CallAnswer.QUIET: (Outcome.REFUSED, "Do not disturb is on in the {room}, so I did not call."),
    CallAnswer.ENGAGED: (Outcome.REFUSED, "There is another call in the {room}."),
    CallAnswer.NO_SATELLITE: (Outcome.REFUSED, "There is no satellite in the {room} that I can call."),
}


class CallsSkill:
    def __init__(self, inside: Inside) -> None:
        self._inside = inside

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        if intent.name in ("MissedCalls", "WhoCalled"):
            return self._told(intent, context)
        end = context.call_end
        if end is None:
            return SkillResult(outcome=Outcome.REFUSED, reply=NOT_HERE)
        match intent.name:
            case "AnswerCall":
                return self._answer(end)
            case "HangUp":
                return self._hang_up(end)
            case "CallRoom":
                return await self._call_room(intent, context=context)
            case "CallAgain" | "CallBack":
                return await self._call_again(intent, context=context)
            case _:
                return await self._call_contact(intent, context=context)

    def _told(self, intent: Intent, context: Context) -> SkillResult:
        """Who called is for those who live here, and for a program only if it may read what its person may."""
        if speaker(self._inside, context) is Speaker.GUEST or not context.may(Scope.HISTORY):
            raise refuse("Who called is told to those who live here")
        return answered((_missed if intent.name == "MissedCalls" else _came_in)(self._recent()))

    # In the house

    def _answer(self, end: str) -> SkillResult:
        here = self._inside.telephones or self._inside.satellites
        return _result(CallAnswer.NO_CALL if here is None else here.answer(end))

    def _hang_up(self, end: str) -> SkillResult:
        here = self._inside.telephones or self._inside.satellites
        return _result(CallAnswer.NO_CALL if here is None else here.hang_up(end))

    async def _call_room(self, intent: Intent, *, context: Context) -> SkillResult:
        room = str(intent.slots["area"])
        namesake = await self._namesake(room, context=context)
        which = slot_text(intent.slots, "which").casefold()
        if namesake is not None and not which:
            question = f"The room {room.lower()}, or the contact {namesake.name}?"
            raise ask(question, slot="which", intent=intent, context=context)
        if namesake is not None and "room" not in which and ("contact" in which or namesake.name.casefold() in which):
            call = Intent(name="CallContact", slots={"contact": namesake.name})
            return await self._call_contact(call, context=context)
        if self._inside.satellites is None or context.device_id is None:
            return SkillResult(outcome=Outcome.REFUSED, reply="Rooms are called from one satellite to another, and this is none.")
        return _result(self._inside.satellites.call(context.device_id, area=room), room=room)

    async def _namesake(self, room: str, *, context: Context) -> Contact | None:
        """A contact that is called as a room is."""
        contacts = self._inside.contacts
        if contacts is None or not self._lines():
            return None
        found = await asyncio.to_thread(contacts.of, context.person_id)
        return next((one for one in found if room.casefold() in (name.casefold() for name in one.spoken_names())), None)

    # Outside

    async def _call_contact(self, intent: Intent, *, context: Context) -> SkillResult:
        spoken = slot_text(intent.slots, "contact")
        if is_service(spoken) or (is_emergency(digits_of(spoken)) and not self._lines()):
            return await self._call_emergency(intent, number="", context=context)
        if not self._lines():
            raise refuse(NO_LINE)
        if number := slot_text(intent.slots, "number"):
            return await self._place(intent, number=number, who=slot_text(intent.slots, "who"), context=context)
        if number := digits_of(spoken):
            return await self._place(intent, number=number, who=f"the number {' '.join(number)}", context=context)
        contact = await self._contact(spoken, intent=intent, context=context)
        address = self._address(contact, intent=intent, context=context)
        who = contact.name
        label = f", {address.label}" if address.label else ""
        return await self._place(intent, number=address.value, who=who, label=label, context=context)

    async def _call_again(self, intent: Intent, *, context: Context) -> SkillResult:
        """The last that this end called, or the last that called the house."""
        is_back = intent.name == "CallBack"
        found = (
            one
            for one in self._recent()
            if one.address and (one.is_incoming if is_back else not one.is_incoming and one.caller == context.call_end)
        )
        last = next(found, None)
        if not self._lines():
            raise refuse(NO_LINE)
        if last is None:
            raise refuse(
                "Nobody has called since I was started" if is_back else "Nobody was called from here since I was started"
            )
        call = Intent(name="CallContact", slots={"contact": last.who, "number": last.address, "who": last.who})
        return await self._call_contact(call, context=context)

    async def _contact(self, spoken: str, *, intent: Intent, context: Context) -> Contact:
        contacts = self._inside.contacts
        if contacts is None:
            raise refuse("No contacts are kept here")
        return await asyncio.to_thread(
            lambda: chosen_contact(
                spoken,
                contacts=contacts.of(context.person_id),
                person_id=context.person_id,
                intent=intent,
                slot="contact",
                context=context,
                channels=(Channel.PHONE, Channel.SIP),
            )
        )

    def _address(self, contact: Contact, *, intent: Intent, context: Context) -> Address:
        found = contact.reached_by(Channel.PHONE, Channel.SIP)
        if label := slot_text(intent.slots, "label"):
            labelled = next((one for one in found if one.label.casefold() == label.casefold()), None)
            if labelled is None:
                raise refuse(f"I have no {label} number of {contact.name}")
            return labelled
        return found[0]

    async def _place(self, intent: Intent, *, number: str, who: str, context: Context, label: str = "") -> SkillResult:
        """Call, once that is confirmed; what was resolved goes with the question, so that the answer resolves nothing anew."""
        serving = self._lines()[0]
        country = str(serving.configured.options.get("country", ""))
        if is_emergency(number, country):
            return await self._call_emergency(intent, number=number, context=context)
        resolved = Intent(name="CallContact", slots={**intent.slots, "number": number, "who": who})
        question = f"Call {who}{label}?"
        confirm(self._inside, act=Act.CALL, intent=resolved, context=context, question=question, read_back=question)
        return await self._dial(serving, number=number, who=who, context=context)

    async def _call_emergency(self, intent: Intent, *, number: str, context: Context) -> SkillResult:
        """Refused, unless the line is one that an owner allows it by; then asked about, whatever else is not."""
        lines = [one for one in self._lines() if one.configured.options.get("emergency") == "asked"]
        country = next((str(one.configured.options.get("country", "")) for one in (lines or self._lines())), "")
        number = number or digits_of(slot_text(intent.slots, "contact")) or number_for(country)
        by_hand = f"call {' '.join(number)}" if number else "call the emergency number"
        if not lines or not number:
            raise refuse(f"I do not call emergency numbers, as I cannot tell them where you are. Take a telephone and {by_hand}")
        resolved = replace(intent, slots={**intent.slots, "number": number})
        question = f"Call the emergency number {' '.join(number)}?"
        confirm(self._inside, act=Act.EMERGENCY_CALL, intent=resolved, context=context, question=question)
        return await self._dial(lines[0], number=number, who=f"the emergency number {' '.join(number)}", context=context)

    async def _dial(self, serving: Serving, *, number: str, who: str, context: Context) -> SkillResult:
        telephones, end = self._inside.telephones, context.call_end
        if telephones is None or end is None:
            return SkillResult(outcome=Outcome.REFUSED, reply=NOT_HERE)
        if serving.status.state is not LinkState.WORKS:
            return failed(f"{serving.status.sentence} {ROOMS_STILL}")
        try:
            placed, sentence = await telephones.call(end, line=serving.link, number=number, who=who, person_id=context.person_id)
        except LinkError as error:
            return failed(f"{error.sentence} {ROOMS_STILL}")
        match placed:
            case Placed.RINGING:
                return done(f"Calling {who}.")
            case Placed.OPEN:
                return done("")
            case Placed.TRYING:
                return done(f"I am trying to reach {who}; it does not ring yet.")
            case Placed.LINE_BUSY:
                raise refuse("Somebody else here is on the telephone")
            case Placed.BUSY_HERE:
                return _result(CallAnswer.BUSY)
            case Placed.MUTED_HERE:
                raise refuse("The microphone is muted here. Switch mute off first, then try again")
            case Placed.NO_CALLS_HERE:
                return _result(CallAnswer.NO_INTERCOM_HERE)
            case _:
                return failed(sentence)

    def _lines(self) -> list[Serving]:
        """The telephone lines, those that work first."""
        links = self._inside.links
        found = () if links is None else links.serving(LinkRole.CALLS)
        return sorted(found, key=lambda one: one.status.state is not LinkState.WORKS)

    def _recent(self) -> tuple[OutsideCall, ...]:
        telephones = self._inside.telephones
        return () if telephones is None else tuple(telephones.recent())


def _missed(calls: tuple[OutsideCall, ...]) -> str:
    missed = [one for one in calls if one.was_missed]
    if not missed:
        return "No, no call was missed since I was started."
    told = [f"{one.who} at {one.at:%H:%M}" for one in missed[:_TOLD]]
    more = f", and {len(missed) - _TOLD} before" if len(missed) > _TOLD else ""
    return f"You missed {'a call' if len(missed) == 1 else f'{len(missed)} calls'}: {listed(told)}{more}."


def _came_in(calls: tuple[OutsideCall, ...]) -> str:
    came = [one for one in calls if one.is_incoming]
    if not came:
        return "Nobody has called since I was started."
    told = [f"{one.who} at {one.at:%H:%M}{' (missed)' if one.was_missed else ''}" for one in came[:_TOLD]]
    more = f", and {len(came) - _TOLD} before" if len(came) > _TOLD else ""
    return f"{'There was a call' if len(came) == 1 else 'There were calls'} from {listed(told)}{more}."


def _result(answer: CallAnswer, *, room: str = "") -> SkillResult:
    replies: Mapping[CallAnswer, tuple[Outcome, str]] = _ROOM_REPLIES if answer in _ROOM_REPLIES else _REPLIES
    outcome, reply = replies[answer]
    return SkillResult(outcome=outcome, reply=reply.format(room=room.lower()))


def make(parts: Parts) -> Skill:
    return CallsSkill(parts.inside)
