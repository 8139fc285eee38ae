"""A year in ten zones with odd clocks: nothing missed, nothing twice, everything when the clock on the wall first shows it."""

from datetime import UTC, datetime
from pathlib import Path

from tests.unit.jobs.living_year import Year, judge

ZONES = (
    "Africa/Casablanca",  # suspends summer time for Ramadan
    "America/St_Johns",
    "Antarctica/Casey",  # jumped by three hours
    "Antarctica/Troll",  # jumps by two
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # jumps by half an hour
    "Europe/Dublin",  # has its summer time in winter
    "Pacific/Apia",  # has no 30 December 2011
    "Pacific/Easter",
)


def test_a_year_in_ten_zones(quick_folder: Path) -> None:
    start = datetime(2011, 11, 15, tzinfo=UTC)
    verdict = judge(Year(start, ZONES, homes=("Europe/Berlin", "Pacific/Honolulu", "Australia/Lord_Howe")), quick_folder)
    assert (verdict.missed, verdict.wrong) == ([], [])
    assert verdict.rings > 1500
