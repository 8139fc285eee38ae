"""The wire format: what is written can be read, and whatever is malformed raises WireError and nothing else."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.alert import AwayReport, RungAway
from earwitness.domain.errors import WireError
from earwitness.protocol import session_messages as wire

HOSTILE: tuple[tuple[str, str], ...] = (
    ("", "wire.malformed"),
    ("null", "wire.malformed"),
    ("[]", "wire.malformed"),
    ("{}", "wire.malformed"),
    ('"press"', "wire.malformed"),
    ('{"type":"rung","alarms":{}}', "wire.malformed"),
    ('{"type":"rung","alarms":[3]}', "wire.malformed"),
    ('{"type":"rung","alarms":[{"id":"a","what":"late","in_seconds":0}]}', "wire.malformed"),
    ('{"type":"rung","alarms":[{"id":"a","what":"stopped","in_seconds":0,"more":1}]}', "wire.malformed"),
    ('{"type":"rung","alarms":[' + ",".join(['{"id":"a","what":"stopped","in_seconds":0}'] * 65) + "]}", "wire.malformed"),
    ('{"type":null}', "wire.malformed"),
    ('{"type":""}', "wire.malformed"),
    ('{"type":["press"]}', "wire.malformed"),
    ('{"type":"open_the_door"}', "wire.malformed"),
    ('{"type":"press","extra":1}', "wire.malformed"),
    ('{"type":"press","type":"stop"}', "wire.malformed"),
    ('{"type":"press"', "wire.malformed"),
    ('{"type":"press"}{"type":"press"}', "wire.malformed"),
    ('{"type":"hello","version":1}', "wire.malformed"),
    ('{"type":"hello","version":2,"hands_free":false}', "wire.wrong_version"),
    ('{"type":"hello","version":true,"hands_free":false}', "wire.malformed"),
    ('{"type":"hello","version":1.0,"hands_free":false}', "wire.malformed"),
    ('{"type":"hello","version":1,"hands_free":0}', "wire.malformed"),
    ('{"type":"hello","version":1,"hands_free":false,"voice":""}', "wire.malformed"),
    ('{"type":"mute","on":"yes"}', "wire.malformed"),
    ('{"type":"ask","text":""}', "wire.malformed"),
    ('{"type":"ask","text":"  \\n "}', "wire.malformed"),
    ('{"type":"ask","text":"\\ud800"}', "wire.malformed"),
    ('{"type":"ask","text":7}', "wire.malformed"),
    ('{"type":"cue_done","cue":"begin"}', "wire.malformed"),
    ('{"type":"playback","id":-1,"state":"started"}', "wire.malformed"),
    ('{"type":"playback","id":4294967296,"state":"started"}', "wire.malformed"),
    ('{"type":"playback","id":1,"state":"paused"}', "wire.malformed"),
    ('{"type":"voice","name":"heart","speed":NaN}', "wire.malformed"),
    ('{"type":"voice","name":"heart","speed":1e999}', "wire.malformed"),
    ('{"type":"voice","name":"heart","speed":0.49}', "wire.malformed"),
    ('{"type":"voice","name":"heart","speed":true}', "wire.malformed"),
    ('{"type":"wake","word":"okay nabu","loudness_dbfs":1,"score":1,"age_ms":0}', "wire.malformed"),
    ('{"type":"wake","word":"okay nabu","loudness_dbfs":-20,"score":1.1,"age_ms":0}', "wire.malformed"),
    ('{"type":"wake","word":"okay nabu","loudness_dbfs":-20,"score":1,"age_ms":5001}', "wire.malformed"),
    ('{"type":"wake","word":"okay nabu","loudness_dbfs":-20,"score":1}', "wire.malformed"),
    ('{"type":"music","id":4294967295,"state":"playing","played_ms":0,"waiting_ms":0,"volume":50}', "wire.malformed"),
    ('{"type":"music","id":2147483648,"state":"loud","played_ms":0,"waiting_ms":0,"volume":50}', "wire.malformed"),
    ('{"type":"music","id":2147483648,"state":"playing","played_ms":-1,"waiting_ms":0,"volume":50}', "wire.malformed"),
    ('{"type":"music","id":2147483648,"state":"playing","played_ms":86400001,"waiting_ms":0,"volume":50}', "wire.malformed"),
    ('{"type":"music","id":2147483648,"state":"playing","played_ms":0,"waiting_ms":60001,"volume":50}', "wire.malformed"),
    ('{"type":"music","id":2147483648,"state":"playing","played_ms":0,"waiting_ms":0,"volume":101}', "wire.malformed"),
    ('{"type":"ask","text":' + "[" * 5000, "wire.malformed"),
    ('{"type":"playback","id":' + "9" * 10_000 + ',"state":"started"}', "wire.malformed"),
    ('{"type":"ask","text":"' + "a" * 2001 + '"}', "wire.malformed"),
    ('{"type":"ask","text":"' + "a" * 100_000 + '"}', "wire.too_large"),
    ('{"type":"ask","text":"' + "\u20ac" * 6000 + '"}', "wire.too_large"),
)

GOOD: tuple[tuple[dict[str, Any], wire.ClientMessage], ...] = (
    ({"type": "hello", "version": 1, "hands_free": False}, wire.Hello(version=1, is_hands_free=False)),
    (
        {"type": "hello", "version": 1, "hands_free": True, "muted": True, "voice": "heart", "speed": 2},
        wire.Hello(version=1, is_hands_free=True, is_muted=True, voice="heart", speed=2.0),
    ),
    ({"type": "press"}, wire.Press()),
    ({"type": "release"}, wire.Release()),
    ({"type": "stop"}, wire.Stop()),
    ({"type": "mute", "on": True}, wire.Mute(is_on=True)),
    ({"type": "ask", "text": 'turn on "the [{lamp"'}, wire.Ask(text='turn on "the [{lamp"')),
    ({"type": "cue_done", "cue": "start"}, wire.CueDone(cue="start")),
    ({"type": "playback", "id": 2**32 - 1, "state": "finished"}, wire.Playback(speech_id=2**32 - 1, state="finished")),
    (
        {"type": "wake", "word": "okay nabu", "loudness_dbfs": -120, "score": 0.5, "age_ms": 5000},
        wire.Wake(word="okay nabu", loudness_dbfs=-120.0, score=0.5, age_ms=5000),
    ),
    (
        {"type": "rung", "alarms": [{"id": "a@1", "what": "snoozed", "in_seconds": 540}]},
        wire.Rung(reports=(AwayReport(ring_id="a@1", what=RungAway.SNOOZED, in_seconds=540.0),)),
    ),
    ({"type": "voice", "name": "heart", "speed": 0.5}, wire.ChooseVoice(name="heart", speed=0.5)),
    (
        {"type": "music", "id": 2**31, "state": "playing", "played_ms": 250, "waiting_ms": 4750, "volume": 50},
        wire.MusicReport(track_id=2**31, state="playing", played_ms=250, waiting_ms=4750, volume=50),
    ),
)


@pytest.mark.parametrize(("text", "code"), HOSTILE, ids=lambda value: value[:40])
def test_hostile_text_is_an_error_with_a_code(text: str, code: str) -> None:
    with pytest.raises(WireError) as caught:
        wire.decode(text)
    assert caught.value.code == code
    assert "\n" not in caught.value.sentence


@pytest.mark.parametrize(("sent", "expected"), GOOD, ids=lambda value: str(value)[:40])
def test_each_client_message_is_read(sent: dict[str, Any], expected: wire.ClientMessage) -> None:
    assert wire.decode(json.dumps(sent)) == expected


@pytest.mark.parametrize(("sent", "expected"), GOOD, ids=lambda value: str(value)[:40])
def test_each_field_is_needed_and_no_other_is_taken(sent: dict[str, Any], expected: wire.ClientMessage) -> None:
    optional = {"muted", "voice", "speed"} if sent["type"] == "hello" else set()
    for name in set(sent) - optional:
        with pytest.raises(WireError):
            wire.decode(json.dumps({key: value for key, value in sent.items() if key != name}))
    with pytest.raises(WireError):
        wire.decode(json.dumps({**sent, "other": 1}))


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(WireError):
        assert isinstance(wire.decode(text), wire.ClientMessage)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
types = st.sampled_from(["hello", "press", "release", "stop", "mute", "ask", "cue_done", "playback", "voice", "welcome"])
names = st.sampled_from(["version", "hands_free", "muted", "voice", "speed", "on", "text", "cue", "id", "state", "name", "x"])


@given(types, st.dictionaries(names, json_values, max_size=5))
def test_any_fields_are_read_or_refused(kind: str, fields: dict[str, object]) -> None:
    with contextlib.suppress(WireError):
        assert isinstance(wire.decode(json.dumps({**fields, "type": kind})), wire.ClientMessage)


@given(st.text(min_size=1, max_size=2000).filter(str.strip))
def test_a_typed_request_arrives_unchanged(text: str) -> None:
    sent = json.dumps({"type": "ask", "text": text}, ensure_ascii=False)
    if len(sent.encode("utf-8")) <= wire.MAX_TEXT_BYTES:
        assert wire.decode(sent) == wire.Ask(text=text)


@given(st.binary(max_size=4000))
def test_a_chunk_is_taken_only_in_its_bounds(data: bytes) -> None:
    if 640 <= len(data) <= 2560 and len(data) % 2 == 0:
        assert wire.decode_chunk(data) == data
    else:
        with pytest.raises(WireError):
            wire.decode_chunk(data)


@given(
    st.integers(min_value=0, max_value=2**32 - 1), st.binary(min_size=2, max_size=2000).filter(lambda data: len(data) % 2 == 0)
)
def test_speech_frames_round_trip(speech_id: int, samples: bytes) -> None:
    assert wire.decode_speech(wire.encode_speech(speech_id, samples)) == (speech_id, samples)


@given(st.binary(max_size=64))
def test_any_speech_frame_is_read_or_refused(frame: bytes) -> None:
    try:
        speech_id, samples = wire.decode_speech(frame)
    except WireError:
        return
    assert wire.encode_speech(speech_id, samples) == frame


@pytest.mark.parametrize(("speech_id", "samples"), [(-1, b"ab"), (2**32, b"ab"), (1, b""), (1, b"abc"), (1, bytes(32770))])
def test_a_speech_frame_out_of_bounds_is_not_written(speech_id: int, samples: bytes) -> None:
    with pytest.raises(WireError):
        wire.encode_speech(speech_id, samples)


def test_a_server_message_is_written_only_with_its_own_fields() -> None:
    assert json.loads(wire.encode({"type": "capture", "open": True})) == {"type": "capture", "open": True}
    wrong: list[dict[str, object]] = [
        {"type": "capture"},
        {"type": "capture", "open": 1, "x": 1},
        {"type": "none"},
        {},
        {"type": []},
    ]
    for message in wrong:
        with pytest.raises(WireError):
            wire.encode(message)
    with pytest.raises(WireError):
        wire.encode({"type": "partial", "text": object()})
    with pytest.raises(WireError):
        wire.encode({"type": "partial", "text": float("nan")})
