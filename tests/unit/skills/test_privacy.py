"""Privacy by voice, on rights that are kept in memory."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.account import Scope
from earwitness.domain.consent import DAY_SECONDS, Decision, Keeping, Keeps, Purpose, Way
from earwitness.domain.errors import AccessError, LedgerError, StorageError, VaultError
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.domain.recording import (
    Actor,
    Erasure,
    Kept,
    Medium,
    Read,
    ReadPurpose,
    ReadResult,
    Role,
    Selection,
)
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.inside import Inside
from earwitness.skills.privacy import (
    NO_HISTORY,
    NOT_ALSO_DELETED,
    NOT_BY_VOICE,
    NOT_FOR_TOKENS,
    NOT_SET_UP,
    NOTED_ONLY,
    NOTHING_DELETED,
    NOTHING_HEARD,
    OFF_RECORD,
    STOPPED,
    UNKNOWN_SPEAKER,
    PrivacySkill,
)
from earwitness.skills.privacy_words import span_of
from earwitness.skills.registry import SkillSet
from earwitness.understand.grammar import Grammar
from tests.unit.skills.houses import HOME, House, skill_set

Slots: TypeAlias = dict[str, Any]

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 15, 7, 30, tzinfo=BERLIN)  # a Wednesday
ADA = Context(area="Kitchen", device_id="page-1", person_id="ada")
WEEK = 7 * DAY_SECONDS
LIMITS = 'I can keep recordings for a minute at least and 10 years at most; say, for example, "for a month".'


@dataclass(frozen=True)
class Said:
    turn_id: str
    person_id: str
    began_at: datetime
    expires_at: datetime
    words: str
    seconds: float = 2.0


@dataclass
class MemoryRights:
    """Rights that work, in memory. `last` is each person's turn before this one, kept or not; `broken` fails every call."""

    said: list[Said] = field(default_factory=list)
    in_force: dict[tuple[str, Purpose], Decision] = field(default_factory=dict)
    objected: set[tuple[str, Purpose]] = field(default_factory=set)
    restricted: set[str] = field(default_factory=set)
    reads: list[Read] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    broken: Exception | None = None
    broken_kept: Exception | None = None
    calls: list[str] = field(default_factory=list)

    def add(self, person_id: str = "ada", *, at: datetime = NOW, words: str = "turn on the lamp", seconds: float = 2.0) -> str:
        turn_id = f"turn-{len(self.said)}"
        expires = at.astimezone(UTC) + timedelta(seconds=WEEK)
        self.said.append(Said(turn_id, person_id, at.astimezone(UTC), expires, words, seconds))
        self.last[person_id] = turn_id
        return turn_id

    def ids(self, person_id: str = "ada") -> list[str]:
        return [each.turn_id for each in self.said if each.person_id == person_id]

    def _note(self, name: str) -> None:
        self.calls.append(name)
        if self.broken is not None:
            raise self.broken

    def _chosen(self, person_id: str, selection: Selection) -> list[Said]:
        def is_chosen(each: Said) -> bool:
            if each.person_id != person_id:
                return False
            if selection.is_all or each.turn_id in selection.turn_ids:
                return True
            is_late = selection.since is None or each.began_at >= selection.since
            is_early = selection.until is None or each.began_at < selection.until
            return (selection.since is not None or selection.until is not None) and is_late and is_early

        return [each for each in self.said if is_chosen(each)]

    def keeping(self, person_id: str) -> Keeping | None:
        self._note("keeping")
        found = self.in_force.get((person_id, Purpose.KEEP))
        if found is None or not found.is_given or person_id in self.restricted:
            return None
        assert found.keeps is not None
        assert found.retention_seconds is not None
        return Keeping(keeps=found.keeps, retention_seconds=found.retention_seconds)

    def has_consent(self, person_id: str, purpose: Purpose) -> bool:
        self._note("has_consent")
        found = self.in_force.get((person_id, purpose))
        return found is not None and found.is_given

    def decide(
        self,
        person_id: str,
        purpose: Purpose,
        *,
        is_given: bool,
        way: Way,
        retention_seconds: float | None = None,
        keeps: Keeps | None = None,
    ) -> Decision:
        self._note("decide")
        if is_given and (person_id, purpose) in self.objected:
            raise AccessError("You objected to that. Lift the objection on the page first.", code="consent.objected")
        decision = Decision(
            decision_id=f"decision-{len(self.calls)}",
            person_id=person_id,
            purpose=purpose,
            is_given=is_given,
            decided_at=NOW,
            way=way,
            text_version=1,
            text_digest="",
            retention_seconds=retention_seconds,
            keeps=keeps,
        )
        self.in_force[person_id, purpose] = decision
        return decision

    def kept(self, person_id: str, selection: Selection) -> Kept:
        self._note("kept")
        if self.broken_kept is not None:
            raise self.broken_kept
        chosen = self._chosen(person_id, selection)
        return Kept(
            recordings=len(chosen),
            seconds=sum(each.seconds for each in chosen),
            oldest=min((each.began_at for each in chosen), default=None),
            next_expiry=min((each.expires_at for each in chosen), default=None),
        )

    def erase_said(self, person_id: str, selection: Selection) -> Erasure:
        self._note("erase_said")
        chosen = self._chosen(person_id, selection)
        if not chosen:
            raise VaultError("There is nothing to delete.", code="vault.nothing")
        self.said = [each for each in self.said if each not in chosen]
        return Erasure(
            erasure_id="erasure",
            kind="said",
            erased_at=NOW,
            recordings=len(chosen),
            seconds=sum(each.seconds for each in chosen),
            is_swept=False,
            position=None,
            body="{}",
        )

    def last_turn_id(self, person_id: str) -> str | None:
        self._note("last_turn_id")
        last = self.last.get(person_id)
        return last if last in self.ids(person_id) else None

    def asked_for(self, person_id: str) -> dict[str, int]:
        return self.asked

    def last_heard(self, person_id: str) -> str | None:
        self._note("last_heard")
        last = self.last.get(person_id)
        return next((each.words for each in self.said if each.turn_id == last), None)

    def judge(self, person_id: str, turn_id: str, *, transcript: str, is_false_wake: bool = False) -> object:
        raise NotImplementedError  # sentences of privacy judge nothing

    def listens(self, person_id: str, *, since: datetime | None = None) -> Sequence[Read]:
        self._note("listens")
        mine = [read for read in self.reads if read.person_id == person_id and read.actor.actor_id != person_id]
        return [read for read in mine if since is None or read.opened_at >= since]


