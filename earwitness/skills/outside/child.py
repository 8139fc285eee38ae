"""The process of one skill: `python -m earwitness.skills.outside.child package.module:make FOLDER`, run by process.py.

It is not trusted: everything that it asks for is checked on the other side. What the skill prints goes nowhere.
"""

import asyncio
import contextlib
import importlib
import os
import resource
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from earwitness.domain.errors import LinkError, SkillError
from earwitness.domain.home import Device, Home
from earwitness.domain.intent import Context, Intent, SlotValue
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.skills.interface import Parts, Skill, UnfulfillableError
from earwitness.skills.outside import wire
from earwitness.skills.outside.fence import ALONE

MOST_MEMORY_BYTES: Final = 512 * 1024 * 1024
MOST_FILE_BYTES: Final = 16 * 1024 * 1024
MOST_FILES: Final = 64
MOST_PROCESSES: Final = 64
"""Threads count too. The kernel does not count those of the superuser, as whom Earwitness should not run."""
NICENESS: Final = 5


class House:
    """The house as the skill sees it: every question goes over the pipe."""

    def __init__(self, send: Callable[[Mapping[str, object]], None]) -> None:
        self._send = send
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self.now = datetime.now().astimezone()
        self.known: Home | None = None

    def clock(self) -> datetime:
        return self.now

    def snapshot(self) -> Home:
        if self.known is None:
            raise SkillError("The skill's file does not ask for home, so it cannot use it.", code="skill.failed")
        return self.known

    async def apply(
        self, device_id: str, *, state: str | None = None, attributes: Mapping[str, SlotValue] | None = None
    ) -> Device:
        wanted = None if attributes is None else dict(attributes)
        return wire.device(await self.ask("apply", device_id=device_id, state=state, attributes=wanted))

    async def skip(self, device_id: str, *, tracks: int) -> Device:
        return wire.device(await self.ask("skip", device_id=device_id, tracks=tracks))

    def subscribe(self, callback: Callable[[Device], None]) -> Callable[[], None]:
        raise SkillError("A skill of others learns of changes when it is asked something.", code="skill.failed")

    async def get(self, name: str) -> object:
        return await self.ask("get", name=name)

    async def keep(self, name: str, value: object) -> None:
        await self.ask("keep", name=name, value=value)

    async def fetch(self, url: str) -> str:
        return str(await self.ask("fetch", url=url))

    async def ask(self, what: str, **fields: object) -> Any:
        """Ask the house, which may refuse. Raises LinkError."""
        self._number += 1
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        self._send({"ask": what, "id": self._number, "with": fields})
        return await answer

    def told(self, message: Mapping[str, Any]) -> None:
        """The house's answer."""
        waiting = self._waiting.pop(message["told"], None)
        if waiting is None or waiting.done():
            return
        if "error" in message:
            waiting.set_exception(LinkError(str(message["error"]), code=str(message["code"])))
        else:
            waiting.set_result(message["value"])


async def _perform(skill: Skill, message: Mapping[str, Any]) -> SkillResult:
    intent = Intent(**message["intent"])
    try:
        return await skill.perform(intent, context=Context(**message["context"]))
    except UnfulfillableError as stopped:
        return stopped.result


async def serve(skill_of: Callable[[Parts], Skill]) -> None:
    """Answer requests until the house closes the pipe."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)

    def send(message: Mapping[str, object]) -> None:
        out.write(wire.line(message))

    house = House(send)
    skill = skill_of(Parts(clock=house.clock, home=house, memory=house, fetch=house.fetch))
    reader = asyncio.StreamReader(limit=wire.LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    send({"ready": True})

    async def answer(message: Mapping[str, Any]) -> None:
        try:
            result = await _perform(skill, message)
        except Exception:
            result = SkillResult(outcome=Outcome.FAILED, reply="That failed.")
        asks = result.asks.expects if result.asks is not None else None
        send({"id": message["id"], "outcome": result.outcome.value, "reply": result.reply, "asks": asks, "more": result.more})

    async with asyncio.TaskGroup() as tasks:
        while line := await reader.readline():
            message = wire.read(line)
            if "told" in message:
                house.told(message)
                continue
            house.now = datetime.fromisoformat(message["now"]).astimezone(ZoneInfo(message["zone"]))
            house.known = None if message["home"] is None else wire.home(message["home"])
            tasks.create_task(answer(message))


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_FILE_BYTES, MOST_FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_FILES, MOST_FILES))
    if sys.argv[3:] == [ALONE]:
        resource.setrlimit(resource.RLIMIT_NPROC, (MOST_PROCESSES, MOST_PROCESSES))
    os.nice(NICENESS)
    with contextlib.suppress(OSError):  # where memory runs out, a skill goes before the house does
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    sys.path.append(sys.argv[2])
    module, _, name = sys.argv[1].partition(":")
    make = getattr(importlib.import_module(module), name or "make")
    asyncio.run(serve(make))


if __name__ == "__main__":
    main()
