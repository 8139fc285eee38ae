"""What the kinds of links to music declare of themselves: their options, their secrets, and where something goes."""

from pathlib import Path
from typing import Final

from pydantic import Field

from earwitness.domain.errors import LinkError
from earwitness.domain.link import LinkRole, Outgoing
from earwitness.links.bounded_http import is_loopback
from earwitness.links.link_kind import Link, LinkKind, LinkOptions, Seat, SecretField

_PLAIN: Final = "This protocol has no encryption, so anybody on that network could steer the player: allow that, or run it here."


class MpdOptions(LinkOptions):
    """Where the Music Player Daemon is."""

    host: str = Field(default="localhost", title="Server", description="Name or address of the machine that MPD runs on.")
    port: int = Field(default=6600, ge=1, le=65535, title="Port")
    area: str = Field(default="", title="Room", description="Where its loudspeaker stands, as rooms are called here.")
    allows_plain: bool = Field(
        default=False,
        title="Allow an unencrypted connection",
        description="Needed for another machine. Anybody on that network can then read the password and what is played.",
    )


class MpvOptions(LinkOptions):
    """What this machine plays."""

    folder: Path | None = Field(
        default=None, title="Music folder", description="Folder on this machine with music and playlists."
    )
    stations: tuple[str, ...] = Field(
        default=(), max_length=200, title="Radio stations", description="A line each: Name = https://…"
    )
    area: str = Field(default="", title="Room", description="Where the loudspeaker stands, as rooms are called here.")
    audio_device: str = Field(
        default="auto", pattern=r"^[\w./:,=+-]{1,200}$", title="Loudspeaker", description="One of: mpv --audio-device=help"
    )


class SnapcastOptions(LinkOptions):
    """Where the Snapcast server is."""

    host: str = Field(default="localhost", title="Server", description="Name or address of the machine that snapserver runs on.")
    port: int = Field(default=1705, ge=1, le=65535, title="Control port")
    rooms: tuple[str, ...] = Field(
        default=(), max_length=200, title="Rooms", description="A line for each loudspeaker: its name in Snapcast = room"
    )
    allows_plain: bool = Field(
        default=False,
        title="Allow an unencrypted connection",
        description="Needed for another machine. Anybody on that network can then steer it too.",
    )


def mpd_kind() -> LinkKind[MpdOptions]:
    """A Music Player Daemon."""

    def make(seat: Seat[MpdOptions]) -> Link:
        from earwitness.links.mpd import Mpd

        options = seat.options
        _check(options.host, allows_plain=options.allows_plain)
        return Mpd(options.host, port=options.port, password=seat.secret("password"), title=seat.name, area=options.area or None)

    return LinkKind(
        name="mpd",
        title="Music Player Daemon",
        about="Plays the music of an MPD by artist, album, title, genre and playlist. What is to be played is sent there.",
        role=LinkRole.MUSIC,
        options=MpdOptions,
        secrets=(SecretField(name="password", title="Password", is_needed=False),),
        outgoing=lambda options: (_outgoing(options.host, options.port, sends="what is to be played, and the password"),),
        make=make,
    )


def mpv_kind() -> LinkKind[MpvOptions]:
    """The loudspeaker of this machine."""

    def make(seat: Seat[MpvOptions]) -> Link:
        from earwitness.links.mpv import Mpv, stations_of

        options = seat.options
        return Mpv(
            folder=options.folder,
            stations=stations_of(options.stations),
            title=seat.name,
            area=options.area or None,
            audio_device=options.audio_device,
        )

    return LinkKind(
        name="mpv",
        title="Loudspeaker of this machine",
        about="Plays a folder of music and radio stations on the machine that Earwitness runs on, with the program mpv. "
        "A station learns the address of this house when it is played.",
        role=LinkRole.MUSIC,
        options=MpvOptions,
        outgoing=_stations,
        make=make,
    )


def snapcast_kind() -> LinkKind[SnapcastOptions]:
    """Rooms that play together."""

    def make(seat: Seat[SnapcastOptions]) -> Link:
        from earwitness.links.snapcast import Snapcast

        options = seat.options
        _check(options.host, allows_plain=options.allows_plain)
        pairs = [line.partition("=") for line in options.rooms]
        if not all(separator for _, separator, _ in pairs):
            raise LinkError("Write each room as: name in Snapcast = room.", code="link.invalid")
        rooms = {name.strip(): room.strip() for name, _, room in pairs}
        return Snapcast(options.host, port=options.port, title=seat.name, rooms=rooms)

    return LinkKind(
        name="snapcast",
        title="Snapcast",
        about="Makes the loudspeakers of a Snapcast server louder, quieter or silent, room by room. What they play is "
        "chosen elsewhere.",
        role=LinkRole.MUSIC,
        options=SnapcastOptions,
        outgoing=lambda options: (_outgoing(options.host, options.port, sends="how loud each loudspeaker is to be"),),
        make=make,
    )


def _check(host: str, *, allows_plain: bool) -> None:
    if not is_loopback(host) and not allows_plain:
        raise LinkError(_PLAIN, code="link.not_safe")


def _outgoing(host: str, port: int, *, sends: str) -> Outgoing:
    return Outgoing(host=f"{host}:{port}", sends=sends, is_encrypted=False, is_this_machine=is_loopback(host))


def _stations(options: MpvOptions) -> tuple[Outgoing, ...]:
    from urllib.parse import urlsplit

    found: dict[str, Outgoing] = {}
    for line in options.stations:
        address = urlsplit(line.partition("=")[2].strip())
        if address.hostname:
            is_encrypted = address.scheme == "https"
            found[address.netloc] = Outgoing(
                host=address.netloc, sends="that its station is heard here", is_encrypted=is_encrypted
            )
    return tuple(found.values())
