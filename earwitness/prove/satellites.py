"""Guarantees 1 and 2 on a satellite: the bytes that leave a real one, over real TLS, for what is said in its room.

The satellite is the one that `earwitness satellite` runs, with its own wake word detector, ear, microphone, speaker and link;
only PortAudio below them is a room that a recording is heard in. The server is not trusted: it asks for what it must not get.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from earwitness.build import House
from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.people.devices import new_device_id
from earwitness.prove.evidence import NotProvedError, require
from earwitness.prove.room import Room
from earwitness.prove.spoken import spoken
from earwitness.prove.wire import PATIENCE_SECONDS, Said, Wire, by_the_rules, not_waiting_for_the_cue, wire, without_cue
from earwitness.satellite.box import Box
from earwitness.satellite.satellite import Satellite
from earwitness.satellite.server_link import Address
from earwitness.trust.tls import device_server_context

COMMAND: Final = "Turn on the bedroom light."
PACES: Final = (4.0, 1.0)
"""How many seconds of the room pass in one; the wake word's models take about a tenth of real time."""
MOST_IDLE_BYTES: Final = 2000
"""What the link itself may take, heartbeats and all, while a recording is heard: less than a tenth of a second of sound."""
TEMPTATIONS: Final[tuple[Said, ...]] = (
    ("state", {"state": "listening", "muted": False, "capture": True}),
    ("cue", {"cue": "start"}),
    ("capture", {"open": True}),
    ("intercom", {"state": "open", "peer": "Hall"}),
)
"""What a server can say to have sound sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A satellite in its room, connected."""

    satellite: Satellite
    room: Room
    wire: Wire

    def figure(self, name: str) -> int:
        """A figure of the satellite's own status."""
        value = self.satellite.status()[name]
        assert isinstance(value, int)
        return value


def nothing_leaves_a_satellite(house: House) -> tuple[str, ...]:
    """Guarantee 1: no byte of sound leaves before the wake word, none before the server's cue, and none while muted."""
    word = house.settings.wake.words[0]
    without, called = spoken(house, COMMAND), _brief(spoken(house, f"{word.title()}.", COMMAND))

    async def trial(here: Placed) -> tuple[str, ...]:
        return (await _before(here, without, word=word), *await _woken(here, called, word=word), await _muted(here, called))

    return asyncio.run(_tried(house, trial))


def no_cue_no_sound_from_a_satellite(house: House) -> tuple[str, ...]:
    """Guarantee 2: the cue is out before the first byte of sound; a server that asks without it, or before it, gets none."""
    called = _brief(spoken(house, f"{house.settings.wake.words[0].title()}.", COMMAND))
    return asyncio.run(_tried(house, lambda here: _cueing(here, called)))


async def _tried(house: House, trial: Callable[[Placed], Awaitable[tuple[str, ...]]]) -> tuple[str, ...]:
    """What a trial saw: faster than real time, and again in real time on a machine that is too busy for that."""
    for pace in PACES:
        async with _placed(house, pace=pace) as here:
            try:
                return await trial(here)
            except (NotProvedError, TimeoutError):
                if pace == PACES[-1] or not here.figure("chunks_dropped"):
                    raise
    raise AssertionError("there is a last pace")


async def _before(here: Placed, without: Pcm, *, word: str) -> str:
    mark, sent, read = len(here.wire.noted), here.wire.sent_bytes, here.figure("samples_read")
    await here.room.say(without)
    heard = (here.figure("samples_read") - read) / RATE_HZ
    left = here.wire.sent_bytes - sent
    is_whole = heard >= without.seconds and here.figure("chunks_dropped") == 0
    require(is_whole, "The satellite did not hear all that was said, so the trial shows nothing.")
    require(here.wire.sound_bytes(mark) == 0, f"{here.wire.sound_bytes(mark)} bytes of sound left without the wake word.")
    require(left < MOST_IDLE_BYTES, f"{left} bytes left the satellite without the wake word.")
    return f"a satellite over TLS: {heard:.1f} s of speech without “{word}”: 0 bytes of sound left, {left} bytes in all"


async def _woken(here: Placed, called: Pcm, *, word: str) -> tuple[str, ...]:
    mark = len(here.wire.noted)
    await here.room.say(called)
    await here.wire.until_said("wake", after=mark)
    require(here.wire.sound_bytes(mark) == 0, "Sound left with the wake word, before the server had answered.")
    await here.wire.tell(("wake_lost", {}))
    here.wire.manner, mark = by_the_rules, len(here.wire.noted)
    await here.room.say(called)
    await here.wire.until(lambda: here.wire.sound_bytes(mark) > 0)
    await _end_capture(here)
    return (
        f"with “{word}”: told to the server, and 0 bytes of sound until it answers with the cue",
        f"cued, the same command arrived as {here.wire.sound_bytes(mark)} bytes of sound: they would have been seen",
    )


