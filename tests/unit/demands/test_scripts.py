"""More than fifty scripted demands of every kind, hostile ones among them, played on one real house over years of its clock.

The table says how each must end, what must be refused on the way and with which code, what may be opened, and who must be told.
Then the ledger must say just that, and nobody's name; and the transparency report must count it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from earwitness.demands.answering import Package
from earwitness.demands.report import band_of, make_report, parse_period
from earwitness.demands.statement import read_answer
from earwitness.domain.demand import DemandKind, StepKind
from earwitness.ledger.note import parse_verifier
from tests.demands_kept import demanded_house
from tests.houses_kept import kept_house
from tests.unit.demands.script_table import SCRIPTS
from tests.unit.demands.scripted import SECRET, Played, Player, Script


@pytest.fixture(scope="module")
def years(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Player, Mapping[str, Played]]]:
    """All scripts, played one after the other."""
    with kept_house(tmp_path_factory.mktemp("house")) as house, pytest.MonkeyPatch.context() as patch:
        player = Player.of(demanded_house(house), patch)
        yield player, {one.name: player.play(one) for one in SCRIPTS}


@pytest.mark.parametrize("told", SCRIPTS, ids=[one.name for one in SCRIPTS])
def test_a_demand_ends_as_the_script_says(years: tuple[Player, Mapping[str, Played]], told: Script) -> None:
    player, played = years[0], years[1][told.name]
    assert played.problem == ""
    assert played.case.state is told.ends
    assert told.findings <= set(played.findings)
    assert played.notices == told.told
    answers = [one for one in played.case.steps if one.kind is StepKind.DISCLOSED]
    assert (answers[-1].outcome if answers else None) is told.outcome
    assert len(answers) == len(played.packages)
    for package, files in zip(played.packages, played.contents, strict=True):
        check_package(player, played, package, files)


def check_package(player: Player, played: Played, package: Package, files: Mapping[str, bytes]) -> None:
    """Just what is in scope is in it, its openings are in the ledger, and a third party can check the answer."""
    told = played.script
    assert (package.statement["recordings"], max(0, len(files) - 1)) == (told.recordings, told.files)
    read_answer(package.answer.read_bytes()).check(
        parse_verifier(player.desk.house.ledger.verifier), package_sha256=package.sha256
    )
    manifest = json.loads(files["manifest.json"]) if files else {"files": []}
    assert {one["file"] for one in manifest["files"]} == set(files) - {"manifest.json"}
    others = set() if len(played.case.scope.persons) > 1 or told.recordings == 3 else {SECRET.encode()}
    assert not any(secret in data for secret in others for data in files.values())
    wanted = played.case.scope.persons
    whose = {one["person"] for one in json.loads(files["turns.json"])} if "turns.json" in files else set()
    assert whose <= set(wanted)


@pytest.mark.parametrize("told", SCRIPTS, ids=[one.name for one in SCRIPTS])
def test_the_ledger_says_each_step_once_and_nobodys_name(years: tuple[Player, Mapping[str, Played]], told: Script) -> None:
    player, played = years[0], years[1][told.name]
    entries = player.entries_of(played)
    steps = [one for one in entries if one["kind"].startswith("demand.")]
    assert [one["kind"] for one in steps] == [f"demand.{one.kind.value}" for one in played.case.steps]
    assert [one["step"] for one in steps] == list(range(len(steps)))
    text = json.dumps(entries)
    people = (player.desk.anna, player.ben, player.cleo)
    for word in (*(one.name for one in people), *(one.person_id for one in people), "Nowhere", "Leaver", SECRET, "plumber"):
        assert word not in text


def test_what_was_opened_by_demand_is_what_was_disclosed(years: tuple[Player, Mapping[str, Played]]) -> None:
    """Over all the years: every opening of a recording by demand belongs to a package, and to a file in it."""
    player, played = years
    opened = [one for each in played.values() for one in player.entries_of(each) if one["kind"] == "read.opened"]
    opened += [one for one in player.ledger if one["kind"] == "read.opened" and one["purpose"] == "demand"]
    handed = [
        name.partition("/")[2].partition(".")[0]
        for each in played.values()
        for files in each.contents
        for name in files
        if "/" in name
    ]
    assert sorted(one["recording"] for one in opened) == sorted(handed)
    assert len(handed) > 100


def test_the_report_of_every_year_counts_what_was_played(years: tuple[Player, Mapping[str, Played]]) -> None:
    """Counted a second time here, from the cases and not from the ledger."""
    player = years[0]
    cases = player.demands.all(player.desk.counsel)
    entries = player.ledger
    assert len(cases) >= len(SCRIPTS) >= 50
    for year in sorted({one.demand.received_at.year for one in cases}):
        report = make_report(entries, parse_period(str(year)))
        told = {(one.name, one.group): one.band for one in report.figures}
        received = [one for one in cases if one.demand.received_at.year == year]
        assert told["received", ""] == band_of(len(received))
        for kind in DemandKind:
            assert told["received", kind.value] == band_of(sum(one.demand.kind is kind for one in received))
        for name, steps in _COUNTED.items():
            count = sum(any(step.kind in steps and step.at.year == year for step in one.steps) for one in cases)
            assert told[name, ""] == band_of(count), (year, name)
        assert told["gags pending", ""] == band_of(0)


_COUNTED: Final = {
    "narrowed": {StepKind.NARROWED},
    "refused": {StepKind.REFUSED},
    "objected to": {StepKind.OBJECTED, StepKind.PERSON_OBJECTED},
    "preserved": {StepKind.PRESERVED},
    "emergencies reviewed late": {StepKind.OVERDUE},
}


def test_every_kind_and_every_step_is_played() -> None:
    assert {one.kind for one in SCRIPTS} == set(DemandKind)
    assert len({one.name for one in SCRIPTS}) == len(SCRIPTS)
