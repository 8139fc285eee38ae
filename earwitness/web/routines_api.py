"""The API of routines: told in plain words, made as they are said or in a form, changed, switched on and off, forgotten.

It translates; `skills/routines.py` decides what a sentence comes to, `skills/routine_form.py` what a form does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from earwitness.domain.account import AccountRole
from earwitness.domain.errors import AccessError, SkillError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.person import Person
from earwitness.domain.routine import Routine, why_idle
from earwitness.domain.turn import Outcome, SkillResult
from earwitness.links.routines import Routines
from earwitness.skills.routine_changing import LONGEST_NAME
from earwitness.skills.routine_form import Filled, RoutineForm, words_of_trigger
from earwitness.skills.routine_running import MOST_STEPS
from earwitness.skills.routine_words import told_trigger
from earwitness.skills.typed_times import Question
from earwitness.web.alerts_shapes import QuestionShape
from earwitness.web.errors_told import told
from earwitness.web.signed_in import Me

RoutineId = Annotated[str, Path(pattern=r"^[0-9a-z-]{1,64}$")]
MAKES: Final = "MakeRoutine"
_MAY_MAKE: Final = frozenset((AccountRole.OWNER, AccountRole.ADULT, AccountRole.CHILD))
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
Name = Annotated[str, StringConstraints(max_length=LONGEST_NAME, strip_whitespace=True)]
Steps = Annotated[list[Sentence], Field(min_length=1, max_length=MOST_STEPS)]
NO_ROUTINE: Final = "That is no routine. Say for example: when I say movie time, turn off the lights."


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class RoutineShape(_Shape):
    """One routine, in plain words."""

    id: str
    when: str
    """"When you say "movie time"", "every weekday at 7 AM"."""
    when_words: str
    """The same as it may be typed into `when`: "when I say movie time", "every weekday at 7 AM"."""
    name: str
    """Empty when it is called by its phrase, time or device."""
    steps: list[str]
    made_by: str
    """A name; empty when nobody known made it."""
    is_on: bool
    why_idle: str
    """Why it does not run, whatever `is_on` says: its maker may not act here now. Empty if it does."""
    is_once: bool


class RoutinesShape(_Shape):
    routines: list[RoutineShape]


class RoutinesChangedShape(RoutinesShape):
    """Every routine; with a question nothing was changed, and a choice may be sent as `when` instead."""

    question: QuestionShape | None = None


class NewRoutine(_Shape):
    """Either `said`, or `when` and `steps`."""

    said: Sentence | None = None
    """As one says it: "when I say movie time, turn off the lights"."""
    when: Sentence | None = None
    """"When I say movie time", "every weekday at 7 am", "when the front door opens"."""
    steps: Steps | None = None
    """What is done one after the other, each as one says it."""
    name: Name = ""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "NewRoutine":
        if (self.said is None) == (self.when is None or self.steps is None):
            raise ValueError("say it in one sentence, or when and which steps")
        return self


class RoutineMadeShape(RoutinesChangedShape):
    reply: str = ""


class RoutineChange(_Shape):
    """What is left out stays."""

    is_on: bool | None = None
    name: Name | None = None
    when: Sentence | None = None
    steps: Steps | None = None


class SentenceToCheck(_Shape):
    """One sentence of a form: `when` or `step`."""

    when: Sentence | None = None
    step: Sentence | None = None
    routine: Annotated[str, StringConstraints(pattern=r"^[0-9a-z-]{1,64}$")] | None = None
    """The id of the routine that it is for, if there is one already."""

    @model_validator(mode="after")
    def _is_one(self) -> "SentenceToCheck":
        if (self.when is None) == (self.step is None):
            raise ValueError("check when or a step")
        return self


class CheckedShape(_Shape):
    is_fine: bool
    told: str
    """What it comes to, or why it cannot be."""


def routines_router(
    routines: Routines,
    *,
    form: RoutineForm,
    understand: Callable[[str, Context], Intent | None],
    perform: Callable[[Intent, Context], Awaitable[SkillResult]],
    people: Callable[[], list[Person]],
) -> APIRouter:
    """The routes under /api/v1/routines. `understand` blocks."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))

    async def shown() -> list[RoutineShape]:
        found, known = await asyncio.to_thread(lambda: (routines.all(), {one.person_id: one for one in people()}))
        return [_shape(one, maker=known.get(one.person_id or "")) for one in found]

    @router.get("/routines")
    async def all_routines() -> RoutinesShape:
        """Every routine of the home."""
        return RoutinesShape(routines=await shown())

    async def make_as_said(said: str, person: Person) -> str:
        context = Context(person_id=person.person_id)
        intent = await asyncio.to_thread(understand, said, context)
        if intent is None or intent.name != MAKES:
            raise SkillError(NO_ROUTINE, code="skill.refused")
        result = await perform(intent, context)
        if result.outcome is not Outcome.DONE:
            raise SkillError(result.reply, code="skill.refused")
        return result.reply

    @router.post("/routines", status_code=201)
    async def make(given: NewRoutine, person: Me, response: Response) -> RoutineMadeShape:
        """Make one as it is said, or from a form; what it came to is told. 409 with a sentence when it cannot be one."""
        if person.role not in _MAY_MAKE:
            raise AccessError("Guests make no routines; ask somebody of this home.")
        if given.said is not None:
            return RoutineMadeShape(reply=await make_as_said(given.said, person), routines=await shown())
        filled = Filled(when=given.when, steps=tuple(given.steps or ()), name=given.name)
        question = await asyncio.to_thread(form.add, filled, by=person)
        if question is not None:
            response.status_code = 200
        return RoutineMadeShape(routines=await shown(), question=_asked(question))

    @router.post("/routines/check")
    async def check(given: SentenceToCheck, person: Me) -> CheckedShape:
        """What one sentence of a form comes to; nothing is done and nothing kept."""
        if given.when is not None:
            found = await asyncio.to_thread(form.check_when, given.when, routine_id=given.routine, by=person)
        else:
            found = await asyncio.to_thread(form.check_step, given.step or "", routine_id=given.routine, by=person)
        return CheckedShape(is_fine=found.is_fine, told=found.told)

    @router.patch("/routines/{routine_id}")
    async def change(routine_id: RoutineId, given: RoutineChange, person: Me) -> RoutinesChangedShape:
        """Change when it begins, what it does and its name, or let it run or not: who made it, and adults.

        Whoever lets somebody else's routine do more is who it acts as from then on.
        """
        steps = None if given.steps is None else tuple(given.steps)
        filled = Filled(when=given.when, steps=steps, name=given.name, is_on=given.is_on)
        question = await asyncio.to_thread(form.change, routine_id, filled, by=person)
        return RoutinesChangedShape(routines=await shown(), question=_asked(question))

    @router.delete("/routines/{routine_id}", status_code=204)
    async def forget(routine_id: RoutineId, person: Me) -> None:
        """Forget a routine: who made it, and adults. Its phrase means nothing any more."""
        await asyncio.to_thread(form.forget, routine_id, by=person)

    return router


def _asked(question: Question | None) -> QuestionShape | None:
    return None if question is None else QuestionShape(text=question.text, choices=list(question.choices))


def _shape(routine: Routine, *, maker: Person | None) -> RoutineShape:
    when = told_trigger(routine.trigger)
    return RoutineShape(
        id=routine.routine_id,
        when=f"{when[:1].upper()}{when[1:]}",
        when_words=words_of_trigger(routine.trigger),
        name=routine.name,
        steps=list(routine.steps),
        made_by="" if maker is None else maker.name,
        is_on=routine.is_on,
        why_idle=why_idle(routine, maker),
        is_once=routine.is_once,
    )
