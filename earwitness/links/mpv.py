"""Music out of this machine's own loudspeaker, played by mpv: files of the music folder, and radio by its address.

Owns one mpv process and the way to it (its JSON IPC over a socket in a private folder). What is said to be playing is what mpv
reported. mpv reads no configuration, runs no scripts, asks no video sites, and learns only what is to be played.
"""

import asyncio
import contextlib
import itertools
import json
import random
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device
from earwitness.domain.intent import SlotValue
from earwitness.domain.music import Music, MusicKind
from earwitness.links.doing import is_done
from earwitness.links.in_time import within
from earwitness.links.lines import Lines
from earwitness.links.link_kind import Report
from earwitness.links.music_library import MusicLibrary, read_library
from earwitness.links.players import Players, Playing
from earwitness.links.together import together

WHAT: Final = "The player of this machine"
DEVICE_ID: Final = "mpv"
MOST_QUEUED: Final = 500
STARTING_SECONDS: Final = 10.0
READING_AGAIN_SECONDS: Final = 300.0
"""How often the folder is looked through for what is new."""
_OBSERVED: Final = ("idle-active", "core-idle", "pause", "volume", "mute", "media-title", "metadata")
_MIXED: Final = (MusicKind.ARTIST, MusicKind.GENRE, MusicKind.ALL)


