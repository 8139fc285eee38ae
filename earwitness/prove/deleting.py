"""Guarantee 6: deleted means gone, tried with a planted canary of words and sound that is then looked for everywhere."""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from earwitness.build import House
from earwitness.demo import sound_of
from earwitness.domain.errors import VaultError
from earwitness.domain.recording import Selection
from earwitness.ledger.note import parse_verifier
from earwitness.ledger.proof import read_receipt
from earwitness.prove.door import enrolled, kept
from earwitness.prove.evidence import NotProvedError, require
from earwitness.prove.traces import hits, loudest
from earwitness.rights.export import export
from earwitness.vault.backup import backup_data, backup_keys, write_erasures
from earwitness.vault.backup_age import make_identity
from earwitness.vault.backup_parts import parts_of
from earwitness.vault.restore import Wanted, restore

CANARY = "purple xylophone"


def deleted_means_gone(house: House) -> tuple[str, ...]:
    """Guarantee 6: neither plain nor sealed is anything of a deleted turn left, here or restored; the receipt checks offline."""
    with TemporaryDirectory() as folder:
        return _tried(house, Path(folder))


def _tried(house: House, folder: Path) -> tuple[str, ...]:
    person = enrolled(house, "Deleting")
    spoken = sound_of(house, f"Where is the {CANARY}?").data
    turn_id = kept(house, person, f"where is the {CANARY}", sound=spoken)
    other = kept(house, person, "turn on the lamp", sound=secrets.token_bytes(32_000))
    _touch(house, person.person_id, turn_id)
    sealed = _sealed(house, turn_id)
    before = hits(house.state, texts=(CANARY, "xylophone"), sounds={"sound": loudest(spoken)})
    require(not before, f"While it was kept it lay open: {', '.join(before[:3])}")
    require(len(hits(house.state, sounds=sealed)) >= len(sealed), "The sealed turn was not found, so the search shows nothing.")
    backups = _backed_up(house, folder)
    began = datetime.now(UTC)
    erasure = house.rights.erase_said(person.person_id, Selection(turn_ids=(turn_id,)))
    gone_ms = (datetime.now(UTC) - began).total_seconds() * 1000
    house.rights.upkeep()
    swept_ms = (datetime.now(UTC) - began).total_seconds() * 1000
    left = hits(house.state, texts=(CANARY, "xylophone"), sounds={"sound": loudest(spoken), **sealed})
    require(not left, f"Traces were left: {', '.join(left[:3])}")
    for look in (lambda: house.rights.recording(person.person_id, turn_id), lambda: house.rights.play(person.person_id, turn_id)):
        try:
            look()
        except VaultError:
            continue
        raise NotProvedError("A deleted turn could be opened.")
    require(house.rights.recording(person.person_id, other).turn.turn_id == other, "Another turn was lost with it.")
    return (
        f"keys gone after {gone_ms:.0f} ms, everything swept after {swept_ms:.0f} ms",
        f"0 traces of words, sound, ciphertext ({len(sealed)} pieces) in any file, write-ahead logs included",
        _receipt(house, erasure.erasure_id),
        _restored(house, backups, person.person_id, turn_id=turn_id, other=other, sealed=sealed),
    )


def _touch(house: House, person_id: str, turn_id: str) -> None:
    """Use it in every way that could leave a copy."""
    house.rights.history(person_id, limit=10, search=CANARY)
    house.rights.correct(person_id, turn_id, transcript=f"where is my {CANARY}")
    with house.rights.play(person_id, turn_id) as audio:
        require(sum(map(len, audio)) > 0, "The canary could not be played, so the trial shows nothing.")
    person = house.people.find(person_id)
    pieces = export(person, rights=house.rights, vault=house.vault, prover=house.prover, now=datetime.now(UTC))
    require(sum(map(len, pieces)) > 0, "The canary could not be exported, so the trial shows nothing.")


def _sealed(house: House, turn_id: str) -> dict[str, bytes]:
    """Pieces of what is sealed of a turn, as they lie in the files."""
    with house.database.reading() as connection:
        words = connection.exec_driver_sql("SELECT sealed FROM turns WHERE turn_id = ?", (turn_id,)).scalar_one()
    return {"sealed words": bytes(words)[-48:], "sealed sound": house.vault.blobs.read(turn_id, 64, 128)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Backups:
    """Backups of data and keys that are older than the deletion, in a folder with the identity that opens them."""

    folder: Path
    data: Path
    keys: Path
    identity: Path


def _backed_up(house: House, folder: Path) -> _Backups:
    """Back up while the canary is still kept: the worst case for a deletion."""
    identity, data = folder / "identity.txt", folder / "data" / "household.age"
    recipient = make_identity(identity, now=datetime.now(UTC))
    data.parent.mkdir()
    parts = parts_of(house.settings.vault, house.state)
    backup_data(parts, data, recipients=[recipient], clock=_now)
    keys = backup_keys(parts, folder / "keys", recipients=[recipient], keys_days=7, clock=_now).path
    return _Backups(folder=folder, data=data, keys=keys, identity=identity)


def _restored(house: House, backups: _Backups, person_id: str, *, turn_id: str, other: str, sealed: dict[str, bytes]) -> str:
    """Restore them elsewhere with the list of deletions: the canary must not come back, the other turn must."""
    deletions = backups.folder / "deletions.list"
    write_erasures(parts_of(house.settings.vault, house.state), deletions, since=None, clock=_now)
    place = backups.folder / "state"
    wanted = Wanted(
        data=backups.data, keys=backups.keys, identities=(backups.identity,), lists=(deletions,), accepts_older_ledger=True
    )
    restore(parts_of(house.settings.vault, place), wanted, clock=_now)
    left = hits(place, texts=(CANARY, "xylophone"), sounds=sealed)
    require(not left, f"A restored backup brought traces back: {', '.join(left[:3])}")
    with House(house.settings, state=place) as back:
        require(back.rights.recording(person_id, other).turn.turn_id == other, "The backup did not bring another turn back.")
        try:
            back.rights.recording(person_id, turn_id)
        except VaultError:
            return "backups from before the deletion, restored: the other turn is back, of the deleted one 0 traces"
    raise NotProvedError("A restored backup brought the deleted turn back.")


def _now() -> datetime:
    return datetime.now(UTC)


def _receipt(house: House, erasure_id: str) -> str:
    erasure = house.vault.eraser.receipt(erasure_id)
    require(erasure.position is not None and erasure.is_swept, "The deletion has no receipt in the ledger.")
    assert erasure.position is not None
    envelope = {"receipt": json.loads(erasure.body), "proof": house.prover.proof_json(erasure.position)}
    receipt = read_receipt(json.dumps(envelope).encode())
    checkpoint = receipt.check(parse_verifier(house.ledger.verifier))
    return f"the receipt checks offline: entry {receipt.proof.index} of {checkpoint.size}"
