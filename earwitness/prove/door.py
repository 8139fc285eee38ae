"""Guarantees 4 and 5: one door to what is kept, and every opening on record, tried on a real vault and a real ledger."""

import json
import secrets
import sqlite3
from datetime import UTC, datetime
from functools import partial

from earwitness.build import House
from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Purpose, Way
from earwitness.domain.errors import AccessError, LedgerError, VaultError
from earwitness.domain.intent import Intent
from earwitness.domain.person import Person
from earwitness.domain.recording import Actor, ReadPurpose, Role, Spoken
from earwitness.domain.turn import Outcome, Turn
from earwitness.ledger.note import parse_verifier
from earwitness.ledger.proof import read_proof
from earwitness.prove.evidence import NotProvedError, require
from earwitness.prove.keeping import PASSPHRASE
from earwitness.rights.rights import themself

REVIEWER = Actor(actor_id="reviewer-of-this-proof", alias="quiet-reviewer-0001", role=Role.REVIEWER)


def enrolled(house: House, name: str) -> Person:
    """Somebody who keeps what they say for a week."""
    person = house.people.add(name, passphrase=PASSPHRASE)
    house.rights.decide(person.person_id, Purpose.KEEP, is_given=True, way=Way.TERMINAL)
    return person


def kept(house: House, person: Person, text: str, *, sound: bytes) -> str:
    """Keep one turn of a person; gives its id."""
    turn = Turn(
        turn_id=secrets.token_hex(16),
        transcript=text,
        outcome=Outcome.DONE,
        reply="Done.",
        intent=Intent(name="HassTurnOn", slots={"name": "lamp"}),
    )
    house.rights.keep(Spoken(turn=turn, person_id=person.person_id, began_at=datetime.now(UTC)), Pcm(data=sound))
    return turn.turn_id


def one_door(house: House) -> tuple[str, ...]:
    """Guarantee 4: the ledger holds the entry before the first byte; others are refused; without the ledger nobody listens."""
    owner, other = enrolled(house, "Owner"), enrolled(house, "Other")
    sound = secrets.token_bytes(96_000)
    turn_id = kept(house, owner, "turn on the lamp", sound=sound)
    before = house.ledger.size()
    with house.rights.play(owner.person_id, turn_id) as audio:
        entry = json.loads(house.ledger.leaf(before))
        require(entry["kind"] == "read.opened" and entry["recording"] == turn_id, "No entry was committed before the bytes.")
        require(b"".join(audio) == sound, "The sound that came out is not the sound that went in.")
    closing = json.loads(house.ledger.leaf(house.ledger.size() - 1))
    require(closing["ranges"] == [[0, len(sound)]], "What was served is not in the closing entry.")
    for attempt in (
        lambda: house.vault.door.audio(themself(other), turn_id, purpose=ReadPurpose.PLAYBACK),
        lambda: house.vault.door.audio(REVIEWER, turn_id, purpose=ReadPurpose.REVIEW),
        lambda: house.vault.door.history(REVIEWER, owner.person_id, limit=1),
    ):
        try:
            attempt()
        except (AccessError, VaultError):
            continue
        raise NotProvedError("Somebody who may not opened a recording.")
    return (
        f"entry {before} was in the ledger before the first of {len(sound)} bytes, and a later one says which were served",
        "another person, a reviewer without consent, and a reviewer reading history: refused",
        _without_the_ledger(house, owner, turn_id),
    )


def _without_the_ledger(house: House, owner: Person, turn_id: str) -> str:
    """Another process holds the ledger's file: nothing can be committed."""
    blocker = sqlite3.connect(house.state / "ledger.db", isolation_level=None)
    try:
        blocker.execute("BEGIN EXCLUSIVE")
        for open_it in (
            lambda: house.rights.play(owner.person_id, turn_id),
            lambda: house.rights.recording(owner.person_id, turn_id),
        ):
            try:
                open_it()
            except LedgerError:
                continue
            raise NotProvedError("A recording was opened although the ledger could not take the entry.")
    finally:
        blocker.close()
    return "ledger not writable: neither sound nor words are given"


def every_listen_is_seen(house: House) -> tuple[str, ...]:
    """Guarantee 5: a listen by somebody else is on the person's list with seconds and result, and its proof checks offline."""
    owner = enrolled(house, "Heard")
    for purpose in (Purpose.REVIEW, Purpose.HEAR, Purpose.TRAIN):
        house.rights.decide(owner.person_id, purpose, is_given=True, way=Way.TERMINAL)
    made = secrets.token_bytes(64_000)
    turn_id = kept(house, owner, "turn on the lamp", sound=secrets.token_bytes(len(made)))
    hear = partial(house.vault.door.hand_out, REVIEWER, turn_id, made, purpose=ReadPurpose.REVIEW, start=0, end=len(made))
    require(house.rights.standing(owner.person_id).new_listens == 0, "There is news before anybody listened.")
    with hear() as audio:
        served = sum(map(len, audio))
    (read,) = house.rights.listens(owner.person_id)
    require(house.rights.standing(owner.person_id).new_listens == 1, "The listen is no news to the person.")
    require(
        (read.actor.alias, read.turn_id, read.seconds) == (REVIEWER.alias, turn_id, served / 32_000),
        "The listen is told wrongly.",
    )
    proof = read_proof(json.dumps(house.prover.proof_json(read.opened_position)).encode())
    checkpoint = proof.check(parse_verifier(house.ledger.verifier))
    house.rights.decide(owner.person_id, Purpose.REVIEW, is_given=False, way=Way.TERMINAL)
    try:
        hear()
        raise NotProvedError("A reviewer listened after the consent was withdrawn.")
    except AccessError:
        pass
    refused = house.rights.listens(owner.person_id)[0]
    require(refused.result.value == "refused", "The refused attempt is not on the person's list.")
    return (
        f"a reviewer's listen of {read.seconds:.1f} s is on the list as {read.actor.alias}, result {read.result.value}",
        f"its proof checks offline: entry {proof.index} of {checkpoint.size}, {len(proof.hashes)} hashes",
        "after withdrawal the next attempt was refused, and is on the list too",
    )
