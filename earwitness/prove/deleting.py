"""Guarantee 6: deleted means gone, tried with a planted canary of words and sound that is then looked for everywhere."""

import json
import secrets
from datetime import UTC, datetime

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

CANARY = "purple xylophone"


def deleted_means_gone(house: House) -> tuple[str, ...]:
    """Guarantee 6: neither plain nor sealed is anything of a deleted turn left, and the receipt checks offline."""
    person = enrolled(house, "Deleting")
    spoken = sound_of(house, f"Where is the {CANARY}?").data
    turn_id = kept(house, person, f"where is the {CANARY}", sound=spoken)
    other = kept(house, person, "turn on the lamp", sound=secrets.token_bytes(32_000))
    _touch(house, person.person_id, turn_id)
    sealed = _sealed(house, turn_id)
    before = hits(house.state, texts=(CANARY, "xylophone"), sounds={"sound": loudest(spoken)})
    require(not before, f"While it was kept it lay open: {', '.join(before[:3])}")
    require(len(hits(house.state, sounds=sealed)) >= len(sealed), "The sealed turn was not found, so the search shows nothing.")
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


def _receipt(house: House, erasure_id: str) -> str:
    erasure = house.vault.eraser.receipt(erasure_id)
    require(erasure.position is not None and erasure.is_swept, "The deletion has no receipt in the ledger.")
    assert erasure.position is not None
    envelope = {"receipt": json.loads(erasure.body), "proof": house.prover.proof_json(erasure.position)}
    receipt = read_receipt(json.dumps(envelope).encode())
    checkpoint = receipt.check(parse_verifier(house.ledger.verifier))
    return f"the receipt checks offline: entry {receipt.proof.index} of {checkpoint.size}"
