"""Calls as rules: one call for each satellite, and nobody is left in a call that is over."""

from hypothesis import given
from hypothesis import strategies as st

from earwitness.turn.intercom import Calls

DEVICES = ("den", "kitchen", "attic", "hall")


def test_the_first_to_accept_talks_and_the_others_fall_silent() -> None:
    calls = Calls()
    assert calls.begin("1", caller="den", rings=["kitchen", "attic", "den"]) is not None
    accepted = calls.accept("1", device_id="attic")
    assert accepted is not None
    call, quiet = accepted
    assert quiet == {"kitchen"}
    assert call.is_open
    assert (calls.open_peer("den"), calls.open_peer("attic"), calls.open_peer("kitchen")) == ("attic", "den", None)
    assert calls.accept("1", device_id="kitchen") is None
    assert calls.leave("1", device_id="den") == {"den", "attic"}
    assert calls.of("attic") is None


def test_one_that_declines_leaves_it_ringing_elsewhere() -> None:
    calls = Calls()
    calls.begin("1", caller="den", rings=["kitchen", "attic"])
    assert calls.leave("1", device_id="kitchen") == {"kitchen"}
    assert calls.of("kitchen") is None
    assert calls.leave("1", device_id="attic") == {"den", "attic"}
    assert calls.all() == ()


def test_nobody_is_in_two_calls() -> None:
    calls = Calls()
    calls.begin("1", caller="den", rings=["kitchen"])
    assert calls.begin("2", caller="den", rings=["attic"]) is None
    assert calls.begin("2", caller="attic", rings=["kitchen", "den"]) is None
    assert calls.begin("2", caller="attic", rings=["kitchen", "hall"]) is not None
    assert calls.give_up("2") == {"attic", "hall"}
    assert calls.give_up("2") == frozenset()


@given(
    st.lists(
        st.tuples(st.sampled_from(["begin", "accept", "leave", "give_up"]), st.sampled_from(DEVICES), st.sampled_from("123"))
    )
)
def test_whatever_happens_every_satellite_is_in_one_call_at_most(steps: list[tuple[str, str, str]]) -> None:
    calls = Calls()
    for what, device, call_id in steps:
        match what:
            case "begin" if all(call.call_id != call_id for call in calls.all()):
                calls.begin(call_id, caller=device, rings=[other for other in DEVICES if other > device])
            case "accept":
                calls.accept(call_id, device_id=device)
            case "leave":
                calls.leave(call_id, device_id=device)
            case "give_up":
                calls.give_up(call_id)
        members = [device for call in calls.all() for device in call.members]
        assert len(members) == len(set(members))
        for call in calls.all():
            assert call.ringing or call.is_open
            assert call.caller not in call.ringing
