"""Asks a weather service for the forecast of the home's place: any server that speaks Open-Meteo's forecast API. Off by default.

Nothing goes there but the place's coordinates, rounded to about a kilometre: not what was asked, not who asked. The server is not
trusted: answers are bounded in time and bytes, every number is checked, and none of its words is ever said.
"""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from earwitness.domain.errors import LinkError, SettingsError
from earwitness.domain.weather import DayWeather, Forecast
from earwitness.links.bounded_http import WebServer, checked_address

MOST_BYTES: Final = 64 * 1024
KEPT_SECONDS: Final = 600.0
"""A forecast is asked for again after so long; services make a new one every quarter of an hour at most."""
DAYS: Final = 7
_WHAT: Final = "The weather service"
_DECIMALS: Final = 2

Degrees = Annotated[float, Field(ge=-120, le=80, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, le=5000, allow_inf_nan=False)]
Code = Annotated[int, Field(ge=0, le=99)]
Percent = Annotated[int, Field(ge=0, le=100)]


class _Part(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)


class _Now(_Part):
    temperature_2m: Degrees | None = None
    weather_code: Code | None = None
    wind_speed_10m: Amount | None = None


class _Days(_Part):
    time: list[date] = Field(min_length=1, max_length=16)
    weather_code: list[Code | None] = Field(max_length=16)
    temperature_2m_max: list[Degrees | None] = Field(max_length=16)
    temperature_2m_min: list[Degrees | None] = Field(max_length=16)
    precipitation_sum: list[Amount | None] = Field(max_length=16)
    precipitation_probability_max: list[Percent | None] = Field(max_length=16)
    wind_speed_10m_max: list[Amount | None] = Field(max_length=16)


class _Told(_Part):
    current: _Now
    daily: _Days


class Weather:
    """The weather at `place` by the server at `url` (such as https://api.open-meteo.com/v1/forecast).

    Raises SettingsError for an address that may not be asked, and where the place is missing.
    """

    def __init__(
        self,
        url: str,
        *,
        place: str,
        latitude: float | None,
        longitude: float | None,
        timeout_seconds: float = 4.0,
        ca_file: Path | None = None,
        allows_plain: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if latitude is None or longitude is None or not place.strip():
            raise SettingsError("weather.url needs weather.place, weather.latitude and weather.longitude too.")
        address = checked_address(url, setting="weather.url", allows_plain=allows_plain)
        self._server = WebServer(address, what=_WHAT, timeout_seconds=timeout_seconds, ca_file=ca_file)
        self._url = address.copy_with(
            params={
                "latitude": f"{latitude:.{_DECIMALS}f}",
                "longitude": f"{longitude:.{_DECIMALS}f}",
                "current": ",".join(_Now.model_fields),
                "daily": ",".join(name for name in _Days.model_fields if name != "time"),
                "timezone": "auto",
                "forecast_days": str(DAYS),
            }
        )
        self.place = place.strip()
        self._clock = clock
        self._kept: tuple[float, Forecast] | None = None

    @property
    def host(self) -> str:
        return self._server.host

    @property
    def outgoing(self) -> tuple[str, ...]:
        """Hosts beyond this machine that learn where the home is, to about a kilometre."""
        return self._server.outgoing

    @property
    def description(self) -> str:
        """What leaves the home, for people to read before they turn it on."""
        if not self.outgoing:
            return "The weather is asked of this machine; nothing leaves it."
        return (
            f"When somebody asks about the weather, the coordinates of {self.place} go to {self.host}, rounded to about a "
            "kilometre. Nothing else goes there: not what was asked, not who asked."
        )

    async def forecast(self) -> Forecast:
        """The forecast, at most ten minutes old. Raises LinkError: link.unreachable, link.slow, link.refused, link.failed,
        link.not_safe, link.nonsense, link.too_large."""
        if self._kept is not None and self._clock() - self._kept[0] < KEPT_SECONDS:
            return self._kept[1]
        reply = await self._server.ask("GET", self._url, most_bytes=MOST_BYTES)
        _check(reply.status)
        told = _read(reply.body)
        found = Forecast(
            place=self.place,
            source=f"the weather service at {self.host}" if self.outgoing else "the weather service on this machine",
            code=told.current.weather_code,
            temperature=told.current.temperature_2m,
            wind=told.current.wind_speed_10m,
            days=_days(told.daily),
        )
        self._kept = (self._clock(), found)
        return found

    async def close(self) -> None:
        """Let go of the connection."""
        await self._server.close()


def _check(status: int) -> None:
    match status:
        case 200:
            return
        case 400 | 404:
            raise LinkError(f"{_WHAT} does not know such a question; check the settings of weather.", code="link.refused")
        case 429:
            raise LinkError(f"{_WHAT} is asked too often; try again later.", code="link.refused")
        case _:
            raise LinkError(f"{_WHAT} refuses (HTTP status {status}).", code="link.failed")


def _read(body: bytes) -> _Told:
    try:
        return _Told.model_validate_json(body)
    except ValidationError as error:
        raise LinkError("What answers at weather.url tells no weather; check the address.", code="link.nonsense") from error


def _days(daily: _Days) -> tuple[DayWeather, ...]:
    columns = (
        daily.weather_code,
        daily.temperature_2m_max,
        daily.temperature_2m_min,
        daily.precipitation_sum,
        daily.precipitation_probability_max,
        daily.wind_speed_10m_max,
    )
    if any(len(column) != len(daily.time) for column in columns) or sorted(set(daily.time)) != daily.time:
        raise LinkError(f"{_WHAT} tells of days that do not fit together.", code="link.nonsense")
    return tuple(
        DayWeather(day=day, code=code, warmest=warmest, coldest=coldest, water=water, chance_percent=chance, wind=wind)
        for day, code, warmest, coldest, water, chance, wind in zip(daily.time, *columns, strict=True)
    )
