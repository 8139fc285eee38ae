"""The satellites as players of the household's own music: one device of the home each, and the folder that they play from.

It reads the folder, knows which satellites there are, and passes on what each is asked for and reports. It keeps nothing of what
was played.
"""

import asyncio
import contextlib
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from earwitness.domain.errors import EarwitnessError, LinkError
from earwitness.domain.home import Device, Home
from earwitness.domain.intent import SlotValue
from earwitness.domain.music import Music, MusicKind
from earwitness.domain.satellite import Station
from earwitness.links.doing import is_done
from earwitness.links.music_library import MusicLibrary, Track, read_library
from earwitness.links.players import Players, Playing
from earwitness.protocol.session_messages import MusicReport
from earwitness.server.ports import Reached
from earwitness.server.satellite_player import Place, SatellitePlayer, place_of
from earwitness.speech.music_file import ENDINGS
from earwitness.telemetry import log

TITLE: Final = "The satellites"
MOST_QUEUED: Final = 500
READING_AGAIN_SECONDS: Final = 300.0
LOST: Final = "The music stopped because the connection was lost."
LOST_APART_SECONDS: Final = 30.0
"""A satellite that says so again before that is not listened to."""
DECODERS: Final = 2
DECODER_NICENESS: Final = 10
"""Decoding makes way for every turn; it has seconds of lead."""
_MIXED: Final = (MusicKind.ARTIST, MusicKind.GENRE, MusicKind.ALL)
_logger = logging.getLogger(__name__)


