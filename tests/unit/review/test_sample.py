"""Drawing by lot: what can be drawn, how much of it, and that everybody finds the same."""

import hashlib
import hmac
import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.review import DrawTerms, Excluded, KeptThen, Lot, StandsNow
from earwitness.ledger.tree import leaf_hash, root_of
from earwitness.review import sample

SEED = bytes(range(32))
USUAL = DrawTerms()
TRUTHS = (False, True)


def lots(count: int, *, speakers: int = 1000, doubtful: float = 0.1, room: int = 1000, seed: int = 7) -> list[Lot]:
    chance = random.Random(seed)
    return [
        Lot(
            recording=chance.randbytes(16).hex(),
            speaker=f"{chance.randrange(speakers):016x}",
            room=room,
            is_doubtful=chance.random() < doubtful,
        )
        for _ in range(count)
    ]


def test_only_what_was_woken_consented_to_and_no_childs_or_guests_can_be_drawn() -> None:
    able = 0
    for woken, child, guest, had in product(TRUTHS, repeat=4):
        then = KeptThen(is_woken=woken, is_child=child, is_guest=guest, had_consent=had)
        for child_now, guest_now, has, restricted, gone in product(TRUTHS, repeat=5):
            now = StandsNow(is_child=child_now, is_guest=guest_now, has_consent=has, is_restricted=restricted, is_gone=gone)
            may = woken and had and has and not (child or guest or child_now or guest_now or restricted or gone)
            assert (sample.why_not(then, now) is None) is may
            able += may
    assert able == 1


def test_a_number_is_the_hmac_of_the_recordings_id() -> None:
    recording = "0123456789abcdef" * 2
    expected = hmac.new(SEED, bytes.fromhex(recording), hashlib.sha256).hexdigest()[:16]
    assert sample.number(SEED, recording) == int(expected, 16)


def test_the_same_seed_draws_the_same_whatever_the_order_of_the_list() -> None:
    made = lots(20_000)
    first = sample.draw(SEED, made, terms=USUAL)
    random.Random(3).shuffle(made)
    assert sample.draw(SEED, made, terms=USUAL) == first
    assert sample.draw(bytes(32), made, terms=USUAL).drawn != first.drawn


@pytest.mark.parametrize("doubtful", [0.0, 0.1, 1.0])
def test_about_two_in_a_thousand_are_drawn_and_never_more(doubtful: float) -> None:
    made = lots(50_000, doubtful=doubtful)
    found = sample.draw(SEED, made, terms=USUAL)
    assert found.most == 100
    assert 50 <= len(found.drawn) <= 100, "five standard deviations below, and never above"


def test_what_was_hard_to_understand_takes_half_of_the_places_within_the_same_rate() -> None:
    made = lots(50_000, doubtful=0.1)
    found = sample.draw(SEED, made, terms=USUAL)
    hard = {lot.recording for lot in made if lot.is_doubtful}
    share = sum(one in hard for one in found.drawn) / len(found.drawn)
    assert 0.35 <= share <= 0.75, "half of the places, and a tenth of the other half"
    assert len(found.drawn) <= 100


@given(
    count=st.integers(0, 5_000),
    share=st.floats(0, 1),
    rate=st.integers(0, 2_000),
    favour=st.integers(0, 1_000),
)
def test_thresholds_never_promise_more_than_the_rate(count: int, share: float, rate: int, favour: int) -> None:
    doubtful = int(count * share)
    terms = DrawTerms(rate_millionths=rate, doubtful_thousandths=favour)
    plain, hard = sample.thresholds(count, doubtful, terms=terms)
    assert 0 <= plain <= hard <= sample.SPACE
    expected = (count - doubtful) * plain + doubtful * hard
    assert expected * 1_000_000 <= count * rate * sample.SPACE
    assert hard * 1_000_000 <= sample.MOST_FAVOURED * rate * sample.SPACE


@given(
    seed=st.binary(min_size=32, max_size=32), count=st.integers(0, 400), room=st.integers(0, 3), rate=st.integers(0, 1_000_000)
)
def test_nobody_is_drawn_more_often_than_there_is_room(seed: bytes, count: int, room: int, rate: int) -> None:
    made = lots(count, speakers=7, room=room)
    terms = DrawTerms(rate_millionths=rate)
    found = sample.draw(seed, made, terms=terms)
    whose = {lot.recording: lot.speaker for lot in made}
    taken = [whose[one] for one in found.drawn]
    assert all(taken.count(speaker) <= room for speaker in set(taken))
    assert len(taken) <= -(-count * rate // 1_000_000)
    assert len(set(found.drawn)) == len(found.drawn)


def test_what_is_excluded_is_never_drawn_and_does_not_count() -> None:
    made = lots(50, doubtful=0)
    shut = [
        Lot(recording=lot.recording, speaker=lot.speaker, room=5, is_doubtful=False, excluded=Excluded.CHILD)
        for lot in lots(5_000, seed=9)
    ]
    everything = DrawTerms(rate_millionths=1_000_000)
    found = sample.draw(SEED, [*shut, *made], terms=everything)
    assert set(found.drawn) == {lot.recording for lot in made}
    assert found.most == 50


@given(
    st.builds(
        Lot,
        recording=st.binary(min_size=16, max_size=16).map(bytes.hex),
        speaker=st.binary(min_size=8, max_size=8).map(bytes.hex),
        room=st.integers(0, 1000),
        is_doubtful=st.booleans(),
        excluded=st.none() | st.sampled_from(Excluded),
    )
)
def test_a_line_of_the_list_is_the_lot_again(lot: Lot) -> None:
    assert sample.parse_leaf(sample.leaf(lot).decode()) == lot


@pytest.mark.parametrize("line", ["", "a b c d e", f"{'0' * 32} {'0' * 16} 1 plain maybe", f"{'0' * 30} {'0' * 16} 1 plain able"])
def test_a_line_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        sample.parse_leaf(line)


def test_the_root_of_a_list_is_that_of_rfc_6962() -> None:
    made = lots(11)
    ordered = sorted(made, key=lambda lot: lot.recording)
    assert sample.list_root(made) == root_of([leaf_hash(sample.leaf(lot)) for lot in ordered]).hex()
    assert sample.list_root(made[1:]) != sample.list_root(made)
