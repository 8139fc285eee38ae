"""The commands of the terms of review: one proposes, another decides, and both are asked who they are."""

import json
import re
from pathlib import Path

import pytest

from earwitness.domain.account import AccountRole
from tests.houses_kept import kept_house
from tests.unit.cli.terminal import PASSPHRASES, Terminal

VALUES = ("rate_millionths=1000", "doubtful_thousandths=500", "most_per_month=5")
PROPOSE = ("review", "propose", "draw", *VALUES, "--because", "Fewer are enough.")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A household with an owner, a privacy officer (Ben) and a reviewer (Cleo)."""
    monkeypatch.setenv("EARWITNESS_STATE", str(tmp_path))
    with kept_house(tmp_path) as house:
        house.people.add("Anna", passphrase=PASSPHRASES["Anna"])
        house.people.add("Ben", role=AccountRole.PRIVACY_OFFICER, passphrase=PASSPHRASES["Ben"])
        house.people.add("Cleo", role=AccountRole.REVIEWER, passphrase=PASSPHRASES["Cleo"])
    return Terminal(tmp_path)


def test_terms_are_proposed_and_approved_in_a_terminal(run: Terminal) -> None:
    for command in (PROPOSE, ("review", "terms")):
        assert run.refused(*command, who="Cleo") == "access.refused"
    assert run.refused(*PROPOSE, who="Anna") == "access.refused", "where there is a privacy officer, they propose"
    said = run.done(*PROPOSE, who="Ben")
    found = re.search(r"[0-9a-f]{32}", said)
    assert found is not None
    decide = ("review", "decide", found[0], "--approve", "--because", "Yes.")
    assert run.refused(*decide, who="Ben") == "oversight.second_person"
    assert "in force from" in run.done(*decide, who="Anna")
    told = json.loads(run.done("review", "terms", "--json", who="Anna"))
    (proposal,) = told["proposals"]
    assert (proposal["state"], proposal["values"]["rate_millionths"], told["in_force"]["draw"]) == ("approved", 1_000, None)


def test_what_is_no_value_is_refused(run: Terminal) -> None:
    much = ("review", "propose", "draw", "rate_millionths=2001", *VALUES[1:], "--because", "More.")
    assert run.refused(*much, who="Ben") == "oversight.invalid"
    assert run("review", "propose", "draw", "rate", "--because", "More.", who="Ben").exit_code == 2
