"""Which skills of others are installed. Reads their files and never their code: nothing of a package runs before it is enabled.

A package offers a skill by an entry point in the group `earwitness.skills`, whose name is the skill's and whose value names the
function `make`; the file `skill.yaml` lies in the package of that function.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from earwitness.domain.errors import SkillError
from earwitness.domain.skill import SkillManifest
from earwitness.understand.manifests import LONGEST_BYTES, read_manifest

GROUP: Final = "earwitness.skills"
FILE: Final = "skill.yaml"
LONGEST_SHOWN: Final = 300
"""Characters of what a package says of itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillPackage:
    """An installed skill. `digest` is of its file: when that changes, the owner is asked again."""

    manifest: SkillManifest
    entry: str
    """Where its `make` is: "package.module:make"."""
    folder: Path
    """What the process may read of it."""
    distribution: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A package whose file is wrong, and why."""

    name: str
    distribution: str
    reason: str


def installed(found: Iterable[Distribution] | None = None) -> tuple[list[SkillPackage], list[Unreadable]]:
    """The skills of installed packages, by name, and those that cannot be read."""
    packages: dict[str, SkillPackage] = {}
    wrong = []
    for distribution in distributions() if found is None else found:
        for entry in _entries(distribution):
            try:
                package = _read(entry, distribution)
                if package.manifest.name in packages:
                    raise SkillError(f"There are two skills called {package.manifest.name}.")
                packages[package.manifest.name] = package
            except SkillError as error:
                wrong.append(_unreadable(entry.name, distribution, error.sentence))
            except Exception as error:  # one package that is broken leaves the others as they are
                wrong.append(_unreadable(entry.name, distribution, f"It cannot be read ({type(error).__name__})."))
    return [packages[name] for name in sorted(packages)], wrong


def _entries(distribution: Distribution) -> list[EntryPoint]:
    try:
        return list(distribution.entry_points.select(group=GROUP))
    except Exception:  # what its file of entry points holds is a stranger's
        return []


def _unreadable(name: str, distribution: Distribution, reason: str) -> Unreadable:
    return Unreadable(name=_seen(name), distribution=_named(distribution), reason=_seen(reason))


def _named(distribution: Distribution) -> str:
    """What a package calls itself, as an owner may be shown it."""
    return _seen(str(distribution.metadata["Name"]))


def _seen(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text[:LONGEST_SHOWN])


def _read(entry: EntryPoint, distribution: Distribution) -> SkillPackage:
    folder = _folder(entry.module, distribution)
    file = folder / FILE
    try:
        with file.open("rb") as opened:
            text = opened.read(LONGEST_BYTES + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SkillError(f"{entry.module} has no {FILE} that can be read.") from error
    manifest = read_manifest(text, source=f"{FILE} of {_named(distribution)}")
    if manifest.name != entry.name:
        raise SkillError(f"{FILE} of {_named(distribution)} calls itself {manifest.name}, its package {entry.name}.")
    if manifest.permissions.inside:
        raise SkillError(f"{manifest.name} asks for {manifest.permissions.inside[0]}, which only the house's own skills get.")
    return SkillPackage(
        manifest=manifest,
        entry=entry.value,
        folder=folder,
        distribution=_named(distribution),
        version=_seen(str(distribution.version)),
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def _folder(module: str, distribution: Distribution) -> Path:
    """The folder of a top-level package; looking for a submodule would run its parents."""
    top = module.split(".", 1)[0]
    beside = Path(str(distribution.locate_file(top)))
    if (beside / FILE).is_file():
        return beside.resolve()
    spec = find_spec(top)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise SkillError(f"{top} is no package, so it has no place for {FILE}.")
    return Path(places[0]).resolve()