def read_by(alias: str, *, at: datetime = NOW, **other: object) -> Read:
    made = Read(
        read_id=f"read-{alias}-{at.timestamp()}",
        person_id="ada",
        turn_id=None,
        actor=Actor(actor_id=alias, alias=alias, role=Role.REVIEWER),
        purpose=ReadPurpose.REVIEW,
        medium=Medium.AUDIO,
        recordings=1,
        opened_at=at.astimezone(UTC),
        opened_position=1,
        result=ReadResult.SERVED,
    )
    return replace(made, **other)  # type: ignore[arg-type]


@dataclass
class Room:
    """Somebody speaks to skills over `rights`."""

    skills: SkillSet
    rights: MemoryRights
    at: list[datetime]

    def foresee(self, name: str, *, context: Context = ADA, **slots: SlotValue) -> str | None:
        return self.skills.foresee(Intent(name=name, slots=slots), context=context)

    def do(self, name: str, *, context: Context = ADA, **slots: SlotValue) -> SkillResult:
        """Perform it; whatever was foreseen is what is said, and foreseeing reads nothing."""
        before = list(self.rights.calls)
        foreseen = self.foresee(name, context=context, **slots)
        assert self.rights.calls == before, "foreseeing asked for something that is on the disk"
        result = asyncio.run(self.skills.perform(Intent(name=name, slots=slots), context=context))
        if result.outcome is not Outcome.FAILED:
            assert foreseen in (None, result.reply)
        assert result.is_off_record is (name in OFF_RECORD)
        assert (result.asks is not None) is (result.outcome is Outcome.ASKED)
        return result

    def say(self, name: str, *, context: Context = ADA, **slots: SlotValue) -> str:
        return self.do(name, context=context, **slots).reply

    def hear(self, grammar: Grammar, text: str, context: Context) -> SkillResult:
        """What is done when this is said."""
        intent = grammar.understand(text, context=context).intent
        assert intent is not None
        return asyncio.run(self.skills.perform(intent, context=context))

    def answer(self, question: SkillResult, *, is_sure: bool) -> SkillResult:
        """What follows when the question is answered."""
        assert question.asks is not None
        assert question.asks.pending is not None
        assert (question.asks.expects, question.asks.person_id, question.asks.area) == ("is_sure", "ada", "Kitchen")
        pending = question.asks.pending
        return self.do(pending.name, context=question.asks, **{**pending.slots, "is_sure": is_sure})


@pytest.fixture
def room(home: House) -> Room:
    rights, at = MemoryRights(), [NOW]
    inside = Inside(alerts=home.timers.alerts, timers=home.timers, lists=home.lists, rights=rights)
    skills = skill_set(home.link, inside=inside, clock=lambda: at[0])
    return Room(skills=skills, rights=rights, at=at)


