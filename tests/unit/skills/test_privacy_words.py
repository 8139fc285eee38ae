"""What is said of recordings: what a legal demand holds back is told with a deletion, its end only where it may be."""

from datetime import UTC, datetime

import pytest

from earwitness.domain.recording import Erasure
from earwitness.skills.privacy_words import held_back


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{}", ""),
        ('{"held": 1}', " One of them is hidden from everybody, and held by a legal demand until it ends."),
        (
            '{"held": 2, "held_until": "2026-05-04T12:00:00+00:00"}',
            " 2 of them are hidden from everybody, and held by a legal demand until 4 May 2026.",
        ),
    ],
)
def test_what_is_held_back_is_told_with_the_deletion(body: str, words: str) -> None:
    erasure = Erasure(
        erasure_id="e",
        kind="turns",
        erased_at=datetime(2026, 3, 2, tzinfo=UTC),
        recordings=1,
        seconds=0.0,
        is_swept=False,
        position=1,
        body=body,
    )
    assert held_back(erasure) == words
