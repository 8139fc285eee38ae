from dataclasses import replace

import numpy as np
import pytest

from earwitness.domain.errors import ModelError
from earwitness.understand.learned import model_file
from earwitness.understand.learned.features import ROWS
from earwitness.understand.learned.frames import frames_of, intent_of
from earwitness.understand.learned.model_file import LearnedModel, from_bytes, own_model, to_bytes
from earwitness.understand.learned.network import ELSEWHERE, NONSENSE, QUESTION, Network
from earwitness.understand.learned.tagger import CELLS, Tagger
from earwitness.understand.sentences import english


def small() -> LearnedModel:
    rows = np.zeros((ROWS, 2), dtype=np.int8)
    rows[7] = (100, -20)
    scales = np.zeros(ROWS, dtype=np.float32)
    scales[7] = 0.5
    out = np.asarray([[1.0, -1.0], [0.5, 2.0]], dtype=np.float32)
    network = Network(
        classes=(QUESTION, NONSENSE),
        rows=rows,
        scales=scales,
        hidden_bias=np.zeros(2, dtype=np.float32),
        out=out,
        bias=np.asarray([0.1, 0.0], dtype=np.float32),
        temperature=1.3,
    )
    tagger = Tagger(weights=np.arange(CELLS, dtype=np.int64).astype(np.int8))
    return LearnedModel(network=network, tagger=tagger, slots={"HassTurnOn": ("name", "area")}, learned_from={"seed": 1})


def test_a_model_comes_back_as_it_was_and_has_the_same_bytes_each_time() -> None:
    model = small()
    data = to_bytes(model)
    assert data == to_bytes(small())
    back = from_bytes(data)
    assert back.network.classes == model.network.classes
    assert back.slots == model.slots
    assert np.array_equal(back.tagger.weights, model.tagger.weights)
    assert np.allclose(back.network.probabilities([7]), model.network.probabilities([7]), atol=1e-3)
    assert to_bytes(back) == data


@pytest.mark.parametrize("cut", [0, 1, 40, 400, -1, -30])
def test_what_is_cut_off_is_no_model(cut: int) -> None:
    with pytest.raises(ModelError):
        from_bytes(to_bytes(small())[:cut])


def test_another_format_is_no_model() -> None:
    with pytest.raises(ModelError):
        from_bytes(to_bytes(small()).replace(b"understanding 1", b"understanding 2"))


def test_a_changed_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("model")
    data = to_bytes(small())
    (folder / model_file.FILE).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    (folder / model_file.DIGEST).write_text(f"{__import__('hashlib').sha256(data).hexdigest()}  model.bin\n")
    monkeypatch.setattr("earwitness.understand.learned.model_file.resources.files", lambda _: folder)
    own_model.cache_clear()
    with pytest.raises(ModelError):
        own_model()
    monkeypatch.undo()
    own_model.cache_clear()


def test_the_committed_model_is_whole_small_and_of_our_intents() -> None:
    model = own_model()
    assert len(to_bytes(model)) < 16_000_000
    assert QUESTION in model.network.classes
    known = {frame.intent for frame in frames_of(english()).values()} | {"AskQuestion"}
    ours = {intent_of(name) for name in model.network.classes if not name.startswith(ELSEWHERE) and name != NONSENSE}
    assert len(ours & known) >= 0.9 * len(ours), "retrain: make train-understanding"
    assert {"sentences", "made", "public_sha256", "seed"} <= model.learned_from.keys()


def test_probabilities_are_of_everything_together() -> None:
    shares = own_model().network.probabilities([1, 2, 3])
    assert shares.sum() == pytest.approx(1.0, abs=1e-4)
    assert (shares >= 0).all()
    warm = replace(own_model().network, temperature=100.0).probabilities([1, 2, 3])
    assert warm.max() < shares.max()
