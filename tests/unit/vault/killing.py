"""Work in a process that kills itself, as `kill -9` would, at a chosen one of all the calls that it makes."""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from tests.unit.vault.backed_up import NOON, Household

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.unit.vault.backed_up"])

Work = Callable[[Household], object]


def calls_of(work: Work, house: Household) -> int:
    """How many calls the work makes when nothing happens to it."""
    receiver, sender = _context.Pipe(duplex=False)
    process = _context.Process(target=_work, args=(work, _essence(house), -1, sender))
    process.start()
    calls = receiver.recv()
    process.join()
    assert process.exitcode == 0
    assert isinstance(calls, int)
    return calls


def killed(work: Work, house: Household, *, at: int) -> bool:
    """Work until the call of that number; says whether it was killed before it was done."""
    process = _context.Process(target=_work, args=(work, _essence(house), at, None))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _essence(house: Household) -> tuple[Path, float]:
    return house.folder, (house.clock() - NOON).total_seconds()


def _work(work: Work, essence: tuple[Path, float], at: int, sender: object) -> None:
    folder, seconds = essence
    house = Household(folder)
    house.clock.advance(seconds=seconds)
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        if event in ("call", "c_call"):
            calls += 1
            if calls == at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    try:
        work(house)
    finally:
        sys.setprofile(None)
    if sender is not None:
        sender.send(calls)  # type: ignore[attr-defined]
