"""Moments as the databases hold them: seconds since 1970 in UTC. Pure."""

from datetime import UTC, datetime
from typing import overload


@overload
def moment(stamp: float) -> datetime: ...
@overload
def moment(stamp: None) -> None: ...
@overload
def moment(stamp: float | None) -> datetime | None: ...
def moment(stamp: float | None) -> datetime | None:
    """The aware datetime in UTC of a stored stamp; None stays None."""
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC)
