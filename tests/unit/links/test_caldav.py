"""A calendar server that is down, refuses, breaks off in the middle, is slow or hostile; and what is asked of the real one."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from earwitness.domain.calendar import Event, Task
from earwitness.domain.errors import LinkError, SettingsError
from earwitness.links.caldav import CalDav
from tests.calendar_server import CalendarServer, running_calendar_server
from tests.strange_servers import Answer, always, broken_off, cutting, endless, free_port, reply, request, serving, silent

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
pytestmark = pytest.mark.quiet  # each error says how long the event loop was kept
LUNCH = Event(event_id="lunch", summary="Lunch", starts=NOW, ends=NOW + timedelta(hours=1))


@pytest.fixture(scope="module")
def server() -> Iterator[CalendarServer]:
    with running_calendar_server() as one:
        yield one


@asynccontextmanager
async def account(
    url: str, user: str = "user1", *, password_file: Path | None = None, wanted: str = "", seconds: float = 5.0
) -> AsyncIterator[CalDav]:
    link = CalDav(url, user=user, password_file=password_file, clock=lambda: NOW, timeout_seconds=seconds, wanted=wanted or None)
    try:
        yield link
    finally:
        await link.close()


@asynccontextmanager
async def strange(answer: Answer, *, seconds: float = 5.0) -> AsyncIterator[CalDav]:
    async with serving(answer) as port, account(f"http://127.0.0.1:{port}/", seconds=seconds) as link:
        yield link


async def code_of(link: CalDav) -> str:
    """The error of one question, which may not keep the event loop."""
    began = time.monotonic()
    result, longest = await pauses(lambda: link.events(NOW, NOW + DAY))
    assert longest < 0.3 + (time.monotonic() - began) / 2, "the event loop was kept"
    assert isinstance(result, LinkError), result
    return result.code


async def pauses(work: Callable[[], object]) -> tuple[object, float]:
    """What the work raises or gives, and the longest time that the event loop did nothing else meanwhile."""
    longest, is_over = 0.0, False

    async def beat() -> None:
        nonlocal longest
        last = time.monotonic()
        while not is_over:
            await asyncio.sleep(0.005)
            now = time.monotonic()
            longest, last = max(longest, now - last), now

    beating = asyncio.create_task(beat())
    try:
        result: object = await work()  # type: ignore[misc]
    except Exception as error:
        result = error
    is_over = True
    await beating
    return result, longest


async def test_a_wrong_password_is_refused_and_the_right_one_works_after_it(server: CalendarServer, tmp_path: Path) -> None:
    user, secret = server.account(), tmp_path / "password"
    secret.write_text("a wrong one\n", encoding="utf-8")
    secret.chmod(0o600)
    async with account(server.url, user, password_file=secret) as link:
        assert await code_of(link) == "link.refused"
        secret.write_bytes(server.password_file.read_bytes())
        assert await link.events(NOW, NOW + DAY) == ()


async def test_a_password_that_others_may_read_is_not_used(server: CalendarServer, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("secret\n", encoding="utf-8")
    secret.chmod(0o644)
    async with account(server.url, "user1", password_file=secret) as link:
        with pytest.raises(LinkError) as caught:
            await link.tasks()
    assert caught.value.code == "link.secret"
    assert "secret\n" not in str(caught.value)


async def test_a_server_that_is_down_and_comes_back(server: CalendarServer) -> None:
    user = server.account()
    async with account(server.url, user, password_file=server.password_file) as link:
        await link.add_event(LUNCH)
        server.stop()
        try:
            assert await code_of(link) == "link.unreachable"
            with pytest.raises(LinkError) as caught:
                await link.add_task(Task(task_id="t", summary="T"))
            assert caught.value.code == "link.unreachable"
        finally:
            server.start()
        assert [event.event_id for event in await link.events(NOW, NOW + DAY)] == ["lunch"]
        assert await link.tasks() == ()


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_an_answer_that_is_lost_is_no_confirmation_and_trying_again_does_it_once(
    server: CalendarServer, method: str
) -> None:
    user = server.account()
    async with (
        serving(cutting(server.port, method=method)) as port,
        account(f"http://127.0.0.1:{port}/", user, password_file=server.password_file) as cut,
    ):
        if method == "PUT":
            with pytest.raises(LinkError):
                await cut.add_event(LUNCH)
        else:
            await cut.add_event(LUNCH)
            with pytest.raises(LinkError):
                await cut.remove_event("lunch")
    async with account(server.url, user, password_file=server.password_file) as link:
        if method == "PUT":
            await link.add_event(LUNCH)
            assert len(await link.events(NOW, NOW + DAY)) == 1
        else:
            with pytest.raises(LinkError) as caught:
                await link.remove_event("lunch")
            assert caught.value.code == "link.not_found"


async def test_one_calendar_may_be_named_by_address_or_by_name(server: CalendarServer) -> None:
    user = server.account()
    server.make_calendar(user, "work", name="Work", components=("VEVENT", "VTODO"))
    async with account(f"{server.url}{user}/home/", user, password_file=server.password_file) as link:
        assert await link.calendars() == ("Family",)
        with pytest.raises(LinkError) as caught:
            await link.add_task(Task(task_id="t", summary="T"))
        assert caught.value.code == "link.no_calendar"
    async with account(server.url, user, password_file=server.password_file, wanted="WORK") as link:
        assert (await link.add_event(LUNCH)).calendar == "Work"


async def test_a_task_that_repeats_is_left_to_its_own_program(server: CalendarServer) -> None:
    user = server.account()
    task = "BEGIN:VTODO\nUID:w\nSUMMARY:Water\nDTSTART:20260101T080000Z\nRRULE:FREQ=DAILY\nEND:VTODO\n"
    server.put(user, "todo/w.ics", f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{task}END:VCALENDAR\n")
    async with account(server.url, user, password_file=server.password_file) as link:
        with pytest.raises(LinkError) as caught:
            await link.complete_task("w")
        assert caught.value.code == "link.repeats"
        assert len(await link.tasks()) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (silent, "link.slow"),
        (broken_off, "link.nonsense"),
        (endless(b"HTTP/1.1 207 Multi-Status\r\n\r\n", b"<x/>" * 16384), "link.too_large"),
        (endless(b"HTTP/1.1 207 Multi-Status\r\n\r\n", b" ", pause_seconds=0.05), "link.slow"),
        (endless(b"HTTP/1.1 207 Multi-Status\r\nX: ", b"a" * 65536), "link.nonsense"),
        (endless(b"\x00\xff", b"\x00\xff" * 1000), "link.nonsense"),
        (always(reply(b"hello", status="200 OK")), "link.nonsense"),
        (always(reply(b"<not xml", status="207 Multi-Status")), "link.nonsense"),
        (always(reply(b"\x1f\x8b" * 50, status="207 Multi-Status", headers="Content-Encoding: gzip\r\n")), "link.nonsense"),
        (always(reply(b"", status="302 Found", headers="Location: http://127.0.0.2:1/\r\n")), "link.nonsense"),
        (always(reply(b"", status="302 Found", headers="Location: /again\r\n")), "link.nonsense"),
        (always(reply(b"", status="500 Oh")), "link.nonsense"),
    ],
    ids=[
        "silent",
        "broken off",
        "endless",
        "trickle",
        "endless head",
        "noise",
        "a page",
        "no xml",
        "packed",
        "elsewhere",
        "loop",
        "500",
    ],
)
async def test_hostile_answers_are_bounded_errors(answer: Answer, code: str) -> None:
    began = time.monotonic()
    async with strange(answer, seconds=0.4 if code == "link.slow" else 5.0) as link:
        assert await code_of(link) == code
    assert time.monotonic() - began < 4.0


ENTITIES = b"""<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">
<!ENTITY f SYSTEM "file:///etc/passwd">]><D:multistatus xmlns:D="DAV:">
<D:response><D:href>&c;&f;</D:href></D:response></D:multistatus>"""


def multistatus(href: str, inner: str) -> bytes:
    return (
        '<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:response>'
        f"<D:href>{href}</D:href><D:propstat><D:prop>{inner}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
        "</D:response></D:multistatus>"
    ).encode()


CALENDAR = multistatus("/", "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>")


def reporting(text: str) -> Answer:
    """A calendar whose only object is that text."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _ = await request(reader)
            objects = multistatus("/a.ics", f"<D:getetag>1</D:getetag><C:calendar-data>{text}</C:calendar-data>")
            writer.write(reply(CALENDAR if head.startswith("PROPFIND") else objects, status="207 Multi-Status"))

    return say


