"""The commands as a user types them, with real models; bad input ends in one line with a stable code, never a traceback."""

from __future__ import annotations

import array
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner, Result

from earwitness.cli import main
from earwitness.config import MODELS_VARIABLE, models_folder

pytestmark = pytest.mark.models
SECOND = 16_000


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=True)


def asked(*arguments: str | Path) -> dict[str, object]:
    result = call("ask", *arguments, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


def sine(seconds: float, *, amplitude: float = 0.5, rate_hz: int = SECOND) -> array.array[int]:
    count = round(seconds * rate_hz)
    return array.array("h", [round(32767 * amplitude * math.sin(index * 0.17)) for index in range(count)])


def wav(path: Path, samples: array.array[int], *, rate_hz: int = SECOND) -> Path:
    soundfile.write(path, memoryview(samples), rate_hz, subtype="PCM_16")
    return path


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A command spoken by the default voice."""
    path = tmp_path_factory.mktemp("spoken") / "command.wav"
    result = call("say", "Turn on the kitchen light.", "--out", path)
    assert result.exit_code == 0, result.output
    return path


def test_a_typed_command_is_done() -> None:
    turn = asked("--text", "turn on the kitchen light")
    assert (turn["intent"], turn["outcome"]) == ("HassTurnOn", "done")
    assert set(turn) >= {"transcript", "intent", "slots", "outcome", "reply", "timings_ms"}


def test_a_spoken_command_is_done_and_its_reply_saved(spoken: Path, tmp_path: Path) -> None:
    reply = tmp_path / "reply.wav"
    turn = asked(spoken, "--save", reply)
    assert (turn["intent"], turn["outcome"]) == ("HassTurnOn", "done"), turn
    assert soundfile.info(reply).duration > 0.5


@pytest.mark.parametrize(("rate_hz", "kind"), [(8_000, "wav"), (44_100, "flac"), (48_000, "ogg")])
def test_any_rate_channels_and_format_is_heard(spoken: Path, tmp_path: Path, rate_hz: int, kind: str) -> None:
    import soxr

    samples, rate = soundfile.read(spoken, dtype="float32")
    resampled = soxr.resample(samples, rate, rate_hz)
    path = tmp_path / f"command.{kind}"
    soundfile.write(path, resampled.repeat(2).reshape(-1, 2), rate_hz)
    assert asked(path)["outcome"] == "done"


def test_a_home_file_is_used(tmp_path: Path) -> None:
    home = tmp_path / "home.yaml"
    home.write_text("areas: [Attic]\ndevices:\n  - {name: Reading Lamp, type: light, area: Attic}\n", encoding="utf-8")
    turn = asked("--text", "turn on the reading lamp", "--home", home)
    assert (turn["outcome"], turn["slots"]) == ("done", {"name": "Reading Lamp"})


def test_silence_is_not_heard(tmp_path: Path) -> None:
    turn = asked(wav(tmp_path / "silence.wav", array.array("h", bytes(4 * SECOND))))
    assert (turn["outcome"], turn["reply"]) == ("not_heard", "I did not hear anything.")


def test_a_clipped_tone_ends_normally(tmp_path: Path) -> None:
    clipped = array.array("h", [32767 if sample > 0 else -32768 for sample in sine(3.0)])
    assert asked(wav(tmp_path / "clipped.wav", clipped))["outcome"] in ("not_heard", "not_understood")


def _truncated(folder: Path) -> Path:
    path = wav(folder / "t.wav", sine(2.0))
    path.write_bytes(path.read_bytes()[:20_000])
    return path


def _hostile(folder: Path) -> Path:
    path = wav(folder / "h.wav", sine(1.0))
    data = bytearray(path.read_bytes())
    data[22:24], data[24:28] = b"\xff\xff", b"\xff\xff\xff\x7f"
    path.write_bytes(data)
    return path


def _file(folder: Path, data: bytes) -> Path:
    path = folder / "f.wav"
    path.write_bytes(data)
    return path


def _three_hours(folder: Path) -> Path:
    path = folder / "long.flac"
    with soundfile.SoundFile(path, "w", 16_000, 1, subtype="PCM_16") as sound:
        minute = memoryview(array.array("h", bytes(120 * SECOND)))
        for _ in range(180):
            sound.write(minute)
    return path


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda folder: _file(folder, b""), "audio.empty"),
        (lambda folder: _file(folder, b"this is not sound at all, just a letter" * 50), "audio.unreadable"),
        (_truncated, "audio.truncated"),
        (_hostile, "audio.unreadable"),
        (_three_hours, "audio.too_long"),
        (lambda folder: folder, "audio.unreadable"),
        (lambda folder: folder / "none.wav", "audio.unreadable"),
    ],
    ids=["empty", "letter", "truncated", "hostile header", "three hours", "folder", "missing"],
)
def test_bad_files_end_in_one_line(make: object, code: str, tmp_path: Path) -> None:
    assert callable(make)
    result = call("ask", make(tmp_path))
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith(f"earwitness: {code}: "), result.output
    assert result.stderr.count("\n") == 1
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--text", "turn on " * 12_500), "text.too_long"),
        (("--text", "hello", "--voice", "nobody"), "voice.unknown"),
        (("--text", "hello", "--home", "/nowhere/home.yaml"), "home.invalid"),
    ],
)
def test_bad_arguments_end_in_one_line(arguments: tuple[str, ...], code: str) -> None:
    result = call("ask", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"earwitness: {code}: "), result.output


def test_an_empty_text_ends_normally() -> None:
    assert asked("--text", "   ")["outcome"] == "not_heard"


def _models_copy(folder: Path) -> Path:
    """The model folder with every file linked, so that one may be spoilt."""
    copy = folder / "models"
    for path in models_folder().rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(models_folder())
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path)
    return copy


@pytest.mark.parametrize(("spoil", "code"), [("alter", "model.wrong_digest"), ("remove", "model.missing")])
def test_a_wrong_or_missing_model_is_named(
    spoil: str, code: str, spoken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = _models_copy(tmp_path)
    victim = models / "whisper-base" / "model.bin"
    data = victim.read_bytes()
    victim.unlink()
    if spoil == "alter":
        victim.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    monkeypatch.setenv(MODELS_VARIABLE, str(models))
    result = call("ask", spoken, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"]["code"] == code
    assert call("doctor").exit_code == 1


def test_a_full_disk_leaves_no_half_file(spoken: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    result = call("ask", spoken, "--save", "/dev/full")
    assert result.exit_code == 2
    assert "storage." in result.stderr


def test_every_voice_is_listed() -> None:
    found = json.loads(call("voices", "--json").stdout)
    installed = [voice for voice in found if voice["installed"]]
    assert len(installed) >= 6
    assert len({voice["engine"] for voice in installed}) >= 2


def test_the_real_command_prints_json_and_nothing_else(spoken: Path) -> None:
    command = [sys.executable, "-m", "earwitness", "ask", str(spoken), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["intent"] == "HassTurnOn"


def test_doctor_finds_the_models_ready() -> None:
    result = call("doctor", "--json")
    assert result.exit_code == 0, result.output
    json.loads(result.stdout)


def test_the_demo_shows_the_whole_chain() -> None:
    result = call("demo")
    assert result.exit_code == 0, result.output
    for word in ("cue", "transcript", "intent", "reply", "done"):
        assert word in result.output
