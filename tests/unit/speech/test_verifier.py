"""The second look at wake words: what it looks at, when it is asked, what its file holds."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import ModelError
from earwitness.speech.wake.verifier import (
    MOST_BYTES,
    SIZE,
    FoundWake,
    VerifiedWakeWord,
    Verifier,
    features_of,
    read_verifier,
    spotted,
    verifier_bytes,
)


def sound(pitch_hz: float, *, seconds: float = 1.5, level: float = 6000.0) -> Pcm:
    wave = np.sin(2 * np.pi * pitch_hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ) * level
    return Pcm(data=wave.astype("<i2").tobytes())


def found(pitch_hz: float, word: str = "alexa") -> FoundWake:
    return FoundWake(word=word, sound=sound(pitch_hz))


def asking(asked: list[int], *, answer: bool) -> Callable[[FoundWake], bool]:
    """A second look that gives one answer and notes how many bytes it was asked about."""

    def is_wake(found: FoundWake) -> bool:
        assert found.word == "alexa"
        asked.append(len(found.sound.data))
        return answer

    return is_wake


class First:
    """Finds its word in chunks that begin with a one."""

    score = 0.97

    def __init__(self) -> None:
        self.resets = 0

    def detect(self, chunk: bytes) -> str | None:
        return "alexa" if chunk[:1] == b"\x01" else None

    def reset(self) -> None:
        self.resets += 1


def test_features_have_one_size_tell_sounds_apart_and_loudness_little() -> None:
    low, high = features_of(sound(300)), features_of(sound(3000))
    assert low.shape == (SIZE,)
    assert np.isfinite(low).all()
    assert np.abs(low - high).mean() > 5 * np.abs(low - features_of(sound(300, level=3000))).mean()
    assert features_of(Pcm(data=b"")).shape == (SIZE,)


def test_only_what_the_first_stage_found_is_looked_at() -> None:
    asked: list[int] = []
    ear = VerifiedWakeWord(First(), asking(asked, answer=True))
    assert [ear.detect(bytes(640)) for _ in range(200)] == [None] * 200
    assert asked == []
    assert ear.detect(b"\x01" + bytes(639)) == "alexa"
    assert asked == [48_000], "a second and a half, however long it listened"
    assert ear.score == 0.97


def test_what_a_second_look_refuses_is_no_wake_and_a_reset_forgets_the_sound() -> None:
    asked: list[int] = []
    first = First()
    ear = VerifiedWakeWord(first, asking(asked, answer=False))
    ear.detect(bytes(64_000))
    ear.reset()
    assert first.resets == 1
    ear.detect(bytes(32_000))
    assert ear.detect(b"\x01" + bytes(639)) is None
    assert asked == [32_640]


def test_before_a_whole_window_was_heard_the_first_stage_decides_alone() -> None:
    asked: list[int] = []
    ear = VerifiedWakeWord(First(), asking(asked, answer=False))
    ear.detect(bytes(31_358))
    assert ear.detect(b"\x01" + bytes(639)) == "alexa"
    assert asked == []
    assert ear.detect(b"\x01" + bytes(639)) is None


@pytest.mark.parametrize(("at_seconds", "expected_seconds"), [(None, None), (0.8, None), (1.5, 1.51), (4.0, None)])
def test_a_recording_is_looked_at_up_to_its_wake_word_if_it_holds_enough_before(
    at_seconds: float | None, expected_seconds: float | None
) -> None:
    data = bytearray(5 * RATE_HZ * 2)
    if at_seconds is not None:
        data[int(at_seconds * RATE_HZ) * 2] = 1
    found = spotted(First(), Pcm(data=bytes(data)))
    assert (found and (found.word, round(found.sound.seconds, 2))) == (expected_seconds and ("alexa", expected_seconds))


def test_its_file_comes_back_as_it_was() -> None:
    rows = np.linspace(-1, 1, SIZE)
    made = Verifier(words=("alexa",), mean=rows, scale=rows**2 + 1, weights=rows, bias=0.5, threshold=-1.0)
    back = read_verifier(verifier_bytes(made))
    assert verifier_bytes(back) == verifier_bytes(made)
    assert all(back.is_wake(one) == made.is_wake(one) for one in (found(300), found(300, "okay nabu")))


ROWS = [1.0] * SIZE
GOOD: dict[str, object] = {
    "format": 2,
    "words": ["alexa"],
    "mean": ROWS,
    "scale": ROWS,
    "weights": ROWS,
    "bias": 0.0,
    "threshold": 0.0,
}


def damaged(**values: object) -> bytes:
    return json.dumps(GOOD | values).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 10_000,
        damaged()[:-1],
        damaged(format=1),
        damaged(words=None),
        damaged(words=[]),
        damaged(words=["alexa"] * 3),
        damaged(words=[1]),
        damaged(words=["x" * 65]),
        damaged(mean=[]),
        damaged(mean=ROWS[1:]),
        damaged(mean=[ROWS]),
        damaged(mean=[*ROWS[1:], None]),
        damaged(mean=[*ROWS[1:], {}]),
        damaged(mean=[*ROWS[1:], float("nan")]),
        damaged(scale=[*ROWS[1:], 0.0]),
        damaged(scale=[*ROWS[1:], -1.0]),
        damaged(weights=[*ROWS[1:], float("inf")]),
        damaged(weights=[*ROWS[1:], 10**400]),
        damaged(weights="1" * SIZE),
        damaged(bias=None),
        damaged(bias=10**400),
        damaged(threshold=float("nan")),
        damaged(threshold=float("inf")),
        damaged() + b" " * MOST_BYTES,
    ],
    ids=range(28),
)
def test_other_files_are_refused(data: bytes) -> None:
    read_verifier(damaged())
    with pytest.raises(ModelError):
        read_verifier(data)


def test_every_file_that_is_written_can_be_read_and_sent() -> None:
    """A second of sound has 400 features of mean 0 and spread 1: none is beyond 20."""
    row = np.full(SIZE, -19.123456)
    data = verifier_bytes(Verifier(words=("alexa",), mean=row, scale=-row, weights=row, bias=-19.123456, threshold=-19.123456))
    assert len(data) < MOST_BYTES
    read_verifier(data)
