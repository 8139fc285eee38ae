"""What the kinds of links that carry messages declare of themselves: options, secrets, and where something goes."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field

from earwitness.domain.errors import LinkError
from earwitness.domain.link import LinkRole, Outgoing
from earwitness.domain.person import Person
from earwitness.links.bounded_http import is_loopback
from earwitness.links.link_kind import Link, LinkKind, LinkOptions, Seat, SecretField
from earwitness.links.message_link import MessageLink, Post
from earwitness.links.owned_link import OwnedLink

_WHOSE: Final = "Name of the person here whose account it is; leave it empty for one of the whole household."
_CA: Final = "PEM file to trust the server by, if its certificate is one of your own."
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}")
_SIP_USER: Final = re.compile(r"[A-Za-z0-9_.!~*'()&=+$,/%-]{1,64}")
_ADDRESS: Final = re.compile(r"[^@\s/]{1,200}@[^@\s/]{1,200}")


class XmppOptions(LinkOptions):
    """One account."""

    address: str = Field(title="Address", description="As others write to it: anna@example.org.")
    server: str = Field(default="", title="Server", description="host:port, only where the address alone does not lead to it.")
    direct_tls: bool = Field(
        default=False, title="Direct TLS", description="For a server given as host:port: TLS from the first byte."
    )
    ca_file: Path | None = Field(default=None, title="Certificate file", description=_CA)
    person: str = Field(default="", title="Whose", description=_WHOSE)


class MatrixOptions(LinkOptions):
    """One account."""

    server: str = Field(title="Server", description="Its address for programs: https://matrix.example.org.")
    user: str = Field(title="User", description="@anna:example.org.")
    ca_file: Path | None = Field(default=None, title="Certificate file", description=_CA)
    person: str = Field(default="", title="Whose", description=_WHOSE)


class SmsOptions(LinkOptions):
    """The folders of a gammu-smsd."""

    folder: Path = Field(title="Folder", description='Where gammu-smsd has its folders "inbox", "outbox", "sent" and "error".')
    person: str = Field(default="", title="Whose", description=_WHOSE)


class SipMessageOptions(LinkOptions):
    """One account at a telephone server."""

    server: str = Field(title="Server", description="As for calls: sip.example.org, with a port if needed.")
    user: str = Field(title="User", description="The number or name of the account: the part before the @.")
    transport: Literal["tls", "tcp"] = Field(
        default="tls", title="Transport", description="tls keeps messages from those on the way to the server; tcp does not."
    )
    sign_in: str = Field(default="", title="Name to sign in with", description="Only where it differs from the user.")
    ca_file: Path | None = Field(default=None, title="Certificate file", description=_CA)
    person: str = Field(default="", title="Whose", description=_WHOSE)


class AppriseOptions(LinkOptions):
    """A service that Apprise knows."""

    way: str = Field(
        default="the message service", title="Called", description='What it is called aloud: "mail", "the family chat".'
    )
    goes_to: str = Field(title="Goes to", description="Host that it goes to, for the page of what leaves this house.")
    encrypted: bool = Field(default=True, title="Encrypted", description="Whether its URL is one of an encrypted service.")
    kind_of_address: Literal["other", "email"] = Field(
        default="other", title="Reaches", description="email, where {address} in the URL is an e-mail address."
    )
    person: str = Field(default="", title="Whose", description=_WHOSE)


def message_kinds(post: Callable[[], Post], *, people: Callable[[], Sequence[Person]]) -> tuple[LinkKind[Any], ...]:
    """All of them. `post` gives whom they tell of what comes in, once the house runs; `people` who lives here."""
    return tuple(
        _owned(kind, people)
        for kind in (xmpp_kind(post), matrix_kind(post), sms_kind(post), sip_message_kind(post), apprise_kind())
    )


def _owned(kind: LinkKind[Any], people: Callable[[], Sequence[Person]]) -> LinkKind[Any]:
    """The same, where a link that is said to be somebody's is theirs."""

    def make(seat: Seat[Any]) -> Link:
        link, name = kind.make(seat), str(seat.options.person)
        if not name or not isinstance(link, MessageLink):
            return link
        return OwnedLink(link, name=name, memory=seat.memory, people=people)

    return replace(kind, make=make)


def xmpp_kind(post: Callable[[], Post]) -> LinkKind[XmppOptions]:
    """One XMPP account."""

    def make(seat: Seat[XmppOptions]) -> Link:
        try:
            from earwitness.links.xmpp import XmppLink
        except ImportError as error:
            raise _not_installed("xmpp") from error
        options = seat.options
        if not _ADDRESS.fullmatch(options.address):
            raise LinkError("That is no XMPP address; write it as anna@example.org.", code="link.invalid")
        return XmppLink(
            link_id=seat.link_id,
            address=options.address,
            password=seat.secret("password"),
            post=post(),
            server=_host_port(options.server) if options.server else None,
            is_direct_tls=options.direct_tls,
            ca_file=options.ca_file,
        )

    return LinkKind(
        name="xmpp",
        title="XMPP",
        about="Messages by an XMPP account. They are encrypted to its server, which can read them; there is no OMEMO here.",
        role=LinkRole.MESSAGES,
        options=XmppOptions,
        secrets=(SecretField(name="password", title="Password"),),
        outgoing=lambda options: (
            Outgoing(
                host=options.server or options.address.rpartition("@")[2],
                sends="messages with whom they go to, the account's name and password, and that this house is there",
                is_encrypted=True,
                is_this_machine=bool(options.server) and is_loopback(options.server.rpartition(":")[0]),
            ),
        ),
        make=make,
    )


