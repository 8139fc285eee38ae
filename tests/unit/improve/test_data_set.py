"""What is in a manifest, on which side, and that it names itself. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.review import Annotation, Label, Settled
from earwitness.improve.data_set import FEWEST_SPEAKERS, Candidate, Manifest, Side, Split, made_set, manifest_of
from earwitness.improve.judgement import LeftOut, counting, digest

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def candidates(*counts: int) -> list[Candidate]:
    """So many utterances of each person."""
    return [
        Candidate(
            recording_id=f"{who:02}{at:03}",
            person_id=f"person-{who}",
            annotation_sha256="00" * 32,
            keep_decision="keep",
            train_decision="train",
            expires_at=NOW + timedelta(days=7),
            age="adult",
        )
        for who, count in enumerate(counts)
        for at in range(count)
    ]


def made(found: Sequence[Candidate]) -> Manifest:
    speakers = {one.person_id: f"key-{one.person_id}" for one in found}
    return made_set(found, speakers=speakers, left_out={}, made_at=NOW)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=12))
def test_nobody_is_on_both_sides(counts: list[int]) -> None:
    manifest = made(candidates(*counts))
    teach, measure = ({item.speaker for item in manifest.of(side)} for side in Side)
    if len(counts) >= FEWEST_SPEAKERS:
        assert manifest.split is Split.SPEAKERS
        assert not teach & measure
        assert teach
        assert len(measure) >= 2
    else:
        assert manifest.split is Split.RECORDINGS
    ids = [item.recording for item in manifest.items]
    assert len(set(ids)) == len(ids) == sum(counts)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=12))
def test_a_set_survives_its_bytes(counts: list[int]) -> None:
    manifest = made(candidates(*counts))
    again = manifest_of(manifest.as_bytes())
    assert again == manifest
    assert again.set_id == manifest.set_id


def test_a_changed_line_is_another_set() -> None:
    found = candidates(5, 5, 5, 5)
    assert made(found).set_id != made(found[:-1]).set_id


def test_who_measures_stays_when_others_come() -> None:
    before, after = made(candidates(*[10] * 8)), made(candidates(*[10] * 9))
    first = {item.speaker for item in before.of(Side.MEASURES)}
    second = {item.speaker for item in after.of(Side.MEASURES)}
    assert len(first - second) <= 1, "at most the last one moves"


def judgement(by: str, transcript: str = "turn on the lamp", *labels: Label, settled: Settled = Settled.ALONE) -> Annotation:
    return Annotation(
        annotation_id="a",
        by=by,
        made_at=NOW,
        transcript=transcript,
        intent="HassTurnOn",
        labels=frozenset(labels),
        settled=settled,
    )


def test_ones_own_word_counts_before_all_others() -> None:
    own = judgement("self", "turn on the light")
    assert counting([judgement("self", "x"), own, judgement("calm-otter")]) is own


def test_of_reviewers_what_is_settled_counts() -> None:
    alone = judgement("calm-otter")
    assert counting([alone]) is alone
    opened = judgement("wry-heron", "burn on the lamp", settled=Settled.OPEN)
    assert counting([opened]) is LeftOut.DISPUTED, "a second is asked, and has not judged"
    decided = judgement("lead-1", settled=Settled.ADJUDICATED)
    assert counting([opened, decided, alone]) is decided
    assert counting([alone, judgement("wry-heron", "burn on the lamp")]) is LeftOut.DISPUTED


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        (judgement("self", "turn it on", Label.UNCLEAR), LeftOut.UNUSABLE),
        (judgement("self", "call it", Label.DISTURBING), LeftOut.UNUSABLE),
        (judgement("self", "  "), LeftOut.EMPTY),
        (judgement("calm-otter", "call ▇▇▇"), LeftOut.BLANKED),
    ],
)
def test_what_teaches_nothing_is_left_out(annotation: Annotation, why: LeftOut) -> None:
    assert counting([annotation]) is why


def test_a_false_wake_needs_no_words() -> None:
    wake = judgement("self", "", Label.FALSE_WAKE)
    assert counting([wake]) is wake
    assert len(digest(wake)) == 64
