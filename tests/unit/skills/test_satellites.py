"""Announcements, calls and mute by voice: what is said is what satellites confirmed."""

from dataclasses import dataclass, field

import pytest

from earwitness.domain.intent import Context, Intent
from earwitness.domain.satellite import Announcement, CallAnswer, Station
from earwitness.domain.turn import Outcome
from earwitness.domain.wish import MuteWish
from earwitness.skills.announcements import LONGEST_MESSAGE, AnnouncementSkill
from earwitness.skills.calls import NOT_HERE, CallsSkill
from earwitness.skills.inside import Inside
from earwitness.skills.interface import not_asked
from earwitness.skills.mute import NOTHING_TO_UNMUTE, REPLY, MuteSkill

DEN = Context(area="den", device_id="den")
KITCHEN, HALL = Station(device_id="k", name="Kitchen lamp", area="Kitchen"), Station(device_id="h", name="Tall lamp")


@dataclass
class TwoSatellites:
    """One in the kitchen, one in no room; those in `deaf` confirm nothing."""

    deaf: tuple[Station, ...] = ()
    quiet: tuple[Station, ...] = ()
    answer_to_call: CallAnswer = CallAnswer.RINGING
    said: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    called: list[tuple[str, str]] = field(default_factory=list)
    plain: tuple[Station, ...] = ()
    asked_plain: list[tuple[str | None, str | None]] = field(default_factory=list)

    async def announce(self, text: str, *, area: str | None = None, but: str | None = None) -> Announcement:
        self.said.append((text, area, but))
        meant = tuple(one for one in (KITCHEN, HALL) if area is None or one.area == area)
        there = tuple(one for one in meant if one not in self.quiet)
        return Announcement(
            quiet=tuple(one for one in meant if one in self.quiet),
            confirmed=tuple(one for one in there if one not in self.deaf),
            unconfirmed=tuple(one for one in there if one in self.deaf),
        )

    def rings_plainly(self, *, area: str | None = None, device_id: str | None = None) -> tuple[Station, ...]:
        self.asked_plain.append((area, device_id))
        return self.plain

    def call(self, device_id: str, *, area: str) -> CallAnswer:
        self.called.append((device_id, area))
        return self.answer_to_call

    def answer(self, device_id: str) -> CallAnswer:
        return CallAnswer.OPEN

    def hang_up(self, device_id: str) -> CallAnswer:
        return CallAnswer.NO_CALL


def inside(satellites: TwoSatellites | None) -> Inside:
    return Inside(alerts=not_asked("alerts"), timers=not_asked("timers"), lists=not_asked("lists"), satellites=satellites)


@pytest.mark.parametrize(
    ("deaf", "area", "outcome", "reply"),
    [
        ((), None, Outcome.DONE, "Announced in the kitchen and on Tall lamp."),
        ((), "Kitchen", Outcome.DONE, "Announced in the kitchen."),
        ((HALL,), None, Outcome.DONE, "Announced in the kitchen. Not confirmed on Tall lamp."),
        ((KITCHEN,), "Kitchen", Outcome.FAILED, "Nobody may have heard it: not confirmed in the kitchen."),
        ((), "Attic", Outcome.REFUSED, "There is no other satellite in the attic that is connected, so nothing was announced."),
    ],
)
async def test_an_announcement_says_where_it_was_confirmed(
    deaf: tuple[Station, ...], area: str | None, outcome: Outcome, reply: str
) -> None:
    satellites = TwoSatellites(deaf=deaf)
    slots = {"message": "dinner is ready"} | ({"area": area} if area else {})
    result = await AnnouncementSkill(satellites).perform(Intent(name="HassBroadcast", slots=slots), context=DEN)
    assert (result.outcome, result.reply) == (outcome, reply)
    assert satellites.said == [("Dinner is ready.", area, "den")]


@pytest.mark.parametrize(
    ("quiet", "area", "outcome", "reply"),
    [
        ((KITCHEN,), None, Outcome.DONE, "Announced on Tall lamp. Do not disturb is on in the kitchen."),
        ((KITCHEN,), "Kitchen", Outcome.REFUSED, "Do not disturb is on in the kitchen, so nothing was announced."),
    ],
)
async def test_whoever_announces_is_told_who_wants_no_disturbance(
    quiet: tuple[Station, ...], area: str | None, outcome: Outcome, reply: str
) -> None:
    slots = {"message": "dinner is ready"} | ({"area": area} if area else {})
    skill = AnnouncementSkill(TwoSatellites(quiet=quiet))
    result = await skill.perform(Intent(name="HassBroadcast", slots=slots), context=DEN)
    assert (result.outcome, result.reply) == (outcome, reply)


async def test_too_long_an_announcement_is_refused_unsaid() -> None:
    satellites = TwoSatellites()
    intent = Intent(name="HassBroadcast", slots={"message": "x" * (LONGEST_MESSAGE + 1)})
    assert (await AnnouncementSkill(satellites).perform(intent, context=DEN)).outcome is Outcome.REFUSED
    assert satellites.said == []


async def test_a_call_is_made_from_a_satellite_and_from_nowhere_else() -> None:
    satellites = TwoSatellites()
    skill, intent = CallsSkill(inside(satellites)), Intent(name="CallRoom", slots={"area": "Kitchen"})
    assert (await skill.perform(intent, context=DEN)).reply == "Calling the kitchen."
    assert satellites.called == [("den", "Kitchen")]
    assert (await skill.perform(intent, context=Context(area="den"))).reply == NOT_HERE
    assert (await CallsSkill(inside(None)).perform(intent, context=DEN)).outcome is Outcome.REFUSED
    assert (await skill.perform(Intent(name="AnswerCall"), context=DEN)).outcome is Outcome.DONE
    assert (await skill.perform(Intent(name="HangUp"), context=DEN)).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (CallAnswer.NO_INTERCOM_THERE, "The satellite in the kitchen is of another make and cannot take calls."),
        (CallAnswer.QUIET, "Do not disturb is on in the kitchen, so I did not call."),
        (CallAnswer.NO_INTERCOM_HERE, "This satellite is of another make: it can neither call nor be called."),
    ],
)
async def test_why_a_room_cannot_be_called_is_said(answer: CallAnswer, reply: str) -> None:
    skill = CallsSkill(inside(TwoSatellites(answer_to_call=answer)))
    result = await skill.perform(Intent(name="CallRoom", slots={"area": "Kitchen"}), context=DEN)
    assert (result.outcome, result.reply) == (Outcome.REFUSED, reply)


@pytest.mark.parametrize("answer", list(CallAnswer))
async def test_whatever_becomes_of_a_call_is_said(answer: CallAnswer) -> None:
    skill = CallsSkill(inside(TwoSatellites(answer_to_call=answer)))
    result = await skill.perform(Intent(name="CallRoom", slots={"area": "Kitchen"}), context=DEN)
    assert result.reply or answer is CallAnswer.OPEN


async def test_stop_listening_mutes_after_a_reply_that_says_how_to_undo_it_and_nothing_unmutes() -> None:
    muted = await MuteSkill().perform(Intent(name="MuteMicrophone"), context=DEN)
    assert muted.wish == MuteWish()
    assert muted.reply == REPLY
    assert "at the device" in REPLY
    unmuted = await MuteSkill().perform(Intent(name="UnmuteMicrophone"), context=DEN)
    assert (unmuted.wish, unmuted.reply) == (None, NOTHING_TO_UNMUTE)
