"""The code of a pairing by ear: all of its digits in order, again and again, until it is over; without a speaker, plain words."""

import asyncio
from collections.abc import Coroutine

import numpy as np
import pytest

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import SoundError
from earwitness.satellite.speaker import Speaker
from earwitness.satellite.spoken_code import AGAIN_SECONDS, TEXTS, CodeVoice, recording, spoken_code
from tests.unit.jobs.virtual_time import run
from tests.unit.satellite.living import QuickSpeaker


def run_virtually(work: Coroutine[None, None, None]) -> None:
    run(lambda clock: work)


@pytest.mark.parametrize("name", TEXTS)
def test_every_recording_is_there_and_is_heard(name: str) -> None:
    found = recording(name)
    assert found.rate_hz == RATE_HZ
    assert 0.2 < found.seconds < 5
    assert np.abs(np.frombuffer(found.data, dtype=np.int16)).max() > 10_000


def test_no_two_recordings_are_the_same() -> None:
    assert len({recording(name).data for name in TEXTS}) == len(TEXTS)


@pytest.mark.parametrize("code", ["012345", "678900", "777777"])
def test_the_digits_are_said_in_order_and_twice(code: str) -> None:
    sound, at = spoken_code(code).data, 0
    for name in ("type_this", *code, "once_more", *code):
        found = sound.find(recording(name).data, at)
        assert found >= at, f"{name} is missing"
        assert not any(sound[at:found]), "only silence lies between"
        at = found + len(recording(name).data)
    assert at == len(sound)


def test_it_is_said_until_the_pairing_ends_and_then_how_it_ended() -> None:
    async def scenario() -> None:
        speaker, told = QuickSpeaker(), list[str]()
        voice = CodeVoice(lambda: speaker, tell=told.append)
        voice.begin("123456")
        sound = spoken_code("123456")
        await asyncio.sleep(2.5 * (sound.seconds + AGAIN_SECONDS))
        assert [heard for _, heard in speaker.played] == [sound.data] * 3
        await voice.end(is_paired=True)
        assert speaker.played[3:] == [("code", recording("paired").data)]
        assert not speaker.is_open, "the satellite itself needs it now"
        await asyncio.sleep(100)
        assert len(speaker.played) == 4
        assert told == []

    run_virtually(scenario())


def test_a_pairing_that_failed_is_said_only_if_its_code_was() -> None:
    async def scenario() -> None:
        speaker = QuickSpeaker()
        voice = CodeVoice(lambda: speaker, tell=lambda sentence: None)
        await voice.end(is_paired=False)
        assert speaker.played == []
        voice.begin("000000")
        await asyncio.sleep(1)
        await voice.end(is_paired=False)
        assert speaker.played[-1][1] == recording("not_paired").data

    run_virtually(scenario())


def test_without_a_speaker_it_says_so_in_words() -> None:
    async def scenario() -> None:
        def none() -> Speaker:
            raise SoundError("There is no speaker: plug one in, or start the sound server.", code="sound.no_device")

        told = list[str]()
        voice = CodeVoice(none, tell=told.append)
        voice.begin("123456")
        await voice.end(is_paired=True)
        assert told == ["The code cannot be said aloud here: There is no speaker: plug one in, or start the sound server."]

    run_virtually(scenario())


def test_a_code_is_of_digits() -> None:
    with pytest.raises(KeyError):
        spoken_code("12a456")
    assert isinstance(spoken_code("123456"), Pcm)
