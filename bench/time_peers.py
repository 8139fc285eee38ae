"""Other readers of times, asked the same phrases. Runs in an environment of its own, which has them and nothing of ours.

Reads JSON lines of texts, writes one JSON object: by library, its answers and the microseconds of each. Every library is told the
same `now` and is used as its own documentation shows; what it raises is no answer. Answers are generous: a date and its midnight
are the same, and where a library lists several values those that are still to come count.
"""

import contextlib
import io
import json
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from importlib import import_module
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

NOW = datetime(2030, 5, 15, 10, 20)  # noqa: DTZ001
ZONE = "Europe/London"
Answer = dict[str, Any]
"""`options`: starts and ends, naive in London; `seconds`: a length; `rule`: what recurs."""


def moments(*values: Any, end: Any = None) -> Answer | None:
    """An answer of moments, or None if there is none."""
    options = [[_naive(value), _naive(end)] for value in values if value is not None]
    return {"options": options} if options else None


def _naive(value: Any) -> str | None:
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            value = value.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
        return str(value.replace(microsecond=0).isoformat(sep=" "))
    return datetime(value.year, value.month, value.day).isoformat(sep=" ") if isinstance(value, date) else None  # noqa: DTZ001


def dateparser_reader() -> Callable[[str, bool], Answer | None]:
    parse = import_module("dateparser").parse
    search_dates = import_module("dateparser.search").search_dates
    settings = {"RELATIVE_BASE": NOW, "PREFER_DATES_FROM": "future"}

    def ask(text: str, is_sentence: bool) -> Answer | None:
        if not is_sentence:
            return moments(parse(text, languages=["en"], settings=settings))
        found = search_dates(text, languages=["en"], settings=settings)
        return moments(found[0][1]) if found else None

    return ask


def parsedatetime_reader() -> Callable[[str, bool], Answer | None]:
    calendar = import_module("parsedatetime").Calendar()

    def ask(text: str, is_sentence: bool) -> Answer | None:
        found, status = calendar.parseDT(text, NOW)
        return moments(found) if status else None

    return ask


def dateutil_reader() -> Callable[[str, bool], Answer | None]:
    parse = import_module("dateutil.parser").parse
    midnight = NOW.replace(hour=0, minute=0)
    return lambda text, is_sentence: moments(parse(text, default=midnight, fuzzy=is_sentence))


def recurrent_reader() -> Callable[[str, bool], Answer | None]:
    event = import_module("recurrent").RecurringEvent

    def ask(text: str, is_sentence: bool) -> Answer | None:
        found = event(now_date=NOW).parse(text)
        return {"rule": found} if isinstance(found, str) else moments(found)

    return ask


def ctparse_reader() -> Callable[[str, bool], Answer | None]:
    ctparse = import_module("ctparse").ctparse

    def ask(text: str, is_sentence: bool) -> Answer | None:
        found = ctparse(text, ts=NOW)
        value: Any = None if found is None else found.resolution
        kind = type(value).__name__
        if kind == "Duration":
            seconds = {"minutes": 60, "hours": 3600, "days": 86_400, "nights": 86_400, "weeks": 604_800}
            return {"seconds": value.value * seconds.get(value.unit.value, 0)}
        if kind == "Interval":
            return moments(value.start and value.start.dt, end=value.end and value.end.dt)
        return moments(value.dt) if kind == "Time" else None

    return ask


def timefhuman_reader() -> Callable[[str, bool], Answer | None]:
    library = import_module("timefhuman")
    config = library.tfhConfig(now=NOW)

    def ask(text: str, is_sentence: bool) -> Answer | None:
        found = library.timefhuman(text, config=config)
        first = found[0] if isinstance(found, list) and found else found
        if isinstance(first, timedelta):
            return {"seconds": first.total_seconds()}
        if isinstance(first, tuple):
            return moments(first[0], end=first[1])
        return moments(first) if isinstance(first, date) else None

    return ask


def metadate_reader() -> Callable[[str, bool], Answer | None]:
    parse_date = import_module("metadate").parse_date

    def ask(text: str, is_sentence: bool) -> Answer | None:
        found = parse_date(text, reference_date=NOW)
        return None if found is None else moments(found.start_date, end=found.end_date)

    return ask


