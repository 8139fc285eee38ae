"""Messages by SIP beside a server that is made up: what strangers send cannot stand between us and the server's answers."""

import asyncio
import secrets

from earwitness.domain.message import Arrival, MessageState
from earwitness.links.sip_messages import MOST_QUEUED, SipMessageAccount, SipMessageLink
from earwitness.links.sip_text import SipReader, SipText
from tests.unit.links.link_seats import running


class Shut:
    """A post at which nothing is ever kept."""

    async def arrived(self, link_id: str, arrival: Arrival) -> None:
        await asyncio.Event().wait()

    async def told(self, link_id: str, message_id: str, state: MessageState, *, reason: str = "") -> None:
        raise AssertionError(reason)


class Flooded:
    """A server that signs everybody in, and passes on more than anybody takes before it answers a message."""

    def __init__(self) -> None:
        self.turned_away = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        read = SipReader()
        while data := await reader.read(65_536):
            for one in read.read(data):
                if one.status is not None:
                    self.turned_away += one.status == 480
                    continue
                if one.method == "MESSAGE":
                    writer.writelines(strange(number) for number in range(2 * MOST_QUEUED))
                kept = tuple((name, value) for name, value in one.headers if name in ("via", "from", "to", "call-id", "cseq"))
                writer.write(SipText(start="SIP/2.0 200 OK", headers=kept).as_bytes())
        writer.close()


def strange(number: int) -> bytes:
    """A message of a stranger."""
    headers = (
        ("via", f"SIP/2.0/TCP x;branch=z9hG4bK{number}"),
        ("from", f"<sip:s{number}@example.org>;tag=1"),
        ("to", "<sip:house@x>"),
        ("call-id", f"c{number}"),
        ("cseq", "1 MESSAGE"),
        ("content-type", "text/plain"),
    )
    return SipText(start="MESSAGE sip:house@x SIP/2.0", headers=headers, body=b"Buy!").as_bytes()


async def test_a_flood_of_strangers_does_not_hide_the_answers_to_us() -> None:
    flooded = Flooded()
    server = await asyncio.start_server(flooded.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        account = SipMessageAccount(server=f"127.0.0.1:{port}", user="house", password="unused", transport="tcp")
        link = SipMessageLink(account, link_id="3c" * 16, post=Shut())
        async with running(link) as works:
            await works.until_works()
            async with asyncio.timeout(5):
                assert await link.send("12", "Still there?", message_id=secrets.token_hex(16)) is MessageState.SENT
                assert await link.send("12", "And now?", message_id=secrets.token_hex(16)) is MessageState.SENT
    assert flooded.turned_away >= MOST_QUEUED - 1
