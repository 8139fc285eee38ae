"""What the API and the doctor say of what lives on the calendar server too: off, working, behind, refused."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from earwitness.build import House
from earwitness.config import Settings
from earwitness.doctor import Verdict, examine
from earwitness.domain.errors import SettingsError
from earwitness.web.sync_api import sync_router
from tests.calendar_server import CalendarServer, running_calendar_server


@pytest.fixture(scope="module")
def server() -> Iterator[CalendarServer]:
    with running_calendar_server() as one:
        yield one


def chosen(server: CalendarServer, user: str, **more: object) -> Settings:
    calendar = {"url": server.url, "user": user, "password_file": str(server.password_file), **more}
    return Settings.model_validate({"calendar": calendar})


def client(house: House) -> TestClient:
    app = FastAPI()
    app.include_router(sync_router(house.calendar_sync, clock=house.clock))
    return TestClient(app)


async def until(claim: Callable[[], bool]) -> None:
    while not await asyncio.to_thread(claim):  # noqa: ASYNC110 (the database calls no event)
        await asyncio.sleep(0.05)


def test_it_is_off_unless_the_settings_say_so(server: CalendarServer) -> None:
    with House(chosen(server, "user1"), is_passing=True) as house:
        assert house.calendar_sync is None
        assert client(house).get("/api/v1/calendar-sync").json()["what"] == []


def test_without_a_server_it_is_refused_at_the_start() -> None:
    settings = Settings.model_validate({"calendar": {"sync": ["lists"]}})
    with House(settings, is_passing=True) as house, pytest.raises(SettingsError, match=r"calendar\.url"):
        _ = house.calendar_sync


def test_it_says_what_is_the_same_how_far_behind_it_is_and_when_it_worked(server: CalendarServer) -> None:
    settings = chosen(server, server.account(), sync=["lists", "reminders", "alarms"])
    with House(settings, is_passing=True) as house, client(house) as page:
        house.lists.add("shopping list", texts=["milk"], now=house.clock())
        before = page.get("/api/v1/calendar-sync").json()
        assert (before["what"], before["behind"], before["worked_at"]) == (["lists", "reminders", "alarms"], 1, None)
        after = page.post("/api/v1/calendar-sync").json()
        assert (after["behind"], after["error"]) == (0, "")
        assert after["worked_in_words"]
        server.stop()
        try:
            house.lists.add("shopping list", texts=["eggs"], now=house.clock())
            down = page.post("/api/v1/calendar-sync").json()
            assert (down["behind"], down["worked_at"]) == (1, after["worked_at"])
            assert "cannot be reached" in down["error"]
        finally:
            server.start()


async def test_the_job_sends_what_changes_and_ends_when_it_is_told_to(server: CalendarServer) -> None:
    settings = chosen(server, server.account(), sync=["lists"])
    with House(settings, is_passing=True) as house:
        sync = house.calendar_sync
        assert sync is not None
        running = asyncio.create_task(sync.run())
        async with asyncio.timeout(30):
            await until(lambda: sync.state().worked_at is not None)
            house.lists.add("shopping list", texts=["milk"], now=house.clock())
            await until(lambda: not sync.state().behind)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


def test_the_doctor_looks_at_the_server(server: CalendarServer, tmp_path: Path) -> None:
    with House(chosen(server, server.account(), sync=["alarms"]), is_passing=True) as house:
        found = [one for one in examine(house.settings, store=house.store).findings if one.subject == "calendar"]
        assert [(one.verdict, "alarms" in one.fact) for one in found] == [(Verdict.OK, True)]
        wrong = house.settings.model_copy(update={"calendar": house.settings.calendar.model_copy(update={"user": "nobody"})})
        found = [one for one in examine(wrong, store=house.store).findings if one.subject == "calendar"]
        assert [(one.verdict, one.fact) for one in found] == [(Verdict.PROBLEM, "link.refused")]
        no_url = Settings.model_validate({"calendar": {"sync": ["lists"]}})
        found = [one for one in examine(no_url, store=house.store).findings if one.subject == "calendar"]
        assert [one.verdict for one in found] == [Verdict.PROBLEM]
