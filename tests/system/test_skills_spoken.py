"""Every skill once by real speech: two voices say a sentence of it, the whole chain hears, understands and does it."""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from earwitness.build import House
from earwitness.config import HomeSettings, Settings
from earwitness.domain.audio import RATE_HZ, SAMPLE_BYTES, Pcm
from earwitness.domain.turn import Turn
from earwitness.speech.audio_file import read_audio, wav_header
from earwitness.understand.sentences import own_manifests
from tests.system.skill_trials import SPOKEN, Spoken, Trial, furnished

pytestmark = pytest.mark.models
VOICES = ("heart", "fenrir")
"""A woman of the small engine and a man of the large one, which takes most of the time: he is the quickest speaker of it."""
RIGHT_OVERALL = 0.85
SKILLS = [manifest.name for manifest in own_manifests()]
PAUSE = bytes(RATE_HZ // 4 * SAMPLE_BYTES)


@dataclass
class Spoke:
    """Each sentence in each voice, tried when it is first asked for."""

    trial: Trial
    tried: dict[tuple[str, str], str] = field(default_factory=dict)
    """What went wrong, by sentence and voice; empty for nothing."""
    seconds: float = 0.0

    async def misses(self, skill: str) -> dict[str, list[str]]:
        """What went wrong with the sentences of a skill, by voice."""
        return {voice: [await self._miss(one, voice) for one in SPOKEN if one.skill == skill] for voice in VOICES}

    async def _miss(self, spoken: Spoken, voice: str) -> str:
        key = (spoken.sentence, voice)
        if key not in self.tried:
            began = time.monotonic()
            sound = _sound(self.trial.house, spoken.sentence, voice=voice)
            await spoken.prepare(self.trial)
            turn = await (self.trial.ask_in_hallway if spoken.is_in_hallway else self.trial.ask)(sound)
            is_right = turn.intent is not None and await spoken.is_done(self.trial, turn)
            self.tried[key] = "" if is_right else _told(turn)
            self.seconds += time.monotonic() - began
        return self.tried[key]


def _sound(house: House, text: str, *, voice: str) -> Pcm:
    """`text`, at 16 kHz, with a quarter of a second of silence before and after it."""
    parts = list(house.voices.stream(text, voice=voice, speed=1.0))
    data = b"".join(part.data for part in parts)
    recorded = read_audio(io.BytesIO(wav_header(len(data), rate_hz=parts[0].rate_hz) + data), longest_seconds=30.0)
    return Pcm(data=PAUSE + recorded.data + PAUSE)


def _told(turn: Turn) -> str:
    return f"heard {turn.transcript!r}, {turn.intent.name if turn.intent else None}, {turn.outcome.value}: {turn.reply}"


@pytest.fixture(scope="module")
def spoke(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spoke]:
    file = tmp_path_factory.mktemp("home") / "home.yaml"
    file.write_text(furnished(), encoding="utf-8")
    with House(Settings(home=HomeSettings(file=file)), is_passing=True) as house:
        trial = Trial(house)
        house.assistant.warm()
        yield Spoke(trial)


@pytest.mark.parametrize("skill", SKILLS)
async def test_a_skill_does_what_is_said_to_it(spoke: Spoke, skill: str) -> None:
    assert any(one.skill == skill for one in SPOKEN), f"say in tests/system/skill_trials.py how to try {skill}"
    misses = await spoke.misses(skill)
    assert any(not any(missed) for missed in misses.values()), misses


async def test_nearly_all_of_it_is_right_in_either_voice(spoke: Spoke, capsys: pytest.CaptureFixture[str]) -> None:
    for skill in SKILLS:
        await spoke.misses(skill)
    missed = [f"{voice}: {sentence!r} {what}" for (sentence, voice), what in spoke.tried.items() if what]
    right = 1.0 - len(missed) / len(spoke.tried)
    with capsys.disabled():
        print(f"\n{len(spoke.tried)} spoken, {right:.0%} right, {spoke.seconds:.0f} s", *missed, sep="\n  ")
    assert {sentence for sentence, _ in spoke.tried} == {one.sentence for one in SPOKEN}, "a sentence of no skill"
    assert right >= RIGHT_OVERALL, missed
