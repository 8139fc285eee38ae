"""One house beside one account of a calendar server, for tests of what lives on both."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from earwitness.domain.alert import Alert, AlertKind, Rule
from earwitness.jobs.sync_calendar import SyncCalendar
from earwitness.links.alerts import Alerts
from earwitness.links.caldav_account import CalDavAccount
from earwitness.links.lists import Lists
from earwitness.links.sync.bonds import Bonds
from earwitness.links.sync.server import SyncServer
from earwitness.links.sync.settling import Settling
from earwitness.links.sync.things import AlertThings, ListThings, Things
from earwitness.skills.list_names import list_called
from earwitness.storage.database import Database
from tests.calendar_server import CalendarServer

BERLIN = ZoneInfo("Europe/Berlin")
_HREF = re.compile(r"<href>([^<]+)</href>")


@dataclass
class TrialClock:
    """A clock that a test moves."""

    now: datetime = field(default_factory=lambda: datetime(2026, 3, 20, 12, 0, tzinfo=BERLIN))

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **how: float) -> None:
        self.now += timedelta(**how)


class House:
    """The part of a house that is synchronised. `url` may be another's than that of the server, such as one that cuts."""

    def __init__(
        self,
        database: Database,
        server: CalendarServer,
        user: str,
        *,
        url: str | None = None,
        what: Sequence[str] = ("list", "reminder", "alarm"),
        fixed: Sequence[str] = ("shopping list", "to-do"),
        password_file: Path | None = None,
        timeout_seconds: float = 5.0,
        clock: TrialClock | None = None,
        account: str | None = None,
    ) -> None:
        self.clock = clock or TrialClock()
        self.lists, self.alerts = Lists(database), Alerts(database, clock=self.clock)
        self.server = SyncServer(
            CalDavAccount(
                url or server.url,
                user=user,
                password_file=password_file or server.password_file,
                timeout_seconds=timeout_seconds,
            )
        )
        self.bonds = Bonds(database, account=account or user)
        settling = Settling(
            self.server,
            self.bonds,
            self.lists,
            fixed=lambda: fixed,
            called=lambda said, names: list_called(said, names=names),
        )
        every: dict[str, Things] = {
            "list": ListThings(self.lists, usual=lambda: fixed[0]),
            "reminder": AlertThings(self.alerts, AlertKind.REMINDER, most=20, has_personal=False),
            "alarm": AlertThings(self.alerts, AlertKind.ALARM, most=20),
        }
        self.job = SyncCalendar(
            self.server,
            self.bonds,
            settling,
            things={kind: every[kind] for kind in what},
            clock=self.clock,
            every_seconds=60.0,
            subscribe=lambda callback: database.subscribe(callback),
        )
        self._numbers = count(1)

    def add(self, list_name: str, *texts: str) -> None:
        self.lists.add(list_name, texts=texts, now=self.clock())

    def open_items(self, list_name: str) -> list[str]:
        return [one.text for one in self.lists.items(list_name) if not one.is_complete]

    def item(self, list_name: str, text: str) -> int:
        return next(one.item_id for one in self.lists.items(list_name) if one.text == text)

    def set_alert(self, kind: AlertKind, rule: Rule, text: str = "", *, person_id: str | None = None) -> Alert:
        is_alarm = kind is AlertKind.ALARM
        return self.alerts.add(
            Alert(
                alert_id=f"alert{next(self._numbers)}-{self.clock().timestamp():.0f}",
                kind=kind,
                rule=rule,
                created_at=self.clock(),
                name=text if is_alarm else "",
                text="" if is_alarm else text,
                person_id=person_id,
            )
        )

    def of(self, kind: AlertKind) -> list[Alert]:
        return [one for one in self.alerts.all() if one.kind is kind]


class Phone:
    """Another program with the same account: it sees and changes what is on the server."""

    def __init__(self, server: CalendarServer, user: str) -> None:
        self._server = server
        self.user = user
        self._numbers = count(1)

    def calendars(self) -> dict[str, str]:
        """The places of the calendars, by name."""
        body = '<propfind xmlns="DAV:"><prop><displayname/></prop></propfind>'
        text = self._server.request(self.user, "PROPFIND", "", body, Depth="1")
        found = re.findall(r"<href>/[^/]+/([^/<]+/)</href>.*?<displayname>([^<]*)</displayname>", text, re.DOTALL)
        return {name: place for place, name in found}

    def objects(self, name: str) -> dict[str, str]:
        """What a calendar holds: place → text."""
        place = self.calendars()[name]
        text = self._server.request(
            self.user, "PROPFIND", place, '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>', Depth="1"
        )
        found = [href.split("/", 2)[2] for href in _HREF.findall(text)]
        return {one: self._server.request(self.user, "GET", one) for one in found if one != place}

    def summaries(self, name: str, *, with_done: bool = False) -> list[str]:
        texts = self.objects(name).values()
        chosen = [text for text in texts if with_done or "STATUS:COMPLETED" not in text]
        return sorted(re.search(r"SUMMARY:(.*?)\r?\n", text)[1] for text in chosen)  # type: ignore[index]

    def find(self, name: str, summary: str) -> tuple[str, str]:
        """The place and text of the one with that summary."""
        return next((place, text) for place, text in self.objects(name).items() if f"SUMMARY:{summary}\r\n" in text)

    def add_task(self, name: str, summary: str, *lines: str) -> str:
        return self.add(name, "VTODO", f"SUMMARY:{summary}", *lines)

    def add(self, name: str, component: str, *lines: str) -> str:
        """Put one there; gives its place."""
        uid = f"phone-{next(self._numbers)}"
        inner = "\n".join((f"BEGIN:{component}", f"UID:{uid}", "DTSTAMP:20260101T000000Z", *lines, f"END:{component}"))
        place = f"{self.calendars()[name]}{uid}.ics"
        self._server.put(self.user, place, f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Phone//EN\n{inner}\nEND:VCALENDAR\n")
        return place

    def edit(self, place: str, before: str, after: str) -> None:
        """Change a piece of the text of one that is there."""
        text = self._server.request(self.user, "GET", place).replace("\r\n", "\n")
        assert before in text, text
        self._server.put(self.user, place, text.replace(before, after))

    def tick_off(self, name: str, summary: str) -> None:
        self.edit(self.find(name, summary)[0], "STATUS:NEEDS-ACTION", "STATUS:COMPLETED\nCOMPLETED:20260320T110000Z")

    def remove(self, place: str) -> None:
        self._server.request(self.user, "DELETE", place)
