"""The loop on a real vault and ledger: what is registered, learned, measured, used, taken back and retired, in which order."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.domain.consent import Purpose
from earwitness.domain.errors import ImproveError, VaultError
from earwitness.domain.intent import Context
from earwitness.domain.person import Person
from earwitness.domain.recording import Selection
from earwitness.improve.adapting import Learned, Metric
from earwitness.improve.data_set import Side
from earwitness.improve.improver import Improver
from earwitness.improve.models import Model, State
from tests.houses_kept import KeptHouse, kept_house
from tests.improving import Misheard, chain, improver, judged_house, say


@pytest.fixture
def house(tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Person]]:
    """The folder of a house in which people corrected what was misheard: made once, copied for each test."""
    folder = tmp_path_factory.mktemp("kept")
    with kept_house(folder) as made:
        return folder, judged_house(made)


@pytest.fixture
def corrected(kept: tuple[Path, list[Person]], tmp_path: Path) -> Iterator[KeptHouse]:
    with kept_house(Path(shutil.copytree(kept[0], tmp_path / "house"))) as made:
        yield made


def measured(loop: Improver) -> Model:
    """The newest set, registered, learned from and measured."""
    loop.sets.make()
    return loop.measure(loop.learn(loop.register()))


def kinds(house: KeptHouse) -> list[str]:
    return [entry["kind"] for entry in house.entries() if entry["kind"].startswith("improve.")]


def test_a_gain_on_people_it_never_heard_may_be_used(corrected: KeptHouse) -> None:
    loop = improver(corrected)
    model = measured(loop)
    assert model.state is State.MEASURED
    assert model.report is not None
    gain = model.report["gains"]["command_errors"]
    assert (gain["before"], gain["after"]) == (1.0, 0.0)
    assert gain["low"] > 0
    assert model.report["sentence"].startswith("It understood 0 of 8 judged requests before, 8 now; nothing got worse.")
    assert kinds(corrected) == ["improve.set", "improve.registered", "improve.learned", "improve.measured"]
    assert loop.promote(model, by="anna", share=0.2).state is State.TRIAL
    used = loop.promote(loop.models.find("1"), by="anna", share=1.0)
    assert used.state is State.IN_USE
    understood = loop.with_model(chain(), used).understander.understand("turn on the lamb 1", context=Context())
    assert understood.intent is not None


def test_what_counts_is_in_the_ledger_before_anything_is_learned(corrected: KeptHouse) -> None:
    loop = improver(corrected, Misheard(fails_once=True))
    made = loop.sets.make()
    model = loop.register()
    with pytest.raises(KeyboardInterrupt):
        loop.learn(model)
    (entry,) = corrected.entries("improve.registered")
    assert entry["set"] == made.set_id
    assert entry["primary"] == Metric.COMMAND_ERRORS.value
    assert entry["minimum_gain_thousandths"] == 10
    assert kinds(corrected)[-1] == "improve.registered"


def test_what_is_no_gain_is_refused(house: KeptHouse) -> None:
    judged_house(house, heard="turn on the lamp")
    loop = improver(house, Misheard(spoils=True))
    model = measured(loop)
    assert model.state is State.REFUSED
    with pytest.raises(ImproveError, match="may not be used"):
        loop.promote(model, by="anna")
    assert loop.models.in_use() is None


def test_nothing_to_learn_is_no_model(house: KeptHouse) -> None:
    people = judged_house(house, count=0)
    for person in people:
        for at in range(4):
            turn_id = house.keep(person, f"turn on the lamp {at}")
            house.rights.judge(person.person_id, turn_id, transcript=f"turn on the lamp {at}", intent="HassTurnOn")
    loop = improver(house)
    loop.sets.make()
    assert loop.learn(loop.register()).state is State.REFUSED


def test_what_a_kill_broke_off_goes_on_where_it_was(corrected: KeptHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Misheard(name="first"), Misheard(name="second", fails_once=True)
    loop = improver(corrected, first, second)
    loop.sets.make()
    with pytest.raises(KeyboardInterrupt):
        loop.learn(loop.register())
    again = improver(corrected, first, second)
    model = again.register()
    assert model.number == 1, "it is taken up, not begun anew"
    model = again.learn(model)
    assert (first.learned, second.learned) == (["first"], ["second"])

    noted: list[str] = []
    note = again.models.note

    def killed(model: Model, turn_id: str, found: object) -> None:
        if len(noted) == 3:
            raise KeyboardInterrupt
        noted.append(turn_id)
        note(model, turn_id, found)  # type: ignore[arg-type]

    monkeypatch.setattr(again.models, "note", killed)
    with pytest.raises(KeyboardInterrupt):
        again.measure(model)
    last = improver(corrected, first, second)
    rest: list[str] = []
    note_rest = last.models.note

    def counted(model: Model, turn_id: str, found: object) -> None:
        rest.append(turn_id)
        note_rest(model, turn_id, found)  # type: ignore[arg-type]

    monkeypatch.setattr(last.models, "note", counted)
    done = last.measure(last.register())
    assert done.state is State.MEASURED
    assert not set(noted) & set(rest)
    assert len(noted) + len(rest) == 8


def test_each_adapter_is_measured_alone_and_together(corrected: KeptHouse) -> None:
    model = measured(improver(corrected, Misheard(name="first"), Misheard(name="second")))
    assert model.report is not None
    assert set(model.report["alone"]) == {"first", "second"}
    assert model.report["alone"]["first"]["command_errors"]["gain"] == 1.0
    assert model.report["against_plain"]["command_errors"]["gain"] == 1.0


def test_one_command_takes_back_and_what_was_before_is_used_again(corrected: KeptHouse, kept: tuple[Path, list[Person]]) -> None:
    people = kept[1]
    loop = improver(corrected)
    first = loop.promote(measured(loop), by="anna", share=1.0)
    for person in people:
        say(corrected, person, heard="light the lamb", count=3)
    second = measured(loop)
    assert second.before_id == first.model_id
    loop.promote(second, by="anna", share=1.0)
    assert loop.models.find("1").state is State.REPLACED
    taken = loop.roll_back(why="It got worse.", by="anna")
    assert (taken.number, taken.state) == (2, State.TAKEN_BACK)
    assert loop.models.in_use() == loop.models.find("1")
    loop.roll_back(why="All of it.", by="anna")
    assert loop.models.in_use() is None
    with pytest.raises(ImproveError, match="Nothing that was learned"):
        loop.roll_back(why="Again.", by="anna")


@pytest.mark.parametrize("how", ["delete", "withdraw", "leave"])
def test_a_model_goes_with_what_it_learned_from(corrected: KeptHouse, kept: tuple[Path, list[Person]], how: str) -> None:
    people = kept[1]
    loop = improver(corrected)
    model = loop.promote(measured(loop), by="anna", share=1.0)
    made = loop.sets.find(model.set_id)
    taught_ids = {item.recording for item in made.manifest.of(Side.TEACHES)}
    person = next(one for one in people[1:] if loop.sets.of_person(one.person_id))
    assert loop.learned_from(person.person_id)[0][0].number == 1
    assert not loop.retire()
    corrected.clock.advance(seconds=1)
    match how:
        case "delete":
            mine = next(
                one.turn.turn_id
                for one in corrected.rights.history(person.person_id, limit=10).recordings
                if one.turn.turn_id in taught_ids
            )
            corrected.rights.erase_said(person.person_id, Selection(turn_ids=(mine,)))
        case "withdraw":
            corrected.consent(person, Purpose.TRAIN, is_given=False)
        case "leave":
            corrected.rights.erase_person(person.person_id)
    (gone,) = loop.retire()
    assert gone.state is State.RETIRED
    assert loop.models.in_use() is None
    assert not loop.learned_from(person.person_id)
    assert kinds(corrected)[-1] == "improve.retired"
    with pytest.raises((VaultError, ImproveError)):
        loop.with_model(chain(), gone)
    assert not loop.retire(), "once"


def test_no_word_of_anybody_lies_open_on_the_disk(house: KeptHouse) -> None:
    judged_house(house, heard="a singular zymurgy")
    model = measured(improver(house))
    assert model.state is State.MEASURED
    for path in house.folder.rglob("*"):
        if path.is_file():
            assert b"zymurgy" not in path.read_bytes(), path


def test_what_was_retired_while_it_learned_stays_retired(corrected: KeptHouse, kept: tuple[Path, list[Person]]) -> None:
    loop = improver(corrected)
    loop.sets.make()
    model = loop.register()
    gone = next(one for one in kept[1] if loop.sets.of_person(one.person_id))
    corrected.clock.advance(seconds=1)
    corrected.consent(gone, Purpose.TRAIN, is_given=False)
    assert loop.retire()
    with pytest.raises(ImproveError):
        loop.models.keep(model, "misheard", Learned(files={"pairs.json": b"{}"}))
    with pytest.raises(ImproveError):
        loop.models.change(model, state=State.LEARNED)
    with pytest.raises(ImproveError):
        loop.models.swap((model, State.IN_USE, ""))
    assert loop.models.find("1").state is State.RETIRED
    assert not loop.models.files(loop.models.find("1"))


def test_a_gain_on_what_was_is_none_on_what_is_used_now(corrected: KeptHouse) -> None:
    loop = improver(corrected)
    first = measured(loop)
    second = loop.measure(loop.learn(loop.register()))
    loop.promote(first, by="anna", share=1.0)
    for share in (0.2, 1.0):
        with pytest.raises(ImproveError, match="was not measured against version 1"):
            loop.promote(second, by="anna", share=share)
    assert loop.models.in_use() == loop.models.find("1")


def test_two_versions_are_never_used_at_once(corrected: KeptHouse) -> None:
    loop = improver(corrected)
    first = measured(loop)
    second = loop.measure(loop.learn(loop.register()))
    loop.models.swap((first, State.TRIAL, ""), share_thousandths=200)
    for state in (State.TRIAL, State.IN_USE):
        loop.models.swap((loop.models.find("1"), state, ""), share_thousandths=200)
        with pytest.raises(ImproveError):
            loop.models.swap((second, state, ""), share_thousandths=200)
        assert loop.models.find("2").state is State.MEASURED
    assert loop.models.in_use() == loop.models.find("1")
