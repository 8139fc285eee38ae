"""What satellites hold to ring on their own: lists with digests of sounds, and each sound sent once to those without it."""

import asyncio
import json
from collections.abc import Callable

from earwitness.domain.alert import Foretold
from earwitness.domain.audio import Pcm
from earwitness.domain.errors import AlertError
from earwitness.domain.ring_sound import MUSIC, TONE, digest_of
from earwitness.domain.satellite import Station
from earwitness.server.held_alarms import MOST_BYTES, SOUND_ID, HeldAlarms
from earwitness.server.ports import Reached
from tests.fakes import tone
from tests.unit.server.test_satellites import Seated

BIRDS = Pcm(data=tone(1.0), rate_hz=24_000)
WAVES = Pcm(data=tone(0.5), rate_hz=24_000)


def sound_of(reference: str) -> Pcm:
    if reference.startswith(MUSIC):
        raise AlertError("That music is not there any more.", code="alert.no_sound")
    return {"birds": BIRDS, "waves": WAVES}[reference]


def alarm(ring_id: str, sound: str = TONE, *, is_rising: bool = False, in_seconds: float = 60.0) -> Foretold:
    return Foretold(ring_id=ring_id, text="It is 7:00 AM.", in_seconds=in_seconds, sound=sound, is_rising=is_rising)


class House:
    def __init__(self, **has_sounds: bool) -> None:
        self.sessions = {name: Seated(has_sounds=each) for name, each in has_sounds.items()}
        stations = {name: Station(device_id=name, name=name, area=name) for name in has_sounds}
        clock = asyncio.get_running_loop().time
        here: dict[str, tuple[Station, Reached]] = {name: (stations[name], each) for name, each in self.sessions.items()}  # type: ignore[misc]
        self.held = HeldAlarms(lambda: here, sound_of=sound_of, clock=clock)
        for name in has_sounds:
            self.held.joined(name)

    def lists(self, name: str) -> list[list[dict[str, object]]]:
        return [message["alarms"] for message in self.sessions[name].told if message["type"] == "alarms"]  # type: ignore[misc]

    def has_told_sounds(self, name: str) -> bool:
        return any("sound" in one for one in self.lists(name)[-1]) if self.lists(name) else False

    def announced(self, name: str) -> list[object]:
        return [message["digest"] for message in self.sessions[name].told if message["type"] == "alarm_sound"]

    def ends(self, name: str) -> int:
        return sum(message == {"type": "speech_end", "id": SOUND_ID} for message in self.sessions[name].told)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110 (what is awaited has no event)
            await asyncio.sleep(0.005)


async def test_a_sound_is_sent_once_to_those_that_can_keep_it_and_the_next_when_they_have_it() -> None:
    house = House(den=True, attic=False)
    house.held.set([alarm("a", "birds", is_rising=True), alarm("b", "waves", in_seconds=90.0), alarm("c", in_seconds=99.0)])
    await until(lambda: house.ends("den") == 1)
    assert house.lists("den")[-1][0] | {"due_in_seconds": 60.0} == {
        "id": "a", "text": "It is 7:00 AM.", "due_in_seconds": 60.0, "sound": digest_of(BIRDS), "rising": True,
    }  # fmt: skip
    assert house.lists("den")[-1][2].keys() == {"id", "text", "due_in_seconds"}
    assert bytes(house.sessions["den"].sounds[SOUND_ID]) == BIRDS.data
    assert not house.held.is_kept("den", "birds")
    house.held.keeps("den", [digest_of(BIRDS)])
    assert house.held.is_kept("den", "birds")
    await until(lambda: house.ends("den") == 2)
    assert bytes(house.sessions["den"].sounds[SOUND_ID]) == BIRDS.data + WAVES.data
    house.held.keeps("den", [digest_of(BIRDS)])
    house.held.set([alarm("a", "birds"), alarm("b", "waves")])
    await asyncio.sleep(0.1)
    assert house.announced("den") == [digest_of(BIRDS), digest_of(WAVES)], "what it did not keep is not sent again and again"
    assert house.announced("attic") == []
    assert all(one.keys() == {"id", "text", "due_in_seconds"} for one in house.lists("attic")[-1])


async def test_what_a_satellite_has_already_is_not_sent_and_music_that_is_gone_leaves_the_tone() -> None:
    house = House(den=True)
    house.held.keeps("den", [digest_of(BIRDS)])
    house.held.set([alarm("a", "birds"), alarm("b", MUSIC + "gone.flac")])
    await until(lambda: house.has_told_sounds("den"))
    await asyncio.sleep(0.05)
    assert house.announced("den") == []
    assert "sound" not in house.lists("den")[-1][1]
    assert (house.held.digest_of("birds"), house.held.digest_of(MUSIC + "gone.flac")) == (digest_of(BIRDS), None)


async def test_a_list_with_sounds_fits_into_a_frame() -> None:
    house = House(den=True)
    many = [alarm(f"{number:032}@1767247200000000", "birds", is_rising=True, in_seconds=float(number)) for number in range(64)]
    house.held.set([Foretold(**{name: getattr(one, name) for name in one.__slots__} | {"text": "é" * 120}) for one in many])
    await until(lambda: house.has_told_sounds("den"))
    assert len(json.dumps(house.lists("den")[-1])) <= MOST_BYTES
    assert [one["due_in_seconds"] for one in house.lists("den")[-1][:2]] == [0.0, 1.0]


async def test_a_satellite_that_leaves_gets_nothing_more() -> None:
    house = House(den=True)
    house.held.set([alarm("a", "birds")])
    await until(lambda: bool(house.announced("den")))
    house.held.left("den")
    sent = len(house.sessions["den"].sounds.get(SOUND_ID, b""))
    await asyncio.sleep(0.2)
    assert len(house.sessions["den"].sounds.get(SOUND_ID, b"")) - sent <= 8192
    assert house.ends("den") == 0
