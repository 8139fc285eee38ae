"""Everything that is held about a person, as a zip that people and programs can read. Streamed: no copy is left on this machine.

index.json       what is in the zip; the person; every decision with the text that was shown
turns.jsonl      one kept turn a line, newest first
listens.jsonl    one read a line, newest first, with its proof
receipts.jsonl   one deletion a line, newest first, with its receipt and proof
alerts.jsonl     one alarm, timer or reminder of yours a line
routines.jsonl   one routine of yours a line
contacts.jsonl   one contact of yours a line
messages.jsonl   one message that you sent or got a line, with its text as long as it is kept
account.json     how you sign in, where you are signed in, tokens, and the log of your account
audio/ID.wav     the sound of each turn that has any, 16 kHz mono
README.txt       the same in words
"""

import contextlib
import io
import json
import zipfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import IO, Any, Final, Protocol, cast

from typing_extensions import Buffer

from earwitness.domain.audio import RATE_HZ
from earwitness.domain.consent import Decision
from earwitness.domain.person import Person
from earwitness.domain.recording import ReadPurpose
from earwitness.people.account_log import MOST_ENTRIES
from earwitness.people.consent_texts import text_of
from earwitness.rights.belongings import alert_json, contact_json, message_json, routine_json
from earwitness.rights.rights import Rights, themself
from earwitness.speech.audio_file import wav_header
from earwitness.vault.vault import Vault

AT_ONCE: Final = 100
FORMAT: Final = "earwitness-export/1"
README: Final = """This is everything that Earwitness holds about {name}, as of {now}.

index.json       who you are here, what you consented to and what was shown to you
turns.jsonl      what you said and what came of it, one turn a line, newest first
listens.jsonl    who opened that, you included, newest first
receipts.jsonl   what was deleted, newest first
alerts.jsonl     your alarms, timers and reminders, one a line
routines.jsonl   the routines that you made, one a line
contacts.jsonl   your contacts, one a line
messages.jsonl   your messages, one a line, with their texts as long as they are kept
account.json     your account: passkeys, tokens, where you are signed in, and its log
audio/           what was recorded, one WAV file a turn

Times are in UTC. To check a proof without the machine that this came from, save the "proof" of a line of listens.jsonl to a
file and run `earwitness verify proof FILE`; save "receipt" and "proof" of a line of receipts.jsonl together as one object and run
`earwitness verify receipt FILE`.
"""
MOST_READS: Final = 1_000_000


class Prover(Protocol):
    """Gives proofs that an entry is in the ledger."""

    def proof_json(self, position: int) -> dict[str, object]: ...


