"""The ear lets nothing pass before it is opened, and keeps a bounded pre-roll."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from earwitness.satellite.ear import WakeEar

SECOND = 32_000


@dataclass
class ByteDetector:
    """Hears the wake word in a chunk that begins with a certain byte."""

    resets: int = 0

    def detect(self, chunk: bytes) -> str | None:
        return "okay nabu" if chunk[:1] == b"W" else None

    def reset(self) -> None:
        self.resets += 1


def test_nothing_passes_while_closed_and_the_preroll_is_bounded() -> None:
    ear = WakeEar(ByteDetector(), before_seconds=0.5)
    for _ in range(100):
        assert ear.hear(b"a" * 1024) == (None, b"")
    assert 0.5 * SECOND <= len(ear.open()) < 0.5 * SECOND + 1024


def test_what_is_said_over_the_cue_is_kept_from_the_wake_word_on() -> None:
    ear = WakeEar(ByteDetector(), before_seconds=0.1)
    ear.hear(b"a" * 1024)
    word, passed = ear.hear(b"W" * 1024)
    assert (word, passed) == ("okay nabu", b"")
    for _ in range(20):
        ear.hear(b"c" * 1024)
    preroll = ear.open()
    assert preroll.endswith(b"c" * 1024 * 20)
    assert b"W" in preroll
    assert ear.hear(b"d" * 1024) == (None, b"d" * 1024)


def test_closing_forgets_and_starts_anew() -> None:
    detector = ByteDetector()
    ear = WakeEar(detector, before_seconds=0.5)
    ear.open()
    ear.hear(b"secret!!" * 128)
    ear.close()
    assert detector.resets == 1
    assert ear.hear(b"a" * 1024) == (None, b"")
    assert b"secret" not in ear.open()


@given(st.lists(st.tuples(st.sampled_from(["hear", "wake", "open", "close"]), st.integers(1, 2000)), max_size=80))
def test_in_every_order_nothing_passes_while_closed(steps: list[tuple[str, int]]) -> None:
    ear, is_open = WakeEar(ByteDetector(), before_seconds=0.2, longest_seconds=0.5), False
    for step, size in steps:
        match step:
            case "hear" | "wake":
                chunk = (b"W" if step == "wake" else b"a") * 2 * size
                _, passed = ear.hear(chunk)
                assert passed == (chunk if is_open else b"")
            case "open":
                assert len(ear.open()) <= 0.7 * SECOND + 4000
                is_open = True
            case "close":
                ear.close()
                is_open = False
