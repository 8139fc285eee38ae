"""The parts of the trial of what corrections teach that decide what its figures mean: annotators, speakers, what teaches."""

import random
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from bench.improve_annotators import corrected, judged
from bench.improve_curves import drawn
from bench.improve_orders import FOLDS, grouped, split
from bench.improve_requests import requests
from earwitness.improve.understanding.public import plain


def test_an_annotator_puts_a_phrase_where_something_like_it_was_heard() -> None:
    assert corrected("Make me a late rose mocker.", ["light roast", "mocha"]) == "make me a light roast mocha"
    assert corrected("A latte with sugar", ["latte", "sugar"]) == "a latte with sugar"
    assert corrected("", ["latte"]) == "latte"


def test_annotators_err_about_as_often_as_is_said_and_a_third_mends_most_of_it() -> None:
    words = [f"word{at}" for at in range(40)]
    luck, wrong = random.Random(1), 0
    for _ in range(100):
        said = judged(" ".join(words), (), vocabulary=["other"], luck=luck).transcript.split()
        wrong += len(set(words) - set(said))
    assert 0 < wrong / 4000 < 0.02, "each errs in one word of twenty; two and a third in far fewer"


def test_the_same_luck_gives_the_same_judgements() -> None:
    slots = (("drink", "latte"), ("roast", "light roast"))
    one, other = (judged("a light rose latte", slots, vocabulary=["x"], luck=random.Random(3)) for _ in range(2))
    assert one == other


def test_no_voice_is_in_two_folds_and_folds_are_about_even() -> None:
    speakers = [f"v{at % 17}" for at in range(120)] + ["loud"] * 30
    folds = split(speakers)
    assert set(folds) == set(speakers)
    sizes = [sum(folds[one] == fold for one in speakers) for fold in range(FOLDS)]
    assert max(sizes) - min(sizes) <= 10


def test_recordings_whose_voices_are_alike_are_one_persons() -> None:
    luck = np.random.default_rng(1)
    people = luck.normal(size=(5, 64))
    rows = np.concatenate([person + 0.2 * luck.normal(size=(6, 64)) for person in people])
    names = grouped(rows)
    assert len(set(names)) == 5
    assert all(len(set(names[at * 6 : at * 6 + 6])) == 1 for at in range(5))


@pytest.mark.data
def test_no_request_that_teaches_measures(data_folder: Path) -> None:
    asked = requests(data_folder)
    teaching = {plain(one.text) for one in asked.teaching}
    assert len(teaching) > 200
    assert not teaching & {plain(one.text) for one in (*asked.measuring, *asked.beside)}


def test_the_curves_are_a_picture_that_says_in_words_what_it_shows() -> None:
    text = drawn({"orders & more": [(0, 0.2), (100, 0.05)], "requests": [(0, 0.3), (200, 0.1)]}, title="Errors", about="20 %")
    root = ET.fromstring(text)
    assert root.attrib["role"] == "img"
    assert [one.tag.rsplit("}", 1)[-1] for one in root][:2] == ["title", "desc"]
    assert "orders &amp; more" in text
