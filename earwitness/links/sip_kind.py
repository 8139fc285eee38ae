"""A telephone account as a kind of link: what is asked for on the page of links, and what leaves the house by it."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from earwitness.domain.errors import LinkError, SettingsError
from earwitness.domain.link import LinkRole, Outgoing
from earwitness.links.bounded_http import is_loopback
from earwitness.links.link_kind import LinkKind, LinkOptions, Seat, SecretField
from earwitness.links.sip import Listener, SipLine
from earwitness.links.sip_wire import SipAccount

MOST_LINES: Final = 4


class SipOptions(LinkOptions):
    """What a telephone account needs, and how it may be used."""

    server: str = Field(
        title="Server", description="The registrar of the provider or of your own exchange, with a port if needed."
    )
    user: str = Field(title="User", description="The number or name of the account: the part before the @.")
    transport: Literal["tls", "tcp", "udp"] = Field(
        "tls", title="Transport", description="tls keeps whom you call from those on the way; tcp and udp do not."
    )
    sign_in: str = Field("", title="Name to sign in with", description="Only where it differs from the user.")
    ca_file: Path | None = Field(
        None, title="Certificates", description="A file (PEM) to trust the server by; else the system's."
    )
    encrypts_sound: bool = Field(
        False,
        title="Only encrypted sound",
        description="Sound is encrypted (SRTP), and calls without that are refused. Needs tls.",
    )
    registers: bool = Field(True, title="Signs in", description="Off for a trunk, which calls without signing in first.")
    rooms: tuple[str, ...] = Field((), title="Rings in", description="Rooms in which calls ring; everywhere if none is named.")
    country: str = Field(
        "",
        title="Country",
        description="Two letters, as DE, for its emergency numbers; those of all countries if empty.",
        max_length=2,
    )
    emergency: Literal["refused", "asked"] = Field(
        "refused",
        title="Emergency numbers",
        description="refused: never called. asked: called after a yes, where this account can do that.",
    )
    silence_seconds: int = Field(
        20,
        title="Silence",
        description="Seconds without any sound from the other side until a call counts as lost.",
        ge=5,
        le=600,
    )


def kind(*, listener: Callable[[], Listener]) -> LinkKind[SipOptions]:
    """Telephone accounts; `listener` gives who learns what becomes of calls."""
    return LinkKind(
        name="sip",
        title="Telephone",
        about="Calls to outside and from there, over a telephone account (SIP). Whom you call is told to its server.",
        role=LinkRole.CALLS,
        options=SipOptions,
        secrets=(SecretField(name="password", title="Password"),),
        outgoing=_outgoing,
        make=lambda seat: _line(seat, listener=listener()),
        most=MOST_LINES,
    )


def _outgoing(options: SipOptions) -> tuple[Outgoing, ...]:
    host = options.server.partition(":")[0]
    is_here = is_loopback(host)
    return (
        Outgoing(
            host=options.server,
            sends="whom you call and who calls you, and when",
            is_encrypted=options.transport == "tls",
            is_this_machine=is_here,
        ),
        Outgoing(
            host=f"{host}, or where it says that the other telephone is",
            sends="what is said in calls, while they are open",
            is_encrypted=options.encrypts_sound,
            is_this_machine=is_here,
        ),
    )


def _line(seat: Seat[SipOptions], *, listener: Listener) -> SipLine:
    options = seat.options
    account = SipAccount(
        server=options.server,
        user=options.user,
        password=seat.secret("password"),
        transport=options.transport,
        sign_in=options.sign_in,
        ca_file="" if options.ca_file is None else str(options.ca_file),
        is_registered=options.registers,
        encrypts_sound=options.encrypts_sound,
        silence_seconds=options.silence_seconds,
    )
    try:
        return SipLine(account, listener=listener, link_id=seat.link_id)
    except SettingsError as error:
        raise LinkError(error.sentence, code="link.refused") from error
