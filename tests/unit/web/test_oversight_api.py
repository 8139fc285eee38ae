"""The API of oversight: what each account sees of it, and every act from a proposal to the end of an emergency."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from earwitness.domain.person import Person
from earwitness.review.conduct import Rule
from earwitness.storage import database
from tests.houses_kept import kept_house
from tests.overseen_kept import SAID, WHY, OverseenHouse, overseen

API = "/api/v1/oversight"
DRAW = {"rate_millionths": 1_000, "doubtful_thousandths": 250, "most_per_month": 2}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OverseenHouse]:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with kept_house(tmp_path) as house:
        house.household.set_up(name="Villa", rooms=("den",), wake_words=("okay nabu",), acknowledged_version=1)
        yield overseen(house)


def asked(made: OverseenHouse, who: Person, method: str, path: str, body: Any = None) -> Any:
    answer = made.house.client(who).request(method, path, json=body)
    assert answer.status_code < 300, answer.text
    return answer.json()


def seen(made: OverseenHouse, who: Person) -> dict[str, Any]:
    found: dict[str, Any] = asked(made, who, "GET", API)
    return found


def test_each_account_sees_what_is_its_own_and_nothing_else(made: OverseenHouse) -> None:
    everything = {"terms", "emergencies", "flagged", "suspensions", "listens", "days"}
    for who, own in (
        (made.officer, everything),
        (made.owner, {"terms", "emergencies"}),
        (made.runner, {"terms", "emergencies"}),
        (made.lead, {"flagged"}),
    ):
        found = seen(made, who)
        assert {name for name in everything if found[name] is not None} == own
        assert found["may_ask"] is (who is made.officer)
    for who in (made.anna, made.rita):
        assert made.house.client(who).get(API).status_code == 403


def test_terms_are_proposed_and_approved(made: OverseenHouse) -> None:
    proposed = asked(made, made.officer, "POST", f"{API}/proposals", {"subject": "draw", "values": DRAW, "reason": "Fewer do."})
    path = f"{API}/proposals/{proposed['proposal_id']}/decision"
    assert (proposed["is_mine"], proposed["may_decide"]) == (True, False)
    own = made.house.client(made.officer).post(path, json={"approves": True, "reason": "Yes."})
    assert (own.status_code, own.json()["code"]) == (409, "oversight.second_person")
    (shown,) = seen(made, made.runner)["terms"]["proposals"]
    assert (shown["may_decide"], shown["reason"], shown["by"]) == (True, "Fewer do.", made.officer.alias)
    done = asked(made, made.runner, "POST", path, {"approves": True, "reason": "Yes."})
    assert (done["state"], done["from_epoch"]) == ("approved", "2026-03-03")
    assert seen(made, made.officer)["terms"]["in_force"]["draw"] is None
    made.house.clock.advance(days=1)
    assert seen(made, made.officer)["terms"]["in_force"]["draw"] == DRAW
    much = {"subject": "draw", "values": DRAW | {"rate_millionths": 2_001}, "reason": "More."}
    assert made.house.client(made.officer).post(f"{API}/proposals", json=much).status_code == 422


def test_an_emergency_from_asking_to_its_outcome(made: OverseenHouse) -> None:
    sound = bytes(range(256)) * 125
    turn_id = made.house.keep(made.anna, SAID, sound=sound)
    glass = asked(made, made.officer, "POST", f"{API}/emergencies", {"person": "Anna", "reason": WHY})
    path = f"{API}/emergencies/{glass['glass_id']}"
    for who in (made.owner, made.runner):
        asked(made, who, "POST", f"{path}/decision", {"approves": True})
    (kept,) = asked(made, made.officer, "GET", f"{path}/recordings")
    assert kept["turn_id"] == turn_id
    officer = made.house.client(made.officer)
    words = officer.post(f"{path}/recordings/{turn_id}/words")
    assert (words.json()["transcript"], words.headers["cache-control"]) == (SAID, "no-store")
    heard = officer.post(f"{path}/recordings/{turn_id}/sound")
    assert (heard.content[44:], heard.headers["cache-control"]) == (sound, "no-store")
    asked(made, made.officer, "POST", f"{path}/end", {"outcome": "helped", "note": "We called."})
    assert officer.post(f"{path}/recordings/{turn_id}/words").status_code == 409
    (mine,) = asked(made, made.anna, "GET", "/api/v1/me/break-glass")["emergencies"]
    assert (mine["reason"], mine["outcome"], mine["note"]) == (WHY, "helped", "We called.")
    assert mine["approved_by"] == [made.owner.alias, made.runner.alias]
    assert asked(made, made.owner, "GET", "/api/v1/me/break-glass")["emergencies"] == []
    reads = asked(made, made.anna, "GET", "/api/v1/listens")["listens"]
    assert {(one["why"], one["role"]) for one in reads} == {("break_glass", "overseer")}


def test_what_was_flagged_is_read_and_decided_by_two(made: OverseenHouse) -> None:
    made.flag()
    (one,) = seen(made, made.lead)["flagged"]
    path = f"{API}/flagged/{one['escalation_id']}"
    for who in (made.lead, made.officer):
        unread = made.house.client(who).put(f"{path}/opinion", json={"outcome": "label"})
        assert unread.json()["code"] == "oversight.unread"
        assert asked(made, who, "POST", f"{path}/words")["transcript"] == "call ▇▇▇ and turn on the lamp"
        done = asked(made, who, "PUT", f"{path}/opinion", {"outcome": "label"})
    assert (done["outcome"], done["has_read"]) == ("label", True)
    gone = made.house.client(made.lead).put(f"{path}/opinion", json={"outcome": "gone"})
    assert gone.status_code == 422


def test_conduct_draws_and_listens_are_shown_as_the_ledger_has_them(made: OverseenHouse) -> None:
    made.flag()
    made.desk.suspend(made.rita.alias, reason=Rule.GUESSING.value)
    found = seen(made, made.officer)
    (suspended,) = found["suspensions"]
    path = f"{API}/suspensions/{suspended['alert_id']}/acknowledgement"
    assert asked(made, made.officer, "POST", path, {"note": "Talked."})["acknowledged_by"] == made.officer.alias
    (day,) = [one for one in found["days"] if one["drawn"]]
    assert (day["able"], day["drawn"], day["audit"]) == (1, 1, None)
    assert asked(made, made.officer, "POST", f"{API}/days/{day['epoch']}/audit")["audit"] == ""
    assert made.house.client(made.officer).post(f"{API}/days/2030-01-01/audit").status_code == 404
    assert not any(name in str(found) for name in ("Anna", "Marguerite", made.anna.person_id))
