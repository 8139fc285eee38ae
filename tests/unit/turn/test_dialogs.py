"""Dialogs as transcripts (dialogs.txt), through the whole turn: follow-ups, corrections, questions back, several requests."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.domain.confirmation import ConfirmationPolicy
from earwitness.domain.events import Acted, Asked, Deadline, DeadlinePassed, Heard, SpeechSent
from earwitness.domain.intent import Before, Completeness, Context, Intent, Understanding
from earwitness.domain.turn import Outcome, SkillResult, Transcript
from earwitness.turn.machine import MOST_EARLIER, TurnState, advance, next_context
from earwitness.turn.together import FAILED_REPLY, carry_out, joined
from earwitness.turn.workers import Workers
from earwitness.understand.sentences import exact_intents, own_manifests
from tests.unit.skills.houses import DOORS_OPEN, house
from tests.unit.turn.dialogs import Typed, dialog

TRANSCRIPTS = Path(__file__).with_name("dialogs.txt")


def transcripts() -> list[list[tuple[str, str]]]:
    """Dialogs of what is typed and what is replied."""
    found = []
    for block in TRANSCRIPTS.read_text(encoding="utf-8").strip().split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        found.append([(said.removeprefix("> "), reply) for said, reply in zip(lines[::2], lines[1::2], strict=True)])
    return found


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers() as made:
        yield made


@pytest.fixture
def typed(tmp_path: Path, workers: Workers) -> Typed:
    return Typed(house(tmp_path, policy=ConfirmationPolicy()), workers)


@pytest.mark.parametrize("dialogue", transcripts(), ids=lambda dialogue: dialogue[0][0])
async def test_a_dialog(dialogue: list[tuple[str, str]], typed: Typed) -> None:
    told = [(said, await typed.say(said)) for said, _ in dialogue]
    assert told == dialogue


def test_there_are_dialogs_enough() -> None:
    assert len(transcripts()) >= 60


async def test_nothing_is_taken_from_what_somebody_else_said(typed: Typed) -> None:
    typed.here = replace(typed.here, person_id="ada")
    await typed.say("turn on the counter light")
    typed.someone_else("bob")
    assert "nothing was spoken of" in await typed.say("turn it off")
    assert typed.house.state("Counter Light") == "on"


async def test_an_answer_of_yes_counts_for_what_was_asked_and_for_nothing_after_it(typed: Typed) -> None:
    assert await typed.say("unlock the front door") == "Unlock the Front Door?"
    assert await typed.say("yes") == "The Front Door is unlocked."
    await typed.say("lock the back door")
    await typed.say("yes")
    assert await typed.say("unlock it") == "Unlock the Back Door?"
    assert await typed.say("lock the front door") == "Lock the Front Door?"
    await typed.say("yes")
    assert await typed.say("and the back door") == "The Back Door is already locked."


@pytest.mark.parametrize(
    "said", ["and my voice", "for a month", "no, forever", "do it again", "keep it", "and also keep it for a year"]
)
def test_no_consent_is_understood_from_what_was_said_before(said: str) -> None:
    asked = Intent(name="KeepRecordings", slots={"period": "1 week"})
    before = Before(transcript="keep my recordings for a week", reply="", outcome="done", reason="", intent=asked)
    earlier = Before(transcript="turn on the lamp", reply="", outcome="done", reason="", intent=Intent(name="HassTurnOn"))
    heard = dialog().understand(said, context=Context(before=before, earlier=(earlier,))).intent
    exact = exact_intents(own_manifests())
    assert heard is None or not exact & {one.name for one in heard.each()}


@pytest.mark.parametrize(
    "said",
    [
        "turn on the lamp and keep my recordings",
        "keep my recordings and turn on the lamp",
        "turn off the lights, let people review my recordings and play jazz",
        "set a timer for ten minutes and then delete what I said today",
        "play jazz and keep my recordings for a week",
    ],
)
def test_privacy_takes_no_part_in_a_longer_sentence(said: str) -> None:
    heard = dialog().understand(said, context=Context(area="Kitchen")).intent
    assert heard is None or not exact_intents(own_manifests()) & {one.name for one in heard.each()}


def test_what_rings_is_meant_before_what_was_done() -> None:
    undo = Intent(name="CancelAlarm", slots={"alert_id": "1"})
    before = Before(transcript="", reply="", outcome="done", reason="", intent=Intent(name="SetAlarm"), undo=undo)
    quiet, ringing = Context(before=before), Context(before=before, is_ringing=True)
    heard = [dialog().understand("cancel that", context=context).intent for context in (quiet, ringing)]
    assert [one.name for one in heard if one is not None] == ["CancelAlarm", "HassNevermind"]


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("remind me to turn off the lights and lock the door tomorrow at noon", ["SetReminder"]),
        ("text mum I am late and turn off the lights", ["SendMessage"]),
        ("when I say bedtime turn off the lights and lock the front door", ["MakeRoutine"]),
        ("add milk and bread to the shopping list", ["HassShoppingListAddItem"]),
        ("turn off the counter light and play rock and roll", ["HassTurnOff", "HassMediaSearchAndPlay"]),
        ("play rock and roll", ["HassMediaSearchAndPlay"]),
        ("set an alarm for seven and turn off the lights", ["SetAlarm", "HassTurnOff"]),
    ],
)
def test_sentences_are_cut_between_requests_only(said: str, names: list[str]) -> None:
    heard = dialog().understand(said, context=Context(area="Kitchen")).intent
    assert heard is not None
    assert [one.name for one in heard.each()] == names


async def test_one_that_fails_keeps_no_other_from_being_done() -> None:
    async def perform(intent: Intent) -> SkillResult:
        if intent.name == "B":
            raise RuntimeError("broken")
        return SkillResult(outcome=Outcome.DONE, reply=f"{intent.name} is done.", undo=Intent(name=f"un{intent.name}"))

    result = await carry_out(Intent.together([Intent(name=name) for name in "ABC"]), perform=perform)
    assert (result.outcome, result.reply) == (Outcome.FAILED, f"A is done. {FAILED_REPLY} C is done.")
    assert result.undo is not None
    assert [one.name for one in result.undo.each()] == ["unC", "unA"], "the last is taken back first"


def test_questions_come_last_and_one_after_the_other() -> None:
    first, second, third = (Intent(name=name) for name in "ABC")
    asked = SkillResult(outcome=Outcome.ASKED, reply="Sure?", asks=Context(expects="confirmed", pending=first))
    also = SkillResult(outcome=Outcome.ASKED, reply="Really?", asks=Context(expects="confirmed", pending=third))
    result = joined([(first, asked), (second, SkillResult(outcome=Outcome.DONE, reply="Done.")), (third, also)])
    assert (result.outcome, result.reply) == (Outcome.ASKED, "Done. Sure?")
    assert result.asks is not None
    assert result.asks.pending == replace(first, then=(third,))


def _said(state: TurnState, text: str, *, is_off_record: bool = False) -> TurnState:
    """The state after a typed request that was done."""
    state, _ = advance(state, Asked(text=text))
    heard = Understanding(text=text, intent=Intent(name=text), completeness=Completeness.COMPLETE, reason="")
    transcript = Transcript(text=text, engine="typed", audio_seconds=0.0)
    state, _ = advance(state, Heard(guess=state.guess, transcript=transcript, understanding=heard))
    result = SkillResult(outcome=Outcome.DONE, reply="Done.", is_off_record=is_off_record)
    state, _ = advance(state, Acted(turn=state.turn, result=result))
    state, _ = advance(state, SpeechSent(speech_id=state.speech_id, seconds=0.0))
    return state


def test_little_is_remembered_and_not_for_long() -> None:
    state = TurnState()
    for number in range(MOST_EARLIER + 4):
        state = _said(state, f"request {number}")
    context = next_context(state)
    assert context.before is not None
    assert context.before.transcript == f"request {MOST_EARLIER + 3}"
    assert len(context.earlier) == MOST_EARLIER
    forgotten, _ = advance(state, DeadlinePassed(deadline=Deadline.MEMORY))
    assert (next_context(forgotten).before, next_context(forgotten).earlier) == (None, ())


def test_what_is_off_the_record_leaves_nothing_to_lean_on() -> None:
    state = _said(_said(TurnState(), "one"), "two", is_off_record=True)
    assert (next_context(state).before, next_context(state).earlier) == (None, ())


def test_a_step_of_a_routine_is_one_request() -> None:
    said, here = "turn off the counter light and close the blinds", Context(area="Kitchen")
    heard = dialog().understand(said, context=here).intent
    assert heard is not None
    assert len(heard.each()) == 2
    assert dialog().alone(said, context=here).intent is None, "a routine keeps its steps apart"


async def test_a_lock_that_only_sounds_like_what_was_written_is_asked_about(tmp_path: Path, workers: Workers) -> None:
    typed = Typed(house(tmp_path, policy=DOORS_OPEN), workers)
    assert await typed.say("lok the back door") == "Lock the Back Door?"
    assert typed.house.state("Back Door") == "unlocked"
    assert await typed.say("yes") == "The Back Door is locked."


def test_somebody_else_is_not_called_at_the_former_number() -> None:
    called = Intent(name="CallContact", slots={"contact": "Mum", "number": "+41791234567", "who": "Mum", "label": "mobile"})
    before = Before(transcript="yes", reply="Calling Mum.", outcome="done", reason="", intent=called)
    assert dialog().understand("and Peter too", context=Context(before=before)).intent == Intent(
        name="CallContact", slots={"contact": "Peter"}
    )
