"""Says where somebody may hear it that a message came in, or that one did not arrive. It reads no message aloud by itself.

On the person's own pages it says from whom; at a satellite as the person chose: that there is one, also from whom, or nothing.
It is what `TellNews` says by the id of a message, so it waits while nobody may be disturbed.
"""

import asyncio
from collections.abc import Awaitable, Callable

from earwitness.domain.errors import EarwitnessError
from earwitness.domain.intent import Context
from earwitness.domain.message import Aloud, Message, MessageState, aloud_at
from earwitness.links.message_box import MessageBox

Tell = Callable[[str, Callable[[Context], bool]], Awaitable[bool]]
"""Says a sentence to whoever is there, but not where it spares; gives whether anybody can have heard it."""


class AnnounceMessages:
    """`names` gives what people are called, by id; `is_quiet` whether nobody there wants to be disturbed. Both block."""

    def __init__(
        self,
        box: MessageBox,
        *,
        tell: Tell,
        names: Callable[[], dict[str, str]],
        is_quiet: Callable[[Context], bool],
    ) -> None:
        self._box = box
        self._tell = tell
        self._names = names
        self._is_quiet = is_quiet

    async def say(self, message_id: str) -> bool:
        """Announce a message; True once somebody can have heard it, or there is nothing to say any more. Raises StorageError."""
        message = await asyncio.to_thread(self._box.find, message_id)
        if message is None or message.state not in (MessageState.NEW, MessageState.FAILED):
            return True
        chosen = {} if message.person_id is None else await asyncio.to_thread(self._box.aloud, message.person_id)
        name = "" if message.person_id is None else (await asyncio.to_thread(self._names)).get(message.person_id, "")
        full, short = _full(message), _short(message, name)

        def aloud(context: Context) -> Aloud:
            if message.person_id is None:
                return Aloud.READS if message.area in ("", context.area) else Aloud.NOTHING
            if context.device_id is None:
                return Aloud.READS if context.person_id == message.person_id else Aloud.NOTHING
            return aloud_at(chosen, context.device_id)

        def spares(wanted: Aloud) -> Callable[[Context], bool]:
            return lambda context: aloud(context) is not wanted or self._silent(context)

        heard = await asyncio.gather(self._tell(full, spares(Aloud.READS)), self._tell(short, spares(Aloud.THAT_THERE_IS_ONE)))
        return any(heard)

    def _silent(self, context: Context) -> bool:
        try:
            return self._is_quiet(context)
        except EarwitnessError:
            return True


def _full(message: Message) -> str:
    if message.state is MessageState.FAILED:
        return f"Your message to {message.name} was not delivered. {message.reason}".strip()
    what = "A note" if message.area else "A message"
    return f'{what} from {message.name}. Say "read my messages" to hear it.'


def _short(message: Message, name: str) -> str:
    what = "a message of yours was not delivered" if message.state is MessageState.FAILED else "there is a message for you"
    return f"{name}, {what}." if name else f"{what[0].upper()}{what[1:]}."
