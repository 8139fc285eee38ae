"""A household that lives in a folder, with real databases, ledger, keys and blobs, and what its backups are made with."""

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from earwitness.config import VaultSettings
from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.consent import Keeping, Keeps, Purpose, Way
from earwitness.domain.errors import EarwitnessError
from earwitness.domain.recording import Actor, Erasure, ReadPurpose, Role, Selection, Spoken
from earwitness.domain.turn import Outcome, Turn
from earwitness.people.consents import Consents
from earwitness.people.people import People
from earwitness.vault.backup import DataBackup, KeysBackup, backup_data, backup_keys, write_erasures
from earwitness.vault.backup_age import make_identity, recipient_of
from earwitness.vault.backup_parts import Parts, parts_of
from earwitness.vault.replay import Stores, stores_of
from earwitness.vault.restore import Restored, Wanted, restore

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
PASSPHRASE = "correct horse battery staple"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


def sound_of(words: str, *, seconds: float = 0.5) -> bytes:
    """Sound that is the words' own, again and again: a canary that can be looked for."""
    pattern = words.encode().ljust(64, b"~")[:64]
    return (pattern * (round(seconds * RATE_HZ) * 2 // 64 + 1))[: round(seconds * RATE_HZ) * 2]


class Opened:
    """The household while it is open."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        self.stores = stores
        self.vault = stores.vault
        self.clock = clock
        self.people = People(stores.household, clock=clock, safe=lambda: stores.vault.safe)
        self.consents = Consents(stores.household, ledger=stores.ledger, clock=clock)

    def enrol(self, name: str) -> str:
        """Somebody who lets sound and words be kept for a week; gives the person's id."""
        person = self.people.add(name, passphrase=PASSPHRASE)
        self.consents.decide(person.person_id, Purpose.KEEP, is_given=True, way=Way.TERMINAL)
        return person.person_id

    def say(self, person_id: str, words: str, *, seconds: float = 0.5, retention: timedelta = WEEK) -> str:
        """Keep a turn; gives its id."""
        turn = Turn(turn_id=secrets.token_hex(16), transcript=words, outcome=Outcome.ANSWERED, reply=f"You said {words}.")
        spoken = Spoken(turn=turn, person_id=person_id, began_at=self.clock())
        keeping = Keeping(keeps=Keeps.AUDIO if seconds else Keeps.TEXT, retention_seconds=retention.total_seconds())
        sound = Pcm(data=sound_of(words, seconds=seconds)) if seconds else None
        self.vault.keeper.keep(spoken, sound, keeping=keeping)
        return turn.turn_id

    def words(self, person_id: str) -> list[str]:
        """All that the person can still read, oldest first."""
        page = self.vault.door.history(self.actor(person_id), person_id, limit=100_000)
        return [one.turn.transcript for one in reversed(page.recordings)]

    def sound(self, person_id: str, turn_id: str) -> bytes:
        with self.vault.door.audio(self.actor(person_id), turn_id, purpose=ReadPurpose.PLAYBACK) as audio:
            return b"".join(audio)

    def opens(self, person_id: str, turn_id: str) -> bool:
        """Whether words or sound of a turn can be had in any way."""
        for ask in (
            lambda: self.vault.door.recording(self.actor(person_id), turn_id),
            lambda: self.sound(person_id, turn_id),
        ):
            with contextlib.suppress(EarwitnessError):
                ask()
                return True
        return False

    def delete(self, person_id: str, *turn_ids: str, is_all: bool = False) -> Erasure:
        """Delete turns, or everything, and sweep."""
        selection = Selection(turn_ids=turn_ids, is_all=is_all)
        erasure = self.vault.eraser.erase(self.actor(person_id), person_id, selection)
        self.vault.eraser.sweep()
        return erasure

    def leave(self, person_id: str) -> None:
        """The person leaves, with all that they said."""
        self.vault.eraser.erase_person(self.actor(person_id), person_id)
        self.vault.listens.remove(person_id)
        self.people.remove(person_id)
        self.vault.eraser.sweep()

    def actor(self, person_id: str) -> Actor:
        return Actor(actor_id=person_id, alias="somebody", role=Role.SELF)


class Household:
    """A household in `folder`, and beside it an identity and two places for backups."""

    def __init__(self, folder: Path, *, settings: VaultSettings | None = None) -> None:
        self.folder = folder
        self.settings = settings or VaultSettings()
        self.state = folder / "state"
        self.clock = Clock()
        self.identity = folder / "identity.txt"
        is_new = not self.identity.exists()
        self.recipient = make_identity(self.identity, now=NOON) if is_new else recipient_of(self.identity)
        self.data = folder / "here" / "data.age"
        self.keys = folder / "there"
        self.list = folder / "erasures"

    @property
    def parts(self) -> Parts:
        return parts_of(self.settings, self.state)

    @contextlib.contextmanager
    def open(self) -> Iterator[Opened]:
        with stores_of(self.parts, clock=self.clock) as stores:
            yield Opened(stores, self.clock)

    def backup_data(self, target: Path | None = None) -> DataBackup:
        return backup_data(self.parts, target or self.data, recipients=[self.recipient], clock=self.clock)

    def backup_keys(self, *, keys_days: int = 7) -> KeysBackup:
        return backup_keys(self.parts, self.keys, recipients=[self.recipient], keys_days=keys_days, clock=self.clock)

    def write_erasures(self, *, since: datetime | None = None) -> Path:
        write_erasures(self.parts, self.list, since=since, clock=self.clock)
        return self.list

    def lose(self) -> None:
        """The disk with the state folder breaks."""
        shutil.rmtree(self.state)

    def restore(self, keys: KeysBackup, **how: object) -> Restored:
        """Restore the data backup with that backup of the keys."""
        wanted: dict[str, object] = {"data": self.data, "keys": keys.path, "identities": (self.identity,), **how}
        return restore(self.parts, Wanted(**wanted), clock=self.clock)  # type: ignore[arg-type]

    def files(self) -> dict[str, bytes]:
        """Every file of the state folder but locks, with its bytes."""
        found = (path for path in self.state.rglob("*") if path.is_file() and not path.name.endswith(".lock"))
        return {str(path.relative_to(self.state)): path.read_bytes() for path in found}
