"""What is taken for a confusion, and what it does to a recogniser."""

from dataclasses import replace

import pytest

from earwitness.domain.errors import ModelError
from earwitness.improve.adapters.confusions import ConfusionsAdapter, confused, replaced
from earwitness.improve.adapters.language import LanguageAdapter
from earwitness.improve.adapting import Learned
from earwitness.speech.stt.cascade import CascadeRecogniser
from earwitness.speech.stt.pronouncing import pronunciation
from tests.unit.improve.adapters.home import chain, examples, sound_of

PAIRS = [("a small maca", "a small mocha")] * 8 + [("make me a latte", "make me a latte")] * 8
TAUGHT = examples(*PAIRS)
SOUNDS = {one.recording_id: sound_of(one.heard) for one in TAUGHT}


def learn() -> Learned:
    found = ConfusionsAdapter().learn(
        TAUGHT, base=chain("a small mocha"), sound=SOUNDS.__getitem__, progress=lambda *_: None, seed=1
    )
    assert found is not None
    return found


def test_a_confusion_that_returns_is_heard_right_by_somebody_else() -> None:
    base = chain("a large mocha")
    assert base.recogniser.transcribe(sound_of("a large maca")).text == "a large maca"
    better = ConfusionsAdapter().put_in(base, learn().files)
    assert better.recogniser.transcribe(sound_of("a large maca")).text == "a large mocha"


def test_it_is_no_rule_where_the_sound_says_otherwise() -> None:
    better = ConfusionsAdapter().put_in(chain(), learn().files)
    assert better.recogniser.transcribe(sound_of("a large maca")).text == "a large maca"


def test_what_counts_only_as_heard_is_never_put_in_its_place() -> None:
    heard = examples(*[("the lead it all", "delete it all")] * 8, *[("it all", "it all")] * 3)
    sounds = {one.recording_id: sound_of(one.heard) for one in heard}
    base = chain("delete it all")
    learned = ConfusionsAdapter().learn(heard, base=base, sound=sounds.__getitem__, progress=lambda *_: None, seed=1)
    assert learned is not None
    assert (
        ConfusionsAdapter().put_in(base, learned.files).recogniser.transcribe(sound_of("the lead it all")).text
        == "the lead it all"
    )


def pieces(heard: str, said: str) -> list[tuple[str, str]]:
    return [(" ".join(one), " ".join(other)) for one, other in replaced(heard.split(), said.split())]


def test_pieces_that_were_replaced_are_found_word_by_word() -> None:
    assert pieces("a late rose latte", "a light roast latte") == [("late rose", "light roast")]
    assert pieces("a latte please", "a latte") == []
    assert pieces("one two three four five", "a b c d e") == []


def test_words_that_do_not_sound_alike_are_no_confusion() -> None:
    assert confused(examples(*[("turn it off", "play some jazz")] * 9), pronunciation()).said == {}


def test_a_slip_of_one_annotator_is_none() -> None:
    slipped = [*TAUGHT, *(replace(one, recording_id="x") for one in examples(("a small maca", "a small mcha")))]
    assert confused(slipped, pronunciation()).said == {"maca": {"mocha": 8}}


def test_the_same_examples_give_the_same_bytes_and_facts_hold_no_words() -> None:
    assert learn().files == learn().files
    assert all(isinstance(value, int | float) for value in learn().facts.values())


def test_both_adapters_work_together() -> None:
    language = examples(*PAIRS, slots=[("drink", "mocha")])
    learned = LanguageAdapter().learn(
        language, base=chain("a small mocha"), sound=SOUNDS.__getitem__, progress=lambda *_: None, seed=1
    )
    assert learned is not None
    both = ConfusionsAdapter().put_in(LanguageAdapter().put_in(chain("a large mocha"), learned.files), learn().files)
    assert both.recogniser.transcribe(sound_of("a large maca")).text == "a large mocha"
    assert isinstance(both.recogniser, CascadeRecogniser)


def test_nothing_to_learn_is_nothing_and_other_files_are_refused() -> None:
    adapter = ConfusionsAdapter()
    right = examples(*[("a latte", "a latte")] * 9)
    assert adapter.learn(right, base=chain(), sound=lambda _: None, progress=lambda *_: None, seed=1) is None
    with pytest.raises(ModelError):
        adapter.put_in(chain(), {"other": b""})
