"""The two measured sets of spoken times, and one notation for what they mean.

The table beside the unit tests is our own. Of NVIDIA's pairs of spoken and written text, the rows of the kinds date and time
count that name a day or a time of day. Years, decades, quarters and eras alone do not ("twenty twelve", "nineteen eighties",
"750BC", "2Q22"): nobody names a moment by them; nor does February 30. Written times with seconds are read only as written,
because their spoken forms are lengths ("one hour one minute and one second").
"""

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import yaml

from earwitness.domain.times import (
    Ambiguous,
    Day,
    Duration,
    Frame,
    Interval,
    Moment,
    Passed,
    Reading,
    Recurrence,
    TimeOfDay,
    Toward,
)

ZONE: Final = ZoneInfo("Europe/London")
NOW: Final = datetime(2030, 5, 15, 10, 20, tzinfo=ZONE)
TABLE: Final = Path(__file__).resolve().parent.parent / "tests" / "unit" / "understand" / "time_phrases.yaml"
PAIRS: Final = Path("text") / "spoken_written_pairs.jsonl"
_SENTENCES = frozenset(("sentences", "no time"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One row of the table."""

    group: str
    text: str
    expected: str
    rest: str | None
    """The words left without the time, for a sentence."""

    @property
    def is_sentence(self) -> bool:
        return self.group in _SENTENCES

    @property
    def frame(self) -> Frame:
        toward = Toward.PAST if self.group == "toward the past" else Toward.FUTURE
        return Frame(now=NOW, zone=ZONE, toward=toward)


def phrases() -> list[Phrase]:
    """The table."""
    groups: dict[str, list[str]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    found: list[Phrase] = []
    for group, rows in groups.items():
        for row in rows:
            text, expected, *rest = row.split(" => ")
            found.append(Phrase(group=group, text=text, expected=expected, rest=rest[0] if rest else None))
    return found


def told(reading: Reading | None) -> str:
    """A reading in the notation of the table."""
    match reading:
        case None:
            return "none"
        case Ambiguous():
            return "ask " + " | ".join(sorted(told(each) for each in reading.candidates))
        case Passed():
            return f"over {told(reading.value)}"
        case Moment():
            return _stamp(reading.at)
        case Day():
            return reading.date.isoformat()
        case TimeOfDay():
            return f"{_clock(reading.time)}, {reading.at:%Y-%m-%d}"
        case Duration():
            counts = ((reading.months, "mo"), (reading.days, "d"), (reading.seconds, "s"))
            return " ".join(f"{count} {unit}" for count, unit in counts if count)
        case Interval():
            return _interval(reading)
        case Recurrence():
            start = _stamp(reading.start) if reading.has_time else f"{reading.start:%Y-%m-%d}"
            lasts = f" for {told(reading.lasts)}" if reading.lasts is not None else ""
            return f"{reading.rule} from {start}{f' {reading.part}' if reading.part else ''}{lasts}"


def same(expected: str) -> str:
    """An expected text as `told` has it: the candidates in order."""
    if not expected.startswith("ask "):
        return expected
    return "ask " + " | ".join(sorted(expected.removeprefix("ask ").split(" | ")))


def _interval(value: Interval) -> str:
    if value.part is not None:
        return f"{value.start:%Y-%m-%d} {value.part}"
    if value.is_whole_days:
        return f"{value.start:%Y-%m-%d} / {date.fromordinal(value.end.date().toordinal() - 1)}"
    return f"{_stamp(value.start)} / {_stamp(value.end)}"


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d} {_clock(at.time())}"


def _clock(at: time) -> str:
    return at.strftime("%H:%M:%S" if at.second else "%H:%M")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A text of NVIDIA's pairs, and what it may be told as; "ask" rows hold both halves of the day."""

    text: str
    accepted: frozenset[str]

    @property
    def frame(self) -> Frame:
        return Frame(now=NOW, zone=ZONE, toward=Toward.AS_READ, is_day_first=False)

    @property
    def is_sentence(self) -> bool:
        return self.text.lower().startswith(("set alarm", "one should"))


_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(?P<month>[a-z]{3,9})\.?"
_YEAR = r"(?:[ -](?P<year>\d{4}))?"
_WRITTEN_DAYS = (
    rf"{_MONTH}[ -](?P<day>\d{{1,2}}){_YEAR}",
    rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)? {_MONTH}{_YEAR}",
    r"(?P<year>\d{4})[-/](?P<number>\d{1,2})[-/](?P<day>\d{1,2})",
    r"(?P<number>0\d|1[0-2])[./](?P<day>\d\d)[./](?P<year>\d{2,4})",
    r"(?P<day>1[3-9]|2\d|3[01])[-.](?P<number>\d\d)[-.](?P<year>\d{4})",
)
_WRITTEN_TIME = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.](?P<minute>\d\d))?(?::(?P<second>\d\d))?\s?(?P<half>[ap])?\.?m?\.?\s?(?P<zone>gmt|e\.?s\.?t)?"
)
_SPELT_YEAR = re.compile(r"(?P<month>[a-z]+) (?P<day>\d{1,2}) twenty twenty")


