"""What an owner chose about confirming. Owns the tables `confirmations` and `personal_confirmations`; what holds decides
domain/confirmation.py. Calls block.

A choice is on the disk when the call returns. What was chosen for a person goes with the person.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

from earwitness.domain.confirmation import Act, Confirmation, ConfirmationPolicy, Speaker, Subject
from earwitness.domain.errors import PersonError
from earwitness.storage.database import Database
from earwitness.storage.household import people
from earwitness.storage.outside import confirmations as rows
from earwitness.storage.outside import personal_confirmations as personal

_LOCK: Final = 0x636F6E66
REMEMBERED_SECONDS: Final = 1.0
"""How long what was read counts, as another program (a command in a terminal) may choose too."""


class Confirmations:
    """The choices of one household. What was read is remembered for a moment, and until it is changed here."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds."""
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._known: ConfirmationPolicy | None = None
        self._read_at = 0.0

    def policy(self) -> ConfirmationPolicy:
        """What holds now. Raises StorageError."""
        with self._lock:
            if self._known is None or self._clock() - self._read_at > REMEMBERED_SECONDS:
                self._known = self._read()
            return self._known

    def choose(self, act: Act, speaker: Speaker, confirmation: Confirmation | None) -> ConfirmationPolicy:
        """Choose what happens before an act of such a speaker; None for the default. On the disk when this returns."""
        return self.choose_rule(Subject(act=act, speaker=speaker), confirmation)

    def choose_device(
        self, device_id: str, confirmation: Confirmation | None, *, speaker: Speaker | None = None
    ) -> ConfirmationPolicy:
        """The same for everything that is done with one device; without a speaker, for everybody."""
        return self.choose_rule(Subject(device_id=device_id, speaker=speaker), confirmation)

    def choose_rule(self, subject: Subject, confirmation: Confirmation | None) -> ConfirmationPolicy:
        """The same for whatever a rule can be about; None takes it back.

        Raises PersonError (confirmation.invalid) for a rule about no device that does not say who does what, or about a person
        who is not here.
        """
        if subject.device_id is None and (subject.act is None or not subject.closeness):
            raise PersonError("A rule says for which device, or who does what.", code="confirmation.invalid")
        with self._lock:
            with self._database.writing(lock=_LOCK) as connection:
                self._write(connection, subject, confirmation)
            self._known = self._read()
            return self._known

    def _write(self, connection: sa.Connection, subject: Subject, confirmation: Confirmation | None) -> None:
        about = _written(subject)
        if subject.person_id is None:
            speaker = subject.speaker.value if subject.speaker else ""
            connection.execute(sa.delete(rows).where(rows.c.subject == about, rows.c.speaker == speaker))
            values: dict[str, Any] = {"subject": about, "speaker": speaker}
            table = rows
        else:
            mine = (personal.c.subject == about, personal.c.person_id == subject.person_id)
            connection.execute(sa.delete(personal).where(*mine))
            values, table = {"subject": about, "person_id": subject.person_id}, personal
            here = sa.select(people.c.person_id).where(people.c.person_id == subject.person_id)
            if confirmation is not None and connection.execute(here).scalar() is None:
                raise PersonError("There is nobody of that id here.", code="confirmation.invalid")
        if confirmation is not None:
            connection.execute(sa.insert(table).values(**values, confirmation=confirmation.value))

    def _read(self) -> ConfirmationPolicy:
        self._read_at = self._clock()
        with self._database.reading() as connection:
            found = connection.execute(sa.select(rows)).all()
            own = connection.execute(sa.select(personal)).all()
        chosen: dict[tuple[Act, Speaker], Confirmation] = {}
        devices: dict[tuple[str, Speaker | None], Confirmation] = {}
        rules: dict[Subject, Confirmation] = {}
        for row in found:
            match _read_subject(row.subject, speaker=Speaker(row.speaker) if row.speaker else None):
                case None:
                    continue
                case Subject(device_id=None, act=Act() as act, speaker=Speaker() as speaker):
                    chosen[act, speaker] = Confirmation(row.confirmation)
                case Subject(device_id=str(device_id), act=None, speaker=of_whom):
                    devices[device_id, of_whom] = Confirmation(row.confirmation)
                case subject:
                    rules[subject] = Confirmation(row.confirmation)
        for row in own:
            if (subject := _read_subject(row.subject, person_id=row.person_id)) is not None:
                rules[subject] = Confirmation(row.confirmation)
        return ConfirmationPolicy(chosen=chosen, devices=devices, rules=rules)


def _written(subject: Subject) -> str:
    if subject.device_id is None:
        return f"act:{subject.act}"
    return f"device:{subject.device_id}" if subject.act is None else f"device/{subject.act}:{subject.device_id}"


def _read_subject(text: str, *, speaker: Speaker | None = None, person_id: str | None = None) -> Subject | None:
    """What a row is about; None for an act that a newer version knew."""
    kind, _, name = text.partition(":")
    kind, _, act = kind.partition("/")
    if kind == "device":
        if act and act not in set(Act):
            return None
        return Subject(device_id=name, act=Act(act) if act else None, speaker=speaker, person_id=person_id)
    if name not in set(Act) or (speaker is None and person_id is None):
        return None
    return Subject(act=Act(name), speaker=speaker, person_id=person_id)
