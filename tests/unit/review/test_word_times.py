"""Word times: those of a voice that we made, none for words that were not said, and words of them that no longer can be heard."""

from itertools import pairwise

import numpy as np
import pytest

from earwitness.config import models_folder
from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import ModelError
from earwitness.foreign.sound import at_rate
from earwitness.review.disguise import disguised
from earwitness.review.redact_audio import Samples, silence
from earwitness.review.word_times import LONGEST_SECONDS, WordTimer
from earwitness.speech.models import ModelStore
from earwitness.speech.stt.moonshine import MoonshineRecogniser
from earwitness.speech.voices import VoiceCatalogue

pytestmark = pytest.mark.models
TEXT = "Please call my sister Amanda tomorrow at noon"


@pytest.fixture(scope="module")
def store() -> ModelStore:
    return ModelStore(models_folder())


@pytest.fixture(scope="module")
def spoken(store: ModelStore) -> Samples:
    parts = [at_rate(part, RATE_HZ).data for part in VoiceCatalogue(store).stream(TEXT + ".", voice="heart")]
    return np.frombuffer(b"".join(parts), dtype="<i2")


@pytest.fixture(scope="module")
def timer(store: ModelStore) -> WordTimer:
    return WordTimer(store)


def test_every_word_has_its_time_in_order(timer: WordTimer, spoken: Samples) -> None:
    times = timer.times(spoken, TEXT)
    assert times is not None
    assert [one.word for one in times] == TEXT.split()
    assert all(0 <= one.from_seconds <= one.until_seconds <= len(spoken) / RATE_HZ for one in times)
    assert all(one.until_seconds == other.from_seconds for one, other in pairwise(times))


def test_nothing_of_a_silenced_name_is_heard_by_another_recogniser(timer: WordTimer, spoken: Samples, store: ModelStore) -> None:
    moonshine = MoonshineRecogniser(store, 1)
    times = timer.times(spoken, TEXT)
    assert times is not None
    quiet = silence(spoken, [(one.from_seconds, one.until_seconds) for one in times if one.word in ("sister", "Amanda")])
    before, after = (moonshine.transcribe(Pcm(data=sound.tobytes())).text.lower() for sound in (spoken, quiet))
    assert "amanda" in before
    assert "sister" in before
    assert "amanda" not in after
    assert "sister" not in after
    assert "noon" in after


def test_nothing_of_a_name_is_heard_in_what_a_reviewer_would_hear(timer: WordTimer, spoken: Samples, store: ModelStore) -> None:
    found = disguised(spoken, TEXT, timer=timer, names=("Amanda",), known=())
    assert found is not None
    assert len(found) == len(spoken)
    heard = MoonshineRecogniser(store, 1).transcribe(Pcm(data=found.tobytes())).text.lower()
    assert "amanda" not in heard
    assert "call" in heard
    assert "noon" in heard
    assert disguised(spoken, "the purple elephants were dancing quietly", timer=timer, names=(), known=()) is None


def test_words_that_were_not_said_have_no_times(timer: WordTimer, spoken: Samples) -> None:
    assert timer.times(spoken, "the purple elephants were dancing around quietly") is None


def test_no_words_no_sound_and_too_much_of_it_have_no_times(timer: WordTimer, spoken: Samples) -> None:
    assert timer.times(spoken, "  ") is None
    assert timer.times(spoken[:0], TEXT) is None
    assert timer.times(np.zeros(int((LONGEST_SECONDS + 1) * RATE_HZ), np.int16), TEXT) is None


def test_a_missing_model_is_said(tmp_path_factory: pytest.TempPathFactory, spoken: Samples) -> None:
    with pytest.raises(ModelError):
        WordTimer(ModelStore(tmp_path_factory.mktemp("empty"))).times(spoken, TEXT)
