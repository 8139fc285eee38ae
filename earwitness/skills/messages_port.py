"""What the skill of messages, its page and its job share: by which ways messages go, and who sends them. Protocols and values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from earwitness.domain.contact import Channel
from earwitness.domain.message import Message
from earwitness.links.message_box import MessageBox


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One link that somebody's messages can go by. `sentence` says how it stands, and is for saying aloud."""

    link_id: str
    name: str
    """ "SMS", "XMPP": what it is called aloud."""
    channels: tuple[Channel, ...]
    person_id: str | None
    """Whose account it is; None for the household's."""
    works: bool
    sentence: str
    tells_delivery: bool


class PostOffice(Protocol):
    """The outbox at work. Used from one event loop."""

    box: MessageBox

    def ways(self, person_id: str | None) -> Sequence[Way]:
        """The ways that somebody's messages can go: by their own accounts, then by the household's."""
        ...

    async def send(self, message: Message, *, seconds: float) -> Message:
        """Take a message into the outbox and wait a moment for what becomes of it; gives it as it then is.

        Raises LinkError (link.too_many), StorageError, VaultError: then it was not taken.
        """
        ...

    async def leave(self, message: Message, *, to: str | None, sender: str) -> Message:
        """Put a message into an inbox of the house; it is there when this returns. Raises StorageError, VaultError."""
        ...

    def may_read(self, person_id: str, device_id: str | None, *, speaker: str | None) -> bool:
        """Whether a person's messages may be read aloud at a satellite to whoever asks there; on a page only to themselves."""
        ...

    def says_so(self, person_id: str, device_id: str) -> bool:
        """Whether a satellite may say that there is a message for a person."""
        ...
