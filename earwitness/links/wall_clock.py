"""The home's wall clock: its time zone, and what time it is there. Every "now" that people are told comes from here.

Its moments carry the zone with all of its rules, so "tomorrow at seven" and the change to summer time come out right however long
the server has been running. Lengths of time are counted in UTC: across a change, hours of the wall clock are no hours.
"""

import zoneinfo
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import tzlocal

from earwitness.domain.errors import SettingsError


class WallClock:
    """Call it for the time now, aware and in the home's zone. `utc_now` gives the moment, aware."""

    def __init__(self, zone: str | None = None, *, utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`zone` is an IANA name such as Europe/Berlin; None is this machine's own. Raises SettingsError."""
        self.zone = machine_zone() if zone is None else named_zone(zone)
        self._utc_now = utc_now

    def __call__(self) -> datetime:
        return self._utc_now().astimezone(self.zone)


def named_zone(name: str) -> ZoneInfo:
    """The zone of that IANA name. Raises SettingsError."""
    try:
        return ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"home.zone: there is no time zone {name}; it is a name such as Europe/Berlin or America/New_York."
        ) from error


def machine_zone() -> ZoneInfo:
    """The zone that this machine is set to, UTC if it is set to none. Raises SettingsError if its files contradict each other."""
    try:
        found = tzlocal.reload_localzone()
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError("This machine does not say in which time zone it is: set home.zone in the settings.") from error
    return found
