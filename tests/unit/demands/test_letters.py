"""Letters: the files are opened again and say the facts of the case; what would be untrue or is forbidden is not written."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from docx import Document

from earwitness.demands.letters import Facts, LetterKind, compose, letter_docx, scope_words
from earwitness.domain.demand import (
    Authority,
    AuthorityKind,
    Case,
    Category,
    Demand,
    DemandKind,
    Reach,
    Scope,
    State,
)
from earwitness.domain.errors import DemandError

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ASKED = Scope(persons=("a" * 32,), categories=frozenset({Category.WORDS, Category.SOUND}), has_unnamed_others=True)
REMAINS = Scope(
    persons=("a" * 32,), categories=frozenset({Category.WORDS}), since=NOON - timedelta(days=7), until=NOON - timedelta(days=1)
)
DEMAND = Demand(
    demand_id="0123456789abcdef" * 2,
    kind=DemandKind.WARRANT,
    authority=Authority(name="District Court & <Sons>\x00", kind=AuthorityKind.COURT, jurisdiction="de"),
    document_sha256="ab" * 32,
    scope=ASKED,
    received_at=NOON,
    issued_at=NOON - timedelta(days=3),
)
CASE = Case(demand=DEMAND, state=State.NARROWED, scope=REMAINS)
FACTS = Facts(
    sender="Villa",
    written_at=NOON + timedelta(days=1),
    grounds=("It names no dates.", "It asks for {people} whom it does not name."),
    proposal=REMAINS,
    asked=Reach(counts={Category.WORDS: 41, Category.SOUND: 40}, seconds=90.0),
    remaining=Reach(counts={Category.WORDS: 7}),
)


def opened(kind: LetterKind, case: Case = CASE, facts: Facts = FACTS) -> str:
    """The text of a letter as its file has it, its table too."""
    document = Document(io.BytesIO(letter_docx(compose(kind, case, facts=facts), written_at=facts.written_at)))
    rows = [" | ".join(cell.text for cell in row.cells) for table in document.tables for row in table.rows]
    assert document.core_properties.author == "Villa"
    return "\n".join([*(one.text for one in document.paragraphs), *rows])


@pytest.mark.parametrize("kind", [LetterKind.OBJECTION, LetterKind.REFUSAL, LetterKind.NARROWED])
def test_a_letter_to_the_authority_says_the_facts_of_the_case(kind: LetterKind) -> None:
    text = opened(kind)
    for fact in (
        "Villa",
        "3 March 2026",
        "District Court & <Sons>",
        "2 March 2026",
        "27 February 2026",
        "ab" * 32,
        "0123456789ab",
    ):
        assert fact in text
    assert all(ground in text for ground in FACTS.grounds)
    assert "others who are not named, without a beginning" in text
    assert "a" * 32 not in text, "the id of a person"


def test_a_narrowed_answer_has_both_scopes_and_their_difference() -> None:
    text = opened(LetterKind.NARROWED)
    assert "in no wider one: what was heard and answered, of one person, from 23 February 2026, 12:00 UTC" in text
    assert "what was heard and answered | 41 | 7" in text
    assert "recordings of sound | 40 | 0" in text
    assert "recordings" in opened(LetterKind.OBJECTION)
    assert " | " not in opened(LetterKind.OBJECTION)


def test_a_proposal_that_there_is_none_of_is_left_out() -> None:
    assert "as our rules propose" in opened(LetterKind.OBJECTION)
    assert "as our rules propose" not in opened(LetterKind.OBJECTION, facts=replace(FACTS, proposal=None))


def test_a_notice_tells_the_person_what_is_demanded_and_until_when_they_may_object() -> None:
    case = replace(CASE, state=State.NOTIFIED, object_until=NOON + timedelta(days=14))
    text = opened(LetterKind.NOTICE, case, replace(FACTS, recipient="Anna"))
    assert "To: Anna" in text
    assert "16 March 2026, 12:00 UTC" in text
    assert "a warrant of District Court & <Sons> (de)" in text


@pytest.mark.parametrize(
    ("kind", "case", "facts"),
    [
        (LetterKind.NOTICE, replace(CASE, told_from=NOON + timedelta(days=9), object_until=NOON), FACTS),
        (LetterKind.NOTICE, CASE, FACTS),
        (LetterKind.NARROWED, replace(CASE, scope=ASKED), FACTS),
        (LetterKind.REFUSAL, CASE, replace(FACTS, grounds=())),
    ],
    ids=["gag", "no delay", "not narrowed", "no grounds"],
)
def test_what_would_be_untrue_or_is_forbidden_is_not_written(kind: LetterKind, case: Case, facts: Facts) -> None:
    with pytest.raises(DemandError):
        compose(kind, case, facts=facts)


def test_a_scope_in_words_says_what_it_lacks() -> None:
    assert scope_words(Scope()) == "nothing that is named, of nobody who is named, without a beginning or an end"
    assert scope_words(replace(REMAINS, is_all_data=True, unknown_persons=2)).startswith(
        "all data, of 3 people, from 23 February"
    )
