"""What every text-to-speech engine must do, on the real models, and what the catalogue promises over all of them."""

import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import ModelError
from earwitness.improve.metrics import word_error_share
from earwitness.speech.models import ModelStore
from earwitness.speech.pinned import PINNED
from earwitness.speech.stt.whisper import WhisperRecogniser
from earwitness.speech.voices import PAUSE_SECONDS, VoiceCatalogue

pytestmark = pytest.mark.models

VOICES = ("heart", "bella", "michael", "emma", "george")
"""One voice of hibari; of Kokoro a woman and a man of either accent."""
REPLY = "I have turned on the light in the living room."
REPLIES = (
    REPLY,
    "The temperature in the bedroom is now twenty one degrees.",
    "Your timer for five minutes has been set.",
    "There are two lights on in the kitchen right now.",
    "I am sorry, I did not understand what you said.",
    "It is a quarter past seven.",
    "The front door is locked.",
    "I added milk and bread to your shopping list.",
    "The blinds in the office are closed, and the thermostat is set to nineteen degrees.",
)
ODD_TEXTS = (
    "\N{PARTY POPPER} Done \N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}!",
    "1,234,567.89 + 50% of \N{POUND SIGN}3.50 = \N{DEGREE SIGN}?",
    "a" * 300,
    "9" * 100,
    "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft.",
    "\u65e5\u672c\u8a9e \u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u05e2\u05d1\u05e8\u05d9\u05ea",
    "caf\u00e9 nai\u0308ve Zu\u0308rich \u200d\u202e\ufeff",
    "[x](/y/) {}<>|\\ ''\"\" -- __ ## @@ && ...",
    "\x00\x07\ud800 hello",
    "http://example.com/a?b=c&d=%20 user@example.com #tag C:\\temp 192.168.1.1 10:30 3/4 -5",
    "I'd've y'all'd 'tis rock'n'roll e.g. i.e. a.m. p.m. Ph.D. U.S.A.",
    "MCMXCIV vs. XIV, 1st 2nd 3rd, 5km 20mph 1e10 0x1F 3.14.15",
)


@pytest.fixture(scope="module")
def catalogue(store: ModelStore) -> VoiceCatalogue:
    return VoiceCatalogue(store)


@pytest.fixture(scope="module")
def replies(catalogue: VoiceCatalogue) -> dict[str, Pcm]:
    """The same reply in every voice."""
    return {name: _say(catalogue, REPLY, voice=_installed(name, catalogue)) for name in VOICES}


@pytest.fixture(params=VOICES)
def voice(request: pytest.FixtureRequest, catalogue: VoiceCatalogue) -> str:
    return _installed(str(request.param), catalogue)


def _installed(name: str, catalogue: VoiceCatalogue) -> str:
    if not next(voice for voice in catalogue.voices() if voice.name == name).is_installed:
        pytest.skip(f"the voice {name} is not installed: `earwitness doctor` says what to do")
    return name


def _say(catalogue: VoiceCatalogue, text: str, *, voice: str, speed: float = 1.0) -> Pcm:
    pieces = list(catalogue.stream(text, voice=voice, speed=speed))
    return Pcm(data=b"".join(piece.data for piece in pieces), rate_hz=pieces[0].rate_hz)


def _wave(pcm: Pcm) -> NDArray[np.float64]:
    wave: NDArray[np.float64] = np.frombuffer(pcm.data, "<i2").astype(np.float64) / 32_768
    return wave


