"""Constructs what keeps the house and a calendar server the same, from the settings."""

from collections.abc import Callable, Sequence
from datetime import datetime

from earwitness.config import CalendarSettings
from earwitness.domain.alert import AlertKind
from earwitness.domain.errors import SettingsError
from earwitness.jobs.sync_calendar import SyncCalendar
from earwitness.links.alerts import Alerts
from earwitness.links.caldav_account import CalDavAccount
from earwitness.links.lists import Lists
from earwitness.links.secret_file import Unseal
from earwitness.links.sync.bonds import Bonds
from earwitness.links.sync.server import TIMEOUT_SECONDS, SyncServer
from earwitness.links.sync.settling import Settling
from earwitness.links.sync.things import AlertThings, ListThings, Things
from earwitness.skills.alarms import MOST_ALARMS
from earwitness.skills.list_names import list_called
from earwitness.skills.lists import SHOPPING
from earwitness.skills.reminders import MOST_REMINDERS
from earwitness.storage.database import Database


def calendar_sync(
    chosen: CalendarSettings,
    *,
    database: Database,
    lists: Lists,
    alerts: Alerts,
    fixed: Callable[[], Sequence[str]],
    clock: Callable[[], datetime],
    unseal: Unseal | None = None,
) -> SyncCalendar | None:
    """The job that these settings ask for; None if they ask for none. Raises SettingsError without a server."""
    if not chosen.sync:
        return None
    if chosen.url is None:
        raise SettingsError("calendar.sync needs a calendar server: write its address into calendar.url.")
    account = CalDavAccount(
        chosen.url,
        user=chosen.user,
        password_file=chosen.password_file,
        unseal=unseal,
        timeout_seconds=max(TIMEOUT_SECONDS, chosen.timeout_seconds),
        ca_file=chosen.ca_file,
        allows_plain=chosen.allows_plain,
    )
    server = SyncServer(account)
    bonds = Bonds(database, account=server.name)
    things: dict[str, Things] = {}
    if "lists" in chosen.sync:
        things["list"] = ListThings(lists, usual=lambda: next(iter(fixed()), SHOPPING))
    if {"reminders", "personal_reminders"} & set(chosen.sync):
        has_personal = "personal_reminders" in chosen.sync
        things["reminder"] = AlertThings(alerts, AlertKind.REMINDER, most=MOST_REMINDERS, has_personal=has_personal)
    if "alarms" in chosen.sync:
        things["alarm"] = AlertThings(alerts, AlertKind.ALARM, most=MOST_ALARMS)
    stops = (lists.subscribe, alerts.subscribe)

    def subscribe(callback: Callable[[], None]) -> Callable[[], None]:
        ends = [each(callback) for each in stops]

        def stop() -> None:
            for end in ends:
                end()

        return stop

    settling = Settling(server, bonds, lists, fixed=fixed, called=lambda said, names: list_called(said, names=names))
    return SyncCalendar(
        server, bonds, settling, things=things, clock=clock, every_seconds=chosen.sync_seconds, subscribe=subscribe
    )
