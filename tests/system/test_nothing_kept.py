"""Nothing that is said is kept: after spoken and typed turns, neither canary nor sound is in any file that was written."""

import array
import json
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner

from earwitness.cli import main

pytestmark = pytest.mark.models
CANARY = "zanzibar marmalade"


def test_no_word_and_no_sound_of_a_turn_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoken, kept = tmp_path / "spoken.wav", tmp_path / "kept"
    kept.mkdir()
    for variable in ("EARWITNESS_STATE", "TMPDIR", "HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(kept))
    runner = CliRunner()
    assert runner.invoke(main, ["say", f"Where is the {CANARY}?", "--out", str(spoken)]).exit_code == 0
    heard = runner.invoke(main, ["ask", str(spoken), "--json"])
    assert heard.exit_code == 0, heard.output
    transcript = json.loads(heard.stdout)["transcript"]
    assert "marmalade" in transcript.lower(), f"the canary must be heard to prove anything: {transcript}"
    assert runner.invoke(main, ["ask", "--text", f"where is the {CANARY}", "--json"]).exit_code == 0
    assert runner.invoke(main, ["ask", "--text", "set a timer for ten minutes"]).exit_code == 0
    samples = soundfile.read(spoken, dtype="int16")[0]
    loudest = max(range(len(samples) - 64), key=lambda index: abs(int(samples[index])))
    sound = array.array("h", samples[loudest : loudest + 64].tolist()).tobytes()
    files = [path for path in kept.rglob("*") if path.is_file()]
    assert files, "the timer must have been kept"
    for path in files:
        data = path.read_bytes()
        assert b"marmalade" not in data.lower(), path
        assert sound not in data, path
