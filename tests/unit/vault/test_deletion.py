"""Deleted means gone: a planted canary is looked for in the raw bytes of every file, in the logs and in what was printed; and so
are its sealed words, its sealed sound and its wrapped key, which must be there before and nowhere after."""

import base64
import json
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from earwitness.domain.recording import Selection
from earwitness.links.alerts import Alerts
from earwitness.rights.export import export
from earwitness.storage.household import terms, turns
from earwitness.storage.keys import keys
from earwitness.storage.remnants import record
from tests.houses_kept import KeptHouse, kept_house, remind

CANARY = "zanzibar marmalade \u00e9"
CORRECTED = "timbuktu marmalade \u00e9"
REMEMBERED = "feed the quokka at the harbour"
NEIGHBOURS = 70


def canary_sound() -> bytes:
    return random.Random("canary").randbytes(2 * 16_000 * 6)


def forms(text: str) -> list[bytes]:
    """A text in every form in which it could have got into a file: base64 at each of its three offsets."""
    plain = text.encode()
    coded = [base64.b64encode(b"\0" * pad + plain)[4 if pad else 0 : -4] for pad in range(3)]
    return [plain, text.encode("utf-16-le"), text.encode("utf-16-be"), json.dumps(text)[1:-1].encode(), *coded]


def plain_pieces() -> dict[str, bytes]:
    pieces = {
        f"words {number}: {text}": form
        for text in (CANARY, CORRECTED, "zanzibar", "timbuktu", "marmalade")
        for number, form in enumerate(forms(text))
    }
    data = canary_sound()
    return pieces | {f"sound at {at}": data[at : at + 32] for at in range(0, len(data), 9_600)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """Pieces of what lies in the files of one turn: sealed words, sealed sound, wrapped key, and search terms."""

    pieces: dict[str, bytes]

    @classmethod
    def of(cls, house: KeptHouse, turn_id: str) -> "Sealed":
        with house.database.reading() as connection:
            row = connection.execute(sa.select(turns).where(turns.c.turn_id == turn_id)).one()
            found = connection.execute(sa.select(terms.c.term).where(terms.c.turn_number == row.number)).scalars().all()
        with house.vault.keeper._ring.database.reading() as connection:
            wrapped = connection.execute(sa.select(keys.c.wrapped).where(keys.c.key_id == turn_id)).scalar_one()
        blob = house.vault.blobs.read(turn_id, 0, 10**9)
        pieces = {"nonce of the words": row.sealed[1:13], "end of the words": row.sealed[-32:]}
        pieces |= {"nonce of the key": wrapped[1:13], "wrapped key": wrapped[13:45]}
        pieces |= {f"sealed sound at {at}": blob[at : at + 32] for at in range(9, len(blob) - 32, 9_000)}
        pieces |= {f"term {number}": record(bytes(one), row.number) for number, one in enumerate(found)}
        return cls(pieces=pieces)


def hits(folder: Path, pieces: dict[str, bytes]) -> dict[str, str]:
    """Which pieces are in which file."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found |= {name: path.name for name, piece in pieces.items() if piece in data}
    return found


def touch(house: KeptHouse, person_id: str, turn_id: str) -> None:
    """Use the canary in every way that could leave a copy."""
    rights, person = house.rights, house.people.find(person_id)
    assert rights.history(person_id, limit=10, search="marmalade").recordings
    assert rights.recording(person_id, turn_id).turn.transcript == CANARY
    assert rights.last_heard(person_id) is not None
    with rights.play(person_id, turn_id) as audio:
        assert b"".join(audio) == canary_sound()
    rights.correct(person_id, turn_id, transcript=CORRECTED)
    assert rights.history(person_id, limit=10, search="timbuktu zanzibar").recordings
    exported = b"".join(export(person, rights=rights, vault=house.vault, prover=house.prover, now=house.clock()))
    assert len(exported) > len(canary_sound()) // 2
    rights.restrict(person_id, turn_id=turn_id)


def expire(house: KeptHouse) -> None:
    house.clock.advance(days=7)
    assert house.vault.eraser.expire() == 2 * NEIGHBOURS + 1


Deletion = Callable[[KeptHouse, str, str], object]
DELETIONS: dict[str, Deletion] = {
    "one turn": lambda house, who, turn: house.rights.erase_said(who, Selection(turn_ids=(turn,))),
    "since this morning": lambda house, who, turn: house.rights.erase_said(who, Selection(since=house.clock().replace(hour=0))),
    "everything": lambda house, who, turn: house.rights.erase_said(who, Selection(is_all=True)),
    "the person": lambda house, who, turn: house.rights.erase_person(who),
    "expiry": lambda house, who, turn: expire(house),
}


@pytest.mark.parametrize("how", DELETIONS)
def test_of_what_is_deleted_nothing_is_left_in_any_file(
    how: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with kept_house(tmp_path) as house:
        ben, anna = house.enrolled("Ben"), house.enrolled("Annabella Canaryowner")
        for number in range(NEIGHBOURS):
            house.keep(ben, f"turn on lamp {number}", sound=b"\1\0" * 200)
        turn_id = house.keep(anna, CANARY, sound=canary_sound())
        for number in range(NEIGHBOURS):
            house.keep(ben, f"turn off lamp {number}")
        touch(house, anna.person_id, turn_id)
        for person, text in ((anna, REMEMBERED), *((ben, f"water plant number {number}") for number in range(NEIGHBOURS))):
            remind(house.database, text, clock=house.clock, person_id=person.person_id)
        sealed, plain = Sealed.of(house, turn_id), plain_pieces()
        there = hits(tmp_path, sealed.pieces)
        assert set(there) == set(sealed.pieces), "what is sealed must be found, or the search shows nothing"
        assert {"household.db", "keys.db"} <= {name.removesuffix("-wal") for name in there.values()}
        assert hits(tmp_path, plain) == {}
        assert set(hits(tmp_path, {"reminder": REMEMBERED.encode()})) == {"reminder"}, (
            "what was asked for is kept, and not sealed"
        )
        told: list[bool] = []
        Alerts(house.database, clock=house.clock).subscribe(lambda: told.append(True))
        DELETIONS[how](house, anna.person_id, turn_id)
        house.rights.upkeep()
        assert hits(tmp_path, sealed.pieces | plain) == {}
        if how == "the person":
            assert hits(tmp_path, {"reminder": REMEMBERED.encode(), "piece": b"quokka"}) == {}, (
                "nor of what they asked to have kept"
            )
            assert told, "whoever rings for the house is told"
            assert hits(tmp_path, {"name": b"Canaryowner", "folded": b"canaryowner"}) == {}
        assert house.rights.kept(ben.person_id, Selection(is_all=True)).recordings == (0 if how == "expiry" else 2 * NEIGHBOURS)
    assert hits(tmp_path, sealed.pieces | plain) == {}
    out, err = capfd.readouterr()
    printed = (out + err + caplog.text + repr([vars(one) for one in caplog.records])).encode("utf-8", "replace")
    assert [name for name, piece in plain.items() if piece in printed] == []
