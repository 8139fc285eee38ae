"""Music that can be asked for by name. No I/O; links say what there is."""

from dataclasses import dataclass
from enum import StrEnum


class MusicKind(StrEnum):
    """What a name stands for, in Home Assistant's words (`media_class`) where it has one."""

    TRACK = "track"
    ALBUM = "album"
    ARTIST = "artist"
    GENRE = "genre"
    PLAYLIST = "playlist"
    STATION = "station"
    """A stream that goes on without end: radio."""
    ALL = "all"
    """Everything that there is, in any order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Music:
    """Something that can be played. `by` is the artist of a track or an album, else empty."""

    kind: MusicKind
    name: str
    by: str = ""