EVERY: list[tuple[str, Slots]] = [
    ("KeepRecordings", {}),
    ("KeepRecordings", {"period": "1 week", "keeps": "text"}),
    ("StopKeeping", {}),
    ("StopKeeping", {"is_sure": True}),
    ("StopKeeping", {"is_sure": False}),
    *(("GiveConsent", {"purpose": purpose}) for purpose in ("review", "hear", "train", "identify")),
    *(("WithdrawConsent", {"purpose": purpose}) for purpose in ("review", "hear", "train", "identify")),
    *(("DeleteRecordings", {"scope": scope}) for scope in ("last turn", "today", "yesterday", "this week", "all")),
    ("DeleteRecordings", {"scope": "recent", "period": "2 hours"}),
    ("DeleteRecordings", {"scope": "all", "is_sure": True}),
    ("DeleteRecordings", {"scope": "all", "is_sure": False}),
    ("AskKept", {}),
    ("AskListens", {}),
    ("AskHeard", {}),
]


@pytest.mark.parametrize(("name", "slots"), EVERY)
def test_an_unknown_speaker_can_do_nothing(room: Room, name: str, slots: Slots) -> None:
    room.rights.add()
    result = room.do(name, context=Context(area="Kitchen"), **slots)
    assert (result.outcome, result.reply) == (Outcome.REFUSED, UNKNOWN_SPEAKER)
    assert room.rights.calls == []
    assert room.foresee(name, context=Context(), **slots) == UNKNOWN_SPEAKER


@pytest.mark.parametrize(("name", "slots"), EVERY)
@pytest.mark.parametrize("scopes", [set(), {Scope.TALK}, {Scope.TALK, Scope.HOME, Scope.DEVICES}])
def test_a_program_that_may_only_talk_exercises_nobodys_rights(room: Room, name: str, slots: Slots, scopes: set[Scope]) -> None:
    room.rights.add()
    program = replace(ADA, scopes=frozenset(scopes))
    result = room.do(name, context=program, **slots)
    refusal = NO_HISTORY if name in {"AskKept", "AskListens", "AskHeard"} else NOT_FOR_TOKENS
    assert (result.outcome, result.reply) == (Outcome.REFUSED, refusal)
    assert room.foresee(name, context=program, **slots) == refusal
    assert room.rights.calls == []


@pytest.mark.parametrize(("name", "slots"), EVERY)
def test_a_program_that_may_read_the_history_reads_it_and_no_more(room: Room, name: str, slots: Slots) -> None:
    room.rights.add()
    result = room.do(name, context=replace(ADA, scopes=frozenset({Scope.TALK, Scope.HISTORY})), **slots)
    is_read = name in {"AskKept", "AskListens", "AskHeard"}
    assert result.outcome is (Outcome.ANSWERED if is_read else Outcome.REFUSED)
    assert bool(room.rights.calls) is is_read
    assert len(room.rights.ids()) == 1


@pytest.mark.parametrize(("name", "slots"), EVERY)
def test_a_house_without_rights_says_so(home: House, name: str, slots: Slots) -> None:
    result = home.do(name, context=ADA, **slots)
    assert (result.outcome, result.reply, home.foresee(name, context=ADA, **slots)) == (Outcome.REFUSED, NOT_SET_UP, NOT_SET_UP)
    assert result.is_off_record is (name in OFF_RECORD)


@pytest.mark.parametrize(("name", "slots"), EVERY)
@pytest.mark.parametrize(
    "error", [StorageError("The disk is full; free some space.", code="storage.full"), LedgerError("The ledger is away.")]
)
def test_what_fails_is_said_and_stays_off_the_record(room: Room, name: str, slots: Slots, error: Exception) -> None:
    room.rights.add()
    room.rights.broken = error
    result = room.do(name, **slots)
    if not room.rights.calls:
        assert slots["is_sure"] is False
        return
    assert (result.outcome, result.reply) == (Outcome.FAILED, str(error))
    room.rights.broken = None
    assert room.rights.ids() == ["turn-0"]
    assert not room.rights.in_force


# Keeping


