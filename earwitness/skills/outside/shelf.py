"""The skills of others in this house: what is installed, what an owner enabled, and the processes of those. Asked off the turn.

A skill is enabled as its file was when the owner read it; when the file changes, it stays off until somebody enables it again.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from earwitness.domain.errors import SkillError
from earwitness.domain.skill import SkillManifest
from earwitness.links.skill_memory import SkillMemory
from earwitness.skills.interface import HomeLink, Skill
from earwitness.skills.outside.fence import fence_program
from earwitness.skills.outside.fetching import Fetching
from earwitness.skills.outside.packages import SkillPackage, Unreadable, installed
from earwitness.skills.outside.process import OutsideSkill
from earwitness.storage.database import Database
from earwitness.storage.household import enabled_skills, skill_memory
from earwitness.understand.sentences import own_manifests, sentences_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OnShelf:
    """One installed skill. `has_changed`: it was enabled, but its file is another since."""

    package: SkillPackage
    is_enabled: bool
    has_changed: bool = False


def kept_as(name: str) -> str:
    """Under what name a skill's notes are kept: never that of one of the house's own."""
    return f"outside.{name}"


class SkillShelf:
    """`allows_unfenced` lets skills run where nothing can fence them in. `clock` (aware) dates decisions."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime],
        allows_unfenced: bool = False,
        find: Callable[[], tuple[list[SkillPackage], list[Unreadable]]] = installed,
    ) -> None:
        self._database = database
        self._clock = clock
        self._find = find
        self._running: dict[str, OutsideSkill] = {}
        self.bubblewrap = fence_program()
        self.allows_unfenced = allows_unfenced

    def all(self) -> tuple[list[OnShelf], list[Unreadable]]:
        """What is installed, and what cannot be read. Blocks. Raises StorageError."""
        packages, wrong = self._find()
        with self._database.reading() as connection:
            rows = {row.name: row.digest for row in connection.execute(sa.select(enabled_skills))}
        shelf = []
        for package in packages:
            digest = rows.get(package.manifest.name)
            is_enabled = digest == package.digest
            shelf.append(OnShelf(package=package, is_enabled=is_enabled, has_changed=digest is not None and not is_enabled))
        return shelf, wrong

    def enable(self, name: str, *, digest: str, by: str) -> None:
        """Enable a skill as its file is; `digest` is of the file that the owner read, `by` the owner's id. Blocks.

        Raises SkillError: skill.unknown, skill.changed, skill.unfenced, or skill.invalid when it contradicts another skill.
        """
        if self.bubblewrap is None and not self.allows_unfenced:
            raise SkillError(
                "Nothing here can fence a skill in: install bubblewrap, or set skills.allows_unfenced and trust the skill fully.",
                code="skill.unfenced",
            )
        shelf, _ = self.all()
        one = next((one for one in shelf if one.package.manifest.name == name), None)
        if one is None:
            raise SkillError(f"There is no skill {name} installed.", code="skill.unknown")
        if one.package.digest != digest:
            raise SkillError("The skill's file has changed since you read it; read it again.", code="skill.changed")
        others = [other.package.manifest for other in shelf if other.is_enabled and other.package.manifest.name != name]
        sentences_of([*own_manifests(), *others, one.package.manifest])
        row = {"name": name, "digest": digest, "enabled_at": self._clock().timestamp(), "enabled_by": by}
        with self._database.writing() as connection:
            connection.execute(enabled_skills.delete().where(enabled_skills.c.name == name))
            connection.execute(enabled_skills.insert().values(**row))

    def disable(self, name: str) -> bool:
        """Enable it no longer, and forget what it kept; tells whether it was. Blocks. Raises StorageError."""
        with self._database.writing() as connection:
            connection.execute(skill_memory.delete().where(skill_memory.c.skill == kept_as(name)))
            return connection.execute(enabled_skills.delete().where(enabled_skills.c.name == name)).rowcount == 1

    def enabled(self) -> list[SkillPackage]:
        """Those that may run. Blocks. Raises StorageError."""
        if self.bubblewrap is None and not self.allows_unfenced:
            return []
        return [one.package for one in self.all()[0] if one.is_enabled]

    def skills(
        self, packages: Sequence[SkillPackage], *, home: HomeLink, clock: Callable[[], datetime]
    ) -> list[tuple[SkillManifest, Skill]]:
        """Their skills; processes that went on stay, those of skills that are no longer among them end at `settle`."""
        for package in packages:
            running = self._running.get(package.manifest.name)
            if running is None or running.package != package:
                self._running[package.manifest.name] = OutsideSkill(
                    package,
                    clock=clock,
                    home=home,
                    memory=SkillMemory(self._database, skill=kept_as(package.manifest.name)),
                    fetch=Fetching(package.manifest.permissions.network, title=package.manifest.title).fetch,
                    bubblewrap=self.bubblewrap,
                )
        return [(package.manifest, self._running[package.manifest.name]) for package in packages]

    async def settle(self, packages: Sequence[SkillPackage]) -> None:
        """End the processes of skills that are not among `packages`, and start the others."""
        names = {package.manifest.name for package in packages}
        for name in [name for name in self._running if name not in names]:
            await self._running.pop(name).close()
        await asyncio.gather(*(skill.warm() for skill in self._running.values()))

    async def close(self) -> None:
        """End every process."""
        await self.settle([])
