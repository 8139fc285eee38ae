"""Nothing that is said is kept by default, and nothing is ever told: after a hundred turns neither words nor sound nor who spoke
is in any file, log record or output; and what somebody chose to keep lies open in none of them."""

import asyncio
import json
import logging
import random
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner

from earwitness.build import House
from earwitness.cli import main
from earwitness.config import Settings
from earwitness.demo import sound_of
from earwitness.domain.audio import Pcm
from earwitness.domain.consent import Purpose, Way
from earwitness.domain.recording import Selection
from earwitness.prove.traces import hits, loudest

CANARY = "zanzibar marmalade"
TURNS = 100
NAMES = ("Wilhelmina Quagmire", "Bartholomew Zugzwang")
PASSPHRASE = "only four words of mine"


def traces() -> tuple[str, ...]:
    return (CANARY, "marmalade", "zanzibar")


@pytest.mark.models
def test_no_word_and_no_sound_of_a_turn_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands, each in a process of a person who decided nothing."""
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
    sound = loudest(soundfile.read(spoken, dtype="int16")[0].tobytes())
    files = [path for path in kept.rglob("*") if path.is_file()]
    assert any(path.name == "household.db" for path in files), "the timer must have been kept"
    assert hits(kept, texts=traces(), sounds={"sound": sound}) == []


@pytest.mark.models
def test_after_a_hundred_turns_nothing_is_kept_and_nothing_told(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Fresh settings; by nobody known, by somebody who decided nothing, and by somebody who keeps what they say, sealed."""
    for name in (None, *logging.root.manager.loggerDict):
        caplog.set_level(logging.DEBUG, logger=name)
    with House(Settings()) as house:
        silent, keeping = (house.people.add(name, passphrase=PASSPHRASE) for name in NAMES)
        token = house.people.accounts.sign_in(NAMES[1], passphrase=PASSPHRASE).token
        house.rights.decide(keeping.person_id, Purpose.KEEP, is_given=True, way=Way.TERMINAL)
        spoken = sound_of(house, f"Where is the {CANARY}?").data
        others = random.Random(3).randbytes(2 * 16_000)
        heard = asyncio.run(_talk(house, (None, silent.person_id), spoken=spoken))
        assert "marmalade" in heard.lower(), f"the canary must be heard to prove anything: {heard}"
        assert house.rights.kept(silent.person_id, Selection(is_all=True)).recordings == 0
        assert list(house.vault.blobs.names()) == []
        sounds = {"sound": loudest(spoken), "noise": others[8_000:8_064]}
        assert hits(house.state, texts=traces(), sounds=sounds) == []
        asyncio.run(_talk_once(house, keeping.person_id, spoken=spoken))
        assert house.rights.kept(keeping.person_id, Selection(is_all=True)).recordings == 2
        assert len(list(house.vault.blobs.names())) == 1
        assert house.rights.history(keeping.person_id, limit=5, search="marmalade").recordings
        assert hits(house.state, texts=(*traces(), PASSPHRASE, token), sounds=sounds) == []
    out, err = capfd.readouterr()
    told = (out + err + caplog.text + repr([vars(record) for record in caplog.records])).lower()
    assert caplog.records, "nothing was logged, so nothing is shown"
    for secret in (*traces(), *NAMES, *(name.split()[1] for name in NAMES), PASSPHRASE, token):
        assert secret.lower() not in told, "a log record or the output tells it"


async def _talk(house: House, people: tuple[str | None, ...], *, spoken: bytes) -> str:
    for number in range(TURNS - 1):
        await house.ask(f"where is the {CANARY}", person_id=people[number % len(people)])
    turn, _ = await house.ask(Pcm(data=spoken), person_id=people[-1])
    return turn.transcript


async def _talk_once(house: House, person_id: str, *, spoken: bytes) -> None:
    await house.ask(f"where is the {CANARY}", person_id=person_id)
    await house.ask(Pcm(data=spoken), person_id=person_id)
