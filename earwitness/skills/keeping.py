"""Skills that write to the household's database: the reply is worked out first, said only once the write is on the disk."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from earwitness.domain.errors import StorageError
from earwitness.domain.intent import Context, Intent
from earwitness.domain.turn import Outcome, SkillResult

CHANGED_MEANWHILE = "That has just changed; please ask again."
_FULL = "I could not save that, because there is no space left on the disk."
_FAILED = "I could not save that, because the database did not work; earwitness doctor says more."


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What to write, and what to say when that is done. `write` blocks, and gives False when things have changed meanwhile."""

    reply: str
    write: Callable[[], bool] | None = None
    undo: Intent | None = None
    """The request that takes it back, if one does."""


class KeepingSkill(ABC):
    """Plans a deed without side effects, then does it off the event loop."""

    @abstractmethod
    def deed(self, intent: Intent, context: Context) -> Deed:
        """What the intent comes to now. Raises UnfulfillableError, StorageError."""

    def foresee(self, intent: Intent, *, context: Context) -> str | None:
        return self.deed(intent, context).reply

    async def perform(self, intent: Intent, *, context: Context) -> SkillResult:
        return await self.done(self.worked_out(intent, context))

    def worked_out(self, intent: Intent, context: Context) -> Deed | StorageError:
        """The deed, or why nothing can be read. Raises UnfulfillableError."""
        try:
            return self.deed(intent, context)
        except StorageError as error:
            return error

    async def done(self, deed: Deed | StorageError) -> SkillResult:
        """Do it, off the event loop, and say so once it is on the disk."""
        try:
            if isinstance(deed, StorageError):
                raise deed
            if deed.write is None:
                return SkillResult(outcome=Outcome.ANSWERED, reply=deed.reply)
            if await asyncio.to_thread(deed.write):
                return SkillResult(outcome=Outcome.DONE, reply=deed.reply, undo=deed.undo)
        except StorageError as error:
            reply = _FULL if error.code == "storage.full" else _FAILED
            return SkillResult(outcome=Outcome.FAILED, reply=reply)
        return SkillResult(outcome=Outcome.FAILED, reply=CHANGED_MEANWHILE)
