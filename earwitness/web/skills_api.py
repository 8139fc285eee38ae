"""The API of skills: what this house's own can do; those of others that are installed, enabled or not, and what they may use.

It translates; `skills/outside/shelf.py` decides.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query

from earwitness.domain.account import AccountEvent
from earwitness.domain.errors import SkillError
from earwitness.domain.skill import SkillManifest
from earwitness.links.skill_memory import SkillMemory
from earwitness.people.account_log import AccountLog
from earwitness.skills.outside.shelf import OnShelf, SkillShelf, kept_as
from earwitness.skills.outside.wording import fence_in_words, may_in_words
from earwitness.web import skills_shapes as shapes
from earwitness.web.errors_told import told
from earwitness.web.signed_in import From, Me

Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


def skills_router(
    shelf: SkillShelf,
    *,
    own: Callable[[], Sequence[SkillManifest]],
    memory: Callable[[str], SkillMemory],
    log: AccountLog,
    settle: Callable[[], Awaitable[None]],
) -> APIRouter:
    """The routes under /api/v1/skills. `settle` lets the running house take what was enabled or disabled; `memory` is what is
    kept under a skill's name."""
    router = APIRouter(prefix="/api/v1", responses=told(404, 409))
    changing = asyncio.Lock()

    @router.get("/skills")
    async def skills() -> shapes.SkillsShape:
        """All skills: our own, those of others, and packages that cannot be read."""
        found, wrong = await asyncio.to_thread(shelf.all)
        return shapes.SkillsShape(
            fence=fence_in_words(shelf),
            can_enable=shelf.bubblewrap is not None or shelf.allows_unfenced,
            own=[_skill(manifest) for manifest in own()],
            others=[_other(one) for one in found],
            unreadable=[shapes.UnreadableShape(name=one.name, package=one.distribution, reason=one.reason) for one in wrong],
        )

    @router.put("/skills/{name}")
    async def enable(name: Name, given: shapes.Enabling, person: Me, origin: From) -> shapes.OtherSkillShape:
        """Enable a skill as its file is; `digest` is of the file that was shown."""
        async with changing:
            await asyncio.to_thread(shelf.enable, name, digest=given.digest, by=person.person_id)
            what = AccountEvent.SKILL_ENABLED
            await asyncio.to_thread(log.note, person.person_id, what, origin=origin, detail=name)
            await settle()
        found, _ = await asyncio.to_thread(shelf.all)
        return next(_other(one) for one in found if one.package.manifest.name == name)

    @router.delete("/skills/{name}", status_code=204)
    async def disable(name: Name, person: Me, origin: From) -> None:
        """End a skill. One that is not enabled stays so."""
        async with changing:
            if await asyncio.to_thread(shelf.disable, name):
                what = AccountEvent.SKILL_DISABLED
                await asyncio.to_thread(log.note, person.person_id, what, origin=origin, detail=name)
            await settle()

    def kept(name: str) -> SkillMemory:
        if any(manifest.name == name for manifest in own()):
            return memory(name)
        found, _ = shelf.all()
        if all(one.package.manifest.name != name for one in found):
            raise SkillError(f"There is no skill {name} here.", code="skill.unknown")
        return memory(kept_as(name))

    @router.get("/skills/{name}/notes")
    async def notes(name: Name) -> shapes.NotesShape:
        """What a skill keeps between turns."""
        found = await asyncio.to_thread(lambda: kept(name).all())
        return shapes.NotesShape(notes=[shapes.NoteShape(name=key, value=value) for key, value in found.items()])

    @router.delete("/skills/{name}/notes", status_code=204)
    async def erase(name: Name, note: Annotated[str | None, Query(max_length=100)] = None) -> None:
        """Erase one note of a skill, or all of them."""
        await asyncio.to_thread(lambda: kept(name).erase(note))

    return router


def _skill(manifest: SkillManifest) -> shapes.SkillShape:
    return shapes.SkillShape(
        name=manifest.name,
        title=manifest.title,
        about=manifest.about,
        examples=list(manifest.examples),
        keeps=manifest.permissions.memory,
    )


def _other(one: OnShelf) -> shapes.OtherSkillShape:
    package = one.package
    return shapes.OtherSkillShape(
        **_skill(package.manifest).model_dump(),
        package=package.distribution,
        version=package.version,
        digest=package.digest,
        may=may_in_words(package.manifest.permissions),
        is_enabled=one.is_enabled,
        has_changed=one.has_changed,
    )
