"""Routines made and changed in a form: when and each step typed as one says them, each checked by itself.

`domain/routine.py` says who may change whose, `routine_drafting.py` what words come to. Calls block.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from earwitness.domain.errors import AccessError, AlertError, SkillError
from earwitness.domain.person import Person
from earwitness.domain.routine import AtTimes, OnPhrase, OnState, Routine, Trigger, acts_as, why_not_changed
from earwitness.domain.times import Frame
from earwitness.links.routines import Routines, alert_of
from earwitness.skills.interface import Context, UnfulfillableError
from earwitness.skills.keeping import CHANGED_MEANWHILE
from earwitness.skills.resolve import plain
from earwitness.skills.routine_changing import place_of
from earwitness.skills.routine_drafting import MOST_ROUTINES, Beginning, RoutineDrafts
from earwitness.skills.routine_running import MOST_STEPS
from earwitness.skills.routine_words import called, names_of, told_trigger
from earwitness.skills.typed_times import Question, typed_when
from earwitness.skills.when import When
from earwitness.skills.wording import sentence

_BECOMES: Final = {
    "open": "is open",
    "closed": "is closed",
    "locked": "is locked",
    "unlocked": "is unlocked",
    "on": "is turned on",
    "off": "is turned off",
    "playing": "starts playing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a form says; None leaves a part as it is."""

    when: str | None = None
    steps: tuple[str, ...] | None = None
    name: str | None = None
    is_on: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Whether one sentence of a form can stand; `told` says what it comes to, or why not."""

    is_fine: bool
    told: str


class _AskedError(Exception):
    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question


class RoutineForm:
    """`people` are those who have an account; `relearn` has the sentences of the house learned anew."""

    def __init__(
        self,
        routines: Routines,
        *,
        drafts: RoutineDrafts,
        people: Callable[[], Sequence[Person]],
        new_id: Callable[[], str],
        relearn: Callable[[], None],
    ) -> None:
        self._routines = routines
        self._drafts = drafts
        self._people = people
        self._new_id = new_id
        self._relearn = relearn

    def add(self, given: Filled, *, by: Person) -> Question | None:
        """Make one, or ask. Raises SkillError (skill.refused), AlertError, StorageError."""
        if len(self._routines.all()) >= MOST_ROUTINES:
            raise _refused(f"There are {MOST_ROUTINES} routines already; delete one first")
        there = Context(person_id=by.person_id)
        try:
            begins = self._begins(given.when or "", there=there, before=None)
            steps = self._steps(given.steps or (), there=there, kept=())
        except _AskedError as asked:
            return asked.question
        routine = Routine(
            routine_id=self._new_id(),
            trigger=begins.trigger,
            steps=steps,
            created_at=self._drafts.clock(),
            person_id=by.person_id,
            is_once=begins.is_once,
            name=self._name(given.name or "", but=None),
        )
        alert = None if begins.rule is None else alert_of(routine, begins.rule, created_at=routine.created_at)
        self._routines.add(routine, alert=alert)
        self._relearn()
        return None

    def change(self, routine_id: str, given: Filled, *, by: Person) -> Question | None:
        """Change one, or ask. Raises SkillError (skill.unknown, skill.refused), AccessError, AlertError, StorageError."""
        before = self.found(routine_id)
        there, begins = place_of(before), None
        after = before if given.is_on is None else replace(before, is_on=given.is_on)
        self._check(before, after, by=by)
        try:
            if given.when is not None and given.when.strip() != words_of_trigger(before.trigger):
                begins = self._begins(given.when, there=there, before=before)
                after = replace(after, trigger=begins.trigger, is_once=begins.is_once)
            if given.steps is not None:
                after = replace(after, steps=self._steps(given.steps, there=there, kept=before.steps))
        except _AskedError as asked:
            return asked.question
        if given.name is not None:
            after = replace(after, name=self._name(given.name, but=before))
        self._check(before, after, by=by)
        after = acts_as(before, after, by=by)
        if after != before and not self._routines.change(before, after=after, rule=None if begins is None else begins.rule):
            raise _refused(CHANGED_MEANWHILE)
        if names_of(after) != names_of(before):
            self._relearn()
        return None

    def forget(self, routine_id: str, *, by: Person) -> None:
        """Forget one; its phrase means nothing any more. Raises SkillError (skill.unknown), AccessError, StorageError."""
        before = self.found(routine_id)
        self._check(before, None, by=by)
        self._routines.remove(routine_id)
        self._relearn()

    def check_when(self, words: str, *, routine_id: str | None, by: Person) -> Checked:
        """What a beginning comes to. Raises StorageError."""
        before = None if routine_id is None else self._routines.find(routine_id)
        there = Context(person_id=by.person_id) if before is None else place_of(before)
        if before is not None and words.strip() == words_of_trigger(before.trigger):
            return Checked(is_fine=True, told=sentence(told_trigger(before.trigger)))
        try:
            begins = self._begins(words, there=there, before=before)
        except _AskedError as asked:
            return Checked(is_fine=False, told=asked.question.text)
        except (SkillError, AlertError) as error:
            return Checked(is_fine=False, told=error.sentence)
        return Checked(is_fine=True, told=sentence(told_trigger(begins.trigger)))

    def check_step(self, words: str, *, routine_id: str | None, by: Person) -> Checked:
        """Whether a step is understood where the routine runs, and as what request. Raises StorageError."""
        before = None if routine_id is None else self._routines.find(routine_id)
        there = Context(person_id=by.person_id) if before is None else place_of(before)
        try:
            return Checked(is_fine=True, told=self._drafts.step(words, there))
        except UnfulfillableError as refused:
            return Checked(is_fine=False, told=refused.result.reply)

    def found(self, routine_id: str) -> Routine:
        """The routine of that id. Raises SkillError (skill.unknown)."""
        if (routine := self._routines.find(routine_id)) is None:
            raise SkillError("There is no such routine.", code="skill.unknown")
        return routine

    def _check(self, before: Routine, after: Routine | None, *, by: Person) -> None:
        maker = next((one for one in self._people() if one.person_id == before.person_id), None)
        if reason := why_not_changed(before, after, by=by, maker=maker):
            raise AccessError(reason)

    def _begins(self, words: str, *, there: Context, before: Routine | None) -> Beginning:
        def when(said: str, frame: Frame) -> When:
            found = typed_when(said, frame=frame)
            if isinstance(found, Question):
                raise _AskedError(found)
            if found.is_hour and (before is None or self._routines.alert(before) is None):
                choices = (f"every day at {said.removeprefix('at ')}", f"every weekday at {said.removeprefix('at ')}")
                raise _AskedError(Question(text="On which days?", choices=choices))
            return found

        try:
            return self._drafts.beginning(words, context=there, before=before, when=when)
        except UnfulfillableError as refused:
            raise _refused(refused.result.reply) from refused

    def _steps(self, given: Sequence[str], *, there: Context, kept: Sequence[str]) -> tuple[str, ...]:
        """Each as a request; what it did already stays as it is."""
        words = [" ".join(step.split()) for step in given if step.strip()]
        if not 0 < len(words) <= MOST_STEPS:
            raise _refused(f"A routine has one to {MOST_STEPS} steps")
        try:
            return tuple(step if step in kept else self._drafts.step(step, there) for step in words)
        except UnfulfillableError as refused:
            raise _refused(refused.result.reply) from refused

    def _name(self, given: str, *, but: Routine | None) -> str:
        name = plain(given).removesuffix(" routine")
        others = [one for one in self._routines.all() if but is None or one.routine_id != but.routine_id]
        if name and any(plain(called(one)) == name for one in others):
            raise _refused(f'There is a routine "{name}" already')
        return name


def words_of_trigger(trigger: Trigger) -> str:
    """A beginning as it may be typed: "when I say movie time", "when the garage door is open", "every weekday at 7 AM"."""
    match trigger:
        case OnPhrase(phrase=phrase):
            return f"when I say {phrase}"
        case AtTimes(told=told):
            return told
        case OnState(state=state, device_name=name):
            return f"when the {name.lower()} {_BECOMES.get(state, f'is {state}')}"


def _refused(clause: str) -> SkillError:
    return SkillError(sentence(clause), code="skill.refused")
