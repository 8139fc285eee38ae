"""The commands of the draw: begun, listed and recomputed, also from a file alone."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from earwitness.build import utc_now
from earwitness.build.reviewed import desk_file
from earwitness.review.desk import Desk
from earwitness.review.porter import Porter
from earwitness.storage.database import Database
from tests.houses_kept import kept_house
from tests.reviewed_kept import reviewed
from tests.unit.cli.terminal import Terminal

EPOCH = "2026-03-02"


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Terminal, str]:
    """A household that drew one turn on a day in March, and that turn's id."""
    monkeypatch.setenv("EARWITNESS_STATE", str(tmp_path))
    with kept_house(tmp_path) as house:
        review = reviewed(house)
        anna, ben = review.reviewable(), house.enrolled("Ben")
        review.epochs.open()
        turn_id, _ = review.say(anna), review.say(ben)
        review.epochs.draw(review.next_day())
    return Terminal(tmp_path), turn_id


def test_a_draw_is_recomputed_and_says_who_could_and_who_was(drawn: tuple[Terminal, str]) -> None:
    run, turn_id = drawn
    told = run.found("review", "audit-draw", EPOCH)
    assert (told["drawn"], told["able"], told["kept"], told["unnoted"]) == ([turn_id], [turn_id], 2, 0)
    assert list(told["excluded"].values()) == ["no_consent_then"]
    assert turn_id in run.done("review", "audit-draw", EPOCH)
    assert [day["epoch"] for day in run.found("review", "draws")] == [EPOCH]


def test_a_draw_is_recomputed_elsewhere_from_its_file(drawn: tuple[Terminal, str], tmp_path: Path) -> None:
    run, turn_id = drawn
    file, key = tmp_path / "draw.json", tmp_path / "ledger.vkey"
    run.done("review", "audit-draw", EPOCH, "--save", str(file))
    key.write_text(run.done("ledger", "key"))
    told = run.found("review", "audit-draw", "--file", str(file), "--key", str(key))
    assert (told["drawn"], told["unnoted"]) == ([turn_id], None)
    changed = json.loads(file.read_text())
    changed["lots"] = changed["lots"][1:]
    file.write_text(json.dumps(changed))
    result = run("review", "audit-draw", "--file", str(file), "--key", str(key))
    assert (result.exit_code, "review.not_as_committed" in result.stderr) == (2, True), result.output


def test_drawing_now_commits_the_seed_of_today_once(drawn: tuple[Terminal, str]) -> None:
    run, _ = drawn
    first, second = run.found("review", "draw"), run.found("review", "draw")
    assert first == second
    assert first["drawn"] == {}
    today, old = run.found("review", "draws")
    assert (today["epoch"], today["drawn_at"], old["epoch"]) == (first["open"], None, EPOCH)
    assert run.refused("review", "audit-draw", first["open"]) == "review.not_due"


def test_a_day_that_never_drew_is_said_to_be_unknown(drawn: tuple[Terminal, str]) -> None:
    run, _ = drawn
    assert run.refused("review", "audit-draw", "2026-01-01") == "review.unknown"
    for words in ((), (EPOCH, "--file", __file__)):
        assert run("review", "audit-draw", *words).exit_code == 2


def test_a_suspended_reviewer_is_listed_and_restored(drawn: tuple[Terminal, str]) -> None:
    run, _ = drawn
    with closing(Database(desk_file(run.state), chain="desk")) as database:
        Desk(database, porter=Porter.__new__(Porter), clock=utc_now).suspend("calm-otter-2222", reason="asked for too much")
    (told,) = run.found("review", "suspended")
    assert (told["reviewer"], told["reason"]) == ("calm-otter-2222", "asked for too much")
    assert run.refused("review", "restore", "keen-heron-3333") == "review.unknown"
    run.done("review", "restore", "calm-otter-2222")
    assert run.found("review", "suspended") == []