@pytest.mark.parametrize(
    ("slots", "keeping", "reply"),
    [
        ({}, (Keeps.AUDIO, WEEK), "From now on I keep the sound and the words of what you say for a week each."),
        (
            {"period": "1 day"},
            (Keeps.AUDIO, DAY_SECONDS),
            "From now on I keep the sound and the words of what you say for a day each.",
        ),
        (
            {"period": "3 months", "keeps": "audio"},
            (Keeps.AUDIO, 91 * DAY_SECONDS),
            "From now on I keep the sound and the words of what you say for three months each.",
        ),
        (
            {"period": "36 hours", "keeps": "text"},
            (Keeps.TEXT, 36 * 3600),
            "From now on I keep the words of what you say, but not the sound, for 36 hours each.",
        ),
        (
            {"keeps": "text"},
            (Keeps.TEXT, WEEK),
            "From now on I keep the words of what you say, but not the sound, for a week each.",
        ),
    ],
)
def test_keeping_begins_with_what_was_said(room: Room, slots: Slots, keeping: tuple[Keeps, float], reply: str) -> None:
    result = room.do("KeepRecordings", **slots)
    assert (result.outcome, result.reply) == (Outcome.DONE, reply)
    assert room.rights.keeping("ada") == Keeping(keeps=keeping[0], retention_seconds=keeping[1])
    assert room.rights.keeping("bob") is None
    assert room.rights.in_force["ada", Purpose.KEEP].way is Way.VOICE


def test_keeping_agreed_in_full_is_foreseen(room: Room) -> None:
    reply = "From now on I keep the words of what you say, but not the sound, for a month each."
    assert room.foresee("KeepRecordings", period="1 month", keeps="text") == reply
    assert room.foresee("KeepRecordings", period="1 month") is None


def test_what_is_not_said_anew_stays(room: Room) -> None:
    room.say("KeepRecordings", keeps="text", period="10 days")
    assert "not the sound, for 10 days" in room.say("KeepRecordings")
    assert "not the sound, for a month" in room.say("KeepRecordings", period="1 month")
    assert "the sound and the words of what you say for a month" in room.say("KeepRecordings", keeps="audio")


@pytest.mark.parametrize("period", ["ever", "59 seconds", "11 years", "9999 years", "soon", "none"])
def test_a_period_that_cannot_be_had(room: Room, period: str) -> None:
    result = room.do("KeepRecordings", period=period)
    assert (result.outcome, result.reply) == (Outcome.REFUSED, LIMITS)
    assert room.foresee("KeepRecordings", period=period) == LIMITS
    assert room.rights.calls == []


def test_an_objection_stands(room: Room) -> None:
    room.rights.objected |= {("ada", purpose) for purpose in Purpose}
    wishes: list[tuple[str, Slots]] = [("KeepRecordings", {}), ("GiveConsent", {"purpose": "review"})]
    for name, slots in wishes:
        result = room.do(name, **slots)
        assert (result.outcome, result.reply) == (
            Outcome.REFUSED,
            "You objected to that. Lift the objection on the page first.",
        )
    assert room.do("StopKeeping").outcome is Outcome.DONE


def test_keeping_that_does_not_come_about_is_not_claimed(room: Room) -> None:
    room.rights.restricted.add("ada")
    assert room.say("KeepRecordings") == NOTED_ONLY


# Stopping


def test_stopping_with_nothing_there(room: Room) -> None:
    room.say("KeepRecordings")
    result = room.do("StopKeeping")
    assert (result.outcome, result.reply) == (Outcome.DONE, STOPPED)
    assert room.rights.keeping("ada") is None


@pytest.mark.parametrize(
    ("count", "question", "gone"),
    [
        (1, "Shall I also delete the recording that I have?", "Your one recording is deleted."),
        (12, "Shall I also delete the 12 recordings that I have?", "All 12 recordings are deleted."),
    ],
)
def test_stopping_is_at_once_and_asks_about_the_rest(room: Room, count: int, question: str, gone: str) -> None:
    room.say("KeepRecordings")
    for _ in range(count):
        room.rights.add()
    asked = room.do("StopKeeping")
    assert (asked.outcome, asked.reply) == (Outcome.ASKED, f"{STOPPED} {question}")
    assert room.rights.keeping("ada") is None
    assert len(room.rights.ids()) == count
    said = room.answer(asked, is_sure=True)
    assert (said.outcome, said.reply, room.rights.ids()) == (Outcome.DONE, gone, [])


def test_stopping_and_leaving_the_rest(room: Room) -> None:
    room.say("KeepRecordings")
    room.rights.add()
    said = room.answer(room.do("StopKeeping"), is_sure=False)
    assert (said.outcome, said.reply, room.rights.ids()) == (Outcome.CANCELLED, NOT_ALSO_DELETED, ["turn-0"])
    assert room.rights.keeping("ada") is None