def ovos_reader() -> Callable[[str, bool], Answer | None]:
    library = import_module("ovos_date_parser")

    def ask(text: str, is_sentence: bool) -> Answer | None:
        found = library.extract_datetime(text, "en-us", NOW.replace(tzinfo=ZoneInfo(ZONE)))
        if found:
            return moments(found[0])
        length = library.extract_duration(text, "en-us")[0]
        return {"seconds": length.total_seconds()} if isinstance(length, timedelta) else None

    return ask


def recognizers_reader() -> Callable[[str, bool], Answer | None]:
    library = import_module("recognizers_date_time")

    def ask(text: str, is_sentence: bool) -> Answer | None:
        found = library.recognize_datetime(text, library.Culture.English, reference=NOW)
        values = (found[0].resolution or {}).get("values", []) if found else []
        if values and values[0]["type"] == "duration":
            return {"seconds": float(values[0]["value"])}
        starts = [_moment(value.get("value") or value.get("start")) for value in values]
        ahead = [start for start in starts if start is not None and start >= NOW.replace(hour=0, minute=0)]
        end = _moment(values[0].get("end")) if len(values) == 1 else None
        return moments(*(ahead or starts), end=end)

    return ask


def _moment(text: str | None) -> datetime | None:
    """A value of the recognizers; a time alone is its next occurrence."""
    if not text:
        return None
    if "-" not in text:
        found = datetime.combine(NOW.date(), datetime.strptime(text, "%H:%M:%S").time())  # noqa: DTZ007
        return found if found > NOW else found + timedelta(days=1)
    return datetime.fromisoformat(text)


def duckling_reader() -> Callable[[str, bool], Answer | None]:
    duckling = import_module("duckling")
    duckling.init()
    zones = duckling.load_time_zones("/usr/share/zoneinfo")
    at = int(NOW.replace(tzinfo=ZoneInfo(ZONE)).timestamp())
    language = duckling.parse_lang("EN")
    locale = duckling.parse_locale("EN_GB", duckling.default_locale_lang(language))
    context = duckling.Context(duckling.parse_ref_time(zones, ZONE, at), locale)
    dimensions = duckling.parse_dimensions(["time", "duration"])

    def ask(text: str, is_sentence: bool) -> Answer | None:
        found = duckling.parse(text, context, dimensions, False)
        if not found:
            return None
        best = max(found, key=lambda each: each["end"] - each["start"])
        value = best["value"]
        if best["dim"] == "duration":
            return {"seconds": float(value["normalized"]["value"])}
        if value.get("type") == "interval":
            ends = [value.get(name, {}).get("value") for name in ("from", "to")]
            start, end = (None if each is None else datetime.fromisoformat(each) for each in ends)
            return moments(start, end=end)
        return moments(datetime.fromisoformat(value["value"]))

    return ask


READERS: dict[str, tuple[str, Callable[[], Callable[[str, bool], Answer | None]]]] = {
    "duckling": ("pyduckling-native-phihos", duckling_reader),
    "recognizers-text": ("recognizers-text-date-time", recognizers_reader),
    "ctparse": ("ctparse", ctparse_reader),
    "dateparser": ("dateparser", dateparser_reader),
    "parsedatetime": ("parsedatetime", parsedatetime_reader),
    "recurrent": ("recurrent", recurrent_reader),
    "timefhuman": ("timefhuman", timefhuman_reader),
    "ovos-date-parser": ("ovos-date-parser", ovos_reader),
    "metadate": ("metadate", metadate_reader),
    "dateutil.parser": ("python-dateutil", dateutil_reader),
}


def main() -> None:
    """Ask every reader every text."""
    rows = [json.loads(line) for line in sys.stdin]
    answers: dict[str, Any] = {}
    for name, (package, make) in READERS.items():
        try:
            ask = make()
            number = version(package)
        except Exception as error:
            print(f"{name} does not start: {type(error).__name__}", file=sys.stderr)
            continue
        answers[f"{name} {number}"] = [_ask(ask, row["text"], row["is_sentence"]) for row in rows]
    json.dump(answers, sys.__stdout__ or sys.stdout)


def _ask(ask: Callable[[str, bool], Answer | None], text: str, is_sentence: bool) -> tuple[Answer | None, float]:
    began = time.perf_counter()
    answer: Answer | None = None
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
        began = time.perf_counter()
        answer = ask(text, is_sentence)
    return answer, (time.perf_counter() - began) * 1e6


if __name__ == "__main__":
    main()
