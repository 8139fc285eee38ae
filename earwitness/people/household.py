"""What the owner chose, and the setup code that lets another machine make the first start. Owns the table `household`.

The setup code is in memory of the process that printed it alone; it works once, and not at all once the home is set up.
Calls block.
"""

import hmac
import json
import secrets
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from earwitness.domain.errors import AccessError, PersonError
from earwitness.domain.ring_sound import LONGEST_REFERENCE, TONE
from earwitness.people.rows import LOCK, digest_of, name_key, shown_name
from earwitness.people.throttle import Throttle
from earwitness.storage.database import Database
from earwitness.storage.household import household
from earwitness.storage.moments import moment

MOST_ROOMS: Final = 50
MOST_WAKE_WORDS: Final = 5
CODE_LETTERS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without those that look alike."""
CODE_LENGTH: Final = 12
"""59 bits, with throttled tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdChoices:
    """What the owner chose. An empty `voice` or `zone`, or no wake words: those of the settings."""

    name: str
    rooms: tuple[str, ...] = ()
    wake_words: tuple[str, ...] = ()
    voice: str = ""
    zone: str = ""
    """IANA name of the home's time zone."""
    renamed: tuple[tuple[str, str], ...] = ()
    """Rooms that are called otherwise here than where they were first described: that name, and the name here."""
    alarm_sound: str = TONE
    """What an alarm rings with for which no sound is named."""
    has_family_jokes: bool = True
    """Whether jokes are only such as children may hear, whoever asks."""
    acknowledged_version: int | None = None
    """Of the text that says what is kept (nothing) and who may listen (nobody)."""
    acknowledged_at: datetime | None = None


