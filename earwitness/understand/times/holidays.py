"""Days with a name: "Christmas Eve", "Easter Monday", "Thanksgiving"."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from dateutil.easter import easter
from dateutil.relativedelta import relativedelta, weekday

from earwitness.understand.times.tokens import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    of_year: Callable[[int], date]
    rule: str
    """The RFC 5545 parts that make it recur; empty for those that follow the moon."""


def _fixed(month: int, day: int) -> Holiday:
    return Holiday(of_year=lambda year: date(year, month, day), rule=f"BYMONTH={month};BYMONTHDAY={day}")


def _nth(month: int, day: int, count: int, name: str) -> Holiday:
    start = 31 if count < 0 else 1
    return Holiday(
        of_year=lambda year: date(year, month, start) + relativedelta(weekday=weekday(day, count)),
        rule=f"BYMONTH={month};BYDAY={count}{name}",
    )


def _easter(days: int) -> Holiday:
    return Holiday(of_year=lambda year: easter(year) + timedelta(days=days), rule="")


def _black_friday(year: int) -> date:
    return _THANKSGIVING.of_year(year) + timedelta(days=1)


_THANKSGIVING = _nth(11, 3, 4, "TH")

HOLIDAYS = MappingProxyType(
    {
        "christmas eve": (_fixed(12, 24),),
        "christmas day": (_fixed(12, 25),),
        "christmas": (_fixed(12, 25),),
        "xmas": (_fixed(12, 25),),
        "boxing day": (_fixed(12, 26),),
        "new year's eve": (_fixed(12, 31),),
        "new years eve": (_fixed(12, 31),),
        "new year's day": (_fixed(1, 1),),
        "new years day": (_fixed(1, 1),),
        "new year's": (_fixed(1, 1),),
        "valentine's day": (_fixed(2, 14),),
        "valentines day": (_fixed(2, 14),),
        "st patrick's day": (_fixed(3, 17),),
        "saint patrick's day": (_fixed(3, 17),),
        "april fools' day": (_fixed(4, 1),),
        "april fools day": (_fixed(4, 1),),
        "good friday": (_easter(-2),),
        "easter sunday": (_easter(0),),
        "easter monday": (_easter(1),),
        "easter": (_easter(0),),
        "independence day": (_fixed(7, 4),),
        "halloween": (_fixed(10, 31),),
        "thanksgiving day": (_THANKSGIVING,),
        "thanksgiving": (_THANKSGIVING,),
        "black friday": (Holiday(of_year=_black_friday, rule=""),),
        "memorial day": (_nth(5, 0, -1, "MO"),),
        "labor day": (_nth(9, 0, 1, "MO"),),
        "veterans day": (_fixed(11, 11),),
        "father's day": (_nth(6, 6, 3, "SU"),),
        "fathers day": (_nth(6, 6, 3, "SU"),),
        "mother's day": (_nth(5, 6, 2, "SU"), _easter(-21)),
        "mothers day": (_nth(5, 6, 2, "SU"), _easter(-21)),
    }
)
"""By name; Mother's Day is in May in some countries and three weeks before Easter in others."""
_BY_FIRST = {first: [name for name in HOLIDAYS if name.split()[0] == first] for first in {name.split()[0] for name in HOLIDAYS}}


def holiday_at(words: Words, index: int) -> tuple[str, int] | None:
    """The name of the holiday at `index`, and where it ends."""
    for name in _BY_FIRST.get(words[index], ()):
        if end := words.are(index, name):
            return name, end
    return None
