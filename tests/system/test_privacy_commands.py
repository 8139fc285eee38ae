"""What is kept of a person, from the terminal: as they type it, with the passphrase, on the household's real files."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import stat
import wave
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from earwitness.build import House
from earwitness.cli import main
from earwitness.config import STATE_VARIABLE, Settings
from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Purpose, Way
from earwitness.domain.recording import Spoken
from earwitness.domain.turn import Outcome, Turn
from earwitness.storage import database
from tests.houses_kept import PASSPHRASE, REVIEWER, in_review, sound

SPOKEN = sound(1.0)


@pytest.fixture(autouse=True)
def _passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARWITNESS_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)


def call(*arguments: str | Path, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=typed, catch_exceptions=True)


def done(*arguments: str | Path) -> str:
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def found(*arguments: str | Path) -> Any:
    return json.loads(done(*arguments, "--json"))


def refused(code: str, *arguments: str | Path) -> None:
    """It ends with status 2, in one line with that code."""
    result = call(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith(f"earwitness: {code}: "), result.output
    assert result.stderr.count("\n") == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)


def verified(kind: str, file: Path) -> None:
    """Another program's view: `earwitness verify` needs the key and nothing else of this household."""
    key = file.with_suffix(".vkey")
    with House(Settings()) as house:
        key.write_text(house.ledger.verifier, encoding="utf-8")
    result = call("verify", kind, file, "--key", key)
    assert result.exit_code == 0, result.output


@contextmanager
def house_of(name: str) -> Iterator[tuple[House, str]]:
    """The household, and the id of one of its people."""
    with House(Settings()) as house:
        yield house, house.people.named(name).person_id


def keep(name: str, text: str, *, pcm: bytes = b"", at: datetime | None = None) -> str:
    """A turn that the server kept."""
    turn = Turn(turn_id=os.urandom(16).hex(), transcript=text, outcome=Outcome.DONE, reply="Done.")
    with house_of(name) as (house, person_id):
        spoken = Spoken(turn=turn, person_id=person_id, began_at=at or datetime.now(UTC))
        assert house.rights.keep(spoken, Pcm(data=pcm) if pcm else None) is not None
    return turn.turn_id


@pytest.fixture
def anna() -> str:
    """Somebody whose turns are kept for a week."""
    done("people", "add", "Anna")
    done("consent", "give", "keep", "--yes")
    return "Anna"


# People and consents


def test_nobody_has_enrolled_yet() -> None:
    for command in (("history",), ("consent",), ("listens",), ("receipts",), ("erase", "--yes"), ("export", "--to", "x.zip")):
        refused("person.unknown", *command)
    assert found("people", "list") == []
    assert not Path("x.zip").exists()


def test_somebody_enrols_and_is_listed() -> None:
    said = done("people", "add", "Anna [/bold] Maria")
    assert "Anna [/bold] Maria is enrolled. Nothing" in said
    (one,) = found("people", "list")
    assert one["name"] == "Anna [/bold] Maria"
    assert one["alias"] in done("people", "list")
    refused("person.exists", "people", "add", "ANNA [/bold] maria")
    refused("person.invalid", "people", "add", "An\x1bna")


def test_a_passphrase_that_is_too_short_enrols_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARWITNESS_PASSPHRASE", "short")
    refused("person.invalid", "people", "add", "Anna")
    assert found("people", "list") == []


