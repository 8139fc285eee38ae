"""A connection that speaks in lines (MPD, Snapcast, mpv), to a program that is not trusted: lines and waits are bounded.

Owns one connection and the translation of its troubles into LinkError. It knows nothing of what is said.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Final, Self

from earwitness.domain.errors import LinkError

OPENING_SECONDS: Final = 5.0
LONGEST_LINE: Final = 1024 * 1024
"""Bytes of one line."""


class Lines:
    """One connection; `what` names the other side in errors ("The music player")."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, what: str) -> None:
        self._reader = reader
        self._writer = writer
        self.what = what

    @classmethod
    async def open(cls, host: str, port: int, *, what: str) -> Self:
        """Connect by TCP. Raises LinkError (link.unreachable)."""
        return await cls._opened(asyncio.open_connection(host, port, limit=LONGEST_LINE), what=what)

    @classmethod
    async def open_local(cls, path: Path, *, what: str) -> Self:
        """Connect to a socket in the file system. Raises LinkError (link.unreachable)."""
        return await cls._opened(asyncio.open_unix_connection(path, limit=LONGEST_LINE), what=what)

    @classmethod
    async def _opened(cls, opening: Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]], *, what: str) -> Self:
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                reader, writer = await opening
        except (OSError, TimeoutError) as error:
            raise LinkError(f"{what} cannot be reached; check that it runs, and its address.", code="link.unreachable") from error
        return cls(reader, writer, what=what)

    async def line(self) -> str:
        """The next line, without its end.

        Raises LinkError: link.unreachable when the other side is gone, link.too_large, link.nonsense for what is no UTF-8.
        """
        try:
            found = await self._reader.readline()
        except ValueError as error:
            raise LinkError(f"{self.what} sent a line that is too long.", code="link.too_large") from error
        except OSError as error:
            raise self._gone() from error
        if not found.endswith(b"\n"):
            raise self._gone()
        try:
            return found.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise LinkError(f"{self.what} sent what is no text.", code="link.nonsense") from error

    async def told(self) -> dict[str, Any]:
        """The next line as a JSON object. Raises LinkError as `line` does."""
        try:
            found = json.loads(await self.line())
        except (ValueError, RecursionError) as error:
            raise LinkError(f"{self.what} sent what is no answer.", code="link.nonsense") from error
        if not isinstance(found, dict):
            raise LinkError(f"{self.what} sent what is no answer.", code="link.nonsense")
        return found

    async def say(self, line: str) -> None:
        """Send one line. Raises LinkError (link.invalid for an end of line in it, link.unreachable)."""
        if "\n" in line or "\r" in line or "\0" in line:
            raise LinkError("What is sent to a player must be one line.", code="link.invalid")
        try:
            self._writer.write(f"{line}\n".encode())
            await self._writer.drain()
        except OSError as error:
            raise self._gone() from error

    def close(self) -> None:
        """Let go; may be called again."""
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.close()

    def _gone(self) -> LinkError:
        return LinkError(f"{self.what} broke off.", code="link.unreachable")
