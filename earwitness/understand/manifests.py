"""Reads what a skill says of itself: one YAML file with its sentences in hassil's format and a block `skill`. Pure.

A file may come from a stranger: it is bounded, strict, and never runs anything. Raises SkillError (skill.invalid) with a
sentence that says where it is wrong.
"""

import re
from typing import Annotated, Any, Final

import yaml
from hassil import Intents
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from earwitness.domain.errors import SkillError
from earwitness.domain.skill import HomeAccess, Permissions, SkillManifest

LONGEST_BYTES: Final = 200_000
MOST_SENTENCES: Final = 2_000
_WORDS: Final = frozenset(("intents", "lists", "expansion_rules"))


def _seen(text: str) -> str:
    """What an owner reads before they say yes must be what is there. Raises ValueError."""
    if not text.isprintable():
        raise ValueError("it holds characters that cannot be seen, or that turn the order of others around")
    return text


Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), AfterValidator(_seen)]
Host = Annotated[str, StringConstraints(max_length=253, pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$")]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,29}$")]
IntentName = re.compile(r"[A-Z][A-Za-z0-9]{2,60}")


class _Permissions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    home: HomeAccess = HomeAccess.NONE
    kinds: tuple[Kind, ...] = Field(default=(), max_length=20)
    memory: bool = False
    network: tuple[Host, ...] = Field(default=(), max_length=20)
    inside: tuple[Line, ...] = Field(default=(), max_length=20)

    @model_validator(mode="after")
    def _has_kinds_of_what_it_reaches(self) -> "_Permissions":
        if self.kinds and self.home is HomeAccess.NONE:
            raise ValueError("kinds of devices go with home: read or change")
        return self


class _Skill(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
    title: Line
    about: Line
    examples: tuple[Line, ...] = Field(min_length=1, max_length=40)
    exact: bool = False
    permissions: _Permissions = _Permissions()


def read_manifest(text: str, *, source: str) -> SkillManifest:
    """The skill that the YAML `text` describes; `source` names the file in errors. Raises SkillError."""
    if len(text.encode()) > LONGEST_BYTES:
        raise SkillError(f"{source} is longer than {LONGEST_BYTES} bytes.")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            raise SkillError(f"{source} repeats parts of itself by `*`, by which a little could stand for very much.")
        tree = yaml.load(text, Loader=loader)  # noqa: S506 - both are safe
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SkillError(f"{source} is no YAML: {str(error).splitlines()[0]}.") from error
    if not isinstance(tree, dict) or "skill" not in tree:
        raise SkillError(f"{source} has no block `skill` that says what it is.")
    try:
        said = _Skill.model_validate(tree["skill"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SkillError(f"In {source}, skill.{where}: {first['msg']}.") from error
    sentences = {key: tree[key] for key in _WORDS & tree.keys()}
    return SkillManifest(
        name=said.name,
        title=said.title,
        about=said.about,
        examples=said.examples,
        permissions=Permissions(**said.permissions.model_dump()),
        intents=_intents(sentences, source=source),
        is_exact=said.exact,
        sentences={"language": str(tree.get("language", "en")), **sentences},
    )


def _intents(sentences: dict[str, Any], *, source: str) -> tuple[str, ...]:
    """Names of the intents, once every sentence has been read."""
    names = sentences.get("intents")
    if not isinstance(names, dict) or not names:
        raise SkillError(f"{source} names no intents.")
    if wrong := [str(name) for name in names if not IntentName.fullmatch(str(name))]:
        raise SkillError(f"In {source}, {wrong[0]!r} is no name of an intent; NextTide would be one.")
    try:
        parsed = Intents.from_dict({"language": "en", **sentences})
        count = sum(len(block.sentences) for intent in parsed.intents.values() for block in intent.data)
    except Exception as error:  # the parser raises what it happens to trip over
        raise SkillError(f"In {source}, a sentence cannot be read ({type(error).__name__}).") from error
    if count > MOST_SENTENCES:
        raise SkillError(f"{source} has more than {MOST_SENTENCES} sentences.")
    return tuple(str(name) for name in names)
