"""Messages by XMPP, over slixmpp: one account, encrypted to its server. What comes in is bounded and not trusted.

A message counts as sent when the server acknowledged it (XEP-0198, else the answer to a ping that went after it), as delivered
when the other side's receipt came (XEP-0184). What came in is acknowledged only once it is kept. Encryption from end to end
(OMEMO) is not here: the library that does it for slixmpp is AGPL. It needs the extra `xmpp`.
"""

import asyncio
import contextlib
import logging
import secrets
import ssl
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from slixmpp import JID, ClientXMPP
from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.jid import InvalidJID
from slixmpp.plugins.xep_0198.stanza import RequestAck

from earwitness.domain.contact import Channel
from earwitness.domain.errors import LinkError
from earwitness.domain.message import LONGEST_TEXT, Arrival, MessageState
from earwitness.links.link_kind import Report
from earwitness.links.message_link import Post, Rate, unconfirmed, unreachable
from earwitness.links.together import together
from earwitness.links.trusting import trusting

MOST_BYTES: Final = 256 * 1024
"""Of one stanza; a server that sends a longer one is left."""
CONNECT_SECONDS: Final = 15.0
ANSWER_SECONDS: Final = 15.0
MOST_QUEUED: Final = 5000
"""More than the shortest messages that are read at once."""
MANY_QUEUED: Final = 100
"""From here on nothing is read, until half of them are kept."""
REASON_SECONDS: Final = 0.1
ALIVE_EVERY_SECONDS: Final = 60.0
ENCRYPTED: Final = ("{eu.siacs.conversations.axolotl}encrypted", "{urn:xmpp:omemo:2}encrypted", "{jabber:x:encrypted}x")
CANNOT_READ: Final = "(An encrypted message, which this house cannot read.)"
WHAT: Final = "The XMPP server"
logging.getLogger("slixmpp").setLevel(logging.CRITICAL + 1)
"""It logs what it reads: messages and addresses."""


