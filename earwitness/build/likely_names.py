"""Names that the recogniser expects where any words may be said: contacts, music, alarms and timers.

Owns which names those are, for whom: somebody's own contacts are expected of nobody else's voice. Keeps nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Final

from earwitness.domain.alert import Alert, AlertKind
from earwitness.domain.contact import Contact
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.music import Music, MusicKind

CONTACTS: Final = ("contact", "message_to", "message_from")
MUSIC: Final = "search_query"
ALERTS: Final[Mapping[AlertKind, str]] = {AlertKind.ALARM: "alarm_which", AlertKind.TIMER: "timer_name"}
GAPS: Final = (*CONTACTS, MUSIC, *ALERTS.values())
"""The lists of the sentences in which such names are said."""
MOST_NAMES: Final = 3000
"""Of music; more would make what is near take long to find."""
_FIRST: Final = (MusicKind.PLAYLIST, MusicKind.STATION, MusicKind.ARTIST, MusicKind.ALBUM)

Names = Mapping[str, tuple[str, ...]]


def expected_names(
    person_id: str | None,
    *,
    contacts: Callable[[str | None], Iterable[Contact]],
    music: Callable[[], Iterable[Music]],
    alerts: Callable[[], Iterable[Alert]],
) -> Names:
    """The names for the voice of `person_id` (None: nobody known), by gap; of what cannot be read, none. Blocks on the disk."""
    people = _those_of(lambda: _of_contacts(contacts(person_id), person_id))
    found: dict[str, tuple[str, ...]] = dict.fromkeys(CONTACTS, people)
    found[MUSIC] = _those_of(lambda: islice(_of_music(music()), MOST_NAMES))
    found |= {gap: _those_of(partial(_of_alerts, alerts, kind)) for kind, gap in ALERTS.items()}
    return found


def _those_of(read: Callable[[], Iterable[str]]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(name for each in read() if (name := " ".join(each.split()))))
    except EarwitnessError:  # a vault that is closed, a disk that is full: what is heard is heard without them
        return ()


def _of_alerts(alerts: Callable[[], Iterable[Alert]], kind: AlertKind) -> Iterable[str]:
    return (one.name for one in alerts() if one.kind is kind)


def _of_contacts(contacts: Iterable[Contact], person_id: str | None) -> Iterator[str]:
    for one in contacts:
        yield from (one.name, *one.aliases)
        yield from (f"my {each.word}" for each in one.relations if each.person_id == person_id)
        yield from (each.word for each in one.relations if each.person_id == person_id)


def _of_music(music: Iterable[Music]) -> Iterator[str]:
    every = list(music)
    yield from (one.name for one in every if one.kind in _FIRST)
    yield from (one.name for one in every if one.kind is MusicKind.TRACK)
