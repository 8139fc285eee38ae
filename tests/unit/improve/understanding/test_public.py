"""Nothing that measures teaches: the sets are compared in the form in which sentences are matched."""

import json
from pathlib import Path

import pytest

from earwitness.improve.understanding.corpus import corpus, public_digest
from earwitness.improve.understanding.public import (
    MEASURED_WHOLLY,
    measured_forms,
    measures,
    plain,
    public_sentences,
    teaching_sentences,
)
from earwitness.understand.learned.model_file import own_model
from earwitness.understand.sentences import english

pytestmark = pytest.mark.data


def test_no_sentence_that_measures_teaches(data_folder: Path) -> None:
    kept = measured_forms(data_folder)
    taught = {plain(one.text) for one in teaching_sentences(data_folder)}
    assert len(kept) > 4_000
    assert len(taught) > 20_000
    assert not kept & taught


def test_the_sets_that_measure_are_whole(data_folder: Path) -> None:
    kept = measured_forms(data_folder)
    for name in MEASURED_WHOLLY:
        texts = [json.loads(line).get("text") for line in (data_folder / name).read_text(encoding="utf-8").splitlines()]
        assert all(plain(text) in kept for text in texts if text)
    rows = [json.loads(line) for line in (data_folder / "nlu/clinc150_train_val.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all(plain(row["text"]) in kept for row in rows if row["corpus_split"].endswith("val"))


def test_a_third_of_slurp_measures_and_which_is_told_by_the_text(data_folder: Path) -> None:
    slurp = [one for one in public_sentences(data_folder) if one.source == "slurp"]
    share = sum(one.measures for one in slurp) / len(slurp)
    assert 0.28 < share < 0.38
    assert measures("Turn on the light!") == measures("turn on the light")


def test_the_committed_model_learned_from_these_and_no_others(data_folder: Path) -> None:
    """The whole corpus is made anew: no made sentence measures either, and the public ones are those of the model."""
    made_anew = corpus(data_folder, english())
    kept = measured_forms(data_folder)
    ours = [lesson.text for lesson in made_anew.lessons if len(lesson.classes) == 1]
    assert len(ours) > 30_000
    assert not [text for text in ours if plain(text) in kept]
    assert made_anew.public_digest == own_model().learned_from["public_sha256"], "retrain: make train-understanding"
    assert public_digest([]) != made_anew.public_digest
