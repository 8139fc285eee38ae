"""A voice: one text-to-speech speaker, selectable per person and per satellite."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """`name` is unique over all engines; `language` is a BCP 47 tag; `description` is shown to people who choose."""

    name: str
    engine: str
    language: str
    gender: str
    description: str
    is_installed: bool = True
