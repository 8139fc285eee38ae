"""A demand from its paper to its answer in a terminal, and what a third party checks of it with the ledger's key alone."""

import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest

from earwitness.build import utc_now
from earwitness.domain.account import AccountRole
from tests.houses_kept import PASSPHRASE, kept_house, sound
from tests.unit.cli.terminal import PASSPHRASES, Terminal

WHY = ("--reason", "the clerk confirmed it")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Anna spoke yesterday; Ben is counsel, Cleo the privacy officer."""
    state = tmp_path / "state"
    monkeypatch.setenv("EARWITNESS_STATE", str(state))
    with kept_house(state) as house:
        anna = house.enrolled("Anna", retention_seconds=30 * 86_400)
        house.keep(anna, "call the plumber", sound=sound(0.1), at=utc_now() - timedelta(days=1))
        house.people.add("Ben", role=AccountRole.COUNSEL, passphrase=PASSPHRASES["Ben"])
        house.people.add("Cleo", role=AccountRole.PRIVACY_OFFICER, passphrase=PASSPHRASES["Cleo"])
    (tmp_path / "paper").write_bytes(b"In the matter of a leak")
    return Terminal(state)


def received(run: Terminal, *words: str) -> str:
    paper = str(run.state.parent / "paper")
    of = ("--authority", "Police of Nowhere", "--authority-kind", "police", "--jurisdiction", "xx")
    since, until = (f"{utc_now() - timedelta(hours=hours):%Y-%m-%dT%H:%M}Z" for hours in (40, 1))
    span = ("--since", since, "--until", until)
    case = run.found("demands", "receive", paper, "--kind", "emergency", *of, *span, *words, who="Ben")
    assert run.refused("demands", "approve", case["demand"], *WHY, who="Cleo") == "demand.illegal"
    run.done("demands", "validate", case["demand"][:8], paper, *WHY, who="Ben")
    for who in ("Ben", "Cleo"):
        run.done("demands", "approve", case["demand"], *WHY, who=who)
    told = run.found("demands", "notify", case["demand"], *WHY, who="Ben")
    assert (told["state"], [one["kind"] for one in told["steps"]][-1]) == ("notified", "notified")
    return str(case["demand"])


def test_a_demand_is_answered_and_anybody_checks_the_answer(run: Terminal, tmp_path: Path) -> None:
    shares = [line.strip() for line in run.done("demands", "make-key", who="Ben").splitlines() if "earwitness-share" in line]
    case = received(run, "--name", "Anna", "--category", "words", "--category", "sound")
    authority = pyrage.x25519.Identity.generate()
    to = ("--recipient", str(authority.to_public()))
    assert run.refused("demands", "disclose", case, *to, *WHY, who="Ben", typed=shares[0]) == "demand.shares"
    made = run.found("demands", "disclose", case, *to, *WHY, who="Ben", typed="\n".join(shares[1:]))
    key = run.done("ledger", "key").strip()
    said = run.done("demands", "verify", made["answer"], "--package", made["package"], "--key", key)
    assert "Just what is in the approved scope" in said
    plain = tmp_path / "decrypted.zip"
    plain.write_bytes(pyrage.decrypt(Path(made["package"]).read_bytes(), [authority]))
    found = run.found("demands", "verify", str(plain), "--key", key)
    assert (found["files"], found["opened"], found["demand"]) == (2, 2, case)
    check_changes_are_found(run, plain, key)
    shown = run.done("demands", "show", case, who="Cleo")
    assert "disclosed (whole) by counsel" in shown
    assert case[:12] in run.done("demands", "list", who="Cleo")
    assert run.refused("demands", "list", who="Anna", secret=PASSPHRASE) == "access.refused"


def check_changes_are_found(run: Terminal, plain: Path, key: str) -> None:
    """A file that is changed, added, left out or given another's proof is named."""
    with zipfile.ZipFile(plain) as file:
        files = {name: file.read(name) for name in file.namelist()}
    manifest = json.loads(files["manifest.json"])
    words, sounds = (next(name for name in files if name.startswith(folder)) for folder in ("words/", "sound/"))
    swapped = {one["file"]: one for one in json.loads(files["manifest.json"])["files"]}
    swapped[words]["proof"], swapped[sounds]["proof"] = swapped[sounds]["proof"], swapped[words]["proof"]
    hostile = (
        files | {words: files[words].replace(b"plumber", b"dentist")},
        files | {"words/more.json": b"{}"},
        {name: data for name, data in files.items() if name != sounds},
        files | {"manifest.json": json.dumps(manifest | {"files": list(swapped.values())}).encode()},
    )
    for changed in hostile:
        other = plain.with_name("changed.zip")
        with zipfile.ZipFile(other, "w") as file:
            for name, data in changed.items():
                file.writestr(name, data)
        assert run("demands", "verify", str(other), "--key", key).exit_code == 1


def test_that_there_is_nothing_is_a_statement_that_anybody_checks(run: Terminal, tmp_path: Path) -> None:
    case = received(run, "--name", "Nobody", "--category", "words")
    made = run.found("demands", "disclose", case, "--without-shares", *WHY, who="Ben")
    assert (made["outcome"], made["package"]) == ("nothing", None)
    key = run.done("ledger", "key").strip()
    assert "Nothing responsive is held" in run.done("demands", "verify", made["answer"], "--key", key)
    changed = tmp_path / "changed.json"
    changed.write_text(Path(made["answer"]).read_text().replace('"recordings": 0', '"recordings": 1'))
    assert run("demands", "verify", str(changed), "--key", key).exit_code == 1
