"""Names of weekdays and months."""

from types import MappingProxyType

from earwitness.understand.times.tokens import Words

WEEKDAYS = MappingProxyType(
    {
        name: number
        for number, names in enumerate(
            (
                "monday mon",
                "tuesday tues tue",
                "wednesday wed weds",
                "thursday thurs thur thu",
                "friday fri",
                "saturday sat",
                "sunday sun",
            )
        )
        for name in names.split()
    }
)
MONTHS = MappingProxyType(
    {
        name: number
        for number, names in enumerate(
            (
                "january jan",
                "february feb",
                "march mar",
                "april apr",
                "may",
                "june jun",
                "july jul",
                "august aug",
                "september sept sep",
                "october oct",
                "november nov",
                "december dec",
            ),
            start=1,
        )
        for name in names.split()
    }
)


def month_at(words: Words, index: int) -> tuple[int, int | None, int] | None:
    """A month, its year if one is said, and where it ends."""
    month = MONTHS.get(words[index])
    if month is None:
        return None
    begin = index + 1 + (words[index + 1] == "of")
    year = words.year(begin)
    return (month, year[0], year[1]) if year is not None else (month, None, index + 1)
