"""The assistant itself: it says again what it said, tells why, and changes how it speaks."""

from collections.abc import Sequence

import pytest

from earwitness.domain.intent import Before, Context, Intent
from earwitness.domain.turn import Outcome
from earwitness.domain.voice import Voice
from earwitness.domain.wish import VoiceWish, VolumeWish
from earwitness.skills.assistant import NO_MORE, NOTHING_BEFORE, AssistantSkill
from earwitness.skills.interface import UnfulfillableError
from earwitness.understand.grammar import Grammar
from earwitness.understand.sentences import own_manifests
from tests.unit.understand.homes import SMALL

LAMP = Before(
    transcript="turn on the lamp",
    reply="Turned on the lamp.",
    outcome="done",
    reason="Matches the sentence: turn on {name}",
    intent=Intent(name="HassTurnOn", slots={"name": "lamp"}),
    more="It is a fine lamp.",
)


def voice(name: str, *, is_installed: bool = True) -> Voice:
    return Voice(name=name, engine="test", language="en-GB", gender="", description="", is_installed=is_installed)


def voices() -> Sequence[Voice]:
    return [voice("emma"), voice("heart"), voice("george"), voice("ghost", is_installed=False)]


SKILL = AssistantSkill(voices=voices, manifests=own_manifests)


async def say(name: str, before: Before | None = LAMP, **slots: str | int) -> tuple[Outcome, str]:
    try:
        result = await SKILL.perform(Intent(name=name, slots=slots), context=Context(before=before))
    except UnfulfillableError as stopped:
        result = stopped.result
    return result.outcome, result.reply


async def test_it_says_again_what_it_said_and_why() -> None:
    assert await say("RepeatReply") == (Outcome.ANSWERED, "Turned on the lamp.")
    assert await say("AskWhy") == (Outcome.ANSWERED, 'I heard "turn on the lamp", which is one of the sentences of Devices.')
    assert await say("TellMore") == (Outcome.ANSWERED, "It is a fine lamp.")


@pytest.mark.parametrize("name", ["RepeatReply", "AskWhy", "AskFailure", "TellMore"])
async def test_before_the_first_request_there_is_nothing_to_ask_about(name: str) -> None:
    assert await say(name, before=None) == (Outcome.REFUSED, NOTHING_BEFORE)


async def test_it_tells_what_went_wrong_and_what_did_not() -> None:
    _, reply = await say("AskFailure")
    assert reply == "As far as I know, it worked. I said: Turned on the lamp."
    late = Before(transcript="turn on the lamp", reply="The lamp did not answer in time.", outcome="failed", reason="")
    assert (await say("AskFailure", late))[1] == 'I heard "turn on the lamp". The lamp did not answer in time.'
    odd = Before(
        transcript="turn on the flurb", reply="Sorry.", outcome="not_understood", reason="I know no device called flurb."
    )
    assert (await say("AskFailure", odd))[1] == 'I heard "turn on the flurb". I know no device called flurb.'
    assert (await say("TellMore", late))[1] == NO_MORE


async def test_volume_and_voice_are_wishes_of_the_device() -> None:
    louder = await SKILL.perform(Intent(name="ChangeOwnVolume", slots={"direction": "up"}), context=Context())
    assert louder.wish == VolumeWish(change=15)
    exact = await SKILL.perform(Intent(name="SetOwnVolume", slots={"percent": 40}), context=Context())
    assert exact.wish == VolumeWish(percent=40)
    other = await SKILL.perform(Intent(name="ChooseVoice", slots={"voice_name": "Emma"}), context=Context())
    assert (other.wish, other.reply) == (VoiceWish(voice="emma"), "This is the voice of Emma.")
    quiet = await SKILL.perform(Intent(name="SpeakDifferently", slots={"manner": "quiet"}), context=Context())
    assert quiet.wish == VoiceWish(is_quiet=True)


async def test_a_voice_that_is_not_there_is_not_promised() -> None:
    assert (await say("ChooseVoice", voice_name="ghost"))[0] is Outcome.REFUSED
    assert "I have no voice called Napoleon" in (await say("ChooseVoice", voice_name="Napoleon"))[1]


async def test_it_tells_what_it_can_do_from_what_the_skills_say() -> None:
    outcome, reply = await say("AskSkills")
    assert outcome is Outcome.ANSWERED
    assert own_manifests()[0].examples[0] in reply
    assert (await say("AskSkills", skill_title="timers"))[1].startswith("Sets timers that ring")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("say that again", "RepeatReply"),
        ("what did you just say", "RepeatReply"),
        ("why did you do that", "AskWhy"),
        ("why did that fail", "AskFailure"),
        ("what went wrong", "AskFailure"),
        ("tell me more", "TellMore"),
        ("speak louder", "ChangeOwnVolume"),
        ("turn yourself down", "ChangeOwnVolume"),
        ("set your volume to forty percent", "SetOwnVolume"),
        ("speak more slowly", "SpeakDifferently"),
        ("speak quietly", "SpeakDifferently"),
        ("whisper", "SpeakDifferently"),
        ("speak with the voice of Emma", "ChooseVoice"),
        ("which voices do you have", "AskVoices"),
        ("what can you do", "AskSkills"),
        ("what can you do with timers", "AskSkills"),
        ("turn up the volume", "HassSetVolumeRelative"),
        ("stop", "Stop"),
    ],
)
def test_its_sentences_mean_it_and_no_player(grammar: Grammar, said: str, name: str) -> None:
    heard = grammar.understand(said, context=Context())
    assert heard.intent is not None
    assert heard.intent.name == name


def test_every_example_of_every_skill_is_understood(grammar: Grammar) -> None:
    odd = []
    for skill in own_manifests():
        for example in skill.examples:
            heard = grammar.understand(example, context=Context())
            if heard.intent is None or heard.intent.name not in skill.intents:
                odd.append((skill.name, example, heard.intent and heard.intent.name))
    assert not odd


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(SMALL)