def calendar(events: str) -> str:
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n"


def event(lines: str, *, uid: str = "x") -> str:
    return f"BEGIN:VEVENT\r\nUID:{uid}\r\n{lines}\r\nEND:VEVENT\r\n"


TASK = "BEGIN:VTODO\r\nUID:t\r\nSUMMARY:T\r\nSTATUS:NEEDS-ACTION\r\nEND:VTODO\r\n"


@pytest.mark.parametrize(
    ("kept", "work"),
    [
        ("", lambda link: link.add_event(LUNCH)),
        ("", lambda link: link.add_task(Task(task_id="t", summary="T"))),
        (TASK, lambda link: link.complete_task("t")),
        (TASK, lambda link: link.remove_task("t")),
    ],
    ids=["add event", "add task", "complete", "remove"],
)
async def test_a_change_that_the_server_says_it_made_but_does_not_show_is_not_reported(
    kept: str, work: Callable[[CalDav], Awaitable[object]]
) -> None:
    objects = multistatus(
        "/a.ics", f"<D:getetag>1</D:getetag><C:calendar-data>{calendar(kept) if kept else ''}</C:calendar-data>"
    )
    answers = {"PROPFIND": reply(CALENDAR, status="207 Multi-Status"), "REPORT": reply(objects, status="207 Multi-Status")}

    async def pretend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _ = await request(reader)
            writer.write(answers.get(head.split()[0], reply(b"")))

    async with strange(pretend) as link:
        with pytest.raises(LinkError) as caught:
            await work(link)
    assert caught.value.code == "link.unconfirmed"


