"""A link that survives a lost network: both sides number their frames, keep what was not acknowledged, and send it again.

Each frame after the opening has `seq`, from 1, and each frame has `ack`, the highest `seq` received so far. On a new connection
the sides tell each other what they have received, and each sends the rest again. A frame that was there already is dropped; a gap
is an error. So every frame is delivered exactly once and in order, or the link ends. Described in docs/protocol.md. Pure.

Owns the counting and what is kept; knows no connection and no clock (connection.py has both).
"""

import hmac
import re
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from earwitness.domain.errors import WireError
from earwitness.protocol.frames import MAX_NUMBER, Frame, encode

MOST_KEPT_BYTES: Final = 2 * 1024 * 1024
MOST_KEPT_FRAMES: Final = 2048
PING_SECONDS: Final = 1.0
LOST_SECONDS: Final = 4.0
"""A connection on which nothing came for so long is lost."""
RETURN_SECONDS: Final = 0.5
"""The least time that a device has to come back once its connection was found lost."""
KEPT_SECONDS: Final = LOST_SECONDS + RETURN_SECONDS
"""How long the server keeps a link after the last frame that it heard: whether the connection breaks or falls silent, as when the
power of a device is pulled, what was begun is dropped within 5 s."""
ACK_AT_FRAMES: Final = 64
ACK_AT_BYTES: Final = 128 * 1024
"""After so much received a side acknowledges at once, with a `pong` if it has nothing to say."""
OPENING: Final = "link"
PING: Final = "ping"
PONG: Final = "pong"
UNNUMBERED: Final = frozenset({PING, PONG})
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class Link:
    """One side of a link, over as many connections as it takes."""

    def __init__(self, *, most_bytes: int = MOST_KEPT_BYTES, most_frames: int = MOST_KEPT_FRAMES) -> None:
        self._most_bytes = most_bytes
        self._most_frames = most_frames
        self._kept: deque[tuple[Frame, int]] = deque()
        self._kept_bytes = 0
        self._sent = 0
        self._acked = 0
        self._received = 0
        self._owed_frames = 0
        self._owed_bytes = 0
        self._is_over = False

    @property
    def sent(self) -> int:
        """The highest number given to a frame of ours."""
        return self._sent

    @property
    def acked(self) -> int:
        """The highest number of ours that the other side has for certain."""
        return self._acked

    @property
    def received(self) -> int:
        """The highest number received from the other side."""
        return self._received

    @property
    def kept_bytes(self) -> int:
        """How much is kept in case it must be sent again."""
        return self._kept_bytes

    @property
    def owes_ack(self) -> bool:
        """Whether so much came without our acknowledging it that a `pong` is due now."""
        return self._owed_frames >= ACK_AT_FRAMES or self._owed_bytes >= ACK_AT_BYTES

    def has_room(self, size_bytes: int) -> bool:
        """Whether a frame of that size can be sent now without ending the link; the caller may wait until it can."""
        return len(self._kept) < self._most_frames and self._kept_bytes + size_bytes <= self._most_bytes

    def send(self, kind: str, fields: Mapping[str, object], payload: bytes = b"") -> Frame:
        """Number a frame and keep it until the other side has it; the caller writes it if there is a connection.

        Raises WireError: what `encode` raises, or link.too_far_behind if too much waits already; then the link is over.
        """
        self._refuse_if_over()
        if kind in UNNUMBERED or kind == OPENING:
            raise WireError(f"A frame {kind} has no number.")
        frame = Frame(kind, fields, payload=payload, seq=self._sent + 1, ack=self._received)
        size = len(encode(frame))
        if not self.has_room(size):
            self._is_over = True
            raise WireError("The other side has not confirmed what it was sent for too long.", code="link.too_far_behind")
        self._sent += 1
        self._kept.append((frame, size))
        self._kept_bytes += size
        self._note_ack()
        return frame

    def ping(self) -> Frame:
        """What is sent every PING_SECONDS; it carries the acknowledgement."""
        self._note_ack()
        return Frame(PING, {}, ack=self._received)

    def pong(self) -> Frame:
        """The answer to a ping; also sent when `owes_ack`."""
        self._note_ack()
        return Frame(PONG, {}, ack=self._received)

    def receive(self, frame: Frame) -> Frame | None:
        """Take a frame that came; None for one that was here before, and for `ping` and `pong`, which are the connection's own.

        Raises WireError for a gap, a missing number, or an acknowledgement of what was never sent; then the link is over.
        """
        self._refuse_if_over()
        try:
            return self._receive(frame)
        except WireError:
            self._is_over = True
            raise

    def unacked(self) -> tuple[Frame, ...]:
        """What the other side may not have, in order, with the present acknowledgement."""
        return tuple(replace(frame, ack=self._received) for frame, _ in self._kept)

    def resume(self, received: int) -> tuple[Frame, ...]:
        """What to send again on a new connection, when the other side says what it has. Raises WireError if that cannot be."""
        self._refuse_if_over()
        if received < self._acked:
            self._is_over = True
            raise WireError("The other side has lost what it had confirmed.")
        try:
            self._take_ack(received)
        except WireError:
            self._is_over = True
            raise
        return self.unacked()

    def _receive(self, frame: Frame) -> Frame | None:
        if frame.kind == OPENING:
            raise WireError("The link is open already.", code="wire.unexpected")
        if frame.ack is None:
            raise WireError("A frame of a link says what was received.")
        self._take_ack(frame.ack)
        if frame.kind in UNNUMBERED:
            if frame.seq is not None or frame.fields or frame.payload:
                raise WireError(f"A {frame.kind} carries nothing but what was received.")
            return None
        if frame.seq is None:
            raise WireError("A frame of a link has a number.")
        if frame.seq <= self._received:
            return None
        if frame.seq != self._received + 1:
            raise WireError("A frame of the link is missing.")
        self._received = frame.seq
        self._owed_frames += 1
        self._owed_bytes += len(frame.payload)
        return frame

    def _take_ack(self, ack: int) -> None:
        if ack > self._sent:
            raise WireError("The other side confirms what it was never sent.")
        while self._kept and (self._kept[0][0].seq or 0) <= ack:
            self._kept_bytes -= self._kept.popleft()[1]
        self._acked = max(self._acked, ack)

    def _note_ack(self) -> None:
        self._owed_frames = self._owed_bytes = 0

    def _refuse_if_over(self) -> None:
        if self._is_over:
            raise WireError("The link is over; open a new one.", code="link.over")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A device's first frame: the token of the link it wants to go on with, or None, and what it has received over that."""

    token: str | None
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The server's answer: the link's token from now on, what the server has received, whether the old link goes on."""

    token: str
    received: int
    is_resumed: bool


def new_token() -> str:
    """A token for a link: 256 random bits, 43 URL-safe characters. Whoever has it and the device's key may go on with it."""
    return secrets.token_urlsafe(32)


