"""Messages by Matrix, over matrix-nio: one account in rooms of two. What comes in is bounded and not trusted.

A message is sent with its own id as the transaction's, so the server takes it once however often it is sent. It counts as
delivered when the other side's receipt came. Nothing is encrypted from end to end: that needs libolm, which is no longer kept;
to rooms that are encrypted nothing is sent. It needs the extra `matrix`.
"""

import asyncio
import contextlib
import json
import logging
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp
import nio

from earwitness.domain.contact import Channel
from earwitness.domain.errors import LinkError
from earwitness.domain.message import LONGEST_TEXT, Arrival, MessageState
from earwitness.links.link_kind import Memory, Report
from earwitness.links.message_link import Post, Rate, unconfirmed, unreachable
from earwitness.links.trusting import trusting

MOST_BYTES: Final = 8 * 1024 * 1024
"""Of one answer."""
ANSWER_SECONDS: Final = 15.0
POLL_MS: Final = 30_000
MOST_REMEMBERED: Final = 500
MOST_INVITATIONS: Final = 20
"""Taken in one run: more is mischief."""
MOST_LEFT_OUT: Final = 1000
"""Events of one room that are asked for when more came than fits in an answer; older ones are left out."""
CANNOT_READ: Final = "(An encrypted message, which this house cannot read.)"
WHAT: Final = "The Matrix server"
_REFUSED: Final = ("M_FORBIDDEN", "M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED", "M_INVALID_USERNAME")
_NO_HISTORY: Final = {"room": {"timeline": {"limit": 0}}}
logging.getLogger("nio").setLevel(logging.CRITICAL + 1)
"""It logs what it reads."""


class _Client(nio.AsyncClient):  # type: ignore[misc]
    """Reads no answer beyond MOST_BYTES."""

    async def parse_body(self, transport_response: aiohttp.ClientResponse) -> dict[Any, Any]:
        data = bytearray()
        async for piece in transport_response.content.iter_chunked(65_536):
            data += piece
            if len(data) > MOST_BYTES:
                transport_response.close()
                raise LinkError(f"{WHAT} answered more than can be.", code="link.too_large")
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


