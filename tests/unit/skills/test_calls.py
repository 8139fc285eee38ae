"""Calls by voice: whom it calls after which question, what it says came of it, and that it never calls for help by mistake."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from earwitness.domain.account import Scope
from earwitness.domain.call import OutsideCall, Placed
from earwitness.domain.confirmation import Act, Confirmation, ConfirmationPolicy, Speaker
from earwitness.domain.contact import Address, Channel, Contact, Relation, relation_word
from earwitness.domain.errors import LinkError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.link import ConfiguredLink, LinkRole, LinkState, LinkStatus
from earwitness.domain.satellite import CallAnswer
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.links.link_kind import Report
from earwitness.links.switchboard import Serving
from earwitness.skills.calls import CallsSkill
from earwitness.skills.emergency import digits_of, is_emergency, is_service, number_for
from earwitness.skills.inside import Inside
from earwitness.skills.interface import UnfulfillableError, not_asked

NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)
DEN = Context(area="den", device_id="den")
PAGE = Context(page_id="page 1", person_id="ada")


def contact(name: str, *addresses: Address, relation: str = "", owner: str | None = None) -> Contact:
    relations = (Relation(person_id="ada", word=relation_word(relation)),) if relation else ()
    return Contact(contact_id=name, owner_id=owner, name=name, relations=relations, addresses=addresses, changed_at=NOW)


def phone(value: str, label: str = "", *, is_preferred: bool = False) -> Address:
    return Address(channel=Channel.PHONE, value=value, label=label, is_preferred=is_preferred)


PEOPLE = (
    contact("Grace Hopper", phone("+493012345", "home"), phone("+4915112345", "mobile", is_preferred=True), relation="mum"),
    contact("Alan", Address(channel=Channel.SIP, value="alan@sip.example")),
    contact("Kitchen", phone("+49305555")),
    contact("Rescue", phone("112")),
    contact("Nobody", Address(channel=Channel.EMAIL, value="nobody@example.org")),
)


@dataclass
class Quiet:
    """A link that does nothing."""

    async def run(self, report: Report) -> None: ...

    async def check(self) -> None: ...


@dataclass
class Switched:
    """One telephone line, or none."""

    options: Mapping[str, object] = field(default_factory=dict)
    state: LinkState = LinkState.WORKS
    is_there: bool = True

    def serving(self, role: LinkRole) -> tuple[Serving, ...]:
        if not self.is_there or role is not LinkRole.CALLS:
            return ()
        configured = ConfiguredLink(link_id="line", kind="sip", name="Line", options=self.options, created_at=NOW, changed_at=NOW)
        status = LinkStatus(state=self.state, sentence="The telephone server cannot be reached.", since=NOW)
        return (Serving(configured=configured, link=Quiet(), status=status),)


class Looked(tuple[Contact, ...]):
    """Contacts that tell by which threads they were looked through."""

    __slots__ = ()
    threads: ClassVar[set[threading.Thread]] = set()

    def __iter__(self) -> Iterator[Contact]:
        self.threads.add(threading.current_thread())
        return super().__iter__()


@dataclass
class Book:
    def of(self, person_id: str | None) -> tuple[Contact, ...]:
        return Looked(PEOPLE)


@dataclass
class Phones:
    """Telephones that say what the test wants."""

    placed: tuple[Placed, str] = (Placed.RINGING, "")
    trouble: LinkError | None = None
    called: list[tuple[str, str, str]] = field(default_factory=list)
    calls: tuple[OutsideCall, ...] = ()
    ends: list[str] = field(default_factory=list)

    async def call(self, caller: str, *, line: object, number: str, who: str, person_id: str | None = None) -> tuple[Placed, str]:
        self.called.append((caller, number, who))
        if self.trouble is not None:
            raise self.trouble
        return self.placed

    def answer(self, end_id: str) -> CallAnswer:
        self.ends.append(f"answer {end_id}")
        return CallAnswer.OPEN

    def hang_up(self, end_id: str) -> CallAnswer:
        self.ends.append(f"hang up {end_id}")
        return CallAnswer.ENDED

    def recent(self) -> Sequence[OutsideCall]:
        return self.calls


@dataclass
class Talking:
    """A skill, and answers to what it asks."""

    phones: Phones = field(default_factory=Phones)
    links: Switched = field(default_factory=Switched)
    policy: ConfirmationPolicy = field(default_factory=ConfirmationPolicy)

    async def say(self, name: str, *answers: object, context: Context = DEN, **slots: str) -> SkillResult:
        """Perform an intent; each answer goes to what was asked."""
        inside = Inside(
            alerts=not_asked("alerts"),
            timers=not_asked("timers"),
            lists=not_asked("lists"),
            contacts=Book(),
            links=self.links,
            telephones=self.phones,
            policy=lambda: self.policy,
        )
        skill, intent, left = CallsSkill(inside), Intent(name=name, slots=slots), list(answers)
        while True:
            try:
                return await skill.perform(intent, context=context)
            except UnfulfillableError as end:
                asks = end.result.asks
                if asks is None or not left:
                    return end.result
                assert asks.pending is not None
                assert asks.expects is not None
                intent = replace(asks.pending, slots={**asks.pending.slots, asks.expects: left.pop(0)})  # type: ignore[dict-item]

    async def call(self, who: str, *answers: object, context: Context = DEN, **slots: str) -> SkillResult:
        return await self.say("CallContact", *answers, context=context, contact=who, **slots)


@pytest.mark.parametrize(
    ("who", "label", "question", "number", "name"),
    [
        ("mum", "", "Call Grace Hopper, mobile?", "+4915112345", "Grace Hopper"),
        ("my mum", "home", "Call Grace Hopper, home?", "+493012345", "Grace Hopper"),
        ("Allan", "", "Call Alan?", "alan@sip.example", "Alan"),
        ("0 3 0 double one", "", "Call the number 0 3 0 1 1?", "03011", "the number 0 3 0 1 1"),
    ],
)
async def test_it_says_back_whom_it_calls_and_calls_after_a_yes(
    who: str, label: str, question: str, number: str, name: str
) -> None:
    one = Talking()
    asked = await one.call(who, label=label)
    assert (asked.outcome, asked.reply) == (Outcome.ASKED, question)
    assert one.phones.called == []
    left = await one.call(who, False, label=label)
    assert (left.reply, one.phones.called) == ("All right, I leave it.", [])
    done = await one.call(who, True, label=label)
    assert (done.outcome, done.reply) == (Outcome.DONE, f"Calling {name}.")
    assert one.phones.called == [("den", number, name)]


@pytest.mark.parametrize(
    ("placed", "outcome", "reply"),
    [
        ((Placed.RINGING, ""), Outcome.DONE, "Calling Alan."),
        ((Placed.OPEN, ""), Outcome.DONE, ""),
        ((Placed.TRYING, ""), Outcome.DONE, "I am trying to reach Alan; it does not ring yet."),
        ((Placed.ENDED, "Alan is busy."), Outcome.FAILED, "Alan is busy."),
        ((Placed.LINE_BUSY, ""), Outcome.REFUSED, "Somebody else here is on the telephone."),
        ((Placed.BUSY_HERE, ""), Outcome.REFUSED, "There is a call already. Say hang up first."),
        (
            (Placed.MUTED_HERE, ""),
            Outcome.REFUSED,
            "The microphone is muted here. Switch mute off first, then try again.",
        ),
        (
            (Placed.NO_CALLS_HERE, ""),
            Outcome.REFUSED,
            "This satellite is of another make: it can neither call nor be called.",
        ),
    ],
)
async def test_it_says_what_the_line_confirmed(placed: tuple[Placed, str], outcome: Outcome, reply: str) -> None:
    one = Talking(phones=Phones(placed=placed))
    result = await one.call("Alan", True, context=PAGE)
    assert (result.outcome, result.reply) == (outcome, reply)
    assert one.phones.called == [("page 1", "alan@sip.example", "Alan")]


async def test_a_line_that_does_not_work_is_said_with_what_still_does() -> None:
    still = "The telephone server cannot be reached. Rooms can still be called."
    one = Talking(links=Switched(state=LinkState.UNREACHABLE))
    assert (await one.call("Alan", True)).reply == still
    assert one.phones.called == []
    one = Talking(phones=Phones(trouble=LinkError("The telephone server cannot be reached.", code="link.unreachable")))
    result = await one.call("Alan", True)
    assert (result.outcome, result.reply) == (Outcome.FAILED, still)
    one = Talking(links=Switched(is_there=False))
    assert (await one.call("Alan")).reply.startswith("No telephone is set up here.")


async def test_nobody_is_called_whom_nobody_knows_or_who_has_no_number() -> None:
    one = Talking()
    assert (await one.call("Zebediah")).reply == "I know nobody called Zebediah."
    assert (await one.call("Nobody")).reply == "I have no telephone number or telephone address of Nobody."
    assert (await one.call("mum", label="work")).reply == "I have no work number of Grace Hopper."
    assert one.phones.called == []


@pytest.mark.parametrize("who", ["112", "nine one one", "9 double 1", "the police", "an ambulance", "Rescue", "triple zero"])
async def test_emergency_numbers_are_refused_with_the_reason(who: str) -> None:
    for options in ({}, {"emergency": "refused", "country": "DE"}):
        one = Talking(links=Switched(options=options))
        result = await one.call(who, True, True)
        assert result.outcome is Outcome.REFUSED
        assert result.reply.startswith(
            "I do not call emergency numbers, as I cannot tell them where you are. Take a telephone and"
        )
        assert one.phones.called == []
    assert (await Talking(links=Switched(is_there=False)).call(who)).outcome is Outcome.REFUSED


@pytest.mark.parametrize(("who", "number"), [("112", "112"), ("the police", "112"), ("Rescue", "112"), ("one one o", "110")])
async def test_emergency_numbers_are_asked_about_where_an_owner_allows_them(who: str, number: str) -> None:
    lenient = ConfirmationPolicy(chosen={(Act.EMERGENCY_CALL, Speaker.UNKNOWN): Confirmation.NONE})
    one = Talking(links=Switched(options={"emergency": "asked", "country": "DE"}), policy=lenient)
    asked = await one.call(who)
    assert (asked.outcome, asked.reply) == (Outcome.ASKED, f"Call the emergency number {' '.join(number)}?")
    assert one.phones.called == []
    assert (await one.call(who, True)).outcome is Outcome.DONE
    assert [called[1] for called in one.phones.called] == [number]


async def test_contacts_are_looked_through_off_the_loop() -> None:
    Looked.threads.clear()
    assert (await Talking().call("Alan")).outcome is Outcome.ASKED
    assert Looked.threads
    assert threading.current_thread() not in Looked.threads


async def test_a_contact_that_is_called_like_a_room_is_asked_about() -> None:
    one = Talking()
    asked = await one.say("CallRoom", area="Kitchen")
    assert asked.reply == "The room kitchen, or the contact Kitchen?"
    called = await one.say("CallRoom", "the contact", True, area="Kitchen")
    assert called.reply == "Calling Kitchen."
    room = await one.say("CallRoom", "the room", area="Kitchen")
    assert room.reply == "Rooms are called from one satellite to another, and this is none.", "this house has no satellites"
    assert len(one.phones.called) == 1


def outside(who: str, address: str, *, is_incoming: bool, was_missed: bool = False, caller: str = "") -> OutsideCall:
    return OutsideCall(
        who=who,
        address=address,
        is_incoming=is_incoming,
        was_answered=not was_missed,
        was_missed=was_missed,
        at=NOW,
        caller=caller,
    )


async def test_calling_again_and_back() -> None:
    calls = (
        outside("Anna", "+4930111", is_incoming=True, was_missed=True),
        outside("Bob", "+4930222", is_incoming=False, caller="hall"),
        outside("Mum", "+4930333", is_incoming=False, caller="den"),
    )
    one = Talking(phones=Phones(calls=calls))
    assert (await one.say("CallBack")).reply == "Call Anna?"
    assert (await one.say("CallBack", True)).reply == "Calling Anna."
    assert (await one.say("CallAgain", True)).reply == "Calling Mum.", "what was called from here"
    assert [number for _, number, _ in one.phones.called] == ["+4930111", "+4930333"]
    assert (await Talking().say("CallBack")).reply == "Nobody has called since I was started."
    assert (await Talking().say("CallAgain")).reply == "Nobody was called from here since I was started."


async def test_missed_calls_are_told() -> None:
    assert (await Talking().say("MissedCalls")).reply == "No, no call was missed since I was started."
    calls = tuple(outside(f"Anna {number}", "1", is_incoming=True, was_missed=True) for number in range(7))
    reply = (await Talking(phones=Phones(calls=calls)).say("MissedCalls")).reply
    assert reply.startswith("You missed 7 calls: Anna 0 at 20:00")
    assert reply.endswith(", and 2 before.")


async def test_who_called_is_told() -> None:
    assert (await Talking().say("WhoCalled")).reply == "Nobody has called since I was started."
    taken = outside("Mum", "1", is_incoming=True)
    missed = outside("Anna", "2", is_incoming=True, was_missed=True)
    placed = outside("Bob", "3", is_incoming=False)
    one = Talking(phones=Phones(calls=(missed, placed, taken)))
    assert (await one.say("WhoCalled")).reply == "There were calls from Anna at 20:00 (missed) and Mum at 20:00."


@pytest.mark.parametrize("asked", ["WhoCalled", "MissedCalls"])
async def test_a_program_that_may_only_talk_is_not_told_who_called(asked: str) -> None:
    one = Talking(phones=Phones(calls=(outside("Mum", "1", is_incoming=True),)))
    told = await one.say(asked, context=replace(DEN, scopes=frozenset({Scope.TALK})))
    assert told.outcome is Outcome.REFUSED
    assert "Mum" not in told.reply


async def test_answering_and_hanging_up_from_a_page() -> None:
    one = Talking()
    assert (await one.say("AnswerCall", context=PAGE)).outcome is Outcome.DONE
    assert (await one.say("HangUp", context=PAGE)).reply == "The call is over."
    assert one.phones.ends == ["answer page 1", "hang up page 1"]
    assert (await one.say("HangUp", context=Context())).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("nine one one", "911"),
        ("plus 49 30 - 12", "+493012"),
        ("double o seven", "007"),
        ("mum", ""),
        ("one mum", ""),
        ("double", ""),
    ],
)
def test_digits_are_read_as_they_are_said(said: str, digits: str) -> None:
    assert digits_of(said) == digits


@pytest.mark.parametrize(
    ("number", "country", "expected"),
    [
        ("112", "DE", True),
        ("1 1 2", "", True),
        ("911", "DE", True),
        ("1121", "DE", True),
        ("117", "CH", True),
        ("117", "DE", False),
        ("116117", "DE", False),
        ("+49112", "DE", False),
        ("+112", "DE", True),
        ("+1 (202) 555-0112", "US", False),
        ("911@sip.example.org:5061", "DE", True),
        ("112@10.0.0.1", "", True),
        ("%31%31%32@sip.example.org", "DE", True),
        ("sips:112;user=phone", "DE", True),
        ("SIP:112:secret@sip.example.org", "DE", True),
        ("112%3Buser=phone@sip.example.org", "DE", True),
        ("ada@10.0.0.112", "DE", False),
        ("ada112@sip.example.org", "DE", False),
        ("030112", "DE", False),
        ("", "DE", False),
    ],
)
def test_emergency_numbers_are_known_by_country(number: str, country: str, expected: bool) -> None:
    assert is_emergency(number, country) is expected


def test_the_number_to_dial_by_hand_is_the_countrys() -> None:
    assert [number_for(country) for country in ("DE", "US", "GB", "AU", "")] == ["112", "911", "999", "000", ""]
    assert is_service("The fire brigade.")
    assert not is_service("Police Academy")
