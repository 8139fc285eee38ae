"""The weather as a source tells it: now, and of some days. No I/O. Temperatures in degrees Celsius, wind in km/h, water in mm."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class DayWeather:
    """One day at the place. What the source does not say is None; `code` is WMO's number for the weather (code table 4677)."""

    day: date
    code: int | None
    warmest: float | None
    coldest: float | None
    water: float | None
    chance_percent: int | None
    """How likely it is that something falls."""
    wind: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Of one place, as `source` says it. `days` begins with today there."""

    place: str
    source: str
    code: int | None
    temperature: float | None
    wind: float | None
    days: tuple[DayWeather, ...]
