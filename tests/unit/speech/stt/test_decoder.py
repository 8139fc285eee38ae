"""How likely texts are: our run of Whisper's decoder beside CTranslate2's own, and what both are read from."""

import struct
from pathlib import Path

import ctranslate2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.domain.errors import EngineError
from earwitness.speech.audio_file import read_audio
from earwitness.speech.models import ModelStore
from earwitness.speech.stt.byte_pairs import BytePairs
from earwitness.speech.stt.weights import read_weights
from earwitness.speech.stt.whisper import WhisperRecogniser

PIECES = {
    piece: number for number, piece in enumerate([*"\u0120etfh", "th", "\u0120th", "the", "\u0120the", "\u0120e", "lonely"])
}


def written_model(variables: dict[str, np.ndarray]) -> bytes:
    def string(text: str) -> bytes:
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    data = struct.pack("<I", 6) + string("Spec") + struct.pack("<II", 3, len(variables))
    for name, array in variables.items():
        data += string(name) + struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        data += struct.pack("<BI", {"f": 0, "e": 4}[array.dtype.char], array.nbytes) + array.tobytes()
    return data


def test_weights_are_read_by_their_part(tmp_path: Path) -> None:
    wanted = np.arange(6, dtype="<f2").reshape(2, 3)
    (tmp_path / "model.bin").write_bytes(written_model({"encoder/a": np.ones(2, dtype="<f4"), "decoder/b": wanted}))
    found = read_weights(tmp_path / "model.bin", part="decoder")
    assert list(found) == ["b"]
    assert (found["b"] == wanted).all()


@pytest.mark.parametrize("kept", [0, 3, 20, 40, -1])
def test_a_file_that_ends_too_early_is_an_error(tmp_path: Path, kept: int) -> None:
    whole = written_model({"decoder/b": np.arange(6, dtype="<f4")})
    (tmp_path / "model.bin").write_bytes(whole[:kept])
    with pytest.raises(EngineError):
        read_weights(tmp_path / "model.bin", part="decoder")


def test_pieces_with_low_numbers_are_joined_first() -> None:
    pairs = BytePairs(PIECES, words_below=100)
    assert pairs.encode(" the") == [PIECES["\u0120the"]]
    assert pairs.encode("the") == [PIECES["the"]]
    assert pairs.encode(" ef") == [PIECES["\u0120e"], PIECES["f"]]
    assert pairs.encode("ef") == [PIECES["e"], PIECES["f"]]
    assert BytePairs(PIECES, words_below=7).encode(" the") == [PIECES["\u0120th"], PIECES["e"]]


@pytest.fixture(scope="module")
def whisper(store: ModelStore) -> WhisperRecogniser:
    return WhisperRecogniser(store, 1)


@pytest.mark.models
@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20))
def test_tokens_spell_the_text(whisper: WhisperRecogniser, text: str) -> None:
    assert whisper._tokenizer.decode(whisper._pairs.encode(f" {text}")).strip() == text.strip()


@pytest.mark.models
@pytest.mark.data
def test_a_text_is_as_likely_as_ctranslate2_finds_it(whisper: WhisperRecogniser, data_folder: Path) -> None:
    pcm = read_audio(data_folder / "audio/commands/lock_the_front_door.flac", longest_seconds=20)
    heard = whisper._hear(np.frombuffer(pcm.data, dtype="<i2") * np.float32(1 / 32768))
    found = whisper._model.generate(heard.encoded, [[50258, 50259, 50359]], beam_size=1, return_logits_vocab=True)[0]
    said = [token for token in found.sequences_ids[0] if token < 50257][:4]
    sums = 0.0
    for token, row in zip(found.sequences_ids[0], found.logits[0], strict=False):
        if token in said:
            logits = np.array(row, dtype=np.float64).ravel()
            sums += float(logits[token] - logits.max() - np.log(np.exp(logits - logits.max()).sum()))
    sound = whisper._decoder.listen(np.array(heard.encoded, dtype=np.float32)[0])
    (ours,) = whisper._decoder.score(sound, [50258, 50259, 50359, found.sequences_ids[0][0]], [said])
    assert ours == pytest.approx(sums, abs=0.4)  # int8 there, float32 here, and the end counts here
    assert isinstance(heard.encoded, ctranslate2.StorageView)


@pytest.mark.models
@pytest.mark.data
def test_texts_weighed_together_are_as_likely_as_alone(whisper: WhisperRecogniser, data_folder: Path) -> None:
    pcm = read_audio(data_folder / "audio/commands/lock_the_front_door.flac", longest_seconds=20)
    texts = ["Lock the front door", "Lock the front doors", "Unlock the front door", "Look at the friend door", "Aquarium"]
    _, together = whisper.weigh(pcm, lambda first, begin: texts)
    alone = [whisper.weigh(pcm, lambda first, begin, text=text: [text])[1][1] for text in texts]  # type: ignore[misc]
    assert [each.log_probability for each in together[1:]] == pytest.approx([each.log_probability for each in alone], abs=0.02)
    ranked = sorted(together[1:], key=lambda each: -each.log_probability)
    assert ranked[0].text == "Lock the front door"
    assert ranked[0].log_probability > ranked[1].log_probability + 2.0
    assert all(each.log_probability <= 0.0 for each in together)


@pytest.mark.models
def test_nothing_is_weighed_for_silence(whisper: WhisperRecogniser) -> None:
    from earwitness.domain.audio import Pcm

    heard, weighed = whisper.weigh(Pcm(data=bytes(32_000)), lambda first, begin: ["Next"])
    assert (heard.text, weighed) == ("", ())
