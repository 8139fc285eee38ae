"""The sentences that can be understood: Home Assistant's templates with those of every skill beside them, parsed once a process.

Owns where sentences come from. Knows nothing of a home: names of devices and rooms are filled in at matching.
"""

from collections.abc import Iterable
from copy import deepcopy
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml
from hassil import Intents
from hassil.intents import Intent, IntentData
from hassil.util import merge_dict
from home_assistant_intents import get_intents

from earwitness.domain.errors import SkillError
from earwitness.domain.skill import SkillManifest
from earwitness.understand.manifests import read_manifest

WINS = "wins"
"""Metadata key of a sentence that is preferred over all others that match the same words."""
NEEDS_TIME = "needs_time"
"""Metadata key of a sentence that means nothing unless a time is said somewhere in it."""
_SHARED_WORDS = ("expansion_rules", "lists")


@lru_cache(maxsize=1)
def own_manifests() -> tuple[SkillManifest, ...]:
    """What the house's own skills say of themselves, by name."""
    folder = resources.files("earwitness.understand").joinpath("sentences/en")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return tuple(read_manifest(file.read_text(encoding="utf-8"), source=file.name) for file in files)


@lru_cache(maxsize=1)
def english() -> Intents:
    """The English sentences of the house's own skills. The result is shared: nobody changes it."""
    return sentences_of(own_manifests())


def sentences_of(manifests: Iterable[SkillManifest]) -> Intents:
    """Home Assistant's sentences with those of these skills. Raises SkillError when two skills contradict each other."""
    tree: dict[str, Any] = get_intents("en") or {}
    merge_dict(tree, read_words("sentences/shared_en.yaml"))
    intents: dict[str, str] = {}
    words: dict[tuple[str, str], tuple[str, object]] = {}
    for skill in manifests:
        for name in skill.intents:
            if intents.setdefault(name, skill.name) != skill.name:
                raise SkillError(f"The skills {intents[name]} and {skill.name} both have an intent {name}.")
        for kind in _SHARED_WORDS:
            for name, value in skill.sentences.get(kind, {}).items():
                owner, before = words.setdefault((kind, name), (skill.name, value))
                if before != value:
                    raise SkillError(f"The skills {owner} and {skill.name} define {name} differently.")
                if owner == skill.name:
                    merge_dict(tree, {kind: {name: deepcopy(value)}})
        merge_dict(tree, {"intents": deepcopy(skill.sentences["intents"])})
    return Intents.from_dict(tree)


def exact_intents(manifests: Iterable[SkillManifest]) -> frozenset[str]:
    """Names of the intents that only the very words of their sentences mean: those of privacy, where a guess does harm."""
    return frozenset(name for skill in manifests if skill.is_exact for name in skill.intents)


def only(intents: Intents, names: frozenset[str]) -> Intents:
    """The sentences of these intents alone."""
    return Intents(
        language=intents.language,
        intents={name: intent for name, intent in intents.intents.items() if name in names},
        slot_lists=intents.slot_lists,
        expansion_rules=intents.expansion_rules,
        skip_words=intents.skip_words,
        settings=intents.settings,
    )


@lru_cache(maxsize=1)
def english_answers() -> Intents:
    """What may be said in answer to a question for one slot: an intent per kind of slot."""
    return Intents.from_dict(read_words("sentences/answers_en.yaml"))


def with_questions(intents: Intents, blocks: list[IntentData]) -> Intents:
    """The same sentences with more that ask for a state; `intents` stays as it is."""
    asks = Intent(name="HassGetState", data=[*intents.intents["HassGetState"].data, *blocks])
    return Intents(
        language=intents.language,
        intents={**intents.intents, "HassGetState": asks},
        slot_lists=intents.slot_lists,
        expansion_rules=intents.expansion_rules,
        skip_words=intents.skip_words,
        settings=intents.settings,
    )


def read_words(path: str) -> dict[str, Any]:
    """A YAML file of this package."""
    text = resources.files("earwitness.understand").joinpath(path).read_text(encoding="utf-8")
    words: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    return words