class MatrixLink:
    """A MessageLink for one account. `memory` keeps its device, its place in what came, and the room of each address."""

    channels = (Channel.MATRIX,)
    name_of_way = "Matrix"
    tells_delivery = True
    owner_id: str | None = None

    def __init__(
        self,
        *,
        link_id: str,
        server: str,
        user: str,
        password: str,
        memory: Memory,
        post: Post,
        ca_file: Path | None = None,
    ) -> None:
        self._link_id = link_id
        self._server = server
        self._user = user
        self._password = password
        self._memory = memory
        self._post = post
        self._ca_file = ca_file
        self._client: _Client | None = None
        self._report: Report | None = None
        self._rate = Rate()
        self._rooms: dict[str, str] = {}
        self._sent: OrderedDict[str, tuple[str, str]] = OrderedDict()
        """Of each event that we sent and that was not seen yet: its room and the message's id."""
        self._invitations = 0

    async def run(self, report: Report) -> None:
        context = (
            await asyncio.to_thread(trusting, self._ca_file, what="the Matrix server")
            if self._server.startswith("https")
            else None
        )
        client = _Client(
            self._server,
            self._user,
            config=nio.AsyncClientConfig(
                encryption_enabled=False,
                max_limit_exceeded=0,
                max_timeouts=0,
                request_timeout=ANSWER_SECONDS,
                store_sync_tokens=False,
            ),
            ssl=context,
        )
        self._invitations = 0
        self._rate = Rate()
        try:
            await self._sign_in(client)
            self._rooms = _map(await self._memory.get("rooms"))
            since = await self._memory.get("position")
            await self._sync(client, since.decode() if since else None, wait_ms=0, full_state=True)
            self._client, self._report = client, report
            report.works()
            while True:
                await self._sync(client, client.next_batch, wait_ms=POLL_MS)
        finally:
            self._client = None
            await client.close()

    async def check(self) -> None:
        _answer(await _asked(self._connected().whoami()), nio.WhoamiResponse)

    async def send(self, address: str, text: str, *, message_id: str) -> MessageState:
        client = self._connected()
        room_id = await self._room(client, address)
        room = client.rooms.get(room_id)
        if room is not None and room.encrypted:
            raise LinkError("That room is encrypted, and this house cannot encrypt for Matrix.", code="link.refused")
        content = {"msgtype": "m.text", "body": text[:LONGEST_TEXT]}
        try:
            sent = await _asked(client.room_send(room_id, "m.room.message", content, tx_id=message_id))
        except LinkError as error:
            raise unconfirmed(WHAT) if error.code != "link.too_large" else error from error
        if isinstance(sent, nio.RoomSendError) and sent.status_code == "M_LIMIT_EXCEEDED":
            raise LinkError(f"{WHAT} wants us to wait.", code="link.unreachable")
        event_id = str(_answer(sent, nio.RoomSendResponse, is_sure=False).event_id)
        self._sent[event_id] = (room_id, message_id)
        while len(self._sent) > MOST_REMEMBERED:
            self._sent.popitem(last=False)
        if self._report is not None:
            self._report.used()
        return MessageState.SENT

    async def fate(self, address: str, *, message_id: str) -> MessageState | None:
        """The server takes a transaction once, from the device that we stay."""
        return MessageState.WAITING if await self._memory.get("session") is not None else None

    def _connected(self) -> _Client:
        if self._client is None:
            raise unreachable(WHAT)
        return self._client

    async def _sign_in(self, client: _Client) -> None:
        """As the device that we were, else as a new one: without one the same message could be sent twice."""
        session = _map(await self._memory.get("session"))
        if session.get("user") == self._user and session.get("server") == self._server:
            client.restore_login(session["user_id"], session["device_id"], session["token"])
            if isinstance(await _asked(client.whoami()), nio.WhoamiResponse):
                return
            client.access_token = ""
        answer = _answer(await _asked(client.login(self._password, device_name="Earwitness")), nio.LoginResponse)
        kept = {
            "user": self._user,
            "server": self._server,
            "user_id": answer.user_id,
            "device_id": answer.device_id,
            "token": answer.access_token,
        }
        await self._memory.keep("session", json.dumps(kept).encode())

    async def _sync(self, client: _Client, since: str | None, *, wait_ms: int, full_state: bool = False) -> None:
        """Take what came. Where we are is kept after that, so what came in between a crash comes again, and is known."""
        first = _NO_HISTORY if since is None else None
        asked = client.sync(timeout=wait_ms, sync_filter=first, since=since, full_state=full_state)
        answer = _answer(await _asked(asked, seconds=ANSWER_SECONDS + wait_ms / 1000), nio.SyncResponse)
        for room_id in list(answer.rooms.invite)[:MOST_INVITATIONS]:
            self._invitations += 1
            if self._invitations <= MOST_INVITATIONS:
                await _asked(client.join(room_id))
        for room_id, joined in answer.rooms.join.items():
            timeline = joined.timeline
            if timeline.limited and since is not None and timeline.prev_batch:
                for event in await self._left_out(client, room_id, before=timeline.prev_batch, since=since):
                    await self._came(client, room_id, event)
            for event in timeline.events:
                await self._came(client, room_id, event)
            for event in joined.ephemeral:
                await self._seen(client, room_id, event)
        await self._memory.keep("position", str(answer.next_batch).encode()[:4096])

    async def _left_out(self, client: _Client, room_id: str, *, before: str, since: str) -> list[Any]:
        """What the server left out of a long timeline since we were there, oldest first."""
        room = client.rooms.get(room_id)
        if room is None or room.member_count > 2:
            return []
        found: list[Any] = []
        place: str | None = before
        while place and len(found) < MOST_LEFT_OUT:
            asked = client.room_messages(room_id, start=place, end=since, limit=100)
            answer = _answer(await _asked(asked), nio.RoomMessagesResponse)
            found += answer.chunk
            place = answer.end if answer.chunk and answer.end != place else None
        return found[::-1]

    async def _came(self, client: _Client, room_id: str, event: Any) -> None:
        sender = str(getattr(event, "sender", ""))
        room = client.rooms.get(room_id)
        if sender == client.user_id or not sender or room is None or room.member_count > 2:
            return
        if isinstance(event, nio.RoomMessageText):
            text = str(event.body)[: LONGEST_TEXT + 1]
        elif isinstance(event, nio.MegolmEvent):
            text = CANNOT_READ
        else:
            return
        if not text.strip() or not self._rate.takes(sender):
            return
        await self._rate.turn()
        at = None
        with contextlib.suppress(ValueError, OverflowError, OSError, TypeError):
            at = datetime.fromtimestamp(event.server_timestamp / 1000, UTC)
        await self._remember(sender, room_id)
        await self._post.arrived(self._link_id, Arrival(address=sender, text=text, outside_id=str(event.event_id), sent_at=at))
        if self._report is not None:
            self._report.used()

    async def _seen(self, client: _Client, room_id: str, event: Any) -> None:
        """A receipt for one event holds for all before it."""
        for receipt in getattr(event, "receipts", ()):
            if receipt.user_id == client.user_id or receipt.event_id not in self._sent:
                continue
            for event_id in list(self._sent):
                room, message_id = self._sent[event_id]
                if room == room_id:
                    del self._sent[event_id]
                    await self._post.told(self._link_id, message_id, MessageState.DELIVERED)
                if event_id == receipt.event_id:
                    break

    async def _room(self, client: _Client, address: str) -> str:
        """The room in which somebody is reached; for a person whom we share none with, it is made."""
        if address.startswith("!"):
            return address
        known = self._rooms.get(address)
        room = None if known is None else client.rooms.get(known)
        if known is not None and room is not None and (not address.startswith("@") or _is_of_two(room, address)):
            return known
        if address.startswith("#"):
            joined = _answer(await _asked(client.join(address)), nio.JoinResponse)
            return await self._remember(address, joined.room_id)
        if not address.startswith("@") or ":" not in address:
            raise LinkError("That is no Matrix address.", code="link.refused")
        for room_id, room in client.rooms.items():
            if _is_of_two(room, address):
                return await self._remember(address, room_id)
        asked = client.room_create(invite=[address], is_direct=True, preset=nio.RoomPreset.trusted_private_chat)
        made = _answer(await _asked(asked), nio.RoomCreateResponse)
        return await self._remember(address, made.room_id)

    async def _remember(self, address: str, room_id: str) -> str:
        if self._rooms.get(address) != room_id:
            self._rooms[address] = room_id
            while len(self._rooms) > MOST_REMEMBERED:
                self._rooms.pop(next(iter(self._rooms)))
            await self._memory.keep("rooms", json.dumps(self._rooms).encode())
        return room_id


