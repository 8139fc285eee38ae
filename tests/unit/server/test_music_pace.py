"""How far ahead music is sent: bounds that hold whatever a device claims."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.server.music_pace import FASTEST, LEAD_SECONDS, ON_ITS_WAY_SECONDS, MusicPace

TRACK = 7
PIECE = 0.2


def sent_until_full(pace: MusicPace, now: float) -> float:
    """Send pieces as long as there is room; gives the seconds that were sent."""
    sent = 0.0
    while pace.room(now=now) > PIECE:
        pace.send(PIECE)
        sent += PIECE
    return sent


def test_a_device_that_says_nothing_gets_a_second_and_no_more() -> None:
    pace = MusicPace(now=0.0)
    pace.begin(TRACK)
    assert sent_until_full(pace, 0.0) <= ON_ITS_WAY_SECONDS
    assert sent_until_full(pace, 60.0) == 0.0


def test_a_device_that_reports_has_five_seconds_of_lead_and_then_as_much_as_it_plays() -> None:
    pace = MusicPace(now=0.0)
    pace.begin(TRACK)
    now = played = sent = 0.0
    while now < 60.0:
        sent += sent_until_full(pace, now)
        now += 0.25
        played = min(sent, now)
        pace.report(TRACK, played_seconds=played, waiting_seconds=sent - played)
    assert LEAD_SECONDS - 0.5 <= sent - played <= LEAD_SECONDS


def test_what_waits_counts_over_several_tracks() -> None:
    pace = MusicPace(now=0.0)
    pace.begin(1)
    pace.send(0.4)
    pace.begin(2)
    pace.send(0.4)
    pace.report(1, played_seconds=0.4, waiting_seconds=0.4)
    assert pace.room(now=1.0) == pytest.approx(ON_ITS_WAY_SECONDS)
    pace.report(99, played_seconds=1e6, waiting_seconds=1e6)
    assert pace.room(now=1.0) == pytest.approx(ON_ITS_WAY_SECONDS), "nobody sent that track"


Claims = st.lists(
    st.tuples(st.floats(0, 3), st.floats(0, 1e5), st.floats(0, 60), st.sampled_from([TRACK, 8])), min_size=1, max_size=40
)


@given(Claims)
def test_whatever_is_claimed_no_device_pulls_faster_than_the_clock_allows(
    claims: list[tuple[float, float, float, int]],
) -> None:
    pace = MusicPace(now=0.0)
    pace.begin(TRACK)
    now = 0.0
    for seconds, played, waiting, track_id in claims:
        now += seconds
        pace.report(track_id, played_seconds=played, waiting_seconds=waiting)
        sent_until_full(pace, now)
        assert pace.sent_seconds <= LEAD_SECONDS + FASTEST * now
        assert 0.0 <= pace.room(now=now) <= LEAD_SECONDS
