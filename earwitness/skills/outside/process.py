"""A skill of others as the house sees it: a process that is asked, bounded in time, and cut off when it fails.

Owns the process and what the skill may ask of the house: every question is checked against the permissions of its file here,
not there. It never raises for what the skill does: that is a result with a clear sentence.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from earwitness.domain.errors import EarwitnessError, LinkError, SkillError
from earwitness.domain.home import Home
from earwitness.domain.intent import Context, Intent
from earwitness.domain.skill import HomeAccess
from earwitness.domain.turn import SkillResult
from earwitness.skills.interface import Fetch, HomeLink, Memory, failed
from earwitness.skills.outside import wire
from earwitness.skills.outside.fence import command
from earwitness.skills.outside.packages import SkillPackage

DEADLINE_SECONDS: Final = 5.0
MOST_QUESTIONS: Final = 200
"""How much a skill may ask of the house in one turn."""
MOST_MESSAGES: Final = 2 * MOST_QUESTIONS
"""How much it may say in one turn, and until the next."""
MOST_UNREAD_BYTES: Final = 2 * wire.LONGEST_LINE
"""A skill that does not read what it is told is cut off then."""
LEFTOVER_SECONDS: Final = 1.0
MOST_ATTRIBUTES: Final = 20
LONGEST_VALUE: Final = 200
NEVER_CHANGED: Final = frozenset(("lock", "alarm_control_panel"))
"""Kinds of devices that a skill of others may not change, whatever its file says."""


class OutsideSkill:
    """One skill. The process starts with the first request (or `warm`) and again after it was cut off. `close` ends it."""

    def __init__(
        self,
        package: SkillPackage,
        *,
        clock: Callable[[], datetime],
        home: HomeLink,
        memory: Memory,
        fetch: Fetch,
        bubblewrap: str | None,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self.package = package
        self._clock = clock
        self._home = home
        self._memory = memory
        self._fetch = fetch
        self._command = command(package.entry, folder=package.folder, bubblewrap=bubblewrap)
        self._deadline_seconds = deadline_seconds
        self._numbers = itertools.count(1)
        self._running: _Running | None = None
        self._starting = asyncio.Lock()

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        """Nobody knows what it will say."""
        return None

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        """Ask the skill; within the deadline there is a result."""
        title = self.package.manifest.title
        try:
            async with asyncio.timeout(self._deadline_seconds):
                running = await self._ready()
                number = next(self._numbers)
                asked = wire.request(number, intent, context=context, home=self._shown_home(), now=self._clock())
                return wire.result(await running.ask(number, asked), intent=intent, context=context)
        except TimeoutError:
            await self.close()
            return failed(f"The skill {title} took longer than {self._deadline_seconds:g} seconds, so I stopped it.")
        except (SkillError, OSError):
            await self.close()
            return failed(f"The skill {title} broke off, so I stopped it. I do not know whether it did what you asked.")

    async def warm(self) -> None:
        """Start the process now, so that the first request does not wait for it. A skill that cannot start says so when asked."""
        with contextlib.suppress(TimeoutError, SkillError, OSError):
            async with asyncio.timeout(self._deadline_seconds):
                await self._ready()

    async def close(self) -> None:
        """End the process, if it runs."""
        running, self._running = self._running, None
        if running is not None:
            await running.end()

    async def _ready(self) -> "_Running":
        async with self._starting:
            if self._running is None or not self._running.is_alive:
                await self.close()
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    env={"PATH": "/usr/bin", "LANG": "C.UTF-8"},
                    limit=wire.LONGEST_LINE,
                    start_new_session=True,
                )
                self._running = _Running(process, answer=self._answer)
            await self._running.ready()
            return self._running

    def _shown_home(self) -> Home | None:
        """What it may see of the home: the devices of the kinds that its file asks for. None for nothing."""
        permissions = self.package.manifest.permissions
        if permissions.home is HomeAccess.NONE:
            return None
        home = self._home.snapshot()
        seen = replace(home, devices=tuple(one for one in home.devices if permissions.reaches(one.domain)))
        return seen if not permissions.kinds else replace(seen, lists=())

    # What the skill asks

    async def _answer(self, what: object, fields: Mapping[str, Any]) -> object:
        """What the house says to a question. Raises EarwitnessError for what is refused, KeyError, TypeError for nonsense."""
        permissions = self.package.manifest.permissions
        match what:
            case "apply" | "skip" if permissions.home is HomeAccess.CHANGE:
                return await self._change(what, fields)
            case "get" if permissions.memory:
                return await self._memory.get(_text(fields["name"]))
            case "keep" if permissions.memory:
                await self._memory.keep(_text(fields["name"]), fields["value"])
                return None
            case "fetch" if permissions.network:
                return await self._fetch(_text(fields["url"]))
            case _:
                raise LinkError("The skill's file does not ask for that, so it cannot have it.", code="skill.failed")

    async def _change(self, what: object, fields: Mapping[str, Any]) -> object:
        device_id = _text(fields["device_id"])
        try:
            domain = self._home.snapshot().device(device_id).domain
        except KeyError:
            raise LinkError("There is no such device.", code="link.unknown_device") from None
        if not self.package.manifest.permissions.reaches(domain):
            raise LinkError("The skill's file does not ask for that kind of device.", code="skill.failed")
        if domain in NEVER_CHANGED:
            raise LinkError("Skills of others may not change locks and alarms.", code="skill.failed")
        if what == "skip":
            return asdict(await self._home.skip(device_id, tracks=int(fields["tracks"])))
        attributes = fields["attributes"]
        if attributes is not None and (len(attributes) > MOST_ATTRIBUTES or not all(map(_is_attribute, attributes.items()))):
            raise TypeError("an attribute is a short text, a number or a truth")
        state = None if fields["state"] is None else _text(fields["state"], longest=LONGEST_VALUE)
        return asdict(await self._home.apply(device_id, state=state, attributes=attributes))


class _Running:
    """One life of a process: its requests that wait, and a task that reads what it says."""

    def __init__(self, process: asyncio.subprocess.Process, *, answer: Callable[[object, Mapping[str, Any]], Any]) -> None:
        self._process = process
        self._answer = answer
        self._is_ready = asyncio.get_running_loop().create_future()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._questions = self._messages = 0
        self._answers: set[asyncio.Task[None]] = set()
        self._reading = asyncio.create_task(self._read())

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None and not self._reading.done()

    async def ready(self) -> None:
        """Wait until it is. Raises SkillError if it ends before."""
        await asyncio.shield(self._is_ready)

    async def ask(self, number: int, message: Mapping[str, object]) -> dict[str, Any]:
        """What it answers to one request. Raises SkillError when it ends instead."""
        waiting: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        self._questions = self._messages = 0
        try:
            self._say(message)
            return await waiting
        finally:
            del self._waiting[number]

    async def end(self) -> None:
        """Kill it, with everything that it started."""
        self._reading.cancel()
        for task in self._answers:
            task.cancel()
        self._kill()
        await asyncio.gather(self._reading, *self._answers, return_exceptions=True)
        with contextlib.suppress(TimeoutError, OSError):  # what it said last is read, so that the pipe closes
            async with asyncio.timeout(LEFTOVER_SECONDS):
                await self._process.communicate()
        await self._process.wait()

    def _say(self, message: Mapping[str, object]) -> None:
        if self._process.stdin is None or self._process.stdin.is_closing():
            raise SkillError("The skill has ended.", code="skill.failed")
        if self._process.stdin.transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
            self._kill()
            raise SkillError("The skill does not listen.", code="skill.failed")
        self._process.stdin.write(wire.line(message))

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _read(self) -> None:
        error = SkillError("The skill ended in the midst.", code="skill.failed")
        try:
            assert self._process.stdout is not None
            while line := await self._process.stdout.readline():
                self._take(wire.read(line))
        except (SkillError, ValueError, OSError) as wrong:  # ValueError: a line beyond the limit
            error = wrong if isinstance(wrong, SkillError) else error
        finally:
            self._kill()  # nobody reads what it says any more
            for waiting in (self._is_ready, *self._waiting.values()):
                if not waiting.done():
                    waiting.set_exception(error)
                    waiting.exception()  # whoever waits gets it; nobody may be waiting

    def _take(self, message: dict[str, Any]) -> None:
        self._messages += 1
        if self._messages > MOST_MESSAGES:
            raise SkillError("The skill says too much.", code="skill.failed")
        if message.get("ready") is True and not self._is_ready.done():
            self._is_ready.set_result(None)
        elif "ask" in message:
            self._questions += 1
            if self._questions > MOST_QUESTIONS:
                raise SkillError("The skill asks too much.", code="skill.failed")
            task = asyncio.create_task(self._tell(message, is_asked=bool(self._waiting)))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)
        elif type(message.get("id")) is int and message["id"] in self._waiting:
            waiting = self._waiting[message["id"]]
            if not waiting.done():
                waiting.set_result(message)
        else:
            raise SkillError("The skill said what nobody asked.", code="skill.failed")

    async def _tell(self, message: Mapping[str, Any], *, is_asked: bool) -> None:
        number, fields = message.get("id"), message.get("with")
        try:
            if type(number) is not int or not isinstance(fields, dict):
                number = 0
                raise TypeError("a question has a number and fields")
            if not is_asked:
                raise LinkError("A skill may ask while it is asked something, and not at other times.", code="skill.failed")
            answer: dict[str, object] = {"told": number, "value": await self._answer(message["ask"], fields)}
        except EarwitnessError as error:
            answer = {"told": number, "error": error.sentence, "code": error.code}
        except Exception:  # whatever a stranger's question trips over is no trouble of the house
            answer = {"told": number, "error": "That is no question.", "code": "skill.failed"}
        with contextlib.suppress(OSError):
            try:
                self._say(answer)
            except SkillError:
                with contextlib.suppress(SkillError):
                    self._say({"told": number, "error": "The answer is too long.", "code": "skill.failed"})


def _text(value: object, *, longest: int = 2_000) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise TypeError("a text was expected")
    return value


def _is_attribute(item: tuple[str, object]) -> bool:
    name, value = item
    if isinstance(value, str):
        return len(name) <= LONGEST_VALUE and len(value) <= LONGEST_VALUE and value.isprintable()
    return len(name) <= LONGEST_VALUE and isinstance(value, int | float | bool)
