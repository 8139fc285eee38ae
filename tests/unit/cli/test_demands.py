"""The command of the transparency report: the same from one's own ledger as from what was published of it."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from earwitness.domain.account import AccountRole
from tests.houses_kept import KeptHouse, kept_house
from tests.unit.cli.terminal import PASSPHRASES, Terminal

PERIOD = ("demands", "report", "--period", "2026-H1")
RECEIVED = {
    "v": 1,
    "kind": "demand.received",
    "by": "counsel",
    "at": "2026-03-02T12:00:00+00:00",
    "state": "received",
    "demand_kind": "warrant",
    "authority": "court",
    "jurisdiction": "de",
    "document": "00" * 32,
    "people": 1,
    "days": 7,
    "categories": ["sound"],
    "gag": "none",
    "findings": [],
    "rules": "00" * 32,
}


def noted(house: KeptHouse, demands: Sequence[str]) -> None:
    house.ledger.append([{**RECEIVED, "demand": demand} for demand in demands])


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A household whose ledger has six demands, and then a turn that was kept."""
    monkeypatch.setenv("EARWITNESS_STATE", str(tmp_path))
    with kept_house(tmp_path) as house:
        noted(house, [f"{number:032x}" for number in range(6)])
        house.keep(house.enrolled())
    return Terminal(tmp_path)


def test_whoever_has_the_published_ledger_gets_the_same_report(run: Terminal, tmp_path: Path) -> None:
    folder, saved = tmp_path / "public", tmp_path / "report.html"
    run.done("ledger", "publish", str(folder))
    key = run.done("ledger", "key").strip()
    for form in ("html", "csv", "json"):
        mine = run.done(*PERIOD, "--format", form)
        assert run.done(*PERIOD, "--format", form, "--ledger", str(folder), "--key", key) == mine
    told = json.loads(run.done(*PERIOD))
    assert {"figure": "received", "group": "warrant", "least": 5, "most": 9} in told["figures"]
    run.done(*PERIOD, "--format", "html", "--save", str(saved))
    assert "<td>5 to 9</td>" in saved.read_text()


def test_the_report_is_published_as_a_folder_of_pages_that_anybody_makes_again(run: Terminal, tmp_path: Path) -> None:
    folder, mine, theirs = tmp_path / "public", tmp_path / "mine", tmp_path / "theirs"
    run.done("ledger", "publish", str(folder))
    key = run.done("ledger", "key").strip()
    run.done("demands", "publish", str(mine))
    run.done("demands", "publish", str(theirs), "--ledger", str(folder), "--key", key)
    files = {path.name: path.read_text() for path in mine.iterdir()}
    assert files == {path.name: path.read_text() for path in theirs.iterdir()}
    assert set(files) == {"index.html", *(f"demands-2026-H1.{form}" for form in ("html", "csv", "json"))}
    assert 'href="demands-2026-H1.csv"' in files["index.html"]
    assert "<script" not in "".join(files.values())


def test_a_published_ledger_that_was_changed_makes_no_report(run: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "public"
    run.done("ledger", "publish", str(folder))
    (bundle,) = folder.glob("tile/entries/*.p/*")
    bundle.write_bytes(bundle.read_bytes().replace(b"warrant", b"warrxnt"))
    result = run(*PERIOD, "--ledger", str(folder))
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_period_that_is_none_is_refused(run: Terminal) -> None:
    assert run.refused("demands", "report", "--period", "2026-13") == "demand.invalid"


def test_the_key_that_approves_disclosures_is_made_by_counsel_and_shown_once(run: Terminal) -> None:
    with kept_house(run.state) as house:
        house.people.add("Ben", role=AccountRole.COUNSEL, passphrase=PASSPHRASES["Ben"])
        house.people.add("Cleo", role=AccountRole.REVIEWER, passphrase=PASSPHRASES["Cleo"])
    shown = run.done("demands", "make-key", who="Ben")
    assert shown.count("Share ") == 3
    assert run.refused("demands", "make-key", who="Cleo") == "access.refused"
    assert run.done("demands", "make-key", who="Ben") != shown
