"""Sound of any form, as one stream or cut anywhere."""

import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import WireError
from earwitness.foreign.sound import Converter, Form, at_rate, read_form


def sine(seconds: float, rate_hz: int) -> np.ndarray:
    return np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate_hz)) / rate_hz) * 0.5


def written(wave: np.ndarray, form: Form) -> bytes:
    many: np.ndarray = np.repeat(wave[:, None], form.channels, axis=1)
    match form.width:
        case 1:
            return bytes(np.rint(many * 127 + 128).astype(np.uint8).tobytes())
        case 2:
            return bytes(np.rint(many * 32767).astype("<i2").tobytes())
        case 3:
            whole = np.rint(many * 8388607).astype("<i4").tobytes()
            return np.frombuffer(whole, dtype=np.uint8).reshape(-1, 4)[:, :3].tobytes()
        case _:
            return bytes(np.rint(many * 2147483647).astype("<i4").tobytes())


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_form_becomes_the_same_sound(rate_hz: int, width: int, channels: int) -> None:
    form = Form(rate_hz=rate_hz, width=width, channels=channels)
    converter, data = Converter(form), written(sine(0.5, rate_hz), form)
    step = 100 * width * channels
    heard = b"".join(converter.convert(data[start : start + step]) for start in range(0, len(data), step)) + converter.finish()
    found = np.frombuffer(heard, dtype="<i2").astype(float)
    expected = sine(0.5, 16_000) * 32768
    assert abs(len(found) - len(expected)) <= 2
    middle = slice(400, 7_600)
    assert np.corrcoef(found[middle], expected[middle])[0, 1] > 0.999


@given(
    data=some.binary(max_size=64),
    form=some.builds(
        Form, rate_hz=some.sampled_from([8000, 16000, 48000]), width=some.integers(1, 4), channels=some.integers(1, 8)
    ),
)
def test_any_bytes_are_converted_or_refused(data: bytes, form: Form) -> None:
    try:
        assert len(Converter(form).convert(data)) % 2 == 0
    except WireError:
        assert len(data) % (form.width * form.channels)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"rate": 16000, "width": 5, "channels": 1},
        {"rate": "16000", "width": 2, "channels": 1},
        {"rate": 1, "width": 2, "channels": 1},
        {"rate": 16000, "width": 2, "channels": 0},
        {"rate": 16000, "width": 2, "channels": True},
    ],
)
def test_impossible_forms_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(WireError):
        read_form(fields)


def test_replies_change_their_rate() -> None:
    pcm = Pcm(data=array.array("h", [1000] * 2400).tobytes(), rate_hz=24_000)
    assert at_rate(pcm, 24_000) is pcm
    assert at_rate(pcm, 16_000).sample_count == 1600
