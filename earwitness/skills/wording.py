"""How replies are worded: names, lists, numbers and durations in short spoken English. Pure."""

from collections.abc import Sequence

_DETERMINERS = frozenset({"the", "my", "our", "your", "his", "her", "their", "a", "an"})
_PLURAL_NAMES = frozenset(
    {
        "blinds",
        "curtains",
        "doors",
        "drapes",
        "fans",
        "lamps",
        "leds",
        "lights",
        "plugs",
        "shades",
        "shutters",
        "sockets",
        "speakers",
        "spots",
        "spotlights",
        "windows",
    }
)
_PLURALS = {"shelf": "shelves"}


def the(name: str) -> str:
    """The name with its article: "the front door", but "Joe's lamp" and "my desk" stay as they are."""
    first = name.split(maxsplit=1)[0] if name.strip() else name
    is_determined = first.casefold() in _DETERMINERS or first.endswith(("'s", "\u2019s"))
    return name if is_determined else f"the {name}"


def be(names: Sequence[str]) -> str:
    """ "is" or "are" for these names: one lamp is, two lamps are, and so are "the bedroom blinds"."""
    last = names[-1].split()[-1].casefold() if names and names[-1].strip() else ""
    return "are" if len(names) != 1 or last in _PLURAL_NAMES else "is"


def sentence(clause: str) -> str:
    """The clause with a capital letter and a full stop."""
    clause = clause.strip()
    ended = clause if clause.endswith((".", "?", "!")) else f"{clause}."
    return ended[:1].upper() + ended[1:]


def listed(words: Sequence[str], *, last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def plural(noun: str) -> str:
    return _PLURALS.get(noun, f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s")


def amount(count: int, noun: str) -> str:
    """ "no lights", "1 light", "3 lights"."""
    return f"1 {noun}" if count == 1 else f"{count or 'no'} {plural(noun)}"


def number(value: object) -> str:
    """20 for 20.0, 20.5 for 20.50; text stays."""
    return f"{round(value, 2):g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def degrees(value: object) -> str:
    return f"{number(value)} {'degree' if number(value) in ('1', '-1') else 'degrees'}"


def duration(seconds: float) -> str:
    """Whole seconds, rounded, as people say them: "1 hour, 15 minutes and 30 seconds"."""
    return listed(_parts(seconds, is_plural=True)) or "0 seconds"


def duration_adjective(seconds: float) -> str:
    """For "the 1 hour 30 minute timer"."""
    return " ".join(_parts(seconds, is_plural=False)) or "0 second"


def _parts(seconds: float, *, is_plural: bool) -> list[str]:
    whole = round(seconds)
    counts = ((whole // 3600, "hour"), (whole // 60 % 60, "minute"), (whole % 60, "second"))
    return [amount(count, unit) if is_plural else f"{count} {unit}" for count, unit in counts if count]
