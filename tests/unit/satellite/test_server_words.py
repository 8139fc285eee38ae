"""What a server says is read strictly."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import WireError
from earwitness.protocol.frames import Frame
from earwitness.protocol.session_messages import SERVER_FIELDS
from earwitness.satellite.server_words import read

SOUND = {"id": 1, "rate": 24_000, "width": 2, "channels": 1}
SETTINGS = {"name": "Den", "area": None, "wake_words": ["alexa"], "voice": None, "speed": 1.0}
WRONG: list[Frame] = [
    Frame("sing"),
    Frame("unmute"),
    Frame("mute", {"on": False}),
    Frame("mute_wish", {"on": False}),
    Frame("cue", {"cue": "bang"}),
    Frame("cue", {}),
    Frame("cue", {"cue": "start", "more": 1}),
    Frame("capture", {"open": 1}),
    Frame("capture", {"open": True}, payload=b"ab"),
    Frame("state", {"state": "waking", "muted": False, "capture": False}),
    Frame("speech", {"id": -1, "rate_hz": 24_000, "text": ""}),
    Frame("speech", {"id": True, "rate_hz": 24_000, "text": ""}),
    Frame("speech", {"id": 1, "rate_hz": 96_000, "text": ""}),
    Frame("speech_end", {"id": 2**32}),
    Frame("settings", SETTINGS | {"wake_words": "alexa"}),
    Frame("settings", SETTINGS | {"wake_words": ["a", "b", "c"]}),
    Frame("second_look", {}),
    Frame("second_look", {"verifier": 1}),
    Frame("second_look", {"verifier": ["{}"]}),
    Frame("second_look", {"verifier": "x" * (16 * 1024 + 1)}),
    Frame("alarms", {"alarms": [{"id": "a", "text": "b", "due_in_seconds": -1}]}),
    Frame("alarms", {"alarms": [{"id": "a", "text": "b"}]}),
    Frame("alarms", {"alarms": [{"id": "a", "text": "b", "due_in_seconds": 1}] * 65}),
    Frame("rung_kept", {"ids": ["a"] * 65, "over": []}),
    Frame("rung_kept", {"ids": ["a"], "over": [1]}),
    Frame("intercom", {"state": "shut", "peer": ""}),
    Frame("audio-chunk", SOUND),
    Frame("audio-chunk", SOUND, payload=b"abc"),
    Frame("audio-chunk", SOUND, payload=bytes(2 * 16_385)),
    Frame("audio-chunk", SOUND | {"width": True}, payload=b"ab"),
    Frame("audio-chunk", SOUND | {"channels": 2}, payload=b"ab"),
    Frame("audio-chunk", {"rate": 24_000, "width": 2, "channels": 1}, payload=b"ab"),
    Frame("renewed", {}),
    Frame("cue", {"type": "capture", "cue": "start"}),
]


@pytest.mark.parametrize("frame", WRONG, ids=lambda frame: f"{frame.kind} {frame.fields}"[:60])
def test_what_is_not_of_the_protocol_is_refused(frame: Frame) -> None:
    with pytest.raises(WireError):
        read(frame)


def test_what_is_right_is_read() -> None:
    assert read(Frame("audio-chunk", SOUND, payload=b"ab")).payload == b"ab"
    assert read(Frame("settings", SETTINGS)).fields == SETTINGS
    assert read(Frame("mute_wish")).kind == "mute_wish"
    for verifier in (None, "", "no verifier at all"):  # what it says is read by whoever uses it
        assert read(Frame("second_look", {"verifier": verifier})).fields == {"verifier": verifier}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from(sorted(SERVER_FIELDS)).flatmap(
        lambda kind: st.tuples(st.just(kind), st.fixed_dictionaries(dict.fromkeys(SERVER_FIELDS[kind], JSON)))
    )
)
def test_any_values_are_read_or_refused_and_never_crash(message: tuple[str, dict[str, object]]) -> None:
    kind, fields = message
    with contextlib.suppress(WireError):
        assert read(Frame(kind, fields)).kind == kind
