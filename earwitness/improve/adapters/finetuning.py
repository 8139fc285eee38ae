"""Fine-tuning of a Whisper model by LoRA, for operators with an accelerator: trained with transformers and peft, converted to
what CTranslate2 runs.

Owns the training loop and the conversion. It is on no shelf: an operator makes it with the checkpoint that the pinned model was
converted from (`FineTuningAdapter(checkpoint)`), and installs the libraries (`pip install earwitness[finetune]`, several
gigabytes, not in the lock). Everything is read from files on this machine; nothing is downloaded.

Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021).
"""

import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from tokenizers import Tokenizer

from earwitness.domain.audio import Pcm
from earwitness.domain.errors import ImproveError, ModelError
from earwitness.improve.adapting import Chain, Example, Learned, Metric, Progress, Sound
from earwitness.speech.stt.cascade import CascadeRecogniser
from earwitness.speech.stt.log_mel import HOP_SAMPLES, log_mel
from earwitness.speech.stt.whisper import WhisperRecogniser

LIBRARIES: Final = ("torch", "transformers", "peft")
FILES: Final = frozenset({"model.bin", "config.json", "vocabulary.json", "tokenizer.json"})
FEWEST_EXAMPLES: Final = 20
_START, _LANGUAGE, _TASK, _NO_TIMES, _END = (
    *("<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"),
    "<|endoftext|>",
)
_LEFT_OUT: Final = -100
"""What torch's cross entropy passes over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How it is trained: rank of the matrices that are learned beside the attention's, passes, examples at once, step size."""

    rank: int = 8
    epochs: int = 3
    batch: int = 8
    rate: float = 1e-3


def is_installed() -> bool:
    """Whether the libraries are there."""
    return all(find_spec(name) is not None for name in LIBRARIES)