def test_stopping_holds_even_if_the_rest_cannot_be_counted(room: Room) -> None:
    room.say("KeepRecordings")
    room.rights.broken_kept = StorageError("The database does not answer.")
    result = room.do("StopKeeping")
    assert (result.outcome, room.rights.keeping("ada")) == (Outcome.DONE, None)
    assert result.reply == f"{STOPPED} I could not look up what is there, though: The database does not answer."


def test_an_answer_that_is_no_yes_deletes_nothing(room: Room) -> None:
    room.rights.add()
    for odd in ("yes", 1, "", 0):
        assert room.do("DeleteRecordings", scope="all", is_sure=odd).outcome is Outcome.CANCELLED
        assert room.do("StopKeeping", is_sure=odd).outcome is Outcome.CANCELLED
    assert room.rights.ids() == ["turn-0"]


# Other consents


@pytest.mark.parametrize(
    ("purpose", "given", "withdrawn"),
    [
        (
            Purpose.REVIEW,
            "From now on people may read a tiny sample of your requests, without your voice and name, and you see each time that "
            "somebody did.",
            "From now on nobody may review your recordings.",
        ),
        (
            Purpose.HEAR,
            "From now on a reviewer may also hear what is drawn of you, in a disguised voice. The disguise is weak: in our "
            "measurement a program recognised the speaker in about 89 of 100 cases. Names are silent as far as I find them.",
            "From now on no reviewer may hear your voice.",
        ),
        (
            Purpose.TRAIN,
            "From now on the assistant may learn from what you corrected, here in this house.",
            "From now on nothing may be trained on your recordings.",
        ),
        (Purpose.IDENTIFY, "From now on I may recognise your voice.", "From now on I do not recognise your voice."),
    ],
)
def test_consents_are_given_and_taken_back(room: Room, purpose: Purpose, given: str, withdrawn: str) -> None:
    room.rights.add()
    result = room.do("GiveConsent", purpose=purpose.value)
    assert (result.outcome, result.reply) == (Outcome.DONE, given)
    assert [each for each in Purpose if room.rights.has_consent("ada", each)] == [purpose]
    assert not room.rights.has_consent("bob", purpose)
    assert room.foresee("WithdrawConsent", purpose=purpose.value) == withdrawn
    result = room.do("WithdrawConsent", purpose=purpose.value)
    assert (result.outcome, result.reply) == (Outcome.DONE, withdrawn)
    assert not room.rights.has_consent("ada", purpose)
    assert room.rights.in_force["ada", purpose].way is Way.VOICE


@pytest.mark.parametrize("purpose", ["review", "train"])
def test_consent_to_use_what_is_not_there_says_so(room: Room, purpose: str) -> None:
    assert room.say("GiveConsent", purpose=purpose).endswith(". So far there are no recordings of you.")


@pytest.mark.parametrize("name", ["GiveConsent", "WithdrawConsent"])
@pytest.mark.parametrize("purpose", ["keep", "", "sell"])
def test_a_purpose_without_a_sentence_decides_nothing(room: Room, name: str, purpose: str) -> None:
    assert room.do(name, purpose=purpose).outcome is Outcome.REFUSED
    assert room.rights.calls == []


# Deleting


def test_what_was_just_said_is_deleted_at_once(room: Room) -> None:
    room.rights.add()
    room.rights.add(words="a secret")
    result = room.do("DeleteRecordings", scope="last turn")
    assert (result.outcome, result.reply) == (Outcome.DONE, "Deleted what you said last.")
    assert room.rights.ids() == ["turn-0"]


def test_what_was_just_said_and_is_not_kept_deletes_nothing_else(room: Room) -> None:
    room.rights.add()
    room.rights.last["ada"] = "turn-that-was-not-kept"
    result = room.do("DeleteRecordings", scope="last turn")
    assert result.outcome is Outcome.ANSWERED
    assert result.reply == "What you said last is not kept, so there was nothing to delete."
    assert room.rights.ids() == ["turn-0"]


MOMENTS = {
    "just now": NOW - timedelta(minutes=1),
    "two hours ago": NOW - timedelta(hours=2),
    "first thing today": NOW.replace(hour=0, minute=0, second=0),
    "late yesterday": NOW.replace(hour=0, minute=0, second=0) - timedelta(seconds=1),
    "first thing yesterday": NOW.replace(day=24, hour=0, minute=0, second=0),
    "monday": NOW.replace(day=23, hour=0, minute=0, second=0),
    "sunday": NOW.replace(day=22, hour=23, minute=59),
    "last monday": NOW.replace(day=16, hour=0, minute=0, second=0),
    "the sunday before": NOW.replace(day=15, hour=23, minute=59),
    "the first": NOW.replace(day=1, hour=0, minute=0, second=0),
    "october": NOW.replace(month=10, day=31, hour=23, minute=59),
}


