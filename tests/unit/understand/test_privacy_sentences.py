"""Sentences of privacy: what they mean, what they must not be taken from, and that all others mean what they did."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.domain.consent import parse_period
from earwitness.domain.intent import Completeness, Context, Intent, SlotValue, Understanding
from earwitness.links.home_file import demo_home, read_home
from earwitness.understand.grammar import Grammar
from earwitness.understand.sentences import english, exact_intents, only, own_manifests
from tests.unit.understand.homes import SMALL
from tests.unit.understand.test_completeness import WHOLE

NEAR = re.compile(
    r"\b(?:keep|record|forget|delete|erase|remember|listen|hear|heard|voice|said|know about me|history|train)", re.I
)
HOMES = Path(__file__).resolve().parents[3] / "bench" / "homes"
ADA = Context(area="Kitchen", person_id="ada")
TEXT, AUDIO = {"keeps": "text"}, {"keeps": "audio"}
REVIEW, HEAR, TRAIN, IDENTIFY = ({"purpose": one} for one in ("review", "hear", "train", "identify"))
LAST, ALL = {"scope": "last turn"}, {"scope": "all"}

SAID: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("keep my recordings", "KeepRecordings", {}),
    ("Keep my recordings for a week.", "KeepRecordings", {"period": "1 week"}),
    ("keep my recordings for a day", "KeepRecordings", {"period": "1 day"}),
    ("keep my recordings for one month", "KeepRecordings", {"period": "1 month"}),
    ("keep my recordings for three months", "KeepRecordings", {"period": "3 months"}),
    ("keep my recordings for 3 months", "KeepRecordings", {"period": "3 months"}),
    ("keep my recordings for ten days", "KeepRecordings", {"period": "10 days"}),
    ("keep my recordings for 10 days", "KeepRecordings", {"period": "10 days"}),
    ("keep my recordings for thirty-six hours", "KeepRecordings", {"period": "36 hours"}),
    ("keep my recordings for 36 hours", "KeepRecordings", {"period": "36 hours"}),
    ("keep my recordings for half an hour", "KeepRecordings", {"period": "30 minutes"}),
    ("keep my recordings for half a year", "KeepRecordings", {"period": "6 months"}),
    ("keep my recordings for a fortnight", "KeepRecordings", {"period": "2 weeks"}),
    ("keep my recordings for up to a year", "KeepRecordings", {"period": "1 year"}),
    ("keep my recordings only for a day", "KeepRecordings", {"period": "1 day"}),
    ("keep my recordings forever", "KeepRecordings", {"period": "ever"}),
    ("save what I say for a month", "KeepRecordings", {"period": "1 month"}),
    ("remember what I say", "KeepRecordings", {}),
    ("please keep everything I say for thirty days", "KeepRecordings", {"period": "30 days"}),
    ("could you please keep what I say for two weeks", "KeepRecordings", {"period": "2 weeks"}),
    ("I'd like you to keep my recordings", "KeepRecordings", {}),
    ("you may keep my recordings for a month", "KeepRecordings", {"period": "1 month"}),
    ("start recording what I say", "KeepRecordings", {}),
    ("keep only the text of what I say", "KeepRecordings", TEXT),
    ("keep only the text of what I say for a week", "KeepRecordings", {**TEXT, "period": "1 week"}),
    ("just keep the text", "KeepRecordings", TEXT),
    ("keep my words but not my voice", "KeepRecordings", TEXT),
    ("keep my words without the sound for ten days", "KeepRecordings", {**TEXT, "period": "10 days"}),
    ("don't keep my voice, just the words", "KeepRecordings", TEXT),
    ("keep nothing but the text", "KeepRecordings", TEXT),
    ("keep the sound too", "KeepRecordings", AUDIO),
    ("keep my voice and my words for a day", "KeepRecordings", {**AUDIO, "period": "1 day"}),
    ("stop keeping my recordings", "StopKeeping", {}),
    ("stop recording me", "StopKeeping", {}),
    ("stop recording", "StopKeeping", {}),
    ("don't keep what I say", "StopKeeping", {}),
    ("don't record me", "StopKeeping", {}),
    ("Do not record me any more!", "StopKeeping", {}),
    ("dont record me anymore", "StopKeeping", {}),
    ("never keep my recordings", "StopKeeping", {}),
    ("I don't want to be recorded", "StopKeeping", {}),
    ("I no longer want you to keep my recordings", "StopKeeping", {}),
    ("you may no longer keep what I say", "StopKeeping", {}),
    ("keep nothing", "StopKeeping", {}),
    ("keep nothing of what I say", "StopKeeping", {}),
    ("no more recordings of me", "StopKeeping", {}),
    ("can you stop keeping my recordings?", "StopKeeping", {}),
    ("let people review my recordings", "GiveConsent", REVIEW),
    ("let people listen to a small sample of my recordings", "GiveConsent", REVIEW),
    ("let reviewers hear my voice", "GiveConsent", HEAR),
    ("reviewers may hear me", "GiveConsent", HEAR),
    ("you may let a reviewer hear the sound of what I say", "GiveConsent", HEAR),
    ("I agree that reviewers hear my voice in disguise", "GiveConsent", HEAR),
    ("stop letting reviewers hear me", "WithdrawConsent", HEAR),
    ("don't let reviewers hear my disguised voice any more", "WithdrawConsent", HEAR),
    ("reviewers may not hear me", "WithdrawConsent", HEAR),
    ("reviewers may no longer hear me", "WithdrawConsent", HEAR),
    ("don't let reviewers hear my voice", "WithdrawConsent", REVIEW),
    ("people may review my recordings", "GiveConsent", REVIEW),
    ("I agree to human review of my recordings", "GiveConsent", REVIEW),
    ("stop letting people review my recordings", "WithdrawConsent", REVIEW),
    ("stop letting people listen to my recordings", "WithdrawConsent", REVIEW),
    ("nobody may listen to my recordings", "WithdrawConsent", REVIEW),
    ("no one can listen to my recordings any more", "WithdrawConsent", REVIEW),
    ("don't let anyone listen to my recordings", "WithdrawConsent", REVIEW),
    ("I don't want people to hear my recordings", "WithdrawConsent", REVIEW),
    ("you may train on my recordings", "GiveConsent", TRAIN),
    ("use my recordings for training", "GiveConsent", TRAIN),
    ("learn from me", "GiveConsent", TRAIN),
    ("do not train on my recordings", "WithdrawConsent", TRAIN),
    ("don't use my voice to train your models", "WithdrawConsent", TRAIN),
    ("stop learning from me", "WithdrawConsent", TRAIN),
    ("my recordings may not be used for training", "WithdrawConsent", TRAIN),
    ("recognise my voice", "GiveConsent", IDENTIFY),
    ("recognize my voice", "GiveConsent", IDENTIFY),
    ("could you please recognise me by my voice", "GiveConsent", IDENTIFY),
    ("stop recognising my voice", "WithdrawConsent", IDENTIFY),
    ("stop recognizing my voice", "WithdrawConsent", IDENTIFY),
    ("don't identify me", "WithdrawConsent", IDENTIFY),
    ("delete what I just said", "DeleteRecordings", LAST),
    ("Forget what I just said.", "DeleteRecordings", LAST),
    ("forget what I said just now", "DeleteRecordings", LAST),
    ("can you delete what I just said?", "DeleteRecordings", LAST),
    ("delete that recording", "DeleteRecordings", LAST),
    ("erase the last thing I said", "DeleteRecordings", LAST),
    ("don't keep what I just said", "DeleteRecordings", LAST),
    ("forget I said that", "DeleteRecordings", LAST),
    ("delete everything I said today", "DeleteRecordings", {"scope": "today"}),
    ("delete my recordings from today", "DeleteRecordings", {"scope": "today"}),
    ("forget all I've said today", "DeleteRecordings", {"scope": "today"}),
    ("delete today's recordings", "DeleteRecordings", {"scope": "today"}),
    ("delete everything I said yesterday", "DeleteRecordings", {"scope": "yesterday"}),
    ("delete everything I said this week", "DeleteRecordings", {"scope": "this week"}),
    ("erase my recordings of last week", "DeleteRecordings", {"scope": "last week"}),
    ("delete everything I said this month", "DeleteRecordings", {"scope": "this month"}),
    ("delete everything I said in the last hour", "DeleteRecordings", {"scope": "recent", "period": "1 hour"}),
    ("delete everything I said in the last 2 hours", "DeleteRecordings", {"scope": "recent", "period": "2 hours"}),
    ("delete everything I said in the past two hours", "DeleteRecordings", {"scope": "recent", "period": "2 hours"}),
    ("forget the last ten minutes", "DeleteRecordings", {"scope": "recent", "period": "10 minutes"}),
    ("delete everything I said in the last week", "DeleteRecordings", {"scope": "recent", "period": "1 week"}),
    ("delete everything", "DeleteRecordings", ALL),
    ("delete everything I said", "DeleteRecordings", ALL),
    ("delete everything I ever said", "DeleteRecordings", ALL),
    ("delete all my recordings", "DeleteRecordings", ALL),
    ("erase my history", "DeleteRecordings", ALL),
    ("forget everything you know about me", "DeleteRecordings", ALL),
    ("what do you keep", "AskKept", {}),
    ("what do you know about me?", "AskKept", {}),
    ("do you keep my recordings?", "AskKept", {}),
    ("how many recordings do you have of me", "AskKept", {}),
    ("how long do you keep my recordings", "AskKept", {}),
    ("what have I agreed to", "AskKept", {}),
    ("are you recording me", "AskKept", {}),
    ("who listened to my recordings", "AskListens", {}),
    ("has anybody listened to me", "AskListens", {}),
    ("did anyone hear my recordings", "AskListens", {}),
    ("who has listened to my recordings today", "AskListens", {"scope": "today"}),
    ("did anyone else hear my recordings this week", "AskListens", {"scope": "this week"}),
    ("has anybody heard me in the last three days", "AskListens", {"scope": "recent", "period": "3 days"}),
    ("what did you just hear", "AskHeard", {}),
    ("what did I just say?", "AskHeard", {}),
    ("what did I say just now", "AskHeard", {}),
)

NOT_PRIVACY = (
    "delete milk from the shopping list",
    "delete everything from the shopping list",
    "remove everything I said from my shopping list",
    "clear my list",
    "clear my shopping list",
    "clear my to-do list",
    "cancel",
    "cancel that",
    "forget it",
    "forget that",
    "never mind",
    "stop",
    "stop it",
    "stop listening",
    "stop listening to me",
    "be quiet",
    "are you always listening",
    "are you always recording",
    "keep the kitchen light on",
    "keep the bedroom at 20 degrees",
    "leave the bed light on",
    "turn off everything",
    "turn everything off",
    "forget the milk",
    "delete",
    "delete the timer",
    "delete my last timer",
    "cancel all timers",
    "remember the milk",
    "remember to call mum",
    "save energy",
    "record this show",
    "train with me",
    "let people in",
    "let people know that dinner is ready",
    "somebody may listen to my recordings",
    "who are you",
    "who is at the front door",
    "what do you know",
    "what did you say",
    "say that again",
    "repeat that",
    "how many lights do you have",
    "did anyone open the front door",
    "do not delete everything",
    "don't delete my recordings",
    "never let me forget what I said",
    "what if I delete everything",
    "keep my recordings for a weekend",
    "keep my recordings for zero days",
    "keep my recordings for -5 days",
    "delete everything I said tomorrow",
    "delete everything you said today",
    "delete your recordings",
    "delete the recordings of the front door",
    "delete everything I said today and turn off the lights",
    "recognise the song",
    "listen to my recordings",
    "play my recordings",
)

QUESTIONS = (
    "can you keep my recordings",
    "Can you keep my recordings?",
    "Okay Nabu, could you train on my recordings?",
    "can you recognise my voice",
    "will you learn from me",
    "recognise my voice?",
    "would you let people review my recordings",
)


@cache
def grammar() -> Grammar:
    return Grammar(SMALL)


@cache
def without_privacy() -> Grammar:
    every = english()
    return Grammar(SMALL, intents=only(every, frozenset(every.intents) - exact_intents(own_manifests())))


def hear(text: str, context: Context = ADA) -> Understanding:
    return grammar().understand(text, context=context)


def is_privacy(heard: Understanding) -> bool:
    return heard.intent is not None and heard.intent.name in exact_intents(own_manifests())


@pytest.mark.parametrize(("said", "intent", "slots"), SAID)
def test_understands(said: str, intent: str, slots: dict[str, str]) -> None:
    heard = hear(said)
    assert heard.intent is not None, heard.reason
    assert (heard.intent.name, dict(heard.intent.slots)) == (intent, slots)


def test_every_period_is_one_that_can_be_counted() -> None:
    periods = {slots["period"] for _, _, slots in SAID if "period" in slots}
    assert [period for period in periods if not parse_period(period)] == ["ever"]


@pytest.mark.parametrize("said", NOT_PRIVACY)
def test_other_sentences_are_not_taken(said: str) -> None:
    assert not is_privacy(hear(said))


@pytest.mark.parametrize("said", QUESTIONS)
def test_a_question_gives_no_consent(said: str) -> None:
    heard = hear(said)
    assert (heard.intent, heard.completeness) == (None, Completeness.OPEN)
    assert heard.reason == "To agree to that, say it plainly and not as a question."


@pytest.mark.parametrize("said", [*NOT_PRIVACY, *WHOLE])
def test_sentences_of_the_home_mean_what_they_did(said: str) -> None:
    for context in (Context(), Context(area="Kitchen")):
        assert hear(said, context).intent == without_privacy().understand(said, context=context).intent


@pytest.mark.data
def test_no_other_sentence_changes_its_meaning(data_folder: Path) -> None:
    home, every = read_home(HOMES / "home_assistant_tests.yaml"), english()
    before, after = Grammar(home, intents=only(every, frozenset(every.intents) - exact_intents(own_manifests()))), Grammar(home)
    for line in (data_folder / "nlu" / "home_assistant_intents_2025.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        context = Context(area=(row["context"] or {}).get("area"))
        assert after.understand(row["text"], context=context).intent == before.understand(row["text"], context=context).intent


@pytest.mark.data
def test_requests_to_others_are_never_taken_for_privacy(data_folder: Path) -> None:
    home = Grammar(demo_home())
    lines = (data_folder / "nlu" / "clinc150_train_val.jsonl").read_text(encoding="utf-8").splitlines()
    near = [text for line in lines if NEAR.search(text := json.loads(line)["text"])]
    assert len(near) > 100
    assert not [text for text in near if is_privacy(home.understand(text, context=ADA))]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(SAID),
    st.sampled_from(["not", "maybe", "unless", "banana", "the lamp", "tomorrow", "except", "and", "then", "if I say so"]),
    st.booleans(),
)
def test_a_word_too_many_is_not_understood(said: tuple[str, str, dict[str, str]], word: str, comes_first: bool) -> None:
    plain = said[0].rstrip(".!?")
    heard = hear(f"{word} {plain}" if comes_first else f"{plain} {word}")
    assert not is_privacy(heard), heard.reason


def test_a_beginning_waits_or_means_the_same() -> None:
    """Above all, "delete everything" of "delete everything I said today" waits."""
    for said, _, _ in SAID:
        words = said.rstrip(".!?").split()
        for count in range(1, len(words)):
            heard = hear(" ".join(words[:count]))
            if is_privacy(heard) and heard.completeness is Completeness.COMPLETE:
                assert heard.intent == hear(said).intent, heard.text


@pytest.mark.parametrize(
    ("said", "completeness"),
    [
        ("delete everything", "open"),
        ("delete everything I", "incomplete"),
        ("delete everything I said", "open"),
        ("delete everything I said in the last", "incomplete"),
        ("delete everything I said in the last two", "incomplete"),
        ("delete everything I said in the last two hours", "complete"),
        ("delete everything I said today", "complete"),
        ("delete all my recordings", "open"),
        ("delete what I", "incomplete"),
        ("keep my recordings", "open"),
        ("keep my recordings for", "incomplete"),
        ("keep my recordings for ten", "incomplete"),
        ("keep my recordings for ten days", "complete"),
        ("keep nothing", "open"),
        ("stop keeping", "incomplete"),
        ("who listened to my recordings", "open"),
        ("who listened to my recordings today", "complete"),
    ],
)
def test_whether_it_goes_on(said: str, completeness: str) -> None:
    assert hear(said).completeness is Completeness(completeness)


@pytest.mark.parametrize("said", ["delete everything and", "keep my recordings and", "stop keeping my recordings and then"])
def test_a_trailing_and_is_not_left_out(said: str) -> None:
    heard = hear(said)
    assert (heard.intent, heard.completeness) == (None, Completeness.INCOMPLETE)


def test_no_sentence_of_privacy_is_taken_on_a_quick_hearing() -> None:
    for said, _, _ in SAID:
        assert grammar().knows(said), said
        assert grammar().is_exact(said), said
        assert not grammar().is_closed(said), said
    assert not grammar().is_exact("turn on the kitchen light")


@pytest.mark.parametrize(
    ("said", "is_sure"),
    [
        ("yes", True),
        ("Yes, please.", True),
        ("yeah", True),
        ("yes I am sure", True),
        ("I'm sure", True),
        ("yes, delete them", True),
        ("yes, delete everything", True),
        ("delete them", True),
        ("delete everything", None),
        ("delete all my recordings", None),
        ("do it", True),
        ("no", False),
        ("no thanks", False),
        ("No, don't.", False),
        ("no, keep them", False),
        ("don't delete anything", False),
        ("I'm not sure", False),
        ("not now", False),
        ("okay", None),
        ("thank you", None),
        ("right", None),
        ("um", None),
        ("yes and no", None),
        ("yes but not the last one", None),
        ("maybe", None),
        ("you", None),
    ],
)
def test_only_a_plain_yes_deletes(said: str, is_sure: bool | None) -> None:
    pending = Intent(name="DeleteRecordings", slots={"scope": "all"})
    heard = hear(said, Context(area="Kitchen", person_id="ada", expects="is_sure", pending=pending))
    found: SlotValue | None = heard.intent.slots.get("is_sure") if heard.intent is not None else None
    assert found is is_sure


@pytest.mark.parametrize(
    ("said", "intent"), [("stop", "Stop"), ("never mind", "HassNevermind"), ("turn on the kitchen light", "HassTurnOn")]
)
def test_another_request_is_no_yes(said: str, intent: str) -> None:
    pending = Intent(name="StopKeeping")
    heard = hear(said, Context(person_id="ada", expects="is_sure", pending=pending))
    assert heard.intent is not None
    assert heard.intent.name == intent