def _spectrum(pcm: Pcm) -> NDArray[np.float64]:
    """The long-term spectrum in decibels, below 8 kHz, free of loudness."""
    wave = _wave(pcm)
    frames = wave[: len(wave) // 512 * 512].reshape(-1, 512) * np.hanning(512)
    power: NDArray[np.float64] = 10 * np.log10(np.mean(np.abs(np.fft.rfft(frames, axis=1)) ** 2, axis=0)[2:170] + 1e-9)
    power -= power.mean()
    return power


def _pitch_hz(pcm: Pcm) -> float:
    """The median of the loud frames' strongest autocorrelation between 60 and 350 Hz."""
    wave, length = _wave(pcm), pcm.rate_hz // 20
    frames = wave[: len(wave) // length * length].reshape(-1, length)
    loud = frames[np.std(frames, axis=1) > 0.5 * np.std(wave)]
    lags = np.arange(pcm.rate_hz // 350, pcm.rate_hz // 60)
    best = [lags[np.argmax([frame[:-lag] @ frame[lag:] / (length - lag) for lag in lags])] for frame in loud]
    return pcm.rate_hz / float(np.median(best))


def test_speech_sounds_at_once_is_loud_enough_and_never_clips(catalogue: VoiceCatalogue, voice: str) -> None:
    pcm = _say(catalogue, REPLY, voice=voice)
    wave = _wave(pcm)
    assert pcm.rate_hz == 24_000
    assert 1.5 < pcm.seconds < 5.0
    assert 0.1 < np.abs(wave).max() < 0.98
    assert np.sqrt(np.mean(wave**2)) > 0.02
    assert np.abs(wave[: pcm.rate_hz // 10]).max() > 0.01, "a listener waits for no silence in front"


def test_the_first_sentence_comes_before_the_second_is_made(catalogue: VoiceCatalogue, voice: str) -> None:
    alone = list(catalogue.stream("The lamp is on.", voice=voice))
    both = list(catalogue.stream("The lamp is on. The door is shut.", voice=voice))
    first = both[0]
    assert len(alone) == 1
    assert len(both) == 2
    assert first.data.startswith(alone[0].data)
    assert first.seconds - alone[0].seconds == pytest.approx(PAUSE_SECONDS, abs=0.01)


def test_the_same_text_twice_is_the_same_sound(catalogue: VoiceCatalogue, voice: str) -> None:
    assert _say(catalogue, "The lamp is on.", voice=voice) == _say(catalogue, "The lamp is on.", voice=voice)


def test_speed_changes_the_length(catalogue: VoiceCatalogue, voice: str) -> None:
    slow, own, fast = (_say(catalogue, "The lamp is on.", voice=voice, speed=speed).seconds for speed in (0.5, 1.0, 2.0))
    assert slow > 1.3 * own > 1.3 * 1.3 * fast


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_text_is_spoken_or_passed_over(catalogue: VoiceCatalogue, text: str) -> None:
    for name in ("heart", "bella"):
        pieces = list(catalogue.stream(text, voice=_installed(name, catalogue), speed=2.0))
        assert all(piece.sample_count > 0 for piece in pieces)
        assert sum(piece.seconds for piece in pieces) < 240


def test_calls_from_several_threads_do_not_mix(catalogue: VoiceCatalogue, voice: str) -> None:
    texts = ("The lamp is on.", "It is seven.", "Good night.")
    expected = [_say(catalogue, text, voice=voice) for text in texts]
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(lambda text: _say(catalogue, text, voice=voice), texts)) == expected


def test_every_voice_is_a_speaker_of_its_own(replies: dict[str, Pcm]) -> None:
    spectra = {name: _spectrum(pcm) for name, pcm in replies.items()}
    names = sorted(spectra)
    apart = [float(np.sqrt(np.mean((spectra[a] - spectra[b]) ** 2))) for a in names for b in names if a < b]
    assert min(apart) > 2.0, "mean difference in decibels between the long-term spectra of two voices"


def test_men_speak_lower_than_women(replies: dict[str, Pcm]) -> None:
    pitch = {name: _pitch_hz(pcm) for name, pcm in replies.items()}
    assert max(pitch["michael"], pitch["george"]) < min(pitch["heart"], pitch["bella"], pitch["emma"])


def test_six_voices_of_two_engines_are_there(catalogue: VoiceCatalogue) -> None:
    _installed("bella", catalogue)
    there = [voice for voice in catalogue.voices() if voice.is_installed]
    assert len(there) >= 6
    assert len({voice.engine for voice in there}) >= 2


@pytest.fixture(scope="module")
def listener(store: ModelStore) -> WhisperRecogniser:
    return WhisperRecogniser(store, 1)


def test_replies_are_understood_by_a_recogniser(catalogue: VoiceCatalogue, voice: str, listener: WhisperRecogniser) -> None:
    errors = words = 0.0
    for reply in REPLIES if voice == "heart" else REPLIES[::2]:
        pcm = _say(catalogue, reply, voice=voice)
        wave = soxr.resample(np.frombuffer(pcm.data, "<i2"), pcm.rate_hz, RATE_HZ)
        share = word_error_share(reply, listener.transcribe(Pcm(data=wave.astype("<i2").tobytes())).text)
        errors, words = errors + share.part, words + share.whole
    assert errors / words <= 0.15


@pytest.mark.parametrize(("name", "file"), [("heart", "hibari/heart.onnx"), ("bella", "kokoro/model.onnx")])
def test_a_model_with_another_digest_is_not_used(store: ModelStore, tmp_path: Path, name: str, file: str) -> None:
    pinned = next(entry for entry in PINNED if entry.name == file)
    other = ModelStore(tmp_path, files=(replace(pinned, sha256="0" * 64),))
    if file == "kokoro/model.onnx":
        (tmp_path / "kokoro").mkdir()
        (tmp_path / file).write_bytes(b"other bytes")
    with pytest.raises(ModelError) as caught:
        next(VoiceCatalogue(other).stream("Hello.", voice=name))
    assert caught.value.code == "model.wrong_digest"


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="earwitness models fetch") as caught:
        next(VoiceCatalogue(ModelStore(tmp_path)).stream("Hello.", voice="bella"))
    assert caught.value.code == "model.missing"


def test_no_engine_reaches_for_the_network(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an engine asked for a download")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    fresh = VoiceCatalogue(store)
    for name in ("heart", "bella"):
        fresh.warm(_installed(name, fresh))
