"""The ledger's commands as a user types them: proofs, receipts and ledgers verified offline; a real witness beside it."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from earwitness.build import House
from earwitness.cli import main
from earwitness.config import STATE_VARIABLE, VaultSettings, read_settings, state_folder
from tests.houses_kept import kept_house

OPENED = {
    "v": 1,
    "kind": "read.opened",
    "read": "1" * 32,
    "recording": "2" * 32,
    "recordings": 1,
    "medium": "audio",
    "purpose": "review",
    "role": "reviewer",
    "by": "calm-otter-1234",
    "at": "2026-03-01T12:00:00+00:00",
}


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def done(*arguments: str | Path) -> str:
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def told(*arguments: str | Path) -> Any:
    return json.loads(done(*arguments, "--json"))


def failed(*arguments: str | Path, status: int) -> str:
    """The one line with which a command ends."""
    result = call(*arguments)
    assert result.exit_code == status, result.output
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("earwitness: "))
    assert json.loads(call(*arguments, "--json").stdout)["error"]["code"] == line.split(": ")[1]
    return line


def append(count: int = 1) -> None:
    with House(read_settings()) as house:
        house.ledger.append([{**OPENED, "number": number} for number in range(count)])


@pytest.fixture
def key() -> str:
    """The key of this machine's ledger, which has one entry."""
    append()
    return done("ledger", "key").strip()


def elsewhere(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """From now on this is another machine, without any ledger."""
    monkeypatch.setenv(STATE_VARIABLE, str(folder))


def spoil(path: Path, change: Callable[[Any], object]) -> Path:
    found = json.loads(path.read_text())
    change(found)
    spoilt = path.with_name(f"spoilt-{path.name}")
    spoilt.write_text(json.dumps(found))
    return spoilt


# Proofs and receipts


def test_a_proof_verifies_on_another_machine(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(4)
    done("ledger", "proof", "0", "--save", tmp_path / "proof.json")
    elsewhere(monkeypatch, tmp_path / "elsewhere")
    said = done("verify", "proof", tmp_path / "proof.json", "--key", key)
    assert said.startswith("Verified.\n")
    assert "on 2026-03-01 at 12:00:00 UTC calm-otter-1234, a reviewer, opened the recording" in said
    assert "It is entry 0 (counted from 0) of 5 under the signed checkpoint of earwitness.invalid/ledger/" in said
    facts = told("verify", "proof", tmp_path / "proof.json", "--key", key)
    assert (facts["verified"], facts["index"], facts["size"], facts["entry"]["by"]) == (True, 0, 5, "calm-otter-1234")
    assert not (tmp_path / "elsewhere").exists()


def test_a_changed_proof_ends_with_status_1(key: str, tmp_path: Path) -> None:
    append(4)
    done("ledger", "proof", "1", "--save", tmp_path / "proof.json")
    changes: list[Callable[[Any], object]] = [
        lambda proof: proof["entry"].update(by="warm-wren-1111"),
        lambda proof: proof.update(index=2),
        lambda proof: proof["hashes"].pop(),
        lambda proof: proof.update(checkpoint=proof["checkpoint"].replace("\n5\n", "\n6\n")),
        lambda proof: proof.update(more=1),
    ]
    for change in changes:
        assert "proof." in failed("verify", "proof", spoil(tmp_path / "proof.json", change), "--key", key, status=1)
    (tmp_path / "letter.txt").write_bytes(b"this is no proof at all")
    assert "no JSON" in failed("verify", "proof", tmp_path / "letter.txt", "--key", key, status=1)
    (tmp_path / "long.json").write_bytes(b" " * (17 * 1024 * 1024))
    assert "too l" in failed("verify", "proof", tmp_path / "long.json", "--key", key, status=1)


def test_a_receipt_of_what_was_deleted_verifies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with kept_house(tmp_path / "house") as house:
        anna = house.enrolled()
        house.keep(anna, sound=bytes(32_000))
        erasure = house.rights.erase_person(anna.person_id)
        assert erasure.position is not None
        receipt = {"receipt": json.loads(erasure.body), "proof": house.prover.proof_json(erasure.position)}
        key = house.ledger.verifier
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt))
    elsewhere(monkeypatch, tmp_path / "elsewhere")
    said = done("verify", "receipt", path, "--key", key)
    assert "1 recording (1.0 s of sound) was deleted on 2026-" in said
    assert "The ledger holds its digest." in said
    assert told("verify", "receipt", path, "--key", key)["receipt"] == receipt["receipt"]
    more = spoil(path, lambda found: found["receipt"].update(recordings=0))
    assert "it was changed" in failed("verify", "receipt", more, "--key", key, status=1)