class _Client(ClientXMPP):
    """One connection; ended for good when it ends."""

    def __init__(self, address: str, password: str, *, context: ssl.SSLContext) -> None:
        super().__init__(f"{address}/earwitness-{secrets.token_hex(4)}", password, ssl_context=context)
        self.wrong: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails with the LinkError that ended the connection."""
        self._bytes = 0
        for name, config in (("xep_0030", {}), ("xep_0198", {"window": 1000, "allow_resume": False}), ("xep_0199", {})):
            self.register_plugin(name, config)
        self.register_plugin("xep_0203")
        self.register_plugin("xep_0184", {"auto_ack": False, "auto_request": False})
        for event, sentence, code in _ENDS:
            self.add_event_handler(event, lambda _, sentence=sentence, code=code: self.fail(sentence, code))
        self.add_event_handler("connection_failed", self._not_connected)
        self.add_event_handler("failed_all_auth", self._not_signed_in)
        self.add_event_handler("disconnected", self._broken)

    def data_received(self, data: bytes | str) -> None:
        self._bytes += len(data)
        if self._bytes > MOST_BYTES:
            self.fail(f"{WHAT} sent more at once than any message has.", "link.too_large")
            self.abort()
        else:
            super().data_received(data)

    def read_on(self, may: bool) -> None:
        """Let the server wait with what it sends, or go on."""
        if isinstance(self.transport, asyncio.ReadTransport) and not self.transport.is_closing():
            (self.transport.resume_reading if may else self.transport.pause_reading)()

    def _spawn_event(self, xml: ET.Element) -> None:
        self._bytes = 0
        super()._spawn_event(xml)

    def fail(self, sentence: str, code: str) -> None:
        if not self.wrong.done():
            self.wrong.set_exception(LinkError(sentence, code=code))

    def _not_connected(self, error: object) -> None:
        if isinstance(error, ssl.SSLCertVerificationError):
            self.fail(*_NOT_TRUSTED)
        elif self.custom_address is not None:
            self.fail(f"{WHAT} cannot be reached.", "link.unreachable")

    def _not_signed_in(self, _: object) -> None:
        if self.plugin["feature_mechanisms"].attempted_mechs:
            self.fail(f"{WHAT} refuses the address or the password.", "link.refused")
        else:
            self.fail(f"{WHAT} offers no safe way to sign in.", "link.not_safe")

    def _broken(self, _: object) -> None:
        """Why it broke is told a moment later, if it is told."""
        sentence = "The connection to the XMPP server broke."
        asyncio.get_running_loop().call_later(REASON_SECONDS, self.fail, sentence, "link.unreachable")


_NOT_TRUSTED: Final = (f"{WHAT} shows a certificate that is not to be trusted.", "link.not_safe")
_ENDS: Final = (
    ("ssl_invalid_chain", *_NOT_TRUSTED),
    ("reconnect_delay", f"{WHAT} cannot be reached.", "link.unreachable"),
    ("stream_error", f"{WHAT} ended the connection.", "link.unreachable"),
)
"""Of several the first that happens counts."""


class XmppLink:
    """A MessageLink for one account. `server` is "host:port" where the address alone does not lead to it."""

    channels = (Channel.XMPP,)
    name_of_way = "XMPP"
    tells_delivery = True
    owner_id: str | None = None

    def __init__(
        self,
        *,
        link_id: str,
        address: str,
        password: str,
        post: Post,
        server: tuple[str, int] | None = None,
        is_direct_tls: bool = False,
        ca_file: Path | None = None,
    ) -> None:
        self._link_id = link_id
        self._address = address
        self._password = password
        self._post = post
        self._server = server
        self._is_direct_tls = is_direct_tls
        self._ca_file = ca_file
        self._client: _Client | None = None
        self._report: Report | None = None
        self._acks: dict[str, asyncio.Future[None]] = {}
        self._arrivals: asyncio.Queue[Arrival] = asyncio.Queue(MOST_QUEUED)
        self._rate = Rate()
        self._keeping = False

    async def run(self, report: Report) -> None:
        client = _Client(
            self._address, self._password, context=await asyncio.to_thread(trusting, self._ca_file, what="the XMPP server")
        )
        client.enable_direct_tls = self._is_direct_tls or self._server is None
        client.enable_starttls = not self._is_direct_tls
        client.enable_plaintext = False
        began = asyncio.Event()
        client.add_event_handler("session_start", lambda _: began.set())
        client.add_event_handler("message", self._came)
        client.add_event_handler("message_error", self._came_back)
        client.add_event_handler("receipt_received", self._received)
        client.add_event_handler("stanza_acked", self._acked)
        management: Any = client.plugin["xep_0198"]
        confirm = management.send_ack
        management.send_ack = lambda: self._arrivals.empty() and not self._keeping and confirm()
        self._keeping = False
        self._arrivals = asyncio.Queue(MOST_QUEUED)
        self._rate = Rate()
        try:
            client.connect(*(self._server or ()))
            async with together() as tasks:
                ended = tasks.create_task(_ended(client))
                await self._until(began)
                client.send_presence()
                self._client, self._report = client, report
                report.works()
                tasks.create_task(self._keep(client, confirm))
                tasks.create_task(self._stay())
                await ended
        finally:
            self._client = None
            for ack in self._acks.values():
                if not ack.done():
                    ack.set_exception(unconfirmed(WHAT))
            self._acks.clear()
            if not client.wrong.done():
                client.wrong.cancel()
            client.cancel_connection_attempt()
            with contextlib.suppress(Exception):
                await client.disconnect(wait=1.0, ignore_send_queue=True)
            client.abort()

    async def check(self) -> None:
        await self._ping(self._connected())

    async def send(self, address: str, text: str, *, message_id: str) -> MessageState:
        client = self._connected()
        try:
            to = JID(address)
        except InvalidJID as error:
            raise LinkError("That is no XMPP address.", code="link.refused") from error
        message = client.make_message(mto=to, mbody=text[:LONGEST_TEXT], mtype="chat")
        message["id"] = message_id
        message["request_receipt"] = True
        acked = asyncio.get_running_loop().create_future()
        self._acks[message_id] = acked
        try:
            message.send()
            if "stream_management" in client.features:
                RequestAck(client).send()  # in the queue after the message; the plugin's own would overtake it
                async with asyncio.timeout(ANSWER_SECONDS):
                    await acked
            else:
                await self._ping(client)
        except (TimeoutError, LinkError) as error:
            raise unconfirmed(WHAT) from error
        finally:
            self._acks.pop(message_id, None)
        if self._report is not None:
            self._report.used()
        return MessageState.SENT

    async def fate(self, address: str, *, message_id: str) -> MessageState | None:
        return None

    async def _until(self, began: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await began.wait()
        except TimeoutError as error:
            raise LinkError(f"{WHAT} does not answer.", code="link.slow") from error

    async def _stay(self) -> None:
        """See that the connection is alive, so that one that broke unseen is made anew."""
        while True:
            await asyncio.sleep(ALIVE_EVERY_SECONDS)
            if self._arrivals.empty():  # else the answer would wait behind what is not read yet
                await self._ping(self._connected())

    async def _ping(self, client: _Client) -> None:
        try:
            await client.plugin["xep_0199"].send_ping(JID(client.boundjid.domain), timeout=ANSWER_SECONDS)
        except IqError:
            return  # it does not know pings, and answered
        except IqTimeout as error:
            raise LinkError(f"{WHAT} does not answer.", code="link.slow") from error

    def _connected(self) -> _Client:
        if self._client is None or not self._client.is_connected():
            raise unreachable(WHAT)
        return self._client

    # What comes

    async def _keep(self, client: _Client, confirm: Any) -> None:
        """Keep what came; the server keeps what is not read yet, or not confirmed."""
        while True:
            arrival = await self._arrivals.get()
            self._keeping = True
            await self._rate.turn()
            await self._post.arrived(self._link_id, arrival)
            self._keeping = False
            if self._arrivals.qsize() <= MANY_QUEUED // 2:
                client.read_on(True)
            if self._arrivals.empty():
                confirm()

    def _came(self, stanza: Any) -> None:
        arrival = _arrival(stanza)
        if arrival is None or not self._rate.takes(arrival.address):
            return
        if self._report is not None:
            self._report.used()
        client: _Client = stanza.stream
        try:
            self._arrivals.put_nowait(arrival)
            if self._arrivals.qsize() >= MANY_QUEUED:
                client.read_on(False)
        except asyncio.QueueFull:
            client.fail(f"{WHAT} sent more messages at once than can be kept.", "link.too_large")
            client.abort()

    def _acked(self, stanza: Any) -> None:
        ack = self._acks.get(stanza["id"])
        if ack is not None and not ack.done():
            ack.set_result(None)

    async def _came_back(self, stanza: Any) -> None:
        await self._post.told(
            self._link_id, str(stanza["id"])[:64], MessageState.FAILED, reason="The other side's server refused it."
        )

    async def _received(self, stanza: Any) -> None:
        await self._post.told(self._link_id, str(stanza["receipt"])[:64], MessageState.DELIVERED)


async def _ended(client: _Client) -> None:
    await client.wrong


def _arrival(stanza: Any) -> Arrival | None:
    """A message of one person to us; None for what is none: of rooms, without words."""
    if stanza["type"] not in ("chat", "normal"):
        return None
    is_encrypted = any(stanza.xml.find(tag) is not None for tag in ENCRYPTED)
    text = CANNOT_READ if is_encrypted else str(stanza["body"] or "")[: LONGEST_TEXT + 1]
    sender = stanza["from"]
    if not text.strip() or not sender.bare:
        return None
    at = None
    with contextlib.suppress(Exception):  # a stamp that is none
        at = stanza["delay"]["stamp"] or None
    outside_id = f"{sender.bare} {stanza['id']}" if stanza["id"] else f"{sender.bare} {at or secrets.token_hex(8)} {text}"
    return Arrival(address=sender.bare, text=text, outside_id=outside_id, sent_at=at)
