"""A process of its own that telephones: `python -m earwitness.links.sip_process`, frames of sip_wire on its standard streams.

It is apart because baresip is native code that meets packets from anywhere, may hang or die, and cannot be started twice in one
process. Whoever started this process ends it when it does not answer. It learns the password from its first frame, never from
arguments or the environment; writes no file of its own and no log; and ends when its input does.
"""

import asyncio
import contextlib
import logging
import os
import resource
import sys
from pathlib import Path
from typing import Any, BinaryIO, Final

from earwitness.domain.errors import WireError
from earwitness.links import sip_wire as wire
from earwitness.links.sip_telephone import Telephone

MOST_UNREAD_BYTES: Final = 64 * 1024
"""Sound is dropped as long as more than that waits for the house."""


class Pipe:
    """The other end of the pipe, which is told things. Messages are few; sound that it does not read is dropped."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def tell(self, what: dict[str, object]) -> None:
        self._writer.write(wire.message(what))

    def hear(self, call: int, pcm: bytes) -> None:
        if self._writer.transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
            return
        for start in range(0, len(pcm), wire.LONGEST_SOUND):
            self._writer.write(wire.sound(call, pcm[start : start + wire.LONGEST_SOUND]))


async def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Telephone as the house says, until its end of the pipe closes."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=256 * 1024)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sink)
    house = Pipe(asyncio.StreamWriter(transport, protocol, None, loop))
    frames, telephone = wire.Reader(), None
    try:
        while data := await reader.read(64 * 1024):
            for frame in frames.read(data):
                if isinstance(frame, wire.Sound):
                    if telephone is not None:
                        telephone.say(frame.call, frame.chunk)
                elif telephone is None:
                    telephone = Telephone(wire.account_of(frame.get("account")), house=house)
                    await telephone.start()
                else:
                    _obey(telephone, frame)
    finally:
        if telephone is not None:
            await telephone.close()


def _obey(telephone: Telephone, frame: dict[str, Any]) -> None:
    match frame:
        case {"do": "ping"}:
            telephone.ping()
        case {"do": "call", "call": int(number), "to": str(address)}:
            telephone.place(number, address)
        case {"do": "answer", "call": int(number)}:
            telephone.answer(number)
        case {"do": "hang_up", "call": int(number)}:
            telephone.hang_up(number)
        case {"do": "busy", "call": int(number)}:
            telephone.refuse(number)
        case _:
            raise WireError("There is no such message.")


def main() -> int:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold the password and what is being said
    logging.disable(logging.CRITICAL)  # what the stack says has numbers and names of servers in it
    sink = os.fdopen(os.dup(1), "wb", buffering=0)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)  # what native code prints is no frame
    try:
        import baresip  # noqa: F401
    except ImportError:
        return wire.NOT_INSTALLED
    with contextlib.suppress(WireError, OSError):
        asyncio.run(serve(sys.stdin.buffer, sink))
    os._exit(0)  # the stack's threads are not waited for


if __name__ == "__main__":
    sys.exit(main())
