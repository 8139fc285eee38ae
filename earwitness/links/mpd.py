"""A Music Player Daemon: what it has, what it plays, and playing it (MPD protocol 0.21 and later).

Owns two connections, one for commands and one that waits for changes; the server is not trusted: answers are bounded. What is
said to be done is what the server reported afterwards. The protocol has no encryption.

The library python-mpd2 is not used: it reads answers without bound, and is under the LGPL.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Final

from earwitness.domain.errors import LinkError
from earwitness.domain.home import Device
from earwitness.domain.intent import SlotValue
from earwitness.domain.music import Music, MusicKind
from earwitness.links.doing import is_done
from earwitness.links.in_time import within
from earwitness.links.lines import Lines
from earwitness.links.link_kind import Report
from earwitness.links.players import Players, Playing

WHAT: Final = "The music player"
MOST_PAIRS: Final = 200_000
"""Lines of one answer."""
MOST_NAMES: Final = 100_000
ANSWER_SECONDS: Final = 10.0
"""How long one answer may take; MPD reads its library from the disk at first."""
DEVICE_ID: Final = "mpd"
_STATES: Final = {"play": "playing", "pause": "paused", "stop": "idle"}
_WRONG_PASSWORD: Final = 3
_NOT_PERMITTED: Final = 4
_NO_SUCH: Final = 50
_SAID: Final = frozenset({"link.failed", "link.secret", "link.unknown_item", "link.invalid"})
"""Codes of errors that leave the connection as it was: the server's own refusals, and what was never sent."""

Pairs = Sequence[tuple[str, str]]