def pairs(folder: Path) -> list[Pair]:
    """The rows of NVIDIA's pairs that count. `folder` is the evaluation data."""
    found: list[Pair] = []
    for line in (folder / PAIRS).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if not row["case"].startswith(("date", "time")):
            continue
        is_spoken_first = row["direction"] == "spoken->written"
        written = row["reference"] if is_spoken_first else row["text"]
        accepted = _accepted(written.lower())
        if not accepted:
            continue
        texts = [row["text"]] if is_spoken_first or re.search(r":\d\d:", written) else [row["text"], row["reference"]]
        found += [Pair(text=text, accepted=accepted) for text in texts]
    return found


def _accepted(written: str) -> frozenset[str]:
    """What a written form means, told; nothing for one that does not count."""
    plain = written.removeprefix("set alarm at ")
    if plain == "one should go to the store on the 26th may in the evening":
        return frozenset(("2030-05-26 evening",))
    if plain == "2pm-5pm":
        return frozenset(("2030-05-15 14:00 / 2030-05-15 17:00",))
    if (spelt := _SPELT_YEAR.fullmatch(plain)) is not None:
        return _day(int(spelt["day"]), _MONTHS.index(spelt["month"][:3]) + 1, "2020")
    month_and_year = re.fullmatch(r"([a-z]{3,9}) (\d{4})", plain)
    if month_and_year is not None and month_and_year[1][:3] in _MONTHS:
        first = date(int(month_and_year[2]), _MONTHS.index(month_and_year[1][:3]) + 1, 1)
        last = date.fromordinal(date(first.year + first.month // 12, first.month % 12 + 1, 1).toordinal() - 1)
        return frozenset((f"{first} / {last}",))
    for pattern in _WRITTEN_DAYS:
        said = re.fullmatch(pattern, plain)
        if said is None:
            continue
        parts = said.groupdict()
        name = (parts.get("month") or "")[:3]
        if name and name not in _MONTHS:
            continue
        return _day(int(parts["day"]), _MONTHS.index(name) + 1 if name else int(parts["number"]), parts["year"])
    at = _WRITTEN_TIME.fullmatch(plain)
    return _time(at) if at is not None and (at["minute"] or at["half"]) else frozenset()


def _day(day: int, month: int, year: str | None) -> frozenset[str]:
    number = 2030 if year is None else int(year)
    number += 0 if number > 99 else 2000 if number < 70 else 1900
    try:
        return frozenset((date(number, month, day).isoformat(),))
    except ValueError:
        return frozenset()


def _time(at: re.Match[str]) -> frozenset[str]:
    hour, minute, second = int(at["hour"]), int(at["minute"] or 0), int(at["second"] or 0)
    zone = {None: None, "g": ZoneInfo("Etc/UTC"), "e": ZoneInfo("Etc/GMT+5")}[at["zone"][0] if at["zone"] else None]

    def on(hours: int) -> str:
        if zone is None:
            return f"{_clock(time(hours, minute, second))}, 2030-05-15"
        there = datetime.combine(NOW.astimezone(zone).date(), time(hours, minute, second), tzinfo=zone)
        return _stamp(there.astimezone(ZONE))

    if at["half"]:
        return frozenset((on(hour % 12 + 12 * (at["half"] == "p")),))
    if hour > 12 or second:
        return frozenset((on(hour),))
    both = "ask " + " | ".join(sorted((on(hour % 12), on(hour % 12 + 12))))
    return frozenset((both, on(hour))) if at["hour"].startswith("0") else frozenset((both,))
