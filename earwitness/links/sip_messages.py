"""Messages by SIP (MESSAGE, RFC 3428): one account, over one TLS or TCP connection to its server. What comes in is not trusted.

A message counts as sent when the server took it: whether it has reached the other telephone by then, no answer of it says for
certain. What comes in is confirmed once it is kept. Nothing is taken from anybody but the server that we signed in at. Calls are
in links/sip, which needs no line of this file.
"""

import asyncio
import contextlib
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from earwitness.domain.contact import Channel
from earwitness.domain.errors import LinkError, WireError
from earwitness.domain.message import LONGEST_TEXT, Arrival, MessageState
from earwitness.links.link_kind import Report
from earwitness.links.message_link import Post, Rate, unconfirmed, unreachable
from earwitness.links.sip import address_of, number_of
from earwitness.links.sip_text import VERSION, Account, SipReader, SipText, answer_to, uri_of
from earwitness.links.together import together
from earwitness.links.trusting import trusting

CONNECT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 15.0
EXPIRY_SECONDS: Final = 300
CONFIRM_EVERY_SECONDS: Final = 60.0
"""How often the account is confirmed: so it is known that the server is there, and routers keep the way open."""
MOST_BYTES: Final = 1_300
"""Of a message: a longer one could not go on by UDP behind the server (RFC 3428, section 8)."""
MOST_QUEUED: Final = 100
WHAT: Final = "The telephone server"
Transport = Literal["tls", "tcp"]
_AWAY: Final = (480, 503)
"""Nobody is there now: it can be tried again, as nothing was handed over."""
_LOST: Final = (408, 500, 502, 504)
"""The server does not know itself what became of it."""
_TEXT: Final = re.compile(r"text/plain(?:\s*;.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SipMessageAccount:
    """An account. `server` is a host, with a port if that is not the usual one; `sign_in` is the name for the password where
    that is not `user`."""

    server: str
    user: str
    password: str = field(repr=False)
    transport: Transport = "tls"
    sign_in: str = ""
    ca_file: Path | None = None

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.server.partition(":")
        return host, int(port or (5061 if self.transport == "tls" else 5060))


class SipMessageLink:
    """A MessageLink for one account."""

    channels = (Channel.SIP, Channel.PHONE)
    name_of_way = "SIP"
    tells_delivery = False
    owner_id: str | None = None

    def __init__(self, account: SipMessageAccount, *, link_id: str, post: Post) -> None:
        self._account = account
        self._link_id = link_id
        self._post = post
        self._wire: _Wire | None = None
        self._report: Report | None = None

    async def run(self, report: Report) -> None:
        wire = await self._connected_wire()
        try:
            async with together() as tasks:
                tasks.create_task(wire.read())
                tasks.create_task(self._keep(wire))
                await wire.register(expires=EXPIRY_SECONDS)
                self._wire, self._report = wire, report
                report.works()
                tasks.create_task(_stay(wire))
        except (OSError, EOFError) as error:
            raise LinkError(f"The connection to {WHAT.lower()} broke.", code="link.unreachable") from error
        except WireError as error:
            raise LinkError(f"{WHAT} says what it cannot.", code="link.nonsense") from error
        finally:
            self._wire = self._report = None
            wire.break_off()

    async def check(self) -> None:
        await self._there().register(expires=EXPIRY_SECONDS)

    async def send(self, address: str, text: str, *, message_id: str) -> MessageState:
        body = text.encode()
        if len(body) > MOST_BYTES:
            raise LinkError(f"A message by SIP has at most {MOST_BYTES} bytes.", code="link.refused")
        uri = address_of(address, server=self._account.server)
        wire = self._there()
        answer = await wire.ask(
            "MESSAGE", uri, to=uri, call_id=message_id, body=body, extra=(("content-type", "text/plain;charset=UTF-8"),)
        )
        if self._report is not None:
            self._report.used()
        status = answer.status or 0
        if 200 <= status < 300:
            return MessageState.SENT
        if status in _AWAY:
            raise LinkError("Nobody can be reached there by SIP now.", code="link.unreachable")
        if status in _LOST:
            raise unconfirmed(WHAT)
        raise LinkError(_REFUSALS.get(status, f"{WHAT} refused it ({status})."), code="link.refused")

    async def fate(self, address: str, *, message_id: str) -> MessageState | None:
        return None

    def _there(self) -> "_Wire":
        if self._wire is None:
            raise unreachable(WHAT)
        return self._wire

    async def _connected_wire(self) -> "_Wire":
        account = self._account
        host, port = account.place
        context = None
        if account.transport == "tls":
            context = await asyncio.to_thread(trusting, account.ca_file, what="the telephone server")
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                streams = await asyncio.open_connection(host, port, ssl=context)
        except TimeoutError as error:
            raise LinkError(f"{WHAT} does not answer.", code="link.slow") from error
        except OSError as error:
            if context is not None and "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise LinkError(f"{WHAT} shows a certificate that is not to be trusted.", code="link.not_safe") from error
            raise unreachable(WHAT) from error
        return _Wire(account, *streams)

    async def _keep(self, wire: "_Wire") -> None:
        """Keep what came, and confirm it then."""
        rate = Rate()
        while True:
            request, arrival = await wire.arrivals.get()
            if not rate.takes(arrival.address):
                wire.respond(request, "486 Busy Here")
                continue
            await rate.turn()
            await self._post.arrived(self._link_id, arrival)
            wire.respond(request, "200 OK")
            if self._report is not None:
                self._report.used()


_REFUSALS: Final = {
    401: "The telephone server refuses the user or the password.",
    403: "The telephone server forbids it.",
    404: "There is nobody of that address.",
    405: "The other side takes no messages by SIP.",
    407: "The telephone server refuses the user or the password.",
    415: "The other side takes no messages by SIP.",
    488: "The other side takes no messages by SIP.",
    501: "The other side takes no messages by SIP.",
    604: "There is nobody of that address.",
}


async def _stay(wire: "_Wire") -> None:
    """See that the server is there, and stay signed in."""
    while True:
        await asyncio.sleep(CONFIRM_EVERY_SECONDS)
        await wire.register(expires=EXPIRY_SECONDS)


class _Wire:
    """One connection to the server: what is asked over it and what comes."""

    def __init__(self, account: SipMessageAccount, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._account = account
        self._reader = reader
        self._writer = writer
        host, port = writer.get_extra_info("sockname")[:2]
        self._here = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._own = f"sip:{account.user}@{account.server}"
        self._tag, self._registration, self._number = secrets.token_hex(8), secrets.token_hex(16), 0
        self._asked: dict[tuple[str, str], asyncio.Future[SipText]] = {}
        self.arrivals: asyncio.Queue[tuple[SipText, Arrival]] = asyncio.Queue(MOST_QUEUED)

    async def register(self, *, expires: int) -> None:
        """Sign in, so that what is for us comes over this connection. Raises LinkError."""
        transport = self._account.transport
        contact = f'<sip:{self._account.user}@{self._here};transport={transport}>;expires={expires};methods="MESSAGE"'
        server = f"sip:{self._account.server}"
        answer = await self.ask("REGISTER", server, to=self._own, call_id=self._registration, extra=(("contact", contact),))
        match answer.status:
            case int(status) if 200 <= status < 300:
                return
            case 401 | 403 | 404 | 407:
                raise LinkError(f"{WHAT} refuses the user or the password.", code="link.refused")
            case status:
                raise LinkError(f"{WHAT} does not let us sign in ({status}).", code="link.unreachable")

    async def ask(
        self, method: str, uri: str, *, to: str, call_id: str, body: bytes = b"", extra: tuple[tuple[str, str], ...] = ()
    ) -> SipText:
        """Ask the server; a challenge is answered once. Gives its last answer. Raises LinkError."""
        answer = await self._exchange(method, uri, to=to, call_id=call_id, body=body, extra=extra)
        for status, challenge, reply in (
            (401, "www-authenticate", "authorization"),
            (407, "proxy-authenticate", "proxy-authorization"),
        ):
            if answer.status == status:
                who = Account(user=self._account.sign_in or self._account.user, password=self._account.password)
                given = answer_to(answer.all(challenge), account=who, method=method, uri=uri, nonce_of_ours=secrets.token_hex(8))
                if given is None:
                    raise LinkError(f"{WHAT} offers no safe way to sign in.", code="link.not_safe")
                return await self._exchange(method, uri, to=to, call_id=call_id, body=body, extra=(*extra, (reply, given)))
        return answer

    async def _exchange(
        self, method: str, uri: str, *, to: str, call_id: str, body: bytes, extra: tuple[tuple[str, str], ...]
    ) -> SipText:
        self._number += 1
        via = f"{VERSION}/{self._account.transport.upper()} {self._here};branch=z9hG4bK{secrets.token_hex(12)};rport;alias"
        request = SipText(
            start=f"{method} {uri} {VERSION}",
            headers=(
                ("via", via),
                ("max-forwards", "70"),
                ("from", f"<{self._own}>;tag={self._tag}"),
                ("to", f"<{to}>"),
                ("call-id", call_id),
                ("cseq", f"{self._number} {method}"),
                *extra,
            ),
            body=body,
        )
        answered: asyncio.Future[SipText] = asyncio.get_running_loop().create_future()
        self._asked[request.transaction] = answered
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                self._writer.write(request.as_bytes())
                await self._writer.drain()
                return await answered
        except (TimeoutError, OSError) as error:
            if method == "MESSAGE":
                raise unconfirmed(WHAT) from error
            raise LinkError(f"{WHAT} does not answer.", code="link.slow") from error
        finally:
            self._asked.pop(request.transaction, None)

    async def read(self) -> None:
        """Take what comes until the connection ends. Raises EOFError, OSError, WireError."""
        messages = SipReader()
        while data := await self._reader.read(64 * 1024):
            for one in messages.read(data):
                if one.status is None:
                    self._take(one)
                elif one.status >= 200 and (asked := self._asked.get(one.transaction)) is not None and not asked.done():
                    asked.set_result(one)
            await self._writer.drain()  # who does not read our answers is asked for no more
        raise EOFError

    def _take(self, request: SipText) -> None:
        """A request of the server: only a message in plain text is taken."""
        if not all(request.one(name) for name in ("via", "from", "to", "call-id", "cseq")):
            raise WireError("A SIP request lacks what every one has.")
        match request.method:
            case "ACK" | "CANCEL":
                return
            case "OPTIONS":
                self.respond(request, "200 OK", ("allow", "MESSAGE, OPTIONS"), ("accept", "text/plain"))
            case "MESSAGE" if not _TEXT.fullmatch(request.one("content-type")):
                self.respond(request, "415 Unsupported Media Type", ("accept", "text/plain"))
            case "MESSAGE":
                arrival = _arrival(request)
                if arrival is None:
                    self.respond(request, "200 OK")  # of nobody, or without words
                elif self.arrivals.full():
                    # Answers to us come the same way: reading never waits for what is kept.
                    self.respond(request, "480 Temporarily Unavailable")
                else:
                    self.arrivals.put_nowait((request, arrival))
            case _:
                self.respond(request, "405 Method Not Allowed", ("allow", "MESSAGE, OPTIONS"))

    def respond(self, request: SipText, status: str, *more: tuple[str, str]) -> None:
        """Answer a request of the server."""
        kept = [(name, value) for name, value in request.headers if name in ("via", "from", "call-id", "cseq")]
        to = request.one("to")
        tagged = to if ";tag=" in to else f"{to};tag={self._tag}"
        with contextlib.suppress(OSError):
            self._writer.write(SipText(start=f"{VERSION} {status}", headers=(*kept, ("to", tagged), *more)).as_bytes())

    def break_off(self) -> None:
        """Let go of the connection; who waits for an answer learns that nobody knows."""
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(unconfirmed(WHAT))
        self._writer.transport.abort()


def _arrival(request: SipText) -> Arrival | None:
    """The message in a request; None without words or of nobody."""
    sender = number_of(uri_of(request.one("from")))
    text = request.body.decode("utf-8", "replace")[: LONGEST_TEXT + 1]
    if not sender or not text.strip():
        return None
    return Arrival(address=sender, text=text, outside_id=f"{request.one('call-id')} {request.one('cseq')}"[:500])