class SatelliteMusic(Players):
    """Plays the music in `folder`. `paired` gives all satellites of the household, connected or not, and may block; `say` speaks
    a sentence at one. Satisfies server.satellites.MusicDesk."""

    def __init__(
        self,
        folder: Path,
        *,
        paired: Callable[[], Sequence[Station]],
        say: Callable[[str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(TITLE)
        self._folder = folder
        self._paired = paired
        self._say = say
        self._clock = clock
        self._library = MusicLibrary()
        self._known_names: tuple[Music, ...] = ()
        self._stations: dict[str, Station] = {}
        self._lost_at: dict[str, float] = {}
        self._seats: dict[str, SatellitePlayer] = {}
        self._decoding = ThreadPoolExecutor(DECODERS, thread_name_prefix="music", initializer=_step_back)
        self._look = asyncio.Event()

    async def run(self) -> None:
        """Know the folder and the satellites until cancelled; then all music ends."""
        loop = asyncio.get_running_loop()
        read_at = -READING_AGAIN_SECONDS
        try:
            while True:
                self._look.clear()
                with contextlib.suppress(EarwitnessError):
                    stations = await asyncio.to_thread(self._paired)
                    self._know(stations)
                if loop.time() - read_at >= READING_AGAIN_SECONDS:
                    read_at = loop.time()
                    await self._read_folder()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(READING_AGAIN_SECONDS):
                        await self._look.wait()
        finally:
            for player in self._seats.values():
                player.stop()
            self._decoding.shutdown(wait=False, cancel_futures=True)

    def look(self) -> None:
        """Satellites were paired, renamed or moved; on the event loop."""
        self._look.set()

    # What a home is asked

    def snapshot(self) -> Home:
        """Nothing outside is needed for them, so none is named."""
        return replace(super().snapshot(), sources=())

    def names(self) -> tuple[Music, ...]:
        """What there is to play."""
        return self._known_names

    async def play(self, device_id: str, wanted: Music) -> Device:
        """Play that from its beginning, instead of what is playing; tracks of an artist or a genre in any order.

        Gives the player once the device has reported that the first sample is out. Raises LinkError: link.unknown_item,
        link.unreachable, link.refused for a device whose program is too old, link.failed when it did not start.
        """
        tracks = list(self._library.of(wanted))
        if wanted.kind in _MIXED:
            random.shuffle(tracks)
        if not tracks:
            raise LinkError("There is nothing of that.", code="link.unknown_item")
        return await self._begin(device_id, place_of(tracks[:MOST_QUEUED]))

    async def move(self, from_id: str, to_id: str) -> Device:
        """Go on at another satellite with what plays at one, which stops once the other is heard. Raises LinkError."""
        here = self._reached(from_id)
        place = here.place
        if place is None:
            raise LinkError("Nothing is playing there.", code="link.refused")
        if from_id == to_id:
            return self.device(from_id)
        device = await self._begin(to_id, place)
        here.stop()
        return device

    async def apply(
        self, device_id: str, *, state: str | None = None, attributes: Mapping[str, SlotValue] | None = None
    ) -> Device:
        """Play on, pause, stop, or set the volume; gives the player as the device reports it. Raises LinkError."""
        player, wanted = self._reached(device_id), dict(attributes or {})
        if unknown := wanted.keys() - {"volume"}:
            raise LinkError(f"It has no {min(unknown).replace('_', ' ')}.", code="link.refused")
        match state:
            case None:
                pass
            case "paused" | "playing" | "on":
                if player.place is None and state != "on":
                    raise LinkError("Nothing is playing there.", code="link.refused")
                player.pause(state == "paused")
            case "off" | "idle":
                player.stop()
            case _:
                raise LinkError(f"It cannot be {state}.", code="link.refused")
        volume = wanted.get("volume")
        if isinstance(volume, int | float):
            player.set_volume(round(min(100.0, max(0.0, volume))))
        self._asked(device_id, state)
        self._show()
        return await self.until(device_id, lambda device: is_done(device, state=state, attributes=wanted))

    async def skip(self, device_id: str, *, tracks: int) -> Device:
        """Go forward, or back when negative. Raises LinkError."""
        player = self._reached(device_id)
        heard = player.heard
        if not player.skip(tracks):
            raise LinkError("There is no other piece there.", code="link.refused")
        return await self._until_heard(device_id, player, after=heard)

    def hush(self, satellite_id: str) -> None:
        """Stop what plays at a satellite, whatever it is."""
        player = self._seats.get(satellite_id)
        if player is not None and player.state != "idle":
            player.stop()

    async def _begin(self, device_id: str, place: Place) -> Device:
        player = self._reached(device_id)
        if player.session is None or not player.session.has_music:
            raise LinkError(f"{self._called(device_id)} runs an older version, which plays no music.", code="link.refused")
        heard = player.heard
        player.play(place)
        return await self._until_heard(device_id, player, after=heard)

    async def _until_heard(self, device_id: str, player: SatellitePlayer, *, after: int) -> Device:
        """The player once the device has begun a track; what does not begin in time is stopped. Raises LinkError."""
        device = await self.until(device_id, lambda now: player.heard > after or player.has_failed or not now.is_reachable)
        if player.heard > after:
            return self.device(device_id)
        has_failed = player.has_failed
        player.stop()
        why = "cannot play that: no such file can be read." if has_failed else "did not start playing."
        raise LinkError(f"{self._called(device_id)} {why if device.is_reachable else 'went away.'}", code="link.failed")

    def _reached(self, device_id: str) -> SatellitePlayer:
        """Raises LinkError: link.unknown_device, link.unreachable."""
        called = self._called(device_id)
        player = self._seats.get(device_id)
        if player is None or player.session is None:
            raise LinkError(f"{called} cannot be reached now.", code="link.unreachable")
        return player

    def _called(self, device_id: str) -> str:
        name = self.device(device_id).name
        return f"The {name[:1].lower()}{name[1:]}"

    # What satellites do (MusicDesk)

    def joined(self, station: Station, session: Reached) -> None:
        """A satellite's session has begun."""
        self._stations[station.device_id] = station
        self._seat(station.device_id).joined(session)

    def left(self, device_id: str) -> None:
        """A satellite went away; what it was to play is forgotten."""
        if (player := self._seats.get(device_id)) is not None:
            player.left()

    def moved(self, station: Station) -> None:
        """A satellite was renamed or stands elsewhere."""
        self._stations[station.device_id] = station
        self._show()

    def reported(self, device_id: str, report: MusicReport) -> None:
        """A satellite says how it stands with its music."""
        if report.state == "lost":
            now = self._clock()
            if now - self._lost_at.get(device_id, -LOST_APART_SECONDS) >= LOST_APART_SECONDS:
                self._lost_at[device_id] = now
                self._say(device_id, LOST)
        elif (player := self._seats.get(device_id)) is not None:
            player.reported(report)

    def _know(self, stations: Sequence[Station]) -> None:
        paired = {one.device_id: one for one in stations}
        for gone in self._stations.keys() - paired.keys():
            self.left(gone)
            self._seats.pop(gone, None)
        self._stations = paired
        for device_id in paired:
            self._seat(device_id)
        self._show()

    def _seat(self, device_id: str) -> SatellitePlayer:
        if device_id not in self._seats:
            self._seats[device_id] = SatellitePlayer(changed=self._show, decoding=self._decoding, clock=self._clock)
        return self._seats[device_id]

    def _show(self) -> None:
        """Tell the home how all of them are."""
        stations = tuple(self._stations.values())
        self.saw(*(self._shown(one, stations) for one in stations))

    def _shown(self, station: Station, stations: Sequence[Station]) -> Device:
        player = self._seat(station.device_id)
        track = player.track
        shown = self._player(
            station.device_id,
            name=_name(station, stations),
            area=station.area,
            state=player.state,
            attributes={"volume": player.volume},
            playing=Playing(track.title, track.artist, track.album) if track is not None else Playing(),
        )
        return replace(shown, is_reachable=player.session is not None)

    async def _read_folder(self) -> None:
        try:
            self._library = await asyncio.to_thread(_read, self._folder, self._library)
        except OSError as error:
            log(_logger, "music folder not read", level=logging.WARNING, error_type=type(error).__name__)
            return
        self._known_names = await asyncio.to_thread(self._library.names)


def _read(folder: Path, known: MusicLibrary) -> MusicLibrary:
    """What of a folder can be decoded here."""
    found = read_library(folder, known=known)
    lists = ((name, tuple(one for one in tracks if _is_playable(one))) for name, tracks in found.playlists)
    return MusicLibrary(tuple(filter(_is_playable, found.tracks)), tuple((name, tracks) for name, tracks in lists if tracks))


def _is_playable(track: Track) -> bool:
    return track.file.suffix.casefold() in ENDINGS


def _name(station: Station, stations: Sequence[Station]) -> str:
    """After its room, if it is the only one there; else after itself."""
    area = station.area
    is_alone = area is not None and sum(one.area is not None and one.area.casefold() == area.casefold() for one in stations) == 1
    return f"{area if is_alone else station.name} speaker"


def _step_back() -> None:
    """Run this thread behind all others (Linux: a thread has a niceness of its own)."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), DECODER_NICENESS)