async def test_entities_are_not_unpacked() -> None:
    async with strange(always(reply(ENTITIES, status="207 Multi-Status"))) as link:
        assert await code_of(link) == "link.nonsense"


async def test_the_password_goes_to_no_other_server() -> None:
    said: list[str] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said.append((await reader.read(100)).decode())

    async with serving(listen) as port:
        home = f"<C:calendar-home-set><D:href>http://127.0.0.1:{port}/</D:href></C:calendar-home-set>"
        async with strange(always(reply(multistatus("/", home), status="207 Multi-Status"))) as link:
            assert await code_of(link) == "link.nonsense"
    assert said == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("what calendar?", "link.nonsense"),
        ("BEGIN:A\r\n" * 5000, "link.nonsense"),
        ("BEGIN:A\r\n" * 30000, "link.too_large"),
        (calendar(event("DTSTART:20260320T000000Z\r\nRRULE:FREQ=HOURLY")) * 60, "link.nonsense"),
        (calendar("".join(event("DTSTART:20260320T130000Z", uid=str(n)) for n in range(1200))), "link.too_large"),
    ],
    ids=["no calendar", "deep", "deeper", "many calendars", "many events"],
)
async def test_hostile_calendars_are_bounded_errors(text: str, code: str) -> None:
    async with strange(reporting(text)) as link:
        assert await code_of(link) == code


async def test_events_that_cannot_be_followed_do_not_hide_the_others() -> None:
    never = [
        "FREQ=SECONDLY",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30;COUNT=2",
        "FREQ=WHAT",
        "nothing",
    ]
    bad = "".join(event(f"DTSTART:20260101T130000Z\r\nRRULE:{rule}", uid=rule) for rule in never)
    bad += event("SUMMARY:no time", uid="no time") + event("DTSTART:20260320T130000Z\r\nDURATION:P99999999999D", uid="long")
    bad += event("DTSTART:99991231T235959Z\r\nDTEND:00010101T000000Z", uid="far") + event("DTSTART;TZID=No/Where:zzz", uid="z")
    async with strange(reporting(calendar(bad + event("SUMMARY:Good\r\nDTSTART:20260320T130000Z", uid="good")))) as link:
        result, longest = await pauses(lambda: link.events(NOW, NOW + DAY))
    assert isinstance(result, tuple), result
    assert [one.event_id for one in result] == ["good"]
    assert longest < 1.0


@pytest.mark.parametrize(
    "url",
    [
        "http://calendar.example.org/",
        "ftp://127.0.0.1/",
        "https://me:secret@example.org/",
        "example.org",
        "https://",
        "http://[::",
    ],
)
def test_addresses_that_may_not_be_asked_are_settings_errors(url: str) -> None:
    with pytest.raises(SettingsError, match=r"calendar\.url") as caught:
        CalDav(url, user="me", password_file=None, clock=lambda: NOW)
    assert "secret" not in str(caught.value)


def test_it_says_which_host_learns_of_the_calendar() -> None:
    def link(url: str, *, allows_plain: bool = False) -> CalDav:
        return CalDav(url, user="me", password_file=None, clock=lambda: NOW, allows_plain=allows_plain)

    assert link("https://cal.example.org/dav/").outgoing == ("cal.example.org",)
    assert link("http://cal.example.org/", allows_plain=True).outgoing == ("cal.example.org",)
    assert link("http://localhost:5232/").outgoing == ()
    assert link(f"http://[::1]:{free_port()}/").outgoing == ()
