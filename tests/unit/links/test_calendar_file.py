"""A calendar file that others write too, that is damaged, too large or cannot be written; and that is never half written."""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from earwitness.domain.calendar import Event, Task
from earwitness.domain.errors import LinkError, StorageError
from earwitness.links.calendar_file import MOST_BYTES, CalendarFile

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TASK = Task(task_id="bins", summary="Bins")
FOLDED = (
    b'BEGIN:VCALENDAR\nVERSION:2.0\nX-OWN;A="b:c":\xc3\xa9\nBEGIN:VTODO\nUID:bi\n ns\nSUMMARY:Take\n  the bins\n'
    b"STATUS:NEEDS-ACTION\nDESCRIPTION:STATUS:\n stays\nBEGIN:VALARM\nUID:alarm\nSTATUS:IN-ALARM\nTRIGGER:-PT5M\nEND:VALARM\n"
    b"END:VTODO\nBEGIN:VJOURNAL\nUID:bins\nEND:VJOURNAL\nEND:VCALENDAR\n"
)


def put(path: Path, data: bytes | None) -> None:
    """Write the file as another program would, or take it away."""
    path.unlink() if data is None else path.write_bytes(data)


def got(path: Path) -> bytes:
    return path.read_bytes()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "family.ics"


@pytest_asyncio.fixture
async def file(path: Path) -> AsyncIterator[CalendarFile]:
    one = CalendarFile(path, clock=lambda: NOW)
    yield one
    await one.close()


async def test_what_another_program_writes_is_seen_at_once(file: CalendarFile, path: Path) -> None:
    await file.add_task(TASK)
    put(path, got(path).replace(b"SUMMARY:Bins", b"SUMMARY:Bags"))
    assert [task.summary for task in await file.tasks()] == ["Bags"]
    put(path, None)
    assert await file.tasks() == ()


async def test_a_change_leaves_every_other_line_as_it_is(file: CalendarFile, path: Path) -> None:
    put(path, FOLDED)
    await file.complete_task("bins")
    before, after = FOLDED.splitlines(), got(path).splitlines()
    assert [line for line in before if line not in after] == [b"STATUS:NEEDS-ACTION"]
    new = {line.partition(b":")[0] for line in after if line not in before}
    assert new == {b"STATUS", b"PERCENT-COMPLETE", b"COMPLETED", b"LAST-MODIFIED", b"DTSTAMP"}
    await file.remove_task("bins")
    assert got(path) == FOLDED[: FOLDED.index(b"BEGIN:VTODO")] + FOLDED[FOLDED.index(b"BEGIN:VJOURNAL") :]


@pytest.mark.parametrize("data", [b"no calendar", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n", b"\xff\xfe\x00"])
async def test_a_damaged_file_is_an_error_and_stays_as_it_is(file: CalendarFile, path: Path, data: bytes) -> None:
    put(path, data)
    for work in (file.tasks(), file.events(NOW, NOW + DAY), file.add_task(TASK), file.complete_task("bins")):
        with pytest.raises(LinkError) as caught:
            await work
        assert caught.value.code == "link.nonsense"
    assert got(path) == data


async def test_a_file_as_another_system_writes_it_is_read_and_written(file: CalendarFile, path: Path) -> None:
    put(path, b"\xef\xbb\xbf" + FOLDED.replace(b"\n", b"\r\n"))
    assert [task.summary for task in await file.tasks()] == ["Take the bins"]
    assert (await file.add_task(Task(task_id="two", summary="Two"))).summary == "Two"
    await file.complete_task("bins")
    assert [task.task_id for task in await file.tasks()] == ["two"]


async def test_a_file_whose_end_is_missing_is_not_written(file: CalendarFile, path: Path) -> None:
    put(path, b"BEGIN:VCALENDAR\nEND:VEVENT\n")
    with pytest.raises(LinkError) as caught:
        await file.add_task(TASK)
    assert caught.value.code == "link.nonsense"
    assert got(path) == b"BEGIN:VCALENDAR\nEND:VEVENT\n"


async def test_a_file_that_is_too_large_or_no_file_is_an_error(file: CalendarFile, path: Path) -> None:
    with path.open("wb") as out:
        out.truncate(MOST_BYTES + 1)
    with pytest.raises(LinkError) as caught:
        await file.tasks()
    assert caught.value.code == "link.too_large"
    put(path, None)
    await asyncio.to_thread(path.mkdir)
    with pytest.raises(LinkError):
        await file.tasks()


async def test_nothing_is_reported_that_is_not_on_the_disk(tmp_path: Path) -> None:
    place = tmp_path / "a file"
    place.write_text("", encoding="utf-8")
    file = CalendarFile(place / "family.ics", clock=lambda: NOW)
    with pytest.raises((LinkError, StorageError)):
        await file.add_task(TASK)
    await file.close()


async def test_a_new_file_is_its_owners_alone_and_an_old_one_keeps_its_mode(file: CalendarFile, path: Path) -> None:
    await file.add_task(TASK)
    assert mode(path) == 0o600
    await asyncio.to_thread(path.chmod, 0o640)
    await file.add_task(Task(task_id="two", summary="Two"))
    assert mode(path) == 0o640


def add_many(path: Path, name: str) -> None:
    async def add() -> None:
        file = CalendarFile(path, clock=lambda: NOW)
        for number in range(10):
            await file.add_task(Task(task_id=f"{name}{number}", summary=name))
        await file.close()

    asyncio.run(add())


async def test_two_processes_lose_nothing_of_each_other(file: CalendarFile, path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=add_many, args=(path, name)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        await asyncio.to_thread(writer.join, 20)
        assert writer.exitcode == 0
    assert len(await file.tasks()) == 20


def test_moments_have_zones_and_events_end_after_they_begin() -> None:
    naive = NOW.replace(tzinfo=None)
    for starts, ends in ((naive, naive), (NOW, NOW - DAY), (NOW.date(), NOW), (NOW, naive + DAY)):
        with pytest.raises(ValueError, match=r"zone|moments|after"):
            Event(event_id="x", summary="x", starts=starts, ends=ends)
    with pytest.raises(ValueError, match="zone"):
        Task(task_id="x", summary="x", due=naive)