class Mpv(Players):
    """A player with the music of `folder` and the radio `stations` (addresses by name). `title` is how people call it.

    `audio_device` is one of `mpv --audio-device=help`; `area` the room in which its loudspeaker stands.
    """

    def __init__(
        self,
        *,
        folder: Path | None,
        stations: Mapping[str, str],
        title: str = WHAT,
        area: str | None = None,
        audio_device: str = "auto",
    ) -> None:
        super().__init__(title)
        self._folder = folder
        self._stations = dict(stations)
        self._area = area
        self._audio_device = audio_device
        self._music = MusicLibrary()
        self._names = self._named(self._music)
        self._lines: Lines | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._known: dict[str, Any] = {}
        self._begun = 0
        """Number of the entry that mpv began last, as it counts them."""
        self._heard = 0
        """That of which sound came last."""
        self._failed = 0
        """That which it could not play."""

    def names(self) -> tuple[Music, ...]:
        """What there is to play."""
        return self._names

    async def run(self, report: Report) -> None:
        """Have mpv run until cancelled. Raises LinkError."""
        if self._folder is not None:
            await self._read_folder()
        with TemporaryDirectory(prefix="earwitness-mpv-") as private:
            async with self._process(Path(private) / "socket") as lines, together() as tasks:
                self._lines = lines
                try:
                    tasks.create_task(self._listen(lines))
                    tasks.create_task(self._look_for_new())
                    for number, name in enumerate(_OBSERVED, start=1):
                        await self._ask("observe_property", number, name)
                    self._seen()
                    report.works()
                    await asyncio.get_running_loop().create_future()
                finally:
                    self._let_go()

    async def check(self) -> None:
        """Raises LinkError."""
        await self._ask("get_property", "mpv-version")

    async def play(self, device_id: str, wanted: Music) -> Device:
        """Play that from its beginning, instead of what is playing; tracks of an artist or a genre in any order.

        Gives the player as it reports itself then. Raises LinkError: link.unknown_item when there is no such music.
        """
        self.reachable(device_id)
        places = self._places(wanted)
        if not places:
            raise LinkError(f"{self._title} has nothing of that.", code="link.unknown_item")
        begun = await self._ask("loadfile", places[0], "replace")
        if not isinstance(begun, dict) or not isinstance(entry := begun.get("playlist_entry_id"), int):
            raise LinkError("mpv is too old here; version 0.33 or later is needed.", code="link.not_installed")
        for place in places[1:]:
            await self._ask("loadfile", place, "append")
        await self._ask("set_property", "pause", False)
        return await self._until_heard(device_id, lambda number: number == entry)

    async def apply(
        self, device_id: str, *, state: str | None = None, attributes: Mapping[str, SlotValue] | None = None
    ) -> Device:
        """Play, pause, stop, or set the volume; gives the player as it reports itself. Raises LinkError."""
        self.reachable(device_id)
        wanted = dict(attributes or {})
        names = {"volume": "volume", "is_muted": "mute"}
        if unknown := wanted.keys() - names.keys():
            raise LinkError(f"{self._title} has no {min(unknown).replace('_', ' ')}.", code="link.refused")
        match state:
            case None:
                pass
            case "playing" | "on" | "paused":
                await self._ask("set_property", "pause", state == "paused")
            case "off" | "idle":
                await self._ask("stop")
            case _:
                raise LinkError(f"{self._title} cannot be {state}.", code="link.refused")
        for name, value in wanted.items():
            await self._ask("set_property", names[name], value)
        self._asked(device_id, state)
        self._seen()
        return await self.until(device_id, lambda device: is_done(device, state=state, attributes=wanted))

    async def skip(self, device_id: str, *, tracks: int) -> Device:
        """Go forward, or back when negative. Raises LinkError."""
        self.reachable(device_id)
        before = self._begun
        for _ in range(min(abs(tracks), 100)):
            await self._ask("playlist-next" if tracks > 0 else "playlist-prev", "weak")
        return await self._until_heard(device_id, lambda number: number != before)

    def _places(self, wanted: Music) -> list[str]:
        """Files or addresses, in the order in which they are to be heard."""
        if wanted.kind is MusicKind.STATION:
            return [self._stations[wanted.name]] if wanted.name in self._stations else []
        places = [str(track.file) for track in self._music.of(wanted)]
        if wanted.kind in _MIXED:
            random.shuffle(places)
        return places[:MOST_QUEUED]

    async def _until_heard(self, device_id: str, is_meant: Callable[[int], bool]) -> Device:
        """The player once sound of that entry comes out. Raises LinkError (link.failed) when mpv says that it cannot play it."""

        def has_failed() -> bool:
            return self._failed == self._begun and is_meant(self._failed)

        def is_over(now: Device) -> bool:
            return has_failed() or (self._heard == self._begun and is_meant(self._heard) and now.state == "playing")

        device = await self.until(device_id, is_over)
        if has_failed():
            raise LinkError(f"{self._title} could not play that.", code="link.failed")
        return device if is_over(device) else replace(device, state="buffering")

    @contextlib.asynccontextmanager
    async def _process(self, socket: Path) -> AsyncIterator[Lines]:
        program = shutil.which("mpv")
        if program is None:
            raise LinkError("mpv is not installed here; install the package mpv.", code="link.not_installed")
        options = ("--idle=yes", "--no-config", "--no-terminal", "--no-video", "--ytdl=no", "--load-scripts=no", "--volume=60")
        own = (f"--input-ipc-server={socket}", f"--audio-device={self._audio_device}", "--network-timeout=5")
        process = await asyncio.create_subprocess_exec(
            program, *options, *own, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            lines = await self._reached(socket, process)
            try:
                yield lines
            finally:
                lines.close()
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _reached(self, socket: Path, process: asyncio.subprocess.Process) -> Lines:
        try:
            async with asyncio.timeout(STARTING_SECONDS):
                while process.returncode is None:
                    with contextlib.suppress(LinkError):
                        return await Lines.open_local(socket, what=WHAT)
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pass
        raise LinkError("mpv does not start; run it by hand to see why.", code="link.unreachable")

    async def _listen(self, lines: Lines) -> None:
        """Take what mpv says, until it is gone. Raises LinkError."""
        while True:
            said = await lines.told()
            if said.get("event") == "property-change":
                self._known[str(said.get("name"))] = said.get("data")
                self._seen()
            elif said.get("event") in ("start-file", "playback-restart", "end-file"):
                self._went_on(said)
            elif (waiting := self._waiting.pop(said.get("request_id", 0), None)) is not None and not waiting.done():
                waiting.set_result(said)

    def _went_on(self, said: Mapping[str, Any]) -> None:
        """Note which entry began, is heard, or cannot be played."""
        number = said.get("playlist_entry_id")
        match said["event"]:
            case "start-file" if isinstance(number, int):
                self._begun = number
            case "playback-restart":
                self._heard = self._begun
            case "end-file" if isinstance(number, int) and said.get("reason") == "error":
                self._failed = number
        self._seen()

    async def _ask(self, *command: object) -> object:
        """Raises LinkError."""
        lines = self._lines
        if lines is None:
            raise LinkError(f"{self._title} cannot be reached now.", code="link.unreachable")
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await lines.say(json.dumps({"command": command, "request_id": number}))
            said = await within(answer, what=self._title)
        finally:
            self._waiting.pop(number, None)
        if said.get("error") != "success":
            raise LinkError(f"{self._title} refused that.", code="link.refused")
        return said.get("data")

    def _let_go(self) -> None:
        self._lines = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(LinkError(f"{self._title} broke off.", code="link.unreachable"))
        self._waiting.clear()
        self._known.clear()
        self._begun = self._heard = self._failed = 0
        self.lost()

    def _seen(self) -> None:
        known = self._known
        volume = known.get("volume")
        attributes: dict[str, SlotValue] = {"is_muted": known.get("mute") is True}
        if isinstance(volume, int | float):
            attributes["volume"] = round(volume)
        is_idle = known.get("idle-active", True) is True
        state = "idle" if is_idle else "paused" if known.get("pause") else "buffering" if known.get("core-idle") else "playing"
        playing = Playing() if is_idle else _playing(known)
        self.saw(self._player(DEVICE_ID, name=self._title, area=self._area, state=state, attributes=attributes, playing=playing))

    async def _look_for_new(self) -> None:
        while self._folder is not None:
            await asyncio.sleep(READING_AGAIN_SECONDS)
            await self._read_folder()

    async def _read_folder(self) -> None:
        folder = self._folder
        if folder is None:
            return
        try:
            self._music, self._names = await asyncio.to_thread(self._read, folder)
        except OSError as error:
            raise LinkError(
                "The music folder cannot be read; check its path and who may read it.", code="link.invalid"
            ) from error

    def _read(self, folder: Path) -> tuple[MusicLibrary, tuple[Music, ...]]:
        music = read_library(folder, known=self._music)
        return music, self._named(music)

    def _named(self, music: MusicLibrary) -> tuple[Music, ...]:
        return (*music.names(), *(Music(kind=MusicKind.STATION, name=name) for name in self._stations))


def _playing(known: Mapping[str, Any]) -> Playing:
    """What is playing, as the file or the station says."""
    given = known.get("metadata")
    tags = {str(name).casefold(): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
    title = tags.get("title") or tags.get("icy-title") or str(known.get("media-title") or "")
    return Playing(title, tags.get("artist", ""), tags.get("album", ""))


def stations_of(lines: Sequence[str]) -> dict[str, str]:
    """Radio stations from lines "Name = https://…". Raises LinkError (link.invalid)."""
    found: dict[str, str] = {}
    for line in lines:
        name, separator, address = (part.strip() for part in line.partition("="))
        if not separator or not name or not address.startswith(("https://", "http://")):
            raise LinkError(f'"{line[:60]}" is no station; write: Name = https://…', code="link.invalid")
        found[name] = address
    return found