def _is_of_two(room: nio.MatrixRoom, address: str) -> bool:
    """Whether that person, and nobody else, reads there."""
    return room.member_count == 2 and address in (*room.users, *room.invited_users)


async def _asked(asked: Any, *, seconds: float = ANSWER_SECONDS) -> Any:
    """What the server answers. Raises LinkError for one that is not there, or answers nonsense."""
    try:
        async with asyncio.timeout(seconds):
            return await asked
    except TimeoutError as error:
        raise LinkError(f"{WHAT} does not answer.", code="link.slow") from error
    except aiohttp.ClientConnectorCertificateError as error:
        raise LinkError(f"{WHAT} shows a certificate that is not to be trusted.", code="link.not_safe") from error
    except (aiohttp.ClientError, OSError) as error:
        raise unreachable(WHAT) from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise LinkError("What answers is no Matrix server.", code="link.nonsense") from error


def _answer(answer: Any, wanted: type[Any], *, is_sure: bool = True) -> Any:
    """The answer, if it is the wanted one. Raises LinkError; with `is_sure` False what is no clear refusal is unconfirmed."""
    if isinstance(answer, wanted):
        return answer
    code = getattr(answer, "status_code", None)
    if code in _REFUSED:
        raise LinkError(f"{WHAT} refuses us: see the name and the password.", code="link.refused")
    if isinstance(code, str) and code.startswith("M_"):
        raise LinkError(f"{WHAT} refused that.", code="link.failed")
    if not is_sure:
        raise unconfirmed(WHAT)
    raise LinkError("What answers is no Matrix server.", code="link.nonsense")


def _map(kept: bytes | None) -> dict[str, str]:
    found = json.loads(kept) if kept else {}
    return found if isinstance(found, dict) else {}
