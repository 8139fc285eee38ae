"""The way in for whoever stands at the device: a socket in its folder that only its own account (or root) can open.

`earwitness satellite mute`, `unmute`, `status` and the like come here. It is no network: it is a file, 0600, in a folder that is
0700, and who is at the other end is asked of the kernel.
"""

import asyncio
import json
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from earwitness.domain.errors import DeviceError

SOCKET: Final = "control.sock"
WORDS: Final = ("status", "mute", "unmute", "stop", "snooze", "talk")
ANSWER_SECONDS: Final = 5.0
_LONGEST_LINE: Final = 4096

Status = dict[str, object]


class Control:
    """Answers each word with the status after it was done. `do` raises EarwitnessError for what cannot be done."""

    def __init__(self, folder: Path, *, do: Callable[[str], Awaitable[Status]]) -> None:
        self._folder = folder
        self._do = do

    async def run(self) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_unix_server(self._answer, sock=_bind(self._folder), limit=_LONGEST_LINE)
        async with server:
            await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                if not _is_ours(writer.get_extra_info("socket")):
                    return
                word = (await reader.readline()).decode("ascii", "replace").strip()
                answer = await self._do(word) if word in WORDS else {"error": "This satellite knows no such word."}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            return
        finally:
            writer.close()


def ask(folder: Path, word: str) -> Status | None:
    """Say a word to the satellite that runs with this folder; None if none does. Raises DeviceError if it does not answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(ANSWER_SECONDS)
        try:
            with _reachable(folder) as path:
                asking.connect(path)
        except OSError:
            return None
        try:
            asking.sendall(word.encode() + b"\n")
            with asking.makefile("rb") as answer:
                found = json.loads(answer.readline(_LONGEST_LINE * 4))
        except (OSError, ValueError) as error:
            raise DeviceError("The satellite does not answer: look at its terminal or its log.", code="device.invalid") from error
    if not isinstance(found, dict) or "error" in found:
        raise DeviceError(str(found.get("error", "")) if isinstance(found, dict) else "", code="device.invalid")
    return found


def _bind(folder: Path) -> socket.socket:
    """The socket, made anew: one that a killed satellite left is of no use."""
    (folder / SOCKET).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with _reachable(folder) as path:
            listener.bind(path)
    finally:
        os.umask(before)
    return listener


@contextmanager
def _reachable(folder: Path) -> Iterator[str]:
    """A short path to the socket: those of sockets may not have more than about 100 bytes, folders may."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{SOCKET}"
    finally:
        os.close(handle)


def _is_ours(connected: socket.socket) -> bool:
    """Whether the same account or root is at the other end (SO_PEERCRED, unix(7))."""
    _, account, _ = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return account in (0, os.geteuid())
