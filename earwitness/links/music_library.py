"""Music in a folder of this machine: what its files say they are, and its playlists (.m3u). It only reads.

Nothing outside the folder is read or named, whatever a playlist or a symbolic link says. Tags are read by tinytag (MIT).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tinytag import TinyTag, TinyTagException

from earwitness.domain.music import Music, MusicKind

SOUNDS: Final = frozenset((".mp3", ".flac", ".ogg", ".oga", ".opus", ".wav", ".m4a", ".aiff", ".aif"))
PLAYLISTS: Final = frozenset((".m3u", ".m3u8"))
MOST_FILES: Final = 100_000
MOST_PLAYLIST_BYTES: Final = 1024 * 1024
LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One file and what it says of itself; the title is the file's name where it says nothing."""

    file: Path
    title: str
    artist: str = ""
    album: str = ""
    album_artist: str = ""
    genre: str = ""
    number: int = 0
    """Where it stands in its album."""
    seconds: float = 0.0
    changed_ns: int = 0
    """When the file was last changed."""


@dataclass(frozen=True, slots=True)
class MusicLibrary:
    """What was found in a folder, in the order of albums and tracks."""

    tracks: tuple[Track, ...] = ()
    playlists: tuple[tuple[str, tuple[Track, ...]], ...] = ()

    def names(self) -> tuple[Music, ...]:
        """All that can be asked for."""
        found: dict[Music, None] = {}
        for name, _ in self.playlists:
            found[Music(kind=MusicKind.PLAYLIST, name=name)] = None
        for one in self.tracks:
            found[Music(kind=MusicKind.TRACK, name=one.title, by=one.artist)] = None
            if one.artist:
                found[Music(kind=MusicKind.ARTIST, name=one.artist)] = None
            if one.album:
                found[Music(kind=MusicKind.ALBUM, name=one.album, by=one.album_artist or one.artist)] = None
            if one.genre:
                found[Music(kind=MusicKind.GENRE, name=one.genre)] = None
        return tuple(found)

    def of(self, wanted: Music) -> tuple[Track, ...]:
        """The tracks that are meant, in order; none if there is no such music."""
        match wanted.kind:
            case MusicKind.PLAYLIST:
                return next((tracks for name, tracks in self.playlists if name == wanted.name), ())
            case MusicKind.STATION:
                return ()
            case _:
                return tuple(one for one in self.tracks if _is(one, wanted))


def read_library(folder: Path, *, known: MusicLibrary | None = None) -> MusicLibrary:
    """Read every file's tags, but for those that are `known` and unchanged. Takes seconds for thousands of new files.

    What cannot be read is left out. Raises OSError when the folder itself cannot be.
    """
    top = folder.resolve(strict=True)
    before = {(one.file, one.changed_ns): one for one in known.tracks} if known is not None else {}
    files = _files(top)
    found = (_track(file, before) for file in files if file.suffix.casefold() in SOUNDS)
    tracks = sorted((one for one in found if one is not None), key=_place)
    by_file = {one.file: one for one in tracks}
    lists = ((file.stem[:LONGEST_NAME], _listed(file, by_file)) for file in files if file.suffix.casefold() in PLAYLISTS)
    return MusicLibrary(tuple(tracks), tuple((name, listed) for name, listed in lists if listed))


def _files(top: Path) -> list[Path]:
    """Music and playlists in a folder, those in folders below too; nothing that a link leads out of it."""
    found = []
    for place, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            file = Path(place, name)
            if file.suffix.casefold() in SOUNDS | PLAYLISTS and file.resolve().is_relative_to(top):
                found.append(file)
                if len(found) == MOST_FILES:
                    return found
    return found


def _track(file: Path, known: Mapping[tuple[Path, int], Track]) -> Track | None:
    """None for a file that is gone, or that cannot be read as sound."""
    try:
        changed_ns = file.stat().st_mtime_ns
        if (same := known.get((file, changed_ns))) is not None:
            return same
        tags = TinyTag.get(file)
    except (OSError, TinyTagException, ValueError, LookupError):
        return None
    return Track(
        file=file,
        changed_ns=changed_ns,
        title=_plain(tags.title) or _plain(file.stem),
        artist=_plain(tags.artist),
        album=_plain(tags.album),
        album_artist=_plain(tags.albumartist),
        genre=_plain(tags.genre),
        number=(tags.disc or 0) * 1000 + (tags.track or 0),
        seconds=tags.duration or 0.0,
    )


def _plain(tag: str | None) -> str:
    """A tag as one line that can be said and shown."""
    return " ".join("".join(c if c.isprintable() else " " for c in (tag or "")).split())[:LONGEST_NAME]


def _place(one: Track) -> tuple[str, str, int, str]:
    return one.album_artist or one.artist, one.album, one.number, str(one.file)


def _listed(playlist: Path, by_file: Mapping[Path, Track]) -> tuple[Track, ...]:
    """The tracks of a playlist that are in the folder."""
    try:
        with playlist.open("rb") as opened:
            text = opened.read(MOST_PLAYLIST_BYTES).decode("utf-8-sig", errors="replace")
    except OSError:
        return ()
    lines = (line.strip() for line in text.splitlines())
    named = (by_file.get(Path(os.path.normpath(playlist.parent / line))) for line in lines if line and not line.startswith("#"))
    return tuple(one for one in named if one is not None)


def _is(one: Track, wanted: Music) -> bool:
    match wanted.kind:
        case MusicKind.ALL:
            return True
        case MusicKind.TRACK:
            return one.title == wanted.name and wanted.by in ("", one.artist)
        case MusicKind.ALBUM:
            return one.album == wanted.name and wanted.by in ("", one.album_artist or one.artist)
        case MusicKind.ARTIST:
            return wanted.name in (one.artist, one.album_artist)
        case _:
            return one.genre == wanted.name
