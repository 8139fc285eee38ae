"""What this house has that may live on a calendar server too: things on lists, alarms and reminders, as the round sees them.

Owns how each is changed here: in the caller's transaction, and only if it still is as it was when the round looked. Calls block.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import uuid4

import sqlalchemy as sa

from earwitness.domain.alert import Alert, AlertKind
from earwitness.links.alerts import Alerts
from earwitness.links.lists import Item, Lists
from earwitness.links.sync import alert_text, item_text
from earwitness.links.sync.bonds import SyncedCalendar
from earwitness.links.sync.merge import DONE, Fields, Ours, Theirs

MOST_OF_A_LIST: Final = 500
"""What the server has more of one list stays there."""


class Things(Protocol):
    """Things of one kind. `kind` is that of their bonds, `components` what they are in iCalendar."""

    @property
    def kind(self) -> str: ...

    @property
    def components(self) -> tuple[str, ...]: ...

    @property
    def ends_when_done(self) -> bool:
        """Whether a thing is over here once it is ticked off there."""
        ...

    def ours(self, calendar: SyncedCalendar, *, now: datetime) -> list[Ours]:
        """What belongs into a calendar."""
        ...

    def read(self, data: bytes, *, href: str, etag: str, calendar: SyncedCalendar, now: datetime) -> Theirs:
        """What a text of the server holds; never raises for its sake."""
        ...

    def written(self, fields: Fields, *, uid: str, now: datetime) -> bytes: ...

    def rewritten(self, theirs: Theirs, fields: Fields, *, now: datetime) -> bytes | None:
        """The changed text; None if it has to be made anew. Raises LinkError."""
        ...

    def farewell(self, theirs: Theirs, *, now: datetime) -> Fields | None:
        """What is left on the server of a thing that went here; None: nothing."""
        ...

    def take(self, connection: sa.Connection, theirs: Theirs, *, calendar: SyncedCalendar, now: datetime) -> str | None:
        """Add it; gives its id, None where there is no room."""
        ...

    def alter(self, connection: sa.Connection, ours: Ours, fields: Fields, *, now: datetime) -> bool:
        """Make it so; False if it is not as it was."""
        ...

    def drop(self, connection: sa.Connection, ours: Ours) -> bool:
        """Take it away; False if it is not as it was."""
        ...


class ListThings:
    """Things on lists. `usual` names the list for what names none."""

    kind = "item"
    components = ("VTODO",)
    ends_when_done = False

    def __init__(self, lists: Lists, *, usual: Callable[[], str]) -> None:
        self._lists = lists
        self._usual = usual
        self._seen: dict[str, Item] = {}

    def ours(self, calendar: SyncedCalendar, *, now: datetime) -> list[Ours]:
        has_lists = calendar.kind == "lists"
        names = self._lists.names() if has_lists else (calendar.name,)
        found = {str(item.item_id): item for name in names for item in self._lists.items(name)}
        self._seen = found
        return [
            Ours(
                thing_id=thing_id,
                fields=item_text.item_fields(
                    item.text, is_done=item.is_complete, list_name=item.list_name if has_lists else None
                ),
                is_wanted=not item.is_complete,
            )
            for thing_id, item in found.items()
        ]

    def read(self, data: bytes, *, href: str, etag: str, calendar: SyncedCalendar, now: datetime) -> Theirs:
        found = item_text.read_item(data, href=href, etag=etag, has_lists=calendar.kind == "lists", usual_list=self._usual())
        if found.fields is None or item_text.LIST not in found.fields:
            return found
        said = found.fields[item_text.LIST]
        known = next((one.list_name for one in self._seen.values() if one.list_name.casefold() == said.casefold()), said)
        return replace(found, fields={**found.fields, item_text.LIST: known[:40]})

    def written(self, fields: Fields, *, uid: str, now: datetime) -> bytes:
        return item_text.written_item(fields, uid=uid, now=now)

    def rewritten(self, theirs: Theirs, fields: Fields, *, now: datetime) -> bytes | None:
        return item_text.rewritten_item(theirs, fields, now=now)

    def farewell(self, theirs: Theirs, *, now: datetime) -> Fields | None:
        return None

    def take(self, connection: sa.Connection, theirs: Theirs, *, calendar: SyncedCalendar, now: datetime) -> str | None:
        assert theirs.fields is not None
        name = theirs.fields.get(item_text.LIST, calendar.name)
        if self._lists.count(connection, name) >= MOST_OF_A_LIST:
            return None
        return str(self._lists.insert(connection, name, text=theirs.fields[item_text.TEXT], now=now))

    def alter(self, connection: sa.Connection, ours: Ours, fields: Fields, *, now: datetime) -> bool:
        before = self._seen[ours.thing_id]
        is_retold = fields[item_text.TEXT] != ours.fields[item_text.TEXT]
        after = replace(
            before,
            text=fields[item_text.TEXT] if is_retold else before.text,
            is_complete=bool(fields[DONE]),
            list_name=fields.get(item_text.LIST, before.list_name),
        )
        return self._lists.swap(connection, before, after=after)

    def drop(self, connection: sa.Connection, ours: Ours) -> bool:
        return self._lists.swap(connection, self._seen[ours.thing_id], after=None)


class AlertThings:
    """Alarms or reminders, at most `most` of them. Those for one person are sent only with `has_personal`."""

    components = ("VEVENT", "VTODO")
    ends_when_done = True

    def __init__(self, alerts: Alerts, kind: AlertKind, *, most: int, has_personal: bool = True) -> None:
        self._alerts = alerts
        self._of = kind
        self._most = most
        self._has_personal = has_personal
        self._seen: dict[str, Alert] = {}

    @property
    def kind(self) -> str:
        return self._of.value

    def ours(self, calendar: SyncedCalendar, *, now: datetime) -> list[Ours]:
        self._seen = {one.alert_id: one for one in self._all(self._alerts.all())}
        return [
            Ours(
                thing_id=one.alert_id,
                fields=alert_text.alert_fields(one, now=now),
                is_wanted=(self._has_personal or one.person_id is None) and alert_text.can_be_sent(one, now=now),
            )
            for one in self._seen.values()
        ]

    def read(self, data: bytes, *, href: str, etag: str, calendar: SyncedCalendar, now: datetime) -> Theirs:
        return alert_text.read_alert(data, kind=self._of, href=href, etag=etag, now=now)

    def written(self, fields: Fields, *, uid: str, now: datetime) -> bytes:
        return alert_text.written_alert(fields, kind=self._of, uid=uid, now=now)

    def rewritten(self, theirs: Theirs, fields: Fields, *, now: datetime) -> bytes | None:
        return alert_text.rewritten_alert(theirs, fields, kind=self._of, now=now)

    def farewell(self, theirs: Theirs, *, now: datetime) -> Fields | None:
        return alert_text.finished(theirs, now=now) if self._of is AlertKind.REMINDER else None

    def take(self, connection: sa.Connection, theirs: Theirs, *, calendar: SyncedCalendar, now: datetime) -> str | None:
        assert theirs.fields is not None
        if self._alerts.count(connection, self._of) >= self._most:
            return None
        is_alarm = self._of is AlertKind.ALARM
        text = theirs.fields[item_text.TEXT]
        alert = Alert(
            alert_id=uuid4().hex,
            kind=self._of,
            rule=alert_text.rule_in(theirs.fields),
            created_at=now.astimezone(UTC),
            name=text if is_alarm else "",
            text="" if is_alarm else text,
            is_on=bool(theirs.fields[alert_text.IS_ON]),
            skipped_until=_moment(theirs.fields[alert_text.SKIPPED]),
            must_acknowledge=not is_alarm,
        )
        return self._alerts.insert(connection, alert).alert_id

    def alter(self, connection: sa.Connection, ours: Ours, fields: Fields, *, now: datetime) -> bool:
        before = self._seen[ours.thing_id]
        if fields[DONE]:
            return self.drop(connection, ours)
        changed = {name for name, value in fields.items() if value != ours.fields.get(name)}
        after, text = before, fields[item_text.TEXT]
        if alert_text.WHEN in changed:
            after = replace(after, rule=alert_text.rule_in(fields), skipped_until=None)
        if item_text.TEXT in changed:
            after = replace(after, name=text) if self._of is AlertKind.ALARM else replace(after, text=text)
        if alert_text.IS_ON in changed:
            after = replace(after, is_on=bool(fields[alert_text.IS_ON]))
        if changed & {alert_text.SKIPPED, alert_text.WHEN}:
            after = replace(after, skipped_until=_moment(fields[alert_text.SKIPPED]))
        return after == before or self._alerts.swap(connection, before, after=after) is not None

    def drop(self, connection: sa.Connection, ours: Ours) -> bool:
        return self._alerts.delete(connection, [ours.thing_id], revision=self._seen[ours.thing_id].revision) == 1

    def _all(self, alerts: Iterable[Alert]) -> list[Alert]:
        return [one for one in alerts if one.kind is self._of]


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
