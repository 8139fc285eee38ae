"""Shows what the satellite does: a light, a program, a line in the terminal. Nothing that shows may hold up the sound.

The light is written at once, in the caller's thread: it is a file of the kernel. The program is started and not waited for;
if it is slow, states in between are left out.
"""

import asyncio
import contextlib
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

COMMAND_SECONDS: Final = 5.0
"""A program that shows the state and takes longer is ended."""
LIT: Final = frozenset({"listening", "intercom"})
"""The states in which sound may leave."""


class Indicator:
    """`show` a state; `print_state` draws it in the terminal. `run` it beside: it starts the program."""

    def __init__(
        self,
        *,
        print_state: Callable[[str], None] = lambda word: None,
        command: Sequence[str] = (),
        light: Path | None = None,
    ) -> None:
        self._print_state = print_state
        self._command = tuple(command)
        self._light = light
        self._wanted: str | None = None
        self._news = asyncio.Event()
        self.word = ""
        self.has_failed = False
        """Whether the light or the program did not do as asked."""

    def show(self, word: str) -> None:
        """Show this state now."""
        self.word = self._wanted = word
        self._set_light(word in LIT)
        self._print_state(word)
        self._news.set()

    async def run(self) -> None:
        """Start the program on each change, one at a time, until cancelled."""
        if not self._command:
            return
        while True:
            await self._news.wait()
            self._news.clear()
            word, self._wanted = self._wanted, None
            if word is not None:
                await self._tell_program(word)

    def _set_light(self, is_on: bool) -> None:
        if self._light is None:
            return
        try:
            self._light.write_text("1" if is_on else "0", encoding="ascii")
        except OSError:
            self.has_failed = True

    async def _tell_program(self, word: str) -> None:
        try:
            program = await asyncio.create_subprocess_exec(
                *self._command, word, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except (OSError, ValueError):
            self.has_failed = True
            return
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                self.has_failed = bool(await program.wait()) or self.has_failed
        except TimeoutError:
            self.has_failed = True
        finally:
            if program.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    program.kill()
                await program.wait()