@pytest.mark.parametrize(
    ("slots", "gone", "reply"),
    [
        ({"scope": "today"}, ["just now", "two hours ago", "first thing today"], "Deleted 3 recordings from today."),
        ({"scope": "yesterday"}, ["late yesterday", "first thing yesterday"], "Deleted 2 recordings from yesterday."),
        (
            {"scope": "this week"},
            ["just now", "two hours ago", "first thing today", "late yesterday", "first thing yesterday", "monday"],
            "Deleted 6 recordings since Monday.",
        ),
        ({"scope": "last week"}, ["sunday", "last monday"], "Deleted 2 recordings from last week."),
        ({"scope": "this month"}, [key for key in MOMENTS if key != "october"], "Deleted 10 recordings from this month."),
        ({"scope": "recent", "period": "1 hour"}, ["just now"], "Deleted 1 recording from the last hour."),
        (
            {"scope": "recent", "period": "2 hours"},
            ["just now", "two hours ago"],
            "Deleted 2 recordings from the last 2 hours.",
        ),
        ({"scope": "recent", "period": "10 minutes"}, ["just now"], "Deleted 1 recording from the last 10 minutes."),
    ],
)
def test_a_time_is_deleted_to_the_second(room: Room, slots: Slots, gone: list[str], reply: str) -> None:
    ids = {key: room.rights.add(at=at) for key, at in MOMENTS.items()}
    others = room.rights.add("bob")
    result = room.do("DeleteRecordings", **slots)
    assert (result.outcome, result.reply) == (Outcome.DONE, reply)
    assert {key for key, turn_id in ids.items() if turn_id not in room.rights.ids()} == set(gone)
    assert room.rights.ids("bob") == [others]


@pytest.mark.parametrize(
    ("slots", "reply"),
    [
        ({"scope": "today"}, "I keep nothing of you from today, so there was nothing to delete."),
        ({"scope": "this week"}, "I keep nothing of you since Monday, so there was nothing to delete."),
        (
            {"scope": "recent", "period": "1 hour"},
            "I keep nothing of you from the last hour, so there was nothing to delete.",
        ),
        ({"scope": "all"}, "I have no recordings of you, so there is nothing to delete."),
        ({"scope": "all", "is_sure": True}, "There was nothing left to delete."),
    ],
)
def test_nothing_to_delete(room: Room, slots: Slots, reply: str) -> None:
    room.rights.add("bob", at=NOW)
    result = room.do("DeleteRecordings", **slots)
    assert result.reply == reply
    assert result.outcome is (Outcome.DONE if "is_sure" in slots else Outcome.ANSWERED)
    assert room.rights.ids("bob") == ["turn-0"]


@pytest.mark.parametrize(("count", "question"), [(1, "1 recording"), (57, "57 recordings")])
def test_everything_is_deleted_only_after_a_yes(room: Room, count: int, question: str) -> None:
    for _ in range(count):
        room.rights.add()
    room.rights.add("bob")
    asked = room.do("DeleteRecordings", scope="all")
    assert (asked.outcome, asked.reply) == (Outcome.ASKED, f"That deletes {question} for ever. Are you sure?")
    declined = room.answer(asked, is_sure=False)
    assert (declined.outcome, declined.reply) == (Outcome.CANCELLED, NOTHING_DELETED)
    assert len(room.rights.ids()) == count
    done = room.answer(asked, is_sure=True)
    assert done.outcome is Outcome.DONE
    assert done.reply == ("Your one recording is deleted." if count == 1 else "All 57 recordings are deleted.")
    assert (room.rights.ids(), len(room.rights.ids("bob"))) == ([], 1)


def test_deleting_everything_does_not_hide_that_keeping_goes_on(room: Room) -> None:
    room.say("KeepRecordings")
    room.rights.add()
    done = room.answer(room.do("DeleteRecordings", scope="all"), is_sure=True)
    assert done.reply == (
        "Your one recording is deleted. From now on I keep the sound and the words of what you say for a week each."
    )


@pytest.mark.parametrize("slots", [{}, {"scope": "whatever"}, {"scope": "recent"}, {"scope": "recent", "period": "soon"}])
def test_a_scope_that_is_none_deletes_nothing(room: Room, slots: Slots) -> None:
    room.rights.add()
    assert room.do("DeleteRecordings", **slots).outcome is Outcome.REFUSED
    assert room.rights.ids() == ["turn-0"]