def is_same_token(one: str, other: str) -> bool:
    """Whether two tokens are the same, in a time that does not tell how much of them is."""
    return hmac.compare_digest(one.encode(), other.encode())


def opening_frame(opening: Opening) -> Frame:
    """A device's opening as a frame."""
    return Frame(OPENING, {"token": opening.token, "received": opening.received})


def opened_frame(opened: Opened) -> Frame:
    """The server's answer as a frame."""
    return Frame(OPENING, {"token": opened.token, "received": opened.received, "resumed": opened.is_resumed})


def read_opening(frame: Frame) -> Opening:
    """Read a device's opening, as the server does. Raises WireError."""
    fields = _opening_fields(frame, frozenset({"token", "received"}))
    opening = Opening(token=_token(fields["token"], may_be_none=True), received=_count(fields["received"]))
    if opening.token is None and opening.received:
        raise WireError("A new link has received nothing yet.")
    return opening


def read_opened(frame: Frame) -> Opened:
    """Read the server's answer, as a device does. Raises WireError."""
    fields = _opening_fields(frame, frozenset({"token", "received", "resumed"}))
    token, resumed = _token(fields["token"], may_be_none=False), fields["resumed"]
    if token is None or not isinstance(resumed, bool):
        raise WireError("The field resumed is true or false.")
    opened = Opened(token=token, received=_count(fields["received"]), is_resumed=resumed)
    if not resumed and opened.received:
        raise WireError("A new link has received nothing yet.")
    return opened


def _opening_fields(frame: Frame, expected: frozenset[str]) -> Mapping[str, object]:
    if frame.kind != OPENING:
        raise WireError("A link begins with its opening.", code="wire.unexpected")
    if frame.fields.keys() != expected or frame.payload or frame.seq is not None or frame.ack is not None:
        raise WireError("The opening of a link has wrong fields.")
    return frame.fields


def _token(value: object, *, may_be_none: bool) -> str | None:
    if value is None and may_be_none:
        return None
    if not isinstance(value, str) or _TOKEN.fullmatch(value) is None:
        raise WireError("A link's token is 43 URL-safe characters.")
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_NUMBER:
        raise WireError(f"The field received is a whole number from 0 to {MAX_NUMBER}.")
    return value
