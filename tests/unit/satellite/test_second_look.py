"""The second look at wake words, taken by satellites for their server: over a real link, by real verifiers, of real words."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.satellite.second_look import SecondLook
from earwitness.speech.audio_file import read_audio
from earwitness.speech.models import ModelStore
from earwitness.speech.wake.micro import MicroWakeWord
from earwitness.speech.wake.verifier import MOST_BYTES, SIZE, FoundWake, VerifiedWakeWord, Verifier, verifier_bytes
from earwitness.trust.tls import MUSIC_PROTOCOL
from tests.fakes import silence, tone
from tests.second_looks import deaf, only, taught, wake, whistle
from tests.unit.satellite.living import CHUNK_BYTES, Living, living, until
from tests.unit.server.linking import linking

UNREADABLE = "The server's second look at wake words cannot be read: every wake word that is found counts."
HEARD_BEFORE = tone(1.5)
QUIET = 2 * RATE_HZ * b"\0"
Judged: TypeAlias = tuple[Callable[[], MicroWakeWord], list[Pcm], list[Pcm], Verifier]
"""What makes a detector, wakes that a home judged true and such that it judged false, and what that taught."""


def text(verifier: Verifier) -> str:
    return verifier_bytes(verifier).decode()


def spoiled(**values: object) -> str:
    return json.dumps(json.loads(text(deaf())) | values)


def test_what_is_looked_at_is_what_the_server_sent_last() -> None:
    said: list[str] = []
    look, word, other = SecondLook(said.append), whistle(), Pcm(data=silence(1.5))
    assert (look.is_there, look.is_wake(wake(word)), look.is_wake(wake(other))) == (False, True, True)
    look.take(text(deaf()))
    assert (look.is_there, look.is_wake(wake(word)), look.is_wake(wake(other))) == (True, False, False)
    look.take(text(only(word)))
    assert (look.is_wake(wake(word)), look.is_wake(wake(other))) == (True, False)
    assert look.refused == 3
    look.take(None)
    assert (look.is_there, look.is_wake(wake(other)), said) == (False, True, [])


DAMAGED = {
    "nothing": "",
    "no JSON": text(deaf())[:-1],
    "nested": "[" * 10_000,
    "NaN": spoiled(threshold=float("nan")),
    "half": spoiled(mean=[0.0] * (SIZE - 1)),
    "zero": spoiled(scale=[0.0] * SIZE),
    "too long": text(deaf()) + " " * MOST_BYTES,
    "half a character": "\ud800",
}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED)
def test_what_cannot_be_read_leaves_no_second_look_and_is_said(damaged: str) -> None:
    said: list[str] = []
    look = SecondLook(said.append)
    look.take(text(deaf()))
    look.take(damaged)
    assert (look.is_there, look.is_wake(wake(Pcm(data=HEARD_BEFORE))), said) == (False, True, [UNREADABLE])


async def wakes(here: Living) -> None:
    """The made-up wake word, after enough to look at."""
    here.microphone.hear(HEARD_BEFORE)
    here.microphone.wake()


async def test_damaged_on_the_wire_it_is_said_and_the_link_goes_on(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        linked.satellites.set_second_look(text(deaf()))
        await here.until(looks_twice=True)
        session = list(linked.listener.sessions)
        for damaged in (spoiled(bias=float("inf")), text(deaf())[:3_000], "x" * 15_500):
            linked.satellites.set_second_look(damaged)
            await until(lambda: UNREADABLE in here.told)
            here.told.clear()
            assert here.satellite.status()["looks_twice"] is False
        await wakes(here)
        await here.until(captures=1)
        assert list(linked.listener.sessions) == session


async def test_it_goes_with_the_session_and_comes_with_the_next_as_it_is_then(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        linked.satellites.set_second_look(text(deaf()))
        await here.until(looks_twice=True)
        link, there = here.satellite.link, here.satellite.link._address
        link._address = type(there)(host="127.0.0.1", port=1)
        link.break_off()
        await here.until(link="away", looks_twice=False)
        linked.satellites.set_second_look(None)
        link._address = there
        await here.until(link="up")
        await wakes(here)
        await here.until(captures=1, looks_twice=False)
        linked.satellites.set_second_look(text(deaf()))
        await here.until(looks_twice=True)
        link.break_off()
        await here.until(looks_twice=False)
        await here.until(link="up", looks_twice=True)
        kept = [file for file in tmp_path.joinpath("device").rglob("*") if file.is_file()]
        assert kept
        assert not [file.name for file in kept if b"threshold" in file.read_bytes()], "it is on no disk"


async def test_a_connection_that_is_cut_and_back_in_time_keeps_it(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked, living(linked, tmp_path / "device") as here:
        linked.satellites.set_second_look(text(deaf()))
        await here.until(looks_twice=True)
        connection = here.satellite.link._connection
        assert connection is not None
        connection.abort()
        await here.until(link="lost")
        linked.satellites.set_second_look(None)  # taken back meanwhile
        await here.until(link="up", looks_twice=False)


async def test_a_false_wake_that_one_refused_is_answered_by_the_other_and_not_waited_for(tmp_path: Path) -> None:
    """The louder of the two does not count: it has said nothing."""
    async with (
        linking(tmp_path) as linked,
        living(linked, tmp_path / "near", name="Near", area="Den") as near,
        living(linked, tmp_path / "far", name="Far", area="Den") as far,
    ):
        near.satellite._second_look.take(text(deaf()))
        far.microphone.hear(HEARD_BEFORE)
        far.microphone.hear(b"W" + bytes(CHUNK_BYTES - 1))
        await wakes(near)
        await far.until(captures=1)
        assert near.satellite.status()["wakes_refused"] == 1
        assert near.satellite.status()["captures"] == 0


async def test_an_older_satellite_is_sent_nothing_of_it_and_an_older_server_is_told_nothing(tmp_path: Path) -> None:
    async with linking(tmp_path) as linked:
        linked.satellites.set_second_look(text(deaf()))
        _, older = await linked.join("Lamp", area="Den")
        linked.satellites.set_second_look(None)
        linked.satellites.set_second_look(text(deaf()))
        linked.satellites.resettle()
        await older.wait_for("settings")
        assert older.count("second_look") == 0
        linked.listener._tls().set_alpn_protocols([MUSIC_PROTOCOL])
        async with living(linked, tmp_path / "device") as here:
            await wakes(here)
            await here.until(captures=1, looks_twice=False)


@pytest.fixture(scope="module")
def said(data_folder: Path) -> list[Pcm]:
    """People who say "alexa"."""
    lines = (data_folder / "audio/wake_alexa.jsonl").read_text(encoding="utf-8").splitlines()[:24]
    return [read_audio(data_folder / json.loads(line)["audio"], longest_seconds=60.0) for line in lines]


def found(detector: MicroWakeWord, clip: Pcm) -> Pcm | None:
    """The sound up to where a satellite finds the wake word in it."""
    looked: list[Pcm] = []

    def look(found: FoundWake) -> bool:
        looked.append(found.sound)
        return True

    ear, sound = VerifiedWakeWord(detector, look), QUIET + clip.data + QUIET
    ear.reset()
    for start in range(0, len(sound), CHUNK_BYTES):
        ear.detect(sound[start : start + CHUNK_BYTES].ljust(CHUNK_BYTES, b"\0"))
    return looked[0] if looked else None


@pytest.fixture(scope="module")
def judged(said: list[Pcm], store: ModelStore) -> Judged:
    make = partial(MicroWakeWord, ["alexa"], 1.0, store)
    detector = make()
    pairs = [(clip, heard) for clip in said if (heard := found(detector, clip)) is not None]
    true, false = pairs[::2], pairs[1::2]
    assert min(len(true), len(false)) >= 8
    second = taught([heard for _, heard in true], [heard for _, heard in false])
    return make, [clip for clip, _ in true], [clip for clip, _ in false], second


def sent(here: Living) -> tuple[int, object]:
    """How many messages and how much sound have left the device; its pings aside."""
    return here.satellite.link._link.sent, here.satellite.status()["sound_frames_sent"]


async def until_heard(here: Living) -> None:
    """Until all that the microphone heard was listened to."""
    await until(here.microphone._waiting.empty)
    await asyncio.sleep(0.1)


async def say(here: Living, clip: Pcm) -> None:
    here.microphone.hear(QUIET + clip.data + QUIET)
    await until_heard(here)


@pytest.mark.models
@pytest.mark.data
async def test_of_a_wake_that_is_refused_not_one_byte_leaves_and_one_that_is_not_opens_a_turn(
    judged: Judged, tmp_path: Path
) -> None:
    make, true, false, second = judged
    async with (
        linking(tmp_path, wake_words=lambda: ("alexa",)) as linked,
        living(linked, tmp_path / "device", make_detector=lambda words: make()) as here,
    ):
        linked.satellites.set_second_look(text(second))
        await here.until(looks_twice=True)
        before = sent(here)
        for clip in false[:4]:
            await say(here, clip)
        assert (sent(here), here.satellite.status()["wakes_refused"]) == (before, 4)
        await say(here, true[0])
        await here.until(captures=1)
        assert sent(here) > before
        here.satellite.stop()
        await here.until(state="asleep")
        linked.satellites.set_second_look(None)  # rolled back, or retired: its false wakes wake again
        await here.until(looks_twice=False)
        await say(here, false[0])
        await here.until(captures=2)
