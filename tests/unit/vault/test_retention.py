"""Random lives of a household: keeping, deciding, correcting, deleting, time passing, restarts, an absent ledger, a copy of old
data put back. After each step exactly that opens which should, word by word; after a sweep nothing else is there."""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from earwitness.domain.consent import Keeping, Keeps, Purpose
from earwitness.domain.recording import Actor, Erasure, Selection
from tests.houses_kept import Clock, sound
from tests.unit.vault.setting import MemoryLedger, Setting, error_of, opened_setting

NAMES = ("Anna", "Ben")
WORDS = ("lamp", "kitchen", "radio", "timer", "cellar")
PERIODS = (60.0, 3600.0, 86_400.0, 7 * 86_400.0)


@dataclass(frozen=True, slots=True)
class Said:
    """What the model knows of one turn."""

    turn_id: str
    person: str
    text: str
    began_at: datetime
    expires_at: datetime
    sound: bytes
    number: int
    is_destroyed: bool = False


class Household(RuleBasedStateMachine):
    """The real vault beside a list of what should be in it."""

    empty: Path

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        self.folder = Path(self.closing.enter_context(TemporaryDirectory(prefix="earwitness-life-")))
        for path in self.empty.iterdir():
            shutil.copy(path, self.folder)
        self.clock, self.ledger = Clock(), MemoryLedger()
        self.opened = ExitStack()
        self.turns: list[Said] = []
        self.keeping: dict[str, Keeping | None] = dict.fromkeys(NAMES)
        self.copied: tuple[list[Said], dict[str, Keeping | None]] | None = None
        self.count = 0

    @initialize()
    def move_in(self) -> None:
        self.open()
        self.people: dict[str, Actor] = {name: self.setting.person(name, retention_seconds=None) for name in NAMES}

    def open(self) -> None:
        self.setting: Setting = self.opened.enter_context(opened_setting(self.folder, clock=self.clock, ledger=self.ledger))

    def teardown(self) -> None:
        self.opened.close()
        self.closing.close()

    # What people do

    @rule(name=st.sampled_from(NAMES), seconds=st.sampled_from(PERIODS), keeps=st.sampled_from(Keeps))
    def consent(self, name: str, seconds: float, keeps: Keeps) -> None:
        if error_of(self.setting.consent, self.people[name].actor_id, Purpose.KEEP, retention_seconds=seconds, keeps=keeps):
            assert self.ledger.is_away
            return
        self.keeping[name] = Keeping(keeps=keeps, retention_seconds=seconds)
        self.turns = [
            replace(one, expires_at=min(one.expires_at, one.began_at + timedelta(seconds=seconds)))
            if one.person == name and not one.is_destroyed
            else one
            for one in self.turns
        ]

    @rule(name=st.sampled_from(NAMES))
    def withdraw(self, name: str) -> None:
        self.setting.consent(self.people[name].actor_id, Purpose.KEEP, is_given=False)
        self.keeping[name] = None

    @rule(name=st.sampled_from(NAMES), words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), has_sound=st.booleans())
    def speak(self, name: str, words: list[str], has_sound: bool) -> None:
        self.count += 1
        data = sound(0.1, seed=self.count) if has_sound else b""
        ids: list[str] = []
        code = error_of(lambda: ids.append(self.setting.keep(self.people[name], " ".join(words), sound=data)))
        keeping = self.keeping[name]
        assert code == ("ledger.unavailable" if keeping is not None and self.ledger.is_away else "")
        if keeping is not None and ids:
            now = self.clock()
            kept = data if keeping.keeps is Keeps.AUDIO else b""
            expires_at = now + timedelta(seconds=keeping.retention_seconds)
            self.turns.append(Said(ids[0], name, " ".join(words), now, expires_at, kept, self.count))

    @precondition(lambda self: self.turns)
    @rule(data=st.data(), words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=2))
    def correct(self, data: st.DataObject, words: list[str]) -> None:
        one = data.draw(st.sampled_from(self.turns))
        code = error_of(self.setting.rights.correct, self.people[one.person].actor_id, one.turn_id, transcript=" ".join(words))
        if not self.opens(one):
            assert code == "vault.not_found"
        elif self.ledger.is_away:
            assert code == "ledger.unavailable"
        else:
            assert code == ""
            self.turns[self.turns.index(one)] = replace(one, text=" ".join(words))

    # Deleting

    @precondition(lambda self: self.turns)
    @rule(data=st.data())
    def delete_one(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.turns))
        self.delete(one.person, Selection(turn_ids=(one.turn_id,)), lambda other: other.turn_id == one.turn_id)

    @rule(name=st.sampled_from(NAMES), hours=st.integers(0, 48))
    def delete_since(self, name: str, hours: int) -> None:
        since = self.clock() - timedelta(hours=hours)
        self.delete(name, Selection(since=since), lambda other: other.began_at >= since)

    @rule(name=st.sampled_from(NAMES))
    def delete_everything(self, name: str) -> None:
        self.delete(name, Selection(is_all=True), lambda other: True)

    def delete(self, name: str, selection: Selection, is_chosen: Callable[[Said], bool]) -> None:
        opened = [one for one in self.turns if one.person == name and is_chosen(one) and self.opens(one)]
        erased: list[Erasure] = []
        code = error_of(lambda: erased.append(self.setting.rights.erase_said(self.people[name].actor_id, selection)))
        assert code in ("", "vault.nothing")
        assert sum(one.recordings for one in erased) == len(opened)
        self.turns = [replace(one, is_destroyed=True) if one.person == name and is_chosen(one) else one for one in self.turns]

    # Time and upkeep

    @rule(seconds=st.sampled_from([1.0, 59.0, 60.0, 3599.0, 3600.0, 86_400.0, 3 * 86_400.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    @rule()
    def expire(self) -> None:
        for _ in range(len(self.turns) + 2):
            if not self.setting.vault.eraser.expire():
                break
        else:
            raise AssertionError("expiry never ends")
        self.turns = [replace(one, is_destroyed=True) if one.expires_at <= self.clock() else one for one in self.turns]

    @rule()
    def upkeep(self) -> None:
        self.setting.rights.upkeep()

    @rule()
    def restart(self) -> None:
        self.opened.close()
        self.opened = ExitStack()
        self.open()

    @rule(is_away=st.booleans())
    def ledger_goes_or_comes(self, is_away: bool) -> None:
        self.ledger.is_away = is_away

    # A copy of the data, without the keys

    @rule()
    def copy_data(self) -> None:
        self.opened.close()
        self.opened = ExitStack()
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        shutil.copy(self.folder / "household.db", copy)
        shutil.copytree(self.folder / "recordings", copy / "recordings")
        self.copied = (list(self.turns), dict(self.keeping))
        self.open()

    @precondition(lambda self: self.copied is not None)
    @rule()
    def put_copy_back(self) -> None:
        """Whatever was deleted since opens nowhere, since its key is gone; even before anything of it is removed again."""
        assert self.copied is not None
        self.opened.close()
        self.opened = ExitStack()
        shutil.copy(self.folder / "copy" / "household.db", self.folder)
        shutil.rmtree(self.folder / "recordings")
        shutil.copytree(self.folder / "copy" / "recordings", self.folder / "recordings")
        destroyed = {one.turn_id for one in self.turns if one.is_destroyed}
        turns, keeping = self.copied
        self.turns = [replace(one, is_destroyed=one.is_destroyed or one.turn_id in destroyed) for one in turns]
        self.keeping = dict(keeping)
        self.open()

    # What must hold

    def opens(self, one: Said) -> bool:
        return not one.is_destroyed and one.expires_at > self.clock()

    @invariant()
    def exactly_that_opens(self) -> None:
        if not hasattr(self, "people"):
            return
        was_away, self.ledger.is_away = self.ledger.is_away, False
        for name, person in self.people.items():
            mine = sorted((one for one in self.turns if one.person == name and self.opens(one)), key=lambda one: -one.number)
            assert self.setting.words(person) == [one.text for one in mine]
            for word in WORDS:
                wanted = [one.text for one in mine if word in one.text.split()]
                assert set(wanted) <= set(self.setting.words(person, search=word))
        for one in self.turns[-6:]:
            person = self.people[one.person]
            assert self.setting.opens(person, one.turn_id) == self.opens(one)
            if self.opens(one) and one.sound:
                assert self.setting.sound(person, one.turn_id) == one.sound
        self.ledger.is_away = was_away

    @rule()
    def nothing_else_is_there_after_upkeep(self) -> None:
        """Of what was kept and not put back from a copy: there, nobody swept."""
        if self.copied is not None:
            return
        self.expire()
        self.clock.advance(minutes=11)
        self.expire()
        self.setting.rights.upkeep()
        rows, term_count, keys, blobs = self.setting.left()
        alive = {one.turn_id for one in self.turns if self.opens(one)}
        assert rows == keys == alive
        assert blobs == {one.turn_id for one in self.turns if self.opens(one) and one.sound}
        assert (term_count == 0) == (not alive)


def test_random_lives_of_a_household(empty_databases: Path) -> None:
    Household.empty = empty_databases
    run_state_machine_as_test(
        Household,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
        ),
    )