# Keys


def test_without_a_key_this_machines_own_is_used_and_named(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done("ledger", "proof", "0", "--save", tmp_path / "proof.json")
    result = call("verify", "proof", tmp_path / "proof.json")
    assert result.exit_code == 0
    assert "this machine's own" in result.stderr
    assert str(Path("keys") / "ledger.vkey") in result.stderr
    (tmp_path / "their.vkey").write_text(key + "\n")
    assert "given with --key" in call("verify", "proof", tmp_path / "proof.json", "--key", tmp_path / "their.vkey").stderr
    elsewhere(monkeypatch, tmp_path / "elsewhere")
    assert "--key" in failed("verify", "proof", tmp_path / "proof.json", status=2)


def test_a_key_that_is_none_ends_with_status_2(key: str, tmp_path: Path) -> None:
    done("ledger", "proof", "0", "--save", tmp_path / "proof.json")
    for given in (key[:-1], "none.vkey", "name+12345678+AAAA", "/"):
        assert "key.invalid: --key" in failed("verify", "proof", tmp_path / "proof.json", "--key", given, status=2)
    said = failed("verify", "proof", tmp_path / "proof.json", "--key", key, "--witness", key, status=2)
    assert "--witness" in said
    assert "a ledger's key" in said


# Whole ledgers and checkpoints


def test_a_published_ledger_verifies_and_a_changed_one_does_not(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, old, new = tmp_path / "published", tmp_path / "old.txt", tmp_path / "new.txt"
    done("ledger", "checkpoint", "--save", old)
    append(300)
    done("ledger", "checkpoint", "--save", new)
    assert "301 entries" in done("ledger", "publish", folder)
    elsewhere(monkeypatch, tmp_path / "elsewhere")
    assert "All 301 entries and every tile add up" in done("verify", "log", folder, "--key", key)
    assert told("verify", "log", folder, "--key", key)["kinds"] == {"read.opened": 301}
    assert "first 1 entries are what they were" in done("verify", "checkpoint", old, "--log", folder, "--key", key)
    assert "From 1 to 301 entries the ledger only grew" in done("verify", "consistency", old, new, "--log", folder, "--key", key)
    assert told("verify", "consistency", old, new, "--log", folder, "--key", key)["older"]["size"] == 1
    assert "rolled back" in failed("verify", "consistency", new, old, "--log", folder, "--key", key, status=1)
    bundle = folder / "tile" / "entries" / "000"
    bundle.write_bytes(bundle.read_bytes().replace(b"calm-otter-1234", b"warm-wren-12345", 1))
    assert "proof.invalid" in failed("verify", "log", folder, "--key", key, status=1)


def test_an_old_copy_is_found_by_a_newer_checkpoint(key: str, tmp_path: Path) -> None:
    folder, newer = tmp_path / "published", tmp_path / "newer.txt"
    done("ledger", "publish", folder)
    append()
    done("ledger", "checkpoint", "--save", newer)
    assert "rolled back" in failed("verify", "checkpoint", newer, "--log", folder, "--key", key, status=1)


def test_an_entry_that_is_not_there_is_no_failed_proof(key: str) -> None:
    result = call("ledger", "proof", "99")
    assert (result.exit_code, "proof.not_found" in result.stderr) == (2, True)
    assert call("ledger", "proof", "--", "-1").exit_code == 2
    assert key


def test_what_a_ledger_says_cannot_steer_the_terminal(tmp_path: Path) -> None:
    with House(read_settings()) as house:
        house.ledger.append([{"v": 1, "kind": "\x1b[2JVerified.\nAll is well", "text": "\x9b31m"}])
    done("ledger", "proof", "0", "--save", tmp_path / "proof.json")
    done("ledger", "publish", tmp_path / "published")
    for arguments in (("proof", tmp_path / "proof.json"), ("log", tmp_path / "published")):
        said = done("verify", *arguments)
        assert all(line.isprintable() for line in said.splitlines())
        assert said.count("Verified.") == 2
        assert not any(line.startswith("All is well") for line in said.splitlines())
    hostile = tmp_path / "\x9b2Jcheckpoint"
    hostile.write_bytes(b"\xff")
    assert failed("verify", "checkpoint", hostile, "--log", tmp_path / "published", status=1).isprintable()


# A witness


@contextmanager
def witness(folder: Path, *keys: str) -> Iterator[tuple[str, str]]:
    """A witness in a process of its own; gives its address and its verifier key."""
    command = [sys.executable, "-m", "earwitness", "witness", "--folder", str(folder), "--port", "0"]
    command += [part for key in keys for part in ("--log-key", key)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        name = re.search(r"\S+\+[0-9a-f]{8}\+\S+", process.stdout.readline())
        assert address is not None
        assert name is not None
        yield address[0], name[0]
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_a_witness_cosigns_and_finds_a_rollback(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = state_folder()
    copy = (state / "ledger.db").read_bytes()
    append(3)
    assert "No witness" in call("ledger", "checkpoint", "--witnessed").stderr
    assert "no witness" in done("ledger", "status")
    with witness(tmp_path / "witness", key) as (url, by):
        assert "the checkpoint of 4 entries (the first that it saw)" in done("ledger", "witness", url, "--key", by)
        append()
        (result,) = told("ledger", "witness", url, "--key", by)
        assert (result["before"], result["size"]) == (4, 5)
        assert told("ledger", "status")["witnesses"] == {by.split("+")[0]: 5}
        done("ledger", "proof", "2", "--save", tmp_path / "proof.json")
        done("ledger", "checkpoint", "--witnessed", "--save", tmp_path / "witnessed.txt")
        done("ledger", "publish", tmp_path / "published")
        (state / "ledger.db").write_bytes(copy)
        assert "set back to an old copy" in failed("ledger", "witness", url, "--key", by, status=1)
    elsewhere(monkeypatch, tmp_path / "elsewhere")
    keys = ("--key", key, "--witness", by)
    assert "signed that checkpoint on 20" in done("verify", "proof", tmp_path / "proof.json", *keys)
    assert "signed that checkpoint on 20" in done("verify", "log", tmp_path / "published", *keys)
    assert "Not checked" in done("verify", "log", tmp_path / "published", "--key", key)
    facts = told("verify", "checkpoint", tmp_path / "witnessed.txt", "--log", tmp_path / "published", *keys)
    assert list(facts["cosigned"]) == [by.split("+")[0]]


def test_a_checkpoint_that_the_witness_did_not_sign_fails(key: str, tmp_path: Path) -> None:
    with witness(tmp_path / "witness", key) as (url, by):
        done("ledger", "witness", url, "--key", by)
    append()
    done("ledger", "proof", "0", "--save", tmp_path / "proof.json")
    assert "did not sign" in failed("verify", "proof", tmp_path / "proof.json", "--witness", by, status=1)
    assert "does not answer" in failed("ledger", "witness", url, "--key", by, status=2)


def test_the_witnesses_of_the_settings_are_asked(key: str, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    with witness(tmp_path / "witness", key) as (url, by):
        settings.write_text(f'[vault]\nwitnesses = ["{url} {by}"]\n')
        (result,) = told("--settings", settings, "ledger", "witness")
        assert (result["url"], result["size"]) == (url, 1)
        assert "1 entries" in done("--settings", settings, "ledger", "witness", url)
    assert call("ledger", "witness").exit_code == 2
    assert call("ledger", "witness", url).exit_code == 2
    settings.write_text(f'[vault]\nwitnesses = ["{url} {key}"]\n')
    assert "not a witness's" in failed("--settings", settings, "ledger", "witness", status=2)
    settings.write_text(f'[vault]\nwitnesses = ["{url}"]\n')
    assert "a URL, a space and a verifier key" in failed("--settings", settings, "ledger", "witness", status=2)
    served = call("--settings", settings, "run", "--port", "0")
    assert (served.exit_code, "settings.invalid: In vault.witnesses" in served.stderr) == (2, True), served.output


def test_the_servers_job_has_the_head_witnessed(key: str, tmp_path: Path) -> None:
    with witness(tmp_path / "witness", key) as (url, by):
        settings = read_settings().model_copy(update={"vault": VaultSettings(witnesses=(f"{url} {by}",))})
        with House(settings) as house:
            asyncio.run(house.submissions.submit())
            assert list(house.ledger.cosigned()) == [by.split("+")[0]]


def test_a_witness_off_this_machine_needs_tls(key: str, tmp_path: Path) -> None:
    said = call("witness", "--log-key", key, "--folder", tmp_path / "witness", "--host", "0.0.0.0")
    assert (said.exit_code, "needs TLS" in said.stderr) == (2, True)
    assert call("witness", "--log-key", "nonsense", "--folder", tmp_path / "witness").exit_code == 2
    assert call("witness").exit_code == 2
    assert not (tmp_path / "witness").exists()
