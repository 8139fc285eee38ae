"""What somebody asked to have kept besides recordings: alarms, timers, reminders, routines, contacts, messages.

To take away and to erase.

It owns no table: `links` and `people` do. What skills keep is nobody's: a skill is never told who speaks.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any, Final

from earwitness.domain.alert import Alert, AlertKind
from earwitness.domain.contact import Contact
from earwitness.domain.errors import StorageError
from earwitness.domain.message import Message
from earwitness.domain.routine import Routine
from earwitness.links.alerts import Alerts
from earwitness.links.message_box import MessageBox
from earwitness.links.routines import Routines
from earwitness.people.contacts import Contacts, Safe
from earwitness.storage.database import Database

SHORTEST_TRACE: Final = 8
"""Bytes: what is shorter is found anywhere."""


class Belongings:
    """Those of everybody in one household. `clock` gives aware datetimes. Calls block."""

    def __init__(
        self, database: Database, *, safe: Safe, keeps_for: Callable[[str], timedelta | None], clock: Callable[[], datetime]
    ) -> None:
        """`keeps_for` gives how long somebody lets be kept what they say."""
        self._database = database
        self.contacts = Contacts(database, safe=safe, clock=clock)
        self.messages = MessageBox(database, safe=safe, keeps_for=keeps_for, clock=clock)
        self._alerts = Alerts(database, clock=clock)
        self._routines = Routines(self._alerts)

    def alerts(self, person_id: str) -> tuple[Alert, ...]:
        """Timers, alarms, reminders, and when routines run: set by or for somebody. Raises StorageError."""
        return tuple(one for one in self._alerts.all() if one.person_id == person_id)

    def routines(self, person_id: str) -> tuple[Routine, ...]:
        """The routines that somebody made. Raises StorageError."""
        return tuple(one for one in self._routines.all() if one.person_id == person_id)

    def count(self, person_id: str) -> dict[str, int]:
        """How many there are of each kind that somebody has. Raises StorageError."""
        kinds = [one.kind.value for one in self.alerts(person_id) if one.kind is not AlertKind.ROUTINE]
        contacts = ("contact" for _ in self.contacts.owned_by(person_id))
        messages = ("message" for _ in self.messages.of(person_id))
        return dict(Counter([*sorted(kinds), *("routine" for _ in self.routines(person_id)), *contacts, *messages]))

    def erase(self, person_id: str) -> None:
        """Forget them; nothing rings of them any more, and whoever rings for the house is told. Raises StorageError."""
        alerts, routines = self.alerts(person_id), self.routines(person_id)
        for routine in routines:
            self._routines.remove(routine.routine_id)
        self._alerts.remove(one.alert_id for one in alerts)
        self.contacts.forget_person(person_id)
        self.messages.erase(person_id)
        traces = {text.encode() for tree in (*map(asdict, alerts), *map(asdict, routines)) for text in _texts(tree)}
        with contextlib.suppress(StorageError):  # the sweep of what they said empties the log too
            self._database.scrub([trace for trace in traces if len(trace) >= SHORTEST_TRACE])


def alert_json(alert: Alert) -> dict[str, object]:
    """An alert as exports show it."""
    return _shown(alert) | {"rule": {"kind": type(alert.rule).__name__} | _shown(alert.rule)}


def routine_json(routine: Routine) -> dict[str, object]:
    """A routine as exports show it."""
    return _shown(routine) | {"trigger": {"kind": type(routine.trigger).__name__} | _shown(routine.trigger)}


def message_json(message: Message) -> dict[str, object]:
    """A message as exports show it."""
    return _shown(message)


def contact_json(contact: Contact) -> dict[str, object]:
    """A contact as exports show it."""
    return _shown(contact) | {
        "relations": [one.word for one in contact.relations],
        "addresses": [_shown(one) for one in contact.addresses],
    }


def _shown(one: Any) -> dict[str, object]:
    return {each.name: _plain(getattr(one, each.name)) for each in fields(one)}


def _plain(value: Any) -> object:
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _texts(tree: object) -> Iterator[str]:
    """Every text in what `asdict` gives."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from _texts(value)
    elif isinstance(tree, tuple | list):
        for value in tree:
            yield from _texts(value)