def test_another_trouble_of_the_vault_is_told(room: Room) -> None:
    room.rights.broken = VaultError("The key file is missing.", code="vault.key_missing")
    result = room.do("DeleteRecordings", scope="today")
    assert (result.outcome, result.reply) == (Outcome.FAILED, "The key file is missing.")


def test_days_end_at_midnight_of_the_clock_also_when_clocks_change() -> None:
    after = datetime(2026, 10, 26, 9, 0, tzinfo=BERLIN)  # the clocks went back on Sunday the 25th
    span = span_of(Intent(name="DeleteRecordings", slots={"scope": "yesterday"}), after)
    assert span is not None
    assert span.since == datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    assert span.until == datetime(2026, 10, 25, 23, 0, tzinfo=UTC)
    recent = span_of(Intent(name="DeleteRecordings", slots={"scope": "recent", "period": "1 day"}), after)
    assert recent is not None
    assert recent.since == after.astimezone(UTC) - timedelta(days=1)


@given(
    st.integers(min_value=1_577_836_800, max_value=2_208_988_800),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland"]),
    st.sampled_from(["today", "yesterday", "this week", "last week", "this month"]),
)
def test_a_span_is_past_and_holds_what_its_name_says(at: int, zone: str, scope: str) -> None:
    now = datetime.fromtimestamp(at, tz=ZoneInfo(zone))
    span = span_of(Intent(name="DeleteRecordings", slots={"scope": scope}), now)
    assert span is not None
    first = span.since.astimezone(now.tzinfo)
    assert span.since <= now
    assert first.date() <= now.date()
    assert span.holds(now) is (span.until is None)
    if scope == "today":
        assert first.date() == now.date()
    if "week" in scope:
        assert first.weekday() == 0
    if span.until is not None:
        assert span.holds(span.since)
        assert not span.holds(span.until)
        last = (span.until - timedelta(seconds=1)).astimezone(now.tzinfo).date()
        assert last < now.date()
        assert (last - first.date()).days == (6 if "week" in scope else 0)


# Asking


def test_what_is_kept_of_nobody(room: Room) -> None:
    assert room.say("AskKept") == ("I have no recordings of you. I keep nothing of what you say. You have agreed to nothing.")
    room.rights.asked.update({"alarm": 1, "reminder": 2, "routine": 1})
    assert room.say("AskKept").endswith("You have agreed to nothing. For you I keep 1 alarm, 2 reminders and 1 routine.")


def test_what_is_kept(room: Room) -> None:
    room.say("KeepRecordings", period="1 week", keeps="audio")
    room.rights.add(at=NOW - timedelta(days=5), seconds=60.0)
    room.rights.add(at=NOW, seconds=12.4)
    result = room.do("AskKept")
    assert result.outcome is Outcome.ANSWERED
    assert result.reply == (
        "I have 2 recordings of you, 1 minute and 12 seconds in all, the oldest from November 20; the next of them goes on"
        " November 27. From now on I keep the sound and the words of what you say for a week each."
        " You have agreed to nothing else."
    )


def test_what_is_kept_of_one_and_agreed_to(room: Room) -> None:
    room.say("KeepRecordings", period="1 day", keeps="text")
    room.rights.add(at=NOW - timedelta(days=6), seconds=0.0)
    for purpose in ("train", "review", "identify"):
        room.say("GiveConsent", purpose=purpose)
    assert room.say("AskKept") == (
        "I have 1 recording of you, from November 19; it goes tomorrow. From now on I keep the words of what you say,"
        " but not the sound, for a day each. You have also agreed to human review, training and recognising your voice."
    )


def test_what_is_left_after_stopping(room: Room) -> None:
    room.rights.add(at=NOW - timedelta(days=1))
    room.at[0] = NOW + timedelta(days=6)
    assert room.say("AskKept") == (
        "I have 1 recording of you, 2 seconds long, from November 24; it goes today. I keep nothing new."
        " You have agreed to nothing."
    )


def test_a_day_of_another_year_has_its_year(room: Room) -> None:
    room.rights.add(at=NOW)
    room.at[0] = datetime(2027, 1, 3, 12, 0, tzinfo=BERLIN)
    assert "from November 25, 2026; it goes on December 2, 2026." in room.say("AskKept")


@pytest.mark.parametrize(
    ("slots", "reply"),
    [
        ({}, "Nobody but you has listened."),
        ({"scope": "today"}, "Nobody but you has listened today."),
        ({"scope": "this week"}, "Nobody but you has listened since Monday."),
        ({"scope": "recent", "period": "3 days"}, "Nobody but you has listened in the last 3 days."),
    ],
)
def test_nobody_listened(room: Room, slots: Slots, reply: str) -> None:
    room.rights.reads.append(replace(read_by("ada"), actor=Actor(actor_id="ada", alias="me", role=Role.SELF)))
    room.rights.reads.append(replace(read_by("heron-42"), person_id="bob"))
    room.rights.reads.append(replace(read_by("heron-42"), result=ReadResult.FAILED))
    result = room.do("AskListens", **slots)
    assert (result.outcome, result.reply) == (Outcome.ANSWERED, reply)