class ZipPipe(io.RawIOBase):
    """A file that can only be written, and keeps nothing but what was not taken yet."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        self._written.append(bytes(data))
        return len(self._written[-1])

    def take(self) -> bytes:
        data = b"".join(self._written)
        self._written.clear()
        return data


def export(
    person: Person,
    *,
    rights: Rights,
    vault: Vault,
    prover: Prover,
    now: datetime,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Generator[bytes, None, None]:
    """The zip, piece by piece; close it if you stop before its end, so that what was opened is on record.

    `tell` is told how many turns are done, of how many. Raises LedgerError, StorageError; the first piece needs the ledger.
    """
    pipe = ZipPipe()
    with zipfile.ZipFile(cast(IO[bytes], pipe), "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("README.txt", README.format(name=person.name, now=now.isoformat(timespec="minutes")))
        with_sound: list[str] = []
        with file.open("turns.jsonl", "w", force_zip64=True) as lines:
            for page in _pages(person, vault):
                for recording in page:
                    lines.write(json.dumps(recording, ensure_ascii=False).encode() + b"\n")
                with_sound += [str(one["turn_id"]) for one in page if one["audio_seconds"]]
                yield pipe.take()
        yield from _listed(file, "listens.jsonl", _listens(person, rights, prover), pipe=pipe)
        yield from _listed(file, "receipts.jsonl", _receipts(person, rights, prover), pipe=pipe)
        mine = rights.belongings
        yield from _listed(file, "alerts.jsonl", map(alert_json, mine.alerts(person.person_id)), pipe=pipe)
        yield from _listed(file, "routines.jsonl", map(routine_json, mine.routines(person.person_id)), pipe=pipe)
        yield from _listed(file, "contacts.jsonl", map(contact_json, mine.contacts.owned_by(person.person_id)), pipe=pipe)
        yield from _listed(file, "messages.jsonl", map(message_json, mine.messages.of(person.person_id)), pipe=pipe)
        file.writestr("account.json", json.dumps(_account(person, rights), ensure_ascii=False, indent=1, default=_written))
        missing = set(with_sound)
        for start in range(0, len(with_sound), AT_ONCE):
            some = with_sound[start : start + AT_ONCE]
            sounds = vault.door.sounds(themself(person), person.person_id, turn_ids=some, purpose=ReadPurpose.EXPORT)
            with contextlib.closing(sounds):
                for turn_id, data in sounds:
                    missing.remove(turn_id)
                    file.writestr(f"audio/{turn_id}.wav", wav_header(len(data), rate_hz=RATE_HZ) + data)
                    yield pipe.take()
            tell(min(start + AT_ONCE, len(with_sound)), len(with_sound))
        index = _index(person, rights=rights, now=now) | {"audio_missing": sorted(missing)}
        file.writestr("index.json", json.dumps(index, ensure_ascii=False, indent=1))
    yield pipe.take()


def _pages(person: Person, vault: Vault) -> Iterator[list[dict[str, object]]]:
    before: int | None = None
    while True:
        page = vault.door.history(themself(person), person.person_id, limit=AT_ONCE, before=before, purpose=ReadPurpose.EXPORT)
        yield [recording.as_json() for recording in page.recordings]
        before = page.next_before
        if before is None:
            return


def _listed(file: zipfile.ZipFile, name: str, rows: Iterator[dict[str, object]], *, pipe: ZipPipe) -> Iterator[bytes]:
    """A file of the zip with a row a line, given as it grows."""
    with file.open(name, "w", force_zip64=True) as lines:
        for count, row in enumerate(rows):
            lines.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            if count % AT_ONCE == 0:
                yield pipe.take()


def _listens(person: Person, rights: Rights, prover: Prover) -> Iterator[dict[str, object]]:
    for read in rights.reads(person.person_id, limit=MOST_READS):
        yield read.as_json() | {"proof": prover.proof_json(read.opened_position)}


def _receipts(person: Person, rights: Rights, prover: Prover) -> Iterator[dict[str, object]]:
    for one in rights.receipts(person.person_id):
        proof = None if one.position is None else prover.proof_json(one.position)
        yield one.as_json() | {"receipt": json.loads(one.body), "proof": proof}


def _account(person: Person, rights: Rights) -> dict[str, object]:
    """How somebody signs in and what was done with the account; no secret, nor anything made from one, is among it."""
    accounts = rights.people.accounts
    return {
        "role": person.role,
        "has_code": person.needs_code,
        "passkeys": [asdict(one) for one in accounts.passkeys.of(person.person_id)],
        "tokens": [asdict(one) for one in accounts.tokens.of(person.person_id)],
        "sign_ins": [asdict(one) for one in accounts.sign_ins.of(person.person_id)],
        "log": [asdict(one) for one in accounts.entries(person.person_id, limit=MOST_ENTRIES)],
    }


def _written(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value.isoformat() if isinstance(value, datetime) else str(value)


def _index(person: Person, *, rights: Rights, now: datetime) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "person": {
            "name": person.name,
            "alias": person.alias,
            "enrolled_at": person.created_at.isoformat(),
            "restricted_at": person.restricted_at.isoformat() if person.restricted_at else None,
        },
        "turns": "turns.jsonl",
        "listens": "listens.jsonl",
        "receipts": "receipts.jsonl",
        "alerts": "alerts.jsonl",
        "routines": "routines.jsonl",
        "contacts": "contacts.jsonl",
        "messages": "messages.jsonl",
        "account": "account.json",
        "audio": "audio/{turn_id}.wav",
        "consents": [decision_json(one) | {"text": _shown(one)} for one in rights.consents.decisions(person.person_id)],
    }


def _shown(decision: Decision) -> dict[str, object]:
    text = text_of(decision.purpose, decision.text_version)
    return asdict(text)


def decision_json(decision: Decision) -> dict[str, object]:
    """A decision in the shape of the API and of exports."""
    return {
        "decision_id": decision.decision_id,
        "purpose": decision.purpose.value,
        "given": decision.is_given,
        "objection": decision.is_objection,
        "decided_at": decision.decided_at.isoformat(),
        "way": decision.way.value,
        "text_version": decision.text_version,
        "text_sha256": decision.text_digest,
        "retention_seconds": decision.retention_seconds,
        "keeps": decision.keeps.value if decision.keeps else None,
        "position": decision.position,
    }
