"""The commands of learning, on the real adapters: a set, a version that is no gain, and that it is not used."""

from pathlib import Path

import pytest

from earwitness.build import utc_now
from tests.houses_kept import PASSPHRASE, Clock, kept_house
from tests.improving import NAMES, judged_house
from tests.unit.cli.terminal import Terminal


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A household in which people corrected turns of which only words were kept."""
    monkeypatch.setenv("EARWITNESS_STATE", str(tmp_path))
    with kept_house(tmp_path, clock=Clock(now=utc_now())) as house:
        judged_house(house)
    return Terminal(tmp_path)


def test_from_a_set_to_a_version_that_is_not_used(run: Terminal) -> None:
    assert "No data set" in run.done("improve", "status")
    made = run.found("improve", "dataset")
    assert (made["teaches"] + made["measures"], made["split"]) == (4 * len(NAMES), "speakers")
    assert run.found("improve", "dataset") == made
    learned = run.found("improve", "train", "--only", "confusions")
    assert learned["registered_position"] > made["position"]
    assert learned["state"] in ("learned", "refused")
    if learned["state"] == "learned":
        assert run.found("improve", "evaluate")["state"] == "refused", "no sound was kept, so nothing can be heard better"
    assert run.refused("improve", "promote", "1", who=NAMES[0], secret=PASSPHRASE) == "improve.refused"
    assert run.refused("improve", "rollback", who=NAMES[0], secret=PASSPHRASE) == "improve.not_due"
    told = run.found("improve", "status")
    assert [one["number"] for one in told["models"]] == [1]


def test_what_does_not_exist_is_said(run: Terminal) -> None:
    run.found("improve", "dataset")
    assert run.refused("improve", "train", "--only", "magic") == "improve.unknown"
    assert run.refused("improve", "evaluate", "7") == "improve.unknown"
    assert run.refused("improve", "evaluate") == "improve.not_due"
