"""What a link that carries messages can do beside running, and what it tells the house. Protocols and bounds only.

The rule of sending: a message is noted as being sent before a link gets it, and what the link says is noted after. So `send`
has to say what it knows, and no more:

    returns SENT            the other side's server (or the network) confirmed that it has it
    returns DELIVERED       the other person's device confirmed it
    link.unreachable        nothing was handed over: it waits, and is tried again
    link.refused, others    it was refused, and will not be sent
    link.unconfirmed        it may or may not have been sent: nobody knows, and it is never sent again by itself
"""

import asyncio
import time
from collections import OrderedDict, deque
from typing import Final, Protocol, runtime_checkable

from earwitness.domain.contact import Channel
from earwitness.domain.errors import LinkError
from earwitness.domain.message import Arrival, MessageState
from earwitness.links.link_kind import Link

SEND_SECONDS: Final = 20.0
"""How long one message may take; then nobody knows."""
MOST_A_MINUTE: Final = 60
"""Messages that one link takes in at once; more of them come slower."""
PACE_SECONDS: Final = 0.05
MOST_OF_SENDER: Final = 300
"""Messages of one sender in an hour; the rest is left out."""
MOST_SENDERS: Final = 10_000


@runtime_checkable
class MessageLink(Link, Protocol):
    """A link that carries messages. `name_of_way` is said aloud ("SMS")."""

    channels: tuple[Channel, ...]
    name_of_way: str
    tells_delivery: bool
    """Whether it may tell later that a message was delivered."""
    owner_id: str | None
    """Whose account it is; None for the household's."""

    async def send(self, address: str, text: str, *, message_id: str) -> MessageState:
        """Hand one message over; see the rule above. Raises LinkError."""
        ...

    async def fate(self, address: str, *, message_id: str) -> MessageState | None:
        """What became of a message that was being handed over when the house ended: WAITING if sending it again cannot send
        it twice, None if nobody knows. Raises LinkError."""
        ...


class Post(Protocol):
    """What a link tells the house. What it told is durable when the call returns."""

    async def arrived(self, link_id: str, arrival: Arrival) -> None:
        """A message came in; one that came before is passed over. Raises StorageError, VaultError."""
        ...

    async def told(self, link_id: str, message_id: str, state: MessageState, *, reason: str = "") -> None:
        """More became known of a message that went out by this link. Raises StorageError."""
        ...


class Rate:
    """Paces what one link takes in, so that what is too fast waits; and bounds what one sender may send, so that nobody fills it
    for all others. One for each connection: what comes again after it broke is not counted twice."""

    def __init__(self, most: int = MOST_A_MINUTE, *, of_sender: int = MOST_OF_SENDER) -> None:
        self._of_sender = of_sender
        self._at: deque[float] = deque(maxlen=most)
        self._senders: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def takes(self, sender: str) -> bool:
        """Whether one more of this sender is taken in; it counts."""
        now = time.monotonic()
        since, count = self._senders.get(sender, (now, 0))
        if now - since >= 3600.0:
            since, count = now, 0
        if count >= self._of_sender:
            return False
        self._senders[sender] = (since, count + 1)
        while len(self._senders) > MOST_SENDERS:
            self._senders.popitem(last=False)
        return True

    async def turn(self) -> None:
        """Wait for one's turn."""
        if len(self._at) == self._at.maxlen and time.monotonic() - self._at[0] < 60.0:
            await asyncio.sleep(PACE_SECONDS)
        self._at.append(time.monotonic())


def unreachable(what: str) -> LinkError:
    return LinkError(f"{what} cannot be reached.", code="link.unreachable")


def unconfirmed(what: str) -> LinkError:
    return LinkError(f"{what} did not say whether it took the message.", code="link.unconfirmed")
