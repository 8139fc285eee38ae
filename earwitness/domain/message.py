"""Messages between people: what one is, how far it has come, and how loudly others hear of it. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

LONGEST_TEXT: Final = 2000
"""Characters of one message; of a longer one that comes in the rest is cut off, and it says so."""
CUT: Final = " …"


class MessageState(StrEnum):
    """How far a message has come. One that goes out is WAITING, SENDING and then one of the next five; one that came in is NEW
    or READ."""

    WAITING = "waiting"
    """In the outbox, handed to nobody yet."""
    SENDING = "sending"
    """Being handed to the link right now; whoever finds it so after a start does not know what became of it."""
    SENT = "sent"
    """The other side's server has it, or the network of the telephone."""
    DELIVERED = "delivered"
    """The other person's device, or their inbox here, has it."""
    FAILED = "failed"
    """It was not delivered, and will not be."""
    UNKNOWN = "unknown"
    """Nobody knows whether it was sent. It is never sent again by itself."""
    WITHDRAWN = "withdrawn"
    """Taken back before it went out."""
    NEW = "new"
    READ = "read"


IS_OVER: Final = frozenset({MessageState.DELIVERED, MessageState.FAILED, MessageState.WITHDRAWN, MessageState.READ})
"""Nothing will become of these any more."""
UNTOLD: Final = timedelta(days=7)
"""For so long the other side may still tell that a message was delivered; one that went by a way that tells nothing more is kept
as one that is over."""


class Aloud(StrEnum):
    """How a satellite treats the messages of one person."""

    NOTHING = "nothing"
    """It neither says that there is one nor reads it."""
    THAT_THERE_IS_ONE = "that_there_is_one"
    """It says whose it is, and neither from whom nor what."""
    READS = "reads"
    """It says from whom, and reads it to whoever asks there."""


def aloud_at(chosen: Mapping[str, Aloud], device_id: str) -> Aloud:
    """How a satellite treats somebody's messages by what they chose for it, else for all (""); until then it says that there is
    one."""
    return chosen.get(device_id, chosen.get("", Aloud.THAT_THERE_IS_ONE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message in somebody's box. `person_id` is whose it is: who sent it, or who got it; None for the household's own."""

    message_id: str
    person_id: str | None
    is_incoming: bool
    link_id: str | None
    """By which link; None inside the house."""
    address: str
    """Where it goes, or came from: an address of the link; inside the house the id of a person, "" for the household."""
    name: str
    """What the other is called here; the address, if nobody knows."""
    text: str | None
    """None once it has been erased."""
    state: MessageState
    reason: str = ""
    """Why it is in that state, as a sentence."""
    area: str = ""
    """Of the household's: the room that it was left in, at whose satellites alone it is told and read; empty for all."""
    created_at: datetime
    changed_at: datetime
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message as a link hands it over: already bounded, and not trusted. `outside_id` is the same when it comes again."""

    address: str
    text: str
    outside_id: str
    sent_at: datetime | None = None


def cut(text: str) -> str:
    """At most LONGEST_TEXT characters of it, without what cannot be seen or would turn the order of letters around."""
    shown = "".join(one if one in "\n\t" or one.isprintable() else " " for one in text[: LONGEST_TEXT + 1]).strip()
    return shown if len(shown) <= LONGEST_TEXT else shown[: LONGEST_TEXT - len(CUT)] + CUT
