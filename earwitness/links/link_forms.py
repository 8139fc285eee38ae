"""Forms from the options of a kind of link: what a page and the command line ask for, field by field. Pure."""

import enum
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from earwitness.domain.errors import LinkError
from earwitness.links.link_kind import LinkKind, LinkOptions


class FieldKind(enum.StrEnum):
    """How a field is asked for."""

    TEXT = "text"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    LINES = "lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field. `default` is a JSON value; None for one that is needed or may stay empty."""

    name: str
    kind: FieldKind
    title: str
    about: str
    is_needed: bool
    default: object = None
    choices: tuple[str, ...] = ()


def fields_of(options: type[LinkOptions]) -> tuple[FormField, ...]:
    """The fields of the options, in their order. Raises TypeError for a type that no form knows: a fault of the kind."""
    return tuple(_field(name, info) for name, info in options.model_fields.items())


def options_from_text(kind: LinkKind[Any], given: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """Options as JSON values, from texts by field, as the command line gives them. Raises LinkError (link.invalid)."""
    by_name = {field.name: field for field in fields_of(kind.options)}
    found: dict[str, object] = {}
    for name, texts in given.items():
        if name not in by_name:
            raise LinkError(f"{kind.title} has no option {name}; it has {', '.join(by_name)}.", code="link.invalid")
        field = by_name[name]
        found[name] = [text for text in texts if text] if field.kind is FieldKind.LINES else _value(field, texts[-1])
    return found


def _value(field: FormField, text: str) -> object:
    match field.kind:
        case FieldKind.NUMBER:
            try:
                return int(text) if text.strip().lstrip("-").isdigit() else float(text)
            except ValueError as error:
                raise LinkError(f"{field.title}: write a number.", code="link.invalid") from error
        case FieldKind.SWITCH:
            if text.casefold() not in ("yes", "no", "true", "false", "on", "off"):
                raise LinkError(f"{field.title}: write yes or no.", code="link.invalid")
            return text.casefold() in ("yes", "true", "on")
        case _:
            return text if text or field.is_needed else field.default


def _field(name: str, info: Any) -> FormField:
    kind, choices = _kind(info.annotation)
    default = None if info.is_required() else info.get_default(call_default_factory=True)
    return FormField(
        name=name,
        kind=kind,
        title=info.title or name.replace("_", " ").capitalize(),
        about=info.description or "",
        is_needed=info.is_required(),
        default=_plain(default),
        choices=choices,
    )


def _kind(annotation: Any) -> tuple[FieldKind, tuple[str, ...]]:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        inner = [one for one in get_args(annotation) if one is not type(None)]
        if len(inner) == 1:
            return _kind(inner[0])
    if origin is Literal:
        return FieldKind.CHOICE, tuple(str(one) for one in get_args(annotation))
    if origin is tuple and get_args(annotation) == (str, ...):
        return FieldKind.LINES, ()
    if isinstance(annotation, type):
        if issubclass(annotation, enum.Enum):
            return FieldKind.CHOICE, tuple(str(one.value) for one in annotation)
        for known, kind in ((bool, FieldKind.SWITCH), (int, FieldKind.NUMBER), (float, FieldKind.NUMBER)):
            if issubclass(annotation, known):
                return kind, ()
        if issubclass(annotation, str | Path):
            return FieldKind.TEXT, ()
    raise TypeError(f"no form knows {annotation}")


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case enum.Enum():
            return value.value
        case tuple() | list():
            return [_plain(one) for one in value]
        case _:
            return str(value)
