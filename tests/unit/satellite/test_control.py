"""The control socket and the indicator of a device."""

import asyncio
import sys
from pathlib import Path

import pytest

from earwitness.domain.errors import DeviceError
from earwitness.satellite.control import Control, Status, ask
from earwitness.satellite.indicator import Indicator


async def test_words_are_done_and_answered(tmp_path: Path) -> None:
    done: list[str] = []

    async def do(word: str) -> Status:
        done.append(word)
        return {"state": "asleep"}

    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    running = asyncio.create_task(Control(folder, do=do).run())
    async with asyncio.timeout(30):
        while (found := await asyncio.to_thread(ask, folder, "mute")) is None:
            pass
    assert found == {"state": "asleep"}
    assert done == ["mute"]
    with pytest.raises(DeviceError, match="no such word"):
        await asyncio.to_thread(ask, folder, "dance")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await asyncio.to_thread(ask, folder, "mute") is None


async def test_the_program_gets_each_state_that_lasts_and_the_light_at_once(tmp_path: Path) -> None:
    light, told = tmp_path / "light", tmp_path / "told"
    program = tmp_path / "program.py"
    program.write_text(f"import sys; open({str(told)!r}, 'a').write(sys.argv[-1] + '\\n')")
    printed: list[str] = []
    indicator = Indicator(print_state=printed.append, command=(sys.executable, str(program)), light=light)
    indicator.show("asleep")
    assert light.read_text() == "0"
    indicator.show("listening")
    assert light.read_text() == "1", "it is on when the call returns"
    running = asyncio.create_task(indicator.run())
    async with asyncio.timeout(30):
        while not told.exists() or told.read_text() != "listening\n":  # noqa: ASYNC110 (a file has no event)
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert printed == ["asleep", "listening"]
    assert not indicator.has_failed


async def test_a_program_or_light_that_fails_holds_up_nothing(tmp_path: Path) -> None:
    indicator = Indicator(command=(str(tmp_path / "none"),), light=tmp_path / "no" / "light")
    indicator.show("listening")
    assert indicator.word == "listening"
    running = asyncio.create_task(indicator.run())
    await asyncio.sleep(0)
    indicator.show("asleep")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert indicator.has_failed
