"""What the language of a home is learned from, how its weight is chosen, and what it does to a recogniser."""

from dataclasses import replace

import pytest

from earwitness.domain.errors import ModelError
from earwitness.improve.adapters.language import FILE, LanguageAdapter, counted
from earwitness.improve.adapting import Learned
from earwitness.speech.stt.habits import read_language
from earwitness.speech.stt.pronouncing import pronunciation
from tests.unit.improve.adapters.home import chain, examples, sound_of

HEARD, SAID = "a light rose latte", "a light roast latte"
PAIRS = [(HEARD, SAID)] * 12 + [(SAID, SAID)] * 6
TAUGHT = examples(*PAIRS, slots=[("roast", "light roast")])
SOUNDS = {one.recording_id: sound_of(one.heard) for one in TAUGHT}
STEPS: list[tuple[int, int]] = []


def learn(seed: int = 1) -> Learned:
    found = LanguageAdapter().learn(
        TAUGHT, base=chain(SAID), sound=SOUNDS.__getitem__, progress=lambda *step: STEPS.append(step), seed=seed
    )
    assert found is not None
    return found


def test_what_was_corrected_often_is_heard_right_by_somebody_else() -> None:
    learned = learn()
    base = chain(SAID)
    assert base.recogniser.transcribe(sound_of(HEARD)).text == HEARD
    better = LanguageAdapter().put_in(base, learned.files)
    assert better.recogniser.transcribe(sound_of(HEARD)).text == SAID
    assert base.recogniser.transcribe(sound_of(HEARD)).text == HEARD, "the chain without it stays as it was"


def test_the_sound_decides() -> None:
    better = LanguageAdapter().put_in(chain("something else"), learn().files)
    assert better.recogniser.transcribe(sound_of(HEARD)).text == HEARD


def test_the_same_examples_and_seed_give_the_same_bytes() -> None:
    assert learn().files == learn().files


def test_facts_hold_numbers_and_no_words_and_progress_is_told() -> None:
    STEPS.clear()
    facts = learn().facts
    assert (facts["word_errors_before"], facts["word_errors_after"]) == (12, 0)
    assert all(isinstance(value, int | float) for value in facts.values())
    assert STEPS[-1] == (18, 18)


def test_a_slip_of_one_annotator_is_no_phrase_of_the_home() -> None:
    slipped = replace(TAUGHT[0], recording_id="x", slots=(("roast", "lihgt roast"),))
    phrases = counted([*TAUGHT, slipped], pronunciation()).phrases
    assert "light roast" in phrases
    assert not any("lihgt" in one for one in phrases)


def test_how_the_recogniser_writes_a_phrase_is_learned() -> None:
    heard = examples(*[("a 16 ounce latte", "a sixteen ounce latte")] * 3, slots=[("size", "sixteen ounce")])
    assert counted(heard, pronunciation()).written["sixteen ounce"] == "16 ounce"


def test_without_sound_the_weights_stay_those_of_the_rule() -> None:
    silent = [replace(one, audio_seconds=0.0) for one in TAUGHT]
    learned = LanguageAdapter().learn(silent, base=chain(), sound=lambda _: None, progress=lambda *_: None, seed=1)
    assert learned is not None
    assert read_language(learned.files[FILE]).weight == 0.2
    assert learned.facts["weighed"] == 0


def test_too_little_teaches_nothing_and_other_files_are_refused() -> None:
    adapter = LanguageAdapter()
    assert adapter.learn(TAUGHT[:4], base=chain(), sound=lambda _: None, progress=lambda *_: None, seed=1) is None
    with pytest.raises(ModelError):
        adapter.put_in(chain(), {"other": b""})