class FineTuningAdapter:
    """Learns a whole recogniser."""

    name = "finetuning"
    metrics = frozenset({Metric.WORD_ERRORS, Metric.SLOT_ERRORS, Metric.INTENT_ERRORS, Metric.COMMAND_ERRORS, Metric.LATENCY})

    def __init__(self, checkpoint: Path, plan: Plan | None = None) -> None:
        """`checkpoint` is a folder as transformers writes it, with tokenizer.json."""
        self._checkpoint = checkpoint
        self._plan = plan or Plan()

    def learn(self, examples: Sequence[Example], *, base: Chain, sound: Sound, progress: Progress, seed: int) -> Learned | None:
        """Train, merge, convert; minutes on an accelerator, hours without one. Raises ImproveError without the libraries."""
        del base
        if not is_installed():
            raise ImproveError("Fine-tuning needs torch, transformers and peft: install earwitness[finetune].")
        taught = [one for one in examples if one.transcript and one.audio_seconds and one.language == "en"]
        pairs = [(pcm, one.transcript) for one in taught if (pcm := sound(one.recording_id)) is not None]
        if len(pairs) < FEWEST_EXAMPLES:
            return None
        model, losses = self._trained(pairs, progress=progress, seed=seed)
        files = self._converted(model)
        facts = {"sentences": len(pairs), "loss_first": round(losses[0], 4), "loss_last": round(losses[-1], 4)}
        return Learned(files=files, facts=facts)

    def put_in(self, chain: Chain, files: Mapping[str, bytes]) -> Chain:
        """The chain whose careful recogniser is this one. Its files lie in a folder of this account's own, which goes with it.

        Raises ModelError, EngineError.
        """
        if files.keys() != FILES:
            raise ModelError("These are not the files of a recogniser that was trained further.")
        careful = chain.recogniser.careful if isinstance(chain.recogniser, CascadeRecogniser) else None
        if not isinstance(careful, WhisperRecogniser) or not isinstance(chain.recogniser, CascadeRecogniser):
            return chain
        folder = Path(tempfile.mkdtemp(prefix="earwitness-recogniser-"))
        try:
            for name, data in files.items():
                (folder / name).write_bytes(data)
            learned = careful.of_folder(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        weakref.finalize(learned, shutil.rmtree, folder, ignore_errors=True)
        return replace(chain, recogniser=chain.recogniser.listening_with(learned))

    def _trained(self, pairs: Sequence[tuple[Pcm, str]], *, progress: Progress, seed: int) -> tuple[Any, list[float]]:
        """The merged model and the mean loss of each pass."""
        os.environ["HF_HUB_OFFLINE"] = "1"
        import peft
        import torch
        import transformers

        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True, warn_only=True)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        whole = transformers.WhisperForConditionalGeneration.from_pretrained(self._checkpoint, local_files_only=True)
        config = peft.LoraConfig(
            r=self._plan.rank, lora_alpha=2 * self._plan.rank, lora_dropout=0.0, target_modules=["q_proj", "v_proj"]
        )
        model = peft.get_peft_model(whole, config).to(device).train()
        tokens = Tokenizer.from_file(str(self._checkpoint / "tokenizer.json"))
        frames = 2 * whole.config.max_source_positions
        sounds = [spectrogram(pcm, frames=frames) for pcm, _ in pairs]
        texts = [labels(text, tokens) for _, text in pairs]
        steps = torch.optim.AdamW((one for one in model.parameters() if one.requires_grad), lr=self._plan.rate)
        luck, losses, done = np.random.default_rng(seed), list[float](), 0
        for _ in range(self._plan.epochs):
            order, lost = luck.permutation(len(pairs)), list[float]()
            for start in range(0, len(order), self._plan.batch):
                chosen = order[start : start + self._plan.batch]
                given = torch.from_numpy(np.stack([sounds[at] for at in chosen])).to(device)
                wanted = torch.from_numpy(padded([texts[at] for at in chosen])).to(device)
                loss = model(input_features=given, labels=wanted).loss
                steps.zero_grad()
                loss.backward()
                steps.step()
                lost.append(float(loss.detach()))
                done += len(chosen)
                progress(done, len(pairs) * self._plan.epochs)
            losses.append(sum(lost) / len(lost))
        return model.merge_and_unload().eval().to("cpu"), losses

    def _converted(self, model: Any) -> dict[str, bytes]:
        """As CTranslate2 runs it, in eight bits."""
        from ctranslate2.converters import TransformersConverter

        with tempfile.TemporaryDirectory() as place:
            merged, made = Path(place) / "merged", Path(place) / "made"
            model.save_pretrained(merged)
            for file in self._checkpoint.iterdir():
                if file.is_file() and not (merged / file.name).exists() and file.suffix in (".json", ".txt"):
                    (merged / file.name).write_bytes(file.read_bytes())
            TransformersConverter(str(merged), copy_files=["tokenizer.json"]).convert(str(made), quantization="int8")
            return {name: (made / name).read_bytes() for name in sorted(FILES)}


def spectrogram(pcm: Pcm, *, frames: int) -> Any:
    """float32 [80, frames]: what the model hears, silence after it up to its full length."""
    samples = np.frombuffer(pcm.data, dtype="<i2").astype(np.float32) / 32768.0
    whole = np.zeros(frames * HOP_SAMPLES, dtype=np.float32)
    kept = samples[: len(whole)]
    whole[: len(kept)] = kept
    return log_mel(whole)


def labels(text: str, tokens: Tokenizer) -> list[int]:
    """The tokens that the decoder has to say. Raises ModelError for a tokenizer that is not Whisper's."""
    names = (_START, _LANGUAGE, _TASK, _NO_TIMES, _END)
    special: list[int] = [number for name in names if (number := tokens.token_to_id(name)) is not None]
    if len(special) < len(names):
        raise ModelError("This checkpoint's tokenizer.json is not Whisper's.")
    said: list[int] = tokens.encode(f" {text}", add_special_tokens=False).ids
    return [*special[1:-1], *said, special[-1]]


def padded(rows: Sequence[Sequence[int]]) -> Any:
    """int64 [rows, longest], what is missing left out of the loss."""
    whole = np.full((len(rows), max(len(row) for row in rows)), _LEFT_OUT, dtype=np.int64)
    for at, row in enumerate(rows):
        whole[at, : len(row)] = row
    return whole