class Talk:
    """One connection: commands out, pairs in."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    @classmethod
    async def opened(cls, host: str, port: int, *, password: str) -> "Talk":
        """Connect and sign in. Raises LinkError."""
        lines = await Lines.open(host, port, what=WHAT)
        talk = cls(lines)
        try:
            async with _in_time():
                greeting = await lines.line()
                if not greeting.startswith("OK MPD "):
                    raise LinkError(f"{WHAT} does not answer as MPD does; check its address.", code="link.nonsense")
            if password:
                await talk.ask("password", password)
        except BaseException:
            lines.close()
            raise
        return talk

    async def ask(self, command: str, *arguments: str, waits: bool = False) -> Pairs:
        """What it answers, in order; a question that `waits` may take for ever.

        Raises LinkError: link.secret, link.failed, link.unknown_item, link.slow, link.unreachable, link.nonsense,
        link.too_large.
        """
        await self._lines.say(" ".join((command, *map(_quoted, arguments))))
        if waits:
            return await self._answer()
        async with _in_time():
            return await self._answer()

    async def _answer(self) -> Pairs:
        pairs: list[tuple[str, str]] = []
        while (line := await self._lines.line()) != "OK":
            if line.startswith("ACK "):
                raise _refused(line)
            name, separator, value = line.partition(": ")
            if not separator:
                raise LinkError(f"{WHAT} sent what is no answer.", code="link.nonsense")
            pairs.append((name, value))
            if len(pairs) % 500 == 0:
                await asyncio.sleep(0)  # what is buffered is read without waiting: let others have their turn
            if len(pairs) > MOST_PAIRS:
                raise LinkError(f"{WHAT} has more than can be read.", code="link.too_large")
        return pairs

    def close(self) -> None:
        self._lines.close()


class Mpd(Players):
    """A music player at `host`, standing in `area` if it is given. `title` is how people call it."""

    def __init__(self, host: str, *, port: int = 6600, password: str = "", title: str = WHAT, area: str | None = None) -> None:
        super().__init__(title)
        self._host = host
        self._port = port
        self._password = password
        self._area = area
        self._talk: Talk | None = None
        self._waiting: Talk | None = None
        self._turn = asyncio.Lock()
        self._volume_before = 50
        self._is_muted = False
        self._names: tuple[Music, ...] = ()

    def names(self) -> tuple[Music, ...]:
        """What it has, as it last said."""
        return self._names

    async def run(self, report: Report) -> None:
        """Stay connected until cancelled. Raises LinkError."""
        talk = await Talk.opened(self._host, self._port, password=self._password)
        try:
            waiting = await Talk.opened(self._host, self._port, password=self._password)
            try:
                self._talk, self._waiting = talk, waiting
                await self._read_names()
                await self._look()
                report.works()
                while True:
                    changed = {value for name, value in await waiting.ask("idle", waits=True) if name == "changed"}
                    if changed & {"database", "stored_playlist"}:
                        await self._read_names()
                    await self._look()
            finally:
                waiting.close()
        finally:
            talk.close()
            self._talk = self._waiting = None
            self.lost()

    async def check(self) -> None:
        """Raises LinkError."""
        await self._ask("ping")

    async def play(self, device_id: str, wanted: Music) -> Device:
        """Play that from its beginning, instead of what is playing; tracks of an artist or a genre in any order.

        Gives the player as it reports itself then. Raises LinkError: link.unknown_item when there is no such music.
        """
        self.reachable(device_id)
        await self._ask("clear")
        match wanted.kind:
            case MusicKind.PLAYLIST:
                await self._ask("load", wanted.name)
            case MusicKind.ALL:
                await self._ask("add", "/")
            case _:
                await self._ask("findadd", wanted.kind.value.replace("track", "title"), wanted.name, *_by(wanted))
        is_mixed = wanted.kind in (MusicKind.ARTIST, MusicKind.GENRE, MusicKind.ALL)
        await self._ask("random", "0")
        if is_mixed:
            await self._ask("shuffle")
        if dict(await self._ask("status")).get("playlistlength", "0") == "0":
            raise LinkError(f"{self._title} has nothing of that.", code="link.unknown_item")
        await self._ask("play", "0")
        await self._look()
        return await self.until(device_id, lambda device: device.state == "playing" and "media_title" in device.attributes)

    async def apply(
        self, device_id: str, *, state: str | None = None, attributes: Mapping[str, SlotValue] | None = None
    ) -> Device:
        """Play, pause, stop, or set the volume; gives the player as it reports itself. Raises LinkError."""
        self.reachable(device_id)
        wanted = dict(attributes or {})
        if unknown := wanted.keys() - {"volume", "is_muted"}:
            raise LinkError(f"{self._title} has no {min(unknown).replace('_', ' ')}.", code="link.refused")
        if state is not None:
            await self._set_state(state)
            self._asked(device_id, state)
        if (muted := wanted.get("is_muted")) is not None:
            await self._set_muted(is_muted=bool(muted))
        if (volume := wanted.get("volume")) is not None:
            self._is_muted = False
            await self._ask("setvol", str(round(float(volume))))
        await self._look()
        return await self.until(device_id, lambda device: is_done(device, state=state, attributes=wanted))

    async def skip(self, device_id: str, *, tracks: int) -> Device:
        """Go forward, or back when negative. Raises LinkError."""
        before = self.reachable(device_id)
        for _ in range(min(abs(tracks), 100)):
            await self._ask("next" if tracks > 0 else "previous")
        await self._look()
        return await self.until(device_id, lambda device: device.attributes != before.attributes and device.state == "playing")

    async def _set_state(self, state: str) -> None:
        match state:
            case "playing" | "on":
                now = dict(await self._ask("status"))
                await (self._ask("pause", "0") if now.get("state") == "pause" else self._ask("play"))
            case "paused":
                await self._ask("pause", "1")
            case "off" | "idle":
                await self._ask("stop")
            case _:
                raise LinkError(f"{self._title} cannot be {state}.", code="link.refused")

    async def _set_muted(self, *, is_muted: bool) -> None:
        """MPD has no mute of its own: the volume is 0 until it is told otherwise."""
        now = _number(dict(await self._ask("status")).get("volume"))
        if is_muted and now:
            self._volume_before = now
        self._is_muted = is_muted
        await self._ask("setvol", "0" if is_muted else str(self._volume_before))

    async def _ask(self, command: str, *arguments: str) -> Pairs:
        """What it answers. Where an answer was not read to its end, the next would be taken for it: then both connections end."""
        async with self._turn:
            talk = self._talk
            if talk is None:
                raise LinkError(f"{self._title} cannot be reached now.", code="link.unreachable")
            is_read = False
            try:
                answer = await within(talk.ask(command, *arguments), what=self._title, seconds=ANSWER_SECONDS)
                is_read = True
            except LinkError as error:
                is_read = error.code in _SAID
                raise
            finally:
                if not is_read:
                    self._hang_up()
            return answer

    def _hang_up(self) -> None:
        """End both connections; whoever runs this connects anew."""
        for talk in (self._talk, self._waiting):
            if talk is not None:
                talk.close()
        self._talk = self._waiting = None

    async def _look(self) -> None:
        """Read how the player is, and tell whoever watches."""
        status = dict(await self._ask("status"))
        song = dict(await self._ask("currentsong"))
        attributes: dict[str, SlotValue] = {}
        if (volume := _number(status.get("volume"))) is not None:
            attributes |= {
                "volume": self._volume_before if self._is_muted else volume,
                "is_muted": self._is_muted and volume == 0,
            }
        state = _STATES.get(status.get("state", ""), "idle")
        playing = Playing(_title_of(song), song.get("Artist", ""), song.get("Album", ""))
        self.saw(self._player(DEVICE_ID, name=self._title, area=self._area, state=state, attributes=attributes, playing=playing))

    async def _read_names(self) -> None:
        tracks = _grouped(await self._ask("list", "title", "group", "artist"), kind=MusicKind.TRACK)
        albums = _grouped(await self._ask("list", "album", "group", "albumartist"), kind=MusicKind.ALBUM)
        found = [
            *(Music(kind=MusicKind.ARTIST, name=value) for value in _values(await self._ask("list", "artist"))),
            *albums,
            *tracks,
            *(Music(kind=MusicKind.GENRE, name=value) for value in _values(await self._ask("list", "genre"))),
            *(Music(kind=MusicKind.PLAYLIST, name=value) for value in await self._playlists()),
        ]
        self._names = tuple(dict.fromkeys(found[:MOST_NAMES]))

    async def _playlists(self) -> list[str]:
        """Its stored playlists; none where it may not store any."""
        try:
            pairs = await self._ask("listplaylists")
        except LinkError as error:
            if error.code != LinkError.code:
                raise
            return []
        return [value for name, value in pairs if name == "playlist" and value]


@contextlib.asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            yield
    except TimeoutError as error:
        raise LinkError(f"{WHAT} did not answer within {ANSWER_SECONDS:g} seconds.", code="link.slow") from error


def _quoted(argument: str) -> str:
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _refused(line: str) -> LinkError:
    """The error behind `ACK [code@index] {command} message`."""
    number = line.removeprefix("ACK [").partition("@")[0]
    code = int(number) if number.isdecimal() else 0
    if code in (_WRONG_PASSWORD, _NOT_PERMITTED):
        return LinkError(f"{WHAT} refuses the password; set it anew.", code="link.secret")
    if code == _NO_SUCH:
        return LinkError(f"{WHAT} has nothing of that.", code="link.unknown_item")
    return LinkError(f"{WHAT} refused that.")


def _by(wanted: Music) -> tuple[str, ...]:
    if not wanted.by:
        return ()
    return ("albumartist" if wanted.kind is MusicKind.ALBUM else "artist", wanted.by)


def _number(value: str | None) -> int | None:
    """A volume; None where there is no mixer (-1 before version 0.20)."""
    return int(value) if value is not None and value.isdecimal() else None


def _title_of(song: Mapping[str, str]) -> str:
    """A track's title, a station's name, or what its file is called."""
    return song.get("Title") or song.get("Name") or song.get("file", "").rpartition("/")[2]


def _values(pairs: Pairs) -> Iterable[str]:
    return (value for _, value in pairs if value)


def _grouped(pairs: Pairs, *, kind: MusicKind) -> Iterable[Music]:
    """Names under whom they are by: MPD says the artist once, then all that is hers."""
    own = {MusicKind.TRACK: "title", MusicKind.ALBUM: "album"}[kind]
    by = ""
    for name, value in pairs:
        if name.casefold() == own:
            if value:
                yield Music(kind=kind, name=value, by=by)
        else:
            by = value
