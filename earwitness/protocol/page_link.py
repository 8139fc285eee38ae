"""A page's link, over as many WebSockets as the network makes of it: both sides count frames and keep what is not confirmed.

A WebSocket delivers in order, so no frame carries a number: the first after the opening has the one that follows `received`. On a
new connection the sides tell each other how many they have, and each sends the rest again. So every frame is delivered once and
in order, or the link ends. Described in docs/protocol.md. Pure: owns the counting, knows no connection and no clock.
"""

import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from earwitness.domain.errors import WireError
from earwitness.protocol.resume import is_same_token, new_token

KEPT_SECONDS: Final = 8.0
"""How long a link that lost its connection waits for its page. A browser needs seconds for a new one where much is lost."""
MOST_KEPT_BYTES: Final = 256 * 1024
MOST_KEPT_FRAMES: Final = 1024
MOST_COUNT: Final = 2**53 - 1
LONGEST_OPENING: Final = 200
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")

__all__ = [
    "KEPT_SECONDS",
    "Counted",
    "PageOpening",
    "ack_text",
    "is_same_token",
    "new_token",
    "opened_text",
    "read_opening",
    "read_ping",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOpening:
    """A page's first frame: the token of the link that it goes on with, or None, and how many frames it has of that."""

    token: str | None
    received: int


class Counted:
    """The server's side of a link: what was sent and is not confirmed, and how much came."""

    def __init__(self, *, most_bytes: int = MOST_KEPT_BYTES, most_frames: int = MOST_KEPT_FRAMES) -> None:
        self._most_bytes = most_bytes
        self._most_frames = most_frames
        self._kept: deque[str | bytes] = deque()
        self._kept_bytes = 0
        self.sent = 0
        """How many frames were sent."""
        self.acked = 0
        """How many of them the page has for certain."""
        self.received = 0
        """How many came from the page."""

    def has_room(self, frame: str | bytes) -> bool:
        """Whether one more may wait for its confirmation; a single one always may."""
        is_much = self._kept_bytes + len(frame) > self._most_bytes or len(self._kept) >= self._most_frames
        return not self._kept or not is_much

    def send(self, frame: str | bytes) -> None:
        """Count a frame and keep it until the page has it."""
        self.sent += 1
        self._kept.append(frame)
        self._kept_bytes += len(frame)

    def frame(self, number: int) -> str | bytes | None:
        """The frame of that number, None if there is none yet. It must not be confirmed."""
        return self._kept[number - self.acked - 1] if number <= self.sent else None

    def take_ack(self, count: int) -> None:
        """The page has so many. Raises WireError for more than were sent, and for fewer than it had confirmed."""
        if not self.acked <= count <= self.sent:
            raise WireError("The page confirms what it was never sent, or has lost what it had confirmed.")
        while self.acked < count:
            self.acked += 1
            self._kept_bytes -= len(self._kept.popleft())


def read_opening(text: str) -> PageOpening | None:
    """The opening of a link; None for another message. Raises WireError."""
    fields = _fields(text, "link")
    if fields is None:
        return None
    if fields.keys() != {"type", "token", "received"}:
        raise WireError("The opening of a link has wrong fields.")
    token, received = fields["token"], _count(fields["received"])
    if token is None:
        if received:
            raise WireError("A new link has received nothing yet.")
    elif not isinstance(token, str) or _TOKEN.fullmatch(token) is None:
        raise WireError("A link's token is 43 URL-safe characters.")
    return PageOpening(token=token, received=received)


def read_ping(text: str) -> int | None:
    """How many frames a page's `ping` confirms; None for another message. Raises WireError."""
    fields = _fields(text, "ping")
    if fields is None:
        return None
    if fields.keys() != {"type", "received"}:
        raise WireError("A ping says how much was received, and nothing else.")
    return _count(fields["received"])


def opened_text(token: str, *, received: int, is_resumed: bool) -> str:
    """The answer to an opening."""
    return json.dumps({"type": "link", "token": token, "received": received, "resumed": is_resumed})


def ack_text(received: int) -> str:
    """How many frames of the page came."""
    return json.dumps({"type": "ack", "received": received})


def _fields(text: str, kind: str) -> Mapping[str, object] | None:
    if len(text) > LONGEST_OPENING or f'"{kind}"' not in text:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None  # whoever reads it next says so
    return found if isinstance(found, dict) and found.get("type") == kind else None


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_COUNT:
        raise WireError(f"The field received is a whole number from 0 to {MOST_COUNT}.")
    return value
