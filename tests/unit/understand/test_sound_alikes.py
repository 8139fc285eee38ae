"""Words that sound alike are read the other way only where what was written is no sentence of the home."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.intent import Context, Intent
from earwitness.understand.misheard import BY_SOUND
from earwitness.understand.sentences import exact_intents, own_manifests
from earwitness.understand.sound_alikes import MOST_SPELLINGS, other_spellings
from tests.unit.turn.dialogs import dialog


def meant(said: str) -> Intent | None:
    return dialog().understand(said, context=Context(area="Kitchen")).intent


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ("turn of the counter light", "turn off the counter light"),
        ("turn the counter light of", "turn the counter light off"),
        ("set a timer four ten minutes", "set a timer for ten minutes"),
        ("set a timer for ten minuets", "set a timer for ten minutes"),
        ("set the counter light two fifty percent", "set the counter light to fifty percent"),
        ("set the counter light to 50 %", "set the counter light to fifty percent"),
        ("set the counter light too 30 percent", "set the counter light to 30 percent"),
        ("make the counter light read", "make the counter light red"),
        ("turn the counter light own", "turn the counter light on"),
        ("lok the back door", "lock the back door"),
        ("turn on the T V", "turn on the TV"),
        ("turn on the T.V.", "turn on the TV"),
        ("turn on the t-v", "turn on the TV"),
    ],
)
def test_the_other_way(said: str, same: str) -> None:
    wanted = meant(same)
    assert wanted is not None
    heard = meant(said)
    assert heard is not None
    assert replace(heard, slots={name: value for name, value in heard.slots.items() if name != BY_SOUND}) == wanted
    assert (BY_SOUND in heard.slots) is ("door" in said), "locks are asked about"


@pytest.mark.parametrize(
    ("said", "slots"),
    [
        ("add flower to the shopping list", {"item": "flower"}),
        ("add two leeks to the shopping list", {"item": "two leeks"}),
        ("remind me to buy bread by four tomorrow", {"request": "to buy bread by four tomorrow"}),
        ("play four seasons", {"search_query": "four seasons", "area": "Kitchen"}),
    ],
)
def test_what_is_a_sentence_stays_as_it_was_written(said: str, slots: dict[str, str]) -> None:
    heard = meant(said)
    assert heard is not None
    assert dict(heard.slots) == slots


@pytest.mark.parametrize("said", ["keep my recordings four ever", "keep my recordings fore a weak", "stop keep in my recordings"])
def test_nothing_of_privacy_is_heard_in_what_sounds_like_it(said: str) -> None:
    heard = meant(said)
    assert heard is None or heard.name not in exact_intents(own_manifests())


@given(st.text(max_size=200))
def test_there_are_few_other_spellings(text: str) -> None:
    found = other_spellings(" ".join(text.split()))
    assert len(found) <= MOST_SPELLINGS
    assert len(set(found)) == len(found)
