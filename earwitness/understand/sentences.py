"""The sentences that can be understood: Home Assistant's templates with the project's own beside them, parsed once a process.

Owns where sentences come from. Knows nothing of a home: names of devices and rooms are filled in at matching.
"""

from functools import lru_cache
from importlib import resources
from typing import Any

import yaml
from hassil import Intents
from hassil.intents import Intent, IntentData
from hassil.util import merge_dict
from home_assistant_intents import get_intents

WINS = "wins"
"""Metadata key of a sentence that is preferred over all others that match the same words."""
_PRIVACY = "sentences/privacy_en.yaml"


@lru_cache(maxsize=1)
def english() -> Intents:
    """The English sentences. The result is shared: nobody changes it."""
    tree: dict[str, Any] = get_intents("en") or {}
    merge_dict(tree, read_words("sentences/en.yaml"))
    merge_dict(tree, read_words(_PRIVACY))
    return Intents.from_dict(tree)


@lru_cache(maxsize=1)
def exact_intents() -> frozenset[str]:
    """Names of the intents that only the very words of their sentences mean: those of privacy, where a guess does harm."""
    return frozenset(read_words(_PRIVACY)["intents"])


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