def matrix_kind(post: Callable[[], Post]) -> LinkKind[MatrixOptions]:
    """One Matrix account."""

    def make(seat: Seat[MatrixOptions]) -> Link:
        try:
            from earwitness.links.matrix import MatrixLink
        except ImportError as error:
            raise _not_installed("matrix") from error
        options = seat.options
        parts = urlsplit(options.server)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise LinkError("That is no address of a server; write it as https://matrix.example.org.", code="link.invalid")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise LinkError("Messages and the password would go there unencrypted: use https://.", code="link.not_safe")
        return MatrixLink(
            link_id=seat.link_id,
            server=options.server.rstrip("/"),
            user=options.user,
            password=seat.secret("password"),
            memory=seat.memory,
            post=post(),
            ca_file=options.ca_file,
        )

    return LinkKind(
        name="matrix",
        title="Matrix",
        about="Messages by a Matrix account, in rooms of two that are not encrypted: its server can read them.",
        role=LinkRole.MESSAGES,
        options=MatrixOptions,
        secrets=(SecretField(name="password", title="Password"),),
        outgoing=lambda options: (
            Outgoing(
                host=urlsplit(options.server).netloc or options.server,
                sends="messages with whom they go to, the account's name and password, and that this house is there",
                is_encrypted=options.server.startswith("https"),
                is_this_machine=is_loopback(urlsplit(options.server).hostname or ""),
            ),
        ),
        make=make,
    )


def sms_kind(post: Callable[[], Post]) -> LinkKind[SmsOptions]:
    """SMS by a gammu-smsd."""

    def make(seat: Seat[SmsOptions]) -> Link:
        from earwitness.links.sms import SmsLink

        return SmsLink(link_id=seat.link_id, folder=seat.options.folder, post=post())

    return LinkKind(
        name="sms",
        title="SMS",
        about="Messages by a telephone that a gammu-smsd of yours drives. The telephone network can read them.",
        role=LinkRole.MESSAGES,
        options=SmsOptions,
        outgoing=lambda options: (
            Outgoing(
                host="the telephone network, through gammu-smsd",
                sends="messages, and the numbers that they go to",
                is_encrypted=False,
            ),
        ),
        make=make,
    )


def sip_message_kind(post: Callable[[], Post]) -> LinkKind[SipMessageOptions]:
    """One account at a telephone server that carries messages."""

    def make(seat: Seat[SipMessageOptions]) -> Link:
        from earwitness.links.sip_messages import SipMessageAccount, SipMessageLink

        options = seat.options
        host, colon, port = options.server.partition(":")
        if not _HOST.fullmatch(host) or (colon and not (port.isdecimal() and 1 <= int(port) <= 65535)):
            raise LinkError("Write the server as a name or an address, such as sip.example.org:5061.", code="link.invalid")
        if not _SIP_USER.fullmatch(options.user) or not seat.secret("password").isprintable():
            raise LinkError("The user or the password holds characters that none can have.", code="link.invalid")
        account = SipMessageAccount(
            server=options.server,
            user=options.user,
            password=seat.secret("password"),
            transport=options.transport,
            sign_in=options.sign_in,
            ca_file=options.ca_file,
        )
        return SipMessageLink(account, link_id=seat.link_id, post=post())

    return LinkKind(
        name="sip_messages",
        title="SIP messages",
        about="Messages by a telephone account (SIP MESSAGE). Its server can read them, and every other on the way.",
        role=LinkRole.MESSAGES,
        options=SipMessageOptions,
        secrets=(SecretField(name="password", title="Password"),),
        outgoing=lambda options: (
            Outgoing(
                host=options.server,
                sends="messages with whom they go to, the account's name, and that this house is there",
                is_encrypted=options.transport == "tls",
                is_this_machine=is_loopback(options.server.partition(":")[0]),
            ),
        ),
        make=make,
    )


def apprise_kind() -> LinkKind[AppriseOptions]:
    """A service that Apprise knows: one way."""

    def make(seat: Seat[AppriseOptions]) -> Link:
        from earwitness.links.apprise_link import AppriseLink

        options = seat.options
        is_mail = options.kind_of_address == "email"
        return AppriseLink(url=seat.secret("url"), way=options.way, is_mail=is_mail)

    return LinkKind(
        name="apprise",
        title="Apprise (one way)",
        about="Messages to mail, push services and chats that Apprise knows. It only sends: no answer and no receipt comes back.",
        role=LinkRole.MESSAGES,
        options=AppriseOptions,
        secrets=(
            SecretField(
                name="url",
                title="URL",
                about="As Apprise writes it, with its password; {address} stands for the contact's address.",
            ),
        ),
        outgoing=lambda options: (
            Outgoing(
                host=options.goes_to,
                sends="messages, with whom they go to",
                is_encrypted=options.encrypted,
                is_this_machine=is_loopback(options.goes_to.rpartition(":")[0] or options.goes_to),
            ),
        ),
        make=make,
    )


def _host_port(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise LinkError("Write the server as host:port, such as xmpp.example.org:5222.", code="link.invalid")
    return host.strip("[]"), int(port)


def _not_installed(extra: str) -> LinkError:
    return LinkError(f"That part is not installed: pip install 'earwitness[{extra}]'.", code="link.not_installed")