async def _muted(here: Placed, called: Pcm) -> str:
    mark = len(here.wire.noted)
    saying = asyncio.create_task(here.room.say(called))
    await here.wire.until(lambda: here.wire.sound_bytes(mark) > 0)
    here.satellite.mute()
    frames, read = here.figure("sound_frames_sent"), here.figure("samples_read")
    await here.wire.until(lambda: any(_is_muted(here, at) for at in range(mark, len(here.wire.noted))))
    mark = next(at for at in range(mark, len(here.wire.noted)) if _is_muted(here, at))
    await saying
    sent = here.wire.sent_bytes
    await here.wire.tell(*TEMPTATIONS)
    await here.room.say(called)
    await here.wire.tell(*TEMPTATIONS)
    left, more = here.wire.sent_bytes - sent, here.figure("sound_frames_sent") - frames
    require(more == 0 and here.wire.sound_bytes(mark) == 0, f"{max(more, 1)} pieces of sound left while muted.")
    require(left < MOST_IDLE_BYTES, f"{left} bytes left the satellite while muted.")
    require(here.figure("samples_read") == read, "The microphone was read while muted.")
    require(not any(one.kind == "wake" for one in here.wire.since(mark)), "A muted satellite heard its wake word.")
    return (
        f"muted in mid-sentence and spoken to for {called.seconds:.1f} s, the server asking for sound: "
        f"0 samples read, 0 bytes of sound left, {left} bytes in all"
    )


async def _cueing(here: Placed, called: Pcm) -> tuple[str, ...]:
    here.wire.manner = by_the_rules
    await here.room.say(called)
    await here.wire.until(lambda: here.wire.sound_bytes() > 0)
    require(here.room.played_at > 0, "Sound left, and no cue was played.")
    early = 1000 * (here.satellite.link.first_sound_at - here.room.played_at)
    require(early >= 0, f"The first sound left {-early:.0f} ms before the cue was played.")
    await _end_capture(here)
    here.wire.manner = without_cue
    first = await _refused(here, called, what="asked for sound without a cue")
    here.wire.manner, here.room.plays = not_waiting_for_the_cue, False
    second = await _refused(here, called, what="asked for a cue that the speaker did not play, and for sound")
    return (f"a satellite over TLS: the cue began to play {early:.1f} ms before the first byte of sound left", first, second)


async def _refused(here: Placed, called: Pcm, *, what: str) -> str:
    """A server that oversteps gets nothing, and the satellite hangs up."""
    await here.wire.until(lambda: here.satellite.state.link.value == "up")
    mark, endings = len(here.wire.noted), here.wire.endings
    saying = asyncio.create_task(here.room.say(called))
    await here.wire.until_said("wake", after=mark)
    await here.wire.until(lambda: here.wire.endings > endings or here.wire.sound_bytes(mark) > 0)
    await saying
    require(here.wire.sound_bytes(mark) == 0, f"{here.wire.sound_bytes(mark)} bytes of sound left: the server {what}.")
    return f"a server that {what}: 0 bytes of sound left, and the satellite hung up"


async def _end_capture(here: Placed) -> None:
    """End a capture; what was on its way has arrived when this returns, for what the stop key says comes after it."""
    await here.wire.tell(("capture", {"open": False}), ("state", {"state": "asleep", "muted": False, "capture": False}))
    await _poll(lambda: here.satellite.state.word == "asleep")
    mark = len(here.wire.noted)
    here.satellite.stop()
    await here.wire.until_said("stop", after=mark)


def _is_muted(here: Placed, at: int) -> bool:
    """Whether with this message the satellite says that it is muted: by itself, or in the hello of a session begun anew."""
    one = here.wire.noted[at]
    return (one.kind == "mute" and one.fields.get("on") is True) or (one.kind == "hello" and one.fields.get("muted") is True)


def _brief(sound: Pcm) -> Pcm:
    """Half a second of the silence at its end will do."""
    return replace(sound, data=sound.data[: len(sound.data) - int(2.5 * RATE_HZ) * SAMPLE_BYTES])


@contextlib.asynccontextmanager
async def _placed(house: House, *, pace: float) -> AsyncIterator[Placed]:
    """A paired satellite with the usual settings, put together as for a machine of its own, until the block ends."""
    settings = house.settings.model_copy(update={"satellite": type(house.settings.satellite)()})
    certificate, key = house.authority.server_files(("127.0.0.1",))
    tls = device_server_context(certificate, key, household_pem=house.authority.certificate_pem)
    with TemporaryDirectory() as folder, contextlib.closing(Room(pace=pace)) as room:
        async with wire(tls) as there:
            box = Box(settings, Path(folder), store=house.store, card=room)
            box.mute().begin()
            identity = box.identity()
            made = house.authority.device_certificate(identity.public_key, device_id=new_device_id())
            identity.join(made.pem, household=house.authority.certificate_pem)
            address = Address(host="127.0.0.1", port=there.port)
            satellite = box.satellite(address, identity=identity, tell=_unsaid, tell_said=_unsaid, print_state=_unsaid)
            running = asyncio.create_task(satellite.run())
            here = Placed(satellite=satellite, room=room, wire=there)
            try:
                await _poll(lambda: running.done() or _is_ready(satellite))
                yield here
            finally:
                satellite.quit()
                await asyncio.gather(running, return_exceptions=True)


def _is_ready(satellite: Satellite) -> bool:
    status = satellite.status()
    return satellite.hearing.is_ready and status["link"] == "up" and bool(status["is_microphone_open"])


def _unsaid(text: str) -> None:
    """Nobody is there to read it."""


async def _poll(is_so: Callable[[], bool]) -> None:
    """Until something is so of which nobody tells. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110  (what is awaited has no event)
            await asyncio.sleep(0.005)
