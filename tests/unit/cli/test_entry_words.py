"""Entries in plain sentences; whoever wrote them cannot steer the terminal."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.cli.entry_words import say_entry, say_receipt
from earwitness.domain.recording import Actor, Medium, Read, ReadPurpose, ReadResult, Role
from earwitness.vault.listens import entry_of_closing, entry_of_opening

AT = datetime(2026, 3, 1, 12, 5, 9, tzinfo=UTC)
AT_TEXT = "2026-03-01T12:05:09+00:00"


def read(
    *, role: Role = Role.REVIEWER, result: ReadResult = ReadResult.OPEN, turn_id: str | None = "t1", recordings: int = 1
) -> Read:
    return Read(
        read_id="r1",
        person_id="anna",
        turn_id=turn_id,
        actor=Actor(actor_id="a", alias="calm-otter-1234", role=role),
        purpose=ReadPurpose.REVIEW,
        medium=Medium.AUDIO,
        recordings=recordings,
        opened_at=AT,
        opened_position=0,
        result=result,
        closed_at=AT,
        seconds=1.5,
    )


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            entry_of_opening(read()),
            "on 2026-03-01 at 12:05:09 UTC calm-otter-1234, a reviewer, opened the recording t1 (audio) for review",
        ),
        (
            entry_of_opening(read(role=Role.SELF, turn_id=None, recordings=7)),
            "on 2026-03-01 at 12:05:09 UTC the person who spoke opened 7 recordings (audio) for review",
        ),
        (
            entry_of_opening(read(result=ReadResult.REFUSED)),
            "on 2026-03-01 at 12:05:09 UTC calm-otter-1234, a reviewer, was refused the recording t1 (audio) for review",
        ),
        (
            entry_of_closing(read(result=ReadResult.SERVED)),
            "on 2026-03-01 at 12:05:09 UTC the read r1 ended (served): 1.5 s of sound went out",
        ),
        (
            {"kind": "improve.promoted", "number": 2, "share_thousandths": 200, "by": "calm-otter-1234"},
            "calm-otter-1234 promoted version 2 of what was learned",
        ),
        (
            {"kind": "improve.taken_back", "number": 2, "by": "earwitness", "why": "Too often\x1b[31m wrong."},
            'earwitness took back version 2 of what was learned: "Too often\\u001b[31m wrong."',
        ),
        (
            {"kind": "improve.retired", "number": 2},
            "version 2 was destroyed: somebody deleted or withdrew what it learned from",
        ),
        (
            {"kind": "kept", "recording": "t1", "audio": False, "day": "2026-03-01"},
            "on 2026-03-01 the turn t1 was kept as text alone",
        ),
        (
            {"kind": "consent", "purpose": "review", "given": False, "objection": True, "text_version": 2, "at": AT_TEXT},
            "on 2026-03-01 at 12:05:09 UTC somebody withdrew consent to review by people, and objected (version 2 of the text)",
        ),
        (
            {"kind": "erased", "scope": "history", "recordings": 1, "receipt": "ab", "at": AT_TEXT},
            "on 2026-03-01 at 12:05:09 UTC 1 recording was deleted (a whole history); the receipt's digest is ab",
        ),
        ({"kind": "draw", "seed": "ab", "v": 1}, "an entry of the kind draw with seed ab"),
        ({}, "an entry of the kind null with nothing more"),
    ],
)
def test_an_entry_is_a_sentence(entry: dict[str, Any], said: str) -> None:
    assert say_entry(entry) == said


def test_a_receipt_is_a_sentence() -> None:
    statement = {"at": AT_TEXT, "recordings": 3, "milliseconds": 12_300, "keys_destroyed": 1, "by": "you"}
    assert (
        say_receipt(statement)
        == "3 recordings (12.3 s of sound) were deleted on 2026-03-01 at 12:05:09 UTC by you, 1 key destroyed"
    )


KINDS = ["consent", "kept", "read.opened", "read.refused", "read.closed", "erased", "restored", "other"]
NAMES = [
    "at",
    "audio",
    "by",
    "day",
    "given",
    "keys_destroyed",
    "medium",
    "milliseconds",
    "objection",
    "purpose",
    "read",
    "receipt",
]
NAMES += ["recording", "recordings", "result", "role", "scope", "text_version"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES) | st.text(), VALUES))
def test_whatever_an_entry_says_is_one_printable_line(kind: str, facts: dict[str, Any]) -> None:
    assert say_entry({"kind": kind, **facts}).isprintable()
    assert say_receipt(facts).isprintable()


def test_a_kind_that_is_no_text_is_shown() -> None:
    assert say_entry({"kind": ["\x1b[2J"]}) == 'an entry of the kind ["\\u001b[2J"] with nothing more'
