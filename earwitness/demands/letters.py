"""The letters of a case: objection, refusal, the answer in a narrower scope, the notice to a person. From templates, as DOCX.

The templates are data (letters.toml); a letter says counts and categories, never content, and names no person but whom it is to.
Files are made in memory; nothing is sent or kept here. Whoever is under a gag is written no notice.
"""

import io
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from docx import Document

from earwitness.demands.case import is_covert
from earwitness.domain.demand import Case, Category, Reach, Scope
from earwitness.domain.errors import DemandError

_TEMPLATES: Final[Mapping[str, Any]] = tomllib.loads((Path(__file__).parent / "letters.toml").read_text(encoding="utf-8"))
MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_GROUNDS: Final = "{grounds}"


class LetterKind(StrEnum):
    """Which letter."""

    OBJECTION = "objection"
    REFUSAL = "refusal"
    NARROWED = "narrowed"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a letter says besides the case. `sender` is who answers; `grounds` are sentences; `asked` and `remaining` are what the
    scope asked for and the present one would disclose; `recipient` is the person whom a notice is to."""

    sender: str
    written_at: datetime
    grounds: Sequence[str] = ()
    proposal: Scope | None = None
    asked: Reach | None = None
    remaining: Reach | None = None
    recipient: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter before it is a file. `rows` is its table: category, how many were asked for, how many remain."""

    title: str
    sender: str
    to: str
    written_on: str
    paragraphs: tuple[str, ...]
    rows: tuple[tuple[str, str, str], ...] = ()


def compose(kind: LetterKind, case: Case, *, facts: Facts) -> Letter:
    """A letter of a case, its template filled in. Raises DemandError for one that would be untrue or that a gag forbids."""
    _check(kind, case, facts)
    template, values = _TEMPLATES[kind.value], _values(case, facts)
    paragraphs = list[str]()
    for text in template["paragraphs"]:
        if text == _GROUNDS:
            paragraphs += [f"\N{BULLET} {_plain(one)}" for one in facts.grounds]
        elif all(values[name] for name in values if f"{{{name}}}" in text):
            paragraphs.append(text.format_map(values))
    return Letter(
        title=template["title"].format_map(values),
        sender=_plain(facts.sender),
        to=template["to"].format_map(values),
        written_on=_day(facts.written_at),
        paragraphs=tuple(paragraphs),
        rows=_rows(facts) if kind is LetterKind.NARROWED else (),
    )


def letter_docx(letter: Letter, *, written_at: datetime) -> bytes:
    """The letter as a DOCX file (ISO/IEC 29500). Its properties say nothing of who wrote it or with what."""
    document = Document()
    about = document.core_properties
    about.title, about.author, about.comments, about.last_modified_by = letter.title, letter.sender, "", ""
    about.created = about.modified = written_at
    for line in (letter.sender, letter.written_on, f"To: {letter.to}"):
        document.add_paragraph(line)
    document.add_heading(letter.title, level=1)
    for text in letter.paragraphs:
        document.add_paragraph(text)
    if letter.rows:
        table = document.add_table(rows=0, cols=3, style="Table Grid")
        for row in (("Category", "Asked for", "In this scope"), *letter.rows):
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    document.add_paragraph(letter.sender)
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


def scope_words(scope: Scope) -> str:
    """What a scope asks for, in plain words and without anybody's name."""
    people = len(scope.persons) + scope.unknown_persons
    named = "nobody who is named" if people == 0 else "one person" if people == 1 else f"{people} people"
    others = " and others who are not named" if scope.has_unnamed_others else ""
    wanted = ", ".join(_category(one) for one in Category if one in scope.categories)
    what = "all data" if scope.is_all_data else wanted or "nothing that is named"
    return f"{what}, of {named}{others}, {_span_words(scope)}"


def _span_words(scope: Scope) -> str:
    if scope.since is None and scope.until is None:
        return "without a beginning or an end"
    since = f"from {_moment(scope.since)}" if scope.since else "without a beginning"
    return f"{since} up to {_moment(scope.until)}" if scope.until else f"{since} without an end"


def kind_words(case: Case) -> str:
    """What kind of demand it is, in plain words."""
    return str(_TEMPLATES["words"]["kinds"][case.demand.kind.value])


def _check(kind: LetterKind, case: Case, facts: Facts) -> None:
    if kind is LetterKind.NOTICE and is_covert(case):
        raise DemandError("A gag stands: the person is told when it ends, and not before.", code="demand.illegal")
    if kind is LetterKind.NOTICE and case.object_until is None:
        raise DemandError(
            "A notice says until when the person may object: take the step of the notice first.", code="demand.illegal"
        )
    if kind is LetterKind.NARROWED and case.scope == case.demand.scope:
        raise DemandError("The scope is the one that was asked for: narrow it first.", code="demand.illegal")
    if kind is not LetterKind.NOTICE and not facts.grounds:
        raise DemandError("An objection or a refusal needs grounds: say why.", code="demand.invalid")


def _values(case: Case, facts: Facts) -> dict[str, str]:
    demand = case.demand
    found = {
        "kind": kind_words(case),
        "reference": demand.demand_id[:12],
        "authority": demand.authority.name,
        "jurisdiction": demand.authority.jurisdiction,
        "issued": _day(demand.issued_at) if demand.issued_at else "no day that it names",
        "received": _day(demand.received_at),
        "document": demand.document_sha256,
        "asked": scope_words(demand.scope),
        "remaining": scope_words(case.scope),
        "proposed": scope_words(facts.proposal) if facts.proposal else "",
        "object_until": _moment(case.object_until) if case.object_until else "",
        "recipient": facts.recipient,
    }
    return {name: _plain(text) for name, text in found.items()}


def _rows(facts: Facts) -> tuple[tuple[str, str, str], ...]:
    if facts.asked is None or facts.remaining is None:
        return ()
    asked, remaining = facts.asked.counts, facts.remaining.counts
    return tuple(
        (_category(one), str(asked.get(one, 0)), str(remaining.get(one, 0)))
        for one in Category
        if asked.get(one) or remaining.get(one)
    )


def _category(category: Category) -> str:
    return str(_TEMPLATES["words"]["categories"][category.value])


def _plain(text: str) -> str:
    """Text from elsewhere without characters that XML 1.0 has no place for, or that turn the direction of writing."""
    return "".join(one for one in text if one.isprintable()).strip()


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def _moment(at: datetime) -> str:
    return f"{_day(at)}, {at:%H:%M %Z}".strip()
