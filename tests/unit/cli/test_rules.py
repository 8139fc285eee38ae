"""The commands about rules: chosen by who runs the household, listed as they hold, taken back."""

from earwitness.domain.account import AccountEvent
from tests.unit.cli.terminal import Terminal


def test_rules_are_chosen_listed_and_taken_back(run: Terminal) -> None:
    run.done("rules", "set", "refuse", "--who", "Ben", "--act", "unlock", "--device", "Front Door", who="Anna")
    run.done("rules", "set", "ask", "--device", "garage/cover.main", who="Anna")
    run.done("rules", "set", "none", "--who", "child", "--act", "call", who="Anna")
    found = run.found("rules", "list", who="Anna")
    assert {(one["who"], one["act"], one["device"], one["confirmation"]) for one in found} == {
        ("Ben", "unlock", "lock.front_door", "refuse"),
        (None, None, "garage/cover.main", "ask"),
        ("child", "call", None, "none"),
    }
    assert "everybody" in run.done("rules", "list", who="Anna")
    assert run.events("Anna")[0] is AccountEvent.CONFIRMATIONS_CHANGED
    run.done("rules", "remove", "--device", "garage/cover.main", who="Anna")
    assert len(run.found("rules", "list", who="Anna")) == 2


def test_who_may_not_run_the_household_sees_and_chooses_nothing(run: Terminal) -> None:
    assert run.refused("rules", "list", who="Ben") == "access.refused"
    assert run.refused("rules", "set", "none", "--who", "Ben", "--act", "unlock", who="Ben") == "access.refused"
    assert run.refused("rules", "set", "none", "--act", "unlock", who="Anna") == "confirmation.invalid"
    assert run.refused("rules", "set", "none", "--who", "Zed", "--act", "unlock", who="Anna") == "person.unknown"
