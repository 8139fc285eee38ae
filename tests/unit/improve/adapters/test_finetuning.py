"""Training a recogniser further: the real libraries on a tiny random Whisper, where they are installed (earwitness[finetune])."""

import gc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from earwitness.config import models_folder
from earwitness.domain.audio import RATE_HZ, Pcm
from earwitness.domain.errors import EngineError, ImproveError, ModelError
from earwitness.improve.adapters.finetuning import FILES, FineTuningAdapter, Plan, is_installed, labels, padded, spectrogram
from earwitness.improve.adapting import Example
from earwitness.speech.models import ModelStore
from earwitness.speech.stt.cascade import CascadeRecogniser
from earwitness.speech.stt.whisper import WhisperRecogniser
from tests.unit.improve.adapters.home import Ears, NoSentences, chain

WORDS = ("turn", "on", "off", "the", "light", "lamp")
SPECIAL = ("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>", "[UNK]")
NEEDS = "torch, transformers and peft are not installed (earwitness[finetune]): training is not tried here"


def tokenizer() -> Tokenizer:
    made = Tokenizer(models.WordLevel({word: at for at, word in enumerate((*WORDS, *SPECIAL))}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.add_special_tokens(list(SPECIAL))
    return made


def sound(seconds: float = 1.0, pitch_hz: float = 300.0) -> Pcm:
    wave = np.sin(2 * np.pi * pitch_hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ) * 9000
    return Pcm(data=wave.astype("<i2").tobytes())


def test_the_decoder_is_taught_words_between_its_marks_and_an_end() -> None:
    ids = {name: at for at, name in enumerate((*WORDS, *SPECIAL))}
    wanted = ["<|en|>", "<|transcribe|>", "<|notimestamps|>", "turn", "on", "the", "lamp", "<|endoftext|>"]
    assert labels("turn on the lamp", tokenizer()) == [ids[name] for name in wanted]
    with pytest.raises(ModelError):
        labels("turn on", Tokenizer(models.WordLevel({"turn": 0}, unk_token="turn")))


def test_sounds_and_rows_have_one_length() -> None:
    assert spectrogram(sound(0.5), frames=100).shape == (80, 100)
    assert spectrogram(sound(3.0), frames=100).shape == (80, 100)
    assert padded([[1, 2, 3], [4]]).tolist() == [[1, 2, 3], [4, -100, -100]]


def test_without_the_libraries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("earwitness.improve.adapters.finetuning.LIBRARIES", ("no_such_library",))
    with pytest.raises(ImproveError, match="finetune"):
        FineTuningAdapter(tmp_path).learn([], base=chain(), sound=lambda _: None, progress=lambda *_: None, seed=1)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        FineTuningAdapter(tmp_path).put_in(chain(), {"other": b""})


def checkpoint(folder: Path) -> Path:
    """A Whisper of two small layers with random weights, as transformers writes it."""
    import torch
    import transformers

    torch.manual_seed(3)
    vocabulary = len(WORDS) + len(SPECIAL)
    config = transformers.WhisperConfig(
        vocab_size=vocabulary + 10,
        d_model=16,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_source_positions=50,
        max_target_positions=32,
        pad_token_id=len(WORDS),
        bos_token_id=len(WORDS),
        eos_token_id=len(WORDS),
        decoder_start_token_id=len(WORDS) + 1,
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    transformers.WhisperForConditionalGeneration(config).save_pretrained(folder)
    tokenizer().save(str(folder / "tokenizer.json"))
    transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json")).save_pretrained(folder)
    return folder


@pytest.mark.skipif(not is_installed(), reason=NEEDS)
def test_a_tiny_model_learns_and_runs_in_the_runtime_format(tmp_path: Path) -> None:
    import ctranslate2
    import torch

    torch.set_num_threads(1)
    pitches = {"turn on the light": 300.0, "turn off the lamp": 1500.0}
    examples = [
        Example(recording_id=f"{text} {at}", speaker_key=f"{at}", transcript=text, heard="", audio_seconds=1.0)
        for at in range(10)
        for text in pitches
    ]
    adapter = FineTuningAdapter(checkpoint(tmp_path / "whisper"), Plan(epochs=3, batch=10, rate=0.02))

    def learn() -> object:
        return adapter.learn(
            examples,
            base=chain(),
            sound=lambda key: sound(pitch_hz=pitches[key.rsplit(" ", 1)[0]]),
            progress=lambda done, whole: None,
            seed=5,
        )

    learned, again = learn(), learn()
    assert learned == again, "the same examples and seed give the same bytes"
    files, facts = learned.files, learned.facts  # type: ignore[attr-defined]
    assert files.keys() == FILES
    assert facts["loss_last"] < facts["loss_first"]
    made = tmp_path / "made"
    made.mkdir()
    for name, data in files.items():
        (made / name).write_bytes(data)
    runs = ctranslate2.models.Whisper(str(made), device="cpu")
    heard = ctranslate2.StorageView.from_array(spectrogram(sound(), frames=100)[None])
    found = runs.generate(heard, [[len(WORDS) + 1, len(WORDS) + 2, len(WORDS) + 3, len(WORDS) + 4]], max_length=12)
    assert all(0 <= token < runs_vocabulary() for token in found[0].sequences_ids[0])


def runs_vocabulary() -> int:
    return len(WORDS) + len(SPECIAL) + 10


def test_the_files_of_a_recogniser_go_from_the_disk_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = ModelStore(models_folder())
    careful = WhisperRecogniser(store, 1)
    here = replace(chain(), recogniser=CascadeRecogniser(Ears(()), careful, NoSentences()))
    there = store.folder("whisper-base")
    files = {name: (there / name).read_bytes() if (there / name).exists() else b"[]" for name in FILES}
    better = FineTuningAdapter(tmp_path).put_in(here, files)
    assert isinstance(better.recogniser, CascadeRecogniser)
    assert len(list(tmp_path.iterdir())) == 1
    del better
    gc.collect()
    assert not list(tmp_path.iterdir()), "as once it is retired"
    with pytest.raises(EngineError):
        FineTuningAdapter(tmp_path).put_in(here, dict.fromkeys(FILES, b"nothing"))
    assert not list(tmp_path.iterdir())