class Household:
    """The home as it was set up. `clock` gives aware datetimes."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._code: bytes | None = None
        self._code_lock = threading.Lock()
        self._throttle = Throttle()

    @property
    def is_set_up(self) -> bool:
        """Whether the owner has been led through: a home has a name, and the text was acknowledged."""
        chosen = self.choices()
        return chosen is not None and chosen.acknowledged_at is not None

    def choices(self) -> HouseholdChoices | None:
        """What was chosen; None before there is anything."""
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(household)).all()
        values = {row.key: json.loads(row.value) for row in rows}
        if "name" not in values:
            return None
        return HouseholdChoices(
            name=values["name"],
            rooms=tuple(values.get("rooms", ())),
            wake_words=tuple(values.get("wake_words", ())),
            voice=values.get("voice", ""),
            zone=values.get("zone", ""),
            renamed=tuple((before, after) for before, after in values.get("renamed", ())),
            alarm_sound=values.get("alarm_sound", TONE),
            has_family_jokes=values.get("has_family_jokes", True),
            acknowledged_version=values.get("acknowledged_version"),
            acknowledged_at=moment(values.get("acknowledged_at")),
        )

    @property
    def alarm_sound(self) -> str:
        """What an alarm rings with for which no sound is named; also before the set-up."""
        return str(self._one("alarm_sound", TONE))

    @property
    def has_family_jokes(self) -> bool:
        """Whether jokes are only such as children may hear; also before the set-up."""
        return bool(self._one("has_family_jokes", True))

    def choose_alarm_sound(self, reference: str) -> None:
        """Let alarms that are set from now on ring so, where no sound is named. Raises PersonError (household.invalid)."""
        with self._database.writing(lock=LOCK) as connection:
            _store(connection, {"alarm_sound": _checked_sound(reference)})

    def choose_jokes(self, *, is_family: bool) -> None:
        """Let jokes be only such as children may hear, or any. Raises StorageError."""
        with self._database.writing(lock=LOCK) as connection:
            _store(connection, {"has_family_jokes": is_family})

    def _one(self, key: str, usual: object) -> object:
        with self._database.reading() as connection:
            value = connection.execute(sa.select(household.c.value).where(household.c.key == key)).scalar()
        return usual if value is None else json.loads(value)

    def set_up(
        self,
        *,
        name: str,
        rooms: Collection[str] = (),
        wake_words: Collection[str] = (),
        voice: str = "",
        acknowledged_version: int,
        wake_words_known: Collection[str] | None = None,
        voices_known: Collection[str] | None = None,
    ) -> HouseholdChoices:
        """Note what the owner chose and acknowledged; the setup code is gone. What is known bounds the choice, unless None.

        Raises PersonError (household.invalid), AccessError (access.refused) if the home is set up already.
        """
        if acknowledged_version < 1:
            raise _invalid("Acknowledge the text first.")
        values = _checked(name, rooms, wake_words=wake_words, voice=voice, known=(wake_words_known, voices_known))
        values |= {"acknowledged_version": acknowledged_version, "acknowledged_at": self._clock().timestamp()}
        with self._database.writing(lock=LOCK) as connection:
            done = sa.select(household.c.key).where(household.c.key == "acknowledged_at")
            if connection.execute(done).scalar() is not None:
                raise AccessError("This home is set up already.", code="access.refused")
            _store(connection, values)
        self.forget_code()
        return self._chosen()

    def change(
        self,
        *,
        name: str | None = None,
        rooms: Collection[str] | None = None,
        wake_words: Collection[str] | None = None,
        voice: str | None = None,
        zone: str | None = None,
        renames: Mapping[str, str] | None = None,
        alarm_sound: str | None = None,
        has_family_jokes: bool | None = None,
        wake_words_known: Collection[str] | None = None,
        voices_known: Collection[str] | None = None,
    ) -> HouseholdChoices:
        """Choose anew; None leaves a choice as it is. `renames` are rooms by the name that they have now, with the one that they
        get; `rooms` has the new ones. Before the set-up a name is needed. Raises PersonError (household.invalid)."""
        before = self.choices() or (self._chosen() if name is None else HouseholdChoices(name=name))
        values = _checked(
            before.name if name is None else name,
            before.rooms if rooms is None else rooms,
            wake_words=before.wake_words if wake_words is None else wake_words,
            voice=before.voice if voice is None else voice,
            known=(wake_words_known if wake_words is not None else None, voices_known if voice is not None else None),
        )
        values |= {"zone": _checked_zone(before.zone if zone is None else zone)}
        values |= {"renamed": _renamed(before.renamed, renames or {}, rooms=before.rooms if rooms is None else rooms)}
        values |= {} if alarm_sound is None else {"alarm_sound": _checked_sound(alarm_sound)}
        values |= {} if has_family_jokes is None else {"has_family_jokes": has_family_jokes}
        with self._database.writing(lock=LOCK) as connection:
            _store(connection, values)
        return self._chosen()

    # The setup code

    def new_code(self) -> str:
        """A code for the terminal to print, in place of an earlier one. Raises AccessError if the home is set up already."""
        if self.is_set_up:
            raise AccessError("This home is set up already.", code="access.refused")
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
        with self._code_lock:
            self._code = digest_of(code)
        return "-".join(code[at : at + 4] for at in range(0, CODE_LENGTH, 4))

    def use_code(self, code: str, *, address: str = "") -> None:
        """Use the code up. Spaces, hyphens and capitals do not matter.

        Raises AccessError: access.wrong for any other code and for one that was used, access.wait after too many tries.
        """
        tried = self._throttle.begin("setup", address, now=self._clock().timestamp())
        given = digest_of("".join(code.split()).replace("-", "").upper())
        with self._code_lock:
            is_right = hmac.compare_digest(given, self._code or secrets.token_bytes(32)) and not self.is_set_up
            if is_right:
                self._code = None
        if not is_right:
            raise AccessError("That is not the setup code; the terminal that runs Earwitness shows it.", code="access.wrong")
        self._throttle.was_right(tried)

    def forget_code(self) -> None:
        """End the code, as when the home is set up."""
        with self._code_lock:
            self._code = None

    def _chosen(self) -> HouseholdChoices:
        chosen = self.choices()
        if chosen is None:
            raise _invalid("This home is not set up yet.")
        return chosen


def _store(connection: sa.Connection, values: dict[str, object]) -> None:
    connection.execute(sa.delete(household).where(household.c.key.in_(list(values))))
    rows = [{"key": key, "value": json.dumps(value)} for key, value in values.items()]
    connection.execute(sa.insert(household), rows)


def _checked(
    name: str,
    rooms: Collection[str],
    *,
    wake_words: Collection[str],
    voice: str,
    known: tuple[Collection[str] | None, Collection[str] | None],
) -> dict[str, object]:
    try:
        home, places = shown_name(name), [shown_name(room) for room in rooms]
        words, speaker = [shown_name(word) for word in wake_words], shown_name(voice) if voice else ""
    except PersonError as error:
        raise _invalid("The names of a home, its rooms, wake words and voice have 1 to 64 characters.") from error
    if len(places) > MOST_ROOMS or len({name_key(room) for room in places}) != len(places):
        raise _invalid(f"A home has at most {MOST_ROOMS} rooms, each with a name of its own.")
    if len(words) > MOST_WAKE_WORDS or len(set(words)) != len(words):
        raise _invalid(f"Choose at most {MOST_WAKE_WORDS} wake words, each once.")
    wake_words_known, voices_known = known
    if wake_words_known is not None and not set(words) <= set(wake_words_known):
        raise _invalid("Choose wake words that are installed: " + ", ".join(sorted(wake_words_known)) + ".")
    if voices_known is not None and speaker and speaker not in voices_known:
        raise _invalid("Choose a voice that is installed; `earwitness voices` lists them.")
    return {"name": home, "rooms": places, "wake_words": words, "voice": speaker}


def _checked_zone(zone: str) -> str:
    try:
        return zone and ZoneInfo(zone).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _invalid("There is no time zone of that name; it is one such as Europe/Berlin.") from error


def _checked_sound(reference: str) -> str:
    if not 0 < len(reference) <= LONGEST_REFERENCE:
        raise _invalid("The sound of alarms is one of those that the page of plans has.")
    return reference


def _renamed(
    before: tuple[tuple[str, str], ...], renames: Mapping[str, str], *, rooms: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """How rooms are called here once some of them get other names, which `rooms` has. Raises PersonError."""
    if len(renames) > MOST_ROOMS or not {name_key(new) for new in renames.values()} <= {name_key(room) for room in rooms}:
        raise _invalid("A room that gets another name is one of the rooms, under that name.")
    shown = {name_key(old): shown_name(new) for old, new in renames.items()}
    taken = {name_key(after): name for name, after in before}
    found = {name: shown.get(name_key(after), after) for name, after in before}
    found |= {old: shown_name(new) for old, new in renames.items() if name_key(old) not in taken}
    return tuple((name, after) for name, after in found.items() if name != after)[:MOST_ROOMS]


def _invalid(sentence: str) -> PersonError:
    return PersonError(sentence, code="household.invalid")
