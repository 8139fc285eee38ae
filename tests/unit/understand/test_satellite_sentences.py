"""Announcements, calls and mute by voice, and what sounds like them but is something else."""

import pytest

from earwitness.domain.intent import Context
from earwitness.links.home_file import demo_home
from earwitness.understand.grammar import Grammar


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar(demo_home())


@pytest.mark.parametrize(
    ("text", "intent", "slots"),
    [
        ("Announce dinner is ready.", "HassBroadcast", {"message": "dinner is ready"}),
        ("announce in the kitchen that dinner is ready", "HassBroadcast", {"area": "kitchen", "message": "dinner is ready"}),
        ("tell everybody in the office the bus is here", "HassBroadcast", {"area": "office", "message": "the bus is here"}),
        ("announce that the kitchen is on fire", "HassBroadcast", {"message": "the kitchen is on fire"}),
        ("Call the kitchen.", "CallRoom", {"area": "kitchen"}),
        ("answer", "AnswerCall", {}),
        ("hang up", "HangUp", {}),
        ("decline", "HangUp", {}),
        ("reject it", "HangUp", {}),
        ("don't answer", "HangUp", {}),
        ("who called", "WhoCalled", {}),
        ("did I miss any calls", "MissedCalls", {}),
        ("stop listening", "MuteMicrophone", {}),
        ("mute yourself", "MuteMicrophone", {}),
        ("turn off the microphone", "MuteMicrophone", {}),
        ("start listening", "UnmuteMicrophone", {}),
        ("stop", "Stop", {}),
        ("mute the tv", "HassMediaPlayerMute", {"name": "TV"}),
        ("unmute the tv", "HassMediaPlayerUnmute", {"name": "TV"}),
    ],
)
def test_means(grammar: Grammar, text: str, intent: str, slots: dict[str, str]) -> None:
    found = grammar.understand(text, context=Context()).intent
    assert found is not None
    assert (found.name, dict(found.slots)) == (intent, slots)


@pytest.mark.parametrize("text", ["call", "call a taxi", "announce", "tell everybody"])
def test_means_nothing_here(grammar: Grammar, text: str) -> None:
    found = grammar.understand(text, context=Context()).intent
    assert found is None or found.name not in {"CallRoom", "HassBroadcast"}
