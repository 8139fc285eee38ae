"""The sentences that can be understood: Home Assistant's templates with the project's own beside them, parsed once a process.

Owns where sentences come from. Knows nothing of a home: names of devices and rooms are filled in at matching.
"""

from functools import lru_cache
from importlib import resources
from typing import Any

import yaml
from hassil import Intents
from hassil.util import merge_dict
from home_assistant_intents import get_intents

WINS = "wins"
"""Metadata key of a sentence that is preferred over all others that match the same words."""


@lru_cache(maxsize=1)
def english() -> Intents:
    """The English sentences. The result is shared: nobody changes it."""
    tree: dict[str, Any] = get_intents("en") or {}
    own = yaml.load(_read("sentences/en.yaml"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    for intent in tree["intents"].values():
        for block in intent["data"]:
            _drop_response(block)
    merge_dict(tree, own)
    return Intents.from_dict(tree)


@lru_cache(maxsize=1)
def english_answers() -> Intents:
    """What may be said in answer to a question for one slot: an intent per kind of slot."""
    tree = yaml.load(_read("sentences/answers_en.yaml"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return Intents.from_dict(tree)


def _drop_response(block: dict[str, Any]) -> None:
    block.pop("response", None)


def _read(path: str) -> str:
    return resources.files("earwitness.understand").joinpath(path).read_text(encoding="utf-8")