def test_a_wrong_passphrase_opens_nothing(anna: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(anna, "a canary in the mine", pcm=SPOKEN)
    monkeypatch.setenv("EARWITNESS_PASSPHRASE", "not the right one at all")
    for command in (
        ("history",),
        ("consent",),
        ("consent", "withdraw", "keep"),
        ("listens", "--all"),
        ("receipts",),
        ("erase", "--yes"),
        ("history", "delete", "--everything", "--yes"),
        ("ask", "--text", "turn on the lamp", "--person", "Anna"),
    ):
        refused("access.wrong", *command)
    with house_of(anna) as (house, person_id):
        assert house.rights.standing(person_id).kept.recordings == 1
        assert house.rights.keeping(person_id) is not None


def test_without_a_terminal_and_without_the_variable_it_says_what_to_do(anna: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARWITNESS_PASSPHRASE")
    refused("access.not_signed_in", "history")
    assert "EARWITNESS_PASSPHRASE" in call("history").stderr


def test_of_two_people_one_must_be_named(anna: str) -> None:
    done("people", "add", "Ben")
    refused("person.unknown", "history")
    refused("access.wrong", "history", "--person", "Cleo")
    turn_id = keep(anna, "turn on the lamp")
    assert [turn["turn_id"] for turn in found("history", "--person", "anna")["turns"]] == [turn_id]
    assert found("history", "--person", "Ben")["turns"] == []
    refused("vault.not_found", "history", "--person", "Ben", "show", turn_id)


def test_a_consent_is_given_after_reading_what_it_means_and_withdrawn() -> None:
    done("people", "add", "Anna")
    no = call("consent", "give", "keep", typed="n\n")
    assert no.exit_code == 1
    assert "Without this nothing that you say is" in " ".join(no.stdout.split())
    assert found("consent") == []
    yes = call("consent", "give", "keep", "--for", "three months", "--words-only", typed="y\n")
    assert "the words alone, for three months" in yes.stdout, yes.output
    (decision,) = found("consent")
    assert (decision["given"], decision["keeps"], decision["way"], decision["text_version"]) == (True, "text", "terminal", 1)
    assert "the words alone, for three months; 0 kept now" in done("consent")
    assert "Withdrawn." in done("consent", "withdraw", "keep")
    decisions = found("consent", "decisions")
    assert [one["given"] for one in decisions] == [False, True]
    assert done("consent", "decisions").count("version 1") == 2


def test_a_period_that_is_none_is_said(anna: str) -> None:
    for period in ("soon", "11 years", "5 seconds", ""):
        refused("consent.invalid", "consent", "give", "keep", "--yes", "--for", period)
    assert call("consent", "give", "everything", "--yes").exit_code == 2


def test_a_withdrawal_may_delete_what_is_kept(anna: str) -> None:
    turn_id = keep(anna, "turn on the lamp", pcm=SPOKEN)
    assert "What is kept (1) expires" in " ".join(done("consent", "withdraw", "keep").split())
    assert [turn["turn_id"] for turn in found("history")["turns"]] == [turn_id]
    said = done("consent", "withdraw", "keep", "--delete-kept")
    assert "deleted" in said
    assert found("history")["turns"] == []
    refused("vault.not_found", "history", "show", turn_id)


def test_an_objection_stands_until_it_is_lifted(anna: str) -> None:
    done("consent", "withdraw", "review", "--object")
    assert "you objected" in done("consent")
    refused("consent.objected", "consent", "give", "review", "--yes")
    assert "Noted." in done("consent", "give", "review", "--yes", "--lift-objection")


# Turns


@pytest.mark.models
@pytest.mark.parametrize(("keeps", "kept"), [(None, "nothing"), ("text", "text"), ("audio", "text")])
def test_a_typed_turn_is_its_persons_and_kept_as_they_consented(keeps: str | None, kept: str) -> None:
    done("people", "add", "Anna")
    if keeps is not None:
        done("consent", "give", "keep", "--yes", *(["--words-only"] if keeps == "text" else []))
    turn = found("ask", "--text", "turn on the kitchen light", "--person", "Anna")
    assert (turn["intent"], turn["kept"]) == ("HassTurnOn", kept)
    listed = found("history")["turns"]
    assert [one["turn_id"] for one in listed] == ([turn["turn_id"]] if kept != "nothing" else [])
    assert f"kept {kept}" in " ".join(done("ask", "--text", "stop", "--person", "Anna").split())


@pytest.mark.models
def test_a_spoken_turn_is_kept_with_its_sound_and_played_back(anna: str, tmp_path: Path) -> None:
    spoken, saved = tmp_path / "spoken.wav", tmp_path / "saved.wav"
    done("say", "Turn on the kitchen light.", "--out", spoken)
    turn = found("ask", spoken, "--person", "Anna")
    assert (turn["kept"], turn["outcome"]) == ("audio", "done")
    done("history", "play", turn["turn_id"], "--save", saved)
    again = found("ask", saved)
    assert (again["transcript"], again["kept"]) == (turn["transcript"], "nothing")


@pytest.mark.models
def test_nothing_is_kept_of_a_guest(anna: str) -> None:
    assert found("ask", "--text", "turn on the kitchen light")["kept"] == "nothing"
    assert found("history")["turns"] == []


@pytest.mark.models
def test_what_was_just_said_can_be_deleted_by_saying_so(anna: str) -> None:
    found("ask", "--text", "turn on the kitchen light", "--person", "Anna")
    turn = found("ask", "--text", "delete what I just said", "--person", "Anna")
    assert (turn["outcome"], turn["kept"]) == ("done", "nothing"), turn
    assert found("history")["turns"] == []
    assert [receipt["swept"] for receipt in found("receipts")] == [True]


# History


def test_the_history_is_listed_searched_and_paged(anna: str) -> None:
    kept = [keep(anna, text) for text in ("dim the blue lamp", "dim [red]the light", "stop")]
    page = found("history", "--limit", "2")
    assert [turn["turn_id"] for turn in page["turns"]] == kept[:0:-1]
    rest = found("history", "--limit", "2", "--before", str(page["next_before"]))
    assert ([turn["turn_id"] for turn in rest["turns"]], rest["next_before"]) == ([kept[0]], None)
    assert [turn["turn_id"] for turn in found("history", "--search", "dim blue")["turns"]] == [kept[0]]
    shown = done("history")
    assert "dim [red]the light" in shown
    assert all(turn_id in shown for turn_id in kept)
    assert f"--before {page['next_before']}" in done("history", "--limit", "2")
    assert done("history", "--search", "garage").strip() == "Nothing is kept that matches."


def test_ids_are_whole_in_a_narrow_terminal(anna: str, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_id = keep(anna, "turn on the lamp in the living room and the one beside it")
    monkeypatch.setenv("COLUMNS", "80")
    assert turn_id in done("history")
    (read,) = found("listens", "--all")
    assert read["read_id"] in done("listens", "--all")


def test_a_day_is_a_day_here(anna: str) -> None:
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    before, first = keep(anna, "before", at=midnight - timedelta(seconds=1)), keep(anna, "after", at=midnight)
    day = f"{midnight:%Y-%m-%d}"
    assert [turn["turn_id"] for turn in found("history", "--day", day)["turns"]] == [first]
    assert "1 recording is gone" in done("history", "delete", "--day", day, "--yes")
    assert [turn["turn_id"] for turn in found("history")["turns"]] == [before]
    assert call("history", "--day", "yesterday").exit_code == 2


def test_a_turn_is_shown_with_who_listened(anna: str) -> None:
    turn_id = keep(anna, "turn on the lamp", pcm=SPOKEN)
    with house_of(anna) as (house, person_id):
        house.rights.decide(person_id, Purpose.REVIEW, is_given=True, way=Way.API)
        house.rights.decide(person_id, Purpose.HEAR, is_given=True, way=Way.API)
        with in_review(house.vault, turn_id, SPOKEN) as audio:
            assert b"".join(audio) == SPOKEN
    turn = found("history", "show", turn_id)
    assert (turn["heard"], turn["listens"]) == ("turn on the lamp", 1)
    assert {(read["who"], read["result"]) for read in turn["reads"]} >= {(REVIEWER.alias, "served")}
    shown = done("history", "show", turn_id)
    assert f"{REVIEWER.alias} (reviewer)" in shown
    assert "kept until" in shown
    refused("vault.not_found", "history", "show", "0" * 32)
    refused("vault.not_found", "history", "show", "../../etc/passwd")


def test_the_sound_is_saved_for_its_person_alone_and_that_is_on_record(anna: str, tmp_path: Path) -> None:
    turn_id, words = keep(anna, "turn on the lamp", pcm=SPOKEN), keep(anna, "stop")
    target = tmp_path / "heard.wav"
    assert "1.00 s" in done("history", "play", turn_id, "--save", target)
    with wave.open(str(target)) as file:
        assert file.readframes(file.getnframes()) == SPOKEN
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    (read,) = found("listens", "--all")
    assert (read["why"], read["seconds"], read["result"]) == ("playback", 1.0, "served")
    refused("vault.no_sound", "history", "play", words, "--save", target)


def test_the_sound_goes_through_a_pipe_to_whatever_player_there_is(
    anna: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn_id = keep(anna, "turn on the lamp", pcm=SPOKEN)
    player, heard = tmp_path / "bin" / "paplay", tmp_path / "heard"
    player.parent.mkdir()
    player.write_text(f"#!/bin/sh\n/bin/cat > {heard}\n", encoding="utf-8")
    player.chmod(0o755)
    monkeypatch.setenv("PATH", str(player.parent))
    done("history", "play", turn_id)
    with wave.open(io.BytesIO(heard.read_bytes())) as file:
        assert file.readframes(file.getnframes()) == SPOKEN


def test_without_a_player_nothing_is_opened(anna: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_id = keep(anna, "turn on the lamp", pcm=SPOKEN)
    monkeypatch.setenv("PATH", str(tmp_path))
    refused("vault.no_player", "history", "play", turn_id)
    assert found("listens", "--all") == []


def test_a_turn_is_corrected_and_restricted(anna: str) -> None:
    turn_id = keep(anna, "turn on the lump")
    assert "turn on [bold]the lamp" in done("history", "correct", turn_id, "turn on [bold]the lamp")
    turn = found("history", "show", turn_id)
    assert (turn["transcript"], turn["heard"]) == ("turn on [bold]the lamp", "turn on the lump")
    assert "what was heard: turn on the lump" in done("history", "show", turn_id)
    refused("history.invalid", "history", "correct", turn_id, " ")
    assert done("history", "restrict", turn_id).strip() == "Restricted."
    assert found("history", "show", turn_id)["restricted"]
    assert "restricted" in done("history", "show", turn_id)
    done("history", "restrict", turn_id, "--allow")
    assert not found("history", "show", turn_id)["restricted"]


def test_turns_are_deleted_after_asking_with_a_receipt_that_checks(anna: str, tmp_path: Path) -> None:
    first, second, third = (keep(anna, text, pcm=SPOKEN) for text in ("one", "two", "three"))
    no = call("history", "delete", first, second, typed="n\n")
    assert (no.exit_code, "Delete 2 turns for good?" in no.stdout) == (1, True)
    assert len(found("history")["turns"]) == 3
    receipt = tmp_path / "receipt.json"
    yes = call("history", "delete", first, second, "--receipt", receipt, typed="y\n")
    assert yes.exit_code == 0, yes.output
    assert "2 recordings are gone." in yes.stdout
    assert [turn["turn_id"] for turn in found("history")["turns"]] == [third]
    verified("receipt", receipt)
    assert json.loads(receipt.read_text())["receipt"]["recording_ids"] == sorted((first, second))
    folder = Path(os.environ[STATE_VARIABLE])
    assert [path.name for path in (folder / "recordings").rglob("*") if path.is_file()] == [third[2:]], "swept at once"
    refused("vault.nothing", "history", "delete", first, "--yes")


def test_a_range_and_everything_are_deleted(anna: str) -> None:
    now = datetime.now().astimezone().replace(microsecond=0)
    kept = [keep(anna, "turn", at=now - timedelta(hours=hours)) for hours in (3, 2, 1)]
    since, until = (f"{now - timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}" for hours in (2, 1))
    assert "1 recording is gone" in done("history", "delete", "--since", since, "--until", until, "--yes")
    assert {turn["turn_id"] for turn in found("history")["turns"]} == {kept[0], kept[2]}
    assert "2 recordings are gone" in done("history", "delete", "--everything", "--yes")
    refused("vault.nothing", "history", "delete", "--everything", "--yes")


@pytest.mark.parametrize(
    "what", [(), ("--everything", "--day", "2026-03-02"), ("0" * 32, "--everything"), ("--day", "soon")], ids=str
)
def test_a_deletion_must_say_what(anna: str, what: tuple[str, ...]) -> None:
    turn_id = keep(anna, "turn on the lamp")
    assert call("history", "delete", "--yes", *what).exit_code == 2
    assert [turn["turn_id"] for turn in found("history")["turns"]] == [turn_id]


# Who listened, receipts, export, leaving


def test_who_listened_is_listed_with_a_proof_that_checks(anna: str, tmp_path: Path) -> None:
    assert done("listens").strip() == "Nobody but you opened your recordings."
    turn_id = keep(anna, "turn on the lamp", pcm=SPOKEN)
    with house_of(anna) as (house, person_id):
        house.rights.decide(person_id, Purpose.REVIEW, is_given=True, way=Way.API)
        house.rights.decide(person_id, Purpose.HEAR, is_given=True, way=Way.API)
        in_review(house.vault, turn_id, SPOKEN).close()
        assert house.rights.standing(person_id).new_listens == 1
    (read,) = found("listens")
    assert (read["who"], read["role"], read["turn_id"]) == (REVIEWER.alias, "reviewer", turn_id)
    assert f"{REVIEWER.alias} (reviewer)" in done("listens")
    with house_of(anna) as (house, person_id):
        assert house.rights.standing(person_id).new_listens == 0, "who looked has seen it"
    proof = tmp_path / "proof.json"
    done("listens", "--proof", read["read_id"], "--save", proof)
    verified("proof", proof)
    assert json.loads(done("listens", "--proof", read["read_id"]))["entry"]["by"] == REVIEWER.alias
    refused("vault.not_found", "listens", "--proof", "0" * 32)


def test_receipts_are_listed_and_handed_out_again(anna: str, tmp_path: Path) -> None:
    turn_id, receipt = keep(anna, "turn on the lamp"), tmp_path / "receipt.json"
    done("history", "delete", turn_id, "--yes")
    (one,) = found("receipts")
    assert (one["kind"], one["recordings"], one["swept"]) == ("turns", 1, True)
    assert one["erasure_id"] in done("receipts")
    done("receipts", one["erasure_id"], "--save", receipt)
    verified("receipt", receipt)
    assert json.loads(done("receipts", one["erasure_id"])) == json.loads(receipt.read_text())
    refused("vault.not_found", "receipts", "0" * 32)


def test_everything_is_taken_away_in_a_file_of_ones_own(anna: str, tmp_path: Path) -> None:
    turn_id, target = keep(anna, "turn on the lamp", pcm=SPOKEN), tmp_path / "mine.zip"
    assert "not encrypted" in done("export", "--to", target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with zipfile.ZipFile(target) as file:
        assert file.testzip() is None
        assert json.loads(file.read("index.json"))["person"]["name"] == "Anna"
        assert f"audio/{turn_id}.wav" in file.namelist()


def test_while_the_ledger_cannot_write_nothing_is_given_and_no_file_is_made(anna: str, tmp_path: Path) -> None:
    turn_id, target = keep(anna, "a canary in the mine", pcm=SPOKEN), tmp_path / "mine"
    blocker = sqlite3.connect(Path(os.environ[STATE_VARIABLE]) / "ledger.db", isolation_level=None)
    try:
        blocker.execute("BEGIN EXCLUSIVE")
        for command in (
            ("export", "--to", target),
            ("history", "play", turn_id, "--save", target),
            ("history",),
            ("history", "show", turn_id),
        ):
            result = call(*command)
            assert (result.exit_code, result.stdout) == (2, "")
            assert "ledger" in result.stderr
            assert "canary" not in result.stderr
    finally:
        blocker.close()
    assert list(tmp_path.iterdir()) == []
    assert found("listens", "--all") == []


def test_who_leaves_is_asked_and_gone(anna: str, tmp_path: Path) -> None:
    keep(anna, "turn on the lamp", pcm=SPOKEN)
    no = call("erase", typed="n\n")
    assert (no.exit_code, "Delete everything about Anna for good?" in no.stdout) == (1, True)
    receipt = tmp_path / "receipt.json"
    yes = call("erase", "--receipt", receipt, typed="y\n")
    assert yes.exit_code == 0, yes.output
    verified("receipt", receipt)
    assert json.loads(receipt.read_text())["receipt"]["kind"] == "person"
    assert found("people", "list") == []
    refused("person.unknown", "history")
    folder = Path(os.environ[STATE_VARIABLE])
    assert [path for path in (folder / "recordings").rglob("*") if path.is_file()] == []


def test_an_error_is_json_where_json_was_asked_for(anna: str) -> None:
    result = call("history", "show", "0" * 32, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == "vault.not_found"
