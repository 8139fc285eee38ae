"""The list of erasures: what was written is read, and nothing that another wrote or changed."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from earwitness.domain.errors import BackupError
from earwitness.ledger.note import Note, sign
from earwitness.ledger.signing_key import SigningKey, signing_key
from earwitness.vault.replay_list import (
    DecisionLine,
    ErasureLine,
    HoldLine,
    ReplayList,
    RevocationLine,
    decode,
    encode,
    merged,
    read_list,
)
from tests.unit.vault.backed_up import NOON, Household

LIST = ReplayList(
    made_at=NOON,
    checkpoints=("earwitness.invalid/ledger\n1\nabc\n",),
    since=NOON - timedelta(days=7),
    erasures=(
        ErasureLine(
            erasure_id="a" * 32,
            kind="turns",
            person_id="b" * 32,
            actor_alias="calm-heron",
            erased_at=1.5,
            recordings=2,
            seconds=3.5,
            position=7,
            body='{"v":1}',
            key_ids=("c" * 32, "d" * 32),
        ),
    ),
    decisions=(
        DecisionLine(
            decision_id="e" * 32,
            person_id="b" * 32,
            purpose="keep",
            is_given=True,
            is_objection=False,
            retention_seconds=60.0,
            keeps="audio",
            way="voice",
            text_version=1,
            text_digest="f" * 64,
            decided_at=2.5,
            position=None,
        ),
    ),
    restricted_people=("1" * 32,),
    restricted_turns=("2" * 32, "3" * 32),
    revocations=(
        RevocationLine(kind="satellite", revoked_id="4" * 32, revoked_at=3.5),
        RevocationLine(kind="passkey", revoked_id="5" * 64, revoked_at=4.5),
    ),
    holds=(HoldLine(demand_id="6" * 32, turn_id="7" * 32, person_id="b" * 32, until=9.5, is_told=False),),
)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return signing_key(tmp_path_factory.mktemp("keys") / "ledger.key")


def test_it_is_read_as_it_was_written(key: SigningKey) -> None:
    assert decode(encode(LIST, key=key), verifier=key.verifier()) == LIST
    empty = ReplayList(made_at=NOON, checkpoints=())
    assert decode(encode(empty, key=key), verifier=key.verifier()) == empty


def test_every_flipped_bit_is_noticed(key: SigningKey) -> None:
    data = encode(LIST, key=key)
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            with pytest.raises(BackupError):
                decode(bytes(changed), verifier=key.verifier())


def test_every_shorter_one_is_noticed(key: SigningKey) -> None:
    data = encode(LIST, key=key)
    for length in range(len(data)):
        with pytest.raises(BackupError):
            decode(data[:length], verifier=key.verifier())


def test_another_household_cannot_have_things_deleted(key: SigningKey, tmp_path: Path) -> None:
    other = signing_key(tmp_path / "other.key")
    with pytest.raises(BackupError, match="not of this household") as caught:
        decode(encode(LIST, key=other), verifier=key.verifier())
    assert caught.value.code == "backup.other_household"


@pytest.mark.parametrize(
    "line",
    [
        '{"erasure":{}}',
        '{"surprise":1}',
        '{"restricted_turn":"not an id"}',
        '{"restricted_turn":"' + "0" * 32 + '\\n"}',
        "[" * 5000,
        "1",
        "",
    ],
)
def test_lines_that_are_none_are_refused_even_if_signed(line: str, key: SigningKey) -> None:
    first = encode(ReplayList(made_at=NOON, checkpoints=()), key=key).split(b"\n")[0].decode()
    with pytest.raises(BackupError):
        decode(signed(f"{first}\n{line}\n", key), verifier=key.verifier())


def test_a_newer_version_says_so(key: SigningKey) -> None:
    first = encode(ReplayList(made_at=NOON, checkpoints=()), key=key).split(b"\n")[0].decode()
    with pytest.raises(BackupError, match="version"):
        decode(signed(first.replace('"earwitness_erasures":1', '"earwitness_erasures":2') + "\n", key), verifier=key.verifier())


def signed(body: str, key: SigningKey) -> bytes:
    """Any lines, rightly signed."""

    text = f"earwitness erasures v1\n{hashlib.sha256(body.encode()).hexdigest()}\n"
    return (body + Note(text=text, signatures=(sign(text, name=key.name, key=key.key),)).encoded()).encode()


def test_lists_together_say_each_thing_once() -> None:
    later = ReplayList(
        made_at=NOON + timedelta(days=1),
        checkpoints=("x",),
        erasures=LIST.erasures,
        restricted_turns=("2" * 32,),
        revocations=LIST.revocations[:1],
    )
    both = merged([LIST, later])
    assert both.made_at == later.made_at
    assert both.checkpoints == (*LIST.checkpoints, "x")
    assert both.erasures == LIST.erasures
    assert both.restricted_turns == LIST.restricted_turns
    assert both.revocations == LIST.revocations


def test_a_file_that_cannot_be_read_is_said(key: SigningKey, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="cannot be read"):
        read_list(tmp_path / "none", verifier=key.verifier())


def test_a_list_of_a_household_has_no_names_and_no_words(tmp_path: Path) -> None:
    house = Household(tmp_path)
    with house.open() as home:
        zenobia = home.enrol("Zenobia")
        home.delete(zenobia, home.say(zenobia, "zanzibar marmalade"))
        home.leave(zenobia)
    data = house.write_erasures().read_bytes().lower()
    assert b"zenobia" not in data
    assert b"marmalade" not in data
    assert len(decode(house.list.read_bytes(), verifier=signing_key(house.parts.ledger_key).verifier()).erasures) == 2
    assert house.list.stat().st_mode & 0o077 == 0


def test_a_list_since_a_moment_has_what_came_after(tmp_path: Path) -> None:
    house = Household(tmp_path)
    with house.open() as home:
        ada = home.enrol("Ada")
        home.delete(ada, home.say(ada, "first"))
        house.clock.advance(days=2)
        second = home.delete(ada, home.say(ada, "second"))
    found = read_list(
        house.write_erasures(since=NOON + timedelta(days=1)), verifier=signing_key(house.parts.ledger_key).verifier()
    )
    assert [line.erasure_id for line in found.erasures] == [second.erasure_id]
    assert found.decisions == ()
