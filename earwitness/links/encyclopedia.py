"""Looks things up in ZIM files (Wikipedia and others, made for reading offline). Nothing leaves the machine.

Owns the process that reads them (zim_reader): it is started when it is first needed, ended when it does not answer in time, and
started again for the next question. Its answers are checked like a stranger's.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from earwitness.domain.answer import Answer
from earwitness.domain.errors import LinkError
from earwitness.links.zim_reader import NOT_INSTALLED

START_SECONDS: Final = 10.0
LONGEST_QUESTION: Final = 300
_LONGEST_LINE: Final = 64 * 1024
_KEPT_OF_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH")


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    sentence: str = Field(min_length=1, max_length=1000)
    more: list[str] = Field(max_length=20)
    title: str = Field(max_length=500)
    source: str = Field(max_length=1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One file that is read: its title, the month of its making ("March 2026", or empty) and how many articles it has."""

    name: str
    dated: str
    articles: int


class Encyclopedia:
    """All ZIM files in a folder, in the order of their names; those that are put there later are found too."""

    def __init__(self, folder: Path, *, timeout_seconds: float = 2.0) -> None:
        self._folder = folder
        self._timeout_seconds = timeout_seconds
        self._process: asyncio.subprocess.Process | None = None
        self._asking = asyncio.Lock()
        self._last_id = 0

    @property
    def outgoing(self) -> tuple[str, ...]:
        """Hosts that learn what is asked: none."""
        return ()

    async def look_up(self, topic: str) -> Answer | None:
        """What something is: the first sentence of its article, and the next ones as more; None if there is no article.

        Raises LinkError: link.slow, link.failed, link.nonsense, link.not_installed.
        """
        return _answer((await self._ask("look_up", topic)).get("answer"))

    async def find_fact(self, question: str) -> Answer | None:
        """The sentence of an article that answers (how tall, when born, who won), None if unsure. Raises as `look_up`."""
        return _answer((await self._ask("fact", question)).get("answer"))

    async def search(self, words: str) -> tuple[str, ...]:
        """Titles of up to five articles, by title and by what they say. Raises as `look_up`."""
        titles = (await self._ask("search", words)).get("titles", [])
        return tuple(str(title)[:500] for title in titles[:5])

    async def books(self) -> tuple[tuple[Book, ...], int]:
        """The files that are read, and how many cannot be. Raises as `look_up`."""
        told = await self._ask("books", "")
        try:
            books = tuple(
                Book(name=str(one["name"]), dated=str(one["dated"]), articles=int(one["articles"])) for one in told["books"]
            )
            return books, int(told["damaged"])
        except (KeyError, TypeError, ValueError) as error:
            raise _nonsense() from error

    async def close(self) -> None:
        """End the process; a later question starts it again."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    def end(self) -> None:
        """End the process without waiting for it, for when the event loop is over."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def _ask(self, do: str, words: str) -> dict[str, Any]:
        async with self._asking:
            process = await self._started()
            self._last_id += 1
            line = json.dumps({"id": self._last_id, "do": do, "words": words[:LONGEST_QUESTION]})
            return await self._answered(process, line, seconds=self._timeout_seconds)

    async def _started(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        if not await asyncio.to_thread(self._folder.is_dir):
            raise LinkError(f"{self._folder} is no folder; make it and put ZIM files there.")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "earwitness.links.zim_reader",
            str(self._folder.absolute()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_LONGEST_LINE,
            env={name: os.environ[name] for name in _KEPT_OF_ENVIRONMENT if name in os.environ},
        )
        self._last_id = 0
        await self._answered(self._process, "", seconds=START_SECONDS)
        return self._process

    async def _answered(self, process: asyncio.subprocess.Process, line: str, *, seconds: float) -> dict[str, Any]:
        """The answer with the last id; those to questions that nobody waits for any more are passed over."""
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                if line:
                    process.stdin.write(f"{line}\n".encode())
                    await process.stdin.drain()
                while True:
                    told = json.loads(await process.stdout.readline() or b"{}")
                    if not isinstance(told, dict) or not isinstance(told.get("id"), int):
                        raise ValueError
                    if told["id"] == self._last_id:
                        return told
        except TimeoutError as error:
            await self.close()
            raise LinkError("The encyclopedia took too long; try again, or ask in other words.", code="link.slow") from error
        except (ValueError, OSError) as error:
            raise await self._ended(process) from error

    async def _ended(self, process: asyncio.subprocess.Process) -> LinkError:
        """Why there is no answer, when the process is over or talks nonsense."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await process.wait()
        code = process.returncode
        await self.close()
        if code == NOT_INSTALLED:
            return LinkError(
                "Reading ZIM files needs libzim: install it with pip install 'earwitness[encyclopedia]'.",
                code="link.not_installed",
            )
        return LinkError("A ZIM file made its reader fail; take out the file that you added last.")


def _answer(told: object) -> Answer | None:
    if told is None:
        return None
    try:
        found = _Told.model_validate(told)
    except ValidationError as error:
        raise _nonsense() from error
    return Answer(sentence=found.sentence, more=tuple(found.more), title=found.title, source=found.source)


def _nonsense() -> LinkError:
    return LinkError("The reader of ZIM files answered with nonsense; look at the files.", code="link.nonsense")