def test_who_listened_by_alias_and_reason(room: Room) -> None:
    yesterday = NOW - timedelta(days=1)
    room.rights.reads += [
        read_by("heron-42"),
        read_by("heron-42", at=yesterday),
        read_by("heron-42", at=NOW - timedelta(days=40), result=ReadResult.BROKEN_OFF),
        read_by("kite-7", purpose=ReadPurpose.HISTORY, medium=Medium.TEXT),
        read_by("trainer", at=yesterday, purpose=ReadPurpose.TRAINING),
        read_by("trainer", at=NOW - timedelta(days=2, minutes=1), purpose=ReadPurpose.TRAINING),
        read_by("owl-3", result=ReadResult.REFUSED),
    ]
    assert room.say("AskListens") == (
        "So far, heron-42 listened 3 times for review, trainer listened twice for training and kite-7 read the words once"
        " for the history. 1 attempt was refused."
    )
    assert room.say("AskListens", scope="today") == (
        "Today, heron-42 listened once for review and kite-7 read the words once for the history. 1 attempt was refused."
    )
    assert room.say("AskListens", scope="yesterday") == (
        "Yesterday, heron-42 listened once for review and trainer listened once for training."
    )
    assert room.say("AskListens", scope="recent", period="1 hour").startswith("In the last hour, heron-42")


def test_many_listeners_are_summed_up(room: Room) -> None:
    room.rights.reads += [read_by(f"bird-{count}") for count in range(6)]
    room.rights.reads += [read_by("owl-3", result=ReadResult.REFUSED) for _ in range(2)]
    reply = room.say("AskListens")
    assert reply.endswith("bird-3 listened once for review and others did so twice. 2 attempts were refused.")


def test_what_was_heard_only_if_it_is_kept(room: Room) -> None:
    assert room.say("AskHeard") == NOTHING_HEARD
    room.rights.add(words="turn on the lamp.")
    assert room.say("AskHeard") == 'I heard: "turn on the lamp".'
    room.rights.last["ada"] = "turn-that-was-not-kept"
    assert room.say("AskHeard") == NOTHING_HEARD


def test_nothing_runs_on_the_event_loop() -> None:
    class Watching(MemoryRights):
        def last_heard(self, person_id: str) -> str | None:
            with pytest.raises(RuntimeError):
                asyncio.get_running_loop()
            return "hello"

    skill = PrivacySkill(Watching(), clock=lambda: NOW)
    assert asyncio.run(skill.perform(Intent(name="AskHeard"), context=ADA)).reply == 'I heard: "hello".'


def test_where_the_household_wants_it_so_everything_is_deleted_on_the_page_alone() -> None:
    rights = MemoryRights()
    rights.add()
    skill = PrivacySkill(rights, clock=lambda: NOW, refuses=lambda context: context == ADA)
    asked: list[Slots] = [{"scope": "all"}, {"scope": "all", "is_sure": True}]
    for slots in asked:
        result = asyncio.run(skill.perform(Intent(name="DeleteRecordings", slots=slots), context=ADA))
        assert (result.outcome, result.reply) == (Outcome.REFUSED, NOT_BY_VOICE)
    assert len(rights.ids()) == 1
    result = asyncio.run(skill.perform(Intent(name="DeleteRecordings", slots={"scope": "last turn"}), context=ADA))
    assert result.outcome is Outcome.DONE


@pytest.mark.parametrize(
    ("answer", "left", "reply"),
    [
        ("yes", 0, "All 2 recordings are deleted."),
        ("Yes, I am sure.", 0, "All 2 recordings are deleted."),
        ("no, keep them", 2, NOTHING_DELETED),
        ("never mind", 2, "Okay."),
        ("delete everything", 2, "That deletes 2 recordings for ever. Are you sure?"),
        ("delete what I just said", 1, "Deleted what you said last."),
    ],
)
def test_from_words_to_words(room: Room, answer: str, left: int, reply: str) -> None:
    grammar = Grammar(HOME)
    room.rights.add()
    room.rights.add()
    asked = room.hear(grammar, "Delete everything.", ADA)
    assert asked.asks is not None
    assert room.hear(grammar, answer, asked.asks).reply == reply
    assert len(room.rights.ids()) == left
